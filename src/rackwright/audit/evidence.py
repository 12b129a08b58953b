"""What devices were asked and what they said, kept as values: taken once, judged as often as wanted.

A question is a text: ``facts``, ``running`` and ``startup`` are the driver's own readings, ``nv show X`` and a Linux command
are what they say. An answer is JSON, or the error in the device's words. Secrets in configurations are masked before an
answer is kept.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from rackwright.diff.changes import masked
from rackwright.drivers import keeping
from rackwright.drivers.clock import Clock
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import (
    AuthRefused,
    DocumentError,
    DriverError,
    IdentityChanged,
    LostMidCommand,
    NotCarried,
    Unreachable,
)

__all__ = [
    "FACTS",
    "RUNNING",
    "SHOW",
    "STARTUP",
    "UNKNOWN",
    "Answer",
    "Evidence",
    "collect",
    "parts",
    "read",
    "unreached",
    "write",
]

FACTS: Final = "facts"
RUNNING: Final = "running"
STARTUP: Final = "startup"
SHOW: Final = "nv show "
"""How a question for the operational state begins; ``-o json`` is the driver's to add."""

UNKNOWN: Final = "not known"
"""What stands for a version that a device was to tell and did not: a place that is empty would look as if all were told."""

_NOTHING: Final = msgspec.Raw(b"null")
_ENDED: Final = (Unreachable, AuthRefused, IdentityChanged, LostMidCommand)
"""Errors after which the session is worth nothing."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one question."""

    question: str
    value: Any = None
    error: str = ""
    """The device's words, or why nothing came; empty: ``value`` is the answer."""
    took_s: float = 0
    """How long it took, together with what was asked at the same time."""
    barred: bool = False
    """The transport has no such question: what came of it says nothing of the device."""


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that one device said in one look."""

    device: str
    taken: str = ""
    """When, as ISO 8601 in UTC."""
    error: str = ""
    """Why the device could not be reached at all; empty: it could."""
    remedy: str = ""
    answers: tuple[Answer, ...] = ()

    def by_question(self) -> dict[str, Answer]:
        """Return the answers by what was asked."""
        return {answer.question: answer for answer in self.answers}


def collect(nvue: Nvue, device: str, questions: Iterable[str], *, clock: Clock, taken: str = "") -> Evidence:
    """Ask each question once, in one session, all shows together; what goes wrong becomes the answer, never an exception.

    After the session is lost the questions that are left are answered by that loss: nothing is asked blindly again.
    """
    asked = tuple(dict.fromkeys(questions))
    answers: dict[str, Answer] = {}
    lost = ""
    for some in _in_turns(asked):
        start = clock.now()
        said = {} if lost else _several(nvue, some)
        took = round(clock.now() - start, 3)
        for question in some:
            value = said.get(question)
            error = lost or (str(value) if isinstance(value, DriverError) else "")
            barred = not lost and isinstance(value, NotCarried)
            answers[question] = Answer(question, None if error else value, error, took, barred)
        lost = lost or next((str(value) for value in said.values() if isinstance(value, _ENDED)), "")
    return Evidence(device, taken, answers=tuple(answers[question] for question in asked))


def _in_turns(asked: Iterable[str]) -> list[list[str]]:
    """Return what is asked at a time: each reading and command by itself, then every show."""
    single = [[question] for question in asked if not question.startswith(SHOW)]
    shows = [question for question in asked if question.startswith(SHOW)]
    return [*single, shows] if shows else single


def _several(nvue: Nvue, questions: list[str]) -> dict[str, Any]:
    """Return the answers, or the error that came instead of one."""
    if questions[0].startswith(SHOW):
        paths = [question.removeprefix(SHOW) for question in questions]
        values = nvue.shows(paths)
        return {f"{SHOW}{path}": values[path] for path in paths}
    try:
        return {questions[0]: _ask(nvue, questions[0])}
    except DriverError as error:
        return {questions[0]: error}


def unreached(device: str, error: DriverError, taken: str = "") -> Evidence:
    """Return the evidence of a device that could not be asked anything."""
    return Evidence(device, taken, str(error), error.remedy)


def _ask(nvue: Nvue, question: str) -> Any:
    if question == FACTS:
        return msgspec.to_builtins(nvue.facts())
    if question == RUNNING:
        return masked(nvue.running())
    if question == STARTUP:
        return masked(nvue.startup())
    return nvue.run(question)


def write(folder: Path, evidence: Iterable[Evidence]) -> None:
    """Keep one file a device in a folder, readable by its owner alone."""
    for item in evidence:
        data = msgspec.json.format(msgspec.json.encode(item), indent=1)
        keeping.keep(folder / f"{item.device}.json", data)


class _Packed(msgspec.Struct, frozen=True):
    """An answer whose value is still the bytes of the file."""

    question: str
    value: msgspec.Raw = _NOTHING
    error: str = ""
    took_s: float = 0
    barred: bool = False

    def opened(self, wanted: Container[str] | None) -> Answer:
        """Return the answer; a value that nobody wants stays packed, and is written as it was read."""
        value = msgspec.json.decode(self.value) if wanted is None or self.question in wanted else self.value
        return Answer(self.question, value, self.error, self.took_s, self.barred)

    def part(self, kind: Any) -> Answer:
        """Return the answer with the fields of a type alone; whole where it has another form, which is for a check to say."""
        try:
            value = msgspec.json.decode(self.value, type=kind)
        except msgspec.ValidationError:
            value = msgspec.json.decode(self.value)
        return Answer(self.question, value, self.error, self.took_s, self.barred)


class _PackedEvidence(msgspec.Struct, frozen=True):
    device: str
    taken: str = ""
    error: str = ""
    remedy: str = ""
    answers: tuple[_Packed, ...] = ()


def read(folder: Path, devices: Iterable[str], wanted: Container[str] | None = None) -> Mapping[str, Evidence]:
    """Return what a folder holds of the devices; with ``wanted`` the answers to other questions are only there to be kept on.

    Raises :class:`~rackwright.errors.DocumentError` when a file is there and is no evidence.
    """
    return {
        device: _with(packed, [answer.opened(wanted) for answer in packed.answers])
        for device, packed in _kept(folder, devices)
    }


def parts(folder: Path, devices: Iterable[str], kinds: Mapping[str, Any]) -> Mapping[str, Evidence]:
    """Return little of what a folder holds, to be judged and not to be kept: of answers to these questions the fields of their types.

    Raises :class:`~rackwright.errors.DocumentError` when a file is there and is no evidence.
    """
    return {
        device: _with(packed, [one.part(kinds[one.question]) for one in packed.answers if one.question in kinds])
        for device, packed in _kept(folder, devices)
    }


def _kept(folder: Path, devices: Iterable[str]) -> Iterator[tuple[str, _PackedEvidence]]:
    for device in devices:
        path = folder / f"{device}.json"
        if not path.is_file():
            continue
        try:
            packed = msgspec.json.decode(path.read_bytes(), type=_PackedEvidence)
        except msgspec.DecodeError as error:
            raise DocumentError(f"{path} is no evidence ({error}): take it again, or remove the file") from error
        yield device, packed


def _with(packed: _PackedEvidence, answers: Iterable[Answer]) -> Evidence:
    return Evidence(packed.device, packed.taken, packed.error, packed.remedy, tuple(answers))
