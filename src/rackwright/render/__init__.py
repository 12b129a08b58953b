"""Render: a plan to the exact text of every file; pure, but for :func:`write`, which owns the build folder.

``everything`` says which files there are, ``write`` brings a folder to it. Decisions are taken in Python
over the plan; templates print complete values.
"""

from rackwright.render.everything import everything, plan_json, switch_tree
from rackwright.render.files import File, Written
from rackwright.render.folder import Manifest, read_manifest, write
from rackwright.render.overlays import Overlay, Overlays

__all__ = [
    "File",
    "Manifest",
    "Overlay",
    "Overlays",
    "Written",
    "everything",
    "plan_json",
    "read_manifest",
    "switch_tree",
    "write",
]
