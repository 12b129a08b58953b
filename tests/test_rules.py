"""The rules that tests/conftest.py lays over a run are kept, in one process and over workers."""

import re

import pytest

pytest_plugins = ["pytester"]

SKIPPING = """
import pytest
def test_skipped():
    pytest.skip("{reason}")
def test_run():
    pass
"""
GOLDEN = """
def test_text(golden):
    golden("site/leaf.txt", "{text}")
"""


@pytest.fixture
def house(pytester, repository, monkeypatch):
    """Return a function that runs a suite of one test file under a copy of our conftest."""
    (pytester.path / "tests").mkdir()
    (pytester.path / "tests" / "conftest.py").write_text((repository / "tests" / "conftest.py").read_text())
    (pytester.path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")

    def run(text, *args, ci=False, golden=()):
        around = {"CI": "true" if ci else "", "RACKWRIGHT_CI": "", "NO_COLOR": "1"}
        # A file that is written anew within a second and as long as before would be taken for the one that was compiled.
        for name, value in {**around, "PYTHONDONTWRITEBYTECODE": "1"}.items():
            monkeypatch.setenv(name, value)
        (pytester.path / "tests" / "test_it.py").write_text(text)
        for name, content in golden:
            path = pytester.path / "tests" / "golden" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        kept = () if "cacheprovider" in args else ("-p", "no:cacheprovider")
        return pytester.runpytest_subprocess("-q", *kept, *(args or ("tests",)))

    return run


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_skip_fails_a_run_that_decides(house, workers):
    """In CI a skip that nobody allowed fails the run and is named with its reason."""
    result = house(SKIPPING.format(reason="no switch here"), "tests", *workers, ci=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*must run in CI, was skipped: tests/test_it.py::test_skipped: no switch here"])


def test_a_skipped_file_fails_a_run_that_decides(house):
    """A file that skips itself while it is collected counts as skipped."""
    result = house("import pytest\npytest.importorskip('no_such_module_at_all')\ndef test_run():\n    pass\n", ci=True)
    result.stdout.fnmatch_lines(["*must run in CI, was skipped: tests/test_it.py: could not import*"])


def test_a_skip_elsewhere_is_only_shown(house):
    """Outside CI a skip is no failure, and neither is one on the list in CI."""
    assert house(SKIPPING.format(reason="no switch here")).ret == pytest.ExitCode.OK
    assert house(SKIPPING.format(reason="twin: not built yet"), ci=True).ret == pytest.ExitCode.OK


def test_an_expected_failure_is_no_skip(house):
    """A test that is expected to fail did run."""
    text = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"
    assert house(text, ci=True).ret == pytest.ExitCode.OK


def test_a_golden_file_is_compared_to_the_byte(house):
    """A differing text fails with the difference and the command that rewrites the file."""
    assert house(GOLDEN.format(text="mtu 9216\\n"), golden=[("site/leaf.txt", "mtu 9216\n")]).ret == pytest.ExitCode.OK
    result = house(GOLDEN.format(text="mtu 9000\\n"))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["-mtu 9216", "+mtu 9000", "*tests/test_it.py::test_text' --update-golden, then read git diff"]
    )


def test_golden_files_are_rewritten_by_hand_only(house, pytester):
    """--update-golden writes the file; in CI it refuses."""
    path = pytester.path / "tests" / "golden" / "site" / "leaf.txt"
    refused = house(GOLDEN.format(text="new\\n"), "tests", "--update-golden", ci=True)
    refused.stdout.fnmatch_lines(["*golden files are never rewritten in CI*"])
    assert not path.exists()
    assert house(GOLDEN.format(text="new\\n"), "tests", "--update-golden").ret == pytest.ExitCode.OK
    assert path.read_text() == "new\n"


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_golden_file_that_no_test_reads_fails_a_whole_run(house, workers):
    """A forgotten golden file is named; a narrowed run does not judge."""
    files = [("site/leaf.txt", "x\n"), ("site/old.txt", "y\n")]
    result = house(GOLDEN.format(text="x\\n"), "tests", *workers, golden=files)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["no test reads tests/golden/site/old.txt*"])
    assert "leaf.txt" not in result.stdout.str()
    assert house(GOLDEN.format(text="x\\n"), "tests", "-k", "text").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(("ci", "outcome"), [(True, "failed"), (False, "skipped")])
def test_missing_shared_material_is_seen(house, ci, outcome):
    """A test that needs shared material is skipped with the remedy, and fails in CI."""
    result = house("def test_it(shared):\n    shared('data', 'nothing')\n", "tests", "-rs", ci=ci)
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines(["*shared material data/nothing is not here: set RACKWRIGHT_SHARED*"])


FAILING = """
import time
def test_bad():
    assert 1 == 2
def test_long():
    print("later")
"""


def test_a_failure_is_named_when_it_happens(house):
    """A run that decides and is stopped from outside has told what failed until then."""
    told = house(FAILING, "tests", "-n", "1", "-p", "no:randomly", ci=True).stdout.str().partition("FAILURES")[0]
    assert "FAILED tests/test_it.py::test_bad (call) assert 1 == 2" in told


FLAKY = """
import pathlib, pytest
@pytest.mark.xdist_group("laboratory")
def test_sometimes():
    seen = pathlib.Path(__file__).with_name("seen")
    if not seen.exists():
        seen.touch()
        assert False, "the machine was busy"
def test_good():
    pass
"""


def test_what_failed_is_tried_alone_once_more(house, pytester):
    """`make test` does that: what then passes was named, and what never fails is not run again."""
    workers = ("tests", "-n", "1", "--dist=loadgroup", "-p", "no:randomly", "-o", "markers=xdist_group")
    again = ("--last-failed", "--last-failed-no-failures", "none")
    with_cache = ("-p", "cacheprovider")  # what the other tests here go without
    first = house(FLAKY, *workers, *with_cache, ci=True)
    first.assert_outcomes(failed=1, passed=1)
    second = house(FLAKY, *workers, *with_cache, *again, ci=True)
    second.assert_outcomes(passed=1)
    assert second.ret == pytest.ExitCode.OK
    third = house(FLAKY, *workers, *with_cache, *again, ci=True)
    assert third.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("where", ["tests", "tests/test_before.py"])
def test_all_that_failed_is_tried_again(house, pytester, where):
    """pytest by itself leaves out a group's test where a file before it has one that failed; a run without it must not pass."""
    before = FLAKY.replace('@pytest.mark.xdist_group("laboratory")', "").replace('"seen"', '"seen before"')
    (pytester.path / "tests" / "test_before.py").write_text(before)
    workers = ("-n", "1", "--dist=loadgroup", "-p", "no:randomly", "-p", "cacheprovider", "-o", "markers=xdist_group")
    house(FLAKY, "tests", *workers, ci=True).assert_outcomes(failed=2, passed=2)
    again = house(FLAKY, where, *workers, "--last-failed", "--last-failed-no-failures", "none", ci=True)
    if where == "tests":
        again.assert_outcomes(passed=2)
        assert again.ret == pytest.ExitCode.OK
        return
    assert again.ret == pytest.ExitCode.TESTS_FAILED
    again.stdout.fnmatch_lines(["failed before, was not tried again: tests/test_it.py::test_sometimes@laboratory"])


def test_a_skip_is_not_forgotten_by_trying_again(house):
    """What failed passes alone, and beside it a test was skipped that CI does not allow: the second run fails for it too."""
    workers = ("tests", "-n", "1", "--dist=loadgroup", "-p", "cacheprovider", "-o", "markers=xdist_group")
    skipping = FLAKY + "def test_skipped():\n    pytest.skip('no switch here')\n"
    assert house(skipping, *workers, ci=True).ret == pytest.ExitCode.TESTS_FAILED
    again = house(skipping, *workers, "--last-failed", "--last-failed-no-failures", "none", ci=True)
    again.assert_outcomes(passed=1)
    assert again.ret == pytest.ExitCode.TESTS_FAILED
    again.stdout.fnmatch_lines(["*must run in CI, was skipped: tests/test_it.py::test_skipped: no switch here"])


@pytest.mark.parametrize("index", range(2))
@pytest.mark.xdist_group("grouping")
def test_what_shares_a_laboratory_runs_in_one_worker(request, index):
    """xdist groups tests by their names; a pytest in which that has no effect makes every laboratory twice."""
    if not request.config.getoption("loadgroup", False):
        assert "@" not in request.node.nodeid
        return
    assert request.node.nodeid.endswith(f"[{index}]@grouping")


ENDS = """
import pytest, time
@pytest.mark.slow
def test_less_slow():
    time.sleep(0.2)
@pytest.mark.parametrize("index", range(4))
def test_quick(index):
    time.sleep(0.1)
@pytest.mark.slow(60)
def test_long():
    time.sleep(0.2)
@pytest.mark.xdist_group("laboratory")
@pytest.mark.parametrize("index", range(2))
def test_together(index):
    time.sleep(0.1)
@pytest.mark.slow(90)
def test_longest():
    time.sleep(0.2)
"""


def test_one_worker_begins_with_what_is_quick(house):
    """Slow tests mostly wait: where all workers begin with them, processors idle; and what is long and begins last is waited for."""
    markers = ("-o", "markers=xdist_group\nslow")
    words = ("tests", "-vv", "-n", "3", "--dist=loadgroup", "-p", "no:randomly", *markers)
    ran = house(ENDS, *words).stdout.str()
    first = {
        worker: re.search(rf"\[{worker}\].* PASSED tests/test_it.py::(\S+)", ran)[1] for worker in ("gw0", "gw1", "gw2")
    }
    assert set(first.values()) == {"test_longest", "test_long", "test_together[0]@laboratory"}
