"""What a check of servers is, and what it looks at: the machine as it should be beside what its BMC told."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final, Literal

from rackwright.audit.evidence import Evidence
from rackwright.audit.ledger import Check, Ledger, Untold
from rackwright.audit.machines.evidence import resources
from rackwright.audit.machines.swaps import Known, Marks, Muddle, muddles
from rackwright.catalog.models import Catalog
from rackwright.diff.bmc import firmware_states
from rackwright.diff.bmc.model import FirmwareState
from rackwright.plan.controllers import BmcSettings
from rackwright.plan.machines import Machine
from rackwright.redfish.inventory import Inventory, Nic, NicPort, Resources
from rackwright.redfish.reading import inventory
from rackwright.redfish.registry import Registry

__all__ = [
    "DOMAINS",
    "Card",
    "Domain",
    "MachineCheck",
    "MachineLook",
    "MachineView",
    "RackCheck",
    "ServerCheck",
    "known",
    "missing",
]

Domain = Literal["hardware", "firmware", "bios", "settings"]

DOMAINS: Final[tuple[Domain, ...]] = ("hardware", "firmware", "bios", "settings")

Card = tuple[str, str]
"""(server, adapter) of a BMC that sits on an adapter."""


@dataclass(frozen=True)
class MachineLook:
    """Everything that is judged: what each server should be, and what the BMCs told."""

    machines: Mapping[str, Machine]
    """Every server of the plan, so that one that stands in another's place is known."""
    evidence: Mapping[str, Evidence]
    catalog: Catalog
    names: frozenset[str] = frozenset()
    """The BMCs to judge, those of adapters too (``gpu01.b3220l-1``); empty: all servers."""
    domains: frozenset[Domain] = frozenset(DOMAINS)
    checks: frozenset[str] = frozenset()
    """The checks to judge by; empty: all of the domains."""
    settings: Mapping[str, BmcSettings] = field(default_factory=dict)
    """How BMCs should be set; one that is not in it is judged by what is wrong anywhere."""
    reading: Callable[[Resources], Inventory] | None = None
    """Makes values of resources; :func:`rackwright.redfish.reading.inventory` where none is given."""
    site: bool = True
    """False: there is no site, so nothing is known of tags, addresses and cables, and that is said once."""
    apart: Known | None = None
    """What tells the machines apart, where many looks share it; None: worked out of them."""

    @cached_property
    def views(self) -> dict[str, MachineView]:
        """Return a view of each BMC that is judged."""
        # Whoever judges one server of thousands goes through no other.
        names = sorted(self.names, key=lambda name: (name not in self.machines, name)) if self.names else self.machines
        names = [name for name in names if name in self.machines or name.partition(".")[0] in self.machines]
        return {name: MachineView(self, name, self.evidence.get(name)) for name in names}

    def let_go(self) -> None:
        """Forget the views: they and their look hold each other, and what they hold of a rack goes at once only without that."""
        vars(self).pop("views", None)

    @cached_property
    def known(self) -> Known:
        """Return what tells each server apart, by tag and by MAC address."""
        return self.apart or known(self.machines.values())

    @cached_property
    def muddles(self) -> tuple[Muddle, ...]:
        """Return which servers stand in each other's place."""
        views = self.views.values()
        return muddles(self.known, {view.name: view.marks for view in views if view.reached and not view.card})


class MachineView:
    """One BMC: what is planned of its machine beside what it told."""

    def __init__(self, look: MachineLook, name: str, evidence: Evidence | None) -> None:
        self.look = look
        self.name = name
        server, _, adapter = (name, "", "") if name in look.machines else name.partition(".")
        self.machine = look.machines[server]
        self.adapter = adapter
        """The adapter whose own BMC this is; empty: it is the server's, or not known."""
        self.evidence = evidence

    @cached_property
    def card(self) -> bool:
        """Tell whether this is the BMC of an adapter, which knows nothing of the server around it."""
        return bool(self.adapter) or (self.reached and self.inventory.bmc_kind == "bluefield")

    @property
    def reached(self) -> bool:
        """Tell whether the BMC could be asked at all."""
        return self.evidence is not None and not self.evidence.error

    @cached_property
    def resources(self) -> Resources:
        """Return what it told; raises :class:`Untold` when it was not asked."""
        if self.evidence is None:
            raise Untold("it was not asked")
        return resources(self.evidence)

    @cached_property
    def inventory(self) -> Inventory:
        """Return what it told, as values."""
        return (self.look.reading or inventory)(self.resources)

    @cached_property
    def firmware(self) -> tuple[FirmwareState, ...]:
        """Return the state of each component; a card's BMC and its server's are judged by each other."""
        return firmware_states(self.machine, self.inventory, self.look.catalog)

    @cached_property
    def registry(self) -> Registry | None:
        """Return the attribute registry of its BIOS; None where it was not read."""
        bios = self.inventory.bios
        body = self.resources.get(bios.registry) if bios else None
        return Registry.of(body) if body else None

    @cached_property
    def by_mac(self) -> dict[str, tuple[Nic, NicPort]]:
        """Return the adapter and port of each MAC address that the BMC told."""
        return {mac: (nic, port) for nic in self.inventory.nics for port in nic.ports for mac in port.macs}

    @cached_property
    def marks(self) -> Marks:
        """Return what tells this machine from others, as it is."""
        told = self.inventory
        macs = {mac for nic in told.nics for port in nic.ports for mac in port.macs}
        return Marks(told.service_tag.upper(), frozenset({*macs, *told.bmc_macs}))

    @cached_property
    def body(self) -> Machine:
        """Return the machine that answers, which is another one where two are swapped: its MAC addresses are its own."""
        known = self.look.known
        found = known.who(self.marks, "macs") or known.who(self.marks, "tags")
        return self.look.machines[found] if found else self.machine

    def gaps(self, *parts: str) -> list[str]:
        """Return what was asked and not told below some paths (``/Processors``): what is missing may be there all the same."""
        return [sentence for sentence in self.inventory.untold if any(part in sentence for part in parts)]

    @property
    def on(self) -> bool:
        """Tell whether the server runs; links and some adapters are silent when it does not."""
        return self.inventory.power.lower() == "on"


def known(machines: Iterable[Machine]) -> Known:
    """Return what tells servers apart, as nodes.csv has it: made once where servers are judged one at a time."""
    return Known({machine.name: _planned(machine) for machine in machines})


def _planned(machine: Machine) -> Marks:
    macs = {port.mac for adapter in machine.adapters for port in adapter.ports} | {machine.bmc_mac}
    return Marks(machine.service_tag.upper(), frozenset(macs - {""}))


class MachineCheck(Check):
    """One thing that is judged of servers."""

    abstract: ClassVar[bool] = True
    again: ClassVar[str] = "make the BMC tell it (an inventory is collected when the server starts), then audit again"
    empty: ClassVar[str] = "look at what the BMC answered (--keep): it may be empty"
    domain: ClassVar[Domain]
    cards: ClassVar[bool] = False
    """It is judged of the BMCs on adapters too."""
    of_site: ClassVar[bool] = False
    """Without a site there is nothing to judge by."""

    def meant(self, view: MachineView) -> bool:
        """Tell whether the check is about such a BMC at all, and there is what to judge it by."""
        return (self.cards or not view.card) and (view.look.site or not self.of_site) and self.applies(view)

    def applies(self, view: MachineView) -> bool:  # noqa: ARG002 - the signature is that of all checks
        """Tell whether the plan gives this machine anything of the kind; a check that does not apply says nothing."""
        return True


def missing(
    ledger: Ledger, gaps: Sequence[str], path: str, message: str, *, expected: str = "", actual: str = "",
    evidence: Iterable[str] = (), remedy: str = "",
) -> None:  # fmt: skip
    """Enter that something is not there: wrong, or untold where the BMC did not tell all of the kind."""
    if gaps:
        ledger.untold(path, f"{message}, as far as it tells", evidence=[*gaps[:8], *evidence])
    else:
        ledger.wrong(path, message, expected=expected, actual=actual, evidence=evidence, remedy=remedy)


class ServerCheck(MachineCheck):
    """A check of one server at a time."""

    abstract: ClassVar[bool] = True

    @abstractmethod
    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Enter what is right and wrong of one server; may raise :class:`Untold`."""


class RackCheck(MachineCheck):
    """A check of all servers together; its findings name the server that they are about."""

    abstract: ClassVar[bool] = True

    @abstractmethod
    def judge(self, look: MachineLook, views: Collection[MachineView]) -> Iterator[Ledger]:
        """Yield a ledger for each subject; ``views`` are those that could be asked and that it applies to."""
