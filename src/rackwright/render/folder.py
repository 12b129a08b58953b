"""The build folder: only what changed is written, only what was ours is removed, a kill leaves no doubt.

Order of a build: the list of paths we are about to own (``.manifest.pending``), the files, the removals,
``manifest.json`` last. A file that stands is replaced in one step, so that a reader never sees half of it; a new
one is complete when the manifest names it. A build that was killed is taken up by the next one, which reads both
lists. No fsync: a file that a kill or a power cut tore is found by its digest and written again.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from rackwright.errors import RenderError
from rackwright.render.files import File, Piece, Written

__all__ = ["MANIFEST", "Entry", "Manifest", "read_manifest", "write"]

MANIFEST: Final = "manifest.json"
_PENDING: Final = ".manifest.pending"
_TEMPORARY: Final = ".rackwright.tmp"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one written file."""

    sha256: str
    size: int
    inputs: str
    device: str | None = None
    pieces: tuple[tuple[str, int], ...] = ()
    """Inputs and size of each piece, in order, of a file that is made in pieces."""


class Manifest(msgspec.Struct, frozen=True):
    """``manifest.json``: every file of a build by its path."""

    files: dict[str, Entry]
    format: int = 1
    generator: str = "rackwright"


class _Pending(msgspec.Struct, frozen=True):
    paths: tuple[str, ...]


def read_manifest(out: Path) -> Manifest:
    """Read ``OUT/manifest.json``; a folder without one gives an empty manifest.

    Raises :class:`~rackwright.errors.RenderError` when the file is not one of ours.
    """
    path = out / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return Manifest({})
    except msgspec.DecodeError as problem:
        raise RenderError(f"{path} is no manifest of ours ({problem}): choose another folder or remove it") from problem


def write(files: Iterable[File], out: Path, *, progress: Callable[[str], None] | None = None) -> Written:
    """Bring the folder ``out`` to what ``files`` say and tell what that took.

    A file is rendered only when its inputs differ from those of the last build or its bytes on disk
    are no longer those that were written. ``progress`` is called with each path when it is done.
    Raises :class:`~rackwright.errors.RenderError` when a path is taken by a file that we did not write.
    """
    with _no_collection():
        return _written(deque(files), out, progress)


def _written(queue: deque[File], out: Path, progress: Callable[[str], None] | None) -> Written:
    wanted = _paths(queue)
    before = read_manifest(out).files
    owned = before.keys() | _read_pending(out)
    _refuse_foreign(out, [path for path in wanted if path not in owned])
    out.mkdir(parents=True, exist_ok=True)
    _write_pending(out, owned | wanted, before)
    build = _Build(out, before)
    while queue:
        # Taken off the queue, so that a large site does not stay in memory.
        file = queue.popleft()
        build.take(file)
        if progress:
            progress(file.path)
    removed = _remove(out, sorted(owned - wanted))
    after = dict(sorted(build.after.items()))
    if after != before or not (out / MANIFEST).exists():
        _replace(out, MANIFEST, _manifest_bytes(after))
    (out / _PENDING).unlink(missing_ok=True)
    return Written(tuple(sorted(build.changed)), tuple(sorted(build.unchanged)), tuple(removed))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the cyclic collector out: a plan has no cycles, and walking it again and again costs a fifth of a build."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Build:
    """The files of one build as they go by."""

    def __init__(self, out: Path, before: dict[str, Entry]) -> None:
        self.out = out
        self.before = before
        self.written = _changed_at(out / MANIFEST)
        self.after: dict[str, Entry] = {}
        self.changed: list[str] = []
        self.unchanged: list[str] = []
        self.folders: set[str] = set()

    def take(self, file: File) -> None:
        """Render and write one file, or leave it as it stands."""
        known = self.before.get(file.path)
        found = _digest_on_disk(self.out, file.path, known, self.written)
        if known and known.inputs == file.inputs and found == known.sha256:
            self.after[file.path] = known
            self.unchanged.append(file.path)
            return
        data, pieces = (file.data, ()) if file.pieces is None else self._joined(file.pieces(), file.path, known)
        entry = Entry(hashlib.sha256(data).hexdigest(), len(data), file.inputs, file.device, pieces)
        self.after[file.path] = entry
        if found == entry.sha256:
            self.unchanged.append(file.path)
            return
        folder = file.path.rpartition("/")[0]
        if folder not in self.folders:
            _make_folder(self.out / folder)
            self.folders.add(folder)
        if found is None and known is None:
            _create(self.out, file.path, data)
        else:
            _replace(self.out, file.path, data)
        self.changed.append(file.path)

    def _joined(
        self, pieces: Iterable[Piece], path: str, known: Entry | None
    ) -> tuple[bytes, tuple[tuple[str, int], ...]]:
        """Make a file of its pieces; those that the file as it stands holds already are taken from it."""
        held = _cut(self.out / path, known) if known and known.pieces else {}
        made: list[bytes] = []
        names: list[tuple[str, int]] = []
        for piece in pieces:
            data = held.get(piece.inputs)
            made.append(piece.make() if data is None else data)
            names.append((piece.inputs, len(made[-1])))
        return b"".join(made), tuple(names)


def _cut(path: Path, known: Entry) -> dict[str, bytes]:
    """Cut a file into its pieces; nothing of a file that is not byte for byte what was written."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    if hashlib.sha256(data).hexdigest() != known.sha256 or sum(size for _, size in known.pieces) != len(data):
        return {}
    found: dict[str, bytes] = {}
    start = 0
    for inputs, size in known.pieces:
        found[inputs] = data[start : start + size]
        start += size
    return found


def _paths(files: Iterable[File]) -> set[str]:
    paths: set[str] = set()
    for file in files:
        parts = PurePosixPath(file.path).parts
        if not parts or parts[0] == "/" or ".." in parts or "\\" in file.path or "\0" in file.path:
            raise RenderError(f"{file.path!r} leads out of the build folder: rename the device or rack it is made from")
        if file.path in paths or file.path in {MANIFEST, _PENDING, _TEMPORARY}:
            raise RenderError(f"{file.path} would be written twice: two devices or racks share that name, rename one")
        paths.add(file.path)
    return paths


def _refuse_foreign(out: Path, paths: Iterable[str]) -> None:
    if not out.exists():
        return
    # A dangling link counts: writing would follow it out of the folder.
    taken = sorted(path for path in paths if os.path.lexists(out / path))
    if taken:
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise RenderError(f"{out / taken[0]}{more} is not from a build of ours: choose another folder, or remove it")


def _changed_at(path: Path) -> int:
    """Return when the inode changed, in ns; unlike the time of modification nobody can set it back."""
    try:
        return path.stat().st_ctime_ns
    except FileNotFoundError:
        return 0


def _digest_on_disk(out: Path, path: str, known: Entry | None, written: int) -> str | None:
    """Return the digest of what stands at a path; ``written`` is when the manifest that knows it was written."""
    target = f"{out}/{path}"
    try:
        if known:
            status = os.stat(target)  # noqa: PTH116 - three times as quick for thousands of files
            if status.st_size != known.size:
                return None
            # Untouched since the manifest, which is written last. In the same tick of the clock nobody can tell.
            if status.st_ctime_ns < written:
                return known.sha256
        with open(target, "rb", buffering=0) as stream:  # noqa: PTH123 - as above
            return hashlib.sha256(stream.read()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as problem:
        raise RenderError(f"a file is in the way of the folder {path}: move it away") from problem


def _create(out: Path, path: str, data: bytes) -> None:
    # Nothing of value stands there, and a rename would nearly double what the first build of a large site costs.
    try:
        (out / path).write_bytes(data)
    except (IsADirectoryError, NotADirectoryError) as problem:
        raise RenderError(f"{out / path} is in the way of a file of that name: move it away") from problem


def _replace(out: Path, path: str, data: bytes) -> None:
    temporary = f"{out}/{_TEMPORARY}"
    with open(temporary, "wb") as stream:  # noqa: PTH123 - as above
        stream.write(data)
    try:
        os.replace(temporary, f"{out}/{path}")  # noqa: PTH105 - as above
    except (IsADirectoryError, NotADirectoryError) as problem:
        raise RenderError(f"{out / path} is in the way of a file of that name: move it away") from problem


def _remove(out: Path, paths: Iterable[str]) -> list[str]:
    removed = []
    for path in paths:
        target = out / path
        if target.is_file() or target.is_symlink():
            target.unlink()
            removed.append(path)
        for folder in list(target.parents)[: len(PurePosixPath(path).parts) - 1]:
            # Only folders that are empty now: whatever else lies there is not ours.
            if not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()
    return removed


def _read_pending(out: Path) -> set[str]:
    try:
        return set(msgspec.json.decode((out / _PENDING).read_bytes(), type=_Pending).paths)
    except FileNotFoundError:
        return set()
    except msgspec.DecodeError as problem:
        raise RenderError(f"{out / _PENDING} is not of ours ({problem}): remove it") from problem


def _write_pending(out: Path, paths: set[str], before: dict[str, Entry]) -> None:
    if paths != before.keys():
        _replace(out, _PENDING, msgspec.json.encode(_Pending(tuple(sorted(paths)))))


def _manifest_bytes(files: dict[str, Entry]) -> bytes:
    encode = msgspec.json.encode
    # One line a file: two builds can be compared with any diff.
    lines = b",\n".join(b"  " + encode(path) + b": " + encode(entry) for path, entry in files.items())
    head = b'{\n "format": 1,\n "generator": "rackwright",\n "files": {\n'
    return head + lines + b"\n }\n}\n"
