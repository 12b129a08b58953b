"""``ansible-playbook`` as the worker starts it: ``python -m rackwright.drivers.hosts.launch FOLDER WORDS...``.

The same program, by its own entry, with less to do: what it packs for hosts lies in ``FOLDER`` (see :mod:`~rackwright.drivers.hosts.packed`),
paramiko is not loaded, which it imports for a connection that no play has, and Python looks for cycles among objects less often.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Final

__all__ = ["main"]

_OBJECTS: Final = 50_000
"""New objects until Python looks for cycles among them: a worker of Ansible does one task on one host, and seldom makes more."""


def main(packed: str, *words: str) -> None:
    """Play; ends the process as ``ansible-playbook`` does."""
    gc.disable()
    sys.modules["paramiko"] = None  # type: ignore[assignment]  # Python's own way to say that there is none
    from ansible import constants  # type: ignore[import-untyped]  # it ships no types
    from ansible.cli import playbook  # type: ignore[import-untyped]  # as above

    Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(packed)
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    gc.enable()
    playbook.main(["ansible-playbook", *words])


if __name__ == "__main__":
    main(*sys.argv[1:])
