"""The exit codes, as a table: what a script may build on."""

import pytest

from rackwright.cli.answer import DIFFERENCE, ERROR, FINDINGS, FINE, worst


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["init"], 0),
        (["validate", "SITE"], 0),
        (["plan", "SITE"], 0),
        (["plan", "SITE", "--locked"], 0),
        (["render", "SITE", "--out", "BUILD"], 0),
        (["check", "SITE"], 0),
        (["check", "BUILD"], 0),
        (["diff", "BUILD", "BUILD"], 0),
        (["explain", "SITE", "be01"], 0),
        (["explain", "SITE", "--defaults"], 0),
        (["inventory", "SITE", "--nornir"], 0),
        (["validate", "NOWHERE"], 1),
        (["plan", "NOWHERE"], 1),
        (["render", "NOWHERE", "--out", "BUILD"], 1),
        (["check", "NOWHERE"], 1),
        (["check", "HOME"], 1),
        (["validate", "HOME"], 1),
        (["check", "--config", "HOME"], 1),
        (["plan", "SITE", "-o", "NOWHERE/x/plan.json"], 1),
        (["check", "--config", "NOWHERE"], 1),
        (["diff", "BUILD", "NOWHERE"], 1),
        (["explain", "SITE", "be01", "interface", "swp99"], 1),
        (["init", "SITE", "--from", "xe9680-spectrum-x"], 1),
        (["nonsense"], 2),
        (["inventory", "SITE", "--nornir", "--ansible"], 2),
        (["init", "NEW"], 2),
        (["init", "NEW", "--from", "nonsense"], 2),
        (["plan", "SITE", "--nonsense"], 2),
        (["plan", "SITE", "--free", "--locked"], 2),
        (["render", "SITE"], 2),
        (["render", "SITE", "--out", "BUILD", "--limit", "nobody"], 2),
        (["check", "SITE", "--model", "sn5600"], 2),
        (["diff", "BUILD"], 2),
        (["check", "--config", "BUILD", "--nos", "9.9"], 2),
        (["check", "--config", "BUILD", "--model", "nonsense"], 2),
        (["render", "SITE", "--out", ""], 2),
        (["plan", ""], 2),
        (["explain", "SITE"], 2),
        (["explain", "SITE", "nobody"], 2),
        (["explain", "SITE", "gpu01", "nothing"], 2),
        (["inventory", "SITE"], 2),
    ],
)
def test_each_command_line_has_its_exit_code(rackwright, site, build, tmp_path, words, code):
    """0 is fine, 1 an error, 2 a wrong command line; an error says so on stderr, and never with a traceback."""
    places = {"SITE": site, "BUILD": build, "NOWHERE": tmp_path / "nowhere", "NEW": tmp_path / "new", "HOME": tmp_path}
    result = rackwright(*(places.get(word, word) for word in words))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert "bug" not in result.stderr
    assert bool(code) <= bool(result.stderr)


def test_a_difference_is_three(rackwright, build, built, edit):
    """Two builds that differ give 3, for a script to act on."""
    edit(build / "devices/be01/startup.yaml", "hostname: be01", "hostname: be09")
    manifest = (build / "manifest.json").read_text().replace('"sha256":"', '"sha256":"0', 1)
    (build / "manifest.json").write_text(manifest)
    assert rackwright("diff", built, build).exit_code == DIFFERENCE


def test_findings_are_four(rackwright, build, edit):
    """A configuration with a mistake gives 4."""
    edit(build / "devices/fe01/startup.yaml", "autonomous-system:", "autonomous-systm:")
    assert rackwright("check", build).exit_code == FINDINGS


def test_no_evidence_wins_over_findings(rackwright, build, edit, tmp_path):
    """An empty file beside a wrong one gives 1: what could not be judged is an error."""
    wrong = edit(build / "devices/fe01/startup.yaml", "autonomous-system:", "autonomous-systm:")
    empty = tmp_path / "empty.yaml"
    empty.write_text("- header: {}\n- set: {}\n")
    result = rackwright("check", "--config", wrong, empty)
    assert result.exit_code == ERROR
    assert "NVUE-PATH-UNKNOWN" in result.stdout
    assert "not judged" in result.stdout


def test_notes_are_no_findings(rackwright, site):
    """Problems of severity info are told to the curious and change no exit code."""
    quiet, curious = rackwright("plan", site), rackwright("plan", site, "--verbose")
    assert quiet.exit_code == curious.exit_code == FINE
    assert ": info: " in curious.stderr
    assert ": info: " not in quiet.stderr


def test_an_error_wins_over_findings_and_these_over_a_difference():
    """1 wins over 4 over 3 over 0, in any order."""
    assert worst() == FINE
    assert worst(DIFFERENCE, FINE) == DIFFERENCE
    assert worst(FINDINGS, DIFFERENCE) == FINDINGS
    assert worst(FINDINGS, ERROR, DIFFERENCE) == ERROR
