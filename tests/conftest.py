"""What every test may ask for, and two rules over the whole run.

Fixtures: ``golden`` (a text equals a committed file), ``shared`` (a piece of the material that stands
beside the checkout), ``repository`` (the checkout).

Rules: in CI (``CI`` or ``RACKWRIGHT_CI`` set) a skip that is not on ``ALLOWED_SKIPS`` fails the run;
in a full run a golden file that no test read fails the run.
"""

from __future__ import annotations

import difflib
import gc
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
GOLDEN_SUFFIXES = {".txt", ".yaml", ".yml", ".json", ".csv", ".md", ".sh", ".conf", ".svg", ".html"}

ALLOWED_SKIPS: dict[str, str] = {
    # part of a skip's reason -> why CI may live with it
    "not built yet": "the part belongs to a later issue; the test starts by itself once the part exists",
    "RACKWRIGHT_LARGE": "the same over everything takes many minutes; a part of it runs always",
    "RACKWRIGHT_SUBIQUITY": "Ubuntu's installer is AGPL and in no registry; docs/design/autoinstall.md says how to try it by hand",
}

# A shell starts what it puts in the background with Ctrl-C ignored, and children inherit that: tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples on every CI run: a red build means that the change broke something, not the dice.
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)


def in_ci() -> bool:
    """Say whether this run is one that decides."""
    return bool(os.environ.get("CI") or os.environ.get("RACKWRIGHT_CI"))


settings.load_profile("ci" if in_ci() else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one switch that rewrites golden files."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden from what the code gives now (never in CI)"
    )


# --- fixtures ----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _ctrl_c_is_left_alone():
    """Fail what leaves another handler of Ctrl-C behind: a later test that presses it would wait for ever."""
    yield
    left = signal.getsignal(signal.SIGINT)
    if left is not signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pytest.fail(f"Ctrl-C is left to {left}", pytrace=False)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the top folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Callable[..., Path]:
    """Return a function that finds a piece of the shared material, or skips (fails in CI)."""
    top = Path(os.environ.get("RACKWRIGHT_SHARED") or ROOT.parent / "shared")

    def find(*parts: str) -> Path:
        path = top.joinpath(*parts)
        if path.exists():
            return path
        missing = f"shared material {'/'.join(parts)} is not here: set RACKWRIGHT_SHARED to the folder that holds it"
        if in_ci():
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)

    return find


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that a text equals, byte for byte, the golden file of that name."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        request.config.stash[READ].add(name)
        if request.config.getoption("--update-golden"):
            if in_ci():
                pytest.fail("golden files are never rewritten in CI", pytrace=False)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        want = path.read_bytes().decode() if path.exists() else ""
        if text != want:
            diff = "".join(
                difflib.unified_diff(
                    want.splitlines(True), text.splitlines(True), f"golden/{name}", "rendered now", n=2
                )
            )
            pytest.fail(
                f"{diff}\nIf this is what you meant: .venv/bin/python -m pytest '{request.node.nodeid}' --update-golden, "
                "then read git diff",
                pytrace=False,
            )

    return check


# --- rules over the run ------------------------------------------------------------------------

READ = pytest.StashKey[set[str]]()
SKIPPED = pytest.StashKey[dict[str, str]]()
FAILED = pytest.StashKey[set[str]]()
TRIED = pytest.StashKey[set[str]]()
WHOLE = pytest.StashKey[bool]()
BEFORE = "rackwright/before"
"""Where pytest's cache keeps what a run skipped, read and failed, for the one that tries again what failed in it."""


def pytest_configure(config: pytest.Config) -> None:
    """Start counting what this run reads and skips."""
    config.stash[READ] = set()
    config.stash[SKIPPED] = {}
    config.stash[FAILED], config.stash[TRIED] = set(), set()
    # It leaves out a test of a group as soon as a file before it has one that failed: xdist names groups only after it has looked.
    if narrowing := config.pluginmanager.get_plugin("lfplugin-collwrapper"):
        config.pluginmanager.unregister(narrowing)
    config.stash[WHOLE] = is_whole(config.args, config.option.keyword, config.option.markexpr)
    config.pluginmanager.register(_Rules(config), "rackwright-rules")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the slow ones go first, the longest before the others, and quick ones that share a laboratory last."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> tuple[int, int]:
    slow = item.get_closest_marker("slow")
    if slow is not None:
        return 0, -max(slow.args, default=0)
    return 1, item.get_closest_marker("xdist_group") is not None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give tests to workers from both ends: what is slow mostly waits, and one worker computes what is quick meanwhile."""
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class BothEnds(LoadGroupScheduling):
        def _assign_work_unit(self, node) -> None:
            if len(self.nodes) > 2 and node is self.nodes[-1]:
                self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
            super()._assign_work_unit(node)

    config.option.loadscopereorder = False  # in the order of the items, and not by how many share a laboratory
    return BothEnds(config, log)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every look for garbage, and look less often: a sixth of a quick test's time went into it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def is_whole(args: Iterable[str], keyword: str, marks: str) -> bool:
    """Say whether the whole suite was asked for, so that an unread golden file means something."""
    return not keyword and not marks and [Path(arg).resolve() for arg in args] in ([ROOT / "tests"], [ROOT])


def unread(folder: Path, read: Iterable[str]) -> list[str]:
    """List the golden files below ``folder`` that are not among the names read."""
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in GOLDEN_SUFFIXES and not path.name.startswith("README")
    }
    return sorted(there - set(read))


def forbidden(skipped: dict[str, str]) -> list[str]:
    """List the skips, as ``test: reason``, that CI does not allow."""
    return sorted(
        f"{test}: {reason}" for test, reason in skipped.items() if not any(part in reason for part in ALLOWED_SKIPS)
    )


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Read the reason out of a skip's report."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def last_line(report: pytest.TestReport) -> str:
    """Read what a failure comes down to out of its report."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return (str(crash.message) if crash else str(report.longrepr)).strip().partition("\n")[0][:300]


class _Rules:
    """Collects from this process, and under xdist from the workers, and judges at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.faults: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.config.stash[TRIED].add(report.nodeid)
        if report.failed:
            self.config.stash[FAILED].add(report.nodeid)
            if in_ci():
                self._told(report)
        # An expected failure is reported as skipped too; it ran, so it is no skip.
        if report.skipped and not hasattr(report, "wasxfail"):
            self.config.stash[SKIPPED][report.nodeid] = reason_of(report)

    def _told(self, report: pytest.TestReport) -> None:
        """Print a failure when it happens: a run that is stopped from outside prints no summary."""
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(f"FAILED {report.nodeid} ({report.when}) {last_line(report)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.config.stash[SKIPPED][report.nodeid] = reason_of(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error) -> None:
        self.config.stash[READ].update(getattr(node, "workeroutput", {}).get("golden_read", ()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workeroutput"):  # a worker hands over, the controller judges
            self.config.workeroutput["golden_read"] = sorted(self.config.stash[READ])
            return
        if session.exitstatus == pytest.ExitCode.INTERRUPTED or session.config.option.collectonly:
            return
        skipped, read = self._with_before(session.config)
        if in_ci():
            self.faults += [f"must run in CI, was skipped: {text}" for text in forbidden(skipped)]
        if self.config.stash[WHOLE] and session.exitstatus == pytest.ExitCode.OK:
            self.faults += [
                f"no test reads tests/golden/{name}: delete it, or let a test read it" for name in unread(GOLDEN, read)
            ]
        if self.faults and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _with_before(self, config: pytest.Config) -> tuple[dict[str, str], set[str]]:
        """Return what was skipped and read, and where only what failed is tried again, by the run before it too.

        A skip that CI does not allow must not be forgotten because another test failed beside it and passed alone.
        """
        skipped, read = dict(self.config.stash[SKIPPED]), set(self.config.stash[READ])
        cache = getattr(config, "cache", None)
        if cache is not None:
            if config.getoption("lf", False):
                before = cache.get(BEFORE, {"skipped": {}, "read": []})
                skipped, read = before["skipped"] | skipped, read.union(before["read"])
                left = sorted(set(before.get("failed", ())) - self.config.stash[TRIED])
                self.faults += [f"failed before, was not tried again: {test}" for test in left]
            cache.set(BEFORE, {"skipped": skipped, "read": sorted(read), "failed": sorted(self.config.stash[FAILED])})
        return skipped, read

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if self.faults:
            terminalreporter.section("rules of the house", red=True, bold=True)
            for line in self.faults:
                terminalreporter.line(line, red=True)
