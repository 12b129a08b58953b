"""What an unattended Ubuntu installer goes through, as data: names and words of its events, and how long each takes.

Names and words are those that subiquity told in captured dry runs (branch ``ubuntu/noble``); times are [assumed].
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["DONE", "STEPS", "Step"]

DONE: Final = "subiquity/Shutdown/shutdown"
"""The last event; with ``mode=REBOOT`` the system is whole."""


class Step(NamedTuple):
    """One step."""

    word: str
    """By which a fault names it."""
    name: str
    description: str = ""
    took_s: float = 2.0
    within: tuple[str, ...] = ()
    """Steps around it, the inner one first: they fail with it."""


_INSTALL: Final = "subiquity/Install/install"
_CURTIN: Final = f"{_INSTALL}/curtin_install"
_STEP: Final = f"{_CURTIN}/run_curtin_step"
_POST: Final = f"{_INSTALL}/postinstall"

STEPS: Final = (
    Step("config", "subiquity/load_autoinstall_config", took_s=5),
    Step("early", "subiquity/Early/run/command_0", took_s=3, within=("subiquity/Early/run",)),
    Step("network", "subiquity/Network/apply_autoinstall_config", took_s=15, within=("subiquity/apply_autoinstall_config",)),
    Step("mirror", "subiquity/Mirror/apply_autoinstall_config", took_s=5, within=("subiquity/apply_autoinstall_config",)),
    Step(
        "disk", "subiquity/Filesystem/apply_autoinstall_config/convert_autoinstall_config", took_s=5,
        within=("subiquity/Filesystem/apply_autoinstall_config", "subiquity/apply_autoinstall_config"),
    ),
    Step("apt", f"{_INSTALL}/configure_apt", "configuring apt", 10, (_INSTALL,)),
    Step("partitioning", _STEP, "executing curtin install partitioning step", 15, (_CURTIN, _INSTALL)),
    Step("extract", _STEP, "executing curtin install extract step", 120, (_CURTIN, _INSTALL)),
    Step("bootloader", _STEP, "executing curtin install curthooks step", 60, (_CURTIN, _INSTALL)),
    Step("packages", f"{_POST}/install_openssh-server", "installing openssh-server", 40, (_POST, _INSTALL)),
    Step("late", "subiquity/Late/run/command_1", took_s=5, within=("subiquity/Late/run", _INSTALL)),
)  # fmt: skip
"""The steps in their order."""
