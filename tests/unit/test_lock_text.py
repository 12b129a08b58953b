"""The text of site.lock: stable, one allocation a line, and refused when it is damaged."""

import pytest

from rackwright.errors import DocumentError
from rackwright.plan import lock_text
from rackwright.plan.lock import Lock, LockFile

LOCK = LockFile(pools={"pools.asn": {"be02": (1, 1), "be01": (0, 1)}, "backend.slot": {"gpu01": (0, 1)}})


def test_the_text_is_sorted_with_one_allocation_a_line():
    """Pools and keys are in order whatever order they were given in; a merge sees lines."""
    lines = lock_text.dump(LOCK).decode().splitlines()
    assert lines.index('  "backend.slot": {') < lines.index('  "pools.asn": {')
    assert lines.index('   "be01": [0, 1],') + 1 == lines.index('   "be02": [1, 1]')


@pytest.mark.parametrize("lock", [LOCK, LockFile(), Lock().file(), LockFile(pools={'a"b\\': {"\u00e9 x": (3, 4)}})])
def test_what_is_written_reads_back(lock):
    """Empty locks and odd names survive."""
    assert lock_text.parse(lock_text.dump(lock)) == lock


def test_writing_the_same_again_touches_nothing(tmp_path):
    """Only a change is written, and no temporary file is left."""
    path = tmp_path / "site.lock"
    assert lock_text.write(path, LOCK)
    assert not lock_text.write(path, LOCK)
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.lock"]
    assert lock_text.read(path) == LOCK
    assert lock_text.read(tmp_path / "none") is None


def test_a_failed_write_leaves_the_former_lock(tmp_path, monkeypatch):
    """When the last step fails the old lock stands and nothing lies beside it."""
    path = tmp_path / "site.lock"
    lock_text.write(path, LOCK)

    def refuse(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(DocumentError, match=r"site\.lock: cannot be written: Permission denied"):
        lock_text.write(path, LockFile())
    assert lock_text.read(path) == LOCK
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.lock"]


@pytest.mark.parametrize("text", [b"", b"null", b"[1]", b'{"pools": {"a": {"b": [1]}}}', b"\xff"])
def test_a_damaged_lock_is_refused_with_its_name(text):
    """What is no lock raises with the file and the advice to restore it."""
    with pytest.raises(DocumentError, match=r"mine\.lock(:1)?: is no lock .*version control"):
        lock_text.parse(text, "mine.lock")


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        ('"be02": [1, 1]', '"be02": [1, 1'),
        ('"be02": [1, 1]', '"be02": [1, "one"]'),
        ('"be02": [1, 1]', '"be02": [1]'),
        ('"be02": [1, 1]', '"be02": [-1, 1]'),
        ('"be02": [1, 1]', '"be02" [1, 1]'),
        ('"be02": [1, 1]', "\\be02"),
    ],
)
def test_a_fault_is_told_with_its_line(was, is_):
    """Whether it is no JSON, or no run of indexes: the line that must be looked at is named."""
    text = lock_text.dump(LOCK).decode()
    line = next(at for at, words in enumerate(text.splitlines(), 1) if was in words)
    wrong = text.replace(was, is_).encode()
    with pytest.raises(DocumentError, match=rf"mine\.lock:({line}|{line + 1}): .*version control"):
        lock_text.parse(wrong, "mine.lock")


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "||||||| 1a2b", "=======", ">>>>>>> growth"])
def test_the_marks_of_a_merge_are_told_as_such(mark):
    """A lock that git could not merge is no damaged one: the line of the first mark, and what to do."""
    lines = lock_text.dump(LOCK).decode().splitlines()
    text = "\n".join([*lines[:4], mark, *lines[4:]]).encode()
    with pytest.raises(DocumentError, match=r"mine\.lock:5: .*a merge left its marks; resolve the merge"):
        lock_text.parse(text, "mine.lock")


def test_changes_name_new_grown_and_freed_entries():
    """New and grown runs are added, what is gone is freed, the rest is neither."""
    after = LockFile(pools={"pools.asn": {"be01": (0, 1), "be03": (2, 1)}, "backend.slot": {"gpu01": (0, 4)}})
    added, freed = lock_text.changes(LOCK, after)
    assert added == ("backend.slot/gpu01", "pools.asn/be03")
    assert freed == ("pools.asn/be02",)
    assert lock_text.changes(None, LOCK) == (("backend.slot/gpu01", "pools.asn/be01", "pools.asn/be02"), ())
