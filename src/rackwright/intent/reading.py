"""Reading a site: the file, what stands beside it, and every problem at once.

The path: text -> document with marks -> shape (pydantic) -> rules over the values -> files beside it.
Values of a wrong shape are taken out after they are reported, so that the rules can judge the rest.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from rackwright import catalog as catalogs
from rackwright.catalog import Catalog
from rackwright.catalog.faults import nearest, translate
from rackwright.catalog.images import Image
from rackwright.documents import Marked, Path, canonical_json, digest, read
from rackwright.documents import load as load_document
from rackwright.errors import IntentError
from rackwright.findings import Location, Problem, problem, sort_key
from rackwright.intent import fabrics, groups, hosts, login, networks, racks, upkeep
from rackwright.intent.context import Context
from rackwright.intent.images import read_images
from rackwright.intent.keys import PublicKey, read_keys
from rackwright.intent.models import Site
from rackwright.intent.nodes import read_nodes
from rackwright.intent.overlays import Overlay, read_overlays
from rackwright.intent.templates import check_templates
from rackwright.nvue.tree import natural_key

__all__ = ["Loaded", "load", "load_text"]

PRIVATE: Final = frozenset({"switch", "bmc", "secret", "password"})
"""Keys whose values are never printed: what stands there may be the secret itself."""

_ROUNDS: Final = 12


class Loaded(msgspec.Struct, frozen=True):
    """A site as it was read: its values when nothing is wrong, and where each of them stands."""

    site: Site | None
    """None when a problem of severity ``error`` was found."""
    problems: tuple[Problem, ...]
    """Every problem and warning, by file, line and column."""
    catalog: Catalog
    """The shipped rows and those of ``SITE/catalog``."""
    marked: Marked
    overlays: tuple[Overlay, ...] = ()
    keys: tuple[PublicKey, ...] = ()
    """Public SSH keys: (name, type, key)."""
    images: tuple[Image, ...] = ()
    """Firmware images that the site lists."""
    digest: str = ""
    """Names everything that was read; the order of keys does not matter. Empty without a site."""

    def require(self) -> Site:
        """Return the site; raises :class:`IntentError` with every problem when there is none."""
        if self.site is None:
            first = next(found for found in self.problems if found.severity == "error")
            count = sum(found.severity == "error" for found in self.problems)
            raise IntentError(f"{count} problem(s) in the site file; the first: {first}", self.problems)
        return self.site

    def locate(self, path: Sequence[str | int]) -> Location:
        """Find where a path of the site stands in the file, or its nearest parent that is there.

        List positions may be given as text, as they stand in ``Problem.path``.
        """
        value: Any = self.marked.value
        found: list[str | int] = []
        for part in path:
            part = int(part) if isinstance(value, list) and str(part).isdigit() else part  # noqa: PLW2901  # text of a list position
            found.append(part)
            if isinstance(value, dict):
                value = value.get(str(part))
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                value = None
        if isinstance(value, (dict, list)):
            return self.marked.at(*found)
        return self.marked.value_at(*found)


def load(path: FilePath, nodes: str | None = None) -> Loaded:
    """Read a site: the file, or the folder that holds ``site.yaml``; ``nodes`` stands in for the text of its nodes.csv.

    Raises :class:`~rackwright.errors.DocumentError` when the file cannot be read at all; everything
    that is wrong in it comes back in ``problems``.
    """
    file = path / "site.yaml" if path.is_dir() else path
    return _examined(read(file), file.parent, nodes)


def load_text(text: str | bytes, source: str, base_dir: FilePath | None = None) -> Loaded:
    """Read a site from text; without ``base_dir`` nothing beside it is read (nodes, keys, overlays, catalog)."""
    return _examined(load_document(text, source), base_dir)


def _examined(marked: Marked, base: FilePath | None, nodes: str | None = None) -> Loaded:
    catalog, problems = catalogs.collect((base / "catalog",) if base else ())
    found = [*problems, *marked.problems]
    cut: set[Path] = set()
    site = _shaped(marked, catalog, found, cut) if isinstance(marked.value, dict) else None
    if site is None:
        return Loaded(None, tuple(sorted(found, key=sort_key)), catalog, marked)
    context = Context(site, catalog, marked, found, frozenset(cut))
    for rules in (groups, login, networks, fabrics, racks, upkeep, hosts):
        rules.check(context)
    keys: tuple[PublicKey, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    images: tuple[Image, ...] = ()
    if base is not None:
        keys, overlays = read_keys(base, context), read_overlays(base / "overlays", context)
        images = read_images(base, context)
        check_templates(base / "templates", context)
        hosts.check_files(base, context)
        site = site.model_copy(update={"armoured": hosts.read_mirror_keys(base, context)})
        if site.site.nodes is not None:
            rows = read_nodes(base / site.site.nodes, context, nodes)
            site = site.model_copy(update={"rows": rows})
    ordered = tuple(sorted(_distinct(found), key=sort_key))
    if any(entry.severity == "error" for entry in ordered):
        return Loaded(None, ordered, catalog, marked, overlays, keys, images)
    return Loaded(
        site, ordered, catalog, marked, overlays, keys, images, _digest(site, catalog, overlays, keys, images)
    )


def _distinct(problems: list[Problem]) -> list[Problem]:
    return list({(found.id, found.message, found.location): found for found in problems}.values())


def _digest(
    site: Site, catalog: Catalog, overlays: tuple[Overlay, ...], keys: tuple[PublicKey, ...], images: tuple[Image, ...]
) -> str:
    parts = {
        "site": site.model_dump(mode="json", by_alias=True, exclude={"rows", "armoured"}),
        "rows": sorted((row.name, row.service_tag, sorted(row.macs)) for row in site.rows),
        "catalog": catalog.model_dump(mode="json"),
        "overlays": [(overlay.scope, overlay.name, overlay.patch) for overlay in overlays],
        "keys": keys,
        "images": msgspec.to_builtins(images),
    }
    if site.armoured:
        parts["armoured"] = site.armoured
    # Frozen sets come out in the order of their hashes, which differs from process to process.
    for row in parts["catalog"]["switches"].values():
        row["features"] = sorted(row["features"])
    return digest(canonical_json(parts))


# --- shape -------------------------------------------------------------------------------------


def _shaped(marked: Marked, catalog: Catalog, problems: list[Problem], cut: set[Path]) -> Site | None:
    """Return the site without what has a wrong shape, which goes to ``cut``; None when nothing can be read."""
    data = marked.value
    for key in ("rows", "armoured"):
        if key in data:
            problems.append(_unknown(key, marked))
            data = {name: value for name, value in data.items() if name != key}
    for attempt in range(_ROUNDS):
        try:
            return Site.model_validate_json(msgspec.json.encode(_ordered(data)), strict=True)
        except ValidationError as error:
            if attempt == 0:
                problems += translate(error, marked, Site, check="intent.shape", hide=PRIVATE)
                data = copy.deepcopy(data)
            for entry in error.errors(include_url=False, include_input=False):
                cut.add(_take_out(data, entry["loc"], entry["type"], catalog))
    return None


def _ordered(value: Any) -> Any:
    """Return a document with every mapping in the natural order of its keys: r2 before r10.

    The order that was typed must mean nothing, and racks stand in a row in the order they come out here.
    """
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=natural_key)}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON would turn it into null, and what is wrong would read as absent
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def _unknown(key: str, marked: Marked) -> Problem:
    remedy = nearest(key, [info.alias or name for name, info in Site.model_fields.items() if not info.exclude])
    return problem("intent.shape", f"unknown key {key!r}", remedy=remedy, location=marked.at(key), path=[key])


def _take_out(data: Any, loc: tuple[int | str, ...], kind: str, catalog: Catalog) -> Path:
    """Take the value that an error speaks of out of the data, or fill in the head of the site; return its path."""
    way: list[tuple[Any, str | int]] = []
    value = data
    for part in loc:
        inside = part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
        if inside and not (isinstance(value, list) and int(part) >= len(value)):
            way.append((value, part))
            value = value[part]
    if kind == "missing" and len(way) < 2 and loc[0] == "site":
        head = data.get("site") if isinstance(data.get("site"), dict) else {}
        data["site"] = {"name": "site", "release": min(catalog.releases, default="none"), **head}
        return ("site",)
    # Nothing may move to another position of a list, or the marks would tell another place.
    while way and isinstance(way[-1][0], list):
        way.pop()
    if way:
        holder, part = way[-1]
        holder.pop(part, None)
    return tuple(part for _, part in way)
