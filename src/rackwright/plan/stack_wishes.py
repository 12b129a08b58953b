"""Wishes about the software of hosts that contradict each other or the release, told before anything is installed.

Each of these was found the hard way by somebody: the sources stand beside the sentences (host-stack.md 3, 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rackwright.catalog.faults import nearest
from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, Severity, problem
from rackwright.intent.models import Site
from rackwright.plan.stack_frame import filled

__all__ = ["judge"]

_MIG_BROKEN: Final = ((570, 124, 6), (570, 158, 1))
"""Drivers with which pods hang where MIG slices and whole GPUs are mixed on a node (gpu-operator issue 1361)."""
_OPERATOR_DEFAULT: Final = "570.124.06"
"""What GPU Operator 25.3.0 installs when nobody gives it a version."""
_OPERATORS: Final = ("hosts", "operators")


def judge(site: Site, catalog: Catalog) -> Iterator[Problem]:
    """Return what no host can be given, and what is not as validated as a warning."""
    versions = {row.key: row.version or "" for row in catalog.releases[site.site.release].components}
    yield from _owners(site, catalog)
    yield from _features(site)
    yield from _operator_driver(site, catalog, versions)
    yield from _kernel(site, versions)
    yield from _modes(site, catalog)
    if site.hosts.packages:
        yield from _packages(site, catalog, versions)


def _owners(site: Site, catalog: Catalog) -> Iterator[Problem]:
    """Judge that each driver has exactly one owner."""
    profile = site.hosts.driver_profile
    drivers, asked = catalog.drivers[profile], site.hosts.operators
    told = (
        ("OFED", drivers.ofed == "host", asked.network.ofed, ("network", "ofed"), "the Network Operator"),
        ("the GPU driver", drivers.gpu_driver == "host", asked.gpu.driver, ("gpu", "driver"), "the GPU Operator"),
    )
    for what, on_host, operator, below, who in told:
        path = (*_OPERATORS, *below)
        if on_host and operator:
            yield _wrong(
                path,
                f"{what} would be installed twice: on the host (driver profile {profile}) and by {who}",
                "remove it, or choose the driver profile "
                + ("operator" if what == "OFED" else "hybrid or operator")
                + ", so that each driver has one owner",
            )
        elif not on_host and operator is False:
            yield _wrong(
                path,
                f"nobody would install {what}: driver profile {profile} leaves it to {who}, which is told not to",
                "remove it, or write driver_profile: host",
            )


def _features(site: Site) -> Iterator[Problem]:
    """Judge that one operator brings Node Feature Discovery."""
    gpu, network = site.hosts.operators.gpu.nfd is not False, site.hosts.operators.network.nfd is True
    path = (*_OPERATORS, "network", "nfd")
    if gpu and network:
        yield _wrong(
            path,
            "both operators would bring Node Feature Discovery, and only one may run in a cluster",
            "remove it here (the GPU Operator's is preferred), or write gpu: {nfd: false}",
        )
    elif not gpu and not network:
        message = "no operator brings Node Feature Discovery, without which neither finds its nodes"
        yield _wrong(
            (*_OPERATORS, "gpu", "nfd"), message, "remove it, or be sure that the cluster has its own", "warning"
        )


def _operator_driver(site: Site, catalog: Catalog, versions: Mapping[str, str]) -> Iterator[Problem]:
    """Judge the version that the GPU Operator is told, and MIG with it."""
    asked, validated = site.hosts.operators.gpu, versions.get("gpu-driver", "")
    operator = catalog.drivers[site.hosts.driver_profile].gpu_driver == "gpu_operator"
    path = (*_OPERATORS, "gpu", "driver_version")
    if operator and not (asked.driver_version or validated):
        yield _wrong(
            ("hosts", "driver_profile"),
            "the GPU Operator would choose the driver itself: release and site give no version, "
            f"and 25.3.0 takes {_OPERATOR_DEFAULT}",
            "add operators: {gpu: {driver_version: VERSION}}",
        )
    elif operator and asked.driver_version and validated and asked.driver_version != validated:
        message = f"driver {asked.driver_version} is not the validated {validated}"
        yield _wrong(path, message, "remove it to take the release's", "warning")
    elif not operator and asked.driver_version:
        message = f"the GPU Operator installs no driver in driver profile {site.hosts.driver_profile}"
        yield _wrong(path, message, "remove it; the host's version is the release's", "warning")
    version = (asked.driver_version if operator else None) or validated
    low, high = _MIG_BROKEN
    if asked.mig == "mixed" and low <= _numbers(version) <= high:
        yield _wrong(
            (*_OPERATORS, "gpu", "mig"),
            f"with driver {version} pods hang in Pending on nodes that mix MIG slices and whole GPUs "
            "(gpu-operator issue 1361)",
            "use single, or a driver from 570.172.08 on",
            "warning",
        )


def _kernel(site: Site, versions: Mapping[str, str]) -> Iterator[Problem]:
    own, series = site.hosts.kernel, versions.get("kernel", "")
    if own and series and not own.startswith(f"{series}."):
        yield _wrong(
            ("hosts", "kernel"),
            f"kernel {own} is outside the {series} series: DOCA {versions.get('doca-host', '')} and the GPU driver are "
            f"built for {series} generic",
            f"use a {series} kernel, or remove it to take the newest {series} of the mirror",
        )


def _modes(site: Site, catalog: Catalog) -> Iterator[Problem]:
    for nic, mode in site.hosts.bluefield.modes.items():
        if mode == "dpu" and nic in catalog.nics and catalog.nics[nic].kind == "supernic":
            message = f"{catalog.nics[nic].name} carries a rail, and Spectrum-X asks for NIC mode"
            yield _wrong(("hosts", "bluefield", "modes", nic), message, "write nic, or remove it", "warning")


def _packages(site: Site, catalog: Catalog, versions: Mapping[str, str]) -> Iterator[Problem]:
    """Judge the site's own versions: of packages that a step installs, and a Fabric Manager that fits the driver."""
    rules = _rules(site, catalog, versions)
    for name, version in site.hosts.packages.items():
        path = ("hosts", "packages", name)
        if name not in rules:
            remedy = nearest(name, rules)
            yield _wrong(path, f"no step installs {name!r}", f"{remedy}; or add it to a step in SITE/catalog")
        elif rules[name] and rules[name] != version:
            yield _wrong(path, f"{name} {version} is not the validated {rules[name]}", "remove it", "warning")
    branch = versions.get("gpu-driver", "").partition(".")[0]
    taken = {name: site.hosts.packages.get(name) or rule for name, rule in rules.items()}
    driver = f"nvidia-driver-{branch}-open"
    for name in (f"nvidia-fabricmanager-{branch}", f"libnvidia-nscq-{branch}"):
        mine, theirs = _upstream(taken.get(name, "")), _upstream(taken.get(driver, ""))
        if mine and theirs and mine != theirs:
            at = name if name in site.hosts.packages else driver
            yield _wrong(
                ("hosts", "packages", at),
                f"{name} {mine} does not fit the driver {theirs}: Fabric Manager refuses another version than its own",
                f"give both one version: {name} {theirs}-1",
            )


def _rules(site: Site, catalog: Catalog, versions: Mapping[str, str]) -> dict[str, str]:
    """Return every package that a step may install with the version by rule; empty: none is known."""
    found: dict[str, str] = {}
    kernel = site.hosts.kernel or ""
    for row in catalog.steps.values():
        version = versions.get(row.component or "", "")
        words = {
            "version": version,
            "branch": version.partition(".")[0],
            "kernel": kernel,
            "abi": kernel.rpartition(".")[0],
        }
        words = {word: text for word, text in words.items() if text}
        for package in row.packages:
            name = filled(package.name, words)
            if name is not None:
                known = package.version is not None and package.of in (None, version)
                found[name] = (filled(package.version or "", words) or "") if known else ""
    return found


def _upstream(version: str) -> str:
    """Return a Debian version without epoch and revision."""
    return version.rpartition(":")[2].partition("-")[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _wrong(path: tuple[str, ...], message: str, remedy: str, severity: Severity = "error") -> Problem:
    return problem("plan.stack", message, path=path, remedy=remedy, severity=severity)
