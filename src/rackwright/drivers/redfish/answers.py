"""What a BMC answered, and what that means: fine, busy, or no, in its own words (redfish.md 5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

import msgspec

from rackwright.errors import DeviceRefused

__all__ = ["Answer", "Message", "busy_s", "messages", "refusal", "scrubbed"]

_BUSY_IDS: Final = frozenset(
    {"SYS518", "SWC0700", "RAC0768", "RAC0218", "ServiceTemporarilyUnavailable", "ServiceShuttingDown"}
)
"""Messages that mean: later. SWC0700 comes with status 400; RAC0218 is one session too many (redfish.md 2.1)."""
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses that mean: later. A 500 in HTML is an iDRAC whose service is on its way up (redfish.md 2.1)."""
_SAY_NOTHING: Final = frozenset({"Success", "GeneralError"})
_LONGEST_S: Final = 60
_LARGE: Final = 1 << 16
_ENTRIES: Final = "RegistryEntries"
"""What is most of an attribute registry: BIOSes of one model and version tell the same, which is read and kept once for all."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of ``@Message.ExtendedInfo``."""

    id: str = ""
    """Last token of the message's id: what stands before it changes with every firmware."""
    text: str = ""
    resolution: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer as it came."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """They have no case as they come from the wire."""
    data: bytes = b""

    @property
    def fine(self) -> bool:
        """Tell whether it is a yes."""
        return 200 <= self.status < 300

    @property
    def sound(self) -> bool:
        """Tell whether its body is JSON, or none where there need be none."""
        try:
            return self.value is not None or self.status == 204
        except ValueError:
            return False

    @cached_property
    def value(self) -> Any:
        """The JSON of the body, None for an empty one; raises ``ValueError`` for what is no JSON."""
        if len(self.data) >= _LARGE:
            return _decoded(self.data)
        return msgspec.json.decode(self.data) if self.data.strip() else None

    def header(self, name: str) -> str:
        """Return a header; empty where there is none."""
        return self.headers.get(name) or ""


def _decoded(data: bytes) -> Any:
    """Read a large body; equal entries of registries become one value, which nobody changes."""
    if _ENTRIES.encode() not in data:
        return msgspec.json.decode(data) if data.strip() else None
    try:
        parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return msgspec.json.decode(data)
    return {key: _entries_of(bytes(raw)) if key == _ENTRIES else msgspec.json.decode(raw) for key, raw in parts.items()}


@lru_cache(maxsize=16)
def _entries_of(data: bytes) -> Any:
    return msgspec.json.decode(data)


def messages(answer: Answer) -> tuple[Message, ...]:
    """Return what a BMC says in an answer, its own words before those of the standard; empty where it says nothing."""
    try:
        body = answer.value
    except ValueError:
        return ()
    found = [message for message in _entries(body) if message.id not in _SAY_NOTHING]
    found = found or [message for message in _summary(body) if message.text]
    return tuple(sorted(found, key=lambda message: not message.id[-1:].isdigit()))


def busy_s(answer: Answer) -> float | None:
    """Return for how many seconds the BMC wants to be left alone, 0 where it does not say; None when it is not busy."""
    said = messages(answer) if not answer.fine else ()
    if answer.status not in _BUSY and not any(message.id in _BUSY_IDS for message in said):
        return None
    wishes = [answer.header("Retry-After")]
    wishes += [
        argument for message in said if message.id == "ServiceTemporarilyUnavailable" for argument in message.arguments
    ]
    return next((min(float(wish), _LONGEST_S) for wish in wishes if wish.strip().isdigit()), 0.0)


def refusal(device: str, what: str, answer: Answer, secrets: Collection[str] = ()) -> DeviceRefused:
    """Return the error for a no: the BMC's own words and its remedy, without what we sent in secret."""
    said = messages(answer)
    text = "; ".join(f"{message.id}: {message.text}" if message.id else message.text for message in said[:3])
    remedy = next((message.resolution for message in said if message.resolution), "")
    if not text and answer.status == 404:
        text = "there is no such resource"
    text, remedy = scrubbed(text, secrets), scrubbed(remedy, secrets)
    missing = "ResourceMissing" if answer.status == 404 else ""
    return DeviceRefused(
        f"{device} refuses {what}: {answer.status} {text}".rstrip() + (f" Remedy: {remedy}" if remedy else ""),
        device=device,
        remedy=remedy,
        message_id=said[0].id if said and said[0].id else missing,
        status=answer.status,
    )


def scrubbed(text: str, secrets: Collection[str]) -> str:
    """Return a text without secrets: a BMC may quote the value that it does not like."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def _entries(body: Any) -> Iterator[Message]:
    if not isinstance(body, Mapping):
        return
    error = body.get("error")
    entries = error.get("@Message.ExtendedInfo") if isinstance(error, Mapping) else body.get("@Message.ExtendedInfo")
    # OpenBMC and HPE have been seen with one object where the standard has a list.
    for entry in [entries] if isinstance(entries, Mapping) else entries or ():
        if isinstance(entry, Mapping):
            arguments = entry.get("MessageArgs")
            yield Message(
                id=str(entry.get("MessageId") or "").rpartition(".")[2],
                text=str(entry.get("Message") or "").strip(),
                resolution=str(entry.get("Resolution") or "").strip(),
                arguments=tuple(str(one) for one in arguments) if isinstance(arguments, list) else (),
            )


def _summary(body: Any) -> Iterator[Message]:
    """Yield what stands above the entries: where none of them says anything it is all there is."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        code = str(error.get("code") or "").rpartition(".")[2]
        yield Message(id="" if code in _SAY_NOTHING else code, text=str(error.get("message") or "").strip())
