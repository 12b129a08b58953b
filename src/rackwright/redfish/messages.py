"""What a BMC's messages mean for who waits for it, and what to do, in our words.

A message id is known by its last dotted token: the prefix carries the version of its registry and differs between firmware
releases (redfish.md 5). Rows: redfish.md 5 and Dell's own table of messages, iDRAC 6.10.80 and 7.10.30.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

__all__ = ["AGAIN", "FAILED", "GOOD", "MEANINGS", "Kind", "Meaning", "Message", "extended", "last_token", "meaning"]

Kind = Literal[
    "busy", "not-ready", "session-limit", "auth", "job-open", "job-stuck", "lockdown", "already-compliant", "nothing-pending", "wrong-model",
    "signature", "downgrade", "licence", "share", "certificate", "space", "prerequisite", "mixing", "duplicate", "queue-full", "package",
    "needs-reboot", "needs-power-cycle", "needs-ac-cycle", "read-only", "dependency", "unknown-attribute", "value", "precondition",
    "media", "missing", "done", "scheduled", "errors", "timed-out", "bmc-restart", "internal", "unknown",
]  # fmt: skip
"""What a message says; ``unknown`` for the many that change nothing for us."""


class Meaning(msgspec.Struct, frozen=True):
    """A kind, and what to do about it."""

    kind: Kind
    remedy: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of an error envelope."""

    id: str
    """Last dotted token, ``SYS011``; empty when there is none."""
    text: str
    args: tuple[str, ...] = ()
    severity: str = ""
    resolution: str = ""
    """In the BMC's words."""
    properties: tuple[str, ...] = ()
    """What it is about, as JSON pointers."""

    @property
    def meaning(self) -> Meaning:
        """Return what it means."""
        return meaning(self.id)


_WAIT = Meaning("busy", "it is busy: wait a little and ask again")
_NOT_READY = Meaning("not-ready", "it is still starting: wait some minutes")
_JOB = Meaning("job-open", "a configuration job is open: let it end, or delete it while it is only scheduled")
_LOCK = Meaning("lockdown", "System Lockdown is on: lift it on purpose, and set it again afterwards")
_MODEL = Meaning("wrong-model", "the image is for another model or component: look at the row of the image catalogue")
_SIGNED = Meaning("signature", "the image is damaged or not the vendor's: fetch it again and compare its sha256")
_OLD = Meaning(
    "downgrade", "the image is older than what runs and the machine does not go back: take it out of the release"
)
_LICENCE = Meaning("licence", "a licence is missing on the BMC: install it first")
_SHARE = Meaning("share", "the BMC cannot fetch the file: look at URL, login and the way from the BMC to the server")
_QUEUE = Meaning("queue-full", "the job queue is full: delete jobs that have ended")
_NEEDS = Meaning("prerequisite", "another component has to be updated first: put it before in the order of the model")
_MIXED = Meaning("mixing", "this kind of update goes alone: give it a step of its own")
_TWICE = Meaning("duplicate", "such an update is queued already: follow that job and send nothing")
_READ_ONLY = Meaning("read-only", "the attribute is read-only: take it out of the profile, or set what makes it so")
_DEPENDS = Meaning("dependency", "the attribute hangs on another one: look at the dependencies of its registry")
_STRANGE = Meaning("unknown-attribute", "the machine has no such attribute: compare the profile with its registry")
_VALUE = Meaning("value", "the value is not legal here: look at the registry of the machine")
_UPDATING = Meaning("busy", "the BMC updates itself: wait until it is back")
_REBOOT = Meaning("needs-reboot", "it comes into force at the next reboot of the host")
_DONE = Meaning("done")
_WAITING = Meaning("scheduled")
_ERRORS = Meaning("errors", "it ended with errors: look at its message and the lifecycle log")
_EMPTY = Meaning("nothing-pending", "nothing is staged")
_PACKAGE = Meaning("package", "the BMC takes one component at a time, as a Windows update package")

_ROWS: tuple[tuple[Meaning, str], ...] = (
    (_WAIT, "SYS518 ServiceTemporarilyUnavailable ServiceInUnknownState ServiceShuttingDown RED113 BIOS009"),
    (_NOT_READY, "SWC0700 RAC0768 LC060 ServiceDisabled"),
    (Meaning("session-limit", "all sessions of the BMC are in use: end old ones, or wait until they expire"), "RAC0218 SessionLimitExceeded"),
    (
        Meaning("auth", "the BMC takes no such login: look at the secret of its access"),
        "NoValidSession InsufficientPrivilege AccessDenied ResourceAtUriUnauthorized SYS468",
    ),
    (_JOB, "SYS011 BIOS006 BIOS007 BIOS011 RAC0679 RAC0773 LC068"),
    (
        Meaning("job-stuck", "the BMC could not start the job and will not: delete it, let the inventory be collected at a restart, begin again"),
        "PR30",
    ),
    (_LOCK, "SYS406 RAC095 BIOS031 LC087 JCP041 RAC1201"),
    (Meaning("already-compliant"), "SUP029"),
    (_EMPTY, "BIOS008 BIOS012 RAC1035"),
    (_MODEL, "RED097 RED098 SUP0527"),
    (_SIGNED, "RED007 SUP0525 SUP0519"),
    (_OLD, "RED103 SWU8559 SWU8561"),
    (_LICENCE, "RED101 RED144"),
    (_SHARE, "RED006 RED016 RED132 RAC0720"),
    (Meaning("certificate", "the BMC does not trust the server's certificate: give it the authority, or serve over HTTP"), "RED136"),
    (Meaning("space", "no room on the BMC: delete images that it keeps"), "SUP0540"),
    (_NEEDS, "RED145 RED147"),
    (_MIXED, "RED149 RED152"),
    (_TWICE, "RED014 SUP031"),
    (_QUEUE, "JCP014 JCP017"),
    (_PACKAGE, "SYS434 SYS442"),
    (_UPDATING, "JCP030 JCP048"),
    (_REBOOT, "SUP0200 RED029 PR35"),
    (Meaning("needs-power-cycle", "power the server off and on for it to come into force"), "SUP0544"),
    (Meaning("needs-ac-cycle", "take all power from the server, as by its cords, for it to come into force"), "SUP0545"),
    (_READ_ONLY, "SYS427 BIOS015 BIOS016 BIOS024 PropertyNotWritable"),
    (_DEPENDS, "SYS410 SYS443 SYS444"),
    (_STRANGE, "SYS429 BIOS013 PropertyUnknown"),
    (_VALUE, "SYS424 SYS425 SYS426 BIOS014 PropertyValueNotInList PropertyValueTypeError PropertyValueFormatError PropertyValueOutOfRange"),
    (Meaning("precondition", "the resource has changed meanwhile: read it again"), "SYS404 PreconditionFailed"),
    (Meaning("media", "the image cannot be mounted: look at its URL, eject what is in, and insert it once more"), "RAC0904"),
    (Meaning("missing", "the BMC has no such resource any more: look it up again"), "ResourceMissingAtURI ResourceNotFound ResourceMissing"),
    (_DONE, "PR19 JCP007 RED001 JCP037 SYS043 Success TaskCompletedOK"),
    (_WAITING, "JCP001"),
    (_ERRORS, "PR31 TaskCompletedWarning TaskAborted"),
    (Meaning("timed-out", "the job ran out of time: look at the version and the queue before anything is sent again"), "JCP052"),
    (Meaning("bmc-restart", "the BMC did not come back as it should from its own update: look at its version"), "RED108"),
    (Meaning("internal", "the BMC failed in itself: wait, ask again, and restart the BMC if it stays so"), "SYS446 InternalError BIOS023"),
)  # fmt: skip

MEANINGS: dict[str, Meaning] = {one: row for row, ids in _ROWS for one in ids.split()}
"""Last token of a message id -> what it means."""

AGAIN: frozenset[Kind] = frozenset({"busy", "not-ready", "session-limit"})
"""It is worth to ask the same later; for what changes something, only after the job list was read."""
GOOD: frozenset[Kind] = frozenset(
    {"done", "already-compliant", "needs-reboot", "needs-power-cycle", "needs-ac-cycle", "nothing-pending"}
)
"""Nothing went wrong."""
FAILED: frozenset[Kind] = frozenset(
    {"wrong-model", "signature", "downgrade", "licence", "share", "certificate", "space", "prerequisite", "mixing", "package", "errors", "timed-out", "job-stuck"}
)  # fmt: skip
"""What was asked will not come about by waiting."""

_UNKNOWN = Meaning("unknown")


def last_token(message_id: str) -> str:
    """Return the last dotted token: ``IDRAC.2.9.SYS011`` -> ``SYS011``."""
    return message_id.strip().rpartition(".")[2]


def meaning(message_id: str) -> Meaning:
    """Return what a message id means, with or without its prefix; ``unknown`` when it is not in the table."""
    return MEANINGS.get(last_token(message_id), _UNKNOWN)


def extended(body: Any) -> tuple[Message, ...]:
    """Read the messages of an error envelope, or of a success or of properties that carry some, in the BMC's order.

    Anything else gives none; a bare ``error.message`` gives one without an id.
    """
    outer: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    error = outer.get("error")
    found = [one for holder in (error, outer) if isinstance(holder, Mapping) for one in _infos(holder)]
    if not found and isinstance(error, Mapping) and (said := _word(error.get("message"))):
        return (Message(id=last_token(_word(error.get("code"))), text=said),)
    return tuple(found)


def _infos(holder: Mapping[str, Any]) -> list[Message]:
    """Return the messages of an object: under its own annotation and under those of its properties."""
    found: list[Message] = []
    for key, raw in holder.items():
        if key.endswith("@Message.ExtendedInfo"):
            found += [_message(one) for one in (raw if isinstance(raw, list) else [raw]) if isinstance(one, Mapping)]
    return found


def _message(raw: Mapping[str, Any]) -> Message:
    return Message(
        id=last_token(_word(raw.get("MessageId"))),
        text=_word(raw.get("Message")),
        args=_words(raw.get("MessageArgs")),
        severity=_word(raw.get("MessageSeverity")) or _word(raw.get("Severity")),
        resolution=_word(raw.get("Resolution")),
        properties=_words(raw.get("RelatedProperties")),
    )


def _word(raw: Any) -> str:
    return raw.strip() if isinstance(raw, str) else ""


def _words(raw: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in raw) if isinstance(raw, list) else ()
