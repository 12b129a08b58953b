"""Every check of servers by a table of cases: what a BMC tells, and what must be said of it."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rackwright.audit import machines
from rackwright.audit.machines.evidence import LOGIN
from rackwright.plan.controllers import BmcSettings
from rackwright.redfish.inventory import Bios, Inventory, Job
from tests.unit.audit_machines.healthy import Rack, rack

Change = Callable[[Rack], Any]
ATTRIBUTES = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/iDRAC.Embedded.1"
ACCOUNT = "/redfish/v1/AccountService/Accounts/2"


@dataclass(frozen=True)
class Case:
    """What is changed in a healthy rack, and (subject, path, status, part of the message or remedy) that follow."""

    check: str
    name: str
    change: Change
    expect: tuple[tuple[str, str, str, str], ...]

    @property
    def id(self) -> str:
        return f"{self.check}-{self.name}"


def is_(name: str, **values: Any) -> Change:
    """Return a change of what one BMC tells."""
    return lambda made: made.change(name, **values)


def each(name: str, field: str, at: int, **values: Any) -> Change:
    """Return a change of one of several parts: one GPU, one power supply."""

    def change(made: Rack) -> None:
        parts = list(getattr(made.said[name], field))
        parts[at] = msgspec.structs.replace(parts[at], **values)
        made.change(name, **{field: tuple(parts)})

    return change


def fewer(name: str, field: str, number: int = 1) -> Change:
    """Return a change that takes the last parts away."""
    return lambda made: made.change(name, **{field: getattr(made.said[name], field)[:-number]})


def port(name: str, at: int, **values: Any) -> Change:
    """Return a change of the first port of one adapter."""

    def change(made: Rack) -> None:
        ports = list(made.said[name].nics[at].ports)
        ports[0] = msgspec.structs.replace(ports[0], **values)
        made.nic(name, at, ports=tuple(ports))

    return change


def swap(*names: str) -> Change:
    """Return a change after which at each BMC answers the server of the next name."""

    def change(made: Rack) -> None:
        said = {at: made.said[of] for at, of in zip(names, (*names[1:], names[0]), strict=True)}
        made.said.update(said)

    return change


def exchanged(name: str, one: int, two: int) -> Change:
    """Return a change after which two adapters of one server sit in each other's slot."""

    def change(made: Rack) -> None:
        first, second = made.said[name].nics[one], made.said[name].nics[two]
        made.nic(name, one, ports=second.ports)
        made.nic(name, two, ports=first.ports)

    return change


def tells(name: str, uri: str, body: Any) -> Change:
    """Return a change of one resource that is judged as it is."""
    return lambda made: made.more.setdefault(name, {}).update({uri: body})


def attributes(name: str, **values: Any) -> Change:
    """Return a change of attributes of the BMC; two underscores stand for a dot."""
    return tells(name, ATTRIBUTES, {"Attributes": {key.replace("__", "."): value for key, value in values.items()}})


def wanted(name: str, **values: Any) -> Change:
    """Return a change of how a BMC should be set."""
    return lambda made: made.settings.update({name: BmcSettings(**values)})


def all_of(*changes: Change) -> Change:
    """Return several changes as one."""

    def change(made: Rack) -> None:
        for one in changes:
            one(made)

    return change


def bios(name: str, pending: dict[str, Any] | None = None, **attributes_: Any) -> Change:
    """Return a change of BIOS attributes; None takes one away."""

    def change(made: Rack) -> None:
        there = {**made.said[name].bios.attributes, **attributes_}
        there = {key: value for key, value in there.items() if value is not None}
        made.change(name, bios=Bios(attributes=there, pending=pending or {}))

    return change


def pinned(name: str, key: str, version: str) -> Change:
    """Return a change of which version a server should have."""

    def change(made: Rack) -> None:
        server = made.machine(name)
        rows = tuple(
            msgspec.structs.replace(row, version=version) if row.key == key else row for row in server.firmware
        )
        made.machines[made.machines.index(server)] = msgspec.structs.replace(server, firmware=rows)

    return change


def retagged(made: Rack) -> None:
    """Exchange the service tags of two servers and nothing else."""
    one, two = made.said["gpu01"].service_tag, made.said["gpu02"].service_tag
    made.change("gpu01", service_tag=two)
    made.change("gpu02", service_tag=one)


def strange(made: Rack) -> None:
    """Put a server of nobody's in the place of one."""
    nics = tuple(
        msgspec.structs.replace(nic, ports=tuple(msgspec.structs.replace(p, macs=(f"06:00:00:00:{at:02x}:{p.number:02x}",)) for p in nic.ports))
        for at, nic in enumerate(made.said["gpu03"].nics)
    )  # fmt: skip
    made.change("gpu03", service_tag="ABCDEF1", bmc_macs=("06:00:00:00:00:01",), nics=nics)


CASES = [
    Case("MACHINE-IDENTITY", "swapped", swap("gpu01", "gpu02"),
         (("gpu01", "swapped", "fail", "gpu01 and gpu02 are swapped; swap their BMC cables (or the servers), or exchange their rows of nodes.csv"),)),
    Case("MACHINE-IDENTITY", "ring-of-three", swap("gpu01", "gpu03", "gpu02"),
         (("gpu01", "swapped", "fail", "3 servers are swapped in a ring: gpu01 -> gpu03 -> gpu02 -> gpu01 (at each answers the next); 2 swaps"),)),
    Case("MACHINE-IDENTITY", "tags-exchanged", retagged,
         (("gpu01", "swapped", "fail", "gpu01 and gpu02 have each other's service tag in nodes.csv; exchange their service_tag cells"),)),
    Case("MACHINE-IDENTITY", "one-of-two", all_of(swap("gpu01", "gpu02"), lambda made: made.said.pop("gpu02")),
         (("gpu01", "swapped", "fail", "at gpu01 answers the server that nodes.csv calls gpu02"),)),
    Case("MACHINE-IDENTITY", "stranger", strange,
         (("gpu03", "service tag", "fail", "ABCDEF1, which nodes.csv has nowhere"), ("gpu03", "bmc", "fail", "not that of nodes.csv"))),
    Case("MACHINE-IDENTITY", "new-board", is_("gpu04", bmc_macs=("06:00:00:00:00:01",)),
         (("gpu04", "bmc", "fail", "correct the bmc cell in nodes.csv"),)),
    Case("MACHINE-IDENTITY", "mute", is_("gpu04", service_tag=""), (("gpu04", "service tag", "error", "does not tell"),)),
    Case("SERVER-MODEL", "another", is_("gpu01", model="PowerEdge XE8640"),
         (("gpu01", "model", "fail", "it is a PowerEdge XE8640, not a PowerEdge XE9680"),)),
    Case("SERVER-MODEL", "mute", is_("gpu01", model=""), (("gpu01", "", "error", "does not tell its model"),)),
    Case("SERVER-CPUS", "unlike", each("gpu01", "cpus", 1, model="Other"), (("gpu01", "model", "fail", "not alike"),)),
    Case("SERVER-CPUS", "ill", each("gpu01", "cpus", 1, health="Critical"), (("gpu01", "health", "fail", "CPU.Socket.2 (Critical)"),)),
    Case("SERVER-CPUS", "mute", is_("gpu01", cpus=()), (("gpu01", "", "error", "does not tell its processors"),)),
    Case("SERVER-MEMORY", "module-lost", is_("gpu01", memory_mib=2016 * 1024), (("gpu01", "size", "fail", "2016 GB of memory, not 2048 GB"),)),
    Case("SERVER-MEMORY", "rule", is_("gpu01", memory_mib=1536 * 1024),
         (("gpu01", "size", "fail", "1536 GB"), ("gpu01", "rule", "fail", "1536 GB of memory are not more than 1.5 times the memory of its GPUs, 1692 GB"))),
    Case("SERVER-MEMORY", "ill", each("gpu01", "dimms", 2, health="Warning"), (("gpu01", "health", "fail", "DIMM.Socket.A3 (Warning)"),)),
    Case("SERVER-MEMORY", "from-modules", is_("gpu01", memory_mib=None), ()),
    Case("SERVER-MEMORY", "mute", is_("gpu01", memory_mib=0, dimms=()), (("gpu01", "", "error", "does not tell its memory"),)),
    Case("SERVER-GPUS", "seven", fewer("gpu01", "gpus"), (("gpu01", "count", "fail", "it has 7 GPUs, not 8"),)),
    Case("SERVER-GPUS", "none", is_("gpu01", gpus=()), (("gpu01", "count", "fail", "it has 0 GPUs, not 8"),)),
    Case("SERVER-GPUS", "other-chip", each("gpu01", "gpus", 3, model="NVIDIA H100 80GB HBM3"),
         (("gpu01", "model", "fail", "Video.Slot.4-1: NVIDIA H100 80GB HBM3, not NVIDIA H200 SXM"),)),
    Case("SERVER-GPUS", "other-form", each("gpu01", "gpus", 3, model="NVIDIA H200 NVL"), (("gpu01", "model", "fail", "not NVIDIA H200 SXM"),)),
    Case("SERVER-GPUS", "printed-otherwise", each("gpu01", "gpus", 3, model="H200"), ()),
    Case("SERVER-GPUS", "mute", each("gpu01", "gpus", 3, model=""), (("gpu01", "model", "error", "Video.Slot.4-1 do not tell"),)),
    Case("SERVER-GPUS", "ill", each("gpu01", "gpus", 0, health="Critical"), (("gpu01", "health", "fail", "Video.Slot.1-1 (Critical)"),)),
    Case("NIC-MODELS", "missing", lambda made: made.change("gpu01", nics=made.said["gpu01"].nics[1:]),
         (("gpu01", "b3140h-1", "fail", "no NVIDIA BlueField-3 B3140H is there for b3140h-1"),)),
    Case("NIC-MODELS", "another", lambda made: made.nic("gpu01", 2, part="900-9D3B4-00CV-EA0"),
         (("gpu01", "b3140h-3", "fail", "b3140h-3 in NIC.Slot.33-1 is a 900-9D3B4-00CV-EA0, not a NVIDIA BlueField-3 B3140H"),)),
    Case("NIC-MODELS", "vendors-own-part", lambda made: made.nic("gpu01", 2, part="0F6FXM"), ()),
    Case("NIC-MODELS", "another-device", lambda made: made.nic("gpu01", 2, part="", pci=("15B3", "101D", "", "")),
         (("gpu01", "b3140h-3", "fail", "not a NVIDIA BlueField-3 B3140H"),)),
    Case("NIC-MODELS", "mute", lambda made: made.nic("gpu01", 2, part="", pci=("", "", "", ""), model="", manufacturer=""),
         (("gpu01", "b3140h-3", "error", "does not tell which adapter it is"),)),
    Case("NIC-MODELS", "mute-lom", lambda made: made.nic("gpu01", 9, part="", pci=("", "", "", ""), model="", manufacturer=""), ()),
    Case("NIC-MODELS", "ill", lambda made: made.nic("gpu01", 2, health="Critical"), (("gpu01", "health", "fail", "NIC.Slot.33-1 (Critical)"),)),
    Case("NIC-MODELS", "all-mute", is_("gpu01", nics=()), (("gpu01", "", "error", "does not tell its network adapters"),)),
    Case("NIC-RAILS", "replaced", port("gpu01", 2, macs=("06:00:00:00:00:03",)),
         (("gpu01", "b3140h-3", "fail", "no adapter has the MAC address of b3140h-3 (rail 3); correct the cell in nodes.csv"),)),
    Case("NIC-RAILS", "exchanged", exchanged("gpu01", 2, 3),
         (("gpu01", "b3140h-3.slot", "fail", "b3140h-3 is in slot 34; in equal servers it is in slot 33, where b3140h-4 is here"),
          ("gpu01", "b3140h-4.slot", "fail", "b3140h-4 is in slot 33; in equal servers it is in slot 34, where b3140h-3 is here"))),
    Case("NIC-RAILS", "mute", is_("gpu01", nics=()), (("gpu01", "", "error", "does not tell its network adapters"),)),
    Case("NIC-LINKS", "down", port("gpu01", 2, link="down"), (("gpu01", "b3140h-3", "fail", "the link of b3140h-3 to be01:swp2s0 is down"),)),
    Case("NIC-LINKS", "slow", port("gpu01", 2, speed_mbps=200_000), (("gpu01", "b3140h-3.speed", "fail", "runs at 200 Gb/s, not 400 Gb/s"),)),
    Case("NIC-LINKS", "off", all_of(is_("gpu01", power="Off"), port("gpu01", 2, link="down")), ()),
    Case("NIC-LINKS", "untold", port("gpu01", 2, link="unknown"), ()),
    Case("NIC-LANES", "half", lambda made: made.nic("gpu01", 2, lanes=8),
         (("gpu01", "NIC.Slot.33-1", "fail", "b3140h-3 in NIC.Slot.33-1 runs on 8 PCIe lanes, not on 16"),)),
    Case("NIC-LANES", "narrow-slot", lambda made: made.nic("gpu01", 2, lanes=8, lanes_max=8),
         (("gpu01", "NIC.Slot.33-1", "fail", "runs on 8 PCIe lanes, not on 16, as one of the same part does (gpu04 "),)),
    Case("NIC-LANES", "untold", lambda made: made.nic("gpu01", 2, lanes=None), ()),
    Case("BOOT-MIRROR", "none", is_("gpu01", volumes=()), (("gpu01", "mirror", "fail", "no volume is a mirror"),)),
    Case("BOOT-MIRROR", "striped", each("gpu01", "volumes", 0, raid="RAID0"), (("gpu01", "mirror", "fail", "Disk.Virtual.0:BOSS.SL.1-1 RAID0"),)),
    Case("BOOT-MIRROR", "one-drive", each("gpu01", "volumes", 0, drives=("Disk.Direct.0-1:BOSS.SL.1-1",), health="Warning"),
         (("gpu01", "drives", "fail", "has 1 drives, not 2"), ("gpu01", "health", "fail", "(Warning)"))),
    Case("BOOT-MIRROR", "ill-drive", each("gpu01", "drives", 1, health="Critical"), (("gpu01", "health", "fail", "Disk.Direct.1-1:BOSS.SL.1-1 (Critical)"),)),
    Case("BOOT-MIRROR", "health-untold", each("gpu01", "volumes", 0, health=""), (("gpu01", "health", "error", "is well"),)),
    Case("BOOT-MIRROR", "mute", is_("gpu01", volumes=(), drives=()), (("gpu01", "", "error", "does not tell its drives"),)),
    Case("POWER-SUPPLIES", "dead", each("mgmt01", "psus", 1, health="Critical"), (("mgmt01", "health", "fail", "PSU.Slot.2 (Critical)"),)),
    Case("POWER-SUPPLIES", "absent", each("mgmt01", "psus", 1, present=False), (("mgmt01", "absent", "fail", "no power supply in PSU.Slot.2"),)),
    Case("POWER-SUPPLIES", "one", fewer("mgmt01", "psus"), (("mgmt01", "count", "fail", "it has 1 power supplies, not 2"),)),
    Case("POWER-SUPPLIES", "lost", is_("gpu01", psu_redundancy="Degraded"), (("gpu01", "redundancy", "fail", "Degraded"),)),
    Case("POWER-SUPPLIES", "mute", is_("gpu01", psus=()), (("gpu01", "", "error", "does not tell its power supplies"),)),
    Case("SERVER-POWER", "off", is_("gpu01", power="Off"), (("gpu01", "power", "fail", "it is Off"),)),
    Case("SERVER-POWER", "mute", is_("gpu01", power=""), (("gpu01", "", "error", "whether it is on"),)),
    Case("FIRMWARE-VERSIONS", "behind", lambda made: made.nic("gpu01", 2, firmware="32.43.1014"),
         (("gpu01", "bluefield-firmware.b3140h-3", "fail", "BlueField-3 firmware of b3140h-3 32.43.1014 is behind 32.44.1036; left to the host"),)),
    Case("FIRMWARE-VERSIONS", "ahead", lambda made: made.nic("gpu01", 2, firmware="32.45.1020"),
         (("gpu01", "bluefield-firmware.b3140h-3", "fail", "is ahead of 32.44.1036, which is the validated one"),)),
    Case("FIRMWARE-VERSIONS", "spelt-otherwise", lambda made: made.nic("gpu01", 2, firmware="32.44.10.36"), ()),
    Case("FIRMWARE-VERSIONS", "unknown", lambda made: made.nic("gpu01", 2, firmware="0"),
         (("gpu01", "bluefield-firmware.b3140h-3", "error", "it does not tell its version ('0')"),)),
    Case("FIRMWARE-VERSIONS", "missing", lambda made: made.change("gpu01", nics=made.said["gpu01"].nics[1:]),
         (("gpu01", "bluefield-firmware.b3140h-1", "fail", "is missing"),)),
    Case("FIRMWARE-VERSIONS", "bios-behind", pinned("mgmt01", "bios", "2.9.9"), (("mgmt01", "bios", "fail", "BIOS 2.7.5 is behind 2.9.9; rackwright push"),)),
    Case("FIRMWARE-VERSIONS", "bios-staged", all_of(pinned("mgmt01", "bios", "2.9.9"),
         is_("mgmt01", jobs=(Job(id="JID_1", name="update:BIOS", kind="FirmwareUpdate", state="scheduled", target="BIOS.Setup.1-1"),))),
         (("mgmt01", "bios", "fail", "2.9.9 is staged and waits for a restart; 2.7.5 runs (an update job about it is in the queue); restart the server (job JID_1)"),)),
    Case("FIRMWARE-VERSIONS", "mute", is_("gpu01", software=(), nics=()), (("gpu01", "", "error", "does not tell its firmware"),)),
    Case("BIOS-SETTINGS", "wrong", bios("gpu01", SysProfile="PerfPerWattOptimizedDapc"),
         (("gpu01", "SysProfile", "fail", "SysProfile is 'PerfPerWattOptimizedDapc', not 'PerfOptimized' (turbo"),)),
    Case("BIOS-SETTINGS", "staged", all_of(bios("gpu01", {"SysProfile": "PerfOptimized"}, SysProfile="Custom"),
         is_("gpu01", jobs=(Job(id="JID_2", kind="BIOSConfiguration", state="scheduled"),))),
         (("gpu01", "SysProfile", "fail", "'PerfOptimized' is staged and waits for a restart; restart the server (job JID_2)"),)),
    Case("BIOS-SETTINGS", "absent", bios("gpu01", SriovGlobalEnable=None), (("gpu01", "SriovGlobalEnable", "fail", "shows no attribute SriovGlobalEnable"),)),
    Case("BIOS-SETTINGS", "others-pending", bios("gpu01", {"AcPwrRcvry": "On"}), (("gpu01", "pending", "fail", "staged AcPwrRcvry"),)),
    Case("BIOS-SETTINGS", "mute", is_("gpu01", bios=None), (("gpu01", "", "error", "does not tell its BIOS settings"),)),
    Case("BMC-ACCOUNTS", "calvin", tells("gpu01", LOGIN, {"user": "root", "factory": True}),
         (("gpu01", "password", "fail", "root has the factory's password"),)),
    Case("BMC-ACCOUNTS", "must-change", tells("gpu01", ACCOUNT, {"UserName": "root", "Enabled": True, "PasswordChangeRequired": True}),
         (("gpu01", "password of root", "fail", "is to be changed"),)),
    Case("BMC-ACCOUNTS", "service", all_of(wanted("gpu01", service_user="watch", service_role="ReadOnly"),
                                           tells("gpu01", ACCOUNT, {"UserName": "root", "Enabled": True, "RoleId": "Administrator"})),
         (("gpu01", "service account", "fail", "there is no account watch"),)),
    Case("BMC-TIME", "off", attributes("gpu01", NTPConfigGroup__1__NTPEnable="Disabled"), (("gpu01", "ntp", "fail", "NTP is off"),)),
    Case("BMC-TIME", "others", all_of(wanted("gpu01", ntp=("10.10.0.5",)),
                                      attributes("gpu01", NTPConfigGroup__1__NTPEnable="Enabled", NTPConfigGroup__1__NTP1="192.0.2.1")),
         (("gpu01", "servers", "fail", "it asks 192.0.2.1 for the time, not 10.10.0.5"),)),
    Case("BMC-TIME", "right", all_of(wanted("gpu01", ntp=("10.10.0.5",)),
                                     attributes("gpu01", NTPConfigGroup__1__NTPEnable="Enabled", NTPConfigGroup__1__NTP1="10.10.0.5")), ()),
    Case("BMC-TIME", "others-standard", tells("gpu01", "/redfish/v1/Managers/1/NetworkProtocol", {"NTP": {"ProtocolEnabled": False}}),
         (("gpu01", "ntp", "fail", "NTP is off"),)),
    Case("BMC-TLS", "old", attributes("gpu01", WebServer__1__TLSProtocol="TLS 1.1 and Higher"), (("gpu01", "protocol", "fail", "TLS 1.1"),)),
    Case("BMC-TLS", "expired", attributes("gpu01", SecurityCertificate__1__ExpiryState="Expired"), (("gpu01", "certificate", "fail", "Expired"),)),
    Case("BMC-TLS", "self-signed", all_of(wanted("gpu01", signed=True),
         attributes("gpu01", SecurityCertificate__1__ExpiryState="Valid", SecurityCertificate__1__IssuerCommonName="a", SecurityCertificate__1__SubjectCommonName="a")),
         (("gpu01", "certificate", "fail", "signed by itself"),)),
    Case("BMC-LOCKDOWN", "on", is_("gpu01", lockdown=True), (("gpu01", "lockdown", "fail", "refuses every change"),)),
    Case("BMC-LOCKDOWN", "wished", all_of(wanted("gpu01", lockdown=True), is_("gpu01", lockdown=True)), ()),
    Case("BMC-LOCKDOWN", "off", wanted("gpu01", lockdown=True), (("gpu01", "lockdown", "fail", "system lockdown is off, not on"),)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_check_says_what_is_wrong_and_nothing_else(case):
    """A change is told with its place and words, at the servers that it is about, and no other check of hardware speaks of it."""
    made = rack()
    case.change(made)
    expected = sorted(case.expect)
    found = [item for item in made.judged(case.check) if item.status in {"fail", "error"} and item.check == case.check]
    assert [(item.subject, item.path, item.status) for item in found] == [one[:3] for one in expected], [
        str(item) for item in found
    ]
    for item, (_, _, _, words) in zip(found, expected, strict=True):
        assert words in f"{item.message}; {item.remedy}"


@pytest.mark.parametrize("check", sorted(machines.CHECKS))
@pytest.mark.parametrize("empty", [Inventory(), Inventory(model="x", power="On")], ids=["nothing", "a name"])
def test_no_evidence_is_no_pass(check, empty):
    """A BMC that tells nothing has shown nothing: no check of what is in a server passes."""
    made = rack()
    made.said["gpu01"] = empty
    passed = {item.check for item in made.judged(check, names=("gpu01",)) if item.status == "pass"}
    assert passed <= {"BMC-REACHED", "SERVER-POWER" if empty.power else "", "BMC-ACCOUNTS"}


def test_every_check_has_a_case():
    """No check is without a case in which it fails."""
    covered = {case.check for case in CASES if case.expect} | {"BMC-REACHED"}
    assert covered == set(machines.CHECKS)


def test_what_nothing_pins_is_skipped_as_such():
    """A component without a validated version is told, with what runs, and neither passes nor fails."""
    found = [item for item in rack().judged("FIRMWARE-VERSIONS", names=("gpu01",)) if item.status == "skipped"]
    assert ("boss", "BOSS boot controller: no validated version", "1.0.0") in {
        (item.path, item.message, item.actual) for item in found
    }


def test_attributes_wished_for_where_present_may_be_absent():
    """An if-present attribute that a BIOS does not show is skipped by name."""
    made = rack()
    bios("gpu01", MmioAbove4Gb=None)(made)
    found = made.judged("BIOS-SETTINGS", names=("gpu01",))
    assert [item.message for item in found if item.status == "skipped"] == [
        "wished for where present, and absent or hidden: MmioAbove4Gb"
    ]
    assert not [item for item in found if item.status in {"fail", "error"}]


def test_the_page_lists_every_check_of_servers():
    """docs/design/audit.md holds the registry's table: id, domain, title and resources of each check."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "design" / "audit.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert rows == [
        f"| `{check.id}` | {check.domain} | {check.title} | {', '.join(f'`{part}`' for part in check.asks)} |"
        for check in machines.CHECKS.values()
    ]


class Large(dict):
    """Servers of which one may be looked up, and nobody goes through all."""

    def __iter__(self):
        raise AssertionError("all servers were gone through for one")

    keys = values = items = __iter__


def test_who_judges_one_server_goes_through_no_other():
    """In a site of thousands each server costs what it costs alone."""
    made = rack()
    every = Large({one.name: one for one in made.machines})
    found = machines.judge(every, made.evidence(), names=["gpu01"], apart=machines.known(made.machines))
    assert {item.subject for item in found} == {"gpu01"}


def test_what_was_judged_is_let_go_at_once(monkeypatch):
    """A verdict leaves nothing behind that only the collector of cycles would find: a rack tells millions of values."""
    looks = []
    module = sys.modules[machines.judge.__module__]
    monkeypatch.setattr(module, "verdict", lambda look: looks.append(weakref.ref(look)) or machines.verdict(look))
    made = rack()
    gc.disable()
    try:
        found = machines.judge({one.name: one for one in made.machines}, made.evidence())
        assert found
        assert [look() for look in looks] == [None]
    finally:
        gc.enable()
