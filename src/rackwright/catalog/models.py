"""Frozen rows of the catalog: what a model of hardware, a cable or a release *is*.

Every number that a source gives carries it in ``source``; what no source gives is ``None`` and is
reported as unknown, never guessed.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rackwright.catalog.firmware import ActivationModel, BiosProfile, FirmwareKind
from rackwright.catalog.phrases import BondName, Description, Mac, Named
from rackwright.catalog.rows import Row
from rackwright.catalog.stack import AdapterProfile, DriverProfile, FactRow, Repository, StepRow, TuningRow
from rackwright.catalog.thresholds import ThresholdRow

__all__ = [
    "Breakout",
    "CableModel",
    "Catalog",
    "Component",
    "Conventions",
    "GpuModel",
    "NicModel",
    "NicSlot",
    "PduModel",
    "Physical",
    "PortGroup",
    "RackModel",
    "Release",
    "Row",
    "ServerModel",
    "SwitchModel",
]


class Physical(Row):
    """A thing that stands in a rack."""

    height_u: int | None = None
    power_w: int | None = None
    """Greatest power draw in watts; ``None`` when no source gives it."""
    weight_kg: float | None = None
    depth_mm: int | None = None
    power_supplies: int | None = None


class Breakout(BaseModel):
    """One way to split a cage."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    mode: str
    """NVUE's key: ``1x``, ``2x``, ``4x``, ``8x``."""
    lanes_per_port: int
    other_lanes: tuple[int, ...] = ()
    """Other values that NVUE's ``lanes-per-port`` takes in this mode (nvue.md 3.2: 4x with one lane)."""
    port_gbps: int
    """Greatest speed of a sub-port in Gb/s."""
    cages: Literal["all", "odd", "even"] = "all"
    disables_next: bool = False
    """The neighbouring cage (number + 1) must be disabled."""

    @property
    def ways(self) -> int:
        """Ports that a cage splits into."""
        return int(self.mode.removesuffix("x"))

    def cages_for(self, ports: int) -> int:
        """Return the cages that a run of ports takes, with those that must be disabled."""
        return -(-ports // self.ways) * (2 if self.disables_next else 1)


class PortGroup(BaseModel):
    """A run of equal cages of a switch."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    ports: str
    """NVUE range, e.g. ``swp1-64``."""
    connector: str
    """``osfp``, ``qsfp28``, ``sfp28``, ``rj45``."""
    lanes: int
    lane_gbps: int
    speeds_gbps: tuple[int, ...]
    """Speeds of the unsplit cage in Gb/s."""
    modulation: Literal["pam4", "nrz", "base-t"]
    breakouts: tuple[Breakout, ...] = ()


class SwitchModel(Physical):
    """A switch: its cages, what they split into, its ASIC."""

    asic: str
    """``spectrum1`` or ``spectrum4``: what features there are hangs on it."""
    port_groups: tuple[PortGroup, ...]
    max_logical_ports: int
    management_port: str = "eth0"
    features: frozenset[str] = frozenset()
    """``adaptive-routing``, ``roce``, ``wjh``, ``vxlan``, ``evpn-multihoming``."""


class NicModel(Row):
    """A network adapter."""

    ports: int
    connector: str
    speeds_gbps: tuple[int, ...]
    """Speeds of one port in Gb/s, greatest first."""
    lanes: int
    """Lanes of the switch's cage that one port takes at its greatest speed."""
    lane_gbps: int
    has_dpu_bmc: bool = False
    kind: Literal["supernic", "dpu", "nic", "lom"]
    power_w: int | None = None
    parts: tuple[str, ...] = ()
    """Ordering numbers under which an inventory may show it."""
    pci: str | None = None
    """``VENDOR:DEVICE`` in upper hex; models that share it are told apart by their parts."""


class NicSlot(BaseModel):
    """Adapters of one model in a server; lists run in rail or port order."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    nic: str
    """Key of a NicModel."""
    count: int = 1
    slots: tuple[int | None, ...] = ()
    """PCIe slot of each adapter; ``None`` where no source gives it."""
    interfaces: tuple[str, ...] = ()
    """Names of the ports in the operating system, adapter by adapter; made up by rule when empty."""


class ServerModel(Physical):
    """A server or a storage node."""

    kind: Literal["server", "storage"] = "server"
    gpus: tuple[str, ...] = ()
    """Keys of the GPU models it can hold."""
    gpu_count: int = 0
    nvswitch: bool = False
    """Its GPUs are joined by NVSwitches, which a Fabric Manager of the driver's own version must serve."""
    nics: tuple[NicSlot, ...] = ()
    bmc_port: str = "bmc"
    bmc_gbps: int = 1
    boot_device: str = ""
    boot_mirror: bool = False
    """The boot device is a mirror of two drives."""
    memory_gb: int | None = None
    """What the guide fits, in GB."""
    slots_total: int | None = None
    cluster_nodes: tuple[int, int] | None = None
    """Fewest and most nodes of one cluster; ``None``: no rule."""

    def memory_above_gb(self, gpu: GpuModel) -> float:
        """Return what host memory must exceed: 1.5 times the memory of all its GPUs (design guide 1.3, servers)."""
        return 1.5 * gpu.memory_gb * self.gpu_count


class GpuModel(Row):
    """A GPU model."""

    memory_gb: int
    form: Literal["sxm", "pcie"]
    power_w: int | None = None


class RackModel(Row):
    """A rack."""

    height_u: int
    max_weight_kg: float | None = None


class PduModel(Row):
    """A power distribution unit."""

    power_w: int
    """Rated output in watts."""
    outlets: int | None = None
    phases: int | None = None


class CableModel(Row):
    """A cable, or an optical link made of transceivers and a fibre; a splitter is one part."""

    media: str
    """The word of site.yaml: ``dac``, ``aoc``, ``sr4``, ``dr4``, ``dr1``, ``cat6``."""
    a_connector: str
    b_connector: str
    ways: int = 1
    """How many B ends it has."""
    way_gbps: int
    """Speed of one B end in Gb/s."""
    way_lanes: int
    """Lanes of one B end; a straight OSFP to OSFP cable (8) carries ``8 / lanes of a link`` links."""
    lane_gbps: int
    lengths_m: tuple[float, ...]
    """Lengths that can be ordered, in metres."""
    a_optic: str | None = None
    """Transceiver at the A end; ``None`` for copper."""
    b_optic: str | None = None
    fibre: str | None = None
    part: str | None = None
    """Ordering number; ``None`` when no source gives it."""
    a_sides: int = 1
    """2: the part takes one side (A or B) of a twin-port OSFP; 1: it takes the whole connector."""


class Component(BaseModel):
    """One row of a release."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    key: str
    name: str
    applies_to: tuple[str, ...]
    version: str | None
    """``None``: not pinned; an audit says "no validated version"."""
    equal: tuple[str, ...] = ()
    """Other spellings of the same version."""
    after: tuple[str, ...] = ()
    """Components that must stand before this one."""
    reason: str = ""
    """Why the order is so."""
    source: str
    note: str = ""


class Release(Row):
    """A named set of validated versions and their order."""

    nos: str
    """Cumulus Linux version of the switches."""
    components: tuple[Component, ...]
    extends: str | None = None


class Conventions(Row):
    """A house style: names, formulas and defaults of a family of designs; data, like a model."""

    bond_name: BondName = "bond{cage}s{sub}"
    """``{cage}``, ``{sub}`` of the first member; ``{peer}`` and ``{number}``, which of its bonds on the switch it is."""
    vni_offset: int = Field(10000, ge=0, le=16777215)
    """VNI of a VLAN = VLAN + offset (nvue.md 7b uses 10000, NVIDIA's exports 4000)."""
    l3vni_first: int = Field(50001, ge=1, le=16777215)
    l3vlan_first: int = Field(3001, ge=1, le=4094)
    es_mac: Mac = "44:38:39:ff:00:01"
    """ESI system MAC shared by all multihomed bonds (range of nvue.md 3.4)."""
    es_id: Literal["cage-sub"] = "cage-sub"
    """``cage-sub``: cage x 10 + sub-port."""
    df_preference: bool = True
    anycast_mac: Mac | None = None
    """MAC of the anycast gateways on leaves; the NOS's own when absent."""
    management: Literal["static", "dhcp"] = "static"
    leaf_addresses: Literal["top", "after-gateway"] = "top"
    """Where the leaves' own addresses of a VLAN lie: at the top of the subnet, or as .2, .3 behind the gateway."""
    lacp_rate: Literal["fast", "slow"] | None = "fast"
    bond_mtu: bool = True
    bond_stp_edge: bool = True
    subport_admin: Literal["up", "none"] = "up"
    cage_admin: Literal["state", "none"] = "none"
    """``state``: a cage in use is up, one only laid out is down; ``none``: not written."""
    unused_cages: Literal["down", "absent"] = "down"
    reserved_ports: Literal["down", "configured"] = "down"
    """Ports laid out for growth: down and bare, or configured as if in use behind a cage that is down."""
    bond_mode: str = "lacp"
    """Written when not empty; NVUE's own default is LACP."""
    oob_bond_name: str = "uplink"
    oob_bridge_type: str = "vlan-aware"
    external_group: Named = "{name}"
    """Peer group of an external entry."""
    update_source: bool = False
    """Write ``update-source`` on unnumbered neighbours."""
    connected_open: bool = False
    """Redistribute every connected prefix into the underlay, and leave ipv4-unicast to its default."""
    arp_suppress: bool = True
    histograms: bool = False
    """Collect buffer and packet histograms on every sub-port."""
    policy_names: dict[str, Named] = Field(default_factory=dict)
    """Names of the derived policy objects: ``outbound`` and ``summary`` of an external entry ({name})."""
    policy_extras: bool = False
    """Also write the policy objects that nothing refers to (VTEP and own-loopback lists, the external group in
    the default VRF), as NVIDIA's exports do."""
    svi_mtu_bytes: int = 9216
    describe: dict[str, Description] = Field(default_factory=dict)
    """Description by role of port; ``{peer}``, ``{peer_port}``, ``{rail}`` are filled in."""
    roce_pools: dict[str, int] | None = None
    """Percent of memory by traffic pool; ``None``: the switch's own default."""
    adaptive_routing: bool = True
    pfc_watchdog: Literal["host", "all", "none"] = "host"
    ecmp_paths: int | None = None
    vrf_table_auto: bool = True
    vrf_loopback_127: bool = True
    """Add 127/8 to VRF loopbacks (release note 4360636)."""
    system: dict[str, Any] = Field(default_factory=dict)
    """Neutral settings of the system section by switch role: timezone, histograms, wjh, ..."""


class Catalog(BaseModel):
    """Every row by its key; a site's own files add to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    switches: dict[str, SwitchModel] = Field(default_factory=dict)
    servers: dict[str, ServerModel] = Field(default_factory=dict)
    nics: dict[str, NicModel] = Field(default_factory=dict)
    gpus: dict[str, GpuModel] = Field(default_factory=dict)
    racks: dict[str, RackModel] = Field(default_factory=dict)
    pdus: dict[str, PduModel] = Field(default_factory=dict)
    cables: dict[str, CableModel] = Field(default_factory=dict)
    releases: dict[str, Release] = Field(default_factory=dict)
    conventions: dict[str, Conventions] = Field(default_factory=dict)
    activations: dict[str, ActivationModel] = Field(default_factory=dict)
    firmware: dict[str, FirmwareKind] = Field(default_factory=dict)
    bios: dict[str, BiosProfile] = Field(default_factory=dict)
    steps: dict[str, StepRow] = Field(default_factory=dict)
    drivers: dict[str, DriverProfile] = Field(default_factory=dict)
    adapter_profiles: dict[str, AdapterProfile] = Field(default_factory=dict)
    tunings: dict[str, TuningRow] = Field(default_factory=dict)
    repositories: dict[str, Repository] = Field(default_factory=dict)
    facts: dict[str, FactRow] = Field(default_factory=dict)
    thresholds: dict[str, ThresholdRow] = Field(default_factory=dict)
