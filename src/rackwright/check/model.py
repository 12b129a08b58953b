"""The values that a check works on, and what a rule is.

Rules judge *trees*, never plan types, so that a file a user brings and a file we rendered are
judged alike. What a file cannot say (the cables, the host end of a link, which rail a NIC is on)
comes beside the trees in a :class:`Fabric`; a rule that needs what is not there is *skipped* with
the reason, and a rule over an empty tree is an *error*: no evidence is never a pass (design.md,
decision 11).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rackwright.findings import Finding, Location, Severity, finding
from rackwright.nvue.ranges import Overlap

if TYPE_CHECKING:
    from rackwright.catalog.models import SwitchModel
    from rackwright.check.view import View

__all__ = [
    "Cable",
    "CablingRule",
    "Device",
    "DiffRule",
    "Fabric",
    "FabricRule",
    "FileRule",
    "HostEnd",
    "Kind",
    "Need",
    "Path",
    "Rule",
    "Tree",
]

Tree = dict[str, Any]
"""The inner ``set`` object of an NVUE document, range keys expanded."""

Path = tuple[str, ...]
"""The keys from the root of a tree to a node; in a finding joined by ``.``."""

Kind = Literal["file", "fabric", "cabling", "diff"]
"""What a rule is judged over: one tree, all trees together, the cables, or a pair of trees (in ``diff``)."""

Need = Literal["tree", "interfaces", "model", "peers", "cables", "hosts", "rails", "addresses", "macs", "nos"]
"""Evidence that a rule cannot do without; ``check.run`` turns what is missing into error or skipped."""


@dataclass(frozen=True, eq=False)
class Device:
    """One switch configuration: the expanded tree and where it came from.

    ``model`` is a catalog key (``sn5600``) or None when unknown; ``marks`` maps a path to its
    place in ``file`` (may be empty, for a tree that never was a file); ``raw`` is the tree before
    range expansion, empty when the tree never had ranges.
    """

    name: str
    tree: Tree
    model: str | None = None
    nos: str = "5.12.1"
    file: str = ""
    marks: Mapping[Path, Location] = field(default_factory=dict)
    conflicts: tuple[Overlap, ...] = ()
    raw: Tree = field(default_factory=dict)
    switch: SwitchModel | None = None
    """The catalog row of the model where the site adds one; else the shipped row of ``model`` is taken."""
    problems: tuple[Finding, ...] = ()
    """What reading the text gave (a syntax error, a duplicate key); handed on in the report as it is."""

    def place(self, path: Path) -> Location | None:
        """Give the place of a path in the file: its own mark or that of the nearest node above it."""
        for end in range(len(path), -1, -1):
            mark = self.marks.get(path[:end])
            if mark is not None:
                return mark
        return Location(self.file) if self.file else None


@dataclass(frozen=True, slots=True)
class Cable:
    """One link between two ports; a splitter is one assembly with one Cable an end.

    Speeds are Gb/s of the link, ``lanes`` electrical lanes at each end, ``length_m`` metres;
    None is unknown. ``a_media``/``b_media`` are what sits in each cage (``dac``, ``dr4``, ``dr1``,
    ``sr4``, ``rj45``...), ``part`` the catalog part of the assembly.
    """

    a_device: str
    a_port: str
    b_device: str
    b_port: str
    part: str = ""
    media: str = ""
    length_m: float | None = None
    speed_gbps: float | None = None
    a_lanes: int | None = None
    b_lanes: int | None = None
    a_media: str = ""
    b_media: str = ""
    reach_m: float | None = None
    """How far the part reaches, from the catalog; None when the source does not say."""
    a_connector: str = ""
    """Plug at the end (``osfp``, ``qsfp112``, ``rj45``), from the catalog's row of the part."""
    b_connector: str = ""
    assembly: str = ""
    """Id of the part; the links of one splitter share it."""
    ways: int | None = None
    """How many far ends the part has."""
    optional: bool = False

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Give both ends as (device, port)."""
        return ((self.a_device, self.a_port), (self.b_device, self.b_port))

    @property
    def label(self) -> str:
        """Name the link for a message: ``a:port -- b:port``."""
        return f"{self.a_device}:{self.a_port} -- {self.b_device}:{self.b_port}"


@dataclass(frozen=True, slots=True)
class HostEnd:
    """What is intended at the host end of a link; None is "not said", never a default."""

    device: str
    port: str
    nic: str = ""
    speed_gbps: float | None = None
    lanes: int | None = None
    lane_gbps: tuple[float, ...] = ()
    """Lane rates the NIC port can run (25 NRZ, 50 PAM4, 100 PAM4)."""
    connector: str = ""
    mtu_bytes: int | None = None
    native_vlan: int | None = None
    pxe: bool = False
    bond: str = ""
    rail: int | None = None
    fabric: str = ""
    """Name of the fabric (and plane) that the port belongs to; rails are compared inside one fabric."""
    roce: bool = False
    pfc_priority: int | None = None
    dscp: int | None = None
    addresses: tuple[str, ...] | None = None
    """Addresses of the port itself, or of the bond that it is in; VLANs on top of it are not among them."""


@dataclass(frozen=True)
class Fabric:
    """Everything that one check run looks at.

    ``cables`` is None when no cabling was given (cable rules are then skipped); an empty tuple is a
    cabling without a link, which is an error. ``hosts`` is keyed by (device, port) of the host end.
    ``rails`` maps (fabric, rail) to the leaves that may carry it. ``addresses`` and ``macs`` are the
    management addresses and MACs of everything, as (owner, value) with the owner ``device:port``.
    """

    devices: Mapping[str, Device]
    cables: tuple[Cable, ...] | None = None
    hosts: Mapping[tuple[str, str], HostEnd] = field(default_factory=dict)
    rails: Mapping[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    addresses: tuple[tuple[str, str], ...] | None = None
    macs: tuple[tuple[str, str], ...] | None = None

    @cached_property
    def views(self) -> Mapping[str, View]:
        """Give one View a device, by name, built on first use."""
        # Here and not at the top: View stands on Device, and a value must not need its reader to exist.
        from rackwright.check.view import View

        return {name: View(device) for name, device in sorted(self.devices.items())}

    @cached_property
    def far_ends(self) -> Mapping[tuple[str, str], tuple[str, str, Cable]]:
        """Map each cabled (device, port) to the (device, port, cable) at the other end."""
        out: dict[tuple[str, str], tuple[str, str, Cable]] = {}
        for cable in self.cables or ():
            one, two = cable.ends
            out.setdefault(one, (*two, cable))
            out.setdefault(two, (*one, cable))
        return out

    @cached_property
    def ports_of_adapter(self) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
        """Map each adapter of a host, (device, NIC), to the (device, port) of its ends."""
        out: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for place, end in self.hosts.items():
            out.setdefault((end.device, end.nic), []).append(place)
        return out

    def far_host(self, device: str, port: str) -> HostEnd | None:
        """Give the host end cabled to a switch port, where one is known."""
        far = self.far_ends.get((device, port))
        return self.hosts.get((far[0], far[1])) if far else None


class Rule:
    """One item of the validator list: what it is called, where it comes from, how it is judged.

    A subclass of :class:`FileRule`, :class:`FabricRule`, :class:`CablingRule` or :class:`DiffRule`
    registers itself when its module is imported. It must state every class variable below and a
    docstring whose lines say what passes and what fails; Python refuses the class otherwise.
    """

    registry: ClassVar[dict[str, Rule]] = {}

    id: ClassVar[str]
    """``NVUE-SUBPORT-WITHOUT-BREAKOUT``: stable, upper case, hyphens."""
    item: ClassVar[str]
    """The item that it implements: ``nvue.md 8.9``, or ``cabling`` for what is beyond the 43."""
    title: ClassVar[str]
    severity: ClassVar[Severity]
    remedy: ClassVar[str]
    source: ClassVar[str]
    """The fact it stands on: a release note, a section of nvue.md."""
    kind: ClassVar[Kind]
    needs: ClassVar[tuple[Need, ...]] = ("tree",)

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Refuse an incomplete rule and register a complete one."""
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("abstract", False):
            return
        absent = [
            name for name in ("id", "item", "title", "severity", "remedy", "source", "kind") if not _said(cls, name)
        ]
        if getattr(getattr(cls, "judge", None), "__isabstractmethod__", False):
            absent.append("judge")
        if absent or not (cls.__doc__ or "").strip():
            raise TypeError(
                f"rule {cls.__name__} must state {', '.join(absent) or 'a docstring (what passes, what fails)'}"
            )
        if cls.id in Rule.registry:
            raise TypeError(f"rule id {cls.id} is taken by {type(Rule.registry[cls.id]).__name__}")
        Rule.registry[cls.id] = cls()

    def report(
        self,
        subject: str,
        path: Path | str,
        message: str,
        *,
        expected: str = "",
        actual: str = "",
        evidence: Iterable[str] = (),
        location: Location | None = None,
    ) -> Finding:
        """Build a failed finding of this rule about a subject (a device or ``fabric``)."""
        return finding(
            self.id,
            subject,
            message,
            path=path,
            remedy=self.remedy,
            severity=self.severity,
            expected=expected,
            actual=actual,
            evidence=evidence,
            location=location,
            source=self.source,
        )

    def fail(
        self,
        view: View,
        path: Path,
        message: str,
        *,
        expected: str = "",
        actual: str = "",
        evidence: Iterable[str] = (),
    ) -> Finding:
        """Build a failed finding at a path of one device's tree, with its place in the file."""
        return self.report(
            view.name,
            path,
            message,
            expected=expected,
            actual=actual,
            evidence=evidence,
            location=view.device.place(path),
        )


def _said(cls: type[Rule], name: str) -> bool:
    """Tell whether a rule class states a class variable with something in it."""
    value = getattr(cls, name, "")
    return isinstance(value, str) and bool(value)


class FileRule(Rule):
    """A rule over one tree at a time; it may look at ``fabric`` for host facts, not for other trees."""

    abstract: ClassVar[bool] = True
    kind = "file"

    @abstractmethod
    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Yield one finding for each thing that is wrong in this tree."""


class FabricRule(Rule):
    """A rule over all trees together; its findings are about one device (its path) or the ``fabric``."""

    abstract: ClassVar[bool] = True
    kind = "fabric"
    needs: ClassVar[tuple[Need, ...]] = ("peers",)

    @abstractmethod
    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Yield one finding for each disagreement between devices."""


class CablingRule(Rule):
    """A rule over the cables, with the trees beside them.

    The subject is the device at the end that is wrong; the path is that of the switch port
    (``interface.swp1s0``), or the port itself at a host.
    """

    abstract: ClassVar[bool] = True
    kind = "cabling"
    needs: ClassVar[tuple[Need, ...]] = ("cables",)

    @abstractmethod
    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Yield one finding for each link or port that is wrong."""


class DiffRule(Rule):
    """An item of the list that no single file can show: it lives in ``diff`` and is only registered here."""

    abstract: ClassVar[bool] = True
    kind = "diff"
    needs: ClassVar[tuple[Need, ...]] = ()
