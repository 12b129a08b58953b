"""What `bringup` says of a run that was cut off, before it begins or goes on."""

from __future__ import annotations

import pytest
from click import UsageError

from rackwright.cli.brought import End


class Heard:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.mark.parametrize(("cut_off", "asked", "refused"), [("r1", True, True), ("r1", False, False), ("", True, False)])
def test_what_was_cut_off_goes_on_whole_or_not_at_all(monkeypatch, cut_off, asked, refused):
    """`--resume --only oob` would go on with everything: it is refused; where nothing was cut off it is a new run and may be narrow."""
    monkeypatch.setattr(End, "_cut_off", lambda _: cut_off)
    end = End(Heard(), None)
    if refused:
        with pytest.raises(UsageError, match="run r1 goes on as it was begun: leave --only"):
            end.refuse_narrower(asked=asked)
    else:
        end.refuse_narrower(asked=asked)


def test_a_new_run_tells_of_one_that_could_go_on(monkeypatch):
    """Who begins anew beside a run that was cut off is told of it; without one nothing is said."""
    heard = Heard()
    monkeypatch.setattr(End, "_cut_off", lambda _: "r1")
    End(heard, None).tell_of_cut_off()
    monkeypatch.setattr(End, "_cut_off", lambda _: "")
    End(heard, None).tell_of_cut_off()
    assert heard.lines == ["run r1 was cut off and could go on with --resume; this is a new one"]
