"""Laws of the board: whatever a run tells, in whatever order, the sums are right and the screen fits."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rackwright.report.board import Board
from rackwright.report.estimates import Estimator
from rackwright.report.happenings import detail, sentence
from rackwright.report.news import Seen, news, whole
from rackwright.report.screens import screen, text_of
from rackwright.runs import Event
from tests.boards import graph_of, now, racks_of, stamp

SERVERS = ["gpu01", "gpu02", "gpu03"]
GRAPH = graph_of(SERVERS, question="cables checked?")
SUBJECTS = [task.name for task in GRAPH.tasks] + SERVERS + ["", "bmc", "nobody", "bmc/nobody"]
TEXTS = [
    "waiting", "begins", "done", "unchanged", "waived", "failed", "skipped", "cancelled", "pause", "go", "resumes",
    "\x1b[2J", "", "anything at all",
]  # fmt: skip
EVENTS = st.builds(
    Event,
    at=st.integers(0, 100_000).map(stamp) | st.just("no time"),
    kind=st.sampled_from(["task", "step", "note", "run", "command", "fault", "device", "wave", "gate", "new"]),
    text=st.sampled_from(TEXTS),
    subject=st.sampled_from(SUBJECTS),
    fields=st.dictionaries(
        st.sampled_from(["cause", "remedy", "waits_for", "findings", "state", "who", "reason", "took_s"]),
        st.none() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=4), max_size=3),
        max_size=3,
    ),
)


@given(st.lists(EVENTS, max_size=60), st.integers(0, 60))
def test_sums_and_news_agree_with_the_whole(events, cut):
    """Counts are those of the tasks one by one; what a page got piece by piece is what it would get at once."""
    board = Board(GRAPH, racks_of(SERVERS))
    for event in events[:cut]:
        board.hear(event)
    estimate = Estimator(GRAPH).estimate(board, now(0))
    page, seen = whole(board, estimate)
    for event in events[cut:]:
        board.hear(event)
    told, _ = news(board, estimate, seen)
    for stage in board.stages:
        marks = Counter(board.mark(task.name) for task in GRAPH.tasks if task.stage == stage)
        assert +board.counts[stage] == marks
    everything, again = whole(board, estimate)
    assert {**page["devices"], **told["devices"]} == everything["devices"]
    assert page["log"] + told["log"] == everything["log"]
    assert news(board, estimate, again)[0]["devices"] == {}
    assert again == Seen(board.heard, board.noted, len(board.findings), board.forgotten)


@given(st.lists(EVENTS, max_size=60), st.integers(10, 140), st.integers(5, 50))
def test_whatever_is_told_fits_the_terminal(events, width, height):
    """No line is wider than the terminal, and none holds what would steer it."""
    board = Board(GRAPH, racks_of(SERVERS))
    said = []
    for event in events:
        board.hear(event)
        said += [sentence(board, event), detail(event)]
    estimate = Estimator(GRAPH).estimate(board, now(0))
    assert estimate.seconds >= 0
    lines = [text_of(line) for line in screen(board, estimate, width=width, height=height, now=now(0))]
    assert all(len(line) <= width for line in lines)
    assert len(lines) <= max(height, 8)
    assert all(line.isprintable() for line in (*lines, *said))
