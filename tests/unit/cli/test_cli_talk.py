"""Talk on stderr: progress only for what takes long, silence where it is asked for."""

import pytest

from rackwright.cli import talk as module
from rackwright.cli.talk import Talk


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def test_what_is_quick_shows_no_progress(clock, capsys):
    """Nothing is said before two seconds have gone by."""
    heard = Talk(started=0).counter("rendered", 100)
    for _ in range(100):
        clock.now += 0.019
        heard("x")
    assert capsys.readouterr().err == ""


def test_what_is_slow_is_told_now_and_then_and_at_its_end(clock, capsys):
    """In a log there is a line each five seconds, and one that says all are done."""
    heard = Talk(started=0).counter("rendered", 12)
    for _ in range(12):
        clock.now += 1
        heard("x")
    assert capsys.readouterr().err.splitlines() == ["rendered 5 of 12", "rendered 10 of 12", "rendered 12 of 12"]


def test_quiet_is_quiet_but_for_errors(clock, capsys):
    """--quiet takes sentences, details and progress away, never errors."""
    talk = Talk(quiet=True, verbose=True, started=0)
    heard = talk.counter("rendered", 1)
    clock.now += 10
    heard("x")
    talk.say("a sentence")
    talk.detail("a detail")
    talk.error("what is wrong")
    assert capsys.readouterr() == ("", "what is wrong\n")


def test_details_are_for_the_curious(capsys):
    """Only --verbose shows details."""
    Talk(started=0).detail("hidden")
    Talk(verbose=True, started=0).detail("shown")
    assert capsys.readouterr().err == "shown\n"
