"""Reading the catalog: shipped rows from one compiled file, a site's own rows from YAML.

The rows are written as YAML in ``data/``; ``data/catalog.json`` is the same, compiled, because
reading YAML with marks costs ten times as much and nobody asks where a shipped row stands. A test
holds the two equal; ``python -m rackwright.catalog`` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from rackwright.catalog.faults import nearest, translate
from rackwright.catalog.links import graph_faults, step_references, upkeep_references
from rackwright.catalog.models import Catalog
from rackwright.documents import Marked, canonical_json, read
from rackwright.errors import CatalogError
from rackwright.findings import Problem, problem, sort_key

__all__ = ["COMPILED", "DATA", "collect", "compile_shipped", "load", "sources"]

DATA: Final = Path(__file__).resolve().parent / "data"
"""The folder of the shipped rows."""
COMPILED: Final = DATA / "catalog.json"
"""The shipped rows in one file."""

_CHECK: Final = "catalog"
_UPKEEP: Final = ("firmware", "bios")
_STEPS: Final = ("steps", "facts", "thresholds")
_LISTS: Final = {"releases": ("components", "key"), "bios": ("attributes", "attribute")}
"""Kinds that are laid over one another entry by entry, by ``extends`` or ``like``: their list, and what names an entry."""
_MAPPINGS: Final = ("conventions",)
"""Kinds whose mappings are laid over one another key by key."""
_Raw = dict[str, dict[str, dict[str, Any]]]
_Origin = dict[tuple[str, str], Marked]


def load(extra: Sequence[Path] = ()) -> Catalog:
    """Return the catalog: the shipped rows and those of ``extra`` (files, or folders of YAML files).

    Raises :class:`CatalogError` with every problem when a row is wrong.
    """
    catalog, problems = collect(extra)
    if problems:
        raise CatalogError(f"{len(problems)} problem(s) in the catalog; the first: {problems[0]}", problems)
    return catalog


def collect(extra: Sequence[Path] = ()) -> tuple[Catalog, tuple[Problem, ...]]:
    """Return the catalog and every problem of the rows of ``extra``; a wrong row is left out."""
    files = sources(extra)
    if not files:
        return _shipped(), ()
    documents = [read(file) for file in files]
    problems = [found for document in documents for found in document.problems]
    raw: _Raw = {kind: dict(rows) for kind, rows in _shipped_raw().items()}
    origin: _Origin = {}
    for document in documents:
        problems += _add(document, raw, origin)
    catalog, wrong = _validated(raw, origin)
    problems += wrong
    dangling = _dangling(catalog, origin)
    problems += dangling
    if not dangling:
        problems += _graph(catalog, origin)
    return catalog, tuple(sorted(problems, key=sort_key))


def sources(extra: Sequence[Path]) -> tuple[Path, ...]:
    """Return the YAML files that ``extra`` means, sorted inside a folder; what is absent is no file."""
    files: list[Path] = []
    for path in extra:
        # Path.glob finds nothing in a folder that may not be read, and the site's rows would be missed in silence.
        inside = sorted(path.iterdir()) if path.is_dir() else []
        found = [file for file in inside if file.suffix in (".yaml", ".yml")] if path.is_dir() else [path]
        files += [file for file in found if file.is_file()]
    return tuple(files)


@lru_cache(maxsize=1)
def _shipped() -> Catalog:
    return Catalog.model_validate_json(COMPILED.read_bytes(), strict=True)


@lru_cache(maxsize=1)
def _shipped_raw() -> _Raw:
    return msgspec.json.decode(COMPILED.read_bytes(), type=_Raw)


def compile_shipped() -> bytes:
    """Return the bytes of ``catalog.json`` as the YAML rows give them; raises CatalogError."""
    raw: _Raw = {}
    origin: _Origin = {}
    problems: list[Problem] = []
    for file in sources([DATA]):
        document = read(file, source=f"data/{file.name}")
        problems += document.problems
        problems += _add(document, raw, origin)
    catalog, wrong = _validated(raw, origin)
    problems += wrong + _dangling(catalog, origin)
    if problems:
        raise CatalogError(f"{len(problems)} problem(s) in the shipped rows; the first: {problems[0]}", problems)
    return canonical_json(raw) + b"\n"


def _add(document: Marked, raw: _Raw, origin: _Origin) -> Iterator[Problem]:
    """Put a file's rows into ``raw``; yield what is no row."""
    if not isinstance(document.value, dict):
        return
    for kind, rows in document.value.items():
        if kind not in Catalog.model_fields or not isinstance(rows, dict):
            message = f"{kind!r} is no kind of row" if kind not in Catalog.model_fields else f"{kind!r} holds no rows"
            remedy = nearest(kind, Catalog.model_fields) if kind not in Catalog.model_fields else "write key: {row}"
            yield problem(_CHECK, message, remedy=remedy, location=document.at(kind), path=[kind])
            continue
        for key, row in rows.items():
            found = _row(kind, key, row, raw, document)
            if isinstance(found, dict):
                raw.setdefault(kind, {})[key] = found
                origin[kind, key] = document
            else:
                yield found


def _row(kind: str, key: str, row: Any, raw: _Raw, document: Marked) -> dict[str, Any] | Problem:
    """Return a row with its key, laid over the row that ``like`` or ``extends`` names."""
    place = [kind, key]
    if not isinstance(row, dict):
        return problem(
            _CHECK, f"{key!r} is no mapping", remedy="write the row's keys", location=document.at(*place), path=place
        )
    word = "extends" if kind in _LISTS and "like" not in row else "like"
    base: Any = row.get(word)
    own = {name: value for name, value in row.items() if name != "like"}
    if base is None and key in raw.get(kind, {}) and "source" not in own:
        # It would replace a whole row by a few keys; left out, the row that stands serves those that refer to it.
        return problem(
            _CHECK,
            f"{key!r} replaces the row of that key and names no source",
            remedy=f"write {word}: {key} in it to keep the rest of that row, or write the whole row",
            location=document.at(*place),
            path=place,
        )
    if base is None:
        return {**own, "key": key}
    under = raw.get(kind, {}).get(base) if isinstance(base, str) else None
    if under is None:
        return problem(
            _CHECK,
            f"{word} names {base!r}, which is none of the {kind}",
            remedy=nearest(str(base), raw.get(kind, {})),
            location=document.value_at(*place, word),
            path=[*place, word],
        )
    if kind in _LISTS:
        return _extended(kind, under, own, key)
    return {**(_merged(under, own) if kind in _MAPPINGS else {**under, **own}), "key": key}


def _merged(under: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay mappings over those of the same name, key by key; in them nothing (``null``) takes a key out."""
    found = dict(under)
    for name, value in own.items():
        below = under.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            found[name] = {key: kept for key, kept in _merged(below, value).items() if kept is not None}
        else:
            found[name] = value
    return found


def _extended(kind: str, under: Mapping[str, Any], own: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Lay a row over another with its list: an entry of the same name is replaced key by key, others come behind."""
    listing, naming = _LISTS[kind]
    entries = {row[naming]: row for row in under[listing]}
    listed = own.get(listing, [])
    for row in listed if isinstance(listed, list) else []:
        name = row.get(naming) if isinstance(row, dict) else None
        if isinstance(name, str):
            entries[name] = {**entries.get(name, {}), **row}
    # A profile is meant for the models that it names itself, or two would claim them.
    return {**under, **({"models": []} if kind == "bios" else {}), **own, "key": key, listing: list(entries.values())}


def _validated(raw: _Raw, origin: _Origin) -> tuple[Catalog, list[Problem]]:
    """Validate the rows; leave out and report those that are wrong."""
    kept: _Raw = {kind: dict(rows) for kind, rows in raw.items()}
    problems: list[Problem] = []
    try:
        return Catalog.model_validate_json(canonical_json(raw), strict=True), problems
    except ValidationError as error:
        bad = {(str(entry["loc"][0]), str(entry["loc"][1])) for entry in error.errors(include_url=False)}
    for kind, key in sorted(bad):
        row = kept[kind].pop(key)
        model = Catalog.model_fields[kind].annotation.__args__[1]  # type: ignore[union-attr]  # dict[str, Row] each
        try:
            model.model_validate_json(canonical_json(row), strict=True)
        except ValidationError as error:
            document = origin[kind, key]
            laid = msgspec.structs.replace(document, value={kind: {key: row}})
            problems += translate(error, laid, model, check=_CHECK, base=(kind, key))
    return Catalog.model_validate_json(canonical_json(kept), strict=True), problems


def _dangling(catalog: Catalog, origin: _Origin) -> list[Problem]:
    """Report references of a site's own rows to rows that are not there."""
    problems = []
    for kind, key in origin:
        for path, word, known in _references(catalog, kind, key):
            if word not in known:
                place = (kind, key, *path)
                document = origin[kind, key]
                problems.append(
                    problem(
                        _CHECK,
                        f"{word!r} is not known",
                        remedy=nearest(word, known),
                        location=document.value_at(*place),
                        path=[str(part) for part in place],
                    )
                )
    return problems


def _graph(catalog: Catalog, origin: _Origin) -> Iterator[Problem]:
    """Report what a site's own steps do to the order of all."""
    own = {key for kind, key in origin if kind == "steps"}
    if not own:
        return
    for place, message, remedy in graph_faults(catalog, _shipped(), own):
        document = origin["steps", str(place[1])]
        words = [str(part) for part in place]
        yield problem(_CHECK, message, remedy=remedy, location=document.at(*place), path=words)


def _references(
    catalog: Catalog, kind: str, key: str
) -> Iterator[tuple[tuple[str | int, ...], str, Sequence[str] | Mapping[str, Any]]]:
    """Yield (path in the row, word, what the word may be) of each reference that a row makes."""
    if kind == "servers" and key in catalog.servers:
        server = catalog.servers[key]
        for at, slot in enumerate(server.nics):
            yield ("nics", at, "nic"), slot.nic, catalog.nics
        for at, gpu in enumerate(server.gpus):
            yield ("gpus", at), gpu, catalog.gpus
    if kind in _UPKEEP and key in getattr(catalog, kind):
        yield from upkeep_references(catalog, kind, key)
    if kind in _STEPS and key in getattr(catalog, kind):
        yield from step_references(catalog, kind, key)
    if kind == "releases" and key in catalog.releases:
        # Only what stands before may be named, so that the order has no circle.
        before: list[str] = []
        for at, component in enumerate(catalog.releases[key].components):
            for order, word in enumerate(component.after):
                yield ("components", at, "after", order), word, tuple(before)
            before.append(component.key)
