"""Rows about the software of hosts: steps and their order, who owns a driver, adapter profiles, repositories, version facts.

No row holds a version of its own that a release states: a package's version is spelled with ``{version}``, which is that of the
step's component. What is known of one version only says so in ``of``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rackwright.catalog.rows import Row

__all__ = [
    "AdapterProfile",
    "Condition",
    "Driver",
    "DriverProfile",
    "Edge",
    "FactRow",
    "PackageRow",
    "ParameterRow",
    "PinRow",
    "RemovalRow",
    "Repository",
    "SourceRow",
    "StepRow",
    "TuningRow",
]


Condition = Literal["gpu", "nvswitch", "bluefield", "rails", "bcm"]
"""What a host may have: ``bcm``: it joins Base Command Manager with an agent."""
Driver = Literal["ofed", "gpu_driver"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Edge(_Part):
    """A step that goes before another one."""

    step: str
    """Key of a StepRow."""
    needs: Literal["installed", "live"] = "installed"
    """``live``: it has been restarted into force; ``installed``: both may share one restart."""
    law: bool = False
    """The other way round breaks the host: a site may not turn it."""
    reason: str
    source: str


class PackageRow(_Part):
    """A package that a step installs."""

    name: str
    """``{branch}``: the number before the first dot of the component's version; ``{abi}``: of the site's kernel."""
    version: str | None = None
    """Debian version with ``{version}`` and ``{kernel}``; None: no source gives it, the pinned repository decides."""
    of: str | None = None
    """The component's version that this holds for; of another one the repository decides. None: it is a rule for all."""
    source: str


class RemovalRow(_Part):
    """A package that must not be there."""

    name: str
    """Name, or pattern with ``*``."""
    reason: str
    source: str


class PinRow(_Part):
    """A stanza of apt's preferences."""

    packages: tuple[str, ...]
    pin: str
    """``version {version}-*``, ``release l=DOCA-HOST*``."""
    priority: int
    reason: str
    source: str


class StepRow(Row):
    """One step of a host: a role of the playbooks has its name."""

    component: str | None = None
    """Key of the release's component that it brings."""
    rank: int = Field(50, ge=0)
    """Where the graph leaves the order open, the lower goes first."""
    after: tuple[Edge, ...] = ()
    reboot: Literal["none", "fwreset", "warm", "cold"] = "none"
    """What puts it in force; ``fwreset``: the adapter alone, ``cold``: power off and on."""
    reboot_reason: str = ""
    owner: Driver | None = None
    """Driver that it brings: a host has the step where the driver profile gives that driver to the host."""
    when: tuple[Condition, ...] = ()
    """What the host must have."""
    place: Literal["disk", "card", "check"] = "disk"
    """``disk``: it changes the installed system; that of a node which BCM provisions lies in its software image."""
    packages: tuple[PackageRow, ...] = ()
    hold: bool = False
    remove: tuple[RemovalRow, ...] = ()
    pins: tuple[PinRow, ...] = ()


class DriverProfile(Row):
    """Who owns the drivers: exactly one owner each."""

    ofed: Literal["host", "network_operator"]
    gpu_driver: Literal["host", "gpu_operator"]


class ParameterRow(_Part):
    """A parameter of an adapter, as mlxconfig or DMS names it."""

    name: str
    """``{port}`` stands for the port's number; ``[id=0..7]`` for one of each."""
    value: str
    """``{cnp_dscp}`` and the like stand for the switches' numbers."""
    reason: str = ""
    source: str


class AdapterProfile(Row):
    """Settings of BlueField adapters for one release of the congestion control."""

    doca: str | None = None
    """Version of the component ``doca-host`` that it is published for; None: any."""
    on: Literal["all", "marked", "rails"]
    """Which adapters: every one, those whose switches carry RoCE without loss, or those on a rail among them."""
    rank: int = 50
    """Of two profiles that name one parameter the higher counts."""
    nvconfig: tuple[ParameterRow, ...] = ()
    runtime: tuple[ParameterRow, ...] = ()
    gap_routed: int = 0
    """Inter-packet gap where no tunnel is put around packets; 0: left as it is."""
    gap_tunnelled: int = 0
    """The same where they go through VXLAN with routing (EVPN)."""
    congestion_service: bool = False
    """The congestion control runs as a service of the host."""


class TuningRow(Row):
    """Settings of the operating system and of the PCIe tree."""

    when: tuple[Condition, ...] = ()
    sysctl: tuple[ParameterRow, ...] = ()
    """``{rail}`` in a name stands for each interface on a rail."""
    cmdline: tuple[ParameterRow, ...] = ()
    """Words of the kernel's command line; a value may be empty."""
    environment: tuple[ParameterRow, ...] = ()
    """Variables of every login."""
    acs: bool | None = None
    """Access control services of the PCIe switches."""
    max_read_request_bytes: int | None = None


class Repository(Row):
    """A repository of packages as its vendor serves it."""

    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...] = ()
    key_address: str = ""
    """Address of its public key; empty: the distribution's own keyring."""
    rank: int = 50
    """Order in which they are listed."""
    when: tuple[Condition, ...] = ()
    owner: Driver | None = None
    """Needed where the host owns this driver."""


class SourceRow(_Part):
    """A command that tells a fact."""

    command: tuple[str, ...]
    """Arguments; ``{device}`` and ``{interface}`` stand for each adapter's."""


class FactRow(Row):
    """One version fact of a host: where it is read, how it is compared."""

    component: str
    """Key of the release's component."""
    commands: tuple[SourceRow, ...]
    """The first that answers is taken; the others are for hosts without its tool."""
    parser: str
    """Function of :mod:`rackwright.audit.hosts.parsers`."""
    compare: Literal["equal", "series", "prefix", "any-of"]
    """``equal``: the same version in any of its spellings; ``series``: the same up to its last stated number;
    ``prefix``: the text begins with it; ``any-of``: one of the printed ones is it."""
    shows: str
    """What the tool prints for the validated version."""
    of: str | None = None
    """The component's version that ``shows`` is printed for."""
    when: tuple[Condition, ...] = ()
    owner: Driver | None = None
    step: str
    """The step that puts it right."""
