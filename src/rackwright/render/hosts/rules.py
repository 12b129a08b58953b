"""What the parts of an autoinstall document say of each other: what no shape can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from rackwright.catalog.faults import nearest
from rackwright.documents import Path
from rackwright.render.hosts.shapes import Fault

__all__ = ["judge"]

_Document = Mapping[str, Any]
_TELLING: Final = frozenset({"model", "vendor", "serial", "id_path", "devpath"})
"""Keys of a match that say what a disk is, and not where it was found this time or how large it is."""


def judge(document: _Document, path: Path) -> Iterator[Fault]:
    """Yield what is wrong with the value of ``autoinstall``, whose shape is right."""
    for rule in _RULES:
        yield from rule(document, path)


def _storage(document: _Document, path: Path) -> Iterator[Fault]:
    storage, here = document["storage"], (*path, "storage")
    if ("layout" in storage) == ("config" in storage):
        yield Fault(here, "storage has neither or both of config and layout", "keep one of the two, better config")
        return
    if "layout" in storage:
        yield from _matched(storage["layout"], (*here, "layout"), "a layout takes the largest disk")
        return
    actions = storage["config"]
    for at, action in enumerate(actions):
        if action["type"] == "disk":
            yield from _matched(action, (*here, "config", at), "the installer would take any disk")
    yield from _references(actions, (*here, "config"))
    yield from _mounts(actions, (*here, "config"))


def _matched(action: _Document, path: Path, otherwise: str) -> Iterator[Fault]:
    """Yield a fault where a disk is not named by what it is: a device name is another disk after the next boot."""
    if action.get("serial") or action.get("wwn"):
        return
    match = action.get("match") or {}
    for one in [match] if isinstance(match, Mapping) else match:
        if not any(one.get(key) for key in _TELLING):
            remedy = 'add match: {model: "Dell BOSS-N1*"}, or its serial number'
            yield Fault((*path, "match"), f"no disk is named by what it is: {otherwise}", remedy)


_REFERENCES: Final[Mapping[str, str]] = {
    "partition": "device", "format": "volume", "mount": "device", "lvm_partition": "volgroup"
}  # fmt: skip
"""Kind of action -> the key in which it names the one that it lies on."""


def _references(actions: Sequence[_Document], path: Path) -> Iterator[Fault]:
    """Yield actions that lie on nothing, or on what comes behind them."""
    known: list[str] = []
    for at, action in enumerate(actions):
        name = action["id"]
        if name in known:
            yield Fault((*path, at, "id"), f"two actions are called {name!r}", "give each its own id")
        key = _REFERENCES.get(action["type"])
        if key is not None and action.get(key) not in known:
            said = action.get(key)
            message = (
                f"{name} names no {key}"
                if said is None
                else f"{name} lies on {said!r}, which no action before it makes"
            )
            yield Fault((*path, at, key), message, nearest(str(said or ""), known))
        known.append(name)


def _mounts(actions: Sequence[_Document], path: Path) -> Iterator[Fault]:
    """Yield what keeps the installed system from booting: no root, no ESP that the boot loader goes on."""
    mounted = {action.get("path"): action for action in actions if action["type"] == "mount"}
    by_name = {action["id"]: action for action in actions}
    for place in ("/", "/boot/efi"):
        if place not in mounted:
            yield Fault(path, f"nothing is mounted at {place}", f"add a partition, a format and a mount for {place}")
    esp = mounted.get("/boot/efi")
    if esp is None:
        return
    made = by_name.get(str(esp.get("device")), {})
    under = by_name.get(str(made.get("volume")), {})
    if made.get("fstype") not in ("fat32", "vfat"):
        yield Fault(path, "/boot/efi is not fat32", "firmware reads no other file system: fstype: fat32")
    if not under.get("grub_device"):
        yield Fault(path, "no partition is the boot loader's", "say grub_device: true on the partition of /boot/efi")


def _network(document: _Document, path: Path) -> Iterator[Fault]:
    network, here = document["network"], (*path, "network")
    ethernets, bonds, vlans = (network.get(kind, {}) for kind in ("ethernets", "bonds", "vlans"))
    yield from _macs(ethernets, (*here, "ethernets"))
    members: dict[str, str] = {}
    for name, bond in bonds.items():
        for at, member in enumerate(bond["interfaces"]):
            place = (*here, "bonds", name, "interfaces", at)
            if member not in ethernets:
                yield Fault(place, f"{name} takes {member!r}, which is no ethernet here", nearest(member, ethernets))
            if member in members:
                yield Fault(place, f"{member} is in {members[member]} and in {name}", "keep it in one bond")
            members[member] = name
    for name, vlan in vlans.items():
        parents = {**ethernets, **bonds}
        if vlan["link"] not in parents:
            yield Fault(
                (*here, "vlans", name, "link"), f"{name} lies on {vlan['link']!r}", nearest(vlan["link"], parents)
            )
    yield from _addresses({"ethernets": ethernets, "bonds": bonds, "vlans": vlans}, here)


def _macs(ethernets: _Document, path: Path) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for name, port in ethernets.items():
        mac = str(port.get("match", {}).get("macaddress", "")).lower()
        if "set-name" in port and not port.get("match"):
            yield Fault(
                (*path, name, "set-name"), f"{name} is renamed and matches nothing", "add match: {macaddress: ..}"
            )
        if mac and mac in seen:
            yield Fault(
                (*path, name, "match", "macaddress"),
                f"{name} has the MAC address of {seen[mac]}",
                "correct one of them",
            )
        if mac and int(mac[:2], 16) & 1:
            yield Fault((*path, name, "match", "macaddress"), f"{mac} is a group address", "no port has it: correct it")
        seen.setdefault(mac, name)


def _addresses(kinds: Mapping[str, _Document], path: Path) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    reachable = False
    for kind, ports in kinds.items():
        for name, port in ports.items():
            reachable = reachable or bool(port.get("addresses")) or bool(port.get("dhcp4"))
            for at, address in enumerate(port.get("addresses", ())):
                plain = address.partition("/")[0]
                if plain in seen:
                    place = (*path, kind, name, "addresses", at)
                    yield Fault(place, f"{plain} is on {seen[plain]} and on {name}", "keep it on one")
                seen[plain] = name
    if not reachable:
        yield Fault(path, "no interface gets an address", "the installer could tell nobody how it goes: give one")


def _access(document: _Document, path: Path) -> Iterator[Fault]:
    cloud, here = document["user-data"], (*path, "user-data")
    if not document["ssh"]["install-server"]:
        yield Fault(
            (*path, "ssh", "install-server"), "no SSH server is installed", "set it to true: there is no other way in"
        )
    if document["ssh"].get("allow-pw"):
        yield Fault((*path, "ssh", "allow-pw"), "passwords are taken over SSH", "set it to false: keys are the way in")
    if cloud["ssh_pwauth"]:
        yield Fault((*here, "ssh_pwauth"), "passwords are taken over SSH", "set it to false: keys are the way in")
    if not cloud["disable_root"]:
        yield Fault((*here, "disable_root"), "root may log in", "set it to true")
    for at, user in enumerate(cloud["users"]):
        if user["name"] == "root":
            yield Fault((*here, "users", at, "name"), "root is given a login", "name another user")
        if not user["lock_passwd"]:
            yield Fault((*here, "users", at, "lock_passwd"), f"{user['name']} may have a password", "set it to true")


def _reporting(document: _Document, path: Path) -> Iterator[Fault]:
    heads = [(name, row) for name, row in document["reporting"].items() if row["type"] == "webhook"]
    if not heads:
        yield Fault((*path, "reporting"), "nothing tells how it goes", "add one of type: webhook")
    for name, row in heads:
        if not row.get("endpoint"):
            yield Fault(
                (*path, "reporting", name, "endpoint"), "'endpoint' is missing", "give the address of the receiver"
            )


def _packages(document: _Document, path: Path) -> Iterator[Fault]:
    kernel = document["kernel"]
    if ("package" in kernel) == ("flavor" in kernel):
        yield Fault((*path, "kernel"), "kernel has neither or both of package and flavor", "keep package")
    if "hwe" in f"{kernel.get('package', '')} {kernel.get('flavor', '')}":
        remedy = "take linux-generic: DOCA and the GPU driver are validated with 6.8"
        yield Fault((*path, "kernel"), "an HWE kernel is of a later series", remedy)
    apt = document["apt"]
    primary = apt.get("mirror-selection", {}).get("primary", ["country-mirror"])
    if not primary and apt.get("fallback") != "offline-install":
        place = (*path, "apt", "fallback")
        yield Fault(place, "there is no mirror and none may be missing", "set it to offline-install")
    if document.get("drivers", {}).get("install") or document.get("oem", {}).get("install"):
        yield Fault(
            (*path, "drivers"), "the installer brings drivers of its own", "set install to false: the stack brings them"
        )


_RULES: Final[tuple[Callable[[_Document, Path], Iterator[Fault]], ...]] = (
    _storage, _network, _access, _reporting, _packages
)  # fmt: skip
