"""One emulated iDRAC9 with its server: the parts put together, and what goes across them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from rackwright.errors import TwinError
from rackwright.twin.bmc.machine.accounts import FACTORY_PASSWORD, Accounts
from rackwright.twin.bmc.machine.bench import Bench, Timings
from rackwright.twin.bmc.machine.bios import Bios, Staged
from rackwright.twin.bmc.machine.certificate import Certificate
from rackwright.twin.bmc.machine.controller import MOST_SESSIONS, Controller
from rackwright.twin.bmc.machine.firmware import Firmware
from rackwright.twin.bmc.machine.hardware import Gpu, Hardware, Nic, Port
from rackwright.twin.bmc.machine.host import Boot, Host
from rackwright.twin.bmc.machine.jobs import Job, Queue
from rackwright.twin.bmc.machine.media import Media
from rackwright.twin.bmc.machine.profiles import Profiles
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.machine.registry import registry
from rackwright.twin.bmc.machine.schedule import Clock, Schedule
from rackwright.twin.bmc.machine.settings import LOCKDOWN, TIMEZONE, Settings, zone
from rackwright.twin.bmc.machine.software import components
from rackwright.twin.faults import Fault, Faults

__all__ = ["REBOOTS", "BootOption", "Machine"]

REBOOTS: Final = {
    "GracefulRebootWithoutForcedShutdown": "RebootNoForce",
    "GracefulRebootWithForcedShutdown": "RebootForce",
    "PowerCycle": "RebootPowerCycle",
}
"""What CreateRebootJob takes [C] -> JobType."""
_NTP: Final = ("NTPConfigGroup.1.NTPEnable", "NTPConfigGroup.1.NTP1")
_SYNC_S: Final = 60.0
"""After which NTP has set the clock right [assumed]."""
_FIRST: Final = {"PXE": "Pxe", "HDD": "Hdd", "VCD-DVD": "Cd", "BIOS": "BiosSetup", "UefiHttp": "UefiHttp"}
"""ServerBoot.1.FirstBootDevice, the older way to boot once (redfish.md 2.6) -> target of the override."""
_IDRAC: Final = "iDRAC.Embedded.1-1"
_BIOS: Final = "BIOS.Setup.1-1"
_UNLOCKED: Final = (
    "/Actions/ComputerSystem.Reset",
    "/Actions/Chassis.Reset",
    "/SessionService",
    "/DellAttributes",
    "GetRemoteServicesAPIStatus",
)
"""What lockdown lets through: power, sessions, and lifting it [assumed in part; redfish.md 2.1 names what it refuses]."""


class BootOption(NamedTuple):
    """One UEFI boot option."""

    key: str
    """``Boot0000``."""
    name: str
    device_path: str


class Machine:
    """One iDRAC9 and the server that it looks after."""

    kind = "idrac"

    def __init__(
        self,
        hardware: Hardware,
        clock: Clock,
        faults: Faults,
        *,
        versions: Mapping[str, str] | None = None,
        user: str = "root",
        password: str = FACTORY_PASSWORD,
        timings: Timings | None = None,
    ) -> None:
        self.hardware = hardware
        self.user = user
        self.bench = bench = Bench(hardware.name, Schedule(clock), faults, timings or Timings())
        self.queue = Queue(bench)
        self.bmc = Controller(bench)
        self.host = Host(bench, self.queue)
        self.accounts = Accounts(bench, user, password)
        self.media = Media(bench)
        self.certificate = Certificate(bench)
        found = components(hardware, versions or {})
        self.settings = Settings(bench, _settings(hardware, found[_IDRAC].version))
        ports = tuple(port.fqdd for nic in hardware.nics for port in nic.ports)
        facts = _facts(hardware, {name: one.version for name, one in found.items()})
        self.bios = Bios(bench, self.queue, registry(hardware.key, ports), facts)
        self.firmware = Firmware(
            bench, self.queue, found, model=hardware.key, host=self.host, bmc=self.bmc, bios=self.bios
        )
        self.profiles = Profiles(
            bench, self.queue, self.bios, self.settings, model=hardware.model, service_tag=hardware.service_tag
        )
        self.asset_tag = ""
        self.tells_health = True
        self.link_up: Callable[[Port], bool] = lambda port: port.cabled
        """Whether the other end of a port's cable is up; the switch twin hooks in here."""
        self._gpus: tuple[Gpu, ...] = ()
        """Those that there were before a fault took some; empty: none was taken."""
        self._down: set[str] = set()
        self._secure_at_boot = False
        self._tag = ""
        self._wire_up()

    def _wire_up(self) -> None:
        self.bench.strike = self.strike
        self.bench.check_settled = self.bmc.check_lifecycle
        self.bench.locked = lambda: self.settings.locked
        self.settings.on_change = self._setting_changed
        self.bmc.server_status = lambda: self.host.server_status
        self.bmc.back = self._bmc_back
        self.bmc.going = self.firmware.interrupted
        self.host.cold = self.firmware.cold_boot
        self.host.past_post = self._past_post
        self.host.medium = self.media.cd
        self.host.ac_wanted = lambda: self.firmware.wants_cycle
        self.host.ac_cycle_now = self._cycle

    # --- time ---------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Catch up with the clock; call it before looking."""
        self.bench.schedule.advance()

    def next_due(self) -> float | None:
        """Return when something is next due by the clock; ``None``: nothing is."""
        due = [at for at in (self.bench.schedule.next(), self.bmc.next_change()) if at is not None]
        return min(due, default=None)

    # --- what it tells -------------------------------------------------------------------------------

    @property
    def service_tag(self) -> str:
        """Return the service tag; a fault may say that another machine stands here."""
        return self._tag or self.hardware.service_tag

    @property
    def power(self) -> str:
        """Return PowerState."""
        return self.host.power

    @property
    def boot_progress(self) -> str:
        """Return BootProgress.LastState."""
        return self.host.progress

    @property
    def boot(self) -> Boot:
        """Return the boot override."""
        return self.host.boot

    @property
    def bmc_version(self) -> str:
        """Return the version of the iDRAC."""
        return self.version_of(_IDRAC)

    @property
    def bios_version(self) -> str:
        """Return the version of the BIOS."""
        return self.version_of(_BIOS)

    @property
    def registry_prefix(self) -> str:
        """Return the name of the message registry; it differs from release to release (redfish.md 5)."""
        return "IDRAC.2.9"

    @property
    def most_sessions(self) -> int:
        """Return how many sessions there may be at once."""
        return MOST_SESSIONS

    @property
    def session_timeout_s(self) -> int:
        """Return after how many seconds an idle session ends."""
        return int(self.settings.get("WebServer.1.Timeout"))

    @property
    def shows_system(self) -> bool:
        """Tell whether Systems has its member: not for two minutes after JID_CLEARALL_FORCE (row 24)."""
        return self.bench.now() >= self.queue.gone_until

    def version_of(self, fqdd: str) -> str:
        """Return the installed version of a component as it is shown; empty: no such component."""
        one = self.firmware.components.get(fqdd)
        return "" if one is None else one.version if one.shown is None else one.shown

    def nic_version(self, nic: Nic) -> str:
        """Return the firmware version of an adapter."""
        return self.version_of(f"{nic.fqdd}-1") or self.version_of(nic.ports[0].fqdd)

    def gpu_version(self, gpu: Gpu) -> str:  # noqa: ARG002 - a real machine may tell one a GPU
        """Return the firmware version of a GPU; what a real XE9680 shows is not known, so it is the baseboard's [assumed]."""
        return self.version_of("GPU.Baseboard.1-1")

    def link(self, port: Port) -> bool:
        """Tell whether a port has link; never while the host is off [assumed]."""
        return self.host.on and port.plan_port not in self._down and self.link_up(port)

    def lanes(self, nic: Nic) -> int:
        """Return how many PCIe lanes an adapter uses."""
        return nic.lanes

    def open_jobs(self) -> list[Job]:
        """Return the jobs that may still do something."""
        return self.queue.open()

    def boot_order(self) -> list[BootOption]:
        """Return the UEFI boot options: the mirror, and PXE on the first embedded port [assumed]."""
        disk = BootOption("Boot0000", "BOSS-N1 virtual disk", "PciRoot(0x0)/Pci(0x1,0x0)/NVMe(0x1)")
        port = next((port for nic in self.hardware.nics for port in nic.ports), None)
        if port is None:
            return [disk]
        return [disk, BootOption("Boot0001", f"PXE {port.fqdd}", f"MAC({port.mac.replace(':', '')},0x1)/IPv4")]

    def secure_boot(self) -> tuple[bool, bool]:
        """Return whether secure boot is wanted and whether the last boot had it."""
        wanted = self.bios.pending.get("SecureBoot", self.bios.values["SecureBoot"])
        return wanted == "Enabled", self._secure_at_boot

    def _setting_changed(self, name: str, value: Any) -> None:
        """Do what some attributes do at once."""
        if name == TIMEZONE:
            found = zone(str(value))
            offset = datetime.fromtimestamp(self.bench.schedule.clock.date(self.bench.now()), found).utcoffset()
            self.bench.utc_offset_minutes = int(offset.total_seconds() // 60) if offset else 0
        elif (
            name in _NTP
            and self.settings.get("NTPConfigGroup.1.NTPEnable") == "Enabled"
            and self.settings.get("NTPConfigGroup.1.NTP1")
        ):
            self.bench.schedule.after(_SYNC_S, lambda: setattr(self.bench, "clock_offset", 0.0))
        elif (
            name == "ServerBoot.1.FirstBootDevice"
            and value in _FIRST
            and self.settings.get("ServerBoot.1.BootOnce") == "Enabled"
        ):
            self.host.boot = Boot("Once", _FIRST[value], self.host.boot.mode)

    # --- what is asked of it -------------------------------------------------------------------------

    def admit(self, method: str, path: str) -> None:
        """Hold a request against lockdown. Raises :class:`Refusal` SYS406 for what would change something (row 22)."""
        if method not in {"GET", "HEAD"} and self.settings.locked and not any(part in path for part in _UNLOCKED):
            raise Refusal(400, "SYS406")

    def set_secure_boot(self, wanted: bool) -> Staged:
        """PATCH of SecureBoot: a BIOS attribute like the others, staged as one."""
        return self.bios.stage({"SecureBoot": "Enabled" if wanted else "Disabled"}, "OnReset")

    def create_reboot_job(self, kind: str) -> Job:
        """CreateRebootJob; the host is restarted at once [assumed]. Raises :class:`Refusal`."""
        self.bench.met("reboot-job")
        if kind not in REBOOTS:
            raise Refusal(
                400, "Base.ActionParameterValueNotInList", [kind, "RebootJobType", "DellJobService.CreateRebootJob"]
            )
        job = self.queue.add(REBOOTS[kind], f"Reboot: {kind}", delayed=False)
        job.state, job.message_id, job.args, job.percent = "Running", "PR20", (), 10
        was = self.host.reset_at
        way = "On" if not self.host.on else "PowerCycle" if kind == "PowerCycle" else "GracefulRestart"
        self.host.reset(way)
        times = self.bench.timings

        def look(*, last: bool) -> None:
            if not job.open:
                return
            if last and self.host.reset_at == was and kind == "GracefulRebootWithForcedShutdown":
                self.host.restart()
            if self.host.reset_at != was:
                self.queue.end(job, "RebootCompleted", "RED030")
            elif last:
                self.queue.end(job, "RebootFailed", "PR21")

        self.bench.schedule.after(times.shutdown + times.off + 1, lambda: look(last=False))
        self.bench.schedule.after(times.graceful_limit, lambda: look(last=True))
        return job

    def ac_cycle(self, final: str = "On") -> None:
        """DellOemChassis.ExtendedReset: a virtual AC cycle. Raises :class:`Refusal` for a final state that is none."""
        if final not in {"On", "Off"}:
            raise Refusal(
                400, "Base.ActionParameterValueNotInList", [final, "FinalPowerState", "DellOemChassis.ExtendedReset"]
            )
        self.bench.met("ac-cycle")
        self._cycle(final)

    def _cycle(self, final: str = "On", seconds: float | None = None) -> None:
        was_off = not self.host.on
        if self.host.on:
            self.host.power_off()
        drain = self.bench.timings.drain if seconds is None else seconds
        self.bench.deed("ac-cycle" if seconds is None else "power-loss", final)
        self.bmc.restart(without_power_s=drain)

        def back() -> None:
            self.firmware.without_power(host_was_off=was_off)
            if final == "On":
                self.host.power_on()

        # The host waits for the iDRAC, which comes up after the power is back [assumed].
        self.bench.schedule.after(drain + self.bench.timings.bmc_dark, back)

    def restart_bmc(self) -> None:
        """Manager.Reset."""
        self.bmc.restart()

    def _bmc_back(self) -> None:
        self.firmware.restarted()
        self.certificate.restarted()
        self.settings.put("Info.1.Version", self.bmc_version)

    def _past_post(self) -> None:
        self.bios.booted()
        self.firmware.past_post()
        self._secure_at_boot = self.bios.values["SecureBoot"] == "Enabled"

    def stand_in(self, hardware: Hardware) -> None:
        """Have another server of the same model in this place: two were swapped when the rack was filled."""
        self.hardware = hardware

    # --- faults --------------------------------------------------------------------------------------

    def strike(self, fault: Fault) -> None:
        """Do at once what a fault without an operation does. Raises :class:`TwinError` where it cannot."""
        if self.bmc.strike(fault):
            return
        done: dict[str, Callable[[], None]] = {
            "lockdown": lambda: self.settings.put(LOCKDOWN, "Enabled"),
            "clock-off": lambda: setattr(self.bench, "clock_offset", float(fault.value or 7200)),
            "odd-version": lambda: self._show(fault.a, fault.value),
            "no-health": lambda: setattr(self, "tells_health", False),
            "power-loss": lambda: self._cycle(seconds=fault.duration or 30.0),
            "psu-lost": lambda: self._lose_psu(fault.value),
            "gpu-lost": lambda: self._lose_gpu(fault.value),
            "full": lambda: setattr(self.firmware, "full", True),
            "queue-full": lambda: setattr(self.queue, "full", True),
            "link-down": lambda: self._down.add(fault.a),
            "swap-machine": lambda: setattr(self, "_tag", fault.value),
        }
        if fault.kind not in done:
            raise TwinError(f"{fault.kind} waits for an operation")
        done[fault.kind]()

    def _show(self, pattern: str, version: str) -> None:
        hit = [one for name, one in self.firmware.components.items() if fnmatch.fnmatchcase(name, pattern)]
        if not hit:
            raise TwinError(f"{self.hardware.name} has no component {pattern!r}")
        for one in hit:
            one.shown = version

    def _lose_psu(self, fqdd: str) -> None:
        hit = [one for one in self.hardware.psus if one.fqdd == fqdd]
        if not hit:
            raise TwinError(f"{self.hardware.name} has no power supply {fqdd!r}")
        hit[0].present = False

    def _lose_gpu(self, fqdd: str) -> None:
        gone = fqdd or next((one.fqdd for one in reversed(self.hardware.gpus)), "")
        left = tuple(one for one in self.hardware.gpus if one.fqdd != gone)
        if len(left) == len(self.hardware.gpus):
            raise TwinError(f"{self.hardware.name} has no GPU {fqdd!r}")
        self._gpus = self._gpus or self.hardware.gpus
        self.hardware = replace(self.hardware, gpus=left)

    def mend(self) -> list[str]:
        """Undo what faults did; returns what was undone. What was flashed stays flashed."""
        self.bmc.mend()
        mended = []
        if self.bench.clock_offset:
            self.bench.clock_offset = 0.0
            mended.append("clock")
        if self._tag:
            self._tag = ""
            mended.append("service tag")
        for psu in self.hardware.psus:
            if not psu.present:
                psu.present = True
                mended.append(psu.fqdd)
        if self._gpus:
            mended += [one.fqdd for one in self._gpus if one not in self.hardware.gpus]
            self.hardware, self._gpus = replace(self.hardware, gpus=self._gpus), ()
        for one in self.firmware.components.values():
            if one.shown is not None:
                one.shown = None
                mended.append(f"version of {one.fqdd}")
        mended += [f"link of {port}" for port in sorted(self._down)]
        self._down.clear()
        self.tells_health, self.firmware.full, self.queue.full = True, False, False
        return mended


def _settings(hardware: Hardware, version: str) -> dict[str, Any]:
    return {
        "Info.1.Version": version,
        "NIC.1.MACAddress": hardware.bmc_mac,
        "NIC.1.DNSRacName": f"idrac-{hardware.service_tag}",
        "IPv4.1.Address": hardware.management.partition("/")[0],
        "IPv4.1.DHCPEnable": "Disabled" if hardware.management else "Enabled",
    }


def _facts(hardware: Hardware, versions: Mapping[str, str]) -> dict[str, Any]:
    cpus = hardware.cpus
    return {
        "SystemModelName": hardware.model,
        "SystemBiosVersion": versions[_BIOS],
        "SystemServiceTag": hardware.service_tag,
        "SystemManufacturer": "Dell Inc.",
        "SystemCpldVersion": versions["CPLD.Embedded.1"],
        "UefiComplianceVersion": "2.7",
        "SysMemSize": f"{hardware.memory_gib} GB",
        "SysMemType": "ECC DDR5",
        "SysMemSpeed": "4800 MT/s",
        "TpmInfo": "Type: 2.0-NTC",
        **{f"Proc{n}Brand": cpu.model for n, cpu in enumerate(cpus, 1)},
        **{f"Proc{n}NumCores": cpu.cores for n, cpu in enumerate(cpus, 1)},
    }
