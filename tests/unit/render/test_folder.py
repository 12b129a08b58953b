"""The build folder: what is written, what is left, what is removed, and a kill at any point."""

from __future__ import annotations

import hashlib
import json

import pytest

from rackwright.errors import RenderError
from rackwright.render import File, Written, read_manifest, write


def make(**texts: str) -> list[File]:
    """Make files by path (``__`` for a slash) whose inputs are their text."""
    return [File(path.replace("__", "/"), text, lambda text=text: text.encode()) for path, text in texts.items()]


def test_a_first_build_writes_every_file_and_a_manifest_that_names_them(tmp_path):
    """A first build writes every file; manifest.json has digest, size and inputs of each."""
    done = write(make(a="1", b__c="2"), tmp_path / "out")
    assert done == Written(("a", "b/c"), (), ())
    files = json.loads((tmp_path / "out/manifest.json").read_text())["files"]
    assert sorted(files) == ["a", "b/c"]
    assert files["b/c"]["size"] == 1
    assert files["b/c"]["sha256"] == hashlib.sha256(b"2").hexdigest()
    assert not (tmp_path / "out/.manifest.pending").exists()


def test_a_file_with_the_same_inputs_is_not_rendered_again(tmp_path):
    """Equal inputs and intact bytes mean that the file's data is never asked for."""
    write(make(a="1"), tmp_path)

    def refuse() -> bytes:
        raise AssertionError("rendered")

    assert write([File("a", "1", refuse)], tmp_path) == Written((), ("a",), ())


def test_other_inputs_with_the_same_bytes_leave_the_file_as_it_is(tmp_path):
    """A file whose new bytes equal the old ones is rendered, and not written."""
    write(make(a="1"), tmp_path)
    before = (tmp_path / "a").stat().st_ino
    assert write([File("a", "other", lambda: b"1")], tmp_path) == Written((), ("a",), ())
    assert (tmp_path / "a").stat().st_ino == before
    assert read_manifest(tmp_path).files["a"].inputs == "other"


@pytest.mark.parametrize("edit", ["2", "22", ""])
def test_an_edit_by_hand_is_put_right(tmp_path, edit):
    """A file that was edited or emptied by hand is written again, even when its size is the same."""
    write(make(a="1"), tmp_path)
    (tmp_path / "a").write_text(edit)
    assert write(make(a="1"), tmp_path).changed == ("a",)
    assert (tmp_path / "a").read_text() == "1"


def test_a_deleted_file_is_written_again(tmp_path):
    """A file that someone deleted comes back."""
    write(make(a="1"), tmp_path)
    (tmp_path / "a").unlink()
    assert write(make(a="1"), tmp_path).changed == ("a",)


def test_stale_files_of_ours_go_and_files_of_others_stay(tmp_path):
    """What an earlier build wrote and this one has not is removed with its empty folders; the rest is not touched."""
    write(make(a="1", d__x="2", e__y="3"), tmp_path)
    (tmp_path / "e/mine").write_text("keep")
    done = write(make(a="1"), tmp_path)
    assert done.removed == ("d/x", "e/y")
    assert not (tmp_path / "d").exists()
    assert (tmp_path / "e/mine").read_text() == "keep"


def test_a_foreign_file_at_one_of_our_paths_is_refused_before_anything_is_written(tmp_path):
    """A path that is taken by a file which we did not write is an error, and nothing has changed."""
    (tmp_path / "b").write_text("mine")
    with pytest.raises(RenderError, match="not from a build of ours"):
        write(make(a="1", b="2"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_dangling_link_is_not_followed_out_of_the_folder(tmp_path):
    """A symbolic link that leads nowhere is somebody's, and is refused."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").symlink_to(tmp_path / "outside")
    with pytest.raises(RenderError, match="not from a build of ours"):
        write(make(a="1"), out)
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("point", range(4))
def test_a_kill_at_any_file_is_made_good_by_the_next_build(tmp_path, point):
    """After a build that was killed at any file the next one ends as if nothing had been, orphans included."""

    class Killed(BaseException):
        pass

    def kill() -> bytes:
        raise Killed

    write(make(a="1", old="0"), tmp_path)
    files = make(a="2", new__b="3", c="4", d="5")
    files[point] = File(files[point].path, "never", kill)
    with pytest.raises(Killed):
        write(files, tmp_path)
    write(make(a="9"), tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"a", "manifest.json"}
    assert (tmp_path / "a").read_text() == "9"


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "", "a\\b", "manifest.json", "b"])
def test_a_path_that_leads_out_or_comes_twice_is_refused(tmp_path, path):
    """A path out of the folder, the manifest's own, and a path that two files want are errors."""
    with pytest.raises(RenderError):
        write([*make(b="1"), File(path, "", lambda: b"")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_is_not_ours_is_an_error(tmp_path):
    """A manifest.json of another program is not taken for ours."""
    (tmp_path / "manifest.json").write_text('{"name": "web app"}')
    with pytest.raises(RenderError, match="no manifest of ours"):
        write(make(a="1"), tmp_path)


def test_equal_builds_give_equal_manifests_whatever_the_order(tmp_path):
    """manifest.json is the same bytes however the files came."""
    write(make(a="1", b="2"), tmp_path / "x")
    write(reversed(make(a="1", b="2")), tmp_path / "y")
    assert (tmp_path / "x/manifest.json").read_bytes() == (tmp_path / "y/manifest.json").read_bytes()


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    """A file that stands where a folder must be is an error that names it."""
    (tmp_path / "d").write_text("mine")
    with pytest.raises(RenderError, match="in the way"):
        write(make(d__x="1"), tmp_path)


def test_progress_hears_of_each_file(tmp_path):
    """The progress callback gets every path once."""
    heard: list[str] = []
    write(make(a="1", b="2"), tmp_path, progress=heard.append)
    assert heard == ["a", "b"]
