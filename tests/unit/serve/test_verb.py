"""The command's options: what cannot be meant is said before anything listens."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rackwright.cli import main

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
