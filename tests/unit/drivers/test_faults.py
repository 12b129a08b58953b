"""What is told of a login that fails."""

import paramiko
import pytest

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.faults import connecting
from rackwright.drivers.limits import Limits
from rackwright.errors import AuthRefused, NoSession


@pytest.mark.parametrize(
    ("said", "kind", "first"),
    [
        ("Authentication failed.", AuthRefused, "check --identity"),
        ("Authentication failed: transport shut down or saw EOF", NoSession, "check --identity"),
    ],
)
def test_a_login_that_ends_is_looked_for_in_what_was_shown_first(said, kind, first):
    """A device that hangs up after a wrong key is not mended by its power cord."""
    end = Endpoint(device="be01", host="192.0.2.1")
    with pytest.raises(kind) as caught, connecting(end, "the key ops", Limits()):
        raise paramiko.AuthenticationException(said)
    assert caught.value.remedy.startswith(first)
