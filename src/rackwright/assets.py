"""The only place that knows where the shipped folders lie.

In a checkout ``templates/`` and ``inventory/`` stand at the top; in a wheel they travel as
``rackwright/_assets/...``. A plain :class:`~pathlib.Path` is given, no resource handle: Jinja and
Ansible need real folders, and nobody runs this from a zip file.
"""

from __future__ import annotations

from pathlib import Path

from rackwright.errors import AssetsMissing

__all__ = ["folder", "root"]

_HERE = Path(__file__).resolve().parent


def root() -> Path:
    """Return the folder that holds ``templates/`` and the other shipped folders.

    Raises :class:`~rackwright.errors.AssetsMissing` when neither the installed package nor the
    checkout has them.
    """
    # The installed place first: an editable install leaves none, and a wheel has no checkout around it.
    candidates = (_HERE / "_assets", _HERE.parents[1])
    for candidate in candidates:
        if (candidate / "templates").is_dir():
            return candidate
    raise AssetsMissing(f"templates/ is in neither {candidates[0]} nor {candidates[1]}: reinstall rackwright")


def folder(name: str) -> Path:
    """Return one shipped folder by name, e.g. ``folder("templates")``.

    Raises :class:`~rackwright.errors.AssetsMissing` when this version ships no folder of that name.
    """
    path = root() / name
    if not path.is_dir():
        raise AssetsMissing(f"{name}/ is not among the shipped folders in {root()}: reinstall rackwright")
    return path
