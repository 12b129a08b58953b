"""What is running against what is intended: changes with their paths, and what each interrupts.

``between`` compares two trees, ``builds`` two build folders, ``exported`` a build and a switch's own
export. ``order`` says what goes first; ``as_tree``, ``as_commands`` and ``as_json`` print.
"""

from rackwright.diff.changes import Change, Op, apply, between
from rackwright.diff.disruption import Disruption, Trees, classify, worst
from rackwright.diff.folders import DeviceDiff, builds, exported
from rackwright.diff.show import as_commands, as_json, as_tree
from rackwright.diff.stages import order

__all__ = [
    "Change",
    "DeviceDiff",
    "Disruption",
    "Op",
    "Trees",
    "apply",
    "as_commands",
    "as_json",
    "as_tree",
    "between",
    "builds",
    "classify",
    "exported",
    "order",
    "worst",
]
