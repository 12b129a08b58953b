"""What a host's software stack is, as frozen values: the steps in order, and everything a step is told.

One :class:`HostStack` a host. A step is a role of the playbooks; a stage is what stands between two restarts.
"""

from __future__ import annotations

from typing import Literal

from rackwright.plan.switch_model import Value

__all__ = [
    "Adapter",
    "AptPin",
    "AptSource",
    "Bcm",
    "Bluefield",
    "Expectation",
    "Gpu",
    "HostStack",
    "Kernel",
    "Marking",
    "Mirror",
    "Ofed",
    "Package",
    "Pcie",
    "Reason",
    "Reboot",
    "Setting",
    "Stage",
    "Step",
]

Reboot = Literal["none", "fwreset", "warm", "cold"]
"""``fwreset``: the adapter alone (mlxfwreset); ``warm``: the operating system; ``cold``: power off and on."""


class Reason(Value, frozen=True):
    """Why one step stands behind another."""

    after: str
    """The step that goes first."""
    needs: Literal["installed", "live"]
    """``live``: it has been restarted into force; ``installed``: both may share one restart."""
    reason: str
    source: str


class Package(Value, frozen=True):
    """One package of a step."""

    name: str
    version: str = ""
    """Debian version; empty: no source gives it, and the pinned repository decides."""
    source: str = ""

    @property
    def word(self) -> str:
        """Return ``name=version`` as apt takes it, or the bare name."""
        return f"{self.name}={self.version}" if self.version else self.name


class AptPin(Value, frozen=True):
    """One stanza of apt's preferences."""

    packages: tuple[str, ...]
    """Names, or patterns with ``*``."""
    pin: str
    """``version 570.133.20-*``, ``release l=DOCA-HOST*``."""
    priority: int
    reason: str = ""


class Step(Value, frozen=True, kw_only=True):
    """One step of one host; its name is the role's."""

    name: str
    title: str
    reasons: tuple[Reason, ...] = ()
    """One for every edge of the graph that ends here, of those steps that this host has."""
    reboot: Reboot = "none"
    """What puts it in force."""
    reboot_reason: str = ""
    packages: tuple[Package, ...] = ()
    hold: bool = False
    """Its packages are held."""
    remove: tuple[str, ...] = ()
    """Packages (or patterns) that must not be there."""
    component: str = ""
    """Key of the release's component that it brings; empty: none."""
    version: str = ""
    """Of that component; empty: unpinned."""


class Stage(Value, frozen=True):
    """Steps that share one restart, which comes behind them."""

    steps: tuple[str, ...]
    reboot: Reboot
    why: tuple[str, ...] = ()
    """``step: reason`` of each step that asks for the restart."""


class Setting(Value, frozen=True):
    """One name and value, with the place that says so."""

    name: str
    value: str
    source: str = ""


class AptSource(Value, frozen=True):
    """One repository as apt reads it."""

    name: str
    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...] = ()
    signed_by: str = ""
    """The public key, ASCII armoured; empty: the distribution's own keyring."""


class Mirror(Value, frozen=True):
    """Where packages come from."""

    kind: Literal["upstream", "http", "file"]
    sources: tuple[AptSource, ...] = ()
    proxy: str = ""
    exclusive: bool = False
    """Every other source of the host is put aside: nothing but the mirror can be reached."""


class Kernel(Value, frozen=True):
    """The kernel that everything is built against."""

    series: str
    """``6.8``: the GA kernel."""
    flavour: str = "generic"
    release: str = ""
    """As ``uname -r`` prints it; empty: the newest of the series that the mirror has."""
    cmdline: tuple[str, ...] = ()
    """Words added to the kernel's command line."""


class Ofed(Value, frozen=True):
    """The network driver on the host."""

    owner: str
    """``host`` or ``network_operator``."""
    doca: str = ""
    version: str = ""
    """Of the release's component, e.g. 25.1.0."""
    info: str = ""
    """What ``ofed_info -s`` prints; empty: no source gives it."""
    modules: tuple[str, ...] = ()
    """DKMS modules that must be built."""


class Adapter(Value, frozen=True, kw_only=True):
    """One BlueField adapter of a host."""

    name: str
    """Word of the plan: ``b3140h-3``."""
    nic: str
    macs: tuple[str, ...] = ()
    """MAC of each port, lower case; empty text: nodes.csv does not tell it."""
    interfaces: tuple[str, ...] = ()
    """Name of each port in the operating system; empty text: not cabled."""
    rail: int = 0
    slot: int = 0
    """PCIe slot; 0: no source gives it."""
    mode: Literal["nic", "dpu"] = "nic"
    parts: tuple[str, ...] = ()
    """Ordering numbers (OPN) that the adapter may have."""
    psid: str = ""
    """Board id, from the site; empty: read from the adapter."""
    nvconfig: tuple[Setting, ...] = ()
    """mlxconfig parameters, live after a restart of the adapter."""
    marked: bool = False
    """Trust, PFC and the marking of RoCE are set on its ports: the switches of its fabric are lossless."""
    tuned: bool = False
    """The runtime settings and the congestion control of the profile are for it: it is on a rail."""


class Marking(Value, frozen=True):
    """How RoCE is marked, as the switches have it."""

    dscp: int
    priority: int
    cnp_dscp: int
    cnp_priority: int
    trust: str = "dscp"
    lossless: bool = True

    @property
    def pfc(self) -> str:
        """Return PFC by priority as ``mlnx_qos --pfc`` takes it."""
        return ",".join("1" if self.lossless and at == self.priority else "0" for at in range(8))

    @property
    def tos(self) -> int:
        """Return the traffic class byte of the DSCP."""
        return self.dscp << 2


class Bluefield(Value, frozen=True, kw_only=True):
    """The BlueField adapters of a host and what they are set to."""

    adapters: tuple[Adapter, ...] = ()
    firmware: str = ""
    equal: tuple[str, ...] = ()
    """Other spellings of the firmware's version."""
    image: str = ""
    """Folder or file with firmware on the controller; empty: the images that DOCA brings."""
    runtime: tuple[Setting, ...] = ()
    """Settings by DMS path, to be made at every boot on every tuned adapter."""
    marking: Marking | None = None
    gap: int = 0
    """Inter-packet gap; 0: left as it is."""
    congestion_service: bool = False
    """``doca_spcx_cc`` runs for every rail."""


class Gpu(Value, frozen=True, kw_only=True):
    """The GPUs of a host and who drives them."""

    owner: str = ""
    """``host`` or ``gpu_operator``; empty: no GPU."""
    model: str = ""
    count: int = 0
    driver: str = ""
    fabric_manager: bool = False
    mig: str = "none"


class Pcie(Value, frozen=True):
    """Settings of the PCIe tree."""

    acs: bool = False
    max_read_request_bytes: int = 4096
    relaxed_ordering: bool = True
    devices: tuple[str, ...] = ()
    """``VENDOR:DEVICE`` in lower hex of the adapters that the read request size is set on."""


class Bcm(Value, frozen=True, kw_only=True):
    """How a host joins Base Command Manager."""

    heads: tuple[str, ...] = ()
    """Addresses of the head nodes, the one that a host speaks to first: that which a pair shares, or the primary's own."""
    port: int = 8081
    version: str = ""
    package: str = ""
    """cm-lite-daemon.zip beside the site file, from the customer's head node."""
    wheels: str = ""
    """Folder beside the site file with what it needs; empty: the hosts reach a package index."""
    category: str = ""
    bootstrap_cert: str = ""
    """Name of a secret."""
    bootstrap_key: str = ""
    """Name of a secret."""
    ca: str = ""
    """Name of a secret."""


class Expectation(Value, frozen=True):
    """One fact of the host that must hold: a row of the matrix of version facts."""

    fact: str
    component: str
    command: tuple[str, ...]
    parser: str
    compare: str
    expected: str
    """Empty: no validated version."""
    equal: tuple[str, ...] = ()


class HostStack(Value, frozen=True, kw_only=True):
    """The stack of one host: steps in order, restarts, and what each role is told."""

    name: str
    role: str
    """``server``."""
    roles: tuple[str, ...] = ()
    """Roles of the site file."""
    group: str = ""
    model: str = ""
    service_tag: str = ""
    release: str = ""
    profile: str = "host"
    installer: str = "rackwright"
    user: str = "rackwright"
    timezone: str = "Etc/UTC"
    ntp: tuple[str, ...] = ()
    domain: str = ""
    steps: tuple[Step, ...] = ()
    stages: tuple[Stage, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    """(step, why this host does not have it)."""
    pins: tuple[AptPin, ...] = ()
    mirror: Mirror = Mirror("upstream")
    kernel: Kernel = Kernel("")
    ofed: Ofed = Ofed("")
    bluefield: Bluefield = Bluefield()
    gpu: Gpu = Gpu()
    sysctl: tuple[Setting, ...] = ()
    pcie: Pcie = Pcie()
    environment: tuple[Setting, ...] = ()
    """Variables for every login, e.g. of NCCL."""
    bcm: Bcm | None = None
    pair: tuple[str, ...] = ()
    """Of a head node that another one stands in for: the names of both."""
    expected: tuple[Expectation, ...] = ()
