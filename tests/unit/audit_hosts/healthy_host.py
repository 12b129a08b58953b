"""What a planned host prints when all is well: real formats of its tools, values of the tests' own making."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from rackwright import catalog as catalogs
from rackwright.audit.cabling import Sight
from rackwright.audit.evidence import Answer, Evidence
from rackwright.audit.hosts import Wanted, WantedPort, hosts, judge
from rackwright.audit.hosts import questions as asked
from rackwright.findings import Finding
from rackwright.plan import workspace

SITES = Path(__file__).resolve().parents[3] / "inventory"
KERNEL = "6.8.0-57-generic"
NEWLINE = "\\n"


@dataclass(frozen=True)
class Rack:
    """The hosts of a site and what they print, to be changed: ``said[name][question]``."""

    wanted: dict[str, Wanted]
    said: dict[str, dict[str, str]]
    plan: object
    catalog: object

    def evidence(self) -> dict[str, Evidence]:
        """Return what was said as evidence."""
        return {
            name: Evidence(name, answers=tuple(Answer(question, text) for question, text in told.items()))
            for name, told in self.said.items()
        }

    def judged(self, *checks: str, switches: dict[object, Sight] | None = None) -> list[Finding]:
        """Return the findings about those who said something."""
        return list(
            judge(
                self.wanted, self.evidence(), self.plan, self.catalog, names=self.said, checks=checks, switches=switches
            )
        )


@lru_cache(maxsize=4)
def _site(site: str):
    opened = workspace.open_site(SITES / site)
    plan = workspace.planned(opened).plan
    catalog = opened.loaded.catalog
    return hosts(plan, opened.loaded.require(), catalog), plan, catalog


def rack(site: str = "xe9680-spectrum-x", *names: str) -> Rack:
    """Return healthy hosts of a reference site; the first GPU server where none is named."""
    wanted, plan, catalog = _site(site)
    chosen = names or (next(name for name, one in wanted.items() if one.stack.gpu.count),)
    return Rack(wanted, {name: said(wanted[name], catalog) for name in chosen}, plan, catalog)


def with_agent(wanted: Wanted) -> Wanted:
    """Return a host that joins BCM with the agent."""
    from rackwright.plan.stack_model import Bcm

    return msgspec.structs.replace(wanted, stack=msgspec.structs.replace(wanted.stack, bcm=Bcm(heads=("10.0.0.2",))))


def said(wanted: Wanted, catalog: catalogs.Catalog) -> dict[str, str]:
    """Return what a host prints, by question: asked as long as new questions follow."""
    answers: dict[str, Answer] = {}
    while True:
        new = [one for one in asked.questions(wanted, catalog, answers) if one.text not in answers]
        if not new:
            return {text: answer.value for text, answer in answers.items() if not answer.error}
        for question in new:
            text = printed(wanted, question.text)
            answers[question.text] = (
                Answer(question.text, text) if text is not None else Answer(question.text, error="command not found")
            )


def printed(wanted: Wanted, question: str) -> str | None:
    """Return what a command prints on a healthy host."""
    fixed = {
        asked.HOSTNAME: f"{wanted.name}\n",
        asked.SERIAL: f"{wanted.stack.service_tag}\n",
        asked.UNAME: f"{KERNEL}\n",
        asked.CMDLINE: f"BOOT_IMAGE=/vmlinuz-{KERNEL} root=/dev/mapper/vg-root ro {' '.join(wanted.stack.kernel.cmdline)} quiet\n",
        asked.FABRIC_UNIT: "active\n",
        asked.AGENT: "active\n",
        "cat /etc/os-release": 'PRETTY_NAME="Ubuntu 24.04.2 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\n',
        "ofed_info -s": "OFED-internal-25.01-0.6.0:\n",
        "nv-fabricmanager --version": f"Fabric Manager version is : {wanted.stack.gpu.driver}\n",
        "containerd --version": "containerd containerd.io 1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da\n",
        "dcgmi --version": "\ndcgmi  version: 4.1.1\n\n",
        asked.LSMOD: "Module                  Size  Used by\nmlx5_core            2400256  1 mlx5_ib\nnvidia_peermem         16384  0\n"
        "ib_core               512000  9 rdma_cm,mlx5_ib\n",
        asked.DMESG: "[    0.000000] Linux version 6.8.0-57-generic\n[    4.101000] mlx5_core 0000:1a:00.0: Rate limit: 127 rates\n",
    }
    if question in fixed:
        return fixed[question]
    made = {
        asked.PACKAGES: _packages, asked.HELD: _held, asked.DKMS: _dkms, asked.ADDRESSES: _addresses, asked.LLDP: _lldp,
        asked.RDMA: _rdma, asked.RDMA_STATE: _devinfo, asked.LSPCI: _lspci, asked.NVIDIA_SMI: smi_xml, asked.NVLINK: _nvlink,
        asked.SYSCTL: _sysctl,
    }  # fmt: skip
    if question in made:
        return made[question](wanted)
    words = question.split()
    if words[0] == "dpkg-query":
        return "2.10.0-0.7.6\n"
    if words[0] == "nvidia-smi":
        return f"{wanted.stack.gpu.driver}\n" * wanted.stack.gpu.count
    return _of_port(wanted, words)


def _of_port(wanted: Wanted, words: list[str]) -> str | None:
    for at, port in enumerate(wanted.ports):
        names = {slot(at), f"mlx5_{at}", port.interface, f"/sys/class/net/{port.interface}/ecn/roce_np/cnp_dscp"}
        if names & set(words):
            return _told(wanted, port, at, f"{words[0]} -i" if words[:2] == ["ethtool", "-i"] else words[0])
    return None


def _told(wanted: Wanted, port: WantedPort, at: int, program: str) -> str:
    bluefield, marking = wanted.stack.bluefield, wanted.stack.bluefield.marking
    firmware = f"firmware-version: {bluefield.firmware} (MT_0000001069)"
    return {
        "ethtool -i": lambda: f"driver: mlx5_core\nversion: 25.01-0.6.0\n{firmware}\nbus-info: {slot(at)}\n",
        "ethtool": lambda: (
            f"Settings for {port.interface}:\n\tSpeed: {int(port.speed_gbps * 1000)}Mb/s\n\tDuplex: Full\n"
        ),
        "flint": lambda: flint(bluefield.firmware, port),
        "mlxconfig": lambda: mlxconfig({row.name: (row.value, row.value) for row in port.bluefield.nvconfig}, slot(at)),
        "mlxlink": lambda: mlxlink(port),
        "mlnx_qos": lambda: mlnx_qos(marking.trust, marking.pfc),
        "cma_roce_tos": lambda: f"{marking.tos}\n",
        "cat": lambda: f"{marking.cnp_dscp}\n",
    }[program]()


def slot(at: int) -> str:
    """Return the PCI address of the port of a number."""
    return f"0000:{0x1A + 0x10 * (at % 12):02x}:{at // 12:02x}.0"


def _packages(wanted: Wanted) -> str:
    rows = [f"{one.name} {one.version or '1.0'} ii " for step in wanted.stack.steps for one in step.packages]
    return "\n".join([*rows, "bash 5.2.21-2ubuntu4 ii ", "linux-tools-old 6.5.0 rc "]) + "\n"


def _held(wanted: Wanted) -> str:
    return "\n".join(one.name for step in wanted.stack.steps if step.hold for one in step.packages) + "\n"


def _dkms(wanted: Wanted) -> str:
    rows = [f"{name}/25.01.OFED.25.01.0.6.0.1, {KERNEL}, x86_64: installed" for name in wanted.stack.ofed.modules]
    return "\n".join([*rows, f"nvidia/570.133.20, {KERNEL}, x86_64: installed"]) + "\n"


def _sysctl(wanted: Wanted) -> str:
    return "".join(f"{row.name} = {row.value}\n" for row in wanted.stack.sysctl)


def _addresses(wanted: Wanted) -> str:
    rows = [{"ifname": "lo", "address": "00:00:00:00:00:00", "mtu": 65536, "operstate": "UNKNOWN", "addr_info": []}]
    for at, port in enumerate(wanted.ports):
        local, _, length = port.address.partition("/")
        row = {
            "ifindex": at + 2, "ifname": port.interface, "flags": ["BROADCAST", "UP", "LOWER_UP"], "operstate": "UP",
            "address": port.mac, "mtu": port.mtu_bytes or 1500, "parentbus": "pci", "parentdev": slot(at),
            "addr_info": [{"family": "inet", "local": local, "prefixlen": int(length)}] if local else [],
        }  # fmt: skip
        if port.bond:
            row |= {"master": port.bond, "address": "02:00:00:00:00:01", "permaddr": port.mac}
        rows.append(row)
    for bond in wanted.network.bonds:
        local, _, length = bond.address.partition("/")
        info = [{"family": "inet", "local": local, "prefixlen": int(length)}] if local else []
        rows.append(
            {
                "ifname": bond.name,
                "address": "02:00:00:00:00:01",
                "mtu": bond.mtu_bytes or 1500,
                "operstate": "UP",
                "addr_info": info,
            }
        )
    return json.dumps(rows)


def _lldp(wanted: Wanted) -> str:
    return lldp({port.interface: (port.peer, port.peer_port) for port in wanted.ports})


def lldp(neighbours: dict[str, tuple[str, str]]) -> str:
    """Return what ``lldpctl -f json`` prints of some neighbours, by interface."""
    rows = [
        {
            interface: {
                "via": "LLDP", "rid": "1", "age": "0 day, 02:11:05",
                "chassis": {device: {"id": {"type": "mac", "value": "44:38:39:00:00:01"}, "descr": "Cumulus Linux", "mgmt-ip": "10.0.0.9"}},
                "port": {"id": {"type": "ifname", "value": port}, "descr": port, "ttl": "120"},
            }
        }
        for interface, (device, port) in neighbours.items()
    ]  # fmt: skip
    return json.dumps({"lldp": {"interface": rows}} if rows else {"lldp": {}})


def _rdma(wanted: Wanted) -> str:
    return "".join(
        f"{slot(at)} mlx5_{at} (MT41692 - 900-9D3B6-00CV-AA0) BlueField-3 fw 32.44.1036 port 1 (ACTIVE) ==> {port.interface} (Up)\n"
        for at, port in enumerate(wanted.ports) if port.nvidia
    )  # fmt: skip


def _devinfo(wanted: Wanted) -> str:
    return "".join(
        f"hca_id:\tmlx5_{at}\n\ttransport:\t\t\tInfiniBand (0)\n\tfw_ver:\t\t\t\t32.44.1036\n\tnode_guid:\t\t\ta088:c203:0046:0b1c\n"
        "\tvendor_id:\t\t\t0x02c9\n\tvendor_part_id:\t\t\t41692\n\tboard_id:\t\t\tMT_0000001069\n\tphys_port_cnt:\t\t\t1\n"
        "\t\tport:\t1\n\t\t\tstate:\t\t\tPORT_ACTIVE (4)\n\t\t\tmax_mtu:\t\t4096 (5)\n\t\t\tactive_mtu:\t\t4096 (5)\n"
        "\t\t\tlink_layer:\t\tEthernet\n\n"
        for at, port in enumerate(wanted.ports) if port.nvidia
    )  # fmt: skip


def _lspci(wanted: Wanted) -> str:
    blocks = [
        (
            "0000:15:01.0 PCI bridge [0604]: Broadcom / LSI PEX890xx PCIe Gen 5 Switch [1000:c030] (rev b0) (prog-if 00 [Normal decode])\n"
            "\tCapabilities: [68] Express (v2) Downstream Port (Slot-), MSI 00\n"
            "\t\tLnkCap:\tPort #1, Speed 32GT/s, Width x16, ASPM not supported\n"
            "\t\tLnkSta:\tSpeed 32GT/s, Width x16\n"
            "\tCapabilities: [3a4 v1] Access Control Services\n"
            "\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans+\n"
            "\t\tACSCtl:\tSrcValid- TransBlk- ReqRedir- CmpltRedir- UpstreamFwd- EgressCtrl- DirectTrans-\n"
        )
    ]
    blocks += [card(slot(at)) for at, port in enumerate(wanted.ports) if port.bluefield is not None]
    for at in range(wanted.stack.gpu.count):
        blocks.append(
            f"0000:{0x1B + 0x10 * at:02x}:1f.0 3D controller [0302]: NVIDIA Corporation GH100 [H200 SXM 141GB] [10de:2335] (rev a1)\n"
            "\tCapabilities: [60] Express (v2) Endpoint, MSI 00\n"
            "\t\tLnkCap:\tPort #0, Speed 32GT/s, Width x16, ASPM L1\n\t\tLnkSta:\tSpeed 2.5GT/s (downgraded), Width x16\n"
        )
    return "\n".join(blocks)


def card(address: str, request: int = 4096, width: int = 16, speed: str = "32") -> str:
    """Return lspci's block of a BlueField-3."""
    worse = " (downgraded)" if width < 16 else ""
    return (
        f"{address} Ethernet controller [0200]: Mellanox Technologies MT43244 BlueField-3 integrated ConnectX-7 network controller [15b3:a2dc] (rev 01)\n"
        "\tCapabilities: [60] Express (v2) Endpoint, MSI 00\n"
        f"\t\tDevCtl:\tCorrErr+ NonFatalErr+ FatalErr+ UnsupReq-\n\t\t\tMaxPayload 512 bytes, MaxReadReq {request} bytes\n"
        f"\t\tLnkCap:\tPort #0, Speed 32GT/s, Width x16, ASPM not supported\n\t\tLnkSta:\tSpeed {speed}GT/s, Width x{width}{worse}\n"
    )


def smi_gpu(at: int, **words: str) -> str:
    """Return one GPU of ``nvidia-smi -q -x``."""
    told = {
        "pending": "No", "failure": "No", "uncorrected": "0", "state": "Completed", "status": "Success", "width": "16x",
        "recovery": "None", "slowdown": "Not Active", "name": "NVIDIA H200",
    } | words  # fmt: skip
    return f"""\t<gpu id="00000000:{0x1B + 0x10 * at:02X}:00.0">
\t\t<product_name>{told["name"]}</product_name>
\t\t<pci>
\t\t\t<gpu_link_info>
\t\t\t\t<pcie_gen><max_link_gen>5</max_link_gen><current_link_gen>1</current_link_gen></pcie_gen>
\t\t\t\t<link_widths><max_link_width>16x</max_link_width><current_link_width>{told["width"]}</current_link_width></link_widths>
\t\t\t</gpu_link_info>
\t\t</pci>
\t\t<gpu_recovery_action>{told["recovery"]}</gpu_recovery_action>
\t\t<clocks_event_reasons>
\t\t\t<clocks_event_reason_gpu_idle>Active</clocks_event_reason_gpu_idle>
\t\t\t<clocks_event_reason_hw_slowdown>{told["slowdown"]}</clocks_event_reason_hw_slowdown>
\t\t</clocks_event_reasons>
\t\t<ecc_errors>
\t\t\t<volatile>
\t\t\t\t<sram_correctable>3</sram_correctable>
\t\t\t\t<sram_uncorrectable_parity>0</sram_uncorrectable_parity>
\t\t\t\t<sram_uncorrectable_secded>0</sram_uncorrectable_secded>
\t\t\t\t<dram_uncorrectable>{told["uncorrected"]}</dram_uncorrectable>
\t\t\t</volatile>
\t\t\t<aggregate><dram_uncorrectable>1</dram_uncorrectable></aggregate>
\t\t\t<channel_repair_pending>No</channel_repair_pending>
\t\t</ecc_errors>
\t\t<remapped_rows>
\t\t\t<remapped_row_corr>0</remapped_row_corr>
\t\t\t<remapped_row_unc>0</remapped_row_unc>
\t\t\t<remapped_row_pending>{told["pending"]}</remapped_row_pending>
\t\t\t<remapped_row_failure>{told["failure"]}</remapped_row_failure>
\t\t</remapped_rows>
\t\t<fabric>
\t\t\t<state>{told["state"]}</state>
\t\t\t<status>{told["status"]}</status>
\t\t</fabric>
\t</gpu>
"""


def smi_xml(wanted: Wanted, **words: str) -> str:
    """Return ``nvidia-smi -q -x``; ``words`` change the first GPU."""
    fabric = {} if wanted.stack.gpu.fabric_manager else {"state": "N/A", "status": "N/A"}
    name = {"name": "NVIDIA H100 NVL"} if wanted.machine.gpu == "h100-nvl" else {}
    gpus = "".join(
        smi_gpu(at, **{**fabric, **name, **(words if at == 0 else {})}) for at in range(wanted.stack.gpu.count)
    )
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>\n'
        f"\t<driver_version>{wanted.stack.gpu.driver}</driver_version>\n\t<cuda_version>12.8</cuda_version>\n"
        f"\t<attached_gpus>{wanted.stack.gpu.count}</attached_gpus>\n{gpus}</nvidia_smi_log>\n"
    )


def _nvlink(wanted: Wanted) -> str:
    return "".join(
        f"GPU {at}: NVIDIA H200 (UUID: GPU-{at:08x}-0000-0000-0000-000000000000)\n"
        + "".join(f"\t Link {link}: 26.562 GB/s\n" for link in range(18))
        for at in range(wanted.stack.gpu.count)
    )


def flint(flash: str, port: WantedPort | None = None, running: str = "") -> str:
    """Return ``flint q``."""
    second = f"FW Version(Running):   {running}\n" if running else ""
    mac = (port.mac if port else "a0:88:c2:46:0b:1c").replace(":", "")
    return (
        f"Image type:            FS4\nFW Version:            {flash}\n{second}FW Release Date:       27.1.2025\n"
        f"Product Version:       {flash}\nRom Info:              type=UEFI Virtio net version=21.4.13 cpu=AMD64,AARCH64\n"
        "Description:           UID                GuidsNumber\nBase GUID:             a088c20300460b1c        38\n"
        f"Base MAC:              {mac}            38\nImage VSD:             N/A\nDevice VSD:            N/A\n"
        "PSID:                  MT_0000001069\nSecurity Attributes:   secure-fw\n"
    )


WORDS = {"0": "False(0)", "1": "True(1)"}


def mlxconfig(values: dict[str, tuple[str, str]], device: str = "0000:1a:00.0", default: str = "0") -> str:
    """Return ``mlxconfig -e q``: (current, next boot) by name."""
    rows = "".join(
        f"{'*' if now != later else ' '}       {name:<52}{default:<20}{WORDS.get(now, now):<20}{WORDS.get(later, later):<20}\n"
        for name, (now, later) in values.items()
    )
    return (
        f"\nDevice #1:\n----------\n\nDevice type:        BlueField3          \nName:               900-9D3B6-00CV-AA0_Ax\n"
        f"Description:        NVIDIA BlueField-3\nDevice:             {device}\n\n"
        "Configurations:                                     Default             Current             Next Boot\n"
        f"{rows}The '*' shows parameters with next value different from default/current value.\n"
    )


def mlxlink(port: WantedPort | None = None, **words: object) -> str:
    """Return ``mlxlink -m -c -e --json``."""
    told: dict[str, object] = {
        "ber": "15E-255",
        "rx": "1.9,2.0,1.8,2.1 [-6.3..5.5]",
        "advice": "No issue was observed",
    } | words
    return json.dumps(
        {
            "result": {
                "output": {
                    "Operational Info": {"State": "Active", "Physical state": "LinkUp", "Speed": "400G", "Width": "4x", "FEC": "Standard_RS-FEC - (544,514)", "Loopback Mode": "No Loopback", "Auto Negotiation": "ON"},
                    "Troubleshooting Info": {"Status Opcode": "0", "Group Opcode": "N/A", "Recommendation": told["advice"]},
                    "Tool Information": {"Firmware Version": "32.44.1036", "MFT Version": "mft 4.31.0-149"},
                    "Module Info": {
                        "Identifier": "OSFP", "Cable Type": "Optical Module (separated)", "Vendor Name": "NVIDIA", "Vendor Part Number": "MMS4X00-NS400", "Vendor Serial Number": "MT2430XT00001",
                        "Temperature [C]": "52 [0..75]", "Voltage [mV]": "3288.1 [2970..3630]", "Rx Power Current [dBm]": told["rx"], "Tx Power Current [dBm]": {"values": ["1.2", "1.1", "1.3", "1.2"]},
                    },
                    "Physical Counters and BER Info": {
                        "Time Since Last Clear [Min]": "1440.2", "Effective Physical Errors": "0", "Effective Physical BER": told["ber"],
                        "Raw Physical Errors Per Lane": {"values": ["12", "9", "4", "8"]}, "Raw Physical BER": "2E-9", "Link Down Counter": "0",
                    },
                    "EYE Opening Info": {"Physical Grade": {"values": ["0", "0", "0", "0"]}},
                }
            },
            "status": {"code": 0, "message": "success"},
        }
    )  # fmt: skip


def mlnx_qos(trust: str = "dscp", pfc: str = "0,0,0,1,0,0,0,0") -> str:
    """Return ``mlnx_qos -i IF``."""
    rows = "".join(
        f"\tprio:{priority} dscp:" + "".join(f"{8 * priority + low:02}," for low in range(7, -1, -1)) + "\n"
        for priority in range(8)
    )
    flags = "   ".join(pfc.split(","))
    return (
        f"DCBX mode: OS controlled\nPriority trust state: {trust}\ndscp2prio mapping:\n{rows}"
        "Receive buffer size (bytes): 20016,156096,0,0,0,0,0,0,total_size=1027728\nCable len: 7\nPFC configuration:\n"
        f"\tpriority    0   1   2   3   4   5   6   7\n\tenabled     {flags}   \n\tbuffer      {flags}   \n"
        "tc: 0 ratelimit: unlimited, tsa: vendor\n\t priority:  1\n"
    )
