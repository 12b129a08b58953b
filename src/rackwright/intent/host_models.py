"""What the operator writes below ``hosts`` in ``site.yaml``: the software of the machines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rackwright.intent.section import Intent, Key, Reference

__all__ = [
    "BcmAgent",
    "BcmPair",
    "BluefieldIntent",
    "GpuOperator",
    "HostMirror",
    "Hosts",
    "MirrorSource",
    "NetworkOperator",
    "Operators",
]


class MirrorSource(Intent):
    """One repository of a mirror."""

    uri: Key
    """Address, or a path below ``hosts.mirror.uri``."""
    suites: tuple[str, ...] = ("./",)
    """Suites, or ``./`` for a flat repository."""
    components: tuple[str, ...] = ()
    """Components of the suites; none for a flat repository."""
    key: str | None = None
    """Public key beside this file, ASCII armoured; that of the mirror when absent."""


class HostMirror(Intent):
    """Where hosts take their packages from."""

    kind: Literal["upstream", "http", "file"] = "upstream"
    """``upstream``: the vendors' own addresses; ``http``: a mirror; ``file``: a folder on each host, for air-gapped sites."""
    uri: str | None = None
    """Address of the mirror, or the folder on the host."""
    key: str | None = None
    """Public key beside this file that the mirror signs with, ASCII armoured."""
    sources: dict[Key, MirrorSource] = Field(default_factory=dict)
    """Repositories of the mirror by name; one flat repository at ``uri`` when none are given."""


class BluefieldIntent(Intent):
    """BlueField adapters where they differ from the usual."""

    modes: dict[Key, Literal["nic", "dpu"]] = Field(default_factory=dict)
    """Mode by NIC model; NIC mode when absent."""
    psids: dict[Key, Key] = Field(default_factory=dict)
    """Board id by NIC model: an adapter with another one is refused before it is flashed."""
    image: str | None = None
    """Folder or file beside this file with firmware for adapters."""


class GpuOperator(Intent):
    """What the GPU Operator of the cluster will be told, as far as hosts must agree with it."""

    driver: bool | None = None
    """It installs the GPU driver; as the driver profile has it when absent."""
    driver_version: str | None = None
    """``driver.version``; the release's when absent."""
    nfd: bool | None = None
    """It brings Node Feature Discovery; yes when absent."""
    mig: Literal["none", "single", "mixed"] = "none"
    """MIG strategy."""


class NetworkOperator(Intent):
    """What the Network Operator of the cluster will be told, as far as hosts must agree with it."""

    ofed: bool | None = None
    """It installs OFED; as the driver profile has it when absent."""
    nfd: bool | None = None
    """It brings Node Feature Discovery; no when absent."""


class Operators(Intent):
    """The operators of the cluster."""

    gpu: GpuOperator = GpuOperator()
    network: NetworkOperator = NetworkOperator()


class BcmPair(Intent):
    """Two head nodes of Base Command Manager, of which one is active."""

    address: Key
    """In-band address that the active one has; hosts speak to it alone."""
    external: str | None = None
    """Address of the active one in the network of your users."""
    failover: str | None = None
    """Subnet of the cable between the two, e.g. ``10.50.0.0/30``: the heartbeat."""


class BcmAgent(Intent):
    """Base Command Manager: its head nodes, and how hosts join it."""

    package: str | None = None
    """cm-lite-daemon.zip of your head node, beside this file; hosts get no agent when absent."""
    wheels: str | None = None
    """Folder beside this file with the Python packages that the agent needs, for hosts that reach no package index."""
    port: int = Field(8081, ge=1, le=65535)
    """Port of the head node."""
    category: str | None = None
    """Category of the nodes in BCM; the group's name when absent."""
    bootstrap_cert: Reference = "secret:bcm_bootstrap_cert"
    """Certificate that nodes register with."""
    bootstrap_key: Reference = "secret:bcm_bootstrap_key"
    """Its key."""
    ca: Reference = "secret:bcm_ca"
    """Certificate of the head node's authority."""
    network: Key = "internalnet"
    """Name in BCM of the network that nodes boot from."""
    images: dict[Key, Key] = Field(default_factory=dict)
    """Software image in BCM by group, for hosts that it provisions; ``GROUP-image`` when absent."""
    pair: BcmPair | None = None
    """Two head nodes that stand in for each other; one alone when absent."""


class Hosts(Intent):
    """What runs on the hosts."""

    os: str = "ubuntu-24.04"
    """Operating system, a component of the release."""
    driver_profile: Literal["host", "hybrid", "operator"] = "host"
    """Who installs OFED and the GPU driver."""
    installer: Literal["rackwright", "bcm"] = "rackwright"
    """Who installs the operating system."""
    user: Key = "rackwright"
    """Administrator of the hosts, who logs in with ``access.ssh_keys``."""
    kernel: str | None = None
    """Debian version of the kernel, e.g. ``6.8.0-57.59``; the newest of the release's series when absent."""
    mirror: HostMirror = HostMirror()
    proxy: str | None = None
    """Proxy for packages, e.g. ``http://10.20.0.5:3128``."""
    packages: dict[Key, Key] = Field(default_factory=dict)
    """Debian version by package, where the site fixes or changes one of a step."""
    bluefield: BluefieldIntent = BluefieldIntent()
    operators: Operators = Operators()
    bcm: BcmAgent = BcmAgent()
