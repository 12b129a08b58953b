"""Keeping the record of a run: made of what it left, written beside its certificates, signed with the operator's key."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from rackwright.cli.talk import Talk
from rackwright.errors import RecordError, RunError

if TYPE_CHECKING:
    from rackwright.plan.model import Plan
    from rackwright.report.records import Record
    from rackwright.report.unproven import Unproven
    from rackwright.runs import Report
    from rackwright.runs.folder import RunFolder

__all__ = ["Kept", "keep", "verified"]

_SUMS: Final = "SHA256SUMS"
_FOLDER: Final = "record"
_FILES: Final = "files"
_FEW: Final = 5
"""Gaps that are told unless more is asked for."""
_SIGNED: Final = ("record.json", _SUMS)


class Kept(NamedTuple):
    """Where a record lies, and how the run ended for whom."""

    folder: Path
    page: Path
    """The page to open: ``index.html``."""
    record: Path
    """``record.json``; its signature is beside it, if it is signed."""
    signed: bool
    unsigned: str
    """Why it could not be signed with the key that was given; empty: it was, or none was given."""
    headline: str
    """``12 of 13 devices accepted, 1 failed``."""
    verdicts: dict[str, str]
    """Device -> ``accepted``, ``done``, ``failed`` or ``open``."""
    not_verified: dict[str, tuple[Unproven, ...]]
    """Device -> its cables that the run did not prove; who has none is not in it."""


def keep(
    talk: Talk, plan: Plan, state_dir: Path, run: str, *, report: Report | None = None, out: Path | None = None,
    key: Path | None = None, database: str | None = None,
) -> Kept:  # fmt: skip
    """Make and write the record of a run, and say where it lies.

    ``out``: the folder (default: ``record`` in the run's folder), with copies of the files that the record names; ``key``: the operator's SSH
    key to sign with, a public one where an agent holds the other. Raises :class:`~rackwright.errors.RunError` where
    the run is not known, :class:`~rackwright.errors.RecordError` where it cannot be recorded. One that cannot be signed lies there
    unsigned, and :attr:`Kept.unsigned` says why.
    """
    from rackwright import runs
    from rackwright.report.certificates import documents, headline
    from rackwright.report.records import gaps, record
    from rackwright.runs.folder import RunFolder, private

    folder = RunFolder.found(state_dir, run)
    known = folder.record()
    ended = report or _report(talk, state_dir, run, database)
    graph, told = runs.graph(state_dir, run), runs.events(state_dir, run)
    ordered = _ordered(folder)
    made = record(plan, graph, ended, told, folder.path, run=run, who=ordered.who, program=known.program)
    made = _as_it_was(talk, folder, made, ordered.intent)
    target = private(folder.path / _FOLDER) if out is None else _fresh(out)
    copied = _copied(folder.path, target, made) if out is not None else {}

    def lay(by: Path | None) -> None:
        names = _written(target, documents(made, signed=by is not None)) | copied
        _write(target / _SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(names.items())).encode())
        _sign(target, by)

    unsigned = _unless_signed(lay, key)
    signed = key is not None and not unsigned
    _tell_gaps(talk, gaps(made))
    say = f"record of {run}: {headline(made)}; it lies in {target}"
    talk.say(f"{say}, signed" if signed else f"{say}; it is not signed: 'rackwright report --sign KEY' signs it")
    verdicts = {device.device: str(device.verdict) for device in made.devices}
    cables = {device.device: device.not_verified for device in made.devices if device.not_verified}
    page = target / "index.html"
    return Kept(target, page, target / "record.json", signed, unsigned, headline(made), verdicts, cables)


def _unless_signed(lay: Callable[[Path | None], None], key: Path | None) -> str:
    """Have a record laid down, without a signature where the key makes none; return why, or nothing."""
    try:
        lay(key)
    except RecordError as error:
        # Its pages said that they are signed.
        lay(None)
        return str(error)
    return ""


def _tell_gaps(talk: Talk, lacking: Sequence[str]) -> None:
    for gap in lacking if talk.verbose else lacking[:_FEW]:
        talk.say(f"the record has a gap: {gap}")
    if len(lacking) > _FEW and not talk.verbose:
        talk.say(f"and {len(lacking) - _FEW} more, told with --verbose")


def verified(folder: Path, signers: Path | None = None) -> Iterator[str]:
    """Yield what is found of a record that somebody handed over: who signed it, and that each file is as it was then.

    Raises :class:`~rackwright.errors.RecordError` at the first thing that is not as it was signed.
    """
    from rackwright.cli.signing import signature

    _whole(folder)
    if signers is not None:
        _readable(signers)
    keys = []
    for name in _SIGNED:
        found = signature(folder / name, signers)
        by = f"{found.who}, " if found.who else ""
        keys.append(found.key)
        yield f"{name}: signed by {by}{found.key}"
    if len(set(keys)) > 1:
        told = " and ".join(f"{name} by {key}" for name, key in zip(_SIGNED, keys, strict=True))
        raise RecordError(
            f"{told}: a record is signed with one key, so one of them was put there later: do not trust it"
        )
    if signers is None:
        yield "whose key that is, nobody said: compare it, or name a file of allowed signers with --signers"
    number = 0
    for line in (folder / _SUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        number += 1
        _check(folder, name, digest)
    extra = sorted(set(_below(folder)) - {line.partition("  ")[2] for line in _lines(folder)} - _beside())
    if extra:
        raise RecordError(f"{extra[0]} lies there and is not in {_SUMS}: it is no part of the record")
    yield f"{number} files are as they were signed"


def _whole(folder: Path) -> None:
    """Raise where no record lies, or one without a file or a signature that belongs to it."""
    if not (folder / "record.json").is_file():
        raise RecordError(f"no record lies in {folder}: name the folder that holds record.json")
    beside = [f"{name}.sig" for name in _SIGNED]
    missing = [name for name in (_SUMS, *beside) if not (folder / name).is_file()]
    if missing == beside:
        raise RecordError(
            f"the record in {folder} is not signed: whoever made it signs it with 'rackwright report --sign KEY'"
        )
    if missing:
        raise RecordError(f"{missing[0]} is missing in {folder}: the record is not as it was signed, do not trust it")


def _readable(signers: Path) -> None:
    try:
        signers.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise RecordError(f"{signers} cannot be read ({why}): name the file of allowed signers") from None


def _lines(folder: Path) -> list[str]:
    return (folder / _SUMS).read_text(encoding="utf-8").splitlines()


def _beside() -> set[str]:
    """Return the files that the sums cannot name: themselves, and the signatures."""
    return {_SUMS, ".gitignore", *(f"{name}.sig" for name in _SIGNED)}


def _below(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _check(folder: Path, name: str, digest: str) -> None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise RecordError(f"{name} is missing: the record is not whole")
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise RecordError(f"{name} is not what was signed: do not trust it")


def _report(talk: Talk, state_dir: Path, run: str, database: str | None) -> Report | None:
    """Return the report of a run from the journal; None for one that has not ended, or whose journal is elsewhere."""
    from rackwright import runs

    found = next((one for one in runs.listed(state_dir, database=database) if one.run == run), None)
    if found is not None and found.database:
        talk.error(
            f"the journal of {run} is in {found.database}: without it the record holds what the run told, no more"
        )
    return found.report if found is not None else None


class _Ordered(NamedTuple):
    """What the order of a run says about it."""

    who: str
    """Who began it; where the order does not say, the owner of the run's folder."""
    intent: str
    """Digest of the intent that it was made from; empty: it does not say."""


def _ordered(folder: RunFolder) -> _Ordered:
    import msgspec

    try:
        order = msgspec.json.decode(folder.order())
    except (msgspec.DecodeError, RunError):
        order = None
    said = order if isinstance(order, dict) else {}
    return _Ordered(str(said.get("who") or "") or _owner(folder.path), str(said.get("intent") or ""))


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return f"user {path.stat().st_uid}"


def _as_it_was(talk: Talk, folder: RunFolder, made: Record, intent: str) -> Record:
    """Return the record with the devices as they were planned when the run began, though the site has changed since."""
    import msgspec

    from rackwright.report.records import Record

    if intent in {"", made.intent}:
        return made
    made = msgspec.structs.replace(made, intent=intent)
    try:
        former = msgspec.json.decode((folder.path / _FOLDER / "record.json").read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        talk.say(
            "the site has changed since this run: models, serial numbers and places in the record are those of today"
        )
        return made
    known = {device.device: device for device in former.devices}
    facts = ("role", "model", "serial", "rack", "unit")
    devices = tuple(
        msgspec.structs.replace(one, **{fact: getattr(known[one.device], fact) for fact in facts})
        if one.device in known
        else one
        for one in made.devices
    )
    return msgspec.structs.replace(made, devices=devices, release=former.release, absent=former.absent)


def _fresh(out: Path) -> Path:
    """Return the folder to write into; one that holds anything but an earlier record is refused."""
    there = set(_below(out)) if out.exists() else set()
    if there:
        listed = {line.partition("  ")[2] for line in _lines(out)} if (out / _SUMS).is_file() else set()
        strange = sorted(there - listed - _beside())
        if strange or "record.json" not in listed:
            raise RecordError(f"{out} holds {(strange or sorted(there))[0]}, which is no record: name another folder")
        # Signatures of what lay there before must not stand beside what is written now.
        for name in there:
            (out / name).unlink()
    out.mkdir(parents=True, exist_ok=True)
    return out


def _written(target: Path, files: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    names = {}
    for name, data in files:
        _write(target / name, data)
        names[name] = hashlib.sha256(data).hexdigest()
    return names


def _write(path: Path, data: bytes) -> None:
    """Write a file for its owner alone; what is signed is on the disk when this returns."""
    from rackwright.runs.folder import write_private

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.name in _SIGNED:
        write_private(path, data)
        return
    # A thousand certificates that each wait for the disk take longer than all the rest; the sums tell whether one is whole.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def _copied(source: Path, target: Path, made: Record) -> dict[str, str]:
    """Copy every file that the record names, so that it can be looked at elsewhere."""
    tasks = (task for device in made.devices for task in device.tasks)
    every = [*made.files, *(file for task in (*made.gates, *tasks) for file in (*task.sent, *task.evidence))]
    names = {}
    for file in every:
        # A run that goes on tells more meanwhile: what is copied is what the record speaks of.
        with (source / file.name).open("rb") as stream:
            data = stream.read(file.size)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise RecordError(f"{source / file.name} changed while it was recorded: run it again")
        _write(target / _FILES / file.name, data)
        names[f"{_FILES}/{file.name}"] = file.sha256
    return names


def _sign(target: Path, key: Path | None) -> None:
    """Sign, or take away signatures of what lay there before."""
    from rackwright.cli.signing import sign

    for name in _SIGNED:
        (target / f"{name}.sig").unlink(missing_ok=True)
    if key is None:
        return
    for name in _SIGNED:
        sign(target / name, key)
