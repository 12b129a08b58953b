"""What a node believes it is made of, and the document of a host by hand: a witness that is not the planner's."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

FIRMWARE = "32.44.1036"
OLD_FIRMWARE = "32.41.1000"
PSID = "MT_0000001069"
DRIVER = "570.133.20"

NVCONFIG = {
    "LINK_TYPE_P1": ("2", {"1": "IB", "2": "ETH"}, 1),
    "INTERNAL_CPU_OFFLOAD_ENGINE": ("1", {"0": "ENABLED", "1": "DISABLED"}, 0),
    "ATS_ENABLED": ("0", {"0": "False", "1": "True"}, 0),
    "ROCE_CC_PRIO_MASK_P1": ("255", {}, 0),
    "CNP_DSCP_P1": ("48", {}, 26),
    "CNP_802P_PRIO_P1": ("6", {}, 6),
    "SRIOV_EN": ("1", {"0": "False", "1": "True"}, 0),
    "NUM_OF_VFS": ("1", {}, 16),
    "ROCE_ADAPTIVE_ROUTING_EN": ("1", {"0": "False", "1": "True"}, 0),
    "USER_PROGRAMMABLE_CC": ("1", {"0": "False", "1": "True"}, 0),
    "TX_SCHEDULER_LOCALITY_MODE": ("2", {"0": "DEVICE_DEFAULT", "2": "ACCUMULATIVE"}, 0),
}
"""Parameter -> what the plan wants, its words, what the card comes with."""

RUNTIME = {
    "/interfaces/interface/nvidia/roce/config/adaptive-retransmission": "true",
    "/interfaces/interface/nvidia/roce/config/slow-restart": "false",
    "/interfaces/interface/nvidia/cc/slot[id=0]/param[id=7]/config/value": "15000",
}

GRAPH: dict[str, tuple[str, ...]] = {
    "preflight": (),
    "mirror": ("preflight",),
    "base": ("mirror",),
    "time": ("base",),
    "lldp": ("base",),
    "kernel": ("base",),
    "tuning": ("kernel",),
    "ofed": ("kernel",),
    "bluefield_firmware": ("ofed",),
    "bluefield_config": ("bluefield_firmware",),
    "bluefield_runtime": ("bluefield_config",),
    "gpu_driver": ("ofed",),
    "fabric_manager": ("gpu_driver",),
    "peermem": ("ofed", "gpu_driver"),
    "dcgm": ("gpu_driver", "fabric_manager"),
    "containerd": ("kernel",),
    "bcm_agent": ("base", "time"),
    "verify": (),
}
"""Step -> what goes before it: written from host-stack.md 3, not read from the catalog."""

STAGES = (
    (("preflight", "mirror", "base", "time", "lldp", "kernel", "tuning"), "warm"),
    (("ofed", "bluefield_firmware", "bluefield_config", "gpu_driver", "containerd"), "cold"),
    (("bluefield_runtime", "fabric_manager", "peermem", "dcgm", "verify"), "none"),
)

PACKAGES = {
    "base": ["openssh-server", "pciutils", "ethtool"],
    "time": ["chrony"],
    "lldp": ["lldpd"],
    "kernel": [
        "linux-image-6.8.0-57-generic=6.8.0-57.59", "linux-headers-6.8.0-57-generic=6.8.0-57.59",
        "linux-image-generic=6.8.0-57.59", "linux-headers-generic=6.8.0-57.59",
    ],
    "ofed": [
        "dkms", "mlnx-tools=25.01-0.2501060", "mlnx-ofed-kernel-utils=25.01.OFED.25.01.0.6.0.1-1",
        "mlnx-ofed-kernel-dkms=25.01.OFED.25.01.0.6.0.1-1", "rdma-core=2501mlnx56-1.2501060",
        "ibverbs-utils=2501mlnx56-1.2501060", "perftest=25.01.0-0.70.g759a5c5.2501060", "mft=4.31.0-149", "ofed-scripts", "doca-ofed",
    ],
    "gpu_driver": [
        f"{name}={DRIVER}-0ubuntu1"
        for name in ("nvidia-kernel-common-570", "libnvidia-compute-570", "nvidia-dkms-570-open", "nvidia-utils-570", "nvidia-driver-570-open")
    ],
    "fabric_manager": [f"nvidia-fabricmanager-570={DRIVER}-1", f"libnvidia-nscq-570={DRIVER}-1"],
    "dcgm": ["datacenter-gpu-manager-4-cuda12"],
    "containerd": ["containerd.io"],
}  # fmt: skip

HELD = ("kernel", "ofed", "gpu_driver", "fabric_manager", "dcgm", "containerd")

PINS = [
    {
        "packages": ["linux-image-generic", "linux-headers-generic"],
        "pin": "version 6.8.*",
        "priority": 1001,
        "reason": "GA series",
    },
    {"packages": ["mlnx-fw-updater"], "pin": "release *", "priority": -1, "reason": "it flashes by itself"},
    {
        "packages": ["nvidia-*-570*", "libnvidia-*-570*"],
        "pin": f"version {DRIVER}-*",
        "priority": 1001,
        "reason": "validated",
    },
    {"packages": ["datacenter-gpu-manager-4*"], "pin": "version 1:4.1.1-*", "priority": 1001, "reason": "validated"},
    {"packages": ["containerd.io"], "pin": "version 1.7.27-*", "priority": 1001, "reason": "validated"},
]


def mac(rail: int, tag: int = 0) -> str:
    """Return the address of a rail's adapter."""
    return f"02:bf:{tag:02x}:00:00:{rail:02x}"


def xe9680(name: str, *, rails: int = 2, gpus: int = 8) -> dict[str, Any]:
    """Return the hardware of a server as it comes: old firmware, its maker's parameters, no driver."""
    return {
        "service_tag": f"TAG{name.upper()[-4:]:0>4}",
        "model": "PowerEdge XE9680",
        "kernel": "6.8.0-51-generic",
        "adapters": [adapter(rail) for rail in range(rails)],
        "gpu": {"count": gpus, "name": "NVIDIA H200", "loaded": ""},
        "switches": 2,
        "pci": {}, "sysctl": {}, "modules": [], "cmdline": "", "starts": [], "faults": {},
    }  # fmt: skip


def adapter(rail: int) -> dict[str, Any]:
    """Return an adapter of a rail as it comes from its maker."""
    return {
        "bdf": f"0000:{0x18 + 16 * rail:02x}:00.0",
        "netdev": f"rail{rail}",
        "rdma": f"mlx5_{rail}",
        "mac": mac(rail),
        "psid": PSID,
        "part": "900-9D3D4-00EN-HA0",
        "running": OLD_FIRMWARE,
        "flash": OLD_FIRMWARE,
        "link": True,
        "nvconfig": {
            name: {"default": preset, "current": preset, "next": preset, "words": words}
            for name, (_, words, preset) in NVCONFIG.items()
        },
        "qos": {"trust": "pcp", "pfc": "0,0,0,0,0,0,0,0"},
        "tos": 0,
        "dms": {},
    }


def document(name: str, mirror: Mapping[str, Any], *, rails: int = 2, images: str = "") -> dict[str, Any]:
    """Return the document of one host as docs/design/stack.md has it: an XE9680, both drivers on the host."""
    steps = [step for stage, _ in STAGES for step in stage]
    return {
        "rackwright": {
            "host": name, "role": "server", "roles": ["gpu"], "group": "gpu", "model": "xe9680",
            "service_tag": xe9680(name)["service_tag"], "release": "dell-nvidia-1.3", "profile": "host",
            "installer": "rackwright", "user": "rackwright", "steps": steps,
            "stages": [{"steps": list(stage), "reboot": reboot, "why": []} for stage, reboot in STAGES],
            "packages": {step: list(PACKAGES.get(step, [])) for step in steps},
            "holds": {step: [word.partition("=")[0] for word in PACKAGES[step]] if step in HELD else [] for step in steps},
            "remove": {step: {"kernel": ["linux-generic-hwe-24.04*"], "ofed": ["pmix"]}.get(step, []) for step in steps},
            "pins": copy.deepcopy(PINS),
            "mirror": dict(mirror),
            "time": {"ntp": ["10.10.0.1", "10.10.0.2"], "timezone": "Etc/UTC"},
            "sysctl": {"net.ipv4.conf.rail0.arp_ignore": "1", "net.ipv4.conf.rail0.rp_filter": "2"},
            "environment": {"NCCL_IB_PCI_RELAXED_ORDERING": "1"},
            "kernel": {"series": "6.8", "flavour": "generic", "release": "6.8.0-57-generic", "cmdline": ["iommu=pt"]},
            "ofed": {"owner": "host", "doca": "2.10.0", "version": "25.1.0", "info": "OFED-internal-25.01-0.6.0:", "modules": []},
            "bluefield": {
                "adapters": [_planned(rail) for rail in range(rails)],
                "firmware": {"version": FIRMWARE, "equal": [], "image": images},
                "runtime": {
                    "settings": [{"path": path, "value": value} for path, value in RUNTIME.items()], "trust": "dscp",
                    "pfc": "0,0,0,1,0,0,0,0", "dscp": 26, "priority": 3, "tos": 104, "cnp_dscp": 48, "cnp_priority": 6,
                    "gap": 25, "congestion_service": True,
                },
            },
            "gpu": {"owner": "host", "model": "h200-sxm", "count": 8, "driver": DRIVER, "fabric_manager": True, "mig": ""},
            "pcie": {"acs": False, "max_read_request_bytes": 4096, "relaxed_ordering": True, "devices": ["15b3:a2dc"]},
            "expected": {},
            "network": {"netplan": f"devices/{name}/netplan.yaml", "domain": "lab"},
            "bcm": {"heads": [], "port": 8081, "node": name, "version": "", "package": "", "category": "",
                    "bootstrap_cert": {}, "bootstrap_key": {}, "ca": {}},
        }
    }  # fmt: skip


def _planned(rail: int) -> dict[str, Any]:
    return {
        "name": f"nic{rail}", "nic": "b3140h", "mac": mac(rail), "macs": [mac(rail)], "interfaces": [f"rail{rail}"], "rail": rail,
        "slot": str(rail), "mode": "nic", "parts": ["900-9D3D4-00EN-HA0"], "psid": "",
        "nvconfig": {name: wanted for name, (wanted, _, _) in NVCONFIG.items()}, "marked": True, "tuned": True,
    }  # fmt: skip
