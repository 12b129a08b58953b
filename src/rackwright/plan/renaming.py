"""A fabric or network under another name: what the lock holds of it stands under the old one.

To the lock a name that it does not know is new, so everything in it gets the lowest free numbers: those that it had only
where nothing ever grew. A rename is known by what it did not change, the names of the leaves, the subnet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rackwright.findings import Problem, problem
from rackwright.plan.lock import Lock, LockFile, Wish, recable

__all__ = ["CHECK", "renamed"]

CHECK: Final = "plan.renaming"

Places = Mapping[str, Mapping[str, tuple[int, int]]]


def renamed(kept: LockFile | None, lock: Lock) -> Iterator[Problem]:
    """Yield what another name would move: cables are refused, addresses a warning; ask when all numbers are given."""
    former = kept.wishes if kept else {}
    asked = lock.file().wishes
    gone = {section: wish for section, wish in former.items() if section not in lock.wished}
    for section in sorted(lock.wished - former.keys()):
        kind, _, new = section.partition(".")
        mark = _mark(kind, asked[section])
        old = next(
            (name for name, wish in sorted(gone.items()) if mark[1] and mark == _mark(name.partition(".")[0], wish)), ""
        )
        if old and kept is not None:
            moved, held = _moved(kept.pools, lock.view(), _pool(old), _pool(section))
            if moved:
                yield _told(kind, new, old.partition(".")[2], mark[1], moved, held)


def _mark(kind: str, wish: Wish) -> tuple[str, str]:
    """Return by what a section is known again; nothing where it has none."""
    if kind == "fabrics":
        return kind, str(wish.get("leaves", {}).get("name", ""))
    found = wish.get("subnet") or wish.get("pool") or ""
    return (kind, str(found)) if kind == "networks" and found else ("", "")


def _pool(section: str) -> str:
    """Return what the pools of a section begin with."""
    return section.removeprefix("fabrics.")


def _moved(before: Places, after: Places, old: str, new: str) -> tuple[list[str], int]:
    """Return what has another place under the new name, and how many places there are."""
    moved, held = [], 0
    for pool, entries in before.items():
        rest = pool.removeprefix(old)
        if rest == pool or rest[:1] not in ("", "."):
            continue
        now = after.get(f"{new}{rest}", {})
        held += len(entries)
        moved += [f"{key} of {pool}" for key, place in entries.items() if key in now and now[key] != place]
    return moved, held


def _told(kind: str, new: str, old: str, mark: str, moved: list[str], held: int) -> Problem:
    cables = kind == "fabrics"
    what = f"the leaves {mark}" if cables else mark
    effect = "cables that stand would move" if cables else "addresses that stand change"
    remedy = f"write {new} for {old} in site.lock too, or keep the name"
    return problem(
        CHECK,
        f"{new} has {what} that {old} had, and {len(moved)} of {held} places in the lock are others under this name,"
        f" the first {moved[0]}: {effect}",
        path=(kind, new),
        remedy=f"{remedy}; or {recable(f'wishes/fabrics.{old}')}" if cables else remedy,
        severity="error" if cables else "warning",
    )
