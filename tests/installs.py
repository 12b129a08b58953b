"""Installations of the reference sites' hosts, and documents that are nearly right."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import yaml

from rackwright.plan.install import Install, installs
from rackwright.render.hosts.autoinstall import Report, autoinstall, seed, seed_file
from tests.machines import loaded, planned

SITES = (
    "xe9680-spectrum-x", "xe9680-two-racks", "r760xa-converged", "era-2-8-9-400", "era-2-4-3-200", "rail-1024",
)  # fmt: skip
KNOWN = SITES[:3]
"""Sites whose nodes.csv tells every MAC address and service tag."""
REPORT = Report(endpoint="http://10.10.0.5/progress/gpu01.0123", token="gpu01.0123")


@lru_cache(maxsize=8)
def of_site(site: str) -> dict[str, Install]:
    """Return what installs each host of a reference site."""
    read = loaded(site)
    return {one.name: one for one in installs(planned(site), read.require(), read.catalog, read.keys)}


def install(name: str = "gpu01", site: str = "xe9680-spectrum-x") -> Install:
    """Return what installs one host."""
    return of_site(site)[name]


def sampled(site: str) -> list[Install]:
    """Return the hosts of a site that are not alike: all of a small one, the first of each group of a large one."""
    every = list(of_site(site).values())
    return every if len(every) < 64 else list({one.group: one for one in reversed(every)}.values())


def user_data(one: Install, report: Report | None = REPORT) -> dict[str, Any]:
    """Return a host's user-data as PyYAML reads it, which is what cloud-init and the installer use."""
    text = seed(one, report)["user-data"] if report else seed_file(one, "user-data")
    return yaml.safe_load(text)


def document(name: str = "gpu01") -> dict[str, Any]:
    """Return a right document of a host, to be made wrong."""
    return {"autoinstall": copy.deepcopy(autoinstall(install(name), REPORT))}
