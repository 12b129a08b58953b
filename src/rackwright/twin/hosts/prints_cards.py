"""What the tools of NVIDIA's adapters print: MFT (flint, mlxconfig, mlxlink), rdma-core, the scripts of OFED."""

from __future__ import annotations

import json
from typing import Final

from rackwright.twin.hosts.faces import Face
from rackwright.twin.hosts.system import Card, Runtime

__all__ = ["PSID", "devinfo", "flint", "mlxconfig", "mlxlink", "netdevs", "qos"]

PSID: Final = {"b3140h": "MT_0000001011", "b3220l": "MT_0000000884"}
"""Board ids [assumed]."""
_PARTS: Final = {"dac": ("Passive copper cable", "MCP7Y00-N002"), "": ("Optical Module (separated)", "MMS4X00-NS400")}
_WORDS: Final = {"0": "False(0)", "1": "True(1)"}
_BOOLEAN: Final = frozenset({"SRIOV_EN", "ATS_ENABLED", "ROCE_ADAPTIVE_ROUTING_EN", "USER_PROGRAMMABLE_CC"})


def flint(face: Face, running: str, flash: str) -> str:
    """Return ``flint -d DEVICE q``; the running version is a line of its own only where it is another one."""
    second = f"FW Version(Running):   {running}\n" if running != flash else ""
    mac = face.nic.ports[0].mac.replace(":", "").lower()
    return (
        f"Image type:            FS4\nFW Version:            {flash}\n{second}FW Release Date:       27.1.2025\n"
        f"Product Version:       {flash}\nDescription:           UID                GuidsNumber\n"
        f"Base GUID:             {mac[:6]}0300{mac[6:]}        38\nBase MAC:              {mac}            38\n"
        f"Image VSD:             N/A\nDevice VSD:            N/A\nPSID:                  {PSID.get(face.nic.key, 'MT_0000000000')}\n"
        "Security Attributes:   secure-fw\n"
    )


def mlxconfig(face: Face, card: Card, factory: dict[str, str]) -> str:
    """Return ``mlxconfig -d DEVICE -e q``: default, current and next value of each parameter."""
    rows = []
    for name, now in sorted(card.now.items()):
        later, first = card.next.get(name, now), factory.get(name, now)
        mark = "*" if later != now else " "
        rows.append(f"{mark}       {name:<52}{_word(name, first):<20}{_word(name, now):<20}{_word(name, later):<20}\n")
    return (
        f"\nDevice #1:\n----------\n\nDevice type:        BlueField3          \nName:               {face.nic.part}_Ax\n"
        f"Description:        {face.nic.model}\nDevice:             {face.pci}\n\n"
        "Configurations:                                     Default             Current             Next Boot\n"
        f"{''.join(rows)}The '*' shows parameters with next value different from default/current value.\n"
    )


def _word(name: str, value: str) -> str:
    if name.startswith("LINK_TYPE"):
        return {"1": "IB(1)", "2": "ETH(2)"}.get(value, value)
    return _WORDS.get(value, value) if name in _BOOLEAN else value


def mlxlink(face: Face) -> str:
    """Return ``mlxlink -d DEVICE -m -c -e --json``."""
    up, far = face.far.up, face.far
    state = {"State": "Active" if up else "Polling", "Physical state": "LinkUp" if up else "ETH_AN_FSM_ENABLE"}
    told = {
        "Operational Info": {
            **state, "Speed": f"{far.gbps:g}G" if up else "N/A", "Width": "4x", "FEC": "Standard_RS-FEC - (544,514)",
            "Loopback Mode": "No Loopback", "Auto Negotiation": "ON",
        },
        "Troubleshooting Info": {"Status Opcode": "0", "Group Opcode": "N/A", "Recommendation": "No issue was observed"},
        "Module Info": {"Identifier": "OSFP", "Cable Type": "Passive copper cable", "Vendor Name": "NVIDIA"},
        "Physical Counters and BER Info": {
            "Time Since Last Clear [Min]": "60.0", "Effective Physical Errors": "0", "Raw Physical BER": "1E-8",
            "Effective Physical BER": f"{far.errors:g}" if far.errors else "15E-255", "Link Down Counter": "0",
        },
    }  # fmt: skip
    return json.dumps({"result": {"output": told}, "status": {"code": 0, "message": "success"}})


def netdevs(faces: list[Face], firmware: dict[str, str]) -> str:
    """Return ``ibdev2netdev -v``; ``firmware`` by adapter."""
    return "".join(
        f"{face.pci} {face.rdma} (MT{_device(face)} - {face.nic.part}) {face.nic.model} fw {firmware.get(face.nic.adapter, '')} "
        f"port 1 ({'ACTIVE' if face.far.up else 'DOWN  '}) ==> {face.name} ({'Up' if face.far.up else 'Down'})\n"
        for face in faces
        if face.rdma
    )


def _device(face: Face) -> int:
    return int(face.nic.pci[1], 16)


def devinfo(faces: list[Face], firmware: dict[str, str]) -> str:
    """Return ``ibv_devinfo``."""
    blocks = []
    for face in faces:
        if face.rdma:
            state = "PORT_ACTIVE (4)" if face.far.up else "PORT_DOWN (1)"
            blocks.append(
                f"hca_id:\t{face.rdma}\n\ttransport:\t\t\tInfiniBand (0)\n\tfw_ver:\t\t\t\t{firmware.get(face.nic.adapter, '')}\n"
                f"\tvendor_id:\t\t\t0x02c9\n\tvendor_part_id:\t\t\t{_device(face)}\n"
                f"\tboard_id:\t\t\t{PSID.get(face.nic.key, 'MT_0000000000')}\n\tphys_port_cnt:\t\t\t1\n"
                f"\t\tport:\t1\n\t\t\tstate:\t\t\t{state}\n\t\t\tmax_mtu:\t\t4096 (5)\n\t\t\tactive_mtu:\t\t4096 (5)\n"
                "\t\t\tlink_layer:\t\tEthernet\n\n"
            )
    return "".join(blocks)


def qos(runtime: Runtime | None) -> str:
    """Return ``mlnx_qos -i IF``; without settings those of the factory: trust by priority, no pause [assumed]."""
    trust, pfc = (runtime.trust, runtime.pfc) if runtime else ("pcp", "0,0,0,0,0,0,0,0")
    rows = "".join(
        f"\tprio:{priority} dscp:" + "".join(f"{8 * priority + low:02}," for low in range(7, -1, -1)) + "\n"
        for priority in range(8)
    )
    mapping = f"dscp2prio mapping:\n{rows}" if trust == "dscp" else ""
    flags = "   ".join(pfc.split(","))
    return (
        f"DCBX mode: OS controlled\nPriority trust state: {trust}\n{mapping}"
        "Receive buffer size (bytes): 20016,156096,0,0,0,0,0,0,total_size=1027728\nCable len: 7\nPFC configuration:\n"
        f"\tpriority    0   1   2   3   4   5   6   7\n\tenabled     {flags}   \n\tbuffer      {flags}   \n"
        "tc: 0 ratelimit: unlimited, tsa: vendor\n\t priority:  1\n"
    )
