"""What the proofs of roles look at: each passes in silence, or fails in the words of its role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rackwright.twin.hosts import archive, effects
from rackwright.twin.hosts.effects import Done, TaskFailed
from rackwright.twin.hosts.system import System

__all__ = ["driver", "fabric_manager", "firmware", "kernel", "no_upgrades", "ofed", "parameters", "peermem", "runs", "runtime",
           "sources", "tuning"]  # fmt: skip

Told = Mapping[str, Any]


def sources(system: System, told: Told) -> Iterator[Done]:  # noqa: ARG001 - every proof has this signature
    """See that apt's sources are there."""
    if effects.SOURCES not in system.disk.files:
        raise TaskFailed("See that the sources are there", "non-zero return code", "ansible.builtin.command")
    yield Done("See that the sources are there")


def no_upgrades(system: System, told: Told) -> Iterator[Done]:  # noqa: ARG001 - every proof has this signature
    """See that nothing is upgraded by itself."""
    if effects.NO_UPGRADES not in system.disk.files:
        words = "unattended upgrades are on: another file of /etc/apt/apt.conf.d comes behind ours; take it away"
        raise TaskFailed("Judge it", words)
    yield Done("Judge it", "ansible.builtin.assert")


def runs(unit: str, step: str, system: System, told: Told) -> Iterator[Done]:  # noqa: ARG001 - every proof has this signature
    """See that a unit runs."""
    if unit not in system.boot.active:
        words = f"{unit} is inactive: see 'journalctl -u {unit}' on the host, then run the step {step} again"
        raise TaskFailed("Judge its service", words)
    yield Done("Judge its service", "ansible.builtin.assert")


def kernel(system: System, told: Told) -> Iterator[Done]:
    """See that the planned kernel runs."""
    running, row = system.boot.kernel, told["kernel"]
    wanted = str(row["release"] or row["series"])
    if not running.startswith(wanted if row["release"] else f"{wanted}."):
        words = (
            f"{running} runs, {wanted} is wanted: restart the host (tag restart); if it comes back with the same one, "
            "a newer kernel is installed: remove it"
        )
        raise TaskFailed("Judge the kernel", words)
    yield Done("Judge the kernel", "ansible.builtin.assert")


def tuning(system: System, told: Told) -> Iterator[Done]:
    """See that settings and command line are in force."""
    lacks = [
        f"{name} = {value}"
        for name, value in sorted(told["sysctl"].items())
        if system.boot.sysctl.get(name) != str(value)
    ]
    lacks += [f"cmdline:{word}" for word in told["kernel"]["cmdline"] if word not in system.boot.cmdline]
    if lacks:
        words = f"not in force: {', '.join(lacks)}: run the step tuning, then restart the host (tag restart)"
        raise TaskFailed("Judge them", words)
    yield Done("Judge them", "ansible.builtin.assert")


def ofed(system: System, told: Told) -> Iterator[Done]:
    """See OFED's version, and that its modules are built."""
    said, wanted = archive.ofed_of(system.disk.packages), str(told["ofed"]["info"])
    if not said:
        raise TaskFailed(
            "Ask OFED for its version", "[Errno 2] No such file or directory: b'ofed_info'", "ansible.builtin.command"
        )
    if wanted and said != wanted:
        words = f"{said} is installed, {wanted} is validated: remove it (ofed_uninstall.sh --force) and run again"
        raise TaskFailed("Judge the version", words)
    built = {module for module, _, running in system.disk.built if running == system.boot.kernel}
    for name in told["ofed"]["modules"]:
        if name not in built:
            words = (
                f"{name} is not built for this kernel: are the headers of the running kernel installed? "
                f"See /var/lib/dkms/{name}, then dkms autoinstall"
            )
            raise TaskFailed("Judge the modules", words)
    yield Done("Judge the modules", "ansible.builtin.assert")


def firmware(system: System, told: Told) -> Iterator[Done]:
    """See that the planned firmware runs on every card."""
    wanted, equal = str(told["bluefield"]["firmware"]["version"]), told["bluefield"]["firmware"]["equal"]
    late = {}
    for adapter in told["bluefield"]["adapters"] if wanted else ():
        running, _ = system.firmware(effects.nic_of(system, adapter))
        if running not in (wanted, *equal):
            late[str(adapter["name"])] = running
    if late:
        words = f"firmware {late} runs, {wanted} is validated: run the step bluefield_firmware, then cycle the power"
        raise TaskFailed("Judge the firmware", words)
    yield Done("Judge the firmware", "ansible.builtin.assert")


def parameters(system: System, told: Told) -> Iterator[Done]:
    """See that the planned parameters are live."""
    late = effects.waiting(system, told)
    if late:
        words = f"not live: {late}: run the step bluefield_config, then cycle the power (rackwright push does it by the BMC)"
        raise TaskFailed("Judge the parameters", words)
    yield Done("Judge the parameters", "ansible.builtin.assert")


def runtime(system: System, told: Told) -> Iterator[Done]:
    """See that the ports mark as the switches do."""
    wanted = effects.wanted_runtime(told)
    if system.boot.runtime != wanted:
        name = wanted.interfaces[0] if wanted.interfaces else "a port"
        words = f"{name} does not mark as the switches do: systemctl restart rackwright-bluefield, and see its journal"
        raise TaskFailed("Judge trust and PFC", words)
    yield Done("Judge trust and PFC", "ansible.builtin.assert")


def driver(system: System, told: Told) -> Iterator[Done]:
    """See the loaded driver, and that it knows all GPUs."""
    wanted, count = str(told["gpu"]["driver"]), int(told["gpu"]["count"])
    loaded, there = system.boot.driver, len(system.board.gpus)
    if not loaded:
        said = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    else:
        said = "\n".join([loaded] * there)
    if loaded != wanted or there != count:
        words = (
            f"nvidia-smi says {said}, wanted are {count} GPUs with {wanted}: restart the host (tag restart); "
            "if GPUs are missing, look into the BMC's log"
        )
        raise TaskFailed("Judge driver and GPUs", words)
    yield Done("Judge driver and GPUs", "ansible.builtin.assert")


def fabric_manager(system: System, told: Told) -> Iterator[Done]:
    """See that Fabric Manager is the driver's, and runs."""
    wanted = str(told["gpu"]["driver"])
    own = next((text for name, text in system.disk.packages.items() if name.startswith("nvidia-fabricmanager-")), "")
    active = "nvidia-fabricmanager" in system.boot.active
    if archive.upstream(own) != wanted or not active:
        said = f"Fabric Manager version is : {archive.upstream(own)}, {'active' if active else 'inactive'}"
        words = f"Fabric Manager says {said}, its driver is {wanted}: both must be of one version; see journalctl -u nvidia-fabricmanager"
        raise TaskFailed("Judge Fabric Manager", words)
    yield Done("Judge Fabric Manager", "ansible.builtin.assert")


def peermem(system: System, told: Told) -> Iterator[Done]:  # noqa: ARG001 - every proof has this signature
    """See that peer memory is loaded."""
    if "nvidia_peermem" not in system.boot.modules:
        words = (
            "nvidia_peermem is not loaded: the driver was built without OFED; install the GPU driver again behind it"
        )
        raise TaskFailed("Judge peer memory", words)
    yield Done("Judge peer memory", "ansible.builtin.assert")
