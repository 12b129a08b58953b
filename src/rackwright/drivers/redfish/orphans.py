"""Sessions of ours that nobody holds: the BMC made one, and the connection broke before it could tell us which (redfish.md 5, row 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rackwright.errors import DeviceRefused

__all__ = ["orphans"]

_SLACK = timedelta(seconds=30)


def orphans(get: Callable[[str], Any], collection: str, own: str, ages: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Yield the sessions that our own lost logins have left: same user and same origin as our session, begun when we tried.

    Whatever lacks one of these marks is left to its owner, and to the BMC's own timeout. ``ages``: how much older than ours they
    are, at least and at most, in s, one for each login.
    """
    mine = get(own)
    begun = _begun(mine)
    listed = get(collection).get("Members") or ()
    for link in listed:
        uri = link.get("@odata.id") if isinstance(link, Mapping) else None
        if not isinstance(uri, str) or uri.rstrip("/") == own.rstrip("/") or begun is None:
            continue
        try:
            other = get(uri)
        except DeviceRefused:
            continue
        its = _begun(other)
        same = all(mine.get(key) and mine.get(key) == other.get(key) for key in ("UserName", "ClientOriginIPAddress"))
        if same and its is not None and _fits(begun - its, ages):
            yield uri


def _fits(older: timedelta, ages: Sequence[tuple[float, float]]) -> bool:
    return older >= timedelta() and any(
        timedelta(seconds=least) - _SLACK <= older <= timedelta(seconds=most) + _SLACK for least, most in ages
    )


def _begun(session: Mapping[str, Any]) -> datetime | None:
    """Return when a session was made by the BMC's own clock, right or wrong: only differences count."""
    try:
        return datetime.fromisoformat(str(session.get("CreatedTime")))
    except ValueError:
        return None
