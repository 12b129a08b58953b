"""What a host is asked: the commands, what each needs, and which follow from the answers of others.

A question is a command as it is typed; its answer is what the command printed. Questions of adapters name the device, which
the host itself tells by the MAC addresses of the plan, so that a wrong name or slot cannot send a question elsewhere.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from rackwright.audit.evidence import Answer
from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.parsers.adapters import pci_of_rdma
from rackwright.audit.hosts.parsers.links import Face
from rackwright.audit.hosts.wanted import Wanted, WantedPort
from rackwright.catalog.models import Catalog

__all__ = [
    "ADDRESSES",
    "AGENT",
    "CMDLINE",
    "DKMS",
    "DMESG",
    "FABRIC_UNIT",
    "FAILOVER",
    "HELD",
    "HOSTNAME",
    "LLDP",
    "LSMOD",
    "LSPCI",
    "NVIDIA_SMI",
    "NVLINK",
    "PACKAGES",
    "RDMA",
    "RDMA_STATE",
    "SERIAL",
    "SYSCTL",
    "UNAME",
    "Question",
    "Seat",
    "acs_of",
    "facts_of",
    "of_port",
    "questions",
    "seats",
    "texts",
]

HOSTNAME: Final = "hostname"
SERIAL: Final = "dmidecode -s system-serial-number"
SYSCTL: Final = "sysctl -a"
UNAME: Final = "uname -r"
CMDLINE: Final = "cat /proc/cmdline"
PACKAGES: Final = shlex.join(["dpkg-query", "-W", "-f=${Package} ${Version} ${db:Status-Abbrev}\\n"])
HELD: Final = "apt-mark showhold"
DKMS: Final = "dkms status"
LSMOD: Final = "lsmod"
ADDRESSES: Final = "ip -j -d address show"
LLDP: Final = "lldpctl -f json"
DMESG: Final = "dmesg"
RDMA: Final = "ibdev2netdev -v"
RDMA_STATE: Final = "ibv_devinfo"
LSPCI: Final = "lspci -D -nn -vvv"
NVIDIA_SMI: Final = "nvidia-smi -q -x"
NVLINK: Final = "nvidia-smi nvlink --status"
FABRIC_UNIT: Final = "systemctl is-active nvidia-fabricmanager"
AGENT: Final = "systemctl is-active cm-lite-daemon"
FAILOVER: Final = "cmha status"

_ROOT: Final = frozenset(
    {
        "dmidecode",
        "dmesg",
        "lldpctl",
        "lspci",
        "setpci",
        "flint",
        "mlxconfig",
        "mlxlink",
        "mlnx_qos",
        "cma_roce_tos",
        "sysctl",
        "cmha",
    }
)
"""Programs that tell root more than others, or tell others nothing."""
_SLOW_S: Final = 120.0
_QUICK_S: Final = 60.0
_SLOW: Final = frozenset({"mlxlink", "mlxconfig", "flint", "nvidia-smi", "lspci", "dkms"})
_ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    SERIAL: ("cat /sys/class/dmi/id/product_serial",),
    PACKAGES: ("dpkg-query -W", "dpkg -l"),
    ADDRESSES: ("ip -d -j address show", "ip -j -d addr show", "ip -j address show", "ip -j addr"),
    LLDP: ("lldpctl -f json0",),
    DMESG: ("dmesg -T", "journalctl -k", "journalctl --no-hostname -k"),
    RDMA: ("ibdev2netdev",),
    RDMA_STATE: ("ibv_devinfo -v", "ibv_devinfo -vv"),
    LSPCI: ("lspci -vvv", "lspci -nnvv", "lspci -nn -vvv", "lspci -vvvnn", "lspci -Dnnvvv"),
    NVIDIA_SMI: ("nvidia-smi -q", "nvidia-smi --query"),
    NVLINK: ("nvidia-smi nvlink -s",),
}


class Question(NamedTuple):
    """One command."""

    text: str
    also: tuple[str, ...] = ()
    """Other ways in which a user may have asked the same, where outputs were collected elsewhere."""

    @property
    def command(self) -> list[str]:
        """Return the words."""
        return list(_words(self.text))

    @property
    def program(self) -> str:
        """Return the program."""
        return _words(self.text)[0]

    @property
    def root(self) -> bool:
        """Tell whether it is run as root."""
        return self.program in _ROOT or "/ecn/" in self.text

    @property
    def limit_s(self) -> float:
        """Return how long it may take."""
        return _SLOW_S if self.program in _SLOW else _QUICK_S


@lru_cache(maxsize=1 << 12)
def _words(text: str) -> tuple[str, ...]:
    # Hosts are asked alike: a text is taken apart once for all of them.
    return tuple(shlex.split(text))


class Seat(NamedTuple):
    """Where a planned port is in the host."""

    face: Face | None
    """None: no interface has its MAC address, or its name where no address is planned."""
    name: str
    """Of the interface: as it is, or as planned."""
    rdma: str = ""
    pci: str = ""

    @property
    def device(self) -> str:
        """Return how NVIDIA's tools are told the adapter; empty: it is not known."""
        return self.pci or self.rdma


def texts(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Return what was told, by question."""
    return {name: one.value for name, one in answers.items() if not one.error and isinstance(one.value, str)}


def seats(wanted: Wanted, told: Mapping[str, str]) -> dict[str, Seat]:
    """Return where each planned port is, by the port's word: found by MAC address, else by name."""
    faces = parsers.ip_addresses(told.get(ADDRESSES, "")) or ()
    rdma = parsers.ibdev2netdev(told.get(RDMA, "")) or {}
    pci = pci_of_rdma(told.get(RDMA, "")) or {}
    by_mac = {face.mac: face for face in faces if face.mac and not face.name.startswith("bond")}
    by_name = {name: face for face in faces for name in (face.name, *face.names)}
    found = {}
    for port in wanted.ports:
        face = by_mac.get(port.mac) if port.mac else by_name.get(port.interface)
        name = face.name if face else port.interface
        device = rdma.get(name, "")
        found[port.port] = Seat(face, name, device, (face.device if face else "") or pci.get(device, ""))
    return found


def questions(wanted: Wanted, catalog: Catalog, answers: Mapping[str, Answer]) -> Iterator[Question]:
    """Yield what a host is to be asked as far as the answers tell; more may follow from what is answered next."""
    for text in _general(wanted):
        yield Question(text, _ALSO.get(text, ()))
    for chain in facts_of(wanted, catalog).values():
        yield from _chain(chain, answers)
    if ADDRESSES not in answers:
        return
    told = texts(answers)
    for port, seat in zip(wanted.ports, seats(wanted, told).values(), strict=True):
        for chain in of_port(port, seat).values():
            yield from _chain(chain, answers)
    if LSPCI in answers:
        yield from _registers(wanted, told)


def _chain(chain: Iterable[Question], answers: Mapping[str, Answer]) -> Iterator[Question]:
    """Yield a question, and the one behind it where the former was not answered."""
    for question in chain:
        yield question
        answer = answers.get(question.text)
        if answer is None or not answer.error:
            return


def _general(wanted: Wanted) -> Iterator[str]:
    stack = wanted.stack
    yield from (HOSTNAME, SERIAL, UNAME, CMDLINE, PACKAGES, HELD, LSMOD, ADDRESSES, LLDP, DMESG)
    if stack.sysctl:
        yield SYSCTL
    if stack.ofed.owner == "host":
        yield from (DKMS, RDMA, RDMA_STATE)
    if stack.bluefield.adapters or stack.pcie.devices or stack.gpu.count:
        yield LSPCI
    if stack.gpu.owner == "host":
        yield NVIDIA_SMI
    if stack.gpu.fabric_manager:
        yield from (NVLINK, FABRIC_UNIT)
    if stack.bcm is not None:
        yield AGENT
    if len(stack.pair) > 1:
        yield FAILOVER


def facts_of(wanted: Wanted, catalog: Catalog) -> dict[str, tuple[Question, ...]]:
    """Return by fact the questions that tell it, the first that is answered being enough; those of adapters are of the port."""
    found = {}
    for row in wanted.stack.expected:
        commands = catalog.facts[row.fact].commands if row.fact in catalog.facts else ()
        words = [one.command for one in commands] or [row.command]
        if not any("{" in word for command in words for word in command if "${" not in word):
            found[row.fact] = tuple(Question(shlex.join(command)) for command in words)
    return found


def of_port(port: WantedPort, seat: Seat) -> dict[str, tuple[Question, ...]]:
    """Return by topic the questions about a port, the first that is answered being enough."""
    found: dict[str, tuple[Question, ...]] = {}
    if seat.name:
        found["speed"] = (Question(f"ethtool {seat.name}"),)
    if not port.nvidia:
        return found
    if seat.device:
        found["link"] = (_on(seat, "mlxlink -d {} -m -c -e --json"),)
    if port.bluefield is None:
        return found
    driver = Question(f"ethtool -i {seat.name}")
    if seat.device:
        found["firmware"] = (_on(seat, "flint -d {} q"), driver)
        found["parameters"] = (_on(seat, "mlxconfig -d {} -e q"),)
    elif seat.name:
        found["firmware"] = (driver,)
    if port.bluefield.marked and seat.name:
        found["qos"] = (Question(f"mlnx_qos -i {seat.name}"),)
        found["cnp"] = (Question(f"cat /sys/class/net/{seat.name}/ecn/roce_np/cnp_dscp"),)
        if seat.rdma:
            found["tos"] = (Question(f"cma_roce_tos -d {seat.rdma}"),)
    return found


def _on(seat: Seat, command: str) -> Question:
    """Return a question of a device, which users call by any of its names."""
    short = seat.pci.partition(":")[2] if seat.pci.count(":") > 1 else ""
    names = [name for name in (seat.pci, short, seat.rdma, seat.name) if name]
    return Question(command.format(seat.device), tuple(command.format(name) for name in names if name != seat.device))


def acs_of(slot: str) -> str:
    """Return the question of the access control register of a bridge, where lspci tells none."""
    return f"setpci -s {slot} ECAP_ACS+6.w"


def _registers(wanted: Wanted, told: Mapping[str, str]) -> Iterator[Question]:
    """Ask for registers one by one, where lspci gave a list without any."""
    text = told.get(LSPCI, "")
    if "Capabilities:" in text or not text:
        return
    for device in parsers.lspci(text) or ():
        if device.bridge and not wanted.stack.pcie.acs:
            yield Question(acs_of(device.slot))
        if f"{device.vendor}:{device.model}" in wanted.stack.pcie.devices:
            yield Question(f"setpci -s {device.slot} CAP_EXP+08.w")
