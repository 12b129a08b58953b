"""BlueField adapters: firmware, parameters that are live or wait, and RoCE as the switches carry it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.alike import Alike
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
        with Alike(ledger) as alike:
            for port, first in self._ports(view):
                if not first:
                    continue
                try:
                    self._one(view, port, view.of_port(port, "firmware", _burnt), alike)
                except Untold as error:
                    alike.untold(port.adapter, "firmware", "the firmware of {} is not told", error)

    @staticmethod
    def _one(view: HostView, port: WantedPort, burnt: Burnt, alike: Alike) -> None:
        name, wanted = port.adapter, view.stack.bluefield.firmware
        psid = port.bluefield.psid if port.bluefield else ""
        if psid and burnt.psid and burnt.psid != psid:
            message = f"{{}}: the board is {burnt.psid}, not {psid}"
            remedy = "see which card sits there, or correct hosts.bluefield.psids"
            alike.wrong(name, "psid", message, expected=psid, actual=burnt.psid, remedy=remedy)
        if not wanted:
            alike.skip(name, "firmware", "{}: no validated version")
            return
        spellings = (wanted, *view.stack.bluefield.equal)
        if holds("equal", burnt.running, spellings):
            alike.right("adapter")
        elif holds("equal", burnt.flash, spellings):
            message = f"{{}}: {wanted} is burnt and waits for a power cycle; {burnt.running} runs"
            alike.wrong(name, "firmware", message, expected=wanted, actual=burnt.running, remedy=_CYCLE)
            return
        else:
            message = f"{{}}: {burnt.running} runs, not {wanted}"
            alike.wrong(name, "firmware", message, expected=wanted, actual=burnt.running)
        if burnt.pending:
            message = f"{{}}: the next power cycle brings {burnt.flash}"
            remedy = "burn the validated version before the host is cycled"
            alike.wrong(
                name, "pending", message, expected=burnt.running, actual=burnt.flash, severity="warning", remedy=remedy
            )


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
        with Alike(ledger) as alike:
            for port, first in self._ports(view):
                if not first:
                    continue
                try:
                    self._one(port, view.of_port(port, "parameters", parsers.mlxconfig), alike)
                except Untold as error:
                    alike.untold(port.adapter, "parameters", "the parameters of {} are not told", error)

    @staticmethod
    def _one(port: WantedPort, rows: dict[str, Parameter], alike: Alike) -> None:
        planned = {row.name: row.value for row in (port.bluefield.nvconfig if port.bluefield else ())}
        for name, value in planned.items():
            _parameter(port.adapter, name, value, rows.get(name), alike)
        waiting = [name for name, row in rows.items() if row.pending and name not in planned]
        if waiting:
            message = f"{{}}: {listed(waiting)} changes with the next start, and the plan does not set it"
            changes = [f"{port.adapter} {name}: {rows[name].current} -> {rows[name].next}" for name in waiting]
            remedy = "set it back, or reset the adapter"
            alike.wrong(port.adapter, "pending", message, severity="warning", remedy=remedy, evidence=changes)


def _parameter(adapter: str, name: str, value: str, row: Parameter | None, alike: Alike) -> None:
    """Enter one parameter: now, and at the next start."""
    if row is None:
        remedy = "see whether its firmware is the validated one and its mode the planned one"
        alike.wrong(
            adapter, name, f"{{}}: there is no parameter {name}", expected=value, actual="absent", remedy=remedy
        )
    elif row.current == value == row.next:
        alike.right("parameter")
    elif row.next == value:
        message = f"{{}}: {name}={value} is set and waits for a restart of the adapter; {row.current} is live"
        alike.wrong(adapter, name, message, expected=value, actual=row.current, remedy=_CYCLE)
    elif row.current == value:
        message = f"{{}}: {name} is {value}, and {row.next} comes with the next start"
        alike.wrong(adapter, name, message, expected=value, actual=row.next)
    else:
        alike.wrong(adapter, name, f"{{}}: {name} is {row.current}, not {value}", expected=value, actual=row.current)


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
        if marking is None:
            return
        with Alike(ledger) as alike:
            for port in _marked(view):
                for part in (self._qos, self._tos, self._cnp):
                    part(view, port, marking, alike)

    @staticmethod
    def _qos(view: HostView, port: WantedPort, marking: Marking, alike: Alike) -> None:
        name = view.seats[port.port].name or port.port
        try:
            qos = view.of_port(port, "qos", parsers.mlnx_qos)
        except Untold as error:
            alike.untold(name, "qos", "trust and PFC of {} are not told", error)
            return
        for path, what, expected, actual in _compared(qos, marking):
            if expected == actual:
                alike.right("setting")
            else:
                message = f"{{}}: {what} is {actual}, and {expected} at the switch"
                alike.wrong(name, path, message, expected=expected, actual=actual, evidence=[f"{name} to {port.peer}"])

    @staticmethod
    def _tos(view: HostView, port: WantedPort, marking: Marking, alike: Alike) -> None:
        name = view.seats[port.port].name or port.port
        try:
            tos = view.of_port(port, "tos", parsers.cma_roce_tos)
        except Untold as error:
            alike.untold(name, "tos", "the type of service of {} is not told", error)
            return
        if tos >> 2 == marking.dscp:
            alike.right("setting")
        else:
            message = f"{{}}: RDMA-CM marks with type of service {tos} (DSCP {tos >> 2}), not {marking.tos}"
            alike.wrong(name, "tos", message, expected=str(marking.tos), actual=str(tos))

    @staticmethod
    def _cnp(view: HostView, port: WantedPort, marking: Marking, alike: Alike) -> None:
        name = view.seats[port.port].name or port.port
        try:
            dscp = view.of_port(port, "cnp", parsers.cnp_dscp)
        except Untold:
            alike.skip(name, "cnp", "{}: the driver shows no DSCP of notifications")
            return
        if dscp == marking.cnp_dscp:
            alike.right("setting")
        else:
            message = f"{{}}: congestion notifications carry DSCP {dscp}, not {marking.cnp_dscp}"
            alike.wrong(name, "cnp", message, expected=str(marking.cnp_dscp), actual=str(dscp))


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
