"""From wiring and addresses to the complete value of every switch.

One function a kind of switch (:mod:`routed`, :mod:`overlay`, :mod:`access`); what they share is the frame.
"""

from __future__ import annotations

from rackwright.intent.overlays import SWITCH_ROLES
from rackwright.plan.model import Switch
from rackwright.plan.switches.access import access_switch
from rackwright.plan.switches.frame import Frame, doubled_numbers, frame
from rackwright.plan.switches.overlay import overlay_leaf, overlay_spine
from rackwright.plan.switches.policy import leak_notes
from rackwright.plan.switches.ports import doubled_bonds
from rackwright.plan.switches.routed import routed_switch

__all__ = ["Frame", "build", "doubled_bonds", "doubled_numbers", "frame", "leak_notes"]

_BUILDERS = {
    ("rails", "leaf"): routed_switch,
    ("rails", "spine"): routed_switch,
    ("rails", "superspine"): routed_switch,
    ("pair", "leaf"): overlay_leaf,
    ("pair", "spine"): overlay_spine,
    ("oob", "oob"): access_switch,
}


def build(context: Frame) -> tuple[Switch, ...]:
    """Return every switch of the site, fabric by fabric."""
    return tuple(
        _BUILDERS[(context.fabric(device).family, device.role)](context, device)
        for device in context.devices
        if device.role in SWITCH_ROLES
    )
