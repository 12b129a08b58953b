"""The switch configuration: one :class:`~rackwright.plan.model.Switch` to an NVUE tree, and the tree to text.

``tree`` is the value that is checked and compared; ``startup_yaml`` and ``commands`` print it.
Which keys stand in the tree depends on the NOS version (:mod:`rackwright.render.nvue.versions`).
:mod:`rackwright.render.nvue.ztp` prints the script of the first boot; it is not imported here, since
it loads Jinja and most callers want trees only.
"""

from rackwright.render.nvue.build import apply_overlays, commands, startup_yaml, tree
from rackwright.render.nvue.versions import MODELS, ObjectModel, object_model

__all__ = ["MODELS", "ObjectModel", "apply_overlays", "commands", "object_model", "startup_yaml", "tree"]
