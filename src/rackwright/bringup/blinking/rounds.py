"""The rounds of a blink: down, look, back, look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from rackwright import catalog
from rackwright.audit import Answer, Evidence, blinks, switch_sights
from rackwright.audit.cabling import Port, Sight, wiring
from rackwright.audit.cabling.blink import Code, Lights, code
from rackwright.audit.ledger import Proof
from rackwright.bringup.blinking.controllers import Controllers
from rackwright.bringup.blinking.switches import Failed, Switches, held, light
from rackwright.drivers.reach import Reach
from rackwright.findings import Finding, finding
from rackwright.plan.model import Link, Plan

__all__ = ["LEFT", "Patience", "blink"]

LEFT: Final = "back"
"""Path of the finding of a switch that is not as before a blink."""

_OVER_OOB: Final = "its switch carries BMCs, over which the answer would come"
_NO_BMC: Final = "the machine has no BMC that tells links"
_INTERFACES: Final = "nv show interface"
_LATE: Final = 2
"""How often a blink begins anew because looking took longer than a switch waits."""
_LONGER: Final = 4
"""By how much longer the switches wait then."""
_LINKS: Final = frozenset({"host", "management"})
_BETWEEN: Final = frozenset({"fabric", "isl", "uplink"})
_OF_BMCS: Final = frozenset({"bmc", "mgmt"})

Seen = Mapping[Port, bool | None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long links are waited for, in seconds of the clock. How soon an iDRAC tells that a link has changed, no source says."""

    follow_s: float = 60.0
    """For links to go down after their ports; the round ends sooner when as many are down as ports are."""
    back_s: float = 180.0
    """For links to come back after their ports."""
    pause_s: float = 3.0
    """Between two looks."""
    least_confirm_s: float = 600.0
    """The least time after which a switch takes its ports back by itself; more where looking takes long."""


@dataclass(slots=True)
class _Work:
    """One blink."""

    way: Reach
    switches: Switches
    controllers: Controllers
    patience: Patience
    say: Callable[[str], None]
    blind: dict[str, str] = field(default_factory=dict)
    look_s: float = 0.0
    """How long it took at most to ask every BMC once."""
    late: int = 0
    """How often ports were back before all was looked at."""
    before: dict[Port, bool | None] = field(default_factory=dict)
    """Network ports before the first round that ever was: a later beginning finds some on their way back."""
    planned: dict[Port, Port] = field(default_factory=dict)
    """Network port -> the switch port that it is planned at."""
    astray: set[Port] = field(default_factory=set)
    """Network ports planned at switches that were left out: these may be down for reasons of their own."""

    def look(self, only: Collection[str] | None = None, *, lit: Collection[Port] = ()) -> Seen:
        """Ask every BMC once, or some; see :meth:`Controllers.lights`."""
        begun = self.way.clock.now()
        seen = self.controllers.lights(only, lit=lit)
        self.look_s = max(self.look_s, self.way.clock.now() - begun)
        return seen


def blink(
    way: Reach,
    plan: Plan,
    hosts: Collection[str],
    *,
    say: Callable[[str], None] = lambda _: None,
    patience: Patience | None = None,
    spare: bool = True,
    standing: Collection[str] = (),
) -> Proof:
    """Blink the switch ports of the host links of these servers, and judge their cables.

    ``way`` must reach the switches at the near ends and the BMCs of the servers; what it does not reach is told as an error,
    never as a pass. ``say`` hears a line a round. Every port is back when it returns, or a finding says which switch is not
    as before. Links to switches that carry BMCs are not blinked: the answer comes over them. ``spare``: neither are links whose
    far end tells by LLDP who it is, since it works already and is proven without. ``standing`` are servers whose other cables prove their places.
    """
    links, left = _chosen(plan, hosts)
    near = defaultdict(set)
    for link in links:
        near[link.a.device].add(link.a.port)
    with ExitStack() as ends:
        threads = ends.enter_context(ThreadPoolExecutor(max(2, way.jobs), thread_name_prefix="blink"))
        switches, controllers = Switches(way, threads), Controllers(way, plan, threads)
        ends.callback(controllers.close)
        ends.callback(switches.close)
        work = _Work(way, switches, controllers, patience or Patience(), say)
        work.planned = {Port(link.b.device, link.b.port): _near(link) for link in links}
        blind, there = controllers.open({link.b.device for link in links})
        work.blind.update(blind)
        for name, why in switches.open(near).items():
            work.blind[name] = why
            switches.drop(name)
        shown = _shown(work, links)
        sights = _sights(plan, shown)
        heard = {at: sights[at] for at in map(_near, links) if spare and at in sights and sights[at].neighbours}
        known = _lights(shown)
        quiet = [link for link in links if _near(link) not in heard]
        strangers = controllers.strangers
        plan_code, lights, absent = _blinked(work, [one for one in quiet if one.b.device not in strangers], known)
        stuck = [_stuck(name, why) for name, why in switches.stuck.items()]
    asked = frozenset((_near(link), Port(link.b.device, link.b.port)) for link in links)
    silent = {name for link in quiet for name in (link.a.device, link.b.device)}
    blind = {name: why for name, why in work.blind.items() if name in silent}
    seen = blinks.Blinked(
        wiring(plan), plan_code, lights, blind, _unnamed(quiet, there), absent, left, asked, _held(quiet, shown),
        _above(plan, shown), heard, _ahead(plan, sights), _down(plan, known, shown, asked), frozenset(standing),
        strangers,
    )  # fmt: skip
    judged = blinks.judge(seen)
    return judged._replace(found=(*judged.found, *stuck))


def _chosen(plan: Plan, hosts: Collection[str]) -> tuple[list[Link], dict[Port, str]]:
    """Return the links that blink, and the ports of those that do not with the reason."""
    servers = {device.name for device in plan.devices if device.role == "server"}
    shut = {(switch.name, port.name) for switch in plan.switches for port in switch.ports if port.admin == "down"}
    links: list[Link] = []
    left: dict[Port, str] = {}
    for link in plan.links:
        near = (link.a.device, link.a.port)
        if link.b.device not in hosts or link.kind not in _LINKS or near in shut:
            continue
        if link.kind == "host" and link.b.device in servers:
            links.append(link)
        elif link.kind == "host":
            left[Port(*near)] = _NO_BMC
        elif link.b.port.rpartition(".")[2] not in _OF_BMCS:
            left[Port(*near)] = _OVER_OOB
    return links, left


def _near(link: Link) -> Port:
    return Port(link.a.device, link.a.port)


def _shown(work: _Work, links: Collection[Link]) -> dict[str, Any]:
    """Return what switches show of their interfaces."""
    while True:
        _leave_out(work, links)
        try:
            return work.switches.shown()
        except Failed as failed:
            work.blind[failed.switch] = failed.why


def _lights(shown: Mapping[str, Any]) -> dict[Port, bool | None]:
    """Return the ports that switches have, and whether they are up."""
    return {
        Port(name, port): light(interfaces, port)
        for name, interfaces in shown.items()
        for port in (interfaces if isinstance(interfaces, dict) else ())
    }


def _held(links: Iterable[Link], shown: Mapping[str, Any]) -> dict[Port, str]:
    """Return the ports that a switch itself holds down, and why."""
    ports = {_near(link) for link in links}
    return {port: why for port in ports if (why := held(shown.get(port.device), port.name))}


def _above(plan: Plan, shown: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return for each switch those to which all its links are down that it does not hold down itself."""
    up: dict[str, dict[str, bool]] = defaultdict(dict)
    for link in plan.links:
        if link.kind not in _BETWEEN:
            continue
        for one, two in ((link.a, link.b), (link.b, link.a)):
            interfaces = shown.get(one.device)
            status = light(interfaces, one.port)
            if status is not None and not held(interfaces, one.port):
                up[one.device][two.device] = up[one.device].get(two.device, False) or status
    return {name: tuple(far for far, lit in peers.items() if not lit) for name, peers in up.items()}


def _down(
    plan: Plan, known: Mapping[Port, bool | None], shown: Mapping[str, Any], asked: Collection[tuple[Port, Port]]
) -> frozenset[tuple[Port, Port]]:
    """Return the other planned links whose ports that were seen are all down, and none of them on purpose."""
    shut = {Port(switch.name, port.name) for switch in plan.switches for port in switch.ports if port.admin == "down"}
    links = [(_near(link), Port(link.b.device, link.b.port)) for link in plan.links]
    return frozenset(
        link
        for link in links
        if link not in asked
        and {known[port] for port in link if port in known} == {False}
        and shut.isdisjoint(link)
        and not any(held(shown.get(port.device), port.name) for port in link)
    )


def _sights(plan: Plan, shown: Mapping[str, Any]) -> dict[Port, Sight]:
    """Return what ports hear of who is ours, by name or by MAC address."""
    evidence = {name: Evidence(name, answers=(Answer(_INTERFACES, value),)) for name, value in shown.items()}
    ours = {device.name for device in plan.devices}
    found = switch_sights(plan, evidence, catalog.load()) if evidence else {}
    return {
        port: Sight(sight.up, tuple(far for far in sight.neighbours if far.device in ours))
        for port, sight in found.items()
    }


def _ahead(plan: Plan, sights: Mapping[Port, Sight]) -> dict[Port, Sight]:
    """Return what the ports hear that are planned to lead to another switch."""
    ends = (Port(end.device, end.port) for link in plan.links if link.kind in _BETWEEN for end in (link.a, link.b))
    return {port: sights[port] for port in ends if port in sights}


def _blinked(
    work: _Work, links: Collection[Link], known: Mapping[Port, bool | None]
) -> tuple[Code, Lights, frozenset[Port]]:
    """Blink with all switches that can; one that fails in the middle is left out, and the others begin anew."""
    wanted = {_near(link) for link in links}
    while True:
        _leave_out(work, links)
        ports = {port for port in wanted if port.device not in work.blind}
        try:
            there = {port: known[port] for port in ports if port in known}
            plan = code(there)
            return plan, _rounds(work, plan, there), frozenset(ports - there.keys())
        except Failed as failed:
            work.say(f"{failed}; the rounds begin anew")
            work.late += failed.late
            if not failed.late or work.late > _LATE:
                work.blind[failed.switch] = failed.why
            work.blind |= work.switches.back()
        finally:
            # Whatever happens, a signal too: no port stays down because of us.
            work.switches.back()


def _leave_out(work: _Work, links: Iterable[Link]) -> None:
    for name in work.blind:
        work.switches.drop(name)
    work.astray = {Port(link.b.device, link.b.port) for link in links if link.a.device in work.blind}


def _rounds(work: _Work, plan: Code, ports: Seen) -> Lights:
    if work.before:
        ready = _back(work)
    else:
        work.before = dict(work.look())
        ready = work.before
    turns: list[Seen] = []
    for turn in range(plan.rounds):
        down = plan.down(turn)
        # What is not back from the round before would be taken for one that follows in this one.
        late = {port for port in _up(work) if ready.get(port) is not True}
        up = _up(work) - late
        seen = _round(work, down, up, sum(ports[port] is not False for port in down))
        turns.append({port: None if port in late else light for port, light in seen.items()})
        went = sum(seen.get(port) is False for port in up)
        work.say(f"round {turn + 1} of {plan.rounds}: {len(down)} ports down, {went} network ports followed")
        ready = _back(work)
    work.blind |= work.controllers.gone
    gone = work.controllers.gone
    before = {port: light for port, light in work.before.items() if port.device not in gone and port not in work.astray}
    return Lights(ports, before, tuple(turns), ready)


def _up(work: _Work) -> set[Port]:
    """Return the network ports that had link and of which somebody still tells."""
    gone = work.controllers.gone
    return {port for port, light in work.before.items() if light and port.device not in gone} - work.astray


def _round(work: _Work, down: frozenset[Port], up: Collection[Port], most: int) -> Seen:
    """Turn ports down, look until as many network ports have followed, and bring the ports back."""
    work.switches.down(down, _confirm_s(work))

    def followed(seen: Seen) -> int:
        return sum(seen.get(port) is False for port in up)

    def left(seen: Seen) -> set[Port]:
        return {port for port in up if seen.get(port) is not (work.planned.get(port) not in down)}

    seen = _until(work, work.patience.follow_s, lambda seen: followed(seen) >= most, left)
    work.switches.held()
    for name, why in work.switches.back().items():
        raise Failed(name, why)
    return seen


def _back(work: _Work) -> Seen:
    def left(seen: Seen) -> set[Port]:
        return {port for port in _up(work) if seen.get(port) is not True}

    # Who has all its links back is on: that is asked when its links go down.
    return _until(work, work.patience.back_s, lambda seen: not left(seen), left, lit=_up(work))


def _until(
    work: _Work,
    most_s: float,
    enough: Callable[[Seen], bool],
    left: Callable[[Seen], set[Port]],
    *,
    lit: Collection[Port] = (),
) -> Seen:
    """Look until it is enough or the time is over; the links of a server as they were when it was last asked.

    Links go one way within a round, so a server is not asked again that has no port ``left`` which has yet to become as planned. Where
    nothing changes at those that have, all are: a cable that ends elsewhere takes down a port that was to stay up.
    """
    clock = work.way.clock
    until = clock.now() + most_s
    seen: dict[Port, bool | None] = {}
    only: set[str] | None = None
    while True:
        # The last look begins after the time is over: one BMC that hangs must not use it up for all others.
        last = clock.now() > until
        before = left(seen)
        seen |= work.look(None if last else only, lit=lit)
        seen = {port: light for port, light in seen.items() if port.device not in work.controllers.gone}
        if last or enough(seen):
            return seen
        still = left(seen)
        only = {port.device for port in still} if still and still != before else None
        clock.sleep(work.patience.pause_s)


def _confirm_s(work: _Work) -> int:
    """Return after how long a switch takes its ports back: not while BMCs are still being asked."""
    patience = work.patience
    return int(max(patience.least_confirm_s, 2 * patience.follow_s + 10 * work.look_s) * _LONGER**work.late)


def _unnamed(links: Iterable[Link], there: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.b.device in there and link.b.port not in there[link.b.device]:
            found[link.b.device].append(link.b.port)
    return {name: tuple(ports) for name, ports in found.items()}


def _stuck(name: str, why: str) -> Finding:
    return finding(
        blinks.Blink.id, name, f"{name} is not as before the blink: {why}", path=LEFT,
        remedy="log in to it; 'nv config apply --confirm-no', else 'nv config diff startup applied' shows what differs",
        source=blinks.Blink.source,
    )  # fmt: skip
