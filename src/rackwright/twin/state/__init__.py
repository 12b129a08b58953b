"""The computed data plane of the emulated rack: links, neighbours, sessions, overlay and counters.

The path: ``applied trees + cabling + power + faults -> wires judged -> timelines -> sessions -> routes -> nv show``.
Nothing is canned and nothing ticks; what a switch would say is computed at the moment it is asked.
"""

from rackwright.twin.state.fabric import Fabric

__all__ = ["Fabric"]
