"""What the changesets of switches, BMCs and hosts have in common: each is a file that is read, kept and pushed later.

It holds digests of the intent and of what was found, so that a push of a stale one is refused, and no secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from rackwright.errors import DocumentError, StalePlan

__all__ = ["Kept", "Unread", "read", "refuse_other_intent", "refuse_other_site", "refuse_unseen"]


class Unread(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device that could not be read, and why."""

    device: str
    cause: str
    remedy: str = ""
    passing: bool = False
    """What is in the way may go by."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What every changeset says."""

    schema: Literal[1] = 1
    """Version of the file's shape."""
    site: str
    intent: str
    """Digest of the intent that the plan was made from."""
    unread: tuple[Unread, ...] = ()

    def encoded(self) -> bytes:
        """Return the file's bytes; equal changesets give equal bytes."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


K = TypeVar("K", bound=Kept)


def read(path: Path, kind: type[K], *, what: str, anew: str) -> K:
    """Read a kept changeset; ``what`` names its kind in a refusal, ``anew`` says how to get another.

    Raises :class:`~rackwright.errors.DocumentError` when the file cannot be read as one of this version.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror}): {anew}") from error
    except msgspec.MsgspecError as error:
        raise DocumentError(f"{path} is no {what} of this version ({error}): {anew}") from error


def refuse_other_site(kept: Kept, now: Kept) -> None:
    """Refuse a changeset of another site with :class:`~rackwright.errors.StalePlan`."""
    if kept.site != now.site:
        raise StalePlan(f"the changeset is of the site {kept.site!r}, this is {now.site!r}: name the other folder")


def refuse_unseen(seen: Iterable[str], now: Iterable[str], *, anew: str) -> None:
    """Refuse devices of which the changeset says nothing with :class:`~rackwright.errors.StalePlan`.

    Of one that could not be read it says nothing; a changeset in which none could be read would otherwise mean all.
    """
    known = frozenset(seen)
    unseen = next((name for name in now if name not in known), "")
    if unseen:
        raise StalePlan(f"the changeset says nothing of {unseen}, which was not read then; {anew}")


def refuse_other_intent(kept: Kept, now: Kept, *, anew: str) -> None:
    """Refuse a changeset that was made from another intent with :class:`~rackwright.errors.StalePlan`."""
    if kept.intent != now.intent:
        raise StalePlan(f"the intent has changed since the changeset was written; {anew}")
