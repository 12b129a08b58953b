"""Links as they run: speed, correction, MTU along every way, and whether they came and went."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from rackwright.audit.ledger import Ledger
from rackwright.audit.model import (
    INTERFACES,
    MUTE,
    SHOWN,
    DeviceCheck,
    FabricCheck,
    Look,
    Site,
    View,
    some_links,
)
from rackwright.findings import Severity
from rackwright.nvue.tree import get
from rackwright.plan.model import Switch
from rackwright.plan.switch_model import Port

__all__ = ["LinkFlaps", "LinkMtu", "LinkSpeed", "speed_gbps"]

VXLAN_BYTES: Final = 50
"""What VXLAN over IPv4 adds to a packet (nvue.md 3.2)."""
DEFAULT_MTU: Final = 9216
"""MTU of a port that NVUE configures and nobody sets (nvue.md 3.2)."""

_SPEED: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([GM])")
_COUNT: Final = "carrier-down-count"


def speed_gbps(text: object) -> float | None:
    """Read ``400G`` or ``100M`` as Gb/s."""
    found = _SPEED.match(text) if isinstance(text, str) else None
    return float(found[1]) / (1 if found[2] == "G" else 1000) if found else None


class LinkSpeed(DeviceCheck):
    """Each link that is up runs at its planned speed, with the planned auto-negotiation and correction.

    Passes on the speed of the plan. Fails on another one; on auto-negotiation that is off though nothing set a speed (a
    PAM4 link between NVIDIA devices needs it), and on a correction (FEC) other than the one that is set, or than the far
    end's. Error where the switch does not tell the speed, the auto-negotiation or a correction that is set: one a switch,
    which names the ports. Links that are down are LINK-STATE's.
    """

    id = "LINK-SPEED"
    title = "links run at the planned speed, with the planned FEC and auto-negotiation"
    remedy = "compare breakout, speed, FEC and cable of both ends; set no speed on PAM4 links"
    source = "nvue.md 3.2, 8.12; RN-3877516 (a set speed turns auto-negotiation off)"
    asks: ClassVar[tuple[str, ...]] = (INTERFACES,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Every switch with a cable is looked at."""
        return _has_cables(switch)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each link that is up."""
        up = [port for port in view.cabled if view.is_up(port.name)]
        intended = view.look.intended(view.switch) if view.look.intended else {}
        silent: dict[str, list[str]] = defaultdict(list)
        for port in up:
            odd = [*self._speed(view, port), *self._rest(view, port, get(intended, "interface", port.name, "link"))]
            for what, expected, actual in odd:
                if actual:
                    ledger.wrong(
                        f"{port.name}.{what}", f"{port.name} to {port.peer}: {what} is {actual}, not {expected}",
                        expected=expected, actual=actual, evidence=[_quoted(view, port.name, what)],
                    )  # fmt: skip
                else:
                    silent[what].append(port.name)
            if not odd:
                ledger.right("link")
        for what, ports in silent.items():
            shown = [_quoted(view, port, what) for port in ports[:SHOWN]]
            ledger.untold(what, f"the switch does not tell {what} of {some_links(ports)}", remedy=MUTE, evidence=shown)
        if not up:
            ledger.skip("no link is up")

    @staticmethod
    def _speed(view: View, port: Port) -> Iterator[tuple[str, str, str]]:
        told = view.link(port.name).get("speed")
        real = speed_gbps(told)
        if port.speed_gbps and real != port.speed_gbps:
            yield "speed", f"{port.speed_gbps:g}G", "" if real is None else str(told)

    @staticmethod
    def _rest(view: View, port: Port, wished: Any) -> Iterator[tuple[str, str, str]]:
        """Yield what differs, and as nothing what is not told; FEC may be empty (5.12 guide) where none is set."""
        link = view.link(port.name)
        wished = wished if isinstance(wished, dict) else {}
        negotiates = "off" if "speed" in wished else str(wished.get("auto-negotiate", "on"))
        told = link.get("auto-negotiate")
        if told != negotiates:
            yield "auto-negotiate", negotiates, str(told or "")
        fec, far = link.get("fec"), view.look.views.get(port.peer)
        beyond = far.link(port.peer_port).get("fec") if far and far.reached and not far.why_not(INTERFACES) else None
        expected = wished.get("fec", beyond if fec else None)
        if expected not in {None, "", "auto", "driver-auto", fec}:
            yield "fec", str(expected), str(fec or "")


class LinkFlaps(DeviceCheck):
    """No link went down since the last look.

    Passes when the counter of losses stands where it stood. Fails when it grew by more than is allowed. Skipped at the
    first look, where a counter is smaller than before (the switch was restarted), and where it grew and a run of ours
    has worked on either end since: restarts of hosts and blinks take links down. Links that are down now are LINK-STATE's.
    """

    id = "LINK-FLAPS"
    title = "links stayed up since the last look"
    remedy = "clean and reseat the cable at both ends; replace it when the count grows again"
    source = "nv show interface: link.stats.carrier-down-count (Cumulus Linux 5.12)"
    severity: ClassVar[Severity] = "warning"
    asks: ClassVar[tuple[str, ...]] = (INTERFACES,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Every switch with a cable is looked at."""
        return _has_cables(switch)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each cabled port that was seen before."""
        last = view.last(INTERFACES)
        if last is None:
            ledger.skip("this is the first look: there is nothing to compare with")
            return
        reset = 0
        ours: dict[str, list[str]] = defaultdict(list)
        for port in (port for port in view.cabled if view.is_up(port.name)):
            now, then = _downs(view.interfaces, port.name), _downs(last.value, port.name)
            if now is None or then is None or now < then:
                reset += 1
            elif now - then > view.look.limits.flaps and (run := view.worked(port)):
                ours[run].append(port.name)
            elif now - then > view.look.limits.flaps:
                ledger.wrong(
                    port.name, f"{port.name} to {port.peer} went down {now - then} times since the last look",
                    expected=f"at most {view.look.limits.flaps}", actual=str(now - then),
                    evidence=[f"{_COUNT}: {then}, then {now}"],
                )  # fmt: skip
            else:
                ledger.right("link")
        for run, ports in ours.items():
            ledger.skip(
                f"{some_links(ports)} went down since the last look, and run {run} worked on an end of them meanwhile: judged from this look on",
                path=f"run {run}",
            )  # fmt: skip
        if reset:
            ledger.skip(f"{reset} ports have no counter that goes on from the last look", path="reset")
        elif ledger.empty:
            ledger.skip("no link is up")


def _downs(interfaces: Any, port: str) -> int | None:
    value = get(interfaces, port, "link", "stats", _COUNT) if isinstance(interfaces, dict) else None
    return value if isinstance(value, int) else None


class LinkMtu(FabricCheck):
    """A packet of any host goes from end to end.

    Passes when each cabled port has the MTU of the plan and each port on a way between switches carries the largest packet
    of the hosts of its fabric, with the 50 bytes of VXLAN where the fabric has an overlay. Fails at each port that does not.
    """

    id = "LINK-MTU"
    title = "every hop carries the hosts' packets"
    remedy = "push the planned configuration; set no smaller MTU by hand"
    source = "nvue.md 3.2, 8.37 (host MTU and 50 bytes below the fabric's); nv show interface: link.mtu"
    asks: ClassVar[tuple[str, ...]] = (INTERFACES,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Every switch with a cable is looked at."""
        return _has_cables(switch)

    def judge(self, look: Look) -> Iterator[Ledger]:
        """Yield a ledger a switch."""
        hosts, largest = look.site.host_mtus
        for view in look.views.values():
            if not view.reached or view.why_not(INTERFACES) or not self.applies(view.switch, look.site):
                continue
            ledger = Ledger(self, view.name)
            for port in view.cabled:
                self._port(view, port, _need(view.switch, port, hosts, largest), ledger)
            if ledger.empty:
                ledger.skip("no cabled port is configured")
            yield ledger

    @staticmethod
    def _port(view: View, port: Port, need: int, ledger: Ledger) -> None:
        if port.name not in view.interfaces:
            return
        mtu = view.link(port.name).get("mtu")
        planned = _planned_mtu(view.switch, port)
        shown = [f"nv show interface: {port.name}.link.mtu {mtu}"]
        if not isinstance(mtu, int):
            ledger.untold(port.name, f"{port.name}: the switch does not tell its MTU")
        elif mtu < need:
            ledger.wrong(
                port.name, f"{port.name} to {port.peer} carries {mtu} bytes: packets of {need} are dropped there",
                expected=f"at least {need}", actual=str(mtu), evidence=shown,
            )  # fmt: skip
        elif mtu != planned:
            ledger.wrong(
                port.name, f"{port.name} to {port.peer} has an MTU of {mtu}, not {planned}", severity="warning",
                expected=str(planned), actual=str(mtu), evidence=shown,
            )  # fmt: skip
        else:
            ledger.right("port")


def _planned_mtu(switch: Switch, port: Port) -> int:
    if port.bond:
        bond = next((bond for bond in switch.bonds if bond.name == port.bond), None)
        return (bond.mtu_bytes if bond else 0) or port.mtu_bytes or DEFAULT_MTU
    return port.mtu_bytes or DEFAULT_MTU


def _need(switch: Switch, port: Port, hosts: Mapping[tuple[str, str], int], largest: Mapping[str, int]) -> int:
    """Return the largest packet that a port has to carry; 0 when no host's MTU is planned."""
    if port.kind in {"fabric", "isl"}:
        host = largest.get(switch.fabric, 0)
        return host + VXLAN_BYTES if host and (switch.vtep or switch.evpn) else host
    return hosts.get((port.peer, port.peer_port), 0)


def _has_cables(switch: Switch) -> bool:
    return any(port.link >= 0 for port in switch.ports)


def _quoted(view: View, port: str, what: str) -> str:
    return f"nv show interface: {port}.link.{what} {view.link(port).get(what)}"
