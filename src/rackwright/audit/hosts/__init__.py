"""Audit of hosts by what their own commands tell: software, adapters, cables, PCIe, GPUs, benchmarks, one check a class.

    wanted = hosts.hosts(plan, site, catalog)
    evidence = {name: hosts.collect(session, one, catalog, clock=clock) for name, one in wanted.items()}
    findings = hosts.judge(wanted, evidence, plan, catalog)

Collecting touches the wire through the driver's Protocol; judging is a function of values. See ``docs/design/audit.md``.
"""

from __future__ import annotations

from rackwright.audit.hosts.evidence import FOLDER, collect, file_name, is_collected, read_folder
from rackwright.audit.hosts.model import HostCheck, HostLook
from rackwright.audit.hosts.verdict import CHECKS, judge, verdict
from rackwright.audit.hosts.versions import NO_SYSTEM, versions
from rackwright.audit.hosts.wanted import Wanted, WantedPort, hosts
from rackwright.audit.hosts.wires import host_sights

__all__ = [
    "CHECKS",
    "FOLDER",
    "NO_SYSTEM",
    "HostCheck",
    "HostLook",
    "Wanted",
    "WantedPort",
    "collect",
    "file_name",
    "host_sights",
    "hosts",
    "is_collected",
    "judge",
    "read_folder",
    "verdict",
    "versions",
]
