"""Software: versions against the release, packages and their holds, modules, kernel parameters, the agent."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import ClassVar, Final

from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.compare import holds
from rackwright.audit.hosts.model import HostCheck, HostView, listed
from rackwright.audit.hosts.parsers.software import Package
from rackwright.audit.hosts.questions import (
    AGENT,
    CMDLINE,
    DKMS,
    HELD,
    LSMOD,
    PACKAGES,
    SYSCTL,
    UNAME,
    facts_of,
)
from rackwright.audit.ledger import Ledger, Untold
from rackwright.plan.stack_model import Expectation

__all__ = ["HostAgent", "HostModules", "HostPackages", "HostPeerMemory", "HostSettings", "HostVersions"]

PUSH: Final = "rackwright push --only host brings it there"
_DRIVER: Final = "mlx5_core"


class HostVersions(HostCheck):
    """Each component runs the release's version: system, kernel, DOCA, OFED, GPU driver, Fabric Manager, DCGM, containerd.

    Passes on the validated version in any spelling. Fails on another. Skipped, as *no validated version*, where nothing pins it. An
    error where no command tells it. Firmware of adapters is HOST-FIRMWARE's.
    """

    id = "HOST-VERSIONS"
    title = "components run the validated versions"
    remedy = PUSH
    source = "the release's rows; the matrix of version facts (catalog/data/facts.yaml)"
    asks: ClassVar[tuple[str, ...]] = ("the commands of the version facts",)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each fact of the host."""
        chains = facts_of(view.wanted, view.look.catalog)
        for row in view.stack.expected:
            if row.fact not in chains:
                continue
            facts = view.look.catalog.facts
            title = facts[row.fact].name if row.fact in facts else row.fact
            try:
                question, found = view.first(chains[row.fact], getattr(parsers, row.parser))
            except Untold as error:
                ledger.untold(row.fact, f"{title}: its version is not told: {error}")
                continue
            self._version(row, title, question, found, ledger)

    @staticmethod
    def _version(row: Expectation, title: str, question: str, found: str | tuple[str, ...], ledger: Ledger) -> None:
        shown = found if isinstance(found, str) else ", ".join(found)
        if not row.expected:
            ledger.skip(f"{title}: no validated version", path=row.fact, actual=shown, evidence=[question])
        elif holds(row.compare, found, (row.expected, *row.equal)):
            ledger.right("version")
        else:
            message = f"{title} is {shown}, not {row.expected}"
            ledger.wrong(row.fact, message, expected=row.expected, actual=shown, evidence=[question])


class HostPackages(HostCheck):
    """The packages of each step are installed at their versions and held, and those that conflict are gone.

    Fails on one that is missing, of another version, not held though the step holds its packages, or there though it must not be.
    Packages whose version no source gives must be installed.
    """

    id = "HOST-PACKAGES"
    title = "packages are installed at their versions and held"
    remedy = PUSH
    source = "the steps of the plan (catalog/data/stack.yaml); dpkg-query, apt-mark"
    asks: ClassVar[tuple[str, ...]] = (PACKAGES, HELD)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each package of each step."""
        found = view.read(PACKAGES, parsers.dpkg_packages)
        for step in view.stack.steps:
            for package in step.packages:
                self._package(step.name, package.name, package.version, found, ledger)
            there = [
                name
                for name, one in found.items()
                if one.installed and any(fnmatchcase(name, text) for text in step.remove)
            ]
            for name in there:
                message = f"{name} is installed, which the step {step.name} removes"
                ledger.wrong(f"{step.name}.{name}", message, expected="absent", actual=found[name].version)
        self._held(view, ledger)

    @staticmethod
    def _package(step: str, name: str, version: str, found: dict[str, Package], ledger: Ledger) -> None:
        row = found.get(name)
        if row is None or not row.installed:
            ledger.wrong(f"{step}.{name}", f"{name} is not installed", expected=version or "installed", actual="absent")
        elif version and row.version != version:
            message = f"{name} is {row.version}, not {version}"
            ledger.wrong(f"{step}.{name}", message, expected=version, actual=row.version)
        else:
            ledger.right("package")

    @staticmethod
    def _held(view: HostView, ledger: Ledger) -> None:
        wanted = {package.name: step.name for step in view.stack.steps if step.hold for package in step.packages}
        if not wanted:
            return
        kept = view.read(HELD, parsers.held)
        loose = [name for name in wanted if name not in kept]
        ledger.right("package", len(wanted) - len(loose))
        if loose:
            message = f"{listed(loose)} {'is' if len(loose) == 1 else 'are'} not held: an upgrade would change what is validated"
            ledger.wrong("held", message, expected="held", actual="not held", evidence=loose)


class HostModules(HostCheck):
    """OFED's kernel modules are built for the kernel that runs, and loaded.

    Passes when DKMS lists each as installed for that kernel, and the adapters' driver is loaded. Fails when one is missing, or is built
    for another kernel only: then the next start brings the kernel's own.
    """

    id = "HOST-MODULES"
    title = "OFED's modules are built for the running kernel and loaded"
    remedy = "install the headers of the running kernel and build anew: dkms autoinstall; or push the step ofed"
    source = "Azure/azhpc-images install_doca.sh (dkms status of mlnx-ofed-kernel, iser, isert, srp)"
    asks: ClassVar[tuple[str, ...]] = (DKMS, UNAME, LSMOD)

    def applies(self, view: HostView) -> bool:
        """Only where the host owns OFED."""
        return bool(view.stack.ofed.modules)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each module."""
        rows, kernel = view.read(DKMS, parsers.dkms), view.read(UNAME, parsers.kernel_release)
        for name in view.stack.ofed.modules:
            own = [row for row in rows if row.module == name]
            if any(row.kernel == kernel and row.state == "installed" for row in own):
                ledger.right("module")
                continue
            states = ", ".join(f"{row.state} for {row.kernel or 'no kernel'}" for row in own) or "absent"
            message = f"{name} is not installed for {kernel}: {states}"
            ledger.wrong(name, message, expected=f"installed for {kernel}", actual=states)
        if _DRIVER in view.read(LSMOD, parsers.modules):
            ledger.right("module")
        else:
            ledger.wrong(_DRIVER, f"{_DRIVER} is not loaded", expected="loaded", actual="not loaded",
                         remedy="systemctl status openibd; restart the host")  # fmt: skip


class HostPeerMemory(HostCheck):
    """The module that lets adapters reach the memory of GPUs is loaded.

    Passes when ``nvidia_peermem`` is. Fails when it is not. Where the plan has no step for it (DMA-BUF, no GPU) nothing is said.
    """

    id = "HOST-PEERMEM"
    title = "peer memory between GPU and adapter is loaded"
    remedy = "modprobe nvidia-peermem; if it finds no symbols, the driver was built before OFED: install the GPU driver again"
    source = "host-stack.md 3 (RDMA); NVIDIA GPU driver README, nvidia-peermem"
    asks: ClassVar[tuple[str, ...]] = (LSMOD,)

    def applies(self, view: HostView) -> bool:
        """Only where the stack has the step."""
        return any(step.name == "peermem" for step in view.stack.steps)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Look for the module."""
        if "nvidia_peermem" in view.read(LSMOD, parsers.modules):
            ledger.right("module")
        else:
            ledger.wrong("module", "nvidia_peermem is not loaded", expected="loaded", actual="not loaded")


class HostSettings(HostCheck):
    """Kernel parameters and the kernel's command line are the planned ones.

    Fails on another value, and on a word that is missing in the command line.
    """

    id = "HOST-SETTINGS"
    title = "kernel parameters and command line are the planned ones"
    remedy = "rackwright push --only host sets them (step tuning); a command line is in force after a restart"
    source = "the tunings of the plan (catalog/data/host_settings.yaml); sysctl(8), /proc/cmdline"
    asks: ClassVar[tuple[str, ...]] = (SYSCTL, CMDLINE)

    def applies(self, view: HostView) -> bool:
        """Only where the plan sets any."""
        return bool(view.stack.sysctl or view.stack.kernel.cmdline)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each parameter and word."""
        if view.stack.sysctl:
            self._sysctl(view, ledger)
        if view.stack.kernel.cmdline:
            there = view.text(CMDLINE).split()
            if not there:
                ledger.untold("cmdline", f"{CMDLINE} is empty")
                return
            lacking = [word for word in view.stack.kernel.cmdline if word not in there]
            ledger.right("value", len(view.stack.kernel.cmdline) - len(lacking))
            for word in lacking:
                near = [one for one in there if one.partition("=")[0] == word.partition("=")[0]]
                actual = ", ".join(near) or "absent"
                ledger.wrong(
                    f"cmdline.{word}", f"the kernel runs without {word} ({actual})", expected=word, actual=actual
                )

    @staticmethod
    def _sysctl(view: HostView, ledger: Ledger) -> None:
        values = view.read(SYSCTL, parsers.settings)
        silent = [row.name for row in view.stack.sysctl if row.name not in values]
        for row in view.stack.sysctl:
            actual = values.get(row.name)
            if actual == row.value:
                ledger.right("value")
            elif actual is not None:
                ledger.wrong(row.name, f"{row.name} is {actual}, not {row.value}", expected=row.value, actual=actual)
        if silent:
            ledger.untold(
                "sysctl", f"it does not tell {listed(silent)}: there may be no such interface", evidence=silent
            )


class HostAgent(HostCheck):
    """The agent of Base Command Manager runs on hosts that join it with one.

    Passes when its service is active. Fails otherwise. Its version is skipped: no source says where the daemon tells it.
    """

    id = "HOST-AGENT"
    title = "the agent of Base Command Manager runs"
    remedy = "journalctl -u cm-lite-daemon; see its certificate and whether the head answers on its port"
    source = "host-stack.md 4 (LiteNode, cm-lite-daemon)"
    asks: ClassVar[tuple[str, ...]] = (AGENT,)

    def applies(self, view: HostView) -> bool:
        """Only where the plan has an agent."""
        return view.stack.bcm is not None

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Look at the service."""
        for state in _states(view, AGENT):
            if state == "active":
                ledger.right("service")
            else:
                ledger.wrong("service", f"cm-lite-daemon is {state}", expected="active", actual=state)
        ledger.skip("its version is not judged: no source says where the daemon tells it", path="version")


def _states(view: HostView, question: str) -> Iterator[str]:
    yield from view.read(question, parsers.units)
