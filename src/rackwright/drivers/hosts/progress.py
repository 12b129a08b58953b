"""What an Ubuntu installer says of itself, event by event, and what that comes to.

Pure values: events in, one verdict out, whatever order they came in, how often, and how many are missing. curtin's reporter tries each event once
and forgets it (host-stack.md 1, Reporting); a controller that counted on one of them would wait for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from rackwright.drivers.clock import Clock
from rackwright.drivers.hosts.causes import KINDS, Kind, cause_of

__all__ = ["LONGEST", "ProgressLimits", "Said", "State", "Verdict", "Watch", "judge", "may_end", "read_event"]

State = Literal["waiting", "installing", "rebooting", "failed"]
"""``rebooting``: the installer says that it is done; whether the system is what it should be, SSH tells."""

LONGEST: Final = 1 << 20
"""Bytes of one event that are read."""
_WORDS: Final = 2000
"""Characters of a description that are kept: of a command that failed it holds the whole script, and at its end the status."""
_SENTENCE: Final = 400
_SHORT: Final = 80
_DONE: Final = "subiquity/Shutdown/shutdown"
_REBOOT: Final = "mode=REBOOT"
_AFTERWARDS: Final = "subiquity/Error/"
"""What the installer does after it failed."""
_GAVE_UP: Final = "subiquity/Error/run"
_ROOTS: Final = (
    "subiquity/load_autoinstall_config", "subiquity/apply_autoinstall_config", "subiquity/Early/run", "subiquity/Late/run",
    "subiquity/Install/install", _DONE,
)  # fmt: skip
"""What ends the installation when it fails. Others, a snap store or a geo-IP service out of reach, it gets over."""


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of the installer, as curtin's webhook sends it."""

    name: str
    """Path of the step: ``subiquity/Late/run/command_0``."""
    event_type: str
    """``start``, ``finish``, ``info``, ``warning`` or ``error``."""
    description: str = ""
    result: str = ""
    """Of a ``finish``: ``SUCCESS``, ``WARN`` or ``FAIL``."""
    level: str = ""
    timestamp: float = 0
    """The installer's clock, s since 1970; it may be far off, and jump."""

    @property
    def failed(self) -> bool:
        """Say whether a step ended badly; what the installer runs after a failure does not count."""
        return self.event_type == "finish" and self.result == "FAIL" and not self.name.startswith(_AFTERWARDS)


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the events of one attempt come to."""

    state: State = "waiting"
    kind: Kind = ""
    """Of a failure."""
    what: str = ""
    """Section or command that is to blame."""
    detail: str = ""
    """The installer's own words."""
    remedy: str = ""
    step: str = ""
    """What was begun last, in the installer's words."""
    warnings: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    """Steps that failed and that the installer got over."""
    heard: int = 0
    """Events, each counted once."""
    repeated: int = 0
    lost: int = 0
    """Ends whose beginning was not heard: at the least so many events were lost. The installer reports before it has read
    where to, so that one is missing always."""

    @property
    def ended(self) -> bool:
        """Say whether nothing more is to be waited for."""
        return self.state in ("rebooting", "failed")

    @property
    def sentence(self) -> str:
        """Return it as one sentence, with what to do."""
        if self.state == "failed":
            what = f"{self.what[:_SHORT]} ..." if len(self.what) > _SHORT else self.what
            words = ": ".join(part for part in (self.kind, what, _middle_out(self.detail, _SENTENCE)) if part)
            return f"the installation failed: {words}; {self.remedy}"
        return {
            "waiting": "the installer has said nothing yet",
            "installing": f"the installer is at {self.step or 'work'}",
            "rebooting": "the installer is done and reboots",
        }[self.state]


def read_event(body: bytes) -> Said:
    """Read the JSON of one POST; what it holds beside an event (files, an origin) is left out, control characters too.

    Raises ValueError for what is no event.
    """
    try:
        said = msgspec.json.decode(body[:LONGEST], type=Said)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"no event of an installer: {error}") from None
    return replace(
        said,
        name=_clean(said.name)[:200],
        event_type=_clean(said.event_type)[:20],
        description=_middle_out(_clean(said.description), _WORDS),
        result=_clean(said.result)[:20],
        level=_clean(said.level)[:20],
    )


def judge(events: Iterable[Said]) -> Verdict:
    """Return the verdict on the events of one attempt, in whatever order and however often they came."""
    heard: dict[Said, int] = {}
    for event in events:
        heard[event] = heard.get(event, 0) + 1
    # Sorted for a reader's sake (which was last, which failed first); no verdict hangs on it.
    told = sorted(heard, key=lambda event: event.timestamp)
    failures = [event for event in told if event.failed]
    whole = Verdict(
        state="installing" if told else "waiting",
        heard=len(told),
        repeated=sum(heard.values()) - len(told),
        lost=_lost(told),
        step=_step(told),
        warnings=tuple(event.description for event in told if event.event_type == "warning" and event.description),
    )
    if any(event.name in _ROOTS for event in failures) or any(event.name == _GAVE_UP for event in told):
        return _failed(whole, told, failures)
    over = tuple(f"{event.name}: {event.description}".rstrip(": ") for event in failures)
    return _ended(replace(whole, troubles=over), told)


def may_end(event: Said) -> bool:
    """Say whether an event can end an attempt, so that not every one needs a verdict."""
    return event.failed or event.name in (_DONE, _GAVE_UP)


def _ended(whole: Verdict, told: Sequence[Said]) -> Verdict:
    """Return the verdict on events without a failure that counts."""
    ends = [event for event in told if event.name == _DONE and event.result == "SUCCESS"]
    if any(event.description == _REBOOT for event in ends):
        return replace(whole, state="rebooting")
    if ends:
        found = f"it ended with {ends[-1].description or 'no mode'} where {_REBOOT} was asked for"
        return replace(whole, state="failed", kind="shutdown", detail=found, remedy=KINDS["shutdown"])
    return whole


def _failed(whole: Verdict, told: Sequence[Said], failures: Sequence[Said]) -> Verdict:
    inner = _innermost(failures)
    if inner is None:
        # The failure itself was lost; what was begun last is the nearest that is known.
        begun = [event for event in told if event.event_type == "start" and not event.name.startswith(_AFTERWARDS)]
        inner = begun[-1] if begun else told[-1]
    # curtin's steps share a name: the one that began last is the one that failed.
    starts = [e for e in told if e.name == inner.name and e.event_type == "start" and e.timestamp <= inner.timestamp]
    before = next((e.description for e in reversed(starts) if e.description), "")
    words = inner.description if inner.failed else ""
    cause = cause_of(inner.name, words or next((e.description for e in failures if e.description), ""), before)
    return replace(
        whole,
        state="failed",
        kind=cause.kind,
        what=cause.what,
        detail=cause.detail or f"{inner.name} failed without a word",
        remedy=KINDS[cause.kind],
        troubles=tuple(event.name for event in failures if event is not inner),
    )


def _innermost(failures: Sequence[Said]) -> Said | None:
    """Return the failure that the fatal one comes from: of its chain the deepest, and the one with words before one without."""
    fatal = [event for event in failures if event.name in _ROOTS]
    if not fatal:
        return failures[-1] if failures else None
    first = min(fatal, key=lambda event: (event.timestamp, -event.name.count("/")))
    # A root tells its cause's words again; a section's own step is no child of it by name, so words or time make the chain.
    chain = [
        e
        for e in failures
        if e.timestamp <= first.timestamp and (e.description == first.description or _near(e, first))
    ]
    return max(chain or [first], key=lambda event: event.name.count("/"))


def _near(event: Said, fatal: Said) -> bool:
    return event.name.startswith(f"{fatal.name}/") or (
        not event.description and fatal.name.endswith("_autoinstall_config") and "/load_autoinstall_data" in event.name
    )


def _lost(told: Sequence[Said]) -> int:
    """Count ends without a beginning; a beginning without an end may be at work still."""
    starts = {event.name for event in told if event.event_type == "start"}
    ends = [event for event in told if event.event_type == "finish"]
    return sum(event.name not in starts for event in ends)


def _step(told: Sequence[Said]) -> str:
    begun = [event for event in told if event.event_type == "start" and not event.name.startswith(_AFTERWARDS)]
    named = [event for event in begun if event.description] or begun
    return (named[-1].description or named[-1].name) if named else ""


def _middle_out(text: str, longest: int) -> str:
    """Shorten a text, its end as long as its beginning: the end says how it ended."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} ... {text[-half:]}"


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(char if char.isprintable() else " " for char in text)).strip()


# --- silence ---------------------------------------------------------------------------------------------------------


class ProgressLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long an installation may take, in seconds; assumed, since no source gives figures for these machines."""

    first_s: float = 2700
    """From power on to the first word: ten minutes of POST (redfish.md 5) and an ISO over virtual media."""
    silence_s: float = 1200
    """From one word to the next: unpacking a system says nothing for minutes."""
    deadline_s: float = 7200
    """From power on to the reboot."""


class Watch:
    """One attempt, watched by a clock: an installer that failed never ends by itself, and one that hangs says nothing."""

    def __init__(self, clock: Clock, limits: ProgressLimits | None = None, *, ago_s: float = 0) -> None:
        """Begin to watch now; ``ago_s`` is how long the attempt has been going on."""
        self._clock = clock
        self._limits = limits or ProgressLimits()
        self._began = clock.now() - ago_s
        self._heard = 0
        self._last = clock.now()

    def see(self, verdict: Verdict) -> Verdict:
        """Return the verdict, failed where it took too long; ask again and again, and after each event."""
        now = self._clock.now()
        # Copies count as life: the installer repeats nothing, but a proxy on the way proves it is there.
        heard = verdict.heard + verdict.repeated
        if heard > self._heard:
            self._heard, self._last = heard, now
        if verdict.ended:
            return verdict
        since_s, whole_s, limits = now - self._last, now - self._began, self._limits
        if whole_s >= limits.deadline_s:
            return _late(
                verdict, "overdue", f"not done after {whole_s:.0f} s, at {verdict.step or 'nothing that it said'}"
            )
        if not heard and whole_s >= limits.first_s:
            return _late(verdict, "unheard", f"no word of the installer in {whole_s:.0f} s")
        if heard and since_s >= limits.silence_s:
            return _late(verdict, "silent", f"no word for {since_s:.0f} s, last at {verdict.step}")
        return verdict


def _late(verdict: Verdict, kind: Kind, detail: str) -> Verdict:
    words = f"{detail}; before that: {verdict.troubles[-1]}" if verdict.troubles else detail
    return replace(verdict, state="failed", kind=kind, detail=words, remedy=KINDS[kind])
