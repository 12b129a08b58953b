"""Keep the modules that Ansible packs for its hosts from one play to the next: half of what a short play costs.

Ansible packs each module once a play, into a folder that it makes for itself; that of the packed modules becomes one folder for all.
"""

from __future__ import annotations

import os
from pathlib import Path

from ansible import constants
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: kept_modules
type: aggregate
short_description: Keep packed modules between plays
description: Keep packed modules between plays.
"""


class CallbackModule(CallbackBase):
    """Lead the folder of packed modules to the one that ``KEPT_MODULES`` names."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_modules"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(os.environ["KEPT_MODULES"])
