"""One token for one boot: what it opens, how often, how long."""

import pytest

from rackwright.errors import BootRefused
from rackwright.serve.tokens import Tokens


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def tokens(tmp_path, clock):
    return Tokens(tmp_path, clock=clock, life_s=600)


def test_a_token_fetches_once(tokens):
    """A second fetch is refused, and what was begun with the token is over: no report, no other token until somebody says so."""
    token = tokens.issue("be01")
    tokens.fetch("be01", token)
    with pytest.raises(BootRefused, match="second time"):
        tokens.fetch("be01", token)
    for work in (lambda: tokens.end("be01", token, "failed"), lambda: tokens.issue("be01")):
        with pytest.raises(BootRefused, match="used"):
            work()
    assert tokens.forget("be01")
    tokens.fetch("be01", tokens.issue("be01"))


def test_what_is_no_secret_leaves_a_token_good(tokens):
    """What comes ahead may be fetched again, and a boot that is cut off behind it gets another token; with a spent one it is misuse."""
    first = tokens.issue("be01")
    tokens.fetch("be01", first, spend=False)
    tokens.fetch("be01", first, spend=False)
    second = tokens.issue("be01")
    with pytest.raises(BootRefused, match="none of its own"):
        tokens.fetch("be01", first, spend=False)
    tokens.fetch("be01", second)
    with pytest.raises(BootRefused, match="second time"):
        tokens.fetch("be01", second, spend=False)
    with pytest.raises(BootRefused, match="used"):
        tokens.issue("be01")


def test_only_the_newest_token_counts(tokens):
    """A boot that begins again before it has fetched gets a new token, and the former one opens nothing."""
    first = tokens.issue("be01")
    second = tokens.issue("be01")
    assert first != second
    with pytest.raises(BootRefused, match="none of its own"):
        tokens.fetch("be01", first)
    with pytest.raises(BootRefused, match="none of its own"):
        tokens.fetch("be02", second)
    tokens.fetch("be01", second)


def test_a_token_ends_with_its_time(tokens, clock):
    """An expired token opens nothing and reports nothing."""
    token = tokens.issue("be01")
    clock.now += 600
    for work in (tokens.check, tokens.fetch, lambda device, value: tokens.end(device, value, "failed")):
        with pytest.raises(BootRefused, match="expired"):
            work("be01", token)


@pytest.mark.parametrize("word", ["failed", "installing"])
def test_a_boot_that_ended_in_between_begins_again(tokens, word):
    """After a reported failure or an installation the next boot gets a token."""
    token = tokens.issue("be01")
    tokens.fetch("be01", token)
    tokens.end("be01", token, word)
    tokens.fetch("be01", tokens.issue("be01"))


def test_a_silent_boot_keeps_others_out(tokens, clock):
    """Who has fetched and not reported keeps the device's place until the token has expired: another would get the same secrets."""
    tokens.fetch("be01", tokens.issue("be01"))
    with pytest.raises(BootRefused, match="has not reported"):
        tokens.issue("be01")
    clock.now += 600
    tokens.issue("be01")


def test_a_provisioned_switch_gets_no_other(tokens):
    """Once provisioned, a switch gets a token only after somebody let it boot anew; the same report twice is one."""
    token = tokens.issue("be01")
    tokens.fetch("be01", token)
    tokens.end("be01", token, "provisioned")
    tokens.end("be01", token, "provisioned")
    with pytest.raises(BootRefused, match="--again be01"):
        tokens.issue("be01")
    with pytest.raises(BootRefused, match="has ended"):
        tokens.end("be01", token, "failed")


def test_the_file_holds_hashes(tokens, tmp_path):
    """Neither the token nor anything that leads to it lies on the disk, and nobody else may read what lies there; another life reads it."""
    token = tokens.issue("be01")
    path = tmp_path / "tokens.json"
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    Tokens(tmp_path, clock=lambda: 1_800_000_000.0).fetch("be01", token)


def test_a_broken_file_is_told(tokens, tmp_path):
    """A file of tokens that cannot be read is an error with its way out, and no boot goes on."""
    (tmp_path / "tokens.json").write_text("{")
    with pytest.raises(BootRefused, match="remove it"):
        tokens.issue("be01")
