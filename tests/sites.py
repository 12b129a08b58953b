"""Small valid sites for laws: plain mappings, as ``site.yaml`` would give them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

Mapping = dict[str, Any]

RAILS = {"single-switch": (16, 8), "pure-rail": (32, 4), "rail-optimized": (200, 2), "tor-clos": (60, 8)}
"""Topology -> (most machines tried, rails a leaf)."""


def site(topology: str = "pure-rail", gpus: int = 4, most: int = 8, mgmt: int = 4) -> Mapping:
    """Return a site with a rail fabric, a front-end pair and an out-of-band fabric."""
    backend: Mapping = {
        "topology": topology,
        "leaves": {"model": "sn5600", "name": "be"},
        "attach": [{"group": "gpu", "nic": "b3140h", "network": "rails"}],
    }
    if topology in ("pure-rail", "rail-optimized"):
        backend["rails_per_leaf"] = RAILS[topology][1]
    return copy.deepcopy(
        {
            "site": {"name": "law", "schema": 1, "release": "dell-nvidia-1.3"},
            "groups": {
                "gpu": {"model": "xe9680", "gpu": "h200-sxm", "memory_gb": 2048, "count": gpus, "max": most},
                "mgmt": {"model": "r660", "count": mgmt, "max": 8},
            },
            "roles": {"bcm-head": ["mgmt01"]},
            "pools": {"loopback": "10.255.0.0/20", "vtep": "10.255.16.0/20"},
            "networks": {
                "oob": {"vlan": 200, "vrf": "OOB", "subnet": "10.10.0.0/20", "gateway": "frontend"},
                "inband": {"vlan": 300, "vrf": "INBAND", "subnet": "10.20.0.0/20", "mtu_bytes": 9000, "pxe": True},
                "rails": {"style": "p2p-31", "pool": "10.192.0.0/12", "mtu_bytes": 9000},
            },
            "fabrics": {
                "backend": backend,
                "frontend": {
                    "topology": "evpn-pair",
                    "leaves": {"model": "sn5600", "count": 2, "name": "fe"},
                    "isl": {"links": 8},
                    "attach": [
                        {"group": "gpu", "nic": "b3220l", "bond": "lacp", "native": "inband"},
                        {"group": "mgmt", "nic": "cx6dx", "bond": "lacp", "native": "inband"},
                    ],
                },
                "oob": {
                    "topology": "l2",
                    "leaves": {"model": "sn2201", "max": "auto", "name": "oob"},
                    "attach": [
                        {"group": "gpu", "ports": ["bmc", {"dpu_bmc": ["b3220l"]}]},
                        {"group": "mgmt", "ports": ["bmc", "lom1"]},
                        {"switches": "all"},
                    ],
                    "uplink": {"to": "frontend"},
                },
            },
        }
    )


@st.composite
def sites(draw: st.DrawFn) -> Mapping:
    """Draw a site: any topology, any count that the target allows."""
    topology = draw(st.sampled_from(sorted(RAILS)))
    most = draw(st.integers(1, RAILS[topology][0]))
    return site(topology, draw(st.integers(1, most)), most, draw(st.integers(1, 8)))
