"""Many questions at once over SSH: few lines, every answer with its question, every loss told."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from rackwright.drivers.nvue.lines import LONGEST
from rackwright.errors import DeviceRefused, DriverError, LostMidCommand, Unreachable
from tests.lone_switch import DROP
from tests.unit.drivers.test_ssh import session, switch  # noqa: F401 - a fixture

MANY = [f"interface swp{number} link phy-detail" for number in range(1, 41)]


def answering(one):
    """Answer a line as a shell would: each command by ``one``, then its mark and status."""

    def line(text):
        out = ""
        for command, mark in re.findall(r'(nv show .*?) 2>&1; echo "(\w+) \$\?"', text):
            said, status = one(command)
            out += f"{said}{mark} {status}\n"
        return out

    return line


@pytest.fixture
def said(switch):  # noqa: F811 - the fixture of that name
    """Have the switch answer lines by a function, and return what it was sent."""

    def by(one):
        switch.answers["nv show"] = answering(one)
        return switch.seen

    return by


def test_forty_questions_are_four_lines(switch, said, tmp_path):  # noqa: F811 - a fixture
    """What would be forty round trips is the four channels that run at a time; each answer finds its question."""
    seen = said(lambda command: (f'{{"of": "{command}"}}\n', 0))
    with session(switch, tmp_path) as nvue:
        found = nvue.shows(MANY)
    assert list(found) == MANY
    assert all(value == {"of": f"nv show {path} -o json"} for path, value in found.items())
    assert len([line for line in seen if line.startswith("nv show")]) == 4


def test_no_line_is_longer_than_its_limit_allows(switch, said, tmp_path):  # noqa: F811 - a fixture
    """A switch works a second on each command: a line of a hundred would be taken for a switch that hangs."""
    seen = said(lambda _command: ("{}\n", 0))
    with session(switch, tmp_path) as nvue:
        nvue.shows([f"interface swp{number}" for number in range(150)])
    assert max(line.count("nv show") for line in seen) <= LONGEST


def test_a_refusal_is_told_of_its_question_alone(switch, said, tmp_path):  # noqa: F811 - a fixture
    """One path that is not there costs one answer, in the switch's words."""
    said(lambda command: ("Error: no such item\n", 1) if "swp7 " in command else ("{}\n", 0))
    with session(switch, tmp_path) as nvue:
        found = nvue.shows(MANY)
    refused = [path for path, value in found.items() if isinstance(value, DeviceRefused)]
    assert refused == ["interface swp7 link phy-detail"]
    assert "no such item" in str(found[refused[0]])


def test_a_line_that_broke_off_is_a_loss_and_no_answer(switch, tmp_path):  # noqa: F811 - a fixture
    """When the connection breaks nothing is raised and nothing made up: every question has its loss."""
    switch.answers["nv show"] = DROP
    with session(switch, tmp_path) as nvue:
        found = nvue.shows(MANY)
    assert len(found) == len(MANY)
    assert all(isinstance(value, LostMidCommand | Unreachable) for value in found.values())
    assert any(isinstance(value, LostMidCommand) for value in found.values())


def test_a_connection_that_is_gone_before_a_line_is_sent_is_a_loss_too(switch, tmp_path, monkeypatch):  # noqa: F811 - a fixture
    """The first line broke the connection before the second was sent: nothing is raised, and both have their loss."""
    switch.answers["nv show"] = DROP
    with session(switch, tmp_path) as nvue:
        send = nvue.session.start

        def one_after_the_other(text):
            wait = send(text)
            with suppress(DriverError):
                wait()
            return wait

        monkeypatch.setattr(nvue.session, "start", one_after_the_other)
        found = nvue.shows(MANY)
    assert all(isinstance(value, LostMidCommand | Unreachable) for value in found.values())
    assert {type(value) for value in found.values()} == {LostMidCommand, Unreachable}


def test_what_ends_early_leaves_the_rest_unanswered(switch, tmp_path):  # noqa: F811 - a fixture
    """A command without its mark was not heard to its end, whatever it printed."""
    whole = answering(lambda _command: ("{}\n", 0))
    switch.answers["nv show"] = lambda text: whole(text.partition("; nv show")[0])
    with session(switch, tmp_path) as nvue:
        found = nvue.shows(MANY)
    assert [value for value in found.values() if value == {}] == [{}] * 4
    assert sum(isinstance(value, LostMidCommand) for value in found.values()) == 36


def test_nvued_that_boots_is_asked_again(switch, said, tmp_path):  # noqa: F811 - a fixture
    """Only what was not heard is sent a second time."""
    asked = []

    def one(command):
        asked.append(command)
        first = asked.count(command) == 1 and "swp3 " in command
        return ("Error: Could not connect to nvued\n", 1) if first else ("{}\n", 0)

    said(one)
    with session(switch, tmp_path) as nvue:
        found = nvue.shows(MANY[:5])
    assert all(value == {} for value in found.values())
    assert len(asked) == 6
