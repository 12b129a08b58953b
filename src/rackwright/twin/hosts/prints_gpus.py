"""What nvidia-smi prints of GPUs, and lspci of everything."""

from __future__ import annotations

from rackwright.twin.bmc.machine.hardware import Gpu
from rackwright.twin.hosts.faces import Face, gpu_slot

__all__ = ["NVSWITCH", "lspci", "nvlinks", "smi"]

NVSWITCH = frozenset({"xe9680"})
"""Servers whose GPUs are joined by NVSwitches (HGX baseboard)."""
_LINKS = 18
_GPU_IDS = {"H200": ("GH100 [H200 SXM 141GB]", "2335"), "H100": ("GH100 [H100 SXM5 80GB]", "2330")}


def smi(gpus: tuple[Gpu, ...], driver: str, fabric: bool | None) -> str:
    """Return ``nvidia-smi -q -x``; ``fabric`` says whether Fabric Manager has brought it up, None: there is none."""
    state = ("N/A", "N/A") if fabric is None else ("Completed", "Success") if fabric else ("In Progress", "N/A")
    blocks = "".join(_gpu(gpu, *state) for gpu in gpus)
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>\n'
        f"\t<driver_version>{driver}</driver_version>\n\t<cuda_version>12.8</cuda_version>\n"
        f"\t<attached_gpus>{len(gpus)}</attached_gpus>\n{blocks}</nvidia_smi_log>\n"
    )


def _gpu(gpu: Gpu, state: str, status: str) -> str:
    slot = gpu_slot(gpu.slot).upper()
    return f"""\t<gpu id="0000{slot}">
\t\t<product_name>{gpu.model}</product_name>
\t\t<serial>{gpu.serial}</serial>
\t\t<pci>
\t\t\t<gpu_link_info>
\t\t\t\t<pcie_gen><max_link_gen>5</max_link_gen><current_link_gen>5</current_link_gen></pcie_gen>
\t\t\t\t<link_widths><max_link_width>16x</max_link_width><current_link_width>16x</current_link_width></link_widths>
\t\t\t</gpu_link_info>
\t\t</pci>
\t\t<gpu_recovery_action>None</gpu_recovery_action>
\t\t<clocks_event_reasons>
\t\t\t<clocks_event_reason_gpu_idle>Active</clocks_event_reason_gpu_idle>
\t\t\t<clocks_event_reason_hw_slowdown>Not Active</clocks_event_reason_hw_slowdown>
\t\t</clocks_event_reasons>
\t\t<ecc_errors>
\t\t\t<volatile><sram_correctable>0</sram_correctable><sram_uncorrectable_parity>0</sram_uncorrectable_parity>
\t\t\t<sram_uncorrectable_secded>0</sram_uncorrectable_secded><dram_uncorrectable>0</dram_uncorrectable></volatile>
\t\t\t<channel_repair_pending>No</channel_repair_pending>
\t\t</ecc_errors>
\t\t<remapped_rows>
\t\t\t<remapped_row_corr>0</remapped_row_corr>
\t\t\t<remapped_row_unc>0</remapped_row_unc>
\t\t\t<remapped_row_pending>No</remapped_row_pending>
\t\t\t<remapped_row_failure>No</remapped_row_failure>
\t\t</remapped_rows>
\t\t<fabric>
\t\t\t<state>{state}</state>
\t\t\t<status>{status}</status>
\t\t</fabric>
\t</gpu>
"""


def nvlinks(gpus: tuple[Gpu, ...]) -> str:
    """Return ``nvidia-smi nvlink --status``."""
    return "".join(
        f"GPU {at}: {gpu.model} (UUID: GPU-{gpu.serial})\n"
        + "".join(f"\t Link {link}: 26.562 GB/s\n" for link in range(_LINKS))
        for at, gpu in enumerate(gpus)
    )


def lspci(faces: list[Face], gpus: tuple[Gpu, ...], *, acs: bool, request: int) -> str:
    """Return ``lspci -D -nn -vvv`` as root is told it."""
    sign = "+" if acs else "-"
    blocks = []
    if gpus:
        blocks.append(
            "0000:15:01.0 PCI bridge [0604]: Broadcom / LSI PEX890xx PCIe Gen 5 Switch [1000:c030] (rev b0)\n"
            "\tCapabilities: [68] Express (v2) Downstream Port (Slot-), MSI 00\n"
            "\t\tLnkCap:\tPort #1, Speed 32GT/s, Width x16, ASPM not supported\n\t\tLnkSta:\tSpeed 32GT/s, Width x16\n"
            "\tCapabilities: [3a4 v1] Access Control Services\n"
            "\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans+\n"
            f"\t\tACSCtl:\tSrcValid{sign} TransBlk- ReqRedir{sign} CmpltRedir{sign} UpstreamFwd{sign} EgressCtrl- DirectTrans-\n"
        )
    blocks += [_card(face, request) for face in faces]
    for gpu in gpus:
        words, device = next((row for key, row in _GPU_IDS.items() if key in gpu.model.upper()), ("GH100", "2330"))
        blocks.append(
            f"{gpu_slot(gpu.slot)} 3D controller [0302]: NVIDIA Corporation {words} [10de:{device}] (rev a1)\n"
            "\tCapabilities: [60] Express (v2) Endpoint, MSI 00\n"
            "\t\tLnkCap:\tPort #0, Speed 32GT/s, Width x16, ASPM L1\n\t\tLnkSta:\tSpeed 32GT/s, Width x16\n"
        )
    return "\n".join(blocks)


def _card(face: Face, request: int) -> str:
    vendor, device = face.nic.pci[0].lower(), face.nic.pci[1].lower()
    speed = "32" if face.bluefield else "16" if face.rdma else "5"
    return (
        f"{face.pci} Ethernet controller [0200]: {face.nic.manufacturer} {face.nic.model} [{vendor}:{device}] (rev 01)\n"
        "\tCapabilities: [60] Express (v2) Endpoint, MSI 00\n"
        f"\t\tDevCtl:\tCorrErr+ NonFatalErr+ FatalErr+ UnsupReq-\n\t\t\tMaxPayload 512 bytes, MaxReadReq {request} bytes\n"
        f"\t\tLnkCap:\tPort #0, Speed {speed}GT/s, Width x{face.nic.lanes}, ASPM not supported\n"
        f"\t\tLnkSta:\tSpeed {speed}GT/s, Width x{face.nic.lanes}\n"
    )
