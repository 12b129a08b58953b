"""The bench of switches: which requests waited one for another, and what the way alone takes."""

from __future__ import annotations

import pytest

from bench.requests import LOGIN, UPLOAD, Wave, ideal_audit, ideal_push, sessions


def line(at: float, operation: str = "show", device: str = "be001"):
    return {"at": at, "device": device, "operation": operation}


def test_what_came_at_the_same_time_counts_once():
    """Three questions on parallel channels are one round trip; the next, a round trip later, is another."""
    lines = [line(0, "connect"), line(12), line(12.1), line(12.4), line(18.5)]
    assert sessions(lines, 6.0) == {"be001": [LOGIN + 2]}


def test_each_login_begins_a_session():
    """Requests of two logins are counted apart, so that reading is told from pushing."""
    lines = [line(0, "connect"), line(12), line(30, "connect"), line(42), line(48)]
    assert sessions(lines, 6.0) == {"be001": [LOGIN + 1, LOGIN + 2]}


def test_an_upload_is_more_than_its_line():
    """SFTP takes a channel, a subsystem and a version before the file."""
    assert sessions([line(0, "connect"), line(12, "sftp")], 6.0) == {"be001": [LOGIN + UPLOAD]}


def test_switches_are_counted_apart():
    """What another switch is asked in between makes no request of ours later."""
    lines = [line(0, "connect"), line(1, "connect", "be002"), line(12), line(13, device="be002"), line(18)]
    assert sessions(lines, 6.0) == {"be001": [LOGIN + 2], "be002": [LOGIN + 1]}


def test_workers_share_what_is_to_be_asked():
    """Eight switches of ten requests by four workers take twenty round trips; never less than the longest switch."""
    assert ideal_audit({f"be{at}": 10 for at in range(8)}, 4, 0.1) == pytest.approx(2.0)
    assert ideal_audit({"be1": 10, "be2": 50}, 4, 0.1) == pytest.approx(5.0)


def test_waves_wait_and_canaries_go_ahead():
    """A push reads all, and then takes each wave's canary before the rest of it."""
    read, pushed = dict.fromkeys("abcde", 8), dict.fromkeys("abcde", 50)
    waves = [Wave(("a", "b", "c"), "a"), Wave(("d", "e"))]
    trips = 8 * 5 / 2 + 50 + 50 + 50
    assert ideal_push(read, pushed, waves, 2, 0.1) == pytest.approx(trips * 0.1)
