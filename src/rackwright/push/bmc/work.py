"""What is to be brought in on one server, with which images, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from rackwright.catalog.images import Image
from rackwright.diff.bmc.model import BiosChange, BiosState, FirmwareState
from rackwright.plan.machines import Machine
from rackwright.push.bmc.model import SETTINGS, Left, Refusal
from rackwright.push.bmc.rules import Rules
from rackwright.redfish import versions

__all__ = ["Task", "Work", "work"]

MOST_HOPS: Final = 4
"""Images of one component one after the other, where each needs the one before."""
_BARS: Final = frozenset({"no-image", "no-file", "no-hash", "needs", "blocked", "circle"})
"""Refusals that leave a component behind, so that what builds on it is not sent either."""


@dataclass
class Task:
    """One component, or one hop of it, that is to be brought in."""

    name: str
    """The component; ``idrac#1`` for the first of several hops."""
    component: str
    states: tuple[FirmwareState, ...] = ()
    image: Image | None = None
    waits: bool = False
    job: str = ""
    live: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    changes: tuple[BiosChange, ...] = ()
    why: str = ""


@dataclass
class Work:
    """Everything that is to be done, unordered."""

    tasks: list[Task] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    compliant: list[str] = field(default_factory=list)
    unpinned: list[str] = field(default_factory=list)

    def refuse(self, component: str, reason: str, message: str, remedy: str) -> None:
        """Enter what stands in the way of a component."""
        self.refused.append(Refusal(component=component, reason=reason, message=message, remedy=remedy))  # type: ignore[arg-type]  # words of Refusal.reason

    @property
    def barred(self) -> frozenset[str]:
        """Components that stay behind."""
        return frozenset(row.component for row in self.refused if row.reason in _BARS)


def work(
    machine: Machine, states: Sequence[FirmwareState], bios: BiosState | None, images: Sequence[Image], rules: Rules
) -> Work:
    """Return what is to be brought in, and why the rest is not."""
    found = Work()
    by: dict[tuple[str, str | None], list[FirmwareState]] = {}
    for state in states:
        by.setdefault((state.key, state.wanted), []).append(state)
    for rows in by.values():
        _component(machine, rows, states, images, rules, found)
    _settings(machine, bios, found)
    _block(rules, found)
    _order(rules, found)
    return found


def _component(
    machine: Machine,
    rows: list[FirmwareState],
    states: Sequence[FirmwareState],
    images: Sequence[Image],
    rules: Rules,
    found: Work,
) -> None:
    key = rows[0].key
    off = [row for row in rows if row.verdict not in ("compliant", "unpinned")]
    if not off:
        (found.unpinned if rows[0].verdict == "unpinned" else found.compliant).append(key)
        return
    off = _shown(machine, off, found)
    if off and rows[0].backend != "bmc":
        found.left.append(_left(off, rules))
        return
    if not off or not _allowed(machine, off, rules, found):
        return
    if all(row.verdict == "staged" for row in off):
        found.tasks.append(
            Task(key, key, tuple(off), _image(machine, off, images), waits=True, job=off[0].job, why=off[0].why)
        )
        return
    _hops(machine, off, states, images, rules, found)


def _shown(machine: Machine, off: Sequence[FirmwareState], found: Work) -> list[FirmwareState]:
    """Refuse what the BMC does not show, or shows without a version; return the rest."""
    for row in off:
        if row.verdict == "missing" or (row.verdict == "unknown" and row.backend == "bmc"):
            message = f"{row.name} of {machine.name} ({row.subject}): {row.why}"
            found.refuse(
                row.key, row.verdict, message, "look at the machine: what its BMC does not show cannot be updated by it"
            )
    return [row for row in off if row.verdict != "missing" and (row.verdict != "unknown" or row.backend != "bmc")]


def _left(off: Sequence[FirmwareState], rules: Rules) -> Left:
    row, activation = off[0], rules.activation(off[0].key)
    message = (
        f"{row.name} {', '.join(dict.fromkeys(one.found or 'not told' for one in off))}, wanted {row.wanted}: "
        f"left to {'HOSTS' if row.backend == 'host' else 'the BMC of the adapter'}; in force after: {activation.name.lower()}"
    )
    return Left(
        component=row.key,
        subjects=tuple(one.subject for one in off),
        backend=row.backend,
        found=tuple(dict.fromkeys(one.found for one in off)),
        wanted=row.wanted or "",
        activation=activation.key,
        message=message,
    )


def _allowed(machine: Machine, off: Sequence[FirmwareState], rules: Rules, found: Work) -> bool:
    """Say whether the flag for downgrades is not needed, or is given."""
    worst = next((row for row in off if row.verdict == "ahead"), None) or next(
        (row for row in off if row.verdict == "different"), None
    )
    if worst is None or rules.allow_downgrade:
        return True
    ahead = worst.verdict == "ahead"
    what = "is newer than" if ahead else "may be newer than"
    found.refuse(
        worst.key,
        "downgrade" if ahead else "order-unknown",
        f"{worst.name} {worst.found} of {machine.name} {what} {worst.wanted}",
        "pin the version that is there, or allow the downgrade with --allow-downgrade",
    )
    return False


# --- images ------------------------------------------------------------------------------------


def _image(machine: Machine, off: Sequence[FirmwareState], images: Iterable[Image]) -> Image | None:
    """Return the image of the wanted version; one for this model before one for all."""
    wanted = (off[0].wanted, *off[0].equal)
    fitting = [
        image
        for image in _fitting(machine, off, images)
        if any(versions.same(one, other) for one in (image.version, *image.equal) for other in wanted)
    ]
    return min(fitting, key=lambda image: not image.models, default=None)


def _fitting(machine: Machine, off: Sequence[FirmwareState], images: Iterable[Image]) -> Iterator[Image]:
    adapters = {adapter.name: adapter.nic for adapter in machine.adapters}
    words = {machine.model, *(adapters[row.adapter] for row in off if row.adapter in adapters)}
    for image in images:
        if image.component == off[0].key and (not image.models or words & set(image.models)):
            yield image


def _hops(
    machine: Machine,
    off: list[FirmwareState],
    states: Sequence[FirmwareState],
    images: Sequence[Image],
    rules: Rules,
    found: Work,
) -> None:
    """Enter the image of the wanted version, and before it those that it needs as steps of its own."""
    key, row = off[0].key, off[0]
    image = _image(machine, off, images)
    if image is None:
        found.refuse(
            key, "no-image", f"no image of {row.name} {row.wanted} for {machine.model} is listed",
            f"add it to the site's images: component {key}, version {row.wanted}, models [{machine.model}]",
        )  # fmt: skip
        return
    chain = _chain(image, [one.found for one in off if one.verdict != "staged"], list(_fitting(machine, off, images)))
    if chain is None:
        least = dict(image.needs)[key]
        found.refuse(
            key, "needs", f"{image.id} needs {row.name} {least} first, {row.found} is there and no image leads there",
            f"add an image of {key} between {least} and {row.wanted} to the site's images",
        )  # fmt: skip
        return
    chain = [replace(hop, file="") if hop.url and hop.file in rules.absent else hop for hop in chain]
    if not _sendable(chain, rules, found):
        return
    tasks: list[Task] = []
    for at, hop in enumerate(chain, 1):
        name = key if at == len(chain) else f"{key}#{at}"
        before = [one.found for one in off] if at == 1 else [chain[at - 2].version]
        tasks.append(
            Task(name, key, tuple(off), hop, live={tasks[-1].name} if tasks else set(), why=_from(before, hop))
        )
        if not _needs(machine, hop, key, states, tasks[-1], found):
            return
    found.tasks += tasks


def _sendable(chain: Sequence[Image], rules: Rules, found: Work) -> bool:
    """Say whether the file of each image is there and vouched for."""
    for hop in chain:
        if hop.file in rules.absent:
            message = f"the image {hop.file} is not there" + (f" ({hop.source} lists it)" if hop.source else "")
            found.refuse(hop.component, "no-file", message, "put the file there, or correct the entry")
            return False
        if hop.file and not hop.sha256:
            message = f"{hop.source or hop.id}: no SHA-256 is given for {hop.file}"
            found.refuse(hop.component, "no-hash", message, f"write sha256: what sha256sum {hop.file} prints")
            return False
    return True


def _from(before: Sequence[str], hop: Image) -> str:
    return f"{', '.join(dict.fromkeys(before))} -> {hop.version}"


def _chain(image: Image, there: Sequence[str], images: Sequence[Image], depth: int = MOST_HOPS) -> list[Image] | None:
    """Return the images that lead to one, itself the last; None where none do."""
    least = dict(image.needs).get(image.component)
    if least is None or all(_reaches(found, least) for found in there):
        return [image]
    if depth <= 1:
        return None
    steps = [
        one for one in images if _reaches(one.version, least) and versions.compare(one.version, image.version) == -1
    ]
    # The newest first: it has the best chance to be the last that is needed.
    ways = [way for step in steps if (way := _chain(step, there, images, depth - 1)) is not None]
    best = min(ways, key=len, default=None)
    return [*best, image] if best else None


def _reaches(version: str, least: str) -> bool:
    sign = versions.compare(version, least)
    return sign is not None and sign >= 0


def _needs(
    machine: Machine,
    image: Image,
    key: str,
    states: Sequence[FirmwareState],
    task: Task,
    found: Work,
) -> bool:
    """Enter what other components must be in force; say whether all of it can be."""
    for other, least in image.needs:
        if other == key:
            continue
        rows = [row for row in states if row.key == other and row.found]
        if rows and all(_reaches(row.found, least) for row in rows):
            continue
        if rows and all(row.wanted and _reaches(row.wanted, least) for row in rows):
            task.live.add(other)
            continue
        there = ", ".join(dict.fromkeys(row.found for row in rows)) or "no version is told"
        found.refuse(
            key, "needs", f"{image.id} needs {other} {least} or newer on {machine.name}: {there}",
            f"pin {other} to {least} or newer, and list its image",
        )  # fmt: skip
        return False
    return True


# --- BIOS settings -----------------------------------------------------------------------------


def _settings(machine: Machine, bios: BiosState | None, found: Work) -> None:
    if bios is None or not machine.bios:
        return
    if not bios.known:
        found.refuse(
            SETTINGS,
            "unknown",
            f"the BMC of {machine.name} tells no BIOS settings",
            "let the host start once, and look again",
        )
        return
    image = next((task.image for task in found.tasks if task.component == "bios" and task.image), None)
    touched = set(image.changes or ()) if image else set()
    changes = [*bios.changes, *bios.staged]
    later = [problem for problem in bios.problems if problem.absent and _touches(problem.attribute, touched)]
    values = {row.attribute: row for row in machine.bios}
    for problem in bios.problems:
        if problem not in later:
            found.refuse(SETTINGS, "bios", problem.message, problem.remedy)
    changes += [
        BiosChange(
            attribute=name, old=None, new=values[name].value, reason=values[name].reason, source=values[name].source
        )
        for name in (problem.attribute for problem in later)
    ]
    if not changes:
        found.compliant += [SETTINGS] if not bios.problems else []
        return
    waits = not bios.changes and not later
    # A settings job that waits is replaced when it does not hold everything: two cannot wait for one BIOS.
    task = Task(
        SETTINGS,
        SETTINGS,
        waits=waits,
        job=bios.job,
        changes=tuple(changes),
        why=f"{len(changes)} attribute{'s' * (len(changes) > 1)}",
    )
    if not waits and any(_touches(change.attribute, touched) for change in changes):
        task.live.add("bios")
        task.why += f", which {image.id if image else 'the image'} changes: after it is in force"
    found.tasks.append(task)


def _touches(attribute: str, touched: set[str]) -> bool:
    return "*" in touched or attribute in touched


# --- order -------------------------------------------------------------------------------------


def _block(rules: Rules, found: Work) -> None:
    """Take out what builds on a component that stays behind."""
    while True:
        barred = found.barred
        stopped = [
            (task, on) for task in found.tasks if task.component != SETTINGS and not task.waits
            for on in [next((word for word in _before(task, rules) if word in barred), None)] if on
        ]  # fmt: skip
        if not stopped:
            return
        for task, on in stopped:
            if task.component not in barred:
                message = f"{task.component} goes after {on}, which cannot be brought to its version"
                found.refuse(task.component, "blocked", message, f"see to {on} first")
        gone = {task.component for task, _ in stopped}
        found.tasks = [task for task in found.tasks if task.component not in gone]


def _before(task: Task, rules: Rules) -> Iterator[str]:
    yield from (barrier.component for barrier in rules.barriers.get(task.component, ()))
    yield from (name.partition("#")[0] for name in task.live)


def _order(rules: Rules, found: Work) -> None:
    """Enter what each task must wait for; a first hop waits for the last hop of others."""
    names = {task.name for task in found.tasks}
    for task in found.tasks:
        for barrier in rules.barriers.get(task.component, ()):
            if barrier.component in names and barrier.component != task.component:
                (task.live if barrier.must == "live" else task.sent).add(barrier.component)
