"""Rules over values: what is wrong before anything is touched.

    fabric = check.load_files(["leaf01.yaml", "leaf02.yaml"], nos="5.12.1", model="sn5600")
    report = check.run(fabric)
    for finding in report.findings:
        print(finding)

A rule (:class:`Rule`) judges trees, never plan types, so that our own files and a user's are
judged alike. See ``docs/design/check.md``.
"""

from __future__ import annotations

from collections.abc import Iterable

from rackwright.check.files import load_files
from rackwright.check.model import Cable, Device, Fabric, HostEnd, Rule
from rackwright.check.rules import RULES
from rackwright.check.verdict import Report, judge
from rackwright.check.view import View

__all__ = ["RULES", "Cable", "Device", "Fabric", "HostEnd", "Report", "Rule", "View", "load_files", "run"]


def run(fabric: Fabric, rules: Iterable[Rule] = RULES) -> Report:
    """Judge a fabric by every rule; no evidence is an error or skipped with the reason, never a pass."""
    return judge(fabric, rules)
