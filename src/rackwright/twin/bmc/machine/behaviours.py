"""What an emulated BMC does that is not plain from Redfish's schemas, each with where it is known from.

``[assumed]`` marks what no source settles; ``docs/reference/twin-bmc.md`` prints the table. Captured means read in one of the three
trees of real machines (R750, XR8620t, BlueField-3); the other sources are public repositories, threads and Dell's message ids.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["ASSUMED", "BEHAVIOURS", "Behaviour"]

ASSUMED: Final = "[assumed]"


class Behaviour(NamedTuple):
    """One thing that an emulated BMC does."""

    id: str
    what: str
    source: str


_R750 = "captured R750"
_MULTIPART = "dell/iDRAC-Redfish-Scripting, DeviceFirmwareMultipartUploadREDFISH.py"

BEHAVIOURS: Final[tuple[Behaviour, ...]] = (
    Behaviour("slots", "adapters stand in slots 1, 2, 3, ... in the order of the catalog where it has no numbers", ASSUMED),
    Behaviour("gpu-slots", "GPUs stand in slots 21 and on as Video.Slot.N-1 and show the baseboard's version", ASSUMED),
    Behaviour("parts", "ordering numbers of BlueField-3; PCI ids 15B3:A2DC and 14E4:165F", "NVIDIA's user guide; captured; sub-device ids [assumed]"),
    Behaviour("links", "a port has link when the plan cables it and the host is on", ASSUMED),
    Behaviour("bios-names", "names, values, defaults and dependencies of BIOS attributes", "captured registries, redfish.md 2.4; hidden per model [assumed]"),
    Behaviour("bios-desired", "dependencies are judged under the values as they would be, not as they are", "dellemc #495, PR 876"),
    Behaviour("bios-or", "several conditions of one dependency mean 'or'", "captured registry: MapFrom without MapTerms"),
    Behaviour("bios-refusals", "unknown or hidden SYS429, read-only SYS427, type SYS424, range SYS425, value SYS426", "Dell's message ids, redfish.md 2.4; the statuses vary by release"),
    Behaviour("bios-dependent", "read-only by another attribute SYS410, hidden by one SYS444", "Dell's message ids"),
    Behaviour("bios-staged", "PATCH without an apply time: 200 and only staged", "iDRAC-Redfish-Scripting #84, #249; terraform #231"),
    Behaviour("bios-same", "PATCH of what is pending already: 200 without Location", "libredfish PR 97; the same for what is in force [assumed]"),
    Behaviour("bios-one-job", "an open job refuses other settings: SYS011, while it runs RAC0679", "Dell's message ids; which of them when [assumed]"),
    Behaviour("bios-delete", "deleting the waiting job drops what is pending", ASSUMED),
    Behaviour("bios-apply-times", "OnReset is done, the maintenance windows are answered 501, Immediate 400", "captured: no Immediate"),
    Behaviour("bios-workload", "WorkloadProfile beside a SysProfile other than Custom: success, no change", "dellemc #1072"),
    Behaviour("bios-defaults", "Bios.ResetBios takes effect at the next boot", ASSUMED),
    Behaviour("post-jobs", "jobs run in POST, updates before configuration, then the host goes through POST once more", ASSUMED),
    Behaviour("post-torn", "a reset or loss of power while a job runs in POST fails it, and nothing of it is in force", ASSUMED),
    Behaviour("job-words", "Scheduled shows as Starting in TaskService; CompletedWithErrors as Exception, Critical in JobService", "sushy's recorded task; captured R750"),
    Behaviour("job-limit", "256 jobs, those that have ended included, then JCP014", "captured limit; that ended ones count [assumed]"),
    Behaviour("task-kept", "a task goes ten minutes after its end, its job stays", "redfish.md 2.2"),
    Behaviour("clear-force", "after JID_CLEARALL_FORCE no system is shown for two minutes", "jetlag #778, badfish #30"),
    Behaviour("reboot-job", "CreateRebootJob restarts the host at once", ASSUMED),
    Behaviour("update-immediate", "Immediate restarts the host where the component needs it; OnReset waits", f"{_MULTIPART}, --reboot"),
    Behaviour("update-at-once", "iDRAC, diagnostics, driver pack, service module are installed at once in either way", f"{_MULTIPART}, --reboot"),
    Behaviour("update-extension", "Linux packages (.BIN) are refused SYS434", "iDRAC-Redfish-Scripting #4, #118"),
    Behaviour("update-one", "one target a request, SYS442", "redfish-ansible-module #53"),
    Behaviour("update-examined", "signature, model, component, level and age of an image are judged in its job, clashes when it comes in", "Dell's message ids; which is which [assumed]"),
    Behaviour("update-all", "one image is written to every component that it fits: all power supplies, all ports", ASSUMED),
    Behaviour("update-floor", "a downgrade is taken unless it is below a component's floor, RED103", "OME: downgrade_enabled is true by default; floors [assumed]"),
    Behaviour("update-idrac", "the iDRAC restarts in its own update: refused, 503 RAC0768, sessions gone, 3 to 8 minutes", "redfish.md 5 row 13"),
    Behaviour("update-torn", "an iDRAC that goes down while it fetches or writes by itself fails that job; what waits for the host goes on waiting", ASSUMED),
    Behaviour("update-idrac-alone", "while it is updated other images are refused JCP048, settings JCP030; images too while settings are applied", "Dell's message ids"),
    Behaviour("update-cpld", "a CPLD waits for a restart of the host, alone (RED149), and then cycles the AC power by itself", f"RED149; {_MULTIPART}, CPLD/FPGA"),
    Behaviour("update-gpu", "a GPU baseboard is written at once, and in force after the host was shut down and the AC cycled", "KB 000355295, told by others; at once [assumed]"),
    Behaviour("update-gpu-usb", "with UsbManagedPort Off a GPU baseboard's job succeeds and nothing changes", "KB 000308105, told by others"),
    Behaviour("update-bluefield", "a BlueField-3 shows Updateable true and is not updated by the iDRAC: RED097", f"{_R750} shows true; redfish.md 0 item 4; the message [assumed]"),
    Behaviour("update-bios-resets", "what a BIOS image changes is at its default at the end of its first POST, after the jobs of it", ASSUMED),
    Behaviour("inventory-id", "an inventory's id holds the version and so changes with an update", _R750),
    Behaviour("inventory-kept", "Current- rows of BIOS, backplane, LOM; Previous- rows of BIOS and iDRAC", _R750),
    Behaviour("versions", "versions that a machine begins with", "7.10.30.00, 4301A70, 3.67, 00.1D.9C, 7.2.2.0, 22.00.6 captured; 32.43.1014 NVIDIA; the others [assumed]"),
    Behaviour("power-409", "a power action that changes nothing is answered 409", "redfish.md 5 row 35; the message [assumed]"),
    Behaviour("power-graceful", "a graceful request in POST or to a deaf operating system is taken and nothing happens", "redfish.md 5 row 35; in POST [assumed]"),
    Behaviour("power-ac", "an extended reset takes the power from the iDRAC too; the host comes back after it", f"{_MULTIPART}; the order [assumed]"),
    Behaviour("boot-once", "an override Once is used up at the boot; an empty CD falls through to the disk", "redfish.md 2.6; the latter [assumed]"),
    Behaviour("boot-no-job", "the override is set at once and makes no job; while a BIOS job waits it is refused SYS011", "redfish.md 2.6 says that it may collide; which way [assumed]"),
    Behaviour("media-one", "a drive that holds something refuses another medium, 409", "redfish.md 5 row 33; the status [assumed]"),
    Behaviour("lc-settled", "images, settings and profiles are refused 503 LC060 until the Lifecycle Controller is settled after a restart", "LC060; the status [assumed]"),
    Behaviour("lockdown", "System Lockdown answers changes SYS406, fails waiting jobs JCP041, lets power and its own lifting through", "redfish.md 2.1; power [assumed]"),
    Behaviour("sessions", "eight sessions, 1800 s, RAC0218 as 503", "captured limits; redfish.md 2.1"),
    Behaviour("accounts", "sixteen places, root in the second; the last administrator cannot be deleted", "captured; the latter [assumed]"),
    Behaviour("certificate", "an imported certificate is in force after a restart of the iDRAC", "LC018"),
    Behaviour("profile", "a profile is refused LC068 while attributes are pending or a configuration job is open", "sushy's recorded error"),
    Behaviour("clock", "dates have the zone's offset, jobs' dates none; NTP sets a wrong clock right within a minute", "captured; the minute [assumed]"),
    Behaviour("dpu-one", "the BMC of a BlueField takes one update at a time, 503 to another", "Mellanox/dpu-update; the status [assumed]"),
    Behaviour("dpu-nic", "NIC firmware of a bundle is in force after the host's power cycle", "Mellanox/dpu-update PR 97"),
    Behaviour("times", "POST 180 s, system 90 s, iDRAC 180 s without and 120 s with 503, flash 1 to 20 min", "the iDRAC's sum: redfish.md 5 row 13; the rest [assumed]"),
)  # fmt: skip
