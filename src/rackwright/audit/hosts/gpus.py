"""GPUs: their number and health, and the fabric between them."""

from __future__ import annotations

from typing import ClassVar, Final

from rackwright.audit.hosts import parsers
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
        for gpu in found.gpus:
            if model and gpu.name and model not in gpu.name.lower():
                ledger.wrong(
                    f"{gpu.slot}.model", f"{gpu.slot} is {gpu.name}", expected=view.stack.gpu.model, actual=gpu.name
                )
            self._one(gpu, ledger)
        self._log(view, ledger)

    def _one(self, gpu: Gpu, ledger: Ledger) -> None:
        if gpu.uncorrected is None:
            ledger.untold(f"{gpu.slot}.ecc", f"{gpu.slot} does not tell its memory errors")
        elif gpu.uncorrected:
            message = f"{gpu.slot} had {gpu.uncorrected} uncorrectable memory errors since its driver was loaded"
            ledger.wrong(f"{gpu.slot}.ecc", message, expected="0", actual=str(gpu.uncorrected))
        self._remaps(gpu, ledger)
        if gpu.repair_pending.lower() == "yes":
            ledger.wrong(
                f"{gpu.slot}.repair",
                f"{gpu.slot} has a memory repair that waits for a reset",
                expected="No",
                actual="Yes",
            )
        if gpu.recovery.lower() not in {"", "none"}:
            ledger.wrong(
                f"{gpu.slot}.recovery",
                f"{gpu.slot}: the driver asks for {gpu.recovery}",
                expected="None",
                actual=gpu.recovery,
            )
        if gpu.width is not None and gpu.best_width is not None and gpu.width < gpu.best_width:
            message = f"{gpu.slot} runs on {gpu.width} lanes of {gpu.best_width}"
            ledger.wrong(f"{gpu.slot}.lanes", message, expected=f"x{gpu.best_width}", actual=f"x{gpu.width}",
                         remedy="reseat the GPU or its riser")  # fmt: skip
        if gpu.slowed:
            ledger.wrong(f"{gpu.slot}.clocks", f"{gpu.slot} is slowed: {', '.join(gpu.slowed)}", severity="warning",
                         actual=", ".join(gpu.slowed), remedy="see cooling and power of the server")  # fmt: skip

    @staticmethod
    def _remaps(gpu: Gpu, ledger: Ledger) -> None:
        if not gpu.remap_pending or not gpu.remap_failure:
            ledger.untold(f"{gpu.slot}.rows", f"{gpu.slot} does not tell whether rows of its memory are remapped")
        if gpu.remap_pending.lower() == "yes":
            message = f"{gpu.slot} has a row remap that waits for a reset"
            ledger.wrong(f"{gpu.slot}.rows", message, expected="No", actual="Yes")
        if gpu.remap_failure.lower() == "yes":
            message = f"{gpu.slot} could not remap a row of its memory"
            ledger.wrong(f"{gpu.slot}.failure", message, expected="No", actual="Yes", remedy="have the GPU replaced")

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
