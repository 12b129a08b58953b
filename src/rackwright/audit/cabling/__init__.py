"""Cabling judged from what the switches see, and the fewest repairs that make it the planned one.

    wiring = cabling.wiring(plan)
    diagnosis = cabling.diagnose(wiring, sights)
    for repair in diagnosis.repairs:
        print(cabling.told(wiring, diagnosis, repair).remedy)

Pure: ports and who sees whom go in, repairs come out. See ``docs/design/audit.md``.
"""

from __future__ import annotations

from rackwright.audit.cabling.model import Block, Diagnosis, Make, Matching, Port, Repair, Sight, Wiring, together
from rackwright.audit.cabling.planned import Cables, Names, cables, wiring
from rackwright.audit.cabling.repairs import apply, diagnose
from rackwright.audit.cabling.words import EXCHANGED, Told, at_step, elsewhere, of_steps, path_of, told

__all__ = [
    "EXCHANGED",
    "Block",
    "Cables",
    "Diagnosis",
    "Make",
    "Matching",
    "Names",
    "Port",
    "Repair",
    "Sight",
    "Told",
    "Wiring",
    "apply",
    "at_step",
    "cables",
    "diagnose",
    "elsewhere",
    "of_steps",
    "path_of",
    "together",
    "told",
    "wiring",
]
