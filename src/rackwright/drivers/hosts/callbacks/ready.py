"""Load once what every worker of Ansible loads for its one task: filters, tests, the way to a host, actions.

A worker is a fork of the process in which this runs, and finds what is loaded there.
"""

from __future__ import annotations

import gc
from typing import Final

from ansible.plugins import loader  # type: ignore[import-untyped]  # it ships no types
from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]  # as above

__all__ = ["CallbackModule"]

DOCUMENTATION: Final = """
name: ready
type: aggregate
short_description: Load what every worker needs
description: Load filters, tests, the way to a host and actions before workers are forked.
"""
_ACTIONS: Final = (
    "assert",
    "command",
    "copy",
    "debug",
    "normal",
    "set_fact",
    "shell",
    "template",
    "validate_argument_spec",
)
"""What the roles' tasks are run by."""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # as above
    """Loads when the play is prepared; hears nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "ready"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        for several in (loader.filter_loader, loader.test_loader):
            list(several.all())
        loader.connection_loader.get("ansible.builtin.ssh", class_only=True)
        loader.shell_loader.get("ansible.builtin.sh", class_only=True)
        loader.become_loader.get("ansible.builtin.sudo", class_only=True)
        for name in _ACTIONS:
            loader.action_loader.get(f"ansible.builtin.{name}", class_only=True)
        gc.freeze()
