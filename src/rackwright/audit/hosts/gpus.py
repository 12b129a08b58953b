"""GPUs: their number and health, and the fabric between them."""

from __future__ import annotations

from typing import ClassVar, Final

from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.alike import Alike
from rackwright.audit.hosts.model import HostCheck, HostView, listed
from rackwright.audit.hosts.parsers.gpus import Gpu
from rackwright.audit.hosts.questions import DMESG, FABRIC_UNIT, NVIDIA_SMI, NVLINK
from rackwright.audit.ledger import Ledger, Untold

__all__ = ["GpuFabric", "GpuHealth"]

_REPLACE: Final = "reset the GPU or restart the host; if it comes back, run dcgmi diag -r 3 and have it replaced"


class GpuHealth(HostCheck):
    """The planned GPUs are there and well: memory errors, row remaps, Xid errors, what the driver asks for, lanes.

    Fails on another number or model, on uncorrectable memory errors since the driver was loaded, on a row remap that waits or failed, on a
    repair that waits, on any Xid in the kernel's log, when the driver asks for a reset, and on a narrow link. Low clocks for a hardware reason are a
    warning. An error where a GPU or the kernel's log does not tell.
    """

    id = "GPU-HEALTH"
    title = "the planned GPUs are there and well"
    remedy = _REPLACE
    source = "nvidia-smi -q (NVML); NVIDIA Xid errors; Azure/azurehpc-health-checks"
    asks: ClassVar[tuple[str, ...]] = (NVIDIA_SMI, DMESG)

    def applies(self, view: HostView) -> bool:
        """Only where the host drives its GPUs itself."""
        return view.stack.gpu.owner == "host"

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter the number, then each GPU, then the log."""
        found = view.gpus
        expected, actual = view.stack.gpu.count, len(found.gpus)
        if actual == expected:
            ledger.right("GPU", actual)
        else:
            slots = ", ".join(gpu.slot for gpu in found.gpus)
            ledger.wrong("count", f"it has {actual} GPUs, not {expected}", expected=str(expected), actual=str(actual),
                         evidence=[slots], remedy="see the kernel's log and the BMC for the GPU that is missing")  # fmt: skip
        model = view.gpu_key.partition("-")[0].lower()
        with Alike(ledger) as alike:
            for gpu in found.gpus:
                if model and gpu.name and model not in gpu.name.lower():
                    message = f"{{}}: it is a {gpu.name}"
                    alike.wrong(gpu.slot, "model", message, expected=view.stack.gpu.model, actual=gpu.name)
                self._memory(gpu, alike)
                self._one(gpu, alike)
        self._log(view, ledger)

    @staticmethod
    def _one(gpu: Gpu, alike: Alike) -> None:
        if gpu.recovery.lower() not in {"", "none"}:
            message = f"{{}}: the driver asks for {gpu.recovery}"
            alike.wrong(gpu.slot, "recovery", message, expected="None", actual=gpu.recovery)
        if gpu.width is not None and gpu.best_width is not None and gpu.width < gpu.best_width:
            message, remedy = f"{{}}: it runs on {gpu.width} lanes of {gpu.best_width}", "reseat the GPU or its riser"
            alike.wrong(
                gpu.slot, "lanes", message, expected=f"x{gpu.best_width}", actual=f"x{gpu.width}", remedy=remedy
            )
        if gpu.slowed:
            reasons, remedy = ", ".join(gpu.slowed), "see cooling and power of the server"
            alike.wrong(
                gpu.slot, "clocks", f"{{}}: it is slowed: {reasons}", severity="warning", actual=reasons, remedy=remedy
            )

    @staticmethod
    def _memory(gpu: Gpu, alike: Alike) -> None:
        if gpu.uncorrected is None:
            alike.untold(
                gpu.slot, "ecc", "the memory errors of {} are not told", "nvidia-smi gives no figure: is ECC on?"
            )
        elif gpu.uncorrected:
            message = f"{{}}: {gpu.uncorrected} uncorrectable memory errors since its driver was loaded"
            alike.wrong(gpu.slot, "ecc", message, expected="0", actual=str(gpu.uncorrected))
        if not gpu.remap_pending or not gpu.remap_failure:
            alike.untold(
                gpu.slot, "rows", "whether rows of memory of {} are remapped is not told", "nvidia-smi gives no word"
            )
        if gpu.remap_pending.lower() == "yes":
            alike.wrong(gpu.slot, "rows", "{}: a row remap waits for a reset", expected="No", actual="Yes")
        if gpu.remap_failure.lower() == "yes":
            message, remedy = "{}: a row of its memory could not be remapped", "have the GPU replaced"
            alike.wrong(gpu.slot, "failure", message, expected="No", actual="Yes", remedy=remedy)
        if gpu.repair_pending.lower() == "yes":
            alike.wrong(gpu.slot, "repair", "{}: a memory repair waits for a reset", expected="No", actual="Yes")

    @staticmethod
    def _log(view: HostView, ledger: Ledger) -> None:
        text = view.told.get(DMESG, "")
        if not text.strip():
            ledger.untold("xid", f"{DMESG}: {view.why_not(DMESG) or 'the log is empty'}")
            return
        seen: dict[tuple[str, int], str] = {}
        for xid in parsers.xids(text):
            seen.setdefault((xid.slot, xid.number), xid.text)
        for (slot, number), words in seen.items():
            message = f"{slot}: Xid {number} in the kernel's log"
            ledger.wrong(
                f"xid.{slot}.{number}", message, expected="no Xid", actual=f"Xid {number}", evidence=[words[:200]]
            )


class GpuFabric(HostCheck):
    """The NVLink fabric stands: Fabric Manager is the driver's and runs, each GPU has completed, every link is up.

    Fails on a Fabric Manager of another version than the loaded driver or one that does not run, on a GPU that is not *Completed* with
    *Success*, and on a link that is inactive.
    """

    id = "GPU-FABRIC"
    title = "the NVLink fabric is complete, Fabric Manager is the driver's"
    remedy = "journalctl -u nvidia-fabricmanager; its version must be the driver's (step fabric_manager)"
    source = "NVIDIA Fabric Manager user guide; nvidia-smi -q (Fabric), nvidia-smi nvlink"
    asks: ClassVar[tuple[str, ...]] = (NVIDIA_SMI, "nv-fabricmanager --version", FABRIC_UNIT, NVLINK)

    def applies(self, view: HostView) -> bool:
        """Only where NVSwitches join the GPUs and the host drives them."""
        return view.stack.gpu.fabric_manager

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter the service, its version, each GPU and its links."""
        for part in (self._service, self._version, self._states, self._links):
            try:
                part(view, ledger)
            except Untold as error:
                ledger.untold(part.__name__.strip("_"), str(error))

    @staticmethod
    def _service(view: HostView, ledger: Ledger) -> None:
        for state in view.read(FABRIC_UNIT, parsers.units):
            if state == "active":
                ledger.right("part")
            else:
                ledger.wrong("service", f"nvidia-fabricmanager is {state}", expected="active", actual=state)

    @staticmethod
    def _version(view: HostView, ledger: Ledger) -> None:
        own, driver = view.read("nv-fabricmanager --version", parsers.fabric_manager), view.gpus.driver
        if own == driver:
            ledger.right("part")
        else:
            message = f"Fabric Manager {own} is not the loaded driver's version {driver}"
            ledger.wrong("version", message, expected=driver, actual=own)

    @staticmethod
    def _states(view: HostView, ledger: Ledger) -> None:
        if not view.gpus.gpus:
            raise Untold("no GPU tells its fabric")
        silent = [gpu.slot for gpu in view.gpus.gpus if not gpu.fabric]
        for gpu in view.gpus.gpus:
            status = gpu.fabric_status or "Success"
            if gpu.fabric == "Completed" and status == "Success":
                ledger.right("GPU")
            elif gpu.fabric:
                actual = " ".join(word for word in (gpu.fabric, gpu.fabric_status) if word)
                ledger.wrong(
                    f"state.{gpu.slot}", f"{gpu.slot}: fabric {actual}", expected="Completed Success", actual=actual
                )
        if silent:
            ledger.untold("state", f"{listed(silent)} does not tell the state of its fabric")

    @staticmethod
    def _links(view: HostView, ledger: Ledger) -> None:
        links = view.read(NVLINK, parsers.nvlinks)
        down = [f"GPU {link.gpu} link {link.link}" for link in links if not link.up]
        if down:
            ledger.wrong("nvlink", f"{len(down)} of {len(links)} NVLinks are inactive: {listed(down)}", expected="all up",
                         actual=f"{len(down)} inactive", evidence=down)  # fmt: skip
        else:
            ledger.right("NVLink", len(links))
