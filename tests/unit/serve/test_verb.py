"""The command's options: what cannot be meant is said before anything listens."""

import contextlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from rackwright.cli import main
from rackwright.drivers.hosts.installs import Installs
from rackwright.serve.authority import NAME

SITES = Path(__file__).resolve().parents[3] / "inventory"


@pytest.fixture
def site(tmp_path):
    """Return a site of which no secret is at hand."""
    made = Path(shutil.copytree(SITES / "r760xa-converged", tmp_path / "site"))
    shutil.rmtree(made / ".rackwright", ignore_errors=True)
    return made


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--listen", "here:there"), 2, "no ADDRESS:PORT"),
        (("--http", "10.10.0.5:x"), 2, "no ADDRESS:PORT"),
        (("--run", "20261127-035111-abc"), 2, "--run goes with --board"),
        (("--webhook", "http://127.0.0.1:9/"), 2, "--webhook goes with --board"),
        (("--board", "127.0.0.1:0", "--run", "20261127-035111-abc"), 1, "its runs, newest first: none"),
        (("--board", "127.0.0.1:0", "--webhook", "nowhere"), 1, "the webhook is no address"),
        (("--limit", "nobody"), 2, "no device is called 'nobody'"),
        ((), 1, "is nowhere to be found"),
    ],
)
def test_what_cannot_be_served(site, words, code, said):
    """A door that is none, a switch that is none, and a secret that is missing end it with a sentence."""
    result = CliRunner().invoke(main, ["serve", str(site), *words])
    assert result.exit_code == code
    assert said in result.stderr
    assert not (site / ".rackwright" / "serve" / "events.jsonl").exists()


@pytest.mark.parametrize("option", ["--again", "--install"])
def test_a_stranger_is_told_at_the_option_that_names_it(site, monkeypatch, option):
    """A misspelt host of --install is told as one of --limit."""
    monkeypatch.setenv("RACKWRIGHT_SECRET_SWITCH_HASH", "$6$a$b")
    result = CliRunner().invoke(main, ["serve", str(site), option, "gpx*"])
    assert result.exit_code == 2
    assert f"Invalid value for {option}: no device is called 'gpx*'" in result.stderr


def test_what_is_not_served_is_not_armed(site, monkeypatch):
    """The door is taken, and the command ends; for four hours the next boot of an installer would have wiped the host."""
    monkeypatch.setenv("RACKWRIGHT_SECRET_SWITCH_HASH", "$6$a$b")
    installs = Installs(site / ".rackwright" / "serve" / "installs")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["serve", str(site), "--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--install", "gpu01"]
        result = CliRunner().invoke(main, words)
        assert (result.exit_code, "nothing can listen" in result.stderr) == (1, True)
        assert installs.attempt("gpu01").why == "nobody served it"
        # One that was armed before stays so: whoever serves it may be at work.
        number = installs.arm("gpu01").number
        assert CliRunner().invoke(main, words).exit_code == 1
    assert (installs.attempt("gpu01").number, installs.attempt("gpu01").stage) == (number, "armed")


@contextlib.contextmanager
def shown(site, *words):
    """The live view as a process of its own; gives its address, and its words so far."""
    command = [sys.executable, "-c", "from rackwright.cli import main; main()", "serve", str(site), *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"live view: (https?)://[^:]+:([0-9]+)/\?token=(\S+)", line):
                break
        else:
            pytest.fail("".join(said))
        yield (*found.groups(), "".join(said))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_live_view_stands_alone_and_ends_at_ctrl_c(site, monkeypatch):
    """Nothing else is served, no secret is asked for, and it is plain HTTP on this machine only."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with shown(site, "--board", "127.0.0.1:0") as (scheme, port, token, said):
        assert scheme == "http"
        assert "CA" not in said
        url = f"http://127.0.0.1:{port}"
        assert requests.get(f"{url}/state", timeout=10).status_code == 403
        page = requests.get(f"{url}/?token={token}", timeout=10)
        assert (page.status_code, page.url) == (200, f"{url}/")
        assert (
            requests.get(f"{url}/state", headers={"Authorization": f"Bearer {token}"}, timeout=10).json()["state"]
            == "waiting"
        )
    assert not (site / ".rackwright" / "serve" / "events.jsonl").exists()


def test_beyond_this_machine_the_live_view_is_tls(site):
    """With a certificate of the site's own CA, whose fingerprint is told; the cookie is for TLS only."""
    with shown(site, "--board", "0.0.0.0:0") as (scheme, port, token, said):
        assert scheme == "https"
        assert "SHA-256" in said
        ca = site / ".rackwright" / "serve" / "ca.pem"
        context = ssl.create_default_context(cafile=ca)
        raw = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
        with context.wrap_socket(raw, server_hostname=NAME) as wire:
            wire.sendall(f"GET /?token={token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: wire.recv(65536), b"")).decode()
        assert answer.startswith("HTTP/1.1 303")
        assert "; Secure" in answer
