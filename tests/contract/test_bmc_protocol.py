"""DMTF's protocol validator judges the emulated BMCs; what it fails is on a list with reasons, and nothing else is."""

from __future__ import annotations

import contextlib
import csv
import io
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.bmcs import twin_of

TABLE = yaml.safe_load(Path(__file__).with_name("bmc-protocol.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """Return a function that has the validator judge a BMC: what failed with its message, and how many assertions ended how."""
    from redfish_protocol_validator import console_scripts, utils

    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    # It would look for services by multicast, beyond this machine.
    monkeypatch.setattr(utils, "discover_ssdp", lambda *_, **__: {})

    def judge(device: str) -> tuple[dict[str, str], Counter]:
        with twin_of(tmp_path / "state", (device,), rate=60) as twin:
            client = twin.client(device)
            where = f"https://{client.host}:{client.port}"
            words = ["rf_protocol_validator", "-u", client.user, f"--password={client.password}", "-r", where]
            words += ["--ca-bundle", str(twin.state / "twin" / "ca.pem"), "--avoid-http-redirect"]
            words += ["--report-dir", str(tmp_path), "--report-type", "tsv"]
            monkeypatch.setattr("sys.argv", words)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
                console_scripts.main()
        (report,) = tmp_path.glob("*.tsv")
        with report.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        bad = {row["Assertion"]: row["Message"] for row in rows if row["Result"] in ("FAIL", "WARN")}
        return bad, Counter(row["Result"] for row in rows)

    return judge


# The validator tries old TLS on purpose, and closes little of what it opens.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("device", sorted(TABLE))
def test_what_it_fails_is_known(judged, device):
    """Each assertion that fails stands in the table with its reason, and each of the table fails."""
    bad, counted = judged(device)
    # A test of chance over one token: one of a hundred that are random fails it.
    bad.pop("RESP_HEADERS_X_AUTH_TOKEN", None)
    assert set(bad) == set(TABLE[device]["fails"]), bad
    assert counted["PASS"] >= TABLE[device]["passes"]
