"""The commands of an emulated host: a table of programs, each answered from the state; any other is not emulated and says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from rackwright.twin.bmc.machine.hardware import Gpu
from rackwright.twin.hosts import archive, prints_cards, prints_gpus, prints_net
from rackwright.twin.hosts.effects import FACTORY, PCIE
from rackwright.twin.hosts.faces import Face, faces
from rackwright.twin.hosts.system import Card, System
from rackwright.twin.hosts.wires import Wires
from rackwright.twin.shell.login import Result

__all__ = ["ABSENT", "PROGRAMS", "Desk", "answer", "factory"]

ABSENT: Final = 127
"""Exit code of a program that is not there."""
_SMI_FAILED: Final = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is "
    "installed and running.\n"
)
_FREE_KIB: Final = 820_000_000


@dataclass(frozen=True)
class Desk:
    """What a command looks at: the system, who it is run as, the wires, the moment."""

    system: System
    wires: Wires
    now: float
    root: bool = False
    model: str = ""
    """Key of the server model."""
    again: Callable[[], None] = field(default=lambda: None)
    """Restarts the operating system."""
    reset: Callable[[str], None] = field(default=lambda _: None)
    """Restarts one adapter, by its name."""

    @cached_property
    def faces(self) -> list[Face]:
        """The interfaces."""
        return faces(self.system, self.wires)

    def face(self, word: str) -> Face | None:
        """Return an interface by its name, PCI address or RDMA device."""
        return next((one for one in self.faces if word in (one.name, one.pci, one.rdma, one.pci[5:])), None)

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs."""
        return self.system.board.gpus

    def has(self, *packages: str) -> bool:
        """Tell whether a package is installed; one that ends in ``-`` is the beginning of a name."""
        there = self.system.disk.packages
        return any(name == one or (one.endswith("-") and name.startswith(one)) for one in packages for name in there)

    def firmware(self) -> dict[str, str]:
        """Return what runs on the adapters, by adapter."""
        return {nic.adapter: self.system.firmware(nic)[0] for nic in self.system.board.nics}


Program = Callable[[Desk, Sequence[str]], Result]


def answer(desk: Desk, words: Sequence[str]) -> Result:
    """Run one program with its arguments."""
    if not words:
        return Result()
    if words[0] == "sudo":
        inner = [word for at, word in enumerate(words) if at and not (word in ("-n", "--") and at <= 2)]
        return answer(_as_root(desk), inner)
    found = PROGRAMS.get(words[0].rpartition("/")[2])
    if found is None:
        return Result(ABSENT, "", f"{words[0]}: command not found (not emulated by this twin)\n")
    program, packages = found
    if packages and not desk.has(*packages):
        return Result(ABSENT, "", f"{words[0]}: command not found\n")
    return program(desk, words[1:])


def _as_root(desk: Desk) -> Desk:
    return Desk(desk.system, desk.wires, desk.now, True, desk.model, desk.again, desk.reset)


def factory(face: Face) -> dict[str, str]:
    """Return the parameters of an adapter as it is delivered."""
    ports = [port.number for port in face.nic.ports]
    return {name.format(port=port): value for name, value in FACTORY.items() for port in ports}


# --- Linux -----------------------------------------------------------------------------------------------------------


def _denied(what: str) -> Result:
    return Result(1, "", f"{what}: Permission denied\n")


def _hostname(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    return Result(0, f"{desk.system.disk.name}\n")


def _dmidecode(desk: Desk, words: Sequence[str]) -> Result:
    if not desk.root:
        return _denied("/dev/mem")
    if list(words) == ["-s", "system-serial-number"]:
        return Result(0, f"{desk.system.board.service_tag}\n")
    return Result(2, "", "dmidecode: only -s system-serial-number is emulated by this twin\n")


def _uname(desk: Desk, words: Sequence[str]) -> Result:
    return Result(0, f"{desk.system.boot.kernel}\n" if "-r" in words else "Linux\n")


def _cat(desk: Desk, words: Sequence[str]) -> Result:
    out: list[str] = []
    for path in words:
        if path == "--":
            continue
        text = _text(desk, path)
        if text is None:
            return Result(1, "".join(out), f"cat: {path}: No such file or directory\n")
        out.append(text)
    return Result(0, "".join(out))


def _text(desk: Desk, path: str) -> str | None:
    system = desk.system
    if path.startswith("/sys/class/net/") and path.endswith("/ecn/roce_np/cnp_dscp"):
        face = desk.face(path.split("/")[4])
        card = system.cards.get(face.nic.adapter) if face is not None else None
        value = card.now.get(f"CNP_DSCP_P{face.port.number}") if card is not None and face is not None else None
        return f"{value}\n" if value is not None and "mlx_compat" in system.boot.modules else None
    live: dict[str, Callable[[], str]] = {
        "/proc/sys/kernel/random/boot_id": lambda: f"{system.boot.id}\n",
        "/proc/uptime": lambda: f"{desk.now - system.boot.since:.2f} 0.00\n",
        "/proc/cmdline": lambda: (
            " ".join(
                [f"BOOT_IMAGE=/vmlinuz-{system.boot.kernel}", "root=/dev/mapper/vg-root", "ro", *system.boot.cmdline]
            )
            + "\n"
        ),
        "/etc/os-release": lambda: (
            f'PRETTY_NAME="Ubuntu {system.disk.release}.2 LTS"\nNAME="Ubuntu"\nVERSION_ID="{system.disk.release}"\nID=ubuntu\n'
        ),
        "/sys/class/dmi/id/product_serial": lambda: f"{system.board.service_tag}\n" if desk.root else "",
    }
    return live[path]() if path in live else system.disk.files.get(path)


def _df(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    head = "Filesystem         1024-blocks     Used Available Capacity Mounted on\n"
    return Result(0, f"{head}/dev/mapper/vg-root   920000000 90000000 {_FREE_KIB}      11% /\n")


def _dpkg_query(desk: Desk, words: Sequence[str]) -> Result:
    disk = desk.system.disk
    shape = next((word.partition("=")[2] for word in words if word.startswith("-f=")), "${Package}\t${Version}\\n")
    names = [word for word in words if not word.startswith("-")]
    missing = [name for name in names if name not in disk.packages]
    rows = sorted(names or disk.packages)
    shown = "".join(
        _row(shape, name, disk.packages[name], held=name in disk.held) for name in rows if name not in missing
    )
    err = "".join(f"dpkg-query: no packages found matching {name}\n" for name in missing)
    return Result(1 if missing else 0, shown, err)


def _row(shape: str, name: str, version: str, *, held: bool) -> str:
    status = "hi " if held else "ii "
    text = shape.replace("${Package}", name).replace("${Version}", version).replace("${db:Status-Abbrev}", status)
    return text.replace("\\n", "\n").replace("\\t", "\t")


def _apt_mark(desk: Desk, words: Sequence[str]) -> Result:
    if list(words) != ["showhold"]:
        return Result(1, "", "apt-mark: only showhold is emulated by this twin\n")
    return Result(0, "".join(f"{name}\n" for name in sorted(desk.system.disk.held)))


def _lsmod(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    rows = "".join(f"{name:<24}{16384:>8}  0\n" for name in sorted(desk.system.boot.modules))
    return Result(0, f"Module                      Size  Used by\n{rows}")


def _ip(desk: Desk, words: Sequence[str]) -> Result:
    if list(words) != ["-j", "-d", "address", "show"]:
        return Result(1, "", "ip: only 'ip -j -d address show' is emulated by this twin\n")
    return Result(0, prints_net.addresses(desk.system, desk.faces))


def _dmesg(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    if not desk.root:
        return Result(1, "", "dmesg: read kernel buffer failed: Operation not permitted\n")
    lines = [f"[    0.000000] Linux version {desk.system.boot.kernel}", *desk.system.boot.log]
    return Result(0, "\n".join(lines) + "\n")


def _sysctl(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    values = {"kernel.ostype": "Linux", "kernel.osrelease": desk.system.boot.kernel, **desk.system.boot.sysctl}
    return Result(0, "".join(f"{name} = {value}\n" for name, value in sorted(values.items())))


def _systemctl(desk: Desk, words: Sequence[str]) -> Result:
    if words and words[0] == "is-active":
        active = [unit in desk.system.boot.active for unit in words[1:]]
        return Result(0 if all(active) else 3, "".join("active\n" if one else "inactive\n" for one in active))
    if words and words[-1] == "reboot":
        return _reboot(desk, words)
    return Result(1, "", "systemctl: only is-active and reboot are emulated by this twin\n")


def _reboot(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    if not desk.root:
        return _denied("reboot")
    desk.again()
    return Result()


def _dkms(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    rows = sorted(desk.system.disk.built)
    return Result(0, "".join(f"{module}/{version}, {kernel}, x86_64: installed\n" for module, version, kernel in rows))


# --- links and cards -------------------------------------------------------------------------------------------------


def _lldpctl(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    if "lldpd" not in desk.system.boot.active:
        return Result(1, "", "[WARN/lldpctl] unable to connect to socket /run/lldpd.socket\n")
    return Result(0, prints_net.lldp(desk.faces))


def _ethtool(desk: Desk, words: Sequence[str]) -> Result:
    face = desk.face(words[-1]) if words else None
    if face is None:
        return Result(75, "", "netlink error: no device matches name (offset 24)\nnetlink error: No such device\n")
    if words[0] == "-i":
        running = desk.system.firmware(face.nic)[0] or "N/A"
        return Result(0, prints_net.driver_of(face, running, prints_cards.PSID.get(face.nic.key, "MT_0000000000")))
    return Result(0, prints_net.speed(face))


def _on_card(print_: Callable[[Desk, Face], str]) -> Program:
    def program(desk: Desk, words: Sequence[str]) -> Result:
        device = words[words.index("-d") + 1] if "-d" in words[:-1] else ""
        face = desk.face(device)
        if face is None or not face.rdma:
            return Result(1, "", f"-E- Cannot open device: {device}. No such file or directory\n")
        return Result(0, print_(desk, face))

    return program


def _flint(desk: Desk, face: Face) -> str:
    running, flash = desk.system.firmware(face.nic)
    return prints_cards.flint(face, running, flash)


def _mlxconfig(desk: Desk, face: Face) -> str:
    card = desk.system.cards.get(face.nic.adapter) or Card(now=factory(face))
    return prints_cards.mlxconfig(face, card, factory(face))


def _mlxlink(desk: Desk, face: Face) -> str:  # noqa: ARG001 - as the others
    return prints_cards.mlxlink(face)


def _mlxfwreset(desk: Desk, face: Face) -> str:
    desk.reset(face.nic.adapter)
    return "-I- Resetting device...\nDone\n"


def _mlnx_qos(desk: Desk, words: Sequence[str]) -> Result:
    face = desk.face(words[-1]) if words else None
    if face is None:
        return Result(1, "", "Interface not found\n")
    runtime = desk.system.boot.runtime
    return Result(0, prints_cards.qos(runtime if runtime is not None and face.name in runtime.interfaces else None))


def _cma_roce_tos(desk: Desk, words: Sequence[str]) -> Result:
    face = desk.face(words[-1]) if words else None
    if face is None or not face.rdma:
        return Result(1, "", "cannot find the device\n")
    runtime = desk.system.boot.runtime
    tos = runtime.tos if runtime is not None and face.name in runtime.interfaces else 0
    return Result(0, f"{tos}\n")


def _ofed_info(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    return Result(0, f"{archive.ofed_of(desk.system.disk.packages)}\n")


def _ibdev2netdev(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    return Result(0, prints_cards.netdevs(desk.faces, desk.firmware()))


def _ibv_devinfo(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    return Result(0, prints_cards.devinfo(desk.faces, desk.firmware()))


def _lspci(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    told = _pcie(desk.system)
    acs, request = bool(told.get("acs", True)), int(told.get("max_read_request_bytes", 512))
    return Result(0, prints_gpus.lspci(desk.faces, desk.gpus, acs=acs, request=request))


def _pcie(system: System) -> Mapping[str, Any]:
    """Return what every boot sets on PCIe, once its service ran."""
    text = system.disk.files.get(PCIE, "")
    if not text or "rackwright-pcie" not in system.boot.active:
        return {}
    (told,) = json.loads(text)
    return dict(told)


# --- GPUs ------------------------------------------------------------------------------------------------------------


def _nvidia_smi(desk: Desk, words: Sequence[str]) -> Result:
    driver = desk.system.boot.driver
    if not driver:
        return Result(9, _SMI_FAILED)
    installed = archive.driver_of(desk.system.disk.packages)
    if installed != driver:
        return Result(
            18, f"Failed to initialize NVML: Driver/library version mismatch\nNVML library version: {installed}\n"
        )
    line = list(words)
    if line == ["-q", "-x"]:
        joined = desk.model in prints_gpus.NVSWITCH
        return Result(0, prints_gpus.smi(desk.gpus, driver, _fabric(desk) if joined else None))
    if line == ["nvlink", "--status"]:
        return Result(0, prints_gpus.nvlinks(desk.gpus))
    if line == ["--query-gpu=driver_version", "--format=csv,noheader"]:
        return Result(0, f"{driver}\n" * len(desk.gpus))
    return Result(2, "", "nvidia-smi: these options are not emulated by this twin\n")


def _fabric(desk: Desk) -> bool:
    return "nvidia-fabricmanager" in desk.system.boot.active and _manager(desk) == desk.system.boot.driver


def _manager(desk: Desk) -> str:
    found = next(
        (text for name, text in desk.system.disk.packages.items() if name.startswith("nvidia-fabricmanager-")), ""
    )
    return archive.upstream(found)


def _nv_fabricmanager(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    return Result(0, f"Fabric Manager version is : {_manager(desk)}\n")


def _dcgmi(desk: Desk, words: Sequence[str]) -> Result:
    if list(words) != ["--version"]:
        return Result(1, "", "dcgmi: only --version is emulated by this twin\n")
    version = archive.upstream(desk.system.disk.packages["datacenter-gpu-manager-4-cuda12"])
    return Result(0, f"\ndcgmi  version: {version}\n\n")


def _containerd(desk: Desk, words: Sequence[str]) -> Result:  # noqa: ARG001 - every program has this signature
    version = archive.upstream(desk.system.disk.packages["containerd.io"])
    return Result(0, f"containerd containerd.io {version} 05044ec0a9a75232cad458027ca83437aae3f4da\n")


_OFED: Final = ("mlnx-tools",)
PROGRAMS: Final[Mapping[str, tuple[Program, tuple[str, ...]]]] = {
    "hostname": (_hostname, ()),
    "dmidecode": (_dmidecode, ()),
    "uname": (_uname, ()),
    "cat": (_cat, ()),
    "df": (_df, ()),
    "dpkg-query": (_dpkg_query, ()),
    "apt-mark": (_apt_mark, ()),
    "lsmod": (_lsmod, ()),
    "ip": (_ip, ()),
    "dmesg": (_dmesg, ()),
    "sysctl": (_sysctl, ()),
    "systemctl": (_systemctl, ()),
    "shutdown": (_reboot, ()),
    "reboot": (_reboot, ()),
    "lspci": (_lspci, ("pciutils",)),
    "ethtool": (_ethtool, ("ethtool",)),
    "lldpctl": (_lldpctl, ("lldpd",)),
    "dkms": (_dkms, ("dkms",)),
    "ofed_info": (_ofed_info, ("ofed-scripts",)),
    "ibdev2netdev": (_ibdev2netdev, _OFED),
    "ibv_devinfo": (_ibv_devinfo, ("ibverbs-utils",)),
    "mlnx_qos": (_mlnx_qos, _OFED),
    "cma_roce_tos": (_cma_roce_tos, _OFED),
    "flint": (_on_card(_flint), ("mft",)),
    "mlxconfig": (_on_card(_mlxconfig), ("mft",)),
    "mlxlink": (_on_card(_mlxlink), ("mft",)),
    "mlxfwreset": (_on_card(_mlxfwreset), ("mft",)),
    "nvidia-smi": (_nvidia_smi, ("nvidia-utils-",)),
    "nv-fabricmanager": (_nv_fabricmanager, ("nvidia-fabricmanager-",)),
    "dcgmi": (_dcgmi, ("datacenter-gpu-manager-4-cuda12",)),
    "containerd": (_containerd, ("containerd.io",)),
}
"""Program -> what it does, and the packages of which one brings it; none: the system has it."""
