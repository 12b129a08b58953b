"""Audit: devices as they are against what is planned, one check a class, with evidence.

    evidence = {name: audit.collect(driver, name, audit.questions(switch, site), clock=clock)}
    for finding in audit.judge(plan, evidence, intended=render):
        print(finding)

The path: plan -> questions -> evidence (kept, or read back) -> findings. Collecting touches the wire through the driver's
Protocol; judging is a function of values. See ``docs/design/audit.md``.
"""

from __future__ import annotations

from rackwright.audit.evidence import UNKNOWN, Answer, Evidence, collect, parts, read, unreached, write
from rackwright.audit.ledger import Check
from rackwright.audit.model import COMPARED, Limits, Site
from rackwright.audit.settings import versions
from rackwright.audit.verdict import CHECKS, heard, judge, questions, switch_sights
from rackwright.audit.wires import CABLED

__all__ = [
    "CABLED",
    "CHECKS",
    "COMPARED",
    "UNKNOWN",
    "Answer",
    "Check",
    "Evidence",
    "Limits",
    "Site",
    "collect",
    "heard",
    "judge",
    "parts",
    "questions",
    "read",
    "switch_sights",
    "unreached",
    "versions",
    "write",
]
