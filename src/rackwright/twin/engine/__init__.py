"""An emulated switch without its wires: configuration trees, revisions, applies, timers, boots.

Pure: time comes in by :meth:`~rackwright.twin.engine.switch.Switch.tick`, effects go out as values.
"""

from rackwright.twin.engine.revisions import Applying, Refused, Revision
from rackwright.twin.engine.switch import FirstBoot, Identity, Install, Power, Switch, digest

__all__ = ["Applying", "FirstBoot", "Identity", "Install", "Power", "Refused", "Revision", "Switch", "digest"]
