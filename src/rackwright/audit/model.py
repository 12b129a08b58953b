"""What a check of switches is, and what it looks at: the plan beside what the switches said."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Final

from rackwright.audit import cabling
from rackwright.audit.evidence import FACTS, RUNNING, SHOW, STARTUP, Answer, Evidence
from rackwright.audit.ledger import Check, Ledger, Untold
from rackwright.catalog.models import CableModel, Catalog
from rackwright.nvue.tree import Tree, get
from rackwright.plan.model import Bond, Plan, Switch
from rackwright.plan.switch_model import Port

__all__ = [
    "COMPARED",
    "FABRIC",
    "INTERFACES",
    "MUTE",
    "SHOWN",
    "DeviceCheck",
    "FabricCheck",
    "Limits",
    "Look",
    "Site",
    "SwitchCheck",
    "View",
    "some_links",
]

FABRIC: Final = "fabric"
"""Subject of what is about all switches together."""

INTERFACES: Final = f"{SHOW}interface"
COMPARED: Final = frozenset({INTERFACES})
"""Questions whose answers of the last look are judged beside those of now: all that :meth:`View.last` gives."""

MUTE: Final = "make the switch tell it, then audit again; an emulated link has none that could be told"
"""What to do where a switch is silent about its links."""
SHOWN: Final = 8
"""How many of a kind a message names."""


def some_links(ports: Sequence[str]) -> str:
    """Name links by their ports, the first of many: ``2 links (swp1, swp2)``."""
    more = f" and {len(ports) - SHOWN} more" if len(ports) > SHOWN else ""
    return f"{len(ports)} link{'s' if len(ports) > 1 else ''} ({', '.join(ports[:SHOWN])}{more})"


@dataclass(frozen=True)
class Limits:
    """Where measured values become wrong; no source of 5.12 sets the first two, so an operator may."""

    effective_ber: float = 1e-12
    """Greatest bit error rate after correction: the default threshold of NVIDIA's ibdiagnet."""
    flaps: int = 0
    """How often a link may have gone down since the last look."""


@dataclass(frozen=True)
class Site:
    """What is planned and what the models are: what decides which questions are asked."""

    plan: Plan
    catalog: Catalog

    @cached_property
    def parts(self) -> dict[tuple[str, str], CableModel]:
        """Return the part that is to be in each cage, by (switch, ``swp5``)."""
        found: dict[tuple[str, str], CableModel] = {}
        for part in self.plan.assemblies:
            row = self.catalog.cables.get(part.part)
            for at in part.links if row else ():
                for end in (self.plan.links[at].a, self.plan.links[at].b):
                    if end.cage and row:
                        found[end.device, f"swp{end.cage}"] = row
        return found

    @cached_property
    def switches(self) -> dict[str, Switch]:
        """Return every planned switch by name."""
        return {switch.name: switch for switch in self.plan.switches}

    @cached_property
    def segments(self) -> dict[tuple[str, int, str], list[tuple[Switch, Bond]]]:
        """Return the switches and bonds of each Ethernet segment, by (MAC, local id, host)."""
        found: dict[tuple[str, int, str], list[tuple[Switch, Bond]]] = {}
        for switch in self.plan.switches:
            for bond in switch.bonds:
                if bond.es_id:
                    found.setdefault((bond.es_mac, bond.es_id, bond.peer), []).append((switch, bond))
        return found

    @cached_property
    def macs(self) -> dict[cabling.Port, str]:
        """Return the MAC address of each port that nodes.csv tells."""
        return {cabling.Port(device.name, port): mac for device in self.plan.devices for port, mac in device.macs}

    @cached_property
    def bonded(self) -> frozenset[cabling.Port]:
        """Return the ports of hosts in bonds: what they send has the MAC address of any of them."""
        return frozenset(
            cabling.Port(host.name, port.port)
            for host in self.plan.hosts
            for port in host.interfaces
            if port.port and port.bond
        )

    @cached_property
    def learning(self) -> frozenset[str]:
        """Return the switches at which machines have management cables: nothing but a MAC address tells most of these."""
        return frozenset(link.a.device for link in self.plan.links if link.kind in {"management", "pdu"})

    @cached_property
    def host_mtus(self) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
        """Return the MTU of each host port, and the largest of each fabric."""
        hosts: dict[tuple[str, str], int] = {}
        for host in self.plan.hosts:
            above: dict[str, int] = defaultdict(int)
            for bond in host.bonds:
                above[bond.name] = bond.mtu_bytes
            for port in host.interfaces:
                above[port.parent or port.bond] = max(above[port.parent or port.bond], port.mtu_bytes)
            for port in host.interfaces:
                hosts[host.name, port.port] = max(port.mtu_bytes, above[port.bond] if port.bond else 0)
        largest: dict[str, int] = defaultdict(int)
        for link in self.plan.links:
            largest[link.fabric] = max(largest[link.fabric], hosts.get((link.b.device, link.b.port), 0))
        return hosts, dict(largest)


@dataclass(frozen=True)
class Look:
    """Everything that is judged: what is planned, what was seen, and what was seen the last time."""

    site: Site
    evidence: Mapping[str, Evidence]
    intended: Callable[[Switch], Tree] | None = None
    """Renders the tree that a switch should run; None: drift cannot be judged."""
    before: Mapping[str, Evidence] = field(default_factory=dict)
    limits: Limits = Limits()
    names: frozenset[str] = frozenset()
    """The switches to judge; empty: all."""
    checks: frozenset[str] = frozenset()
    """The checks to judge by; empty: all."""
    hosts: Mapping[cabling.Port, cabling.Sight] = field(default_factory=dict)
    """What hosts that were asked see at the other ends of cables."""
    cables: cabling.Cables | None = None
    """What cables are judged by; None: worked out of the plan."""
    standing: frozenset[str] = frozenset()
    """Devices that other proofs found where they are planned: such ones are not told to be exchanged."""
    worked: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Device -> when a run of ours last worked on it (ISO 8601), and the run: it may have taken its links down."""

    leases: frozenset[str] = frozenset()
    """Switches that a run of ours left with a DHCP lease that they no longer want."""

    kept: dict[str, object] = field(default_factory=dict)
    """What checks of one look share, so that it is worked out once."""

    @cached_property
    def views(self) -> dict[str, View]:
        """Return a view of each switch that is judged."""
        meant = [switch for switch in self.plan.switches if not self.names or switch.name in self.names]
        return {switch.name: View(self, switch, self.evidence.get(switch.name)) for switch in meant}

    @property
    def plan(self) -> Plan:
        """Return what is planned."""
        return self.site.plan


class View:
    """One switch: what is planned of it beside what it said."""

    def __init__(self, look: Look, switch: Switch, evidence: Evidence | None) -> None:
        self.look = look
        self.switch = switch
        self.name = switch.name
        self.evidence = evidence
        self._answers = evidence.by_question() if evidence else {}

    @property
    def reached(self) -> bool:
        """Tell whether the switch could be asked at all."""
        return self.evidence is not None and not self.evidence.error

    def why_not(self, question: str) -> str:
        """Say why there is no answer to a question; empty when there is one."""
        if self.evidence is None:
            return "it was not asked"
        if self.evidence.error:
            return self.evidence.error
        answer = self._answers.get(question)
        if answer is None:
            return "it was not asked this"
        return answer.error or ("" if _is_shaped(answer) else f"it answered {answer.value!r:.60}, which is no mapping")

    def answer(self, question: str) -> Any:
        """Return an answer; raises :class:`Untold` when there is none."""
        why = self.why_not(question)
        if why:
            raise Untold(f"{question}: {why}")
        return self._answers[question].value

    def tree(self, question: str) -> dict[str, Any]:
        """Return an answer that must be a mapping."""
        value: dict[str, Any] = self.answer(question)
        return value

    def show(self, path: str) -> dict[str, Any]:
        """Return what ``nv show PATH`` gave."""
        return self.tree(SHOW + path)

    @cached_property
    def interfaces(self) -> dict[str, Any]:
        """Return ``nv show interface``: name -> object."""
        return self.tree(INTERFACES)

    def link(self, port: str) -> dict[str, Any]:
        """Return the link of an interface; empty when the switch lists no such interface."""
        found = get(self.interfaces, port, "link", default={})
        return found if isinstance(found, dict) else {}

    def is_up(self, port: str) -> bool:
        """Tell whether a link is up."""
        return bool(self.link(port).get("oper-status") == "up")

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Return what the driver reads of who answers."""
        return self.tree(FACTS)

    @cached_property
    def running(self) -> Tree:
        """Return the applied configuration."""
        return self.tree(RUNNING)

    @cached_property
    def cabled(self) -> tuple[Port, ...]:
        """Return the ports that have a planned link and are to be up."""
        return tuple(port for port in self.switch.ports if port.link >= 0 and port.admin != "down")

    def last(self, question: str) -> Answer | None:
        """Return what the switch answered at the last look, if it did."""
        before = self.look.before.get(self.name)
        answer = before.by_question().get(question) if before else None
        return answer if answer and not answer.error else None

    def worked(self, port: Port) -> str:
        """Return the run that has worked on an end of a port's cable since the last look; empty: none has."""
        before = self.look.before.get(self.name)
        taken = before.taken if before else ""
        done = [self.look.worked[name] for name in (self.name, port.peer) if name in self.look.worked]
        at, run = max(done, default=("", ""))
        later = not taken or (at and datetime.fromisoformat(at) >= datetime.fromisoformat(taken))
        return run if later else ""


def _is_shaped(answer: Answer) -> bool:
    """Tell whether an answer has the form of its kind: all but Linux commands give mappings."""
    told = answer.question.startswith(SHOW) or answer.question in {FACTS, RUNNING, STARTUP}
    return isinstance(answer.value, dict if told else str)


class SwitchCheck(Check):
    """One thing that is judged of switches."""

    abstract: ClassVar[bool] = True
    again: ClassVar[str] = "make the switch answer this, then audit again"
    empty: ClassVar[str] = "look at what the switch answered (--keep): it may be empty"

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature is that of all checks
        """Tell whether the plan gives this switch anything of the kind; a check that does not apply says nothing."""
        return True

    def questions(self, switch: Switch, site: Site) -> Iterator[str]:  # noqa: ARG002 - as above
        """Yield what must be asked of a switch; the answers are then in its view."""
        yield from self.asks

    def needs(self, view: View) -> Iterable[str]:
        """Return the questions without whose answers nothing can be judged; all of them, unless a check says otherwise."""
        return self.questions(view.switch, view.look.site)


class DeviceCheck(SwitchCheck):
    """A check of one switch at a time."""

    abstract: ClassVar[bool] = True

    @abstractmethod
    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter what is right and wrong of one switch; may raise :class:`Untold`."""


class FabricCheck(SwitchCheck):
    """A check of all switches together; its findings name the switch that they are about."""

    abstract: ClassVar[bool] = True

    @abstractmethod
    def judge(self, look: Look) -> Iterator[Ledger]:
        """Yield a ledger for each subject."""
