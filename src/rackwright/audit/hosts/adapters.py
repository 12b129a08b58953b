"""BlueField adapters: firmware, parameters that are live or wait, and RoCE as the switches carry it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.compare import holds
from rackwright.audit.hosts.model import HostCheck, HostView, listed
from rackwright.audit.hosts.parsers.adapters import Burnt, Parameter, Qos
from rackwright.audit.hosts.wanted import WantedPort
from rackwright.audit.ledger import Ledger, Untold
from rackwright.plan.stack_model import Marking

__all__ = ["HostFirmware", "HostParameters", "HostRoce"]

_CYCLE: Final = "power cycle the host (rackwright push --only host does it over the BMC)"


class _AdapterCheck(HostCheck):
    """A check of the ports of BlueField adapters whose driver is the host's."""

    abstract: ClassVar[bool] = True

    def applies(self, view: HostView) -> bool:
        """Only where there are such adapters and the host owns their driver."""
        return view.stack.ofed.owner == "host" and any(True for _ in self._ports(view))

    def _ports(self, view: HostView) -> Iterator[tuple[WantedPort, bool]]:
        """Yield the cabled ports of BlueFields, with whether each is the first of its adapter."""
        seen: set[str] = set()
        for port in view.wanted.ports:
            if port.bluefield is not None:
                yield port, port.adapter not in seen
                seen.add(port.adapter)


def _burnt(text: str) -> Burnt | None:
    """Read flint's answer, or the running version alone of the driver's."""
    found = parsers.flint(text)
    running = parsers.driver_firmware(text)
    return found or (Burnt(running, running) if running else None)


class HostFirmware(_AdapterCheck):
    """Each BlueField-3 runs the release's firmware, and no other waits on its flash.

    Passes on the validated version in any spelling. Fails on another, on a board that is not the planned one (PSID), and, as a warning,
    on a version that waits for a power cycle. An error where neither flint nor the driver tells it.
    """

    id = "HOST-FIRMWARE"
    title = "BlueField adapters run the validated firmware"
    remedy = "rackwright push --only host burns it (step bluefield_firmware); it is live after a power cycle"
    source = "DOCA 2.10.0 firmware matrix; flint q (MFT), ethtool -i"
    asks: ClassVar[tuple[str, ...]] = ("flint -d {device} q", "ethtool -i {interface}")

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each adapter once."""
        for port, first in self._ports(view):
            if not first:
                continue
            try:
                burnt = view.of_port(port, "firmware", _burnt)
            except Untold as error:
                ledger.untold(port.adapter, f"{port.adapter}: its firmware is not told: {error}")
                continue
            self._one(view, port, burnt, ledger)

    def _one(self, view: HostView, port: WantedPort, burnt: Burnt, ledger: Ledger) -> None:
        name, wanted = port.adapter, view.stack.bluefield.firmware
        psid = port.bluefield.psid if port.bluefield else ""
        if psid and burnt.psid and burnt.psid != psid:
            ledger.wrong(f"{name}.psid", f"{name} is the board {burnt.psid}, not {psid}", expected=psid, actual=burnt.psid,
                         remedy="see which card sits there, or correct hosts.bluefield.psids")  # fmt: skip
        if not wanted:
            ledger.skip(f"{name}: no validated version", path=name, actual=burnt.running)
            return
        spellings = (wanted, *view.stack.bluefield.equal)
        if holds("equal", burnt.running, spellings):
            ledger.right("adapter")
        elif holds("equal", burnt.flash, spellings):
            message = f"{name}: {wanted} is burnt and waits for a power cycle; {burnt.running} runs"
            ledger.wrong(name, message, expected=wanted, actual=burnt.running, remedy=_CYCLE)
            return
        else:
            ledger.wrong(name, f"{name} runs {burnt.running}, not {wanted}", expected=wanted, actual=burnt.running)
        if burnt.pending:
            message = f"{name}: the next power cycle brings {burnt.flash}"
            ledger.wrong(f"{name}.pending", message, expected=burnt.running, actual=burnt.flash, severity="warning",
                         remedy="burn the validated version before the host is cycled")  # fmt: skip


class HostParameters(_AdapterCheck):
    """Parameters of each BlueField are the profile's, now and at the next start.

    Passes when current and next value are the planned ones. Fails on another, on one that is set and waits for a restart, and on one that the
    adapter does not have. Any other parameter that waits is a warning.
    """

    id = "HOST-NVCONFIG"
    title = "adapter parameters are live and nothing waits"
    remedy = "rackwright push --only host sets them (step bluefield_config)"
    source = "adapter profiles of the plan (nic-configuration-operator v1.3.1, RA1.3); mlxconfig -e q (MFT)"
    asks: ClassVar[tuple[str, ...]] = ("mlxconfig -d {device} -e q",)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each adapter once."""
        for port, first in self._ports(view):
            if not first:
                continue
            try:
                rows = view.of_port(port, "parameters", parsers.mlxconfig)
            except Untold as error:
                ledger.untold(port.adapter, f"{port.adapter}: its parameters are not told: {error}")
                continue
            self._one(port, rows, ledger)

    def _one(self, port: WantedPort, rows: dict[str, Parameter], ledger: Ledger) -> None:
        planned = {row.name: row.value for row in (port.bluefield.nvconfig if port.bluefield else ())}
        for name, value in planned.items():
            self._parameter(f"{port.adapter}.{name}", name, value, rows.get(name), ledger)
        waiting = [name for name, row in rows.items() if row.pending and name not in planned]
        if waiting:
            message = f"{port.adapter}: {listed(waiting)} changes with the next start, and the plan does not set it"
            ledger.wrong(f"{port.adapter}.pending", message, severity="warning", remedy="set it back, or reset the adapter",
                         evidence=[f"{name}: {rows[name].current} -> {rows[name].next}" for name in waiting])  # fmt: skip

    @staticmethod
    def _parameter(path: str, name: str, value: str, row: Parameter | None, ledger: Ledger) -> None:
        where = path.partition(".")[0]
        if row is None:
            ledger.wrong(path, f"{where} has no parameter {name}", expected=value, actual="absent",
                         remedy="see whether its firmware is the validated one and its mode the planned one")  # fmt: skip
        elif row.current == value == row.next:
            ledger.right("parameter")
        elif row.next == value:
            message = f"{where}: {name}={value} is set and waits for a restart of the adapter; {row.current} is live"
            ledger.wrong(path, message, expected=value, actual=row.current, remedy=_CYCLE)
        elif row.current == value:
            message = f"{where}: {name} is {value}, and {row.next} comes with the next start"
            ledger.wrong(path, message, expected=value, actual=row.next)
        else:
            ledger.wrong(path, f"{where}: {name} is {row.current}, not {value}", expected=value, actual=row.current)


class HostRoce(_AdapterCheck):
    """RoCE is marked and paused at the adapter as at the switch: trust, PFC, priority of its DSCP, type of service, notifications.

    The plan has one number for both ends, and ROCE judges the switches by it. Fails on each that differs. What a tool does not tell is an
    error; the DSCP of notifications is skipped where the driver shows no file for it, since HOST-NVCONFIG sees the parameter.
    """

    id = "HOST-ROCE"
    title = "RoCE settings of adapters are those of the switches"
    remedy = "systemctl restart rackwright-bluefield, and see its journal (step bluefield_runtime)"
    source = "the plan's RoCE numbers; mlnx_qos, cma_roce_tos (MLNX_OFED/DOCA)"
    asks: ClassVar[tuple[str, ...]] = (
        "mlnx_qos -i {interface}", "cma_roce_tos -d {rdma}", "cat /sys/class/net/{interface}/ecn/roce_np/cnp_dscp",
    )  # fmt: skip

    def applies(self, view: HostView) -> bool:
        """Only where switches carry RoCE."""
        return super().applies(view) and view.stack.bluefield.marking is not None and bool(list(_marked(view)))

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each port of an adapter that is marked."""
        marking = view.stack.bluefield.marking
        for port in _marked(view):
            if marking is not None:
                self._qos(view, port, marking, ledger)
                self._tos(view, port, marking, ledger)
                self._cnp(view, port, marking, ledger)

    @staticmethod
    def _qos(view: HostView, port: WantedPort, marking: Marking, ledger: Ledger) -> None:
        name = view.seats[port.port].name
        try:
            qos = view.of_port(port, "qos", parsers.mlnx_qos)
        except Untold as error:
            ledger.untold(f"{port.port}.qos", f"{name}: {error}")
            return
        for path, what, expected, actual in _compared(qos, marking):
            if expected == actual:
                ledger.right("setting")
            else:
                message = f"{name} to {port.peer}: {what} is {actual}, and {expected} at the switch"
                ledger.wrong(f"{port.port}.{path}", message, expected=expected, actual=actual)

    @staticmethod
    def _tos(view: HostView, port: WantedPort, marking: Marking, ledger: Ledger) -> None:
        name = view.seats[port.port].name
        try:
            tos = view.of_port(port, "tos", parsers.cma_roce_tos)
        except Untold as error:
            ledger.untold(f"{port.port}.tos", f"{name}: its type of service is not told: {error}")
            return
        if tos >> 2 == marking.dscp:
            ledger.right("setting")
        else:
            message = f"{name}: RDMA-CM marks with type of service {tos} (DSCP {tos >> 2}), not {marking.tos}"
            ledger.wrong(f"{port.port}.tos", message, expected=str(marking.tos), actual=str(tos))

    @staticmethod
    def _cnp(view: HostView, port: WantedPort, marking: Marking, ledger: Ledger) -> None:
        try:
            dscp = view.of_port(port, "cnp", parsers.cnp_dscp)
        except Untold:
            ledger.skip("the driver shows no DSCP of notifications", path=f"{port.port}.cnp")
            return
        if dscp == marking.cnp_dscp:
            ledger.right("setting")
        else:
            name = view.seats[port.port].name
            message = f"{name}: congestion notifications carry DSCP {dscp}, not {marking.cnp_dscp}"
            ledger.wrong(f"{port.port}.cnp", message, expected=str(marking.cnp_dscp), actual=str(dscp))


def _marked(view: HostView) -> Iterator[WantedPort]:
    yield from (port for port in view.wanted.ports if port.bluefield is not None and port.bluefield.marked)


def _compared(qos: Qos, marking: Marking) -> Iterator[tuple[str, str, str, str]]:
    """Yield (path, what, expected, actual) of each setting."""
    yield "trust", "trust", marking.trust, qos.trust
    yield "pfc", "PFC by priority", marking.pfc, ",".join(str(int(flag)) for flag in qos.pfc)
    if marking.trust == "dscp" and qos.dscp:
        priority = qos.dscp.get(marking.dscp)
        yield "dscp", f"the priority of DSCP {marking.dscp}", str(marking.priority), str(priority)
        notified = qos.dscp.get(marking.cnp_dscp)
        yield "cnp-dscp", f"the priority of DSCP {marking.cnp_dscp}", str(marking.cnp_priority), str(notified)
