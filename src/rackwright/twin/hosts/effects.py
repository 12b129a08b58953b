"""What single tasks of roles do to an operating system; each yields what it changed, and nothing where all is as told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from rackwright.twin.bmc.machine.hardware import Nic
from rackwright.twin.hosts import archive
from rackwright.twin.hosts.booting import PEERMEM
from rackwright.twin.hosts.system import Card, Runtime, System

__all__ = [
    "FACTORY",
    "IMAGES",
    "NO_UPGRADES",
    "PCIE",
    "SOURCES",
    "Done",
    "TaskFailed",
    "cmdline",
    "file",
    "firmware",
    "needs",
    "nic_of",
    "packages",
    "parameters",
    "peermem",
    "preflight",
    "runtime",
    "service",
    "sysctl",
    "waiting",
    "wanted_runtime",
]

SOURCES: Final = "/etc/apt/sources.list.d/rackwright.sources"
NO_UPGRADES: Final = "/etc/apt/apt.conf.d/99rackwright-no-upgrades"
PCIE: Final = "/usr/local/sbin/rackwright-pcie"
IMAGES: Final = "/var/lib/rackwright/firmware"
"""Where the role looks for firmware; the twin has a stand-in for every version there, as it has for BMCs (host-images)."""
_SETTINGS: Final = "/etc/sysctl.d/90-rackwright.conf"
_GRUB: Final = "/etc/default/grub.d/90-rackwright.cfg"
_BLUEFIELD: Final = "/etc/rackwright/bluefield.json"
_EQUAL: Final = "equal"

FACTORY: Final[Mapping[str, str]] = {
    "LINK_TYPE_P{port}": "2",
    "INTERNAL_CPU_OFFLOAD_ENGINE": "0",
    "ATS_ENABLED": "0",
    "ROCE_CC_PRIO_MASK_P{port}": "255",
    "CNP_DSCP_P{port}": "48",
    "CNP_802P_PRIO_P{port}": "6",
    "SRIOV_EN": "0",
    "NUM_OF_VFS": "16",
    "ROCE_ADAPTIVE_ROUTING_EN": "0",
    "USER_PROGRAMMABLE_CC": "0",
    "TX_SCHEDULER_LOCALITY_MODE": "0",
    "PCI_WR_ORDERING": "0",
    "NUM_OF_PF": "1",
}
"""Parameters of a BlueField-3 as it is delivered: names from nic-configuration-operator v1.3.1 (RA1.3), values [assumed] but for
the DPU mode that a card comes in (NVIDIA BlueField modes of operation)."""


class Done(NamedTuple):
    """One task that ran."""

    task: str
    action: str = "ansible.builtin.command"
    changed: bool = False
    difference: str = ""


class TaskFailed(Exception):
    """A task went wrong; its words are what the module would say."""

    def __init__(self, task: str, message: str, action: str = "ansible.builtin.assert") -> None:
        super().__init__(message)
        self.task = task
        self.action = action


Told = Mapping[str, Any]


# --- packages, files, services ---------------------------------------------------------------------------------------


def packages(step: str, restart: bool, system: System, told: Told) -> Iterator[Done]:
    """Bring the packages of a step: the unwanted away, the missing in, all held that the plan holds."""
    disk = system.disk
    unwanted = [name for name in disk.packages if any(fnmatchcase(name, pattern) for pattern in told["remove"][step])]
    words = [archive.candidate(word, told) for word in told["packages"][step]]
    exact = {word.partition("=")[0] for word in told["packages"][step] if "=" in word}
    missing = [
        (name, version)
        for name, version in words
        if name not in disk.packages or (name in exact and disk.packages[name] != version)
    ]
    loose = [name for name in told["holds"][step] if name not in disk.held]
    yield Done("See what is installed", "ansible.builtin.shell")
    if unwanted:
        for name in unwanted:
            del disk.packages[name]
        yield Done("Take away what conflicts", "ansible.builtin.apt", True, "\n".join(f"- {name}" for name in unwanted))
    if missing:
        if restart:
            system.note_restart()
        yield _installed(system, missing)
    if loose:
        disk.held.update(loose)
        yield Done(
            "Hold what the plan holds", "ansible.builtin.command", True, "\n".join(f"+ held: {name}" for name in loose)
        )


def _installed(system: System, missing: list[tuple[str, str]]) -> Done:
    task, action = "Install all of the step, each at its version", "ansible.builtin.apt"
    disk = system.disk
    for pattern, said in system.refused.items():
        bad = [name for name, _ in missing if fnmatchcase(name, pattern)]
        if bad:
            raise TaskFailed(task, said or _unmet(bad), action)
    lines = [f"{name} {disk.packages.get(name, '')} -> {version}".replace("  ", " ") for name, version in missing]
    disk.packages.update(missing)
    for name, version in missing:
        system.deed("package", f"{name}={version}")
    _build(system)
    return Done(task, action, True, "\n".join(f"+ {line}" for line in lines))


def _unmet(names: list[str]) -> str:
    """Return what apt prints of packages whose dependencies cannot be had: what they depend on is made up, the form is apt's."""
    lines = [f" {name} : Depends: libc6 (>= 2.99) but 2.39-0ubuntu8 is to be installed" for name in names]
    words = "The following packages have unmet dependencies:\n" + "\n".join(lines)
    return f"E: Unable to correct problems, you have held broken packages.\n{words}"


def _build(system: System) -> None:
    """Have DKMS build what is installed, for the kernel that runs and the one that comes (Ubuntu's dkms autoinstall)."""
    disk = system.disk
    headers = {archive.abi_of(version) for name, version in disk.packages.items() if name.startswith("linux-headers-")}
    kernels = {system.boot.kernel, archive.kernel_of(disk.packages)} & headers
    sources: dict[str, str] = {}
    ofed = disk.packages.get("mlnx-ofed-kernel-dkms", "")
    if ofed:
        version = ofed.rpartition("-")[0] or ofed
        sources |= dict.fromkeys(("mlnx-ofed-kernel", "iser", "isert", "srp"), version)
    driver = archive.driver_of(disk.packages)
    if driver:
        sources["nvidia"] = driver
    disk.built = {(module, version, kernel) for module, version in sources.items() for kernel in kernels}


def file(task: str, path: str, keys: tuple[str, ...], system: System, told: Told) -> Iterator[Done]:
    """Write a file whose text follows from some keys of what is told."""
    text = json.dumps([_at(told, key) for key in keys], sort_keys=True)
    changed = system.disk.files.get(path) != text
    system.disk.files[path] = text
    yield Done(task, "ansible.builtin.copy", changed, f"@ {path}" if changed else "")


def _at(told: Told, key: str) -> Any:
    value: Any = told
    for word in key.split("."):
        value = value[word]
    return value


def service(unit: str, system: System, told: Told) -> Iterator[Done]:  # noqa: ARG001 - every effect has this signature
    """Have a unit run now and at every boot; one whose modules need a restart is only enabled."""
    disk, boot = system.disk, system.boot
    changed = unit not in disk.enabled or (unit not in boot.active and unit != "openibd")
    disk.enabled.add(unit)
    if unit != "openibd":
        boot.active.add(unit)
    yield Done("Have the service run", "ansible.builtin.systemd_service", changed, f"+ {unit}" if changed else "")


# --- single roles ----------------------------------------------------------------------------------------------------


def preflight(system: System, told: Told) -> Iterator[Done]:
    """Judge whether this is the host."""
    yield Done("Look at the host", "ansible.builtin.shell")
    tag, wanted = system.board.service_tag, str(told["service_tag"])
    if wanted and tag != wanted:
        words = (
            f"this is {tag}, and {told['host']} is {wanted}: compare nodes.csv with the label of the server, "
            "and its address with the one that was planned"
        )
        raise TaskFailed("Judge whether this is the host", words)
    if system.disk.release != "24.04":
        words = (
            f"ubuntu {system.disk.release} runs here, the release is validated on Ubuntu 24.04: install the host anew"
        )
        raise TaskFailed("Judge the operating system", words)


def sysctl(system: System, told: Told) -> Iterator[Done]:
    """Write the kernel's settings and load them."""
    wanted = {str(name): str(value) for name, value in told["sysctl"].items()}
    changed = system.disk.sysctl != wanted or _SETTINGS not in system.disk.files
    system.disk.files[_SETTINGS] = "written"
    system.disk.sysctl = wanted
    system.boot.sysctl = dict(wanted)
    yield Done("Write the kernel's settings", "ansible.builtin.template", changed, f"@ {_SETTINGS}" if changed else "")


def cmdline(system: System, told: Told) -> Iterator[Done]:
    """Write the kernel's command line; it is in force after a restart."""
    wanted = tuple(str(word) for word in told["kernel"]["cmdline"])
    changed = system.disk.cmdline != wanted or _GRUB not in system.disk.files
    system.disk.files[_GRUB] = " ".join(wanted)
    system.disk.cmdline = wanted
    if changed:
        system.note_restart()
    yield Done("Write the kernel's command line", "ansible.builtin.template", changed, f"@ {_GRUB}" if changed else "")


def nic_of(system: System, adapter: Mapping[str, Any]) -> Nic:
    """Return the card that the plan means, by its MAC addresses. Raises :class:`TaskFailed` when it is not in the host."""
    macs = {str(mac).lower() for mac in adapter["macs"] if mac}
    for nic in system.board.nics:
        if macs & {port.mac.lower() for port in nic.ports}:
            return nic
    there = ", ".join(port.mac for nic in system.board.nics for port in nic.ports[:1] if nic.pci[0] == "15B3")
    words = (
        f"{adapter['name']} ({', '.join(sorted(macs)) or 'no MAC address'}) is not in this host, which has "
        f"{there or 'no adapter'}: compare nodes.csv with the server, or reseat the card"
    )
    raise TaskFailed("Find the adapters", words, "bluefield_config")


def _tools(system: System, action: str) -> None:
    if "mft" not in system.disk.packages:
        words = "mlxfwmanager is not here: it comes with the package mft, in the step ofed, which goes first"
        raise TaskFailed("Find the adapters", words, action)


def firmware(system: System, told: Told) -> Iterator[Done]:
    """Write the firmware of BlueFields where it differs; it runs after the next cold boot."""
    wanted, equal = str(told["bluefield"]["firmware"]["version"]), told["bluefield"]["firmware"][_EQUAL]
    lines = []
    if wanted:
        _tools(system, "bluefield_firmware")
        for adapter in told["bluefield"]["adapters"]:
            nic = nic_of(system, adapter)
            _, flash = system.firmware(nic)
            if flash not in (wanted, *equal):
                system.flash(nic, wanted)
                lines.append(f"- {adapter['name']}: {flash}\n+ {adapter['name']}: {wanted}")
    yield Done("Write the firmware", "bluefield_firmware", bool(lines), "\n".join(lines))


def parameters(system: System, told: Told) -> Iterator[Done]:
    """Set the parameters of BlueFields where they differ; they are live after the card's next start."""
    lines = []
    adapters = told["bluefield"]["adapters"]
    if adapters:
        _tools(system, "bluefield_config")
    for adapter in adapters:
        nic = nic_of(system, adapter)
        card = system.cards.setdefault(nic.adapter, Card())
        for name, value in adapter["nvconfig"].items():
            if name not in card.now:
                words = f"{adapter['name']}: its firmware has no {name}: bring it to the release's firmware first"
                raise TaskFailed("Set the parameters", words, "bluefield_config")
            due = card.next.get(name, card.now[name])
            if due != str(value):
                lines.append(f"- {adapter['name']} {name}: {due}\n+ {adapter['name']} {name}: {value}")
                card.next[name] = str(value)
                if card.now[name] == str(value):
                    del card.next[name]
    yield Done("Set the parameters", "bluefield_config", bool(lines), "\n".join(lines))


def waiting(system: System, told: Told) -> dict[str, list[str]]:
    """Return by adapter the parameters whose planned value is not live."""
    found = {}
    for adapter in told["bluefield"]["adapters"]:
        card = system.cards.get(nic_of(system, adapter).adapter, Card())
        late = [name for name, value in adapter["nvconfig"].items() if card.now.get(name) != str(value)]
        if late:
            found[str(adapter["name"])] = sorted(late)
    return found


def wanted_runtime(told: Told) -> Runtime:
    """Return what the ports of BlueFields are to be told at every boot."""
    rows, plan = told["bluefield"]["adapters"], told["bluefield"]["runtime"]
    marked = tuple(name for row in rows if row["marked"] for name in row["interfaces"] if name)
    held = json.dumps([plan["settings"], plan["gap"], plan["congestion_service"], plan["cnp_dscp"]], sort_keys=True)
    return Runtime(marked, str(plan["trust"]), str(plan["pfc"]), int(plan["tos"]), held)


def runtime(system: System, told: Told) -> Iterator[Done]:
    """Write what the adapters are told, and tell it."""
    wanted = wanted_runtime(told)
    changed = system.disk.runtime != wanted
    system.disk.runtime = wanted
    system.disk.files[_BLUEFIELD] = wanted.held
    yield Done("Write what they are told", "ansible.builtin.template", changed, f"@ {_BLUEFIELD}" if changed else "")
    again = system.boot.runtime != wanted
    system.boot.runtime = wanted
    system.disk.enabled.add("rackwright-bluefield")
    system.boot.active.add("rackwright-bluefield")
    yield Done("Have it told now and at every boot", "ansible.builtin.systemd_service", again)


def peermem(system: System, told: Told) -> Iterator[Done]:  # noqa: ARG001 - every effect has this signature
    """Have the module loaded, now and at every boot."""
    changed = PEERMEM not in system.disk.files
    system.disk.files[PEERMEM] = "nvidia-peermem\n"
    yield Done(
        "Have the module loaded at every boot", "ansible.builtin.copy", changed, "+ nvidia-peermem" if changed else ""
    )
    loaded = "nvidia_peermem" in system.boot.modules
    if not loaded and not system.trial:
        if "nvidia" not in system.boot.modules or "mlx_compat" not in system.boot.modules:
            words = "modprobe: ERROR: could not insert 'nvidia_peermem': Unknown symbol in module"
            raise TaskFailed("Load it", words, "ansible.builtin.command")
        system.boot.modules.add("nvidia_peermem")
    yield Done("Load it", "ansible.builtin.command", not loaded)


# --- what others prove first -----------------------------------------------------------------------------------------


def needs(
    task: str, *proofs: Callable[[System, Told], Iterator[Done]], owner: str = ""
) -> Callable[[System, Told], Iterator[Done]]:
    """Return an effect that lets others prove something first, but for a trial; only where the host owns the part ``owner``."""

    def look(system: System, told: Told) -> Iterator[Done]:
        if system.trial or (owner and told[owner]["owner"] != "host"):
            return
        for proof in proofs:
            yield from (Done(f"{task}: {done.task}", done.action) for done in proof(system, told))

    return look
