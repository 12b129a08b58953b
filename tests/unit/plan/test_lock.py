"""The lock: what stands never moves."""

from __future__ import annotations

from rackwright.plan.lock import NO_ROOM, Lock


def test_a_key_keeps_its_index() -> None:
    """A second run over the kept file gives every key what it had."""
    first = Lock()
    given = {key: first.take("pool", key) for key in ("c", "a", "b")}
    second = Lock(first.file())
    assert {key: second.take("pool", key) for key in ("a", "b", "c")} == given
    assert not second.changed


def test_a_new_key_moves_nothing() -> None:
    """A key that comes first in order takes what is free and moves none."""
    first = Lock()
    assert [first.take("pool", key) for key in ("b", "c")] == [0, 1]
    second = Lock(first.file())
    assert [second.take("pool", key) for key in ("a", "b", "c")] == [2, 0, 1]
    assert second.changed


def test_what_is_gone_stays_until_freed() -> None:
    """A key that nothing asks for keeps its place; freed, it is the first to be given again."""
    first = Lock()
    for key in ("a", "b"):
        first.take("pool", key)
    second = Lock(first.file())
    second.take("pool", "b")
    assert second.unused() == ("pool/a",)
    assert second.take("pool", "c") == 2
    third = second.freed()
    assert third.unused() == ("pool/b", "pool/c")
    assert third.take("pool", "d") == 0


def test_a_run_is_aligned_and_bounded() -> None:
    """A run starts at a multiple of its alignment and ends before the limit."""
    lock = Lock()
    assert lock.take("cages", "x") == 0
    assert lock.take("cages", "y", size=2, align=2, limit=4) == 2
    assert lock.take("cages", "z", size=2, align=2, limit=5) == NO_ROOM
    assert lock.take("cages", "w") == 1


def test_a_run_grows_only_in_place() -> None:
    """A run grows into what follows it, and is refused rather than moved when that is taken."""
    lock = Lock()
    lock.take("cages", "x", size=2)
    assert lock.take("cages", "x", size=4) == 0
    lock.take("cages", "y")
    assert lock.take("cages", "x", size=6) == NO_ROOM
    assert lock.take("cages", "x", size=3) == 0


def test_a_pinned_run_is_left_alone() -> None:
    """Nothing new is laid over a run that the operator pinned."""
    lock = Lock()
    lock.hold("cages", "pin", 0, 3)
    assert lock.take("cages", "x") == 3


def test_a_shape_is_kept() -> None:
    """A number kept once does not follow later wishes."""
    first = Lock()
    assert first.keep("shape", "target", 8) == 8
    assert Lock(first.file()).keep("shape", "target", 99) == 8
