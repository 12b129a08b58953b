"""What installs a host: its boot disk, its way in while it is installed, its administrator, its packages.

``installs(...)`` gives one frozen value for every server that Rackwright installs, in the order of the plan; how that is said to
Ubuntu's installer is :mod:`rackwright.render.hosts.autoinstall`'s affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rackwright.catalog.models import Catalog
from rackwright.intent import Loaded
from rackwright.intent.models import Site
from rackwright.plan.model import Device, HostBond, HostInterface, HostNetwork, Plan
from rackwright.plan.switch_model import Value

__all__ = ["Archive", "BootDisk", "Install", "installs", "installs_of", "lacking", "way_in"]

DISKS: Final[Mapping[str, str]] = {"BOSS-N1": "Dell BOSS-N1*"}
"""First word of a model's ``boot_device`` -> how the disk names its model to Linux; the mirror of both drives is one NVMe disk
(host-stack.md 1, Storage: printed so in NVIDIA infra-controller's SKU pages; ``Dell BOSS-N1 Modular`` in sleds)."""

UBUNTU: Final = "http://archive.ubuntu.com/ubuntu"


class BootDisk(Value, frozen=True):
    """The disk that the operating system goes on, by what it is; never by a device name."""

    model: str = ""
    """Pattern of its model; empty: the catalog does not know the machine's boot device."""
    serial: str = ""
    """Its serial number, where it is known; looked for beside the model."""


class Archive(Value, frozen=True):
    """Where the installer takes packages from that its medium lacks."""

    uri: str = ""
    """Ubuntu archive; empty: none can be reached, and the medium must do."""
    proxy: str = ""
    own: bool = False
    """It is the site's mirror, so that security updates come from it too."""


class Install(Value, frozen=True, kw_only=True):
    """Everything that the unattended installation of one host is told."""

    name: str
    domain: str = ""
    service_tag: str = ""
    group: str = ""
    user: str = "rackwright"
    keys: tuple[str, ...] = ()
    """Public keys, each a line of ``authorized_keys``."""
    timezone: str = "Etc/UTC"
    disk: BootDisk = BootDisk()
    network: HostNetwork = HostNetwork("")
    """The network that the host has afterwards."""
    entrance: HostNetwork = HostNetwork("")
    """What of it is up while it is installed."""
    series: str = "6.8"
    """Kernel series that stays."""
    kernel: str = "linux-generic"
    """Package of the kernel; the archive's newest of the GA series unless the site names one."""
    archive: Archive = Archive()
    lacks: tuple[str, ...] = ()
    """What must be known before this host may be installed, each a sentence."""


def installs(plan: Plan, site: Site, catalog: Catalog, keys: Sequence[tuple[str, str, str]]) -> tuple[Install, ...]:
    """Return what installs each server; nothing where Base Command Manager provisions them.

    ``keys`` are the public keys of ``access.ssh_keys`` as (name, type, key).
    """
    if site.hosts.installer != "rackwright":
        return ()
    networks = {host.name: host for host in plan.hosts}
    known = _named_ports(plan)
    lines = tuple(f"{kind} {key} {name}" for name, kind, key in keys)
    found = []
    for device in plan.devices:
        if device.role != "server":
            continue
        network = networks.get(device.name, HostNetwork(device.name))
        disk = _disk(catalog, device)
        entrance = way_in(network)
        lacks = tuple(_lacks(device, disk, entrance, network, known.get(device.name, frozenset()), lines))
        found.append(
            Install(
                name=device.name,
                domain=site.site.domain,
                service_tag=device.serial,
                group=device.group,
                user=site.hosts.user,
                keys=lines,
                timezone=site.site.timezone,
                disk=disk,
                network=network,
                entrance=entrance,
                kernel=_kernel(site.hosts.kernel),
                archive=_archive(site),
                lacks=lacks,
            )
        )
    return tuple(found)


def installs_of(plan: Plan, loaded: Loaded | None) -> tuple[Install, ...]:
    """Return :func:`installs` of a site as it was read; none where it is not known."""
    return installs(plan, loaded.site, loaded.catalog, loaded.keys) if loaded and loaded.site else ()


def lacking(
    plan: Plan, site: Site, catalog: Catalog, keys: Sequence[tuple[str, str, str]]
) -> dict[str, tuple[str, ...]]:
    """Return why servers may not be installed by us, each a sentence; those of which everything is known are left out."""
    known = {one.name: one.lacks for one in installs(plan, site, catalog, keys)}
    others = (f"hosts.installer of the site is {site.hosts.installer}, which provisions it",)
    servers = [device.name for device in plan.devices if device.role == "server"]
    return {name: why for name in servers if (why := known.get(name, others))}


def way_in(host: HostNetwork) -> HostNetwork:
    """Return what of a host's network is up while it is installed: the carrier of the default route and out-of-band ports.

    Rails and tagged VLANs come with the first boot: a fault in them must not cost the installation its way home.
    """
    bonds = tuple(bond for bond in host.bonds if bond.gateway)[:1]
    members = {name for bond in bonds for name in bond.members}
    routed = next((port.name for port in host.interfaces if port.gateway and not port.table), "")
    kept = [
        port for port in host.interfaces
        if port.name in members or (_plain(port) and (not bonds or not port.gateway)) or (not bonds and port.name == routed)
    ]  # fmt: skip
    return HostNetwork(host.name, tuple(kept), bonds, host.nameservers, host.domain)


def _plain(port: HostInterface) -> bool:
    """Say whether a port has an address of its own and carries no GPU traffic: a port out of band."""
    return bool(port.address) and not (port.rail or port.table or port.vlan or port.bond)


def _named_ports(plan: Plan) -> dict[str, frozenset[str]]:
    """Return, by host, the ports whose operating system name is the site's own."""
    found: dict[str, set[str]] = {}
    for link in plan.links:
        if link.b.interface:
            found.setdefault(link.b.device, set()).add(link.b.port)
    return {name: frozenset(ports) for name, ports in found.items()}


def _lacks(
    device: Device,
    disk: BootDisk,
    entrance: HostNetwork,
    network: HostNetwork,
    named: frozenset[str],
    keys: Sequence[str],
) -> Iterator[str]:
    if not disk.model:
        yield f"the catalog does not say how the boot disk of a {device.model} names itself"
    if not device.serial:
        yield "nodes.csv has no service tag, by which the machine finds its seed"
    if not keys:
        yield "access.ssh_keys names no key, so that nobody could log in"
    if not _reachable(entrance.interfaces, entrance.bonds):
        yield "the plan gives it no address outside the rails, so that nobody could reach it"
    blind = [port.name for port in _ports(network) if not port.mac and port.port not in named]
    if blind:
        yield f"nodes.csv has no MAC address for {', '.join(blind)}, so that the names would fit no port"


def _ports(network: HostNetwork) -> Iterable[HostInterface]:
    return (port for port in network.interfaces if not port.vlan)


def _reachable(ports: Sequence[HostInterface], bonds: Sequence[HostBond]) -> bool:
    return any(port.address for port in ports) or any(bond.address for bond in bonds)


def _disk(catalog: Catalog, device: Device) -> BootDisk:
    model = catalog.servers.get(device.model)
    word = model.boot_device.partition(",")[0].strip() if model else ""
    return BootDisk(DISKS.get(word, ""))


def _kernel(version: str | None) -> str:
    """Return the package of a kernel: ``6.8.0-57.59`` has the ABI ``6.8.0-57`` (Ubuntu's kernel packages)."""
    if not version:
        return "linux-generic"
    base, _, upload = version.partition("-")
    return f"linux-image-{base}-{upload.partition('.')[0]}-generic"


def _archive(site: Site) -> Archive:
    """Return the Ubuntu archive: the vendor's, the mirror's own named ``ubuntu``, or none (a folder on the host is not there yet)."""
    mirror, proxy = site.hosts.mirror, site.hosts.proxy or ""
    if mirror.kind == "upstream":
        return Archive(UBUNTU, proxy)
    source = mirror.sources.get("ubuntu")
    if mirror.kind == "file" or source is None:
        return Archive("", proxy)
    base = (mirror.uri or "").rstrip("/")
    uri = source.uri if "://" in source.uri else f"{base}/{source.uri.lstrip('/')}"
    return Archive(uri, proxy, own=True)
