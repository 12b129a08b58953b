"""Benchmarks judged by the thresholds of the catalog: they are judged where somebody ran them, and loaded nothing here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Final, TypeVar

from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.limits import limit
from rackwright.audit.hosts.model import HostCheck, HostView, listed
from rackwright.audit.hosts.parsers.benchmarks import Bandwidth, Collective, Diagnosed
from rackwright.audit.ledger import Ledger
from rackwright.catalog.thresholds import ThresholdRow

__all__ = ["BenchCollective", "BenchCopies", "BenchDiagnosis", "BenchWrites"]

T = TypeVar("T")

_RUN: Final = (
    "give its output in the evidence, or run it: rackwright audit --only host --run-benchmarks (it loads the hosts)"
)
_BYTES: Final = ("", "Ki", "Mi", "Gi", "Ti")


class _BenchCheck(HostCheck):
    """A check of the output of one program, which nobody need have run."""

    abstract: ClassVar[bool] = True
    word: ClassVar[str]

    def _runs(self, view: HostView, ledger: Ledger, parser: Callable[[str], T | None]) -> Iterator[tuple[str, T]]:
        """Yield each run with its result; enters what tells nothing, and that nothing was run."""
        failed = [
            (name, one.error) for name, one in view.answers.items() if self.word in name.replace(" ", "_") and one.error
        ]
        for name, why in failed:
            ledger.untold(name, f"{self.word} did not run: {why}")
        runs = view.outputs(self.word)
        for name, text in runs:
            result = parser(text)
            if result is None:
                ledger.untold(name, f"{name} tells no result: {' '.join(text.split())[-120:] or 'it is empty'}")
            else:
                yield name, result
        if not runs and not failed:
            ledger.skip(f"{self.word} was not run", remedy=_RUN)


def _judged(
    path: str, what: str, value: float, row: ThresholdRow | None, ledger: Ledger, evidence: tuple[str, ...]
) -> None:
    """Enter a figure against its limit; without one it is shown."""
    if row is None or row.least is None:
        ledger.skip(f"{what}: no threshold of the catalog fits", path=path, actual=f"{value:g}", evidence=evidence)
    elif value >= row.least:
        ledger.right("result")
    else:
        message = f"{what}: {value:g} {row.unit}, and {row.least:g} is the least"
        ledger.wrong(path, message, expected=f"at least {row.least:g} {row.unit}", actual=f"{value:g} {row.unit}",
                     severity=row.severity, evidence=(*evidence, row.source))  # fmt: skip


class BenchWrites(_BenchCheck):
    """``ib_write_bw`` of each rail reaches the threshold of its GPU model and link.

    Skipped where it was not run, or no threshold fits; the figure is shown then.
    """

    id = "BENCH-RDMA"
    title = "ib_write_bw reaches its threshold"
    remedy = "see HOST-LINK-QUALITY, HOST-ROCE and PCIE-SETTINGS of both hosts, then the pair through another leaf"
    source = "perftest; thresholds of the catalog (Azure/azurehpc-health-checks)"
    asks: ClassVar[tuple[str, ...]] = ("ib_write_bw",)
    word = "ib_write_bw"

    def applies(self, view: HostView) -> bool:
        """Only hosts with rails, or where somebody ran it."""
        return any(port.rail for port in view.wanted.ports) or bool(view.outputs(self.word))

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each run."""
        speeds = {view.seats[port.port].rdma: port.speed_gbps for port in view.wanted.ports}
        for name, result in self._runs(view, ledger, parsers.ib_write_bw):
            gbps = speeds.get(result.device) or max(
                (port.speed_gbps for port in view.wanted.ports if port.rail), default=0
            )
            row = limit(view.look.catalog, "rdma-write", gpu=view.gpu_key, gbps=gbps, size_bytes=result.size_bytes)
            memory = "GPU memory" if result.cuda else "host memory"
            what = f"ib_write_bw on {result.device or name} ({memory})"
            _judged(name, what, round(result.gbps, 1), row, ledger, (name, f"{result.size_bytes} bytes"))


class BenchCollective(_BenchCheck):
    """NCCL's all-reduce reaches the threshold of its GPU model and number of hosts, and every value comes out right.

    The bus bandwidth at the largest size counts. Fails below the threshold, and on any wrong value. Skipped where it was not run, or no
    threshold fits (too small a size, another number of GPUs); the figure is shown then.
    """

    id = "BENCH-NCCL"
    title = "NCCL all-reduce reaches its threshold"
    remedy = "see GPU-FABRIC first; between hosts, HOST-ROCE, PCIE-SETTINGS and HOST-PEERMEM; NCCL_DEBUG=INFO names the transport"
    source = "nccl-tests; thresholds of the catalog (Azure/azurehpc-health-checks, nccl-tests issue 309)"
    asks: ClassVar[tuple[str, ...]] = ("all_reduce_perf",)
    word = "all_reduce_perf"

    def applies(self, view: HostView) -> bool:
        """Only hosts with GPUs."""
        return view.stack.gpu.count > 0

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each run."""
        for name, result in self._runs(view, ledger, parsers.nccl):
            if result.wrong:
                message = f"{result.wrong} values came out wrong"
                ledger.wrong(f"{name}.wrong", message, expected="0", actual=str(result.wrong))
            self._bandwidth(view, name, result, ledger)

    @staticmethod
    def _bandwidth(view: HostView, name: str, result: Collective, ledger: Ledger) -> None:
        nodes = max(len(result.hosts), 1)
        row = limit(
            view.look.catalog, "nccl-all-reduce", gpu=view.gpu_key, nodes=nodes, ranks=result.ranks,
            size_bytes=result.size_bytes,
        )  # fmt: skip
        what = (
            f"all-reduce of {result.ranks} GPUs on {nodes} host{'s' if nodes > 1 else ''} at {_size(result.size_bytes)}"
        )
        _judged(name, what, result.busbw_gb, row, ledger, (name, *result.hosts))


class BenchDiagnosis(_BenchCheck):
    """Every test of ``dcgmi diag`` passes.

    Fails on a test that fails, with its warnings; one that warns is a warning. Tests that DCGM skipped are named. Skipped where it was not run.
    """

    id = "BENCH-DCGM"
    title = "dcgmi diag passes"
    remedy = "read the warnings: DCGM names the cause; reset the GPU and run it again, else have it replaced"
    source = "DCGM documentation (dcgmi diag -j); github.com/NVIDIA/DCGM testing"
    asks: ClassVar[tuple[str, ...]] = ("dcgmi diag -r {level} -j",)
    word = "dcgmi_diag"

    def applies(self, view: HostView) -> bool:
        """Only hosts with GPUs."""
        return view.stack.gpu.count > 0

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each test of each run."""
        for name, tests in self._runs(view, ledger, parsers.dcgmi_diag):
            skipped = [test.test for test in tests if test.status.lower().startswith("skip")]
            for test in tests:
                self._one(name, test, ledger)
            if len(skipped) == len(tests):
                ledger.untold(name, "DCGM skipped every test")
            elif skipped:
                ledger.skip(f"DCGM skipped {listed(skipped)}", path=f"{name}.skipped")

    @staticmethod
    def _one(name: str, test: Diagnosed, ledger: Ledger) -> None:
        state = test.status.lower()
        if state.startswith("pass"):
            ledger.right("test")
        elif state.startswith(("fail", "warn")):
            why = f": {test.warnings[0][:200]}" if test.warnings else ""
            ledger.wrong(f"{name}.{test.test}", f"{test.test}: {test.status}{why}", expected="Pass", actual=test.status,
                         severity="error" if state.startswith("fail") else "warning", evidence=test.warnings)  # fmt: skip
        elif not state.startswith("skip"):
            ledger.untold(f"{name}.{test.test}", f"{test.test}: DCGM tells {test.status or 'no status'}")


class BenchCopies(_BenchCheck):
    """``nvbandwidth`` reaches the thresholds of the GPU model, between host and GPU and between GPUs.

    The least figure of each matrix counts. Fails below, and on a case that did not pass. Skipped where it was not run.
    """

    id = "BENCH-COPY"
    title = "nvbandwidth reaches its thresholds"
    remedy = "see PCIE-LINKS and GPU-FABRIC; a single low GPU is its slot or riser"
    source = "NVIDIA/nvbandwidth; thresholds of the catalog (Azure/azurehpc-health-checks)"
    asks: ClassVar[tuple[str, ...]] = ("nvbandwidth -j",)
    word = "nvbandwidth"

    def applies(self, view: HostView) -> bool:
        """Only hosts with GPUs."""
        return view.stack.gpu.count > 0

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each case of each run."""
        for name, cases in self._runs(view, ledger, parsers.nvbandwidth):
            for case in cases:
                self._one(view, name, case, ledger)

    @staticmethod
    def _one(view: HostView, name: str, case: Bandwidth, ledger: Ledger) -> None:
        path = f"{name}.{case.name}"
        if case.status == "Waived":
            ledger.skip(f"{case.name} does not apply to this machine", path=path)
        elif case.least_gb is None or case.status not in {"Passed", ""}:
            ledger.untold(path, f"{case.name}: {case.status or 'no figure'}")
        elif "host_to_device_memcpy" in case.name or "device_to_host_memcpy" in case.name:
            row = limit(view.look.catalog, "nvbandwidth-host", gpu=view.gpu_key)
            _judged(path, case.name, case.least_gb, row, ledger, (name,))
        elif case.name.startswith("device_to_device_memcpy"):
            row = limit(view.look.catalog, "nvbandwidth-peer", gpu=view.gpu_key)
            _judged(path, case.name, case.least_gb, row, ledger, (name,))
        else:
            ledger.skip(f"{case.name}: no threshold of the catalog fits", path=path, actual=f"{case.least_gb:g}")


def _size(number: int) -> str:
    size, at = float(number), 0
    while size >= 1024 and at < len(_BYTES) - 1:
        size, at = size / 1024, at + 1
    return f"{size:g} {_BYTES[at]}B"
