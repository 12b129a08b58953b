"""Every check of hosts by a table of cases: what a host prints, and what must be said of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from rackwright.audit import hosts
from rackwright.audit.evidence import Answer, Evidence
from rackwright.audit.hosts import questions as asked
from tests.unit.audit_hosts import healthy_host as healthy
from tests.unit.audit_hosts.healthy_host import Rack, rack

Change = Callable[[Rack], None]
QUIET = {"BENCH-RDMA", "BENCH-NCCL", "BENCH-DCGM", "BENCH-COPY"}
"""Checks that need somebody to have run something."""


@dataclass(frozen=True)
class Case:
    """One fault, and what must come of it."""

    check: str
    status: str
    words: str
    change: Change
    path: str | None = None
    severity: str | None = None
    alone: bool = True
    """No other check may fail or be untold by it."""


def put(question: str, text: str) -> Change:
    """Have the host print something else."""
    return lambda made: made.said["gpu01"].__setitem__(question, text)


def swap(question: str, old: str, new: str, count: int = -1) -> Change:
    """Change a part of what the host prints."""

    def change(made: Rack) -> None:
        text = made.said["gpu01"][question]
        assert old in text, (question, old)
        made.said["gpu01"][question] = text.replace(old, new, count)

    return change


def drop(question: str) -> Change:
    """Have a command not answer."""
    return lambda made: made.said["gpu01"].pop(question)


def each(pattern: str, make: Callable[[str], str]) -> Change:
    """Change the answers of every question that fits."""

    def change(made: Rack) -> None:
        found = [question for question in made.said["gpu01"] if re.search(pattern, question)]
        assert found, pattern
        for question in found:
            made.said["gpu01"][question] = make(made.said["gpu01"][question])

    return change


def smi(**words: str) -> Change:
    """Change the first GPU."""
    return lambda made: made.said["gpu01"].__setitem__(asked.NVIDIA_SMI, healthy.smi_xml(made.wanted["gpu01"], **words))


def interfaces(edit: Callable[[list[dict]], None]) -> Change:
    """Change the interfaces."""

    def change(made: Rack) -> None:
        rows = json.loads(made.said["gpu01"][asked.ADDRESSES])
        edit(rows)
        made.said["gpu01"][asked.ADDRESSES] = json.dumps(rows)

    return change


def row(rows: list[dict], name: str) -> dict:
    """Return an interface by name."""
    return next(one for one in rows if one["ifname"] == name)


def renamed(rows: list[dict]) -> None:
    """Exchange the names of two rails."""
    one, two = row(rows, "rail1"), row(rows, "rail2")
    one["ifname"], two["ifname"] = "rail2", "rail1"


def cables(one: str, two: str) -> Change:
    """Exchange the far ends of two interfaces, as LLDP tells them."""

    def change(made: Rack) -> None:
        ports = {port.interface: (port.peer, port.peer_port) for port in made.wanted["gpu01"].ports}
        ports[one], ports[two] = ports[two], ports[one]
        made.said["gpu01"][asked.LLDP] = healthy.lldp(ports)

    return change


def nvconfig(name: str, now: str, later: str) -> Change:
    """Set one parameter of the first rail's adapter."""

    def change(made: Rack) -> None:
        question = next(one for one in made.said["gpu01"] if one.startswith("mlxconfig"))
        port = made.wanted["gpu01"].ports[0]
        values = {one.name: (one.value, one.value) for one in port.bluefield.nvconfig} | {name: (now, later)}
        made.said["gpu01"][question] = healthy.mlxconfig(values)

    return change


F, M, Q = "flint -d 0000:1a:00.0 q", "mlxlink -d 0000:1a:00.0 -m -c -e --json", "mlnx_qos -i rail1"
CASES = [
    Case("HOST-REACHED", "error", "told nothing at all", lambda made: made.said["gpu01"].clear()),
    Case("HOST-IDENTITY", "fail", "answers, not", put(asked.SERIAL, "ZZZ9999\n"), "tag"),
    Case("HOST-IDENTITY", "fail", "calls itself gpu02", put(asked.HOSTNAME, "gpu02.example.net\n"), "name"),
    Case("HOST-IDENTITY", "error", "does not tell its service tag", put(asked.SERIAL, "Not Specified\n"), "tag"),
    Case("HOST-VERSIONS", "fail", "OFED is 24.10-1.1.4.0, not 25.1.0", put("ofed_info -s", "OFED-internal-24.10-1.1.4.0:\n"), "ofed"),
    Case("HOST-VERSIONS", "fail", "Ubuntu is 22.04", put("cat /etc/os-release", 'VERSION_ID="22.04"\n'), "os"),
    Case("HOST-VERSIONS", "fail", "containerd is 2.1.0", put("containerd --version", "containerd containerd.io v2.1.0 061792f\n"), "containerd"),
    Case("HOST-VERSIONS", "fail", "DCGM is 4.2.0", put("dcgmi --version", "dcgmi  version: 4.2.0\n"), "dcgm"),
    Case("HOST-VERSIONS", "error", "not told", put("ofed_info -s", "-bash: ofed_info: command not found\n"), "ofed"),
    Case("HOST-VERSIONS", "error", "was not asked this", drop("ofed_info -s"), "ofed"),
    Case("HOST-VERSIONS", "fail", "570.133.20, 570.124.06", put(
        "nvidia-smi --query-gpu=driver_version --format=csv,noheader", "570.133.20\n570.124.06\n"), "gpu-driver"),
    Case("HOST-VERSIONS", "fail", "kernel is 6.11.0-19", each("^uname", lambda _: "6.11.0-19-generic\n"), "kernel", alone=False),
    Case("HOST-PACKAGES", "fail", "570.124.06-0ubuntu1, not", swap(
        asked.PACKAGES, "nvidia-utils-570 570.133.20-0ubuntu1", "nvidia-utils-570 570.124.06-0ubuntu1"), "gpu_driver.nvidia-utils-570"),
    Case("HOST-PACKAGES", "fail", "chrony is not installed", swap(asked.PACKAGES, "chrony 1.0 ii", "chrony 1.0 rc"), "time.chrony"),
    Case("HOST-PACKAGES", "fail", "pmix is installed", swap(asked.PACKAGES, "bash ", "pmix 5.0.1 ii \nbash "), "ofed.pmix"),
    Case("HOST-PACKAGES", "fail", "are not held", put(asked.HELD, ""), "held"),
    Case("HOST-PACKAGES", "error", "apt-mark showhold", drop(asked.HELD)),
    Case("HOST-MODULES", "fail", "iser is not installed for 6.8.0-57-generic: installed for 6.8.0-50-generic", swap(
        asked.DKMS, "iser/25.01.OFED.25.01.0.6.0.1, 6.8.0-57", "iser/25.01.OFED.25.01.0.6.0.1, 6.8.0-50"), "iser"),
    Case("HOST-MODULES", "fail", "mlx5_core is not loaded", swap(asked.LSMOD, "mlx5_core ", "mlx4_core "), "mlx5_core"),
    Case("HOST-PEERMEM", "fail", "nvidia_peermem is not loaded", swap(asked.LSMOD, "nvidia_peermem", "nvidia_uvm")),
    Case("HOST-SETTINGS", "fail", "rail3.arp_ignore is 0, not 1", swap(
        asked.SYSCTL, "net.ipv4.conf.rail3.arp_ignore = 1", "net.ipv4.conf.rail3.arp_ignore = 0")),
    Case("HOST-SETTINGS", "error", "does not tell net.ipv4.conf.rail3.arp_ignore", swap(
        asked.SYSCTL, "net.ipv4.conf.rail3.arp_ignore", "net.ipv4.conf.rail33.arp_ignore")),
    Case("HOST-SETTINGS", "fail", "without iommu=pt (iommu=off)", swap(asked.CMDLINE, "iommu=pt", "iommu=off")),
    Case("HOST-FIRMWARE", "fail", "b3140h-1: 32.43.1014 runs, not 32.44.1036", put(F, healthy.flint("32.43.1014")), "b3140h-1.firmware"),
    Case("HOST-FIRMWARE", "fail", "waits for a power cycle", put(F, healthy.flint("32.44.1036", running="32.43.1014"))),
    Case("HOST-FIRMWARE", "fail", "brings 32.45.1020", put(F, healthy.flint("32.45.1020", running="32.44.1036")), severity="warning"),
    Case("HOST-FIRMWARE", "fail", "5 more: 32.43.1014 runs", each("^flint", lambda _: healthy.flint("32.43.1014")), "firmware"),
    Case("HOST-FIRMWARE", "error", "5 more is not told", each("^flint", lambda _: "-E- Cannot open Device\n"), "firmware"),
    Case("HOST-NVCONFIG", "fail", "ROCE_ADAPTIVE_ROUTING_EN is 0, not 1", nvconfig("ROCE_ADAPTIVE_ROUTING_EN", "0", "0")),
    Case("HOST-NVCONFIG", "fail", "is set and waits", nvconfig("ROCE_ADAPTIVE_ROUTING_EN", "0", "1")),
    Case("HOST-NVCONFIG", "fail", "0 comes with the next start", nvconfig("ROCE_ADAPTIVE_ROUTING_EN", "1", "0")),
    Case("HOST-NVCONFIG", "fail", "PF_BAR2_SIZE changes", nvconfig("PF_BAR2_SIZE", "0", "1"), severity="warning"),
    Case("HOST-NVCONFIG", "fail", "no parameter CNP_DSCP_P1", each("^mlxconfig", lambda text: text.replace("CNP_DSCP_P1 ", "CNP_DSCP_P9 ")), "CNP_DSCP_P1"),
    Case("HOST-ROCE", "fail", "rail1: trust is pcp, and dscp at the switch", put(Q, healthy.mlnx_qos("pcp")), "rail1.trust"),
    Case("HOST-ROCE", "fail", "PFC by priority is 0,0,0,0,0,1,0,0", put(Q, healthy.mlnx_qos(pfc="0,0,0,0,0,1,0,0")), "rail1.pfc"),
    Case("HOST-ROCE", "fail", "6 more: trust is pcp", each("^mlnx_qos", lambda _: healthy.mlnx_qos("pcp")), "trust"),
    Case("HOST-ROCE", "fail", "priority of DSCP 26 is 5", swap(Q, "prio:3 dscp:31,30,29,28,27,26,25,24,", "prio:3 dscp:31,\n\tprio:5 dscp:30,29,28,27,26,25,24,")),
    Case("HOST-ROCE", "fail", "type of service 0", put("cma_roce_tos -d mlx5_0", "0\n"), "rail1.tos"),
    Case("HOST-ROCE", "fail", "carry DSCP 46", put("cat /sys/class/net/rail1/ecn/roce_np/cnp_dscp", "46\n"), "rail1.cnp"),
    Case("HOST-ROCE", "error", "are not told", put(Q, "Priority trust state is not supported on your system\n"), "rail1.qos"),
    Case("HOST-INTERFACES", "fail", "not 10.", interfaces(lambda rows: row(rows, "rail1").update(addr_info=[])), "rail1.address"),
    Case("HOST-INTERFACES", "fail", "has an MTU of 1500", interfaces(lambda rows: row(rows, "rail1").update(mtu=1500)), "rail1.mtu"),
    Case("HOST-INTERFACES", "fail", "rail1 and rail2 are exchanged", interfaces(renamed), alone=False),
    Case("HOST-INTERFACES", "fail", "no interface has", interfaces(lambda rows: row(rows, "rail1").update(address="02:ff:00:00:00:01")), alone=False),
    Case("HOST-INTERFACES", "fail", "is in no bond", interfaces(lambda rows: row(rows, "front1").pop("master"))),
    Case("HOST-INTERFACES", "error", "which tells nothing", put(asked.ADDRESSES, 'Object "-j" is unknown\n'), alone=False),
    Case("HOST-LINKS", "fail", "rail1 to be01 swp1s0 runs at 200G, not 400G", swap("ethtool rail1", "400000Mb/s", "200000Mb/s"), "rail1.link"),
    Case("HOST-LINKS", "fail", "is down", swap("ethtool rail1", "400000Mb/s", "Unknown!")),
    Case("HOST-LINKS", "fail", "RDMA port is PORT_DOWN", swap(asked.RDMA_STATE, "PORT_ACTIVE (4)", "PORT_DOWN (1)", 1), "rail1.rdma"),
    Case("HOST-LINKS", "fail", "RDMA port is InfiniBand", swap(asked.RDMA_STATE, "Ethernet", "InfiniBand", 1), "rail1.rdma"),
    Case("HOST-LINKS", "error", "ibv_devinfo", put(asked.RDMA_STATE, "No IB devices found\n"), "rdma"),
    Case("HOST-LINK-QUALITY", "fail", "1e-09 of the bits", put(M, healthy.mlxlink(ber="1E-9")), "rail1.ber"),
    Case("HOST-LINK-QUALITY", "fail", "Rx Power Current [dBm] is -8.1", put(M, healthy.mlxlink(rx="1.9,-8.1,1.8,2.1 [-6.3..5.5]"))),
    Case("HOST-LINK-QUALITY", "fail", "Bad signal integrity", put(M, healthy.mlxlink(advice="Bad signal integrity")), severity="warning"),
    Case("HOST-LINK-QUALITY", "error", "is not told", put(M, healthy.mlxlink(ber="N/A")), "rail1.ber"),
    Case("HOST-LINK-QUALITY", "error", "are not told", put(M, "{broken"), "rail1.link"),
    Case("HOST-CABLING", "fail", "exchanged", cables("rail1", "rail2")),
    Case("HOST-CABLING", "error", "lldpctl", drop(asked.LLDP), "lldp"),
    Case("HOST-CABLING", "error", "no neighbour is heard", put(asked.LLDP, healthy.lldp({})), "deaf"),
    Case("PCIE-SETTINGS", "fail", "access control is on at 1 of 1 bridges", swap(asked.LSPCI, "ACSCtl:\tSrcValid-", "ACSCtl:\tSrcValid+"), "acs"),
    Case("PCIE-SETTINGS", "fail", "reads at most 512 bytes", swap(asked.LSPCI, healthy.card("0000:1a:00.0"), healthy.card("0000:1a:00.0", request=512))),
    Case("PCIE-SETTINGS", "error", "tells no register", put(
        asked.LSPCI, "0000:15:01.0 PCI bridge [0604]: Broadcom [1000:c030]\n\tCapabilities: <access denied>\n0000:1a:00.0 Ethernet [0200]: Mellanox [15b3:a2dc]\n\tCapabilities: <access denied>\n"), "acs", alone=False),
    Case("PCIE-LINKS", "fail", "runs at 32 GT/s x8, and can 32 GT/s x16", swap(asked.LSPCI, healthy.card("0000:1a:00.0"), healthy.card("0000:1a:00.0", width=8))),
    Case("PCIE-LINKS", "fail", "limited by 16.0 GT/s", put(
        asked.DMESG, "[ 3.1] pci 0000:1a:00.0: 252.048 Gb/s available PCIe bandwidth, limited by 16.0 GT/s PCIe x16 link at 0000:15:01.0 (capable of 504.112 Gb/s with 32.0 GT/s PCIe x16 link)\n")),
    Case("GPU-HEALTH", "fail", "7 GPUs, not 8", lambda made: put(asked.NVIDIA_SMI, re.sub(
        r"\t<gpu id=.*?</gpu>\n", "", healthy.smi_xml(made.wanted["gpu01"]), count=1, flags=re.DOTALL))(made), "count"),
    Case("GPU-HEALTH", "fail", "NVIDIA H100", smi(name="NVIDIA H100 80GB HBM3")),
    Case("GPU-HEALTH", "fail", "2 uncorrectable", smi(uncorrected="2")),
    Case("GPU-HEALTH", "error", "the memory errors of 00000000:1b:00.0", lambda made: put(asked.NVIDIA_SMI, re.sub(
        r"(ram_uncorrectable\w*>)\d+<", r"\1N/A<", healthy.smi_xml(made.wanted["gpu01"])))(made)),
    Case("GPU-HEALTH", "fail", "row remap waits", smi(pending="Yes")),
    Case("GPU-HEALTH", "fail", "could not be remapped", smi(failure="Yes")),
    Case("GPU-HEALTH", "fail", "asks for Reset", smi(recovery="Reset")),
    Case("GPU-HEALTH", "fail", "8 lanes of 16", smi(width="8x")),
    Case("GPU-HEALTH", "fail", "is slowed", smi(slowdown="Active"), severity="warning"),
    Case("GPU-HEALTH", "fail", "Xid 79", put(asked.DMESG, "[ 99.1] NVRM: Xid (PCI:0000:1b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.\n")),
    Case("GPU-HEALTH", "error", "not told", put(asked.DMESG, ""), "xid", alone=False),
    Case("GPU-FABRIC", "fail", "fabric In Progress", smi(state="In Progress", status="N/A")),
    Case("GPU-FABRIC", "fail", "Completed NVML_ERROR", smi(status="NVML_ERROR")),
    Case("GPU-FABRIC", "fail", "is failed", put(asked.FABRIC_UNIT, "failed\n"), "service"),
    Case("GPU-FABRIC", "fail", "is not the loaded driver's", put("nv-fabricmanager --version", "Fabric Manager version is : 570.124.06\n"), "version", alone=False),
    Case("GPU-FABRIC", "fail", "1 of 144 NVLinks", swap(asked.NVLINK, "Link 3: 26.562 GB/s", "Link 3: <inactive>", 1), "nvlink"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.words[:24]}")
def test_a_fault_is_told_by_its_check_alone(case: Case) -> None:
    """A fault of a host is told by the check for it, with the right status, and by no other one."""
    made = rack("xe9680-spectrum-x", "gpu01")
    case.change(made)
    found = made.judged()
    own = [one for one in found if one.check == case.check and one.status == case.status and case.words.replace("not told", "") in one.message.replace("not told", "")]  # fmt: skip
    assert len(own) == 1, [(one.check, one.status, one.path, one.message) for one in found if one.status != "pass"]
    assert own[0].remedy
    assert case.path in (None, own[0].path)
    assert case.severity in (None, own[0].severity)
    assert not [one for one in found if one.check == case.check and one.status == "pass"]
    if case.alone:
        others = {one.check for one in found if one.status in {"fail", "error"}} - {case.check}
        assert not others


@pytest.mark.parametrize("site", ["xe9680-spectrum-x", "r760xa-converged", "era-2-8-9-400", "xe9680-two-racks"])
def test_a_healthy_host_passes(site: str) -> None:
    """A host on which all is as planned has nothing wrong and nothing untold, in every reference site."""
    found = rack(site).judged()
    assert not [str(one) for one in found if one.status in {"fail", "error"}]
    assert {one.check for one in found if one.status == "pass"} >= {"HOST-VERSIONS", "HOST-CABLING", "GPU-HEALTH"}


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "\x00\xff", "error", '{"lldp": []}', "<gpu", "Device #1:\n", "0"]
)
def test_nothing_passes_on_what_says_nothing(text: str) -> None:
    """A command that prints nothing of sense is an error or a fail, never a pass, and never an exception."""
    made = rack("xe9680-spectrum-x", "gpu01")
    for question in made.said["gpu01"]:
        made.said["gpu01"][question] = text
    for one in made.judged():
        # "0" is a traffic class and an empty list of holds is an answer; neither makes a check pass.
        assert one.status != "pass" or one.check == "HOST-REACHED", str(one)


def test_every_question_that_is_taken_away_tells_no_more() -> None:
    """Less evidence never makes wrong what was right, nor right what was untold: each command taken away is an error somewhere, or skipped."""
    made = rack("xe9680-spectrum-x", "gpu01")
    before = {one.check for one in made.judged() if one.status == "pass"}
    for question in list(made.said["gpu01"]):
        text = made.said["gpu01"].pop(question)
        found = made.judged()
        made.said["gpu01"][question] = text
        assert {one.check for one in found if one.status == "pass"} <= before
        wrong = [one for one in found if one.status == "fail"]
        assert not wrong, (question, [str(one) for one in wrong])


def test_who_could_not_be_asked_is_told_once() -> None:
    """A host that does not answer is one error with the reason, and no other check speaks of it."""
    made = rack("xe9680-spectrum-x", "gpu01")
    evidence = {"gpu01": Evidence("gpu01", error="no route to host", remedy="see its cable")}
    found = hosts.judge(made.wanted, evidence, made.plan, made.catalog, names=["gpu01"])
    assert [(one.check, one.status, one.remedy) for one in found] == [("HOST-REACHED", "error", "see its cable")]


def test_the_agent_is_looked_at_where_there_is_one() -> None:
    """A host that joins BCM is told when its agent does not run; its version is never passed."""
    made = rack("xe9680-spectrum-x", "gpu01")
    wanted = made.wanted | {"gpu01": healthy.with_agent(made.wanted["gpu01"])}
    for state, status in (("active", "pass"), ("inactive", "fail")):
        answers = (Answer(asked.HOSTNAME, "gpu01\n"), Answer(asked.AGENT, f"{state}\n"))
        found = hosts.judge(
            wanted,
            {"gpu01": Evidence("gpu01", answers=answers)},
            made.plan,
            made.catalog,
            names=["gpu01"],
            checks=["HOST-AGENT"],
        )
        assert {one.status for one in found if one.check == "HOST-AGENT"} == {status, "skipped"}


def test_registers_are_asked_one_by_one_where_the_list_has_none() -> None:
    """Where lspci tells no registers, setpci does, and the verdict is the same."""
    made = rack("xe9680-spectrum-x", "gpu01")
    told = made.said["gpu01"]
    told[asked.LSPCI] = "0000:15:01.0 0604: 1000:c030 (rev b0)\n0000:1a:00.0 0200: 15b3:a2dc (rev 01)\n"
    told["setpci -s 0000:1a:00.0 CAP_EXP+08.w"] = "5936\n"
    told["setpci -s 0000:15:01.0 ECAP_ACS+6.w"] = "0000\n"
    assert {one.status for one in made.judged("PCIE-SETTINGS") if one.check == "PCIE-SETTINGS"} == {"pass"}
    told["setpci -s 0000:15:01.0 ECAP_ACS+6.w"] = "001d\n"
    told["setpci -s 0000:1a:00.0 CAP_EXP+08.w"] = "2936\n"
    paths = {one.path for one in made.judged("PCIE-SETTINGS") if one.status == "fail"}
    assert paths == {"acs", "request.0000:1a:00.0"}


def test_a_missing_port_without_a_mac_is_looked_for_by_name() -> None:
    """Where nodes.csv tells no MAC address, the planned name finds the interface."""
    made = rack("xe9680-spectrum-x", "gpu01")
    blind = msgspec.structs.replace(
        made.wanted["gpu01"], ports=tuple(msgspec.structs.replace(port, mac="") for port in made.wanted["gpu01"].ports)
    )
    found = hosts.judge(made.wanted | {"gpu01": blind}, made.evidence(), made.plan, made.catalog, names=["gpu01"])
    assert not [str(one) for one in found if one.status in {"fail", "error"}]


def test_the_page_lists_every_check() -> None:
    """docs/design/audit.md and docs/audit.md hold the registry's table of host checks: id, title, commands."""
    root = Path(__file__).resolve().parents[3]
    for page in ("docs/design/audit.md", "docs/audit.md"):
        text = (root / page).read_text(encoding="utf-8")
        for check in hosts.CHECKS.values():
            commands = ", ".join(f"`{command}`" for command in check.asks)
            assert f" | `{check.id}` | {check.title} | {commands} |" in text, (page, check.id)
