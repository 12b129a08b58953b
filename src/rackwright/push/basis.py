"""What a push was made of, kept in its order as digests: so one that goes on can be told from one that the site has left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rackwright.catalog.images import Image
from rackwright.catalog.models import Catalog
from rackwright.documents import canonical_json, digest
from rackwright.errors import RunError, SiteChanged
from rackwright.intent.models import Site
from rackwright.plan.model import Plan
from rackwright.runs.folder import RunFolder

__all__ = ["Basis", "Begun", "begun", "named", "refuse_edited", "sections"]


class Basis(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a push is made of, by digests."""

    devices: dict[str, str] = {}
    """Device -> what it is to become, or what decides on it."""
    sections: dict[str, str] = {}
    """Part of the site -> what it says; none where a build folder is pushed."""
    build: str = ""
    """The build folder that is pushed; empty: the site as it is."""


class Begun(msgspec.Struct, frozen=True):
    """How a push was begun, whatever its domain: of its order, what decides whether and how it goes on."""

    basis: Basis | None = None
    """None: another version began it, and did not keep what it was made of."""
    drained_by: str = ""
    limits: dict[str, Any] = {}
    """Those that are not as usual."""


def begun(state: Path, run: str) -> Begun | None:
    """Return how a push was begun; None where this version cannot read it."""
    try:
        return msgspec.json.decode(RunFolder.found(state, run).order(), type=Begun)
    except (RunError, msgspec.MsgspecError):
        return None


def sections(site: Site, catalog: Catalog, plan: Plan, images: Sequence[Image]) -> dict[str, str]:
    """Part of what runs are made of -> its digest: the sections of ``site.yaml``, nodes, release, keys, images, and the catalog."""
    written = site.model_dump(mode="json", by_alias=True)
    release = site.site.release
    parts = {
        **written, "nodes": [row.model_dump(mode="json") for row in site.rows],
        f"release {release}": catalog.releases[release].model_dump(mode="json"),
        "files of access.ssh_keys": sorted({key for switch in plan.switches for key in switch.system.ssh_keys}),
        "images": msgspec.to_builtins(images),
        "catalog": catalog.model_dump(),
    }  # fmt: skip
    return {name: named(part)[:16] for name, part in parts.items()}


def named(value: Any) -> str:
    """Name a value by its digest."""
    return digest(canonical_json(value))


def refuse_edited(run: str, before: Basis, now: Basis) -> None:
    """Refuse to go on with a run of which a device is to become something else by now, with :class:`~rackwright.errors.SiteChanged`.

    What was edited and concerns none of its devices is in nobody's way.
    """
    others = [name for name, was in before.devices.items() if now.devices.get(name, "") != was]
    if not others:
        return
    what = f"{before.build} has" if before.build else "the site has"
    parts = ", ".join(_edited(before.sections, now.sections))
    raise SiteChanged(
        f"run {run} cannot go on, and nothing was begun: {what} changed since it was begun{f' ({parts})' if parts else ''}, and "
        f"{_few(others)} would become what is not meant any more; take that back and --resume goes on, or begin a new push without "
        "--resume: it reads first, and waits until what was cut off has settled"
    )


def _edited(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def _few(names: Sequence[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
