"""Small files that several threads keep at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from rackwright.drivers import keeping


def test_threads_that_keep_the_same_file_do_not_take_it_from_each_other(tmp_path):
    """Each writes under a name of its own: the file is one of theirs, whole, and nothing is left beside it."""
    place = tmp_path / "evidence" / "be01.json"
    said = [bytes([65 + number]) * 4096 for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            list(threads.map(lambda data: keeping.keep(place, data), said))
    assert place.read_bytes() in said
    assert [one.name for one in place.parent.iterdir()] == ["be01.json"]
