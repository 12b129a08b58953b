"""Messages of a BMC: what each means for who waits, whatever its registry's version."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.redfish.messages import AGAIN, FAILED, GOOD, MEANINGS, extended, last_token, meaning


def envelope(*infos: dict[str, Any], code: str = "Base.1.12.GeneralError") -> dict[str, Any]:
    """Return an error as a BMC wraps it."""
    return {"error": {"code": code, "message": "A general error.", "@Message.ExtendedInfo": list(infos)}}


@pytest.mark.parametrize(
    ("message_id", "kind"),
    [
        ("IDRAC.2.9.SYS518", "busy"),
        ("Base.1.12.ServiceTemporarilyUnavailable", "busy"),
        ("IDRAC.2.8.SWC0700", "not-ready"),
        ("RAC0218", "session-limit"),
        ("IDRAC.2.9.SYS011", "job-open"),
        ("LC068", "job-open"),
        ("PR30", "job-stuck"),
        ("IDRAC.2.8.SYS406", "lockdown"),
        ("SUP029", "already-compliant"),
        ("RED098", "wrong-model"),
        ("SUP0525", "signature"),
        ("SWU8559", "downgrade"),
        ("RED132", "share"),
        ("SUP0540", "space"),
        ("RED147", "prerequisite"),
        ("RED149", "mixing"),
        ("RED014", "duplicate"),
        ("JCP017", "queue-full"),
        ("SUP0544", "needs-power-cycle"),
        ("SUP0545", "needs-ac-cycle"),
        ("SYS410", "dependency"),
        ("JCP052", "timed-out"),
        ("PR19", "done"),
        ("XYZ123", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_message_means_the_same_under_every_registry_version(message_id: str, kind: str) -> None:
    """A message is not understood, or only with one firmware's prefix."""
    assert meaning(message_id).kind == kind


def test_what_went_wrong_has_a_remedy_in_our_words() -> None:
    """An operator would read what is wrong and not what to do."""
    quiet = GOOD | {"scheduled", "unknown"}
    assert not [one for one, row in MEANINGS.items() if row.kind not in quiet and not row.remedy]
    assert not AGAIN & FAILED
    assert not GOOD & FAILED


def test_all_messages_of_an_error_are_read() -> None:
    """A part of the BMC's reason was lost."""
    first = {
        "MessageId": "IDRAC.2.9.SYS427",
        "Message": "It is read only.",
        "MessageArgs": ["ProcCStates"],
        "RelatedProperties": ["#/Attributes/ProcCStates"],
        "Severity": "Warning",
        "Resolution": "Remove it.",
    }
    found = extended(
        envelope(first, {"MessageId": "Base.1.12.GeneralError", "Message": "General.", "MessageSeverity": "Critical"})
    )
    assert [one.id for one in found] == ["SYS427", "GeneralError"]
    assert found[0].args == ("ProcCStates",)
    assert found[0].properties == ("#/Attributes/ProcCStates",)
    assert found[0].resolution == "Remove it."
    assert found[0].meaning.kind == "read-only"
    assert found[1].severity == "Critical"


def test_messages_are_found_where_they_are() -> None:
    """Messages of a success, of a property or of a bare error were overlooked."""
    assert extended({"@Message.ExtendedInfo": [{"MessageId": "Base.1.5.Success"}]})[0].id == "Success"
    assert (
        extended({"Attributes@Message.ExtendedInfo": [{"MessageId": "Base.1.5.PropertyUnknown"}]})[0].id
        == "PropertyUnknown"
    )
    assert (
        extended({"error": {"@Message.ExtendedInfo": {"MessageId": "SUP029"}}})[0].meaning.kind == "already-compliant"
    )
    assert extended({"error": {"code": "Base.1.0.InternalError", "message": "Broken."}})[0].text == "Broken."
    assert extended(["no", "object"]) == extended(None) == extended({"error": "no"}) == ()


@given(st.recursive(st.none() | st.text(max_size=4) | st.integers(), lambda x: st.lists(x, max_size=2) | st.dictionaries(
    st.sampled_from(["error", "code", "message", "@Message.ExtendedInfo", "MessageId", "MessageArgs"]), x), max_leaves=10))  # fmt: skip
def test_any_body_is_read(body: Any) -> None:
    """A broken error body made the reading of the error fail."""
    for one in extended(body):
        assert one.id == last_token(one.id)
