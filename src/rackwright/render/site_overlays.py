"""From the overlays that a site holds to those that are laid over its switches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rackwright import intent, secrets
from rackwright.render.hosts.overlays import FOLDER, read_host_overlays
from rackwright.render.overlays import Overlay, Overlays

__all__ = ["of_site"]


def of_site(patches: Iterable[intent.Overlay], folder: Path) -> Overlays:
    """Return the patches of a site, and ``FOLDER/templates`` where it has templates of its own.

    What ``FOLDER/autoinstall`` lays over hosts comes with them. A reference ``secret:NAME`` becomes the mapping that kept files hold.
    """
    templates = folder / "templates"
    laid = tuple(Overlay(patch.scope, patch.name, _referring(patch.patch), patch.source) for patch in patches)
    return Overlays(laid, templates if templates.is_dir() else None, read_host_overlays(folder / FOLDER))


def _referring(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _referring(value) for key, value in node.items()}
    return secrets.parse(node).mapping() if secrets.is_reference(node) else node
