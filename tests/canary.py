"""Search for a planted secret in whatever form it may have leaked: as it is, encoded, compressed, escaped.

``Canary(secret).found_in(data)`` names the forms that are in some bytes; ``in_folder`` searches files; :func:`watched`
collects what a piece of work logs at DEBUG level and which processes it starts.
"""

from __future__ import annotations

import base64
import json
import logging
import sys
import traceback
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

_MAGIC = {b"\x1f\x8b": 31, b"\x78\x01": 15, b"\x78\x5e": 15, b"\x78\x9c": 15, b"\x78\xda": 15}
"""Beginnings of gzip and zlib streams -> zlib's word for them."""
_DEPTH = 3
"""Encodings within encodings that are opened: gzip in base64 in gzip."""


class Canary:
    """One planted secret. It should be long and mean nothing, so that a find is no coincidence."""

    def __init__(self, secret: str) -> None:
        assert len(secret) >= 12, "a short canary is found everywhere"
        self.secret = secret
        self._forms: dict[str, bytes] = {}
        for name, form in self._made(secret):
            if form not in self._forms.values():
                self._forms[name] = form

    @staticmethod
    def _made(secret: str) -> Iterator[tuple[str, bytes]]:
        raw = secret.encode()
        yield "plain", raw
        yield "utf-16", secret.encode("utf-16-le")
        yield "hex", raw.hex().encode()
        yield "escaped in JSON", json.dumps(secret)[1:-1].encode()
        yield "escaped in repr", repr(secret)[1:-1].encode()
        for how, quoted in (("URL", quote(secret, safe="")), ("URL path", quote(secret)), ("form", quote_plus(secret))):
            yield how, quoted.encode()
            yield f"{how}, small letters", "".join(_small(quoted)).encode()
        for shift in range(3):
            # Whatever stood before it shifts the alphabet; the characters that mix with neighbours are left out.
            for how, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
                coded = encode(b"\0" * shift + raw).rstrip(b"=")
                first = -(-shift * 8 // 6)
                last = (shift + len(raw)) * 8 // 6
                yield f"{how} at {shift}", coded[first:last]

    def found_in(self, data: bytes | str, depth: int = _DEPTH) -> list[str]:
        """Return the names of the forms in which the secret is in ``data``, those inside compressed parts too."""
        data = data.encode(errors="surrogateescape") if isinstance(data, str) else data
        found = [name for name, form in self._forms.items() if form in data]
        if depth:
            for how, inner in _opened(data):
                found += [f"{name} in {how}" for name in self.found_in(inner, depth - 1)]
        return sorted(set(found))

    def in_files(self, paths: Iterable[Path]) -> list[str]:
        """Return ``file: form`` for each file that holds the secret, by content or by name."""
        found = []
        for path in paths:
            if path.is_file():
                found += [f"{path}: {form}" for form in self.found_in(path.read_bytes())]
            found += [f"{path}: {form} in its name" for form in self.found_in(path.name, 0)]
        return found

    def in_folder(self, folder: Path, *, but: Iterable[Path] = ()) -> list[str]:
        """Search all files below a folder, but for the places where the secret belongs."""
        spared = tuple(but)
        paths = (path for path in folder.rglob("*") if not any(path.is_relative_to(place) for place in spared))
        return self.in_files(sorted(paths))


def _small(quoted: str) -> Iterator[str]:
    """Yield an URL form with its escapes in small letters."""
    rest = quoted
    while "%" in rest:
        head, _, rest = rest.partition("%")
        yield f"{head}%{rest[:2].lower()}"
        rest = rest[2:]
    yield rest


def _opened(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what compressed streams and long base64 runs inside some bytes hold."""
    for magic, word in _MAGIC.items():
        at = data.find(magic)
        while at >= 0:
            with suppress(zlib.error):
                yield ("gzip" if word == 31 else "zlib"), zlib.decompressobj(word).decompress(data[at:], 1 << 24)
            at = data.find(magic, at + 1)
    for run in _runs(data):
        try:
            yield (
                "base64",
                base64.b64decode(run + b"=" * (-len(run) % 4), altchars=b"-_" if b"-" in run or b"_" in run else None),
            )
        except ValueError:
            continue


def _runs(data: bytes) -> Iterator[bytes]:
    import re

    return iter(re.findall(rb"[A-Za-z0-9+/_-]{24,}", data))


@dataclass
class Watched:
    """What a piece of work let out."""

    log: list[str] = field(default_factory=list)
    argv: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def caught(self, error: BaseException) -> None:
        """Keep all that an exception shows, those it came from included."""
        seen: BaseException | None = error
        while seen is not None:
            self.texts += [str(seen), repr(seen), *traceback.format_exception(seen)]
            seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)

    def leaks(self, canary: Canary) -> list[str]:
        """Return where the canary is: log, arguments of processes, exceptions."""
        places = {"log": self.log, "argv": self.argv, "exception": self.texts}
        return [f"{place}: {form}" for place, texts in places.items() for form in canary.found_in("\n".join(texts))]


_WATCHING: list[Watched] = []
_HOOKED: list[bool] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _WATCHING and event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}:
        for watched_one in _WATCHING:
            watched_one.argv.append(repr(arguments))


class _Ear(logging.Handler):
    def __init__(self, watched_one: Watched) -> None:
        super().__init__(logging.DEBUG)
        self._watched = watched_one

    def emit(self, record: logging.LogRecord) -> None:
        self._watched.log.append(f"{record.name} {record.getMessage()} {record.__dict__}")


@contextmanager
def watched() -> Iterator[Watched]:
    """Listen to every logger at DEBUG level, those that are silent by choice too, and to every process that is started."""
    made = Watched()
    ear = _Ear(made)
    if not _HOOKED:
        sys.addaudithook(_hook)
        _HOOKED.append(True)
    root = logging.getLogger()
    names = list(logging.Logger.manager.loggerDict)
    before = {name: logging.getLogger(name).level for name in names}
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(ear)
    for name in names:
        if not name.startswith("rackwright.drivers"):
            logging.getLogger(name).setLevel(logging.DEBUG)
    _WATCHING.append(made)
    try:
        yield made
    finally:
        _WATCHING.remove(made)
        root.removeHandler(ear)
        root.setLevel(level)
        for name, was in before.items():
            logging.getLogger(name).setLevel(was)
