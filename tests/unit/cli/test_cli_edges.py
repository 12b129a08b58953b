"""What can go wrong around a command: streams, signals, folders, and faults of our own."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from rackwright.cli import main
from rackwright.cli.verbs import plan as plan_verb
from rackwright.cli.verbs import validate as validate_verb

PROGRAM = "import sys; from rackwright.cli import main; main()"


def start(*words, **more) -> subprocess.Popen:
    command = [sys.executable, "-c", PROGRAM, *map(str, words)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **more)


def test_a_reader_that_goes_away_is_no_fault(site):
    """With its pipe closed the command ends with its own exit code and says nothing about it."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start("explain", site, "--defaults", "--json", stdout=writer)
    os.close(writer)
    _, said = process.communicate()
    assert (process.returncode, said) == (0, b"")


def test_help_into_a_closed_pipe_is_quiet():
    """`rackwright --help | true` shows no complaint of the interpreter."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start("--help", stdout=writer)
    os.close(writer)
    _, said = process.communicate()
    assert said == b""


def test_a_closed_stdout_is_no_fault(site):
    """Started without any stdout the command does its work."""
    process = start("validate", site, preexec_fn=lambda: os.close(1))
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert b"Traceback" not in said


def test_a_full_disk_is_a_sentence(site):
    """What cannot be printed for want of room is an error with its reason."""
    with Path("/dev/full").open("wb") as full:
        process = start("explain", site, "--defaults", stdout=full)
        _, said = process.communicate()
    assert process.returncode == 1
    assert b"no space left on device" in said
    assert b"Traceback" not in said


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_push_that_cannot_tell_how_it_ended_says_that_it_is_over(site, words):
    """Its devices are what they are: who reads only that there is no room would take it for one that was not done."""
    with Path("/dev/full").open("wb") as full:
        process = start("push", site, "--yes", "-q", "--limit", "be01", *words, stdout=full)
        _, said = process.communicate()
    assert process.returncode == 1
    assert said.endswith(
        b"error: the push itself is over: 0 changed, 0 unchanged, 1 failed; only this answer could not be printed (No space left on device)\n"
    )
    assert b"make room" not in said


def test_ctrl_c_is_one_line_and_130(rackwright, site, monkeypatch):
    """An interrupted command says one line and exits as shells expect."""

    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(plan_verb.workspace, "open_site", interrupt)
    result = rackwright("plan", site)
    assert result.exit_code == 130
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("interrupted")


def test_ctrl_c_at_a_question_is_no_fault_of_ours(rackwright, site, monkeypatch):
    """Who leaves at a question, by Ctrl-C or Ctrl-D, is told what every interrupted command says, with the same exit code."""

    def leave(*_args):
        raise click.Abort

    monkeypatch.setattr(plan_verb.workspace, "open_site", leave)
    result = rackwright("plan", site)
    assert result.exit_code == 130
    assert result.stderr.startswith("\ninterrupted")


def test_a_fault_of_ours_asks_for_a_report(rackwright, site, monkeypatch):
    """A crash is told as a bug of Rackwright, with the place, and the traceback only where it is asked for."""

    def crash(*_args):
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr(validate_verb.workspace, "open_site", crash)
    result = rackwright("validate", site)
    assert result.exit_code == 1
    assert "this is a bug in Rackwright" in result.stderr
    assert "ZeroDivisionError at test_cli_edges.py:" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in rackwright("validate", site, RACKWRIGHT_TRACEBACK="1").stderr


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EACCES, "yours to read and write"),
        (errno.EROFS, "a folder that can be written to"),
        (errno.EIO, "check the path"),
    ],
)
def test_what_the_system_refuses_is_a_sentence_with_advice(rackwright, site, tmp_path, monkeypatch, code, advice):
    """A read-only or full folder is named, with what to do, and is no bug of ours."""

    def refuse(*_args, **_more):
        raise OSError(code, os.strerror(code), str(tmp_path / "out"))

    monkeypatch.setattr("rackwright.render.write", refuse)
    result = rackwright("render", site, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert f"error: {tmp_path / 'out'}: " in result.stderr
    assert advice in result.stderr
    assert "bug" not in result.stderr


def test_a_twin_of_a_site_that_cannot_be_written_names_the_folder(rackwright, site, monkeypatch):
    """A site on a read-only medium has no place for the twin's files: where that is and what to do is said, detached or not."""
    made = Path.mkdir

    def mkdir(path, *words, **more):
        if path.name == ".rackwright":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        made(path, *words, **more)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    result = rackwright("twin", "up", site, "--no-bmcs", "--hosts", "none")
    assert result.exit_code == 1
    assert f"{site / '.rackwright'}, which cannot be written (read-only file system): copy {site} to" in result.stderr
    assert "Errno" not in result.stderr


def test_a_file_where_the_build_folder_should_be_is_told(rackwright, site, tmp_path):
    """`--out` naming a file is an error that names it."""
    taken = tmp_path / "taken"
    taken.write_text("mine")
    result = rackwright("render", site, "--out", taken)
    assert result.exit_code == 1
    assert str(taken) in result.stderr
    assert "bug" not in result.stderr
    assert taken.read_text() == "mine"


def test_colour_is_left_out_on_request(rackwright, build, built, edit):
    """With NO_COLOR, and wherever stdout is no terminal, a diff has no escape sequences."""
    edit(build / "devices/be01/startup.yaml", "hostname: be01", "hostname: be09")
    edit(
        build / "manifest.json", '"devices/be01/startup.yaml": {"sha256":"', '"devices/be01/startup.yaml": {"sha256":"0'
    )
    result = rackwright("diff", built, build, NO_COLOR="1")
    assert "be01 -> be09" in result.stdout
    assert "\x1b" not in result.output


def test_the_command_is_a_function_too():
    """Called from a program without standalone mode it returns the exit code."""
    assert main(["--version"], standalone_mode=False) == 0


def test_a_build_never_lands_in_the_site(rackwright, site):
    """A build folder that is the site itself is a usage error, and nothing is written."""
    before = sorted(path.name for path in site.iterdir())
    result = rackwright("render", site, "--out", site)
    assert result.exit_code == 2
    assert "name a folder of its own" in result.stderr
    assert sorted(path.name for path in site.iterdir()) == before


def test_a_build_never_lands_in_another_site(rackwright, site, tmp_path):
    """A folder with a site in it is refused as build folder; where an older build lies in one, check says which it wants named."""
    other = Path(shutil.copytree(site, tmp_path / "other"))
    before = sorted(path.name for path in other.iterdir())
    result = rackwright("render", site, "--out", other)
    assert result.exit_code == 2
    assert f"name a folder of its own, e.g. {other / 'build'}" in " ".join(result.stderr.split())
    assert sorted(path.name for path in other.iterdir()) == before
    assert rackwright("render", site, "--out", other / "build").exit_code == 0
    shutil.copytree(other / "build", other, dirs_exist_ok=True)
    both = rackwright("check", other)
    assert both.exit_code == 1
    assert f"name {other / 'site.yaml'}" in both.stderr
    assert rackwright("check", other / "site.yaml").exit_code == rackwright("check", site).exit_code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("worker", "--limit", "oob*"), "--tag says what it reaches"),
        (("discover", "--bmc-range", "127.0.0.1/32", "--twin"), "--twin, --limit and --leases have no place there"),
        (("discover", "--bmc-range", "127.0.0.1/32", "--limit", "gpu01"), "have no place there"),
        (("push", "--image-sha256", "4b2f"), "--image-sha256 goes with --install IMAGE"),
        (("push", "--only", "bmc", "--confirm-within", "5m"), "--confirm-within goes with --only switch"),
        (("push", "--only", "bmc", "--limit", "gpu01", "--limit", "be01"), "no device is called 'be01'"),
        (("push", "--only", "host", "--limit", "be*"), "no device is called 'be*'"),
        (("diff", "--only", "bmc", "--against", "running", "--limit", "ps01"), "no device is called 'ps01'"),
    ],
)
def test_what_would_be_passed_over_is_refused(rackwright, site, words, said):
    """A limit that nobody heeds would let a worker change what was left out, and a twin that nobody heeds would ask the real rack.

    What guards an image, or a switch, guarded nothing without a word; servers that no limit meant were none, and all was well.
    """
    result = rackwright(words[0], site, *words[1:])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
