"""What Ubuntu's own installer said in its dry run, event by event, and what we make of it (host-stack.md 1, Reporting)."""

from __future__ import annotations

import json
import random

import pytest

from rackwright.drivers.hosts.progress import Said, judge, read_event

WANTED = {
    "success": ("rebooting", "", "", ""),
    "layout": ("rebooting", "", "", ""),
    "typo": ("rebooting", "", "", ""),
    "ok-noboss": ("failed", "disk", "storage", "Dell BOSS-N1*'}} matched no disk"),
    "earlyfail": ("failed", "early-command", "command 1: false", "returned non-zero exit status 1"),
    "latefail": ("failed", "late-command", "command 1: exit 3", "returned non-zero exit status 3"),
    "nosource": ("failed", "source", "source", "subiquity/Source/load_autoinstall_data failed without a word"),
}
"""Stream -> state, kind, what is to blame, words."""


@pytest.fixture
def stream(shared):
    """Return what reads a captured stream."""

    def read(name: str) -> list[Said]:
        lines = shared("data", "host", "autoinstall", f"webhook-events-{name}.jsonl").read_text().splitlines()
        return [read_event(json.dumps(json.loads(line)["body"]).encode()) for line in lines]

    return read


def told(events) -> tuple[str, str]:
    verdict = judge(events)
    return verdict.state, verdict.kind


def test_every_stream_is_judged(shared):
    """A captured stream is not looked at."""
    assert {
        path.stem.removeprefix("webhook-events-")
        for path in shared("data", "host", "autoinstall").glob("webhook-events-*.jsonl")
    } == set(WANTED)


@pytest.mark.parametrize("name", WANTED)
def test_a_stream(stream, name):
    """An ending is taken for another, or its cause is not named with a way out."""
    verdict = judge(stream(name))
    state, kind, what, words = WANTED[name]
    assert (verdict.state, verdict.kind, verdict.what) == (state, kind, what)
    assert words in verdict.detail
    assert bool(verdict.remedy) == (state == "failed")
    assert verdict.repeated == 0
    assert verdict.lost <= 1


def test_a_misspelt_key_is_told(stream):
    """An installation whose user-data has a key that the installer does not know passes without a word about it."""
    assert judge(stream("typo")).warnings[0] == "Unrecognized top-level key 'late-comands'"


@pytest.mark.parametrize("name", WANTED)
def test_nothing_ends_early(stream, name):
    """The beginning of an installation is taken for its end: for its success before the last event, for a failure before the first that failed."""
    events = stream(name)
    first = next((at for at, event in enumerate(events) if event.failed), len(events) - 1)
    for count in range(1, first + 1):
        assert told(events[:count]) == ("installing", ""), events[count - 1]


@pytest.mark.parametrize("name", WANTED)
def test_order_and_copies_change_nothing(stream, name):
    """A verdict hangs on the order in which events arrive, or on how often."""
    events = stream(name)
    draw = random.Random(7)
    wanted = judge(events)
    for _ in range(20):
        mixed = events + draw.choices(events, k=30)
        draw.shuffle(mixed)
        found = judge(mixed)
        assert (found.state, found.kind, found.what, found.detail) == (
            wanted.state,
            wanted.kind,
            wanted.what,
            wanted.detail,
        )
        assert (found.heard, found.repeated) == (wanted.heard, 30)


@pytest.mark.parametrize("name", [name for name in WANTED if WANTED[name][0] == "failed"])
def test_a_failure_shows_through_gaps(stream, name):
    """One lost event hides that an installer gave up: it would be waited for until the deadline."""
    events = stream(name)
    draw = random.Random(7)
    failures = [at for at, event in enumerate(events) if event.failed]
    for at in failures:
        assert judge(events[:at] + events[at + 1 :]).state == "failed"
    for _ in range(50):
        kept = [event for event in events if draw.random() < 0.7 or event.name == "subiquity/Error/run"]
        verdict = judge(kept)
        assert verdict.state == "failed"
        assert verdict.remedy


def test_a_success_needs_its_last_word(stream):
    """An installation whose last event is lost is taken for done: only the machine itself could tell then."""
    events = stream("success")
    assert judge(events[:-1]).state == "installing"
    draw = random.Random(7)
    for _ in range(50):
        assert told([*(event for event in events[:-1] if draw.random() < 0.5), events[-1]]) == ("rebooting", "")
