"""Parsers of hosts' tools, one by one, on the formats that the tools print; values are the tests' own."""

from __future__ import annotations

import json
import random

import pytest

from rackwright import catalog as catalogs
from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.compare import holds
from rackwright.audit.hosts.parsers.adapters import Card, Parameter, pci_of_rdma
from rackwright.audit.hosts.parsers.trees import xml
from tests.unit.audit_hosts import healthy_host as healthy

SMI_TEXT = """
==============NVSMI LOG==============

Timestamp                                 : Thu Jan  8 10:11:12 2026
Driver Version                            : 570.133.20
CUDA Version                              : 12.8

Attached GPUs                             : 1
GPU 00000000:1B:00.0
    Product Name                          : NVIDIA H200
    GPU Recovery Action                   : None
    PCI
        Bus Id                            : 00000000:1B:00.0
        GPU Link Info
            PCIe Generation
                Max                       : 5
                Current                   : 1
            Link Width
                Max                       : 16x
                Current                   : 8x
    Clocks Event Reasons
        Idle                              : Active
        HW Slowdown                       : Not Active
            HW Thermal Slowdown           : Active
    ECC Errors
        Volatile
            SRAM Correctable              : 4
            SRAM Uncorrectable Parity     : 0
            DRAM Uncorrectable            : 2
        Aggregate
            DRAM Uncorrectable            : 7
        Channel Repair Pending            : No
    Remapped Rows
        Correctable Error                 : 0
        Uncorrectable Error               : 1
        Pending                           : Yes
        Remapping Failure Occurred        : No
    Fabric
        State                             : Completed
        Status                            : Success
"""

NCCL = """# nThread 1 nGpus 8 minBytes 8388608 maxBytes 17179869184 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1 validation: 1 graph: 0
#
# Using devices
#  Rank  0 Group  0 Pid  41021 on      gpu01 device  0 [0000:1b:00] NVIDIA H200
#  Rank  1 Group  0 Pid  41021 on      gpu02 device  1 [0x2b] NVIDIA H200
#
#                                                              out-of-place                       in-place
#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
     8388608       2097152     float     sum      -1   101.20   82.89  145.06      0   100.90   83.14  145.49      0
 17179869184    4294967296     float     sum      -1    63344  271.21  474.63      0    63290  271.44  475.03      2
# Out of bounds values : 0 OK
# Avg bus bandwidth    : 310.052
#
"""

WRITE = """************************************
* Waiting for client to connect... *
---------------------------------------------------------------------------------------
                    RDMA_Write BW Test
 Dual-port       : OFF\t\tDevice         : mlx5_2
 Number of qps   : 4\t\tTransport type : IB
 Connection type : RC\t\tUsing SRQ      : OFF
 Link type       : Ethernet
---------------------------------------------------------------------------------------
 #bytes     #iterations    BW peak[Gb/sec]    BW average[Gb/sec]   MsgRate[Mpps]
 65536      4510000          0.00               391.73              0.747172
---------------------------------------------------------------------------------------
"""


def test_ofed_tells_its_version_behind_its_name() -> None:
    """A colon or another name of the build hides the version."""
    assert parsers.ofed_info("OFED-internal-25.01-0.6.0:\n") == "25.01-0.6.0"
    assert parsers.ofed_info("MLNX_OFED_LINUX-24.10-1.1.4.0:\n") == "24.10-1.1.4.0"
    assert parsers.ofed_info("") is None


def test_software_is_read_as_it_is_printed() -> None:
    """A tool's own words are not understood."""
    assert parsers.containerd_version("containerd github.com/containerd/containerd v1.7.27 05044ec0\n") == "1.7.27"
    assert parsers.dcgm_version("Version : 4.1.1\nBuild ID : 54\n") == "4.1.1"
    assert parsers.gpu_driver(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.133.20  Release Build\n"
    ) == ("570.133.20",)
    assert parsers.gpu_driver("No devices were found\n") is None
    assert parsers.dpkg_version("1:4.1.1-1\n") == "4.1.1-1"
    assert parsers.held("linux-image-generic\nmft:amd64\n") == ("linux-image-generic", "mft")
    assert parsers.held("") == ()
    assert parsers.held("E: Could not open lock file\n") is None
    assert parsers.units("inactive\n") == ("inactive",)
    assert parsers.units("System has not been booted with systemd\n") is None


def test_dpkg_is_read_in_both_of_its_forms() -> None:
    """A list of packages in the other form is not understood, or a package that left its configuration counts as installed."""
    own = parsers.dpkg_packages("mft 4.31.0-149 ii \nchrony  un\npmix 5.0.1 rc \n")
    listed = parsers.dpkg_packages(
        "||/ Name  Version Architecture Description\nhi  mft  4.31.0-149  amd64  Mellanox tools\nrc  pmix:amd64 5.0.1 amd64 x\n"
    )
    assert own is not None
    assert listed is not None
    assert own["mft"].installed
    assert listed["mft"].installed
    assert not own["chrony"].installed
    assert not own["pmix"].installed
    assert not listed["pmix"].installed


def test_dkms_is_read_in_the_forms_of_both_versions() -> None:
    """dkms 2 separates name and version by a comma, dkms 3 by a slash, and a module may be added only."""
    rows = parsers.dkms(
        "iser/25.01.OFED, 6.8.0-57-generic, x86_64: installed\nsrp, 25.01.OFED, 6.8.0-57-generic, x86_64: built\n"
        "isert/25.01.OFED: added\nnvidia/570.133.20, 6.8.0-57-generic, x86_64: installed (WARNING! Diff between built and installed module!)\n"
    )
    assert rows is not None
    assert [(row.module, row.kernel, row.state) for row in rows] == [
        ("iser", "6.8.0-57-generic", "installed"), ("srp", "6.8.0-57-generic", "built"), ("isert", "", "added"),
        ("nvidia", "6.8.0-57-generic", "installed"),
    ]  # fmt: skip


def test_flint_tells_the_flash_and_what_runs() -> None:
    """Firmware that waits for a power cycle is taken for the running one."""
    waits = parsers.flint(healthy.flint("32.44.1036", running="32.43.1014"))
    assert waits is not None
    assert (waits.flash, waits.running, waits.pending, waits.mac) == (
        "32.44.1036",
        "32.43.1014",
        True,
        "a0:88:c2:46:0b:1c",
    )
    assert parsers.adapter_firmware("firmware-version: 32.44.1036 (MT_0000001069)\n") == "32.44.1036"
    assert parsers.adapter_firmware("firmware-version: N/A\n") is None


def test_mlxfwmanager_lists_devices() -> None:
    """A device of the query is not found by its address."""
    text = (
        "Querying Mellanox devices firmware ...\n\nDevice #1:\n----------\n\n  Device Type:      BlueField3\n"
        "  Part Number:      900-9D3B6-00CV-A_Ax\n  Description:      NVIDIA BlueField-3 B3140H\n  PSID:             MT_0000001069\n"
        "  PCI Device Name:  0000:1a:00.0\n  Base MAC:         a088c2460b1c\n  Versions:         Current        Available\n"
        "     FW             32.43.1014     32.44.1036\n     PXE            3.7.0500       N/A\n\n  Status:           Update required\n"
    )
    assert parsers.mlxfwmanager(text) == (
        Card("0000:1a:00.0", "MT_0000001069", "900-9D3B6-00CV-A_Ax", "a0:88:c2:46:0b:1c", "32.43.1014"),
    )


def test_rdma_devices_are_told_with_and_without_v() -> None:
    """The short and the long form name the interface differently, and a port that is down still has its device."""
    assert parsers.ibdev2netdev("mlx5_0 port 1 ==> rail1 (Up)\nmlx5_bond_0 port 1 ==> bond0 (Down)\n") == {
        "rail1": "mlx5_0",
        "bond0": "mlx5_bond_0",
    }
    verbose = "0000:1a:00.0 mlx5_0 (MT41692 - 900-9D3B6) BlueField-3 E-series fw 32.44.1036 port 1 (DOWN  ) ==> rail1 (Down)\n"
    assert parsers.ibdev2netdev(verbose) == {"rail1": "mlx5_0"}
    assert pci_of_rdma(verbose) == {"mlx5_0": "0000:1a:00.0"}


def test_mlxconfig_tells_what_is_live_and_what_waits() -> None:
    """The columns are mixed up, words are not brought to their numbers, or a list without current values is believed."""
    rows = parsers.mlxconfig(
        healthy.mlxconfig({"SRIOV_EN": ("1", "0"), "NUM_OF_VFS": ("1", "1"), "ROCE_CC_PRIO_MASK_P1": ("0xff", "255")})
    )
    assert rows == {
        "SRIOV_EN": Parameter("1", "0"),
        "NUM_OF_VFS": Parameter("1", "1"),
        "ROCE_CC_PRIO_MASK_P1": Parameter("255", "255"),
    }
    assert (
        parsers.mlxconfig(
            "Configurations:                              Next Boot\n        SRIOV_EN                            True(1)\n"
        )
        is None
    )


def test_mlnx_qos_tells_trust_pfc_and_priorities() -> None:
    """Trust, PFC or the priority of a DSCP is not read."""
    qos = parsers.mlnx_qos(healthy.mlnx_qos())
    assert qos is not None
    assert (qos.trust, qos.pfc[3], sum(qos.pfc), qos.dscp[26], qos.dscp[48]) == ("dscp", True, 1, 3, 6)
    assert parsers.cma_roce_tos("106\n") == 106
    assert parsers.cma_roce_tos("Could not open configfs\n") is None


def test_lldp_is_read_in_every_shape() -> None:
    """lldpd's shape differs with the number of neighbours, the format and whether a system name is told."""
    one = {"rail1": ("be01", "swp1s0")}
    many = parsers.lldp(healthy.lldp(one | {"rail2": ("be02", "swp3s1")}))
    assert many is not None
    assert [(row.interface, row.system, row.ports) for row in many] == [
        ("rail1", "be01", ("swp1s0", "swp1s0")),
        ("rail2", "be02", ("swp3s1", "swp3s1")),
    ]
    single = '{"lldp": {"interface": {"rail1": {"chassis": {"id": {"type": "mac", "value": "44:38:39:00:00:01"}}, "port": {"id": {"type": "ifname", "value": "swp1s0"}}}}}}'
    (told,) = parsers.lldp(single) or ()
    assert (told.interface, told.system, told.chassis, told.ports) == ("rail1", "", "44:38:39:00:00:01", ("swp1s0",))
    zero = '{"lldp": [{"interface": [{"name": "rail1", "chassis": [{"id": [{"type": "mac", "value": "44:38:39:00:00:01"}], "name": [{"value": "be01"}]}], "port": [{"id": [{"type": "ifname", "value": "swp1s0"}], "descr": [{"value": "gpu01"}]}]}]}]}'
    (told,) = parsers.lldp(zero) or ()
    assert (told.system, told.ports) == ("be01", ("swp1s0", "gpu01"))
    assert parsers.lldp('{"lldp": {}}') == ()
    assert parsers.lldp("lldpctl: unable to connect to socket") is None


def test_mlxlink_tells_bits_and_light_of_every_lane() -> None:
    """Figures that are printed as texts, lists or with their limits are not read; a warning before the JSON spoils it."""
    link = parsers.mlxlink("-W- a warning of the tool\n" + healthy.mlxlink(ber="2E-13", rx="1.9,-7.5 [-6.3..5.5]"))
    assert link is not None
    assert (link.state, link.speed_gbps, link.effective_ber, link.raw_ber) == ("Active", 400.0, 2e-13, 2e-9)
    assert link.readings["Rx Power Current [dBm]"].outside == (-7.5,)
    assert link.readings["Tx Power Current [dBm]"].values == (1.2, 1.1, 1.3, 1.2)
    assert link.readings["Temperature [C]"].outside == ()


def test_lspci_tells_registers_and_setpci_too() -> None:
    """Access control, read request, speed or width of a device is not read, or a slot has no domain."""
    card, *_ = parsers.lspci(healthy.card("1a:00.0", request=512, width=8)) or ()
    assert (card.slot, card.vendor, card.model, card.read_request, card.downgraded) == (
        "0000:1a:00.0",
        "15b3",
        "a2dc",
        512,
        True,
    )
    assert parsers.read_request("5936\n") == 4096
    assert parsers.read_request("2936\n") == 512
    assert parsers.register("Capability not found\n") is None


def test_the_kernels_complaints_are_found_in_every_form() -> None:
    """A Xid of an older or newer driver, or a limited link, is overlooked."""
    text = (
        "[Thu Jan  8 10:00:00 2026] NVRM: Xid (PCI:0000:1b:00): 48, pid=1, name=x, DBE\nJan 8 gpu01 kernel: NVRM: Xid (0000:2b:00): 79, GPU has fallen off\n"
        "[ 4.2] pci 0000:3a:00.0: 126.024 Gb/s available PCIe bandwidth, limited by 16.0 GT/s PCIe x8 link at 0000:15:01.0\n"
    )
    assert [(one.slot, one.number) for one in parsers.xids(text)] == [("0000:1b:00", 48), ("0000:2b:00", 79)]
    assert list(parsers.narrow(text)) == ["0000:3a:00.0"]


def test_nvidia_smi_says_the_same_as_text_and_as_xml() -> None:
    """The text form, which people send, is read otherwise than the XML."""
    told = parsers.nvidia_smi(SMI_TEXT)
    assert told is not None
    (gpu,) = told.gpus
    assert (told.driver, told.attached, gpu.slot, gpu.name) == ("570.133.20", 1, "00000000:1b:00.0", "NVIDIA H200")
    assert (gpu.uncorrected, gpu.remap_pending, gpu.remap_failure, gpu.width, gpu.best_width) == (2, "Yes", "No", 8, 16)
    assert (gpu.fabric, gpu.fabric_status, gpu.recovery, gpu.slowed) == (
        "Completed",
        "Success",
        "None",
        ("hw_thermal_slowdown",),
    )
    wanted = healthy.rack().wanted
    xmls = parsers.nvidia_smi(
        healthy.smi_xml(next(one for one in wanted.values() if one.stack.gpu.count), pending="Yes", uncorrected="2")
    )
    assert xmls is not None
    assert (xmls.gpus[0].uncorrected, xmls.gpus[0].remap_pending, xmls.gpus[0].width) == (2, "Yes", 16)


def test_xml_that_declares_entities_is_refused() -> None:
    """An entity bomb in a file that somebody sent is expanded."""
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;&b;">]><nvidia_smi_log><driver_version>&c;</driver_version></nvidia_smi_log>'
    assert xml(bomb) is None
    assert xml("<a>" * 200) is None


def test_nvlinks_tell_what_is_inactive() -> None:
    """An inactive link counts as one that is up."""
    links = parsers.nvlinks(
        "GPU 0: NVIDIA H200 (UUID: GPU-1)\n\t Link 0: 26.562 GB/s\n\t Link 1: <inactive>\nGPU 1: NVIDIA H200 (UUID: GPU-2)\n\t Link 0: 26.562 GB/s\n"
    )
    assert links is not None
    assert [(link.gpu, link.link, link.up) for link in links] == [(0, 0, True), (0, 1, False), (1, 0, True)]


def test_nccl_tells_the_largest_size_and_wrong_values() -> None:
    """Another row than the largest, one half of it alone, or a wrong value is missed."""
    told = parsers.nccl(NCCL)
    assert told is not None
    assert (told.size_bytes, told.busbw_gb, told.average_gb, told.wrong, told.ranks) == (
        17179869184,
        475.03,
        310.052,
        2,
        2,
    )
    assert (told.hosts, told.gpu) == (("gpu01", "gpu02"), "NVIDIA H200")
    assert parsers.nccl("gpu01: Test NCCL failure common.cu:1005 'unhandled cuda error'\n") is None


def test_ib_write_bw_is_read_in_both_units() -> None:
    """A figure in MB/sec is taken for Gb/s, or that of the peak for the average."""
    told = parsers.ib_write_bw(WRITE)
    assert told is not None
    assert (told.device, told.gbps, told.size_bytes, told.cuda) == ("mlx5_2", 391.73, 65536, False)
    other = parsers.ib_write_bw(WRITE.replace("Gb/sec", "MB/sec").replace("391.73", "46698.81"))
    assert other is not None
    assert other.gbps == pytest.approx(391.73, abs=0.1)
    assert parsers.ib_write_bw("Couldn't connect to 10.0.0.1:18515\n") is None


@pytest.mark.parametrize("head", ["DCGM Diagnostic", "DCGM GPU Diagnostic"])
def test_dcgmi_is_read_in_the_forms_of_both_versions(head: str) -> None:
    """A failure of one GPU among eight, or of the newer form, is overlooked."""
    results = [
        {"gpu_id": "0", "status": "Pass"},
        {
            "entity_group": "GPU",
            "entity_id": 3,
            "status": "Fail",
            "warnings": [{"error_id": 29, "warning": "too slow"}],
        },
    ]
    skipped = {"name": "NVLink", "results": [{"status": "Skip"}], "test_summary": {"status": "Skip"}}
    tests = [{"name": "PCIe", "results": results}, skipped]
    text = "Warning: persistence\n" + json.dumps(
        {head: {"test_categories": [{"category": "Integration", "tests": tests}]}}
    )
    found = parsers.dcgmi_diag(text)
    assert found is not None
    assert [(one.test, one.status, one.warnings) for one in found] == [
        ("PCIe", "Fail", ("too slow",)),
        ("NVLink", "Skip", ()),
    ]


def test_nvbandwidth_tells_the_least_of_its_matrix() -> None:
    """The mean hides one GPU that is slow."""
    text = '{"nvbandwidth": {"testcases": [{"name": "host_to_device_memcpy_ce", "status": "Passed", "bandwidth_matrix": [["55.31", "21.02"]]}, {"name": "x", "status": "Waived"}]}}'
    assert [(one.name, one.least_gb) for one in parsers.nvbandwidth(text) or ()] == [
        ("host_to_device_memcpy_ce", 21.02),
        ("x", None),
    ]


@pytest.mark.parametrize("name", parsers.__all__)
def test_no_parser_raises(name: str) -> None:
    """A parser ends with an exception on broken output: cut anywhere, or with characters exchanged."""
    wanted = healthy.rack().wanted["gpu01"]
    texts = [
        healthy.smi_xml(wanted),
        SMI_TEXT,
        NCCL,
        WRITE,
        healthy.mlxlink(),
        healthy.mlnx_qos(),
        healthy.card("0000:1a:00.0"),
    ]
    texts += [
        text
        for text in (
            healthy.printed(wanted, question)
            for question in ("ip -j -d address show", "lldpctl -f json", "ibv_devinfo", "dkms status")
        )
        if text
    ]
    dice = random.Random(name)
    for text in texts:
        for _ in range(12):
            at, to = sorted(dice.randrange(len(text)) for _ in range(2))
            for broken in (
                text[:at],
                text[at:],
                text[:at] + text[to:],
                text[:at] + dice.choice('{}[]",:<>\x00') + text[at + 1 :],
            ):
                getattr(parsers, name)(broken)


@pytest.mark.parametrize(
    ("compare", "found", "wanted", "right"),
    [
        ("equal", "32.44.1036", ("32.44.10.36",), True),
        ("equal", "25.01-0.6.0", ("25.1.0", "25.01-0.6.0"), True),
        ("equal", ("570.133.20", "570.124.06"), ("570.133.20",), False),
        ("any-of", ("570.133.20", "570.124.06"), ("570.133.20",), True),
        ("series", "6.8.0-57-generic", ("6.8",), True),
        ("series", "6.80.0-1-generic", ("6.8",), False),
        ("series", "2.10.0-0.7.6", ("2.10.0",), True),
        ("prefix", "570.133.20-0ubuntu1", ("570.133.20",), True),
        ("equal", (), ("1",), False),
    ],
)
def test_versions_are_compared_as_the_matrix_says(
    compare: str, found: object, wanted: tuple[str, ...], right: bool
) -> None:
    """A version that is another one passes, or the same in another spelling fails."""
    assert holds(compare, found, wanted) is right


def test_every_threshold_has_a_source_and_a_direction() -> None:
    """A row of the catalog judges by nothing, or nobody knows where it comes from."""
    for row in catalogs.load().thresholds.values():
        assert row.source
        assert (row.least is None) != (row.most is None)


def test_every_fact_has_its_parser_and_its_parser_reads_it() -> None:
    """A row of the matrix of version facts names a parser that is not there, or that cannot read what the tool shows."""
    for fact in catalogs.load().facts.values():
        parser = getattr(parsers, fact.parser)
        shown = fact.shows + "0.7.6" if fact.shows.endswith("-") else fact.shows
        found = parser(shown + "\n")
        assert found is not None, fact.key
        assert fact.of is not None
        assert holds(fact.compare, found, (fact.of, "25.01-0.6.0")), fact.key
