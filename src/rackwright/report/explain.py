"""Where a rendered value comes from: the value, the plan's object, the key of the site file and its place, or the default."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rackwright import intent
from rackwright.errors import DocumentError
from rackwright.findings import Location
from rackwright.nvue.ranges import expand_traced
from rackwright.nvue.tree import Tree, get, leaves, natural_key
from rackwright.plan.lock import LockFile
from rackwright.plan.model import Plan, Switch
from rackwright.plan.origins import Origin, Question, origins
from rackwright.report.words import columns, some

__all__ = ["MOST", "Explanation", "Step", "default_lines", "explain", "explain_below", "explain_lines", "find_path"]

MOST = 24
"""More values than this are not explained at once."""

_SHOWN = 60


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step from a value back to what decided it."""

    kind: str
    """``overlay``, ``plan``, ``site`` (written there), ``default`` (left out there), ``lock``, ``convention``, ``rule``."""
    text: str
    path: str = ""
    """Of the site file or the overlay, its parts joined by dots."""
    location: Location | None = None
    help: str = ""


class Explanation(msgspec.Struct, frozen=True):
    """A value, or how many are below the path, and every step back."""

    device: str
    path: tuple[str, ...]
    value: Any
    steps: tuple[Step, ...]


def explain(
    plan: Plan, loaded: intent.Loaded, lock: LockFile, switch: Switch, tree: Tree, path: tuple[str, ...]
) -> Explanation:
    """Explain one path of a switch; ``tree`` is what is printed for it, overlays laid over it.

    Every leaf of a rendered switch has an explanation. Raises :class:`~rackwright.errors.DocumentError`
    when there is nothing at the path.
    """
    node: Any = tree
    for key in path:
        if not isinstance(node, Mapping) or key not in node:
            raise DocumentError(
                f"{switch.name} has nothing at {' '.join(path)}; see 'rackwright explain SITE {switch.name}'"
            )
        node = node[key]
    steps = [*_overlaid(loaded, switch, path)]
    for origin in origins(Question(plan, loaded.require(), lock, switch, path)):
        steps += _step(origin, loaded, lock)
    return Explanation(switch.name, path, node, tuple(steps))


def explain_below(
    plan: Plan, loaded: intent.Loaded, lock: LockFile, switch: Switch, tree: Tree, path: tuple[str, ...]
) -> tuple[Explanation, ...]:
    """Explain each value below a path of a switch, in the order of the tree.

    Raises :class:`~rackwright.errors.DocumentError` when there are too many to read; it names the next keys.
    """
    node = get(tree, *path, default=tree)
    below = list(leaves(node, path)) if isinstance(node, Mapping) and node else [(path, node)]
    if len(below) > MOST:
        keys = some(sorted(node, key=natural_key), 12)
        raise DocumentError(f"{len(below)} values are below {' '.join(path) or 'the top'}; name one of {keys}")
    return tuple(explain(plan, loaded, lock, switch, tree, leaf) for leaf, _ in below)


def find_path(tree: Mapping[str, Any], words: Sequence[str], device: str) -> tuple[str, ...]:
    """Return the path that words mean: ``interface swp1s0 link``, with dots instead, or behind ``nv set``.

    Keys may hold dots themselves (addresses), so they are looked for in the tree. Raises
    :class:`~rackwright.errors.DocumentError` with what stands where the words end.
    """
    rest = " ".join(words).removeprefix("nv ").removeprefix("set ").strip()
    node: Any = tree
    path: list[str] = []
    while rest and isinstance(node, Mapping):
        key = next((key for key in sorted(node, key=len, reverse=True) if _starts(rest, key)), None)
        if key is None:
            break
        path.append(key)
        node, rest = node[key], rest[len(key) + 1 :]
    if rest and not (not isinstance(node, Mapping) and rest == str(node)):
        there = ", ".join(sorted(node, key=natural_key)[:12]) if isinstance(node, Mapping) and node else "nothing more"
        place = " ".join(path) or "the top"
        raise DocumentError(f"{device} has no {rest!r} at {place}; there is {there}")
    return tuple(path)


def _starts(rest: str, key: str) -> bool:
    return rest == key or rest.startswith((f"{key} ", f"{key}."))


def _overlaid(loaded: intent.Loaded, switch: Switch, path: tuple[str, ...]) -> Iterator[Step]:
    """Tell of the overlays that speak of the path or of what is above or below it."""
    names = {"site": "", "role": switch.role, "device": switch.name}
    for overlay in loaded.overlays:
        if overlay.name != names[overlay.scope]:
            continue
        patch = expand_traced(overlay.patch)
        if _speaks(patch.tree, path):
            written = next(patch.origins[path[:end]] for end in range(len(path), 0, -1) if path[:end] in patch.origins)
            yield Step("overlay", f"laid over by {overlay.source}", ".".join(written), overlay.locate(*written))


def _speaks(node: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(node, Mapping):
            return True
        if key not in node:
            return False
        node = node[key]
    return True


def _step(origin: Origin, loaded: intent.Loaded, lock: LockFile) -> list[Step]:
    if origin.kind == "site":
        return [_site_step(origin, loaded)]
    if origin.kind == "convention":
        return [_convention_step(origin.text, loaded)]
    if origin.kind == "lock":
        pool, _, key = origin.text.partition("/")
        run = lock.pools.get(pool, {}).get(key)
        return (
            [Step("lock", f"site.lock holds {origin.text}: {run[0]}" + (f", {run[1]} long" if run[1] > 1 else ""))]
            if run
            else []
        )
    return [Step(origin.kind, origin.text)]


def _site_step(origin: Origin, loaded: intent.Loaded) -> Step:
    """Tell what is written at a key, or its default."""
    path = ".".join(origin.path)
    node: Any = loaded.marked.value
    for part in origin.path:
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return _default_step(origin.path, loaded)
    says = f" ({origin.text})" if origin.text else ""
    return Step("site", f"{path}: {_short(node)}{says}", path, loaded.locate(origin.path), _help(origin.path))


def _default_step(path: tuple[str, ...], loaded: intent.Loaded) -> Step:
    row = _row(path)
    value = row.default if row and row.default else "none"
    return Step(
        "default",
        f"{'.'.join(path)}: {value} (not written)",
        ".".join(path),
        loaded.locate(path),
        row.help if row else "",
    )


def _help(path: tuple[str, ...]) -> str:
    row = _row(path)
    return row.help if row else ""


def _row(path: tuple[str, ...]) -> Any:
    """Find the row of the table of keys that a path falls under."""
    for row in intent.defaults():
        pattern = (*row.place, row.key)
        if len(pattern) == len(path) and all(want in ("*", part) for want, part in zip(pattern, path, strict=True)):
            return row
    return None


def _convention_step(key: str, loaded: intent.Loaded) -> Step:
    style = loaded.require().site.conventions
    row = loaded.catalog.conventions[style]
    place = ("site", "conventions")
    text = f"conventions {style}: {key} is {_short(getattr(row, key))}"
    return Step("convention", text, ".".join(place), loaded.locate(place))


def _short(value: Any) -> str:
    text = json.dumps(msgspec.to_builtins(value), default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def explain_lines(found: Explanation) -> Iterator[str]:
    """Print an explanation: the value, then each step with its place."""
    value = "set" if found.value == {} else str(found.value)
    yield f"{found.device}: {' '.join(found.path)}: {value}"
    for step in found.steps:
        place = f"  {step.location}" if step.location else ""
        yield f"  {step.kind:<10}  {step.text}{place}"
        if step.help:
            yield f"  {'':<10}    {step.help}"


def default_lines() -> list[str]:
    """Print every key of a site file with its type, default and meaning."""
    rows = [(row.path, row.type, row.default, row.help) for row in intent.defaults()]
    return columns(("key", "type", "default", "what it means"), rows, indent="")
