"""How a machine says no: the HTTP status, Dell's message id and its arguments; the wire half puts it into an envelope."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Away", "Refusal"]


class Refusal(Exception):
    """An operation was refused; nothing has changed.

    ``status`` is the HTTP status, ``message_id`` the last token of Dell's id (``SYS011``) or ``Base.NAME`` for one of DMTF's,
    ``args`` what fills the message, ``related`` the JSON pointers of the properties that it is about.
    """

    def __init__(
        self,
        status: int,
        message_id: str,
        args: Iterable[object] = (),
        related: Iterable[str] = (),
        *,
        retry_after_s: int | None = None,
    ) -> None:
        self.status = status
        self.message_id = message_id
        self.message_args = tuple(str(one) for one in args)
        self.related = tuple(related)
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {message_id} {' '.join(self.message_args)}".rstrip())


class Away(Exception):
    """The BMC does not answer at all: it restarts, has lost power or has died; a connection is to be refused."""
