"""Audit of servers over their BMCs: hardware, firmware, BIOS and the BMC itself, one check a class, with evidence.

    evidence = {name: collect(session, name, topics(), clock=clock)}
    for finding in judge(machines(plan, site, catalog), evidence):
        print(finding)

Collecting touches the wire through the driver's Protocol; judging is a function of values. See ``docs/design/audit.md``.
"""

from __future__ import annotations

from rackwright.audit.machines.bare import bare
from rackwright.audit.machines.evidence import collect, is_tree, resources, told, tree
from rackwright.audit.machines.model import DOMAINS, Domain, MachineCheck, MachineLook, known
from rackwright.audit.machines.swaps import Known
from rackwright.audit.machines.verdict import CHECKS, judge, topics, verdict
from rackwright.audit.machines.versions import versions

__all__ = [
    "CHECKS",
    "DOMAINS",
    "Domain",
    "Known",
    "MachineCheck",
    "MachineLook",
    "bare",
    "collect",
    "is_tree",
    "judge",
    "known",
    "resources",
    "told",
    "topics",
    "tree",
    "verdict",
    "versions",
]
