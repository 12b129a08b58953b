"""What a check of hosts is, and what it looks at: the host as it should be beside what it told."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final, TypeVar

from rackwright.audit.cabling import Cables, Port, Sight
from rackwright.audit.evidence import Evidence
from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.parsers.gpus import Gpus
from rackwright.audit.hosts.parsers.links import Face
from rackwright.audit.hosts.questions import ADDRESSES, NVIDIA_SMI, Question, Seat, of_port, seats, texts
from rackwright.audit.hosts.wanted import Wanted, WantedPort
from rackwright.audit.ledger import Check, Ledger, Untold
from rackwright.catalog.models import Catalog
from rackwright.plan.model import Plan

__all__ = ["SHOWN", "HostCheck", "HostLook", "HostView", "RackCheck", "listed"]

T = TypeVar("T")

SHOWN: Final = 4
"""Names that a message shows; it counts the others."""


def listed(names: Iterable[str]) -> str:
    """Return names with commas, the most of them counted."""
    words = list(dict.fromkeys(names))
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


@dataclass(frozen=True)
class HostLook:
    """Everything that is judged: what each host should be, what it told, and what switches saw of the same cables."""

    wanted: Mapping[str, Wanted]
    evidence: Mapping[str, Evidence]
    plan: Plan
    catalog: Catalog
    names: frozenset[str] = frozenset()
    """The hosts to judge; empty: all."""
    checks: frozenset[str] = frozenset()
    """The checks to judge by; empty: all."""
    switches: Mapping[Port, Sight] = field(default_factory=dict)
    """What the other ends of cables see, where switches were asked too."""
    told_by_switches: bool = False
    """The cabling of both ends is told by the audit of switches in the same look; it is not told twice."""
    cables: Cables | None = None
    """What the cables are judged by, where many looks share it; None: worked out of the plan."""

    @cached_property
    def views(self) -> dict[str, HostView]:
        """Return a view of each host that is judged."""
        meant = [name for name in self.wanted if not self.names or name in self.names]
        return {name: HostView(self, self.wanted[name], self.evidence.get(name)) for name in meant}


class HostView:
    """One host: what is planned of it beside what it told."""

    def __init__(self, look: HostLook, wanted: Wanted, evidence: Evidence | None) -> None:
        self.look = look
        self.wanted = wanted
        self.stack = wanted.stack
        self.name = wanted.name
        self.evidence = evidence
        self.answers = evidence.by_question() if evidence else {}
        self.told = texts(self.answers)

    @property
    def reached(self) -> bool:
        """Tell whether the host could be asked at all."""
        return self.evidence is not None and not self.evidence.error

    def why_not(self, question: str) -> str:
        """Say why there is no answer to a question; empty when there is one."""
        if question in self.told:
            return ""
        answer = self.answers.get(question)
        return answer.error or "it answered no text" if answer else "it was not asked this"

    def text(self, question: str) -> str:
        """Return an answer; raises :class:`Untold` when there is none."""
        if question not in self.told:
            raise Untold(f"{question}: {self.why_not(question)}")
        return self.told[question]

    def read(self, question: str, parser: Callable[[str], T | None]) -> T:
        """Return an answer as values; raises :class:`Untold` when there is none, or none that makes sense."""
        text = self.text(question)
        value = parser(text)
        if value is None:
            raise Untold(f"{question}: it printed {' '.join(text.split())[:80]!r}, which tells nothing")
        return value

    def first(self, chain: Iterable[Question], parser: Callable[[str], T | None]) -> tuple[str, T]:
        """Return the first question of several whose answer makes sense, with its values; raises :class:`Untold` when none does."""
        why: list[str] = []
        for question in chain:
            try:
                return question.text, self.read(question.text, parser)
            except Untold as error:
                why.append(str(error))
        raise Untold("; ".join(why) or "it was not asked")

    def of_port(self, port: WantedPort, topic: str, parser: Callable[[str], T | None]) -> T:
        """Return what is told of a port about a topic; raises :class:`Untold` when it is not."""
        chain = self._chains[port.port].get(topic, ())
        if not chain:
            raise Untold(f"{port.port}: which device it is in the host is not known ({ADDRESSES}, ibdev2netdev -v)")
        return self.first(chain, parser)[1]

    def outputs(self, word: str) -> list[tuple[str, str]]:
        """Return (question, text) of every answer to a question that names a program."""
        return [(question, text) for question, text in self.told.items() if word in question.replace(" ", "_")]

    @cached_property
    def seats(self) -> dict[str, Seat]:
        """Return where each planned port is in the host."""
        return seats(self.wanted, self.told)

    @cached_property
    def _chains(self) -> dict[str, dict[str, tuple[Question, ...]]]:
        return {port.port: of_port(port, self.seats[port.port]) for port in self.wanted.ports}

    @cached_property
    def faces(self) -> dict[str, Face]:
        """Return the interfaces by name; raises :class:`Untold` when they are not told."""
        return {face.name: face for face in self.read(ADDRESSES, parsers.ip_addresses)}

    def is_down(self, port: WantedPort) -> bool:
        """Tell whether a port is known to have no link."""
        face = self.seats[port.port].face
        return face is not None and face.state == "DOWN"

    @cached_property
    def gpus(self) -> Gpus:
        """Return the GPUs; raises :class:`Untold` when they are not told."""
        return self.read(NVIDIA_SMI, parsers.nvidia_smi)

    @property
    def gpu_key(self) -> str:
        """Return the key of the planned GPU model; empty: it has none."""
        return self.wanted.machine.gpu


class HostCheck(Check):
    """One thing that is judged of hosts, one host at a time."""

    abstract: ClassVar[bool] = True
    again: ClassVar[str] = (
        "make the host answer this (is its tool installed, may the user become root?), then audit again"
    )
    empty: ClassVar[str] = "look at what the host answered (--keep): it may be empty"

    def applies(self, view: HostView) -> bool:  # noqa: ARG002 - the signature is that of all checks
        """Tell whether the plan gives this host anything of the kind; a check that does not apply says nothing."""
        return True

    @abstractmethod
    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter what is right and wrong of one host; may raise :class:`Untold`."""


class RackCheck(HostCheck):
    """A check of all hosts together."""

    abstract: ClassVar[bool] = True

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter nothing: it judges all at once."""

    @abstractmethod
    def judge_all(self, look: HostLook, views: list[HostView]) -> Iterator[Ledger]:
        """Yield a ledger for each host of ``views``, which could be asked and which it applies to."""
