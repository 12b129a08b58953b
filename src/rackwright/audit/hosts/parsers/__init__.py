"""Parsers of what hosts print, one a tool: text in, values out; None where it says nothing, and never an exception.

The matrix of version facts (``catalog/data/facts.yaml``) names functions of this package.
"""

from __future__ import annotations

from rackwright.audit.hosts.parsers.adapters import (
    adapter_firmware,
    cma_roce_tos,
    cnp_dscp,
    driver_firmware,
    flint,
    ibdev2netdev,
    ibv_devinfo,
    mlnx_qos,
    mlxconfig,
    mlxfwmanager,
)
from rackwright.audit.hosts.parsers.benchmarks import dcgmi_diag, ib_write_bw, nccl, nvbandwidth
from rackwright.audit.hosts.parsers.gpus import nvidia_smi, nvlinks
from rackwright.audit.hosts.parsers.links import ethtool_speed, ip_addresses, lldp, mlxlink
from rackwright.audit.hosts.parsers.pcie import lspci, narrow, read_request, register, xids
from rackwright.audit.hosts.parsers.software import (
    containerd_version,
    dcgm_version,
    dkms,
    dpkg_packages,
    dpkg_version,
    fabric_manager,
    gpu_driver,
    held,
    kernel_release,
    modules,
    ofed_info,
    os_release,
    settings,
    units,
)

__all__ = [
    "adapter_firmware", "cma_roce_tos", "cnp_dscp", "containerd_version", "dcgm_version", "dcgmi_diag", "dkms",
    "dpkg_packages", "dpkg_version", "driver_firmware", "ethtool_speed", "fabric_manager", "flint", "gpu_driver", "held",
    "ib_write_bw", "ibdev2netdev", "ibv_devinfo", "ip_addresses", "kernel_release", "lldp", "lspci", "mlnx_qos",
    "mlxconfig", "mlxfwmanager", "mlxlink", "modules", "narrow", "nccl", "nvbandwidth", "nvidia_smi", "nvlinks",
    "ofed_info", "os_release", "read_request", "register", "settings", "units", "xids",
]  # fmt: skip
