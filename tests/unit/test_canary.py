"""The search for leaked secrets finds what is hidden from grep, and nothing that is not there."""

import base64
import gzip
import json
import logging
import subprocess
import sys
import zlib
from urllib.parse import quote

import pytest

from tests.canary import Canary, watched

SECRET = 'c4n4ry/+"se cret=$6$ü'
HIDDEN = {
    "plain": SECRET.encode(),
    "base64 after nothing": base64.b64encode(SECRET.encode() + b"tail"),
    "base64 after one": base64.b64encode(b"x" + SECRET.encode() + b"tail"),
    "base64 after two": base64.b64encode(b"xy" + SECRET.encode() + b"tail"),
    "base64url": base64.urlsafe_b64encode(b"xy" + SECRET.encode() + b"tail"),
    "gzip": b"head" + gzip.compress(b"before " + SECRET.encode() + b" after") + b"tail",
    "zlib": zlib.compress(SECRET.encode()),
    "gzip in base64": b"journal: " + base64.b64encode(gzip.compress(SECRET.encode() * 3)),
    "base64 in gzip": gzip.compress(base64.b64encode(b"q" + SECRET.encode())),
    "URL": quote(SECRET, safe="").encode(),
    "URL in small letters": quote(SECRET, safe="").lower().encode(),
    "JSON": json.dumps({"a": SECRET}).encode(),
    "hex": SECRET.encode().hex().encode(),
    "UTF-16": SECRET.encode("utf-16"),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_hidden_secret_is_found(how):
    """Each form in which a journal, a log or a request may hold a secret is seen."""
    assert Canary(SECRET).found_in(b"noise " + HIDDEN[how] + b" noise")


def test_nothing_is_found_where_nothing_is():
    """A near miss is no find."""
    other = SECRET.replace("4", "5").encode()
    noise = [other, base64.b64encode(other), gzip.compress(other), bytes(range(256)) * 40]
    assert [Canary(SECRET).found_in(data) for data in noise] == [[], [], [], []]


def test_files_are_searched_by_content_and_name(tmp_path):
    """A compressed file in a folder is opened; the place where the secret belongs is spared."""
    canary = Canary("planted-canary-0001")
    (tmp_path / "journal.gz").write_bytes(gzip.compress(canary.secret.encode()))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/switch_password").write_text(canary.secret, encoding="ascii")
    found = canary.in_folder(tmp_path, but=[tmp_path / "secrets"])
    assert len(found) == 1
    assert "journal.gz: plain in gzip" in found[0]


def test_logs_processes_and_exceptions_are_watched():
    """A secret in a debug message, in the arguments of a process, or in the cause of an exception is seen."""
    canary = Canary("planted-canary-0002")
    with watched() as seen:
        logging.getLogger("some.library").debug("sending %s", canary.secret)
        subprocess.run([sys.executable, "-c", "pass", canary.secret], check=True)
        error = RuntimeError("refused")
        error.__cause__ = ValueError(canary.secret)
        seen.caught(error)
    assert seen.leaks(canary) == ["log: plain", "argv: plain", "exception: plain"]
