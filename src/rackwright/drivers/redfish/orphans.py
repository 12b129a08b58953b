"""Sessions of ours that nobody holds: the BMC made one, and the connection broke before it could tell us which (redfish.md 5, row 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from rackwright.errors import DeviceRefused

__all__ = ["orphans"]

_SLACK = timedelta(seconds=30)


def orphans(get: Callable[[str], Any], collection: str, own: str, within_s: float) -> Iterator[str]:
    """Yield the sessions that our own lost logins have left: same user and same origin as our session, begun just before it.

    Whatever lacks one of these marks is left to its owner, and to the BMC's own timeout. ``within_s``: since the first try.
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
        if same and its is not None and timedelta() <= begun - its <= timedelta(seconds=within_s) + _SLACK:
            yield uri


def _begun(session: Mapping[str, Any]) -> datetime | None:
    """Return when a session was made by the BMC's own clock, right or wrong: only differences count."""
    try:
        return datetime.fromisoformat(str(session.get("CreatedTime")))
    except ValueError:
        return None
