"""What `replace` writes down and forgets, as far as it goes without a switch."""

from __future__ import annotations

import pytest

from rackwright.runs.folder import private
from rackwright.serve.tokens import Tokens

HOST_KEY = "10.10.0.10 ssh-ed25519 AAAA\n"


@pytest.fixture
def known(site):
    """Return a site that knows be01: its host key, and that it was provisioned."""
    state = private(site / ".rackwright")
    (state / "known_hosts").write_text(HOST_KEY)
    (state / "known_hosts").chmod(0o600)
    tokens = Tokens(private(state / "serve"))
    tokens.end("be01", tokens.issue("be01"), "provisioned")
    return site


def held(site):
    """Tell whether be01's host key and its first boot are known."""
    state = site / ".rackwright"
    return (state / "known_hosts").read_text() == HOST_KEY, Tokens(state / "serve").forget("be01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--serial", "A B"), "'A B' is no service tag"),
        (("--serial", "NEW0001", "--mac", "eth9=02:00:00:00:00:aa"), "be01 has no port 'eth9'"),
        (("--serial", ""), "is empty; read it off the new machine's label"),
    ],
)
def test_what_is_not_written_is_not_forgotten(rackwright, known, words, said):
    """A machine that cannot be written down takes nobody's place: nodes.csv, pins and the first boot stay as they were."""
    before = (known / "nodes.csv").read_text()
    refused = rackwright("replace", known, "be01", *words, "--record-only", "--yes")
    assert refused.exit_code in {1, 2}
    assert said in refused.stderr
    assert (known / "nodes.csv").read_text() == before
    assert held(known) == (True, True)


def test_an_address_that_is_told_later_is_written_too(rackwright, known):
    """The machine that is written down already gets the address that was not known then; nothing of it is forgotten."""
    done = rackwright("replace", known, "be01", "--serial", "X78DR64", "--mac", "eth0=02:00:00:00:00:AA", "--record-only", "--yes")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "\nbe01,X78DR64,,,,02:00:00:00:00:aa," in (known / "nodes.csv").read_text()
    assert held(known) == (True, True)
    again = rackwright("replace", known, "be01", "--serial", "x78dr64", "--record-only")
    assert (again.exit_code, "has this machine already" in again.stderr) == (0, True)


def test_another_machine_has_nothing_of_the_former_one(rackwright, known):
    """Without a yes nothing is written; with it the former machine's addresses, host key and first boot go."""
    words = ("replace", known, "be01", "--serial", "NEW0001", "--record-only")
    assert rackwright(*words).exit_code == 3
    assert held(known)[0]
    assert rackwright(*words, "--yes").exit_code == 0
    assert "\nbe01,NEW0001,,,,,," in (known / "nodes.csv").read_text()
    assert not held(known)[0]
