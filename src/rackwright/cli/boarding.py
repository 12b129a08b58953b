"""What a run looks like while it goes: a screen on a terminal, plain lines elsewhere, events with ``--json``."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rackwright.cli.streams import emit
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from rackwright.report.estimates import Estimate
    from rackwright.report.places import RackPlace
    from rackwright.runs import Event, Graph

__all__ = ["Watch", "watching"]

_SUMMARY_S: Final = 30.0
"""Seconds between two lines that say how far a run is, in a log."""
_ESTIMATE_S: Final = 1.0
_REFRESH_HZ: Final = 4
_MANY: Final = 2000
"""With more tasks than this the screen is drawn once a second: drawing it must not take from the work."""


class Watch:
    """Shows what a run tells; call it with each event, use it in a ``with``, so that the terminal is given back."""

    def __init__(
        self,
        talk: Talk,
        graph: Graph,
        racks: Iterable[RackPlace],
        run: str,
        site: str,
        earlier: Mapping[str, float],
        also: Callable[[Event], None] | None = None,
    ) -> None:
        """Show nothing yet; ``also`` gets every event as well."""
        from rackwright.report import estimates
        from rackwright.report.board import Board

        self.talk = talk
        self.board = Board(graph, racks, run=run, site=site)
        self._also = also
        self._estimator = estimates.Estimator(graph, earlier)
        self._estimate = estimates.Estimate(0.0)
        self._estimated = 0.0
        self._summed = time.monotonic()
        self._guard = threading.Lock()
        self._open = ExitStack()
        self._screen = False
        self._width = 0

    def __call__(self, event: Event) -> None:
        """Take one event and show it."""
        from rackwright.report import json_line

        with self._guard:
            self.board.hear(event)
        if self._also is not None:
            self._also(event)
        if self.talk.as_json:
            emit([json_line(event)])
        elif not self._screen:
            self._say(event)

    def past(self, events: Iterable[Event]) -> None:
        """Take what was told before this process watched; it is shown as it stands and not said again."""
        with self._guard:
            for event in events:
                self.board.hear(event)

    def __enter__(self) -> Self:
        """Take the terminal, if there is one and nothing else is asked for."""
        if not (self.talk.quiet or self.talk.as_json or self.talk.verbose) and sys.stderr and sys.stderr.isatty():
            self._begin_screen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state on the terminal and give it back."""
        self._screen = False
        self._open.close()

    def keep(self, end: Callable[[], None]) -> None:
        """Call ``end`` when there is nothing more to show."""
        self._open.callback(end)

    def _begin_screen(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        if console.is_dumb_terminal:
            return
        draw = lambda: self._drawn(console)  # noqa: E731 - Rich asks for a function
        rate = _REFRESH_HZ if len(self.board.tasks) <= _MANY else 1
        live = Live(console=console, get_renderable=draw, refresh_per_second=rate, vertical_overflow="crop")
        self._open.enter_context(live)
        self._screen = True

    def _drawn(self, console: Console) -> Text:
        from rich.control import Control
        from rich.text import Text

        from rackwright.report.screens import screen

        if console.width < self._width:
            # The terminal has broken our lines by itself, into more than Rich goes back over.
            console.control(Control.clear(), Control.home())
        self._width = console.width
        now = time.time()
        with self._guard:
            estimate = self._estimated_at(now)
            lines = screen(self.board, estimate, width=console.width, height=console.height - 1, now=now)
        text = Text(no_wrap=True, overflow="crop")
        for line in lines:
            for part, colour in line:
                text.append(part, style=colour or None)
            text.append("\n")
        text.rstrip()
        return text

    def _estimated_at(self, now: float) -> Estimate:
        """Return the estimate; it is worked out anew once a second."""
        if now - self._estimated >= _ESTIMATE_S:
            self._estimate, self._estimated = self._estimator.estimate(self.board, now), now
        return self._estimate

    def _say(self, event: Event) -> None:
        from rackwright.report.happenings import detail, sentence
        from rackwright.report.screens import progress, remaining

        said, more = sentence(self.board, event), detail(event)
        if said:
            self.talk.say(said)
        elif more:
            self.talk.detail(more)
        now = time.monotonic()
        if now - self._summed >= _SUMMARY_S:
            self._summed = now
            self.talk.say(f"{progress(self.board)}; {remaining(self._estimated_at(time.time()))}")


def watching(
    talk: Talk, graph: Graph, *, racks: Iterable[RackPlace] = (), run: str = "", site: str = "",
    earlier: Mapping[str, float] | None = None, webhook: str = "",
) -> Watch:  # fmt: skip
    """Return what shows the events of a run, to be used in a ``with`` and given as ``on_event``.

    ::

        with watching(talk, graph, racks=places(plan, devices), webhook=webhook) as heard:
            report = engine.run("bringup", order, on_event=heard)

    ``racks`` (:func:`rackwright.report.places.places`) put the devices where they stand. ``earlier``
    (:func:`rackwright.serve.following.stage_times`) says how long stages took before. ``webhook``: a URL to which
    events are posted as well, beside the run. With ``--json`` each event is a line of JSON on stdout;
    the verb's answer is the last one, if it is ``streamed``.
    """
    if not webhook:
        return Watch(talk, graph, racks, run, site, earlier or {})
    from rackwright.serve.webhook import Webhook

    posts = Webhook(webhook, talk.error)
    watch = Watch(talk, graph, racks, run, site, earlier or {}, posts.post)
    watch.keep(posts.close)
    return watch
