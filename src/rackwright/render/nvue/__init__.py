"""The switch configuration: one :class:`~rackwright.plan.model.Switch` to an NVUE tree, which is checked, compared and printed.

Which keys stand in the tree depends on the NOS version (:mod:`rackwright.render.nvue.versions`).
:mod:`rackwright.render.nvue.ztp` prints the script of the first boot; it is not imported here, since
it loads Jinja and most callers want trees only.
"""

from rackwright.render.nvue.build import apply_overlays, tree
from rackwright.render.nvue.versions import MODELS, ObjectModel, object_model

__all__ = ["MODELS", "ObjectModel", "apply_overlays", "object_model", "tree"]
