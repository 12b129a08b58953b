"""Answers and error bodies of an emulated BMC, in the shape that every Redfish service uses (redfish.md 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Answer", "Denied", "Notice", "base", "error", "success"]

BASE_VERSION: Final = "1.18"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of an error or success body."""

    id: str
    """With its registry: ``Base.1.18.PropertyUnknown``, ``IDRAC.2.9.SYS011``."""
    text: str
    args: tuple[str, ...] = ()
    severity: str = "Warning"
    remedy: str = ""
    related: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """Return it as JSON; Dell counts its arrays."""
        return {
            "Message": self.text,
            "MessageArgs": list(self.args),
            "MessageArgs@odata.count": len(self.args),
            "MessageId": self.id,
            "RelatedProperties": list(self.related),
            "RelatedProperties@odata.count": len(self.related),
            "Resolution": self.remedy or "None.",
            "Severity": self.severity,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    encoded: bytes = b""
    """The body as it goes out, where it had to be made before; empty: it is made of the body."""


class Denied(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, *notices: Notice, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(notices[0].id if notices else str(status))
        self.status = status
        self.notices = notices
        self.headers = dict(headers or {})

    def answer(self) -> Answer:
        """Return the answer."""
        return Answer(self.status, error(self.notices), self.headers)


def error(notices: Sequence[Notice]) -> dict[str, Any]:
    """Return an error body."""
    return {
        "error": {
            "@Message.ExtendedInfo": [notice.body() for notice in notices],
            "code": f"Base.{BASE_VERSION}.GeneralError",
            "message": "A general error has occurred. See ExtendedInfo for more information.",
        }
    }


def success(*notices: Notice) -> dict[str, Any]:
    """Return the body of a success that is told in words."""
    return {"@Message.ExtendedInfo": [notice.body() for notice in (*notices, base("Success"))]}


_BASE: Final[dict[str, tuple[str, str, str]]] = {
    "Success": ("The request was carried out.", "OK", ""),
    "AccessDenied": ("Access to {0} was refused.", "Critical", "Log in with an account that may do this."),
    "ActionNotSupported": ("The action {0} is not offered here.", "Critical", "Use an action that the resource lists."),
    "ActionParameterMissing": ("The action {0} needs the parameter {1}.", "Critical", "Give the parameter."),
    "ActionParameterUnknown": ("The action {0} has no parameter {1}.", "Warning", "Leave the parameter out."),
    "ActionParameterValueNotInList": (
        "The value {0} of the parameter {1} of the action {2} is not one of those allowed.", "Warning", "Choose a value of the list."),
    "CouldNotEstablishConnection": ("No connection to {0} could be made.", "Critical", "See that the address can be reached."),
    "HeaderInvalid": ("The header {0} is not understood.", "Critical", "Send a header that the protocol knows."),
    "InsufficientPrivilege": ("The account has not the privilege that this needs.", "Critical", "Use another account."),
    "MalformedJSON": ("The body is not a JSON object.", "Critical", "Send a JSON object."),
    "NoOperation": ("The request asked for nothing that could be done.", "Warning", "Ask for something."),
    "NoValidSession": ("There is no session with this token.", "Critical", "Log in again."),
    "OperationNotAllowed": ("The method is not offered on this resource.", "Critical", "Use one of the Allow header."),
    "PreconditionFailed": ("The resource is no longer as the ETag says.", "Critical", "Read it again."),
    "PropertyMissing": ("The property {0} has to be given.", "Warning", "Give the property."),
    "PropertyNotWritable": ("The property {0} can only be read.", "Warning", "Leave the property out."),
    "PropertyUnknown": ("There is no property {0} here.", "Warning", "Leave the property out."),
    "PropertyValueFormatError": ("The value {0} of the property {1} has a wrong form.", "Warning", "Correct the value."),
    "PropertyValueNotInList": ("The value {0} of the property {1} is not one of those allowed.", "Warning", "Choose a value of the list."),
    "PropertyValueTypeError": ("The value {0} of the property {1} has a wrong type.", "Warning", "Correct the value."),
    "QueryNotSupportedOnResource": ("This query is not understood on this resource.", "Warning", "Leave the query out."),
    "QueryParameterValueFormatError": ("The value {0} of the query {1} has a wrong form.", "Warning", "Correct the query."),
    "QueryParameterUnsupported": ("The query {0} is not understood.", "Warning", "Leave the query out."),
    "ResourceAlreadyExists": ("A {0} with {1} {2} exists.", "Critical", "Change the existing one."),
    "ResourceMissingAtURI": ("There is no resource at {0}.", "Critical", "Give a URI that exists."),
    "ServiceTemporarilyUnavailable": ("The service is not available now. Try again in {0} seconds.", "Critical", "Wait and try again."),
    "SessionLimitExceeded": ("There are as many sessions as there may be.", "Critical", "End a session first."),
    "UnsupportedMediaType": ("The body is of a type that is not taken here.", "Critical", "Send another type."),
    "NotSupportedByTwin": ("Not emulated by this twin: {0}", "Critical", "Try it on a real machine."),
}  # fmt: skip
"""DMTF's messages in our words: (text, severity, remedy)."""


def base(name: str, *args: str, related: tuple[str, ...] = ()) -> Notice:
    """Return a message of DMTF's base registry."""
    text, severity, remedy = _BASE[name]
    return Notice(f"Base.{BASE_VERSION}.{name}", text.format(*args), args, severity, remedy, related)
