"""Nornir over Rackwright: the inventory of a site, a runner that misses no host, and tasks for your own scripts.

    from nornir_tasks import nornir_of_site, render_nvue
    nr = nornir_of_site("my-site").filter(role="leaf")
    for name, result in nr.run(task=render_nvue).items():
        print(name, result.result)

A task is a thin function over the library; what it decides is decided there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from nornir_tasks.acceptance import ask_host
    from nornir_tasks.audit import ask_nvue, audit_nvue
    from nornir_tasks.benching import bench_host, bench_pair, bundle_host
    from nornir_tasks.bmc_inventory import redfish_inventory
    from nornir_tasks.bmcs import RedfishConnection, reaching_bmcs
    from nornir_tasks.build import Build
    from nornir_tasks.connection import NvueConnection, reaching, read_running, show_nvue
    from nornir_tasks.discover import look_nvue
    from nornir_tasks.facts import facts_nvue
    from nornir_tasks.hosts import host_apply, host_changes, survey_host
    from nornir_tasks.inventory import RackwrightInventory, inventory_of, nornir_of, nornir_of_site
    from nornir_tasks.machines import ask_bmc, nornir_of_bmcs
    from nornir_tasks.push import push_nvue, read_nvue
    from nornir_tasks.rendering import render, render_files, render_nvue
    from nornir_tasks.runner import CompleteRunner
    from nornir_tasks.servers import bios_apply, bios_changes, firmware_apply, firmware_changes
    from nornir_tasks.surveys import knock, survey_bmc
    from nornir_tasks.threads import CompleteThreads

_HOLDS: Final = {
    "acceptance": ("ask_host",),
    "audit": ("ask_nvue", "audit_nvue"),
    "benching": ("bench_host", "bench_pair", "bundle_host"),
    "bmc_inventory": ("redfish_inventory",),
    "bmcs": ("RedfishConnection", "reaching_bmcs"),
    "build": ("Build",),
    "connection": ("NvueConnection", "reaching", "read_running", "show_nvue"),
    "discover": ("look_nvue",),
    "facts": ("facts_nvue",),
    "hosts": ("host_apply", "host_changes", "survey_host"),
    "inventory": ("RackwrightInventory", "inventory_of", "nornir_of", "nornir_of_site"),
    "machines": ("ask_bmc", "nornir_of_bmcs"),
    "push": ("push_nvue", "read_nvue"),
    "rendering": ("render", "render_files", "render_nvue"),
    "runner": ("CompleteRunner",),
    "servers": ("bios_apply", "bios_changes", "firmware_apply", "firmware_changes"),
    "surveys": ("knock", "survey_bmc"),
    "threads": ("CompleteThreads",),
}
"""Module -> the names that are taken from it when they are first asked for: to render needs no driver, no push and no audit."""
_HOME: Final = {name: module for module, names in _HOLDS.items() for name in names}

__all__ = [
    "Build", "CompleteRunner", "CompleteThreads", "NvueConnection", "RackwrightInventory", "RedfishConnection",
    "ask_bmc", "ask_host", "ask_nvue", "audit_nvue", "bench_host", "bench_pair", "bios_apply", "bios_changes",
    "bundle_host", "facts_nvue", "firmware_apply", "firmware_changes", "host_apply", "host_changes",
    "inventory_of", "knock", "look_nvue", "nornir_of", "nornir_of_bmcs", "nornir_of_site", "push_nvue",
    "reaching", "reaching_bmcs", "read_nvue", "read_running", "redfish_inventory", "render", "render_files",
    "render_nvue", "show_nvue", "survey_bmc", "survey_host",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import the module of a public name, once."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
