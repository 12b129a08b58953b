"""Emulated servers are audited over the wire: what is right passes, and each fault of a BMC is found where it was planted."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from click.testing import CliRunner

from rackwright.audit import Answer, read
from rackwright.audit.machines import judge
from rackwright.cli import main
from rackwright.plan import workspace
from rackwright.plan.machines import machines
from rackwright.twin.bmc.service.plans import Bmcs
from rackwright.twin.process import Background, Spec

pytestmark = pytest.mark.xdist_group("machine-audit-twin")

SITES = Path(__file__).resolve().parents[2] / "inventory"
RATE = 600.0
SERVERS = ("gpu01", "gpu02", "gpu03", "gpu04", "mgmt01")
NAMES = frozenset({*SERVERS, *(f"{name}.b3220l-1" for name in SERVERS if name.startswith("gpu"))})


def copied(folder: Path) -> Path:
    """Return a copy of the reference site, without anybody's state."""
    ignored = shutil.ignore_patterns(".rackwright")
    return Path(shutil.copytree(SITES / "xe9680-spectrum-x", folder / "site", ignore=ignored))


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """Return a twin of some BMCs that run what is pinned, and ways to ask it and to audit it."""
    site = copied(tmp_path_factory.mktemp("machines"))
    opened = workspace.open_site(site)
    plan = workspace.planned(opened).plan
    bmcs = Bmcs(
        site=opened.loaded.require().model_dump_json(), catalog=opened.loaded.catalog.model_dump_json(),
        only=NAMES, firmware="planned",
    )  # fmt: skip
    spec = Spec(plan=plan, state=str(site / ".rackwright"), rate=RATE, only=frozenset(), secrets=("bmc",), bmcs=bmcs)
    with Background(spec) as background:
        yield SimpleNamespace(site=site, ask=background.ask)


def audit(site, *words):
    """Run the verb over the BMCs that the twin has; return its exit code, what is wrong or untold, and everything."""
    limit = [part for name in SERVERS for part in ("--limit", name)]
    result = CliRunner().invoke(
        main, ["audit", str(site), *("--twin" if "--snapshot" not in words else "").split(), "--json", "--quiet", *limit, *map(str, words)]
    )  # fmt: skip
    assert result.stdout, result.output
    value = json.loads(result.stdout)
    found = [item for item in value["findings"] if item["status"] in {"fail", "error"} and item["severity"] != "info"]
    return result.exit_code, found, value


@pytest.fixture
def planted(rack):
    """Return a function that plants a fault and takes it away in the end."""

    def plant(kind, device="gpu01", **rest):
        rack.ask("fault", kind=kind, device=device, **rest)

    yield plant
    rack.ask("clear")


def said(found):
    """Return what is wrong as (check, subject, path, status)."""
    return {(item["check"], item["subject"], item["path"], item["status"]) for item in found}


def test_servers_as_planned_have_right_hardware_and_firmware(rack):
    """Every check of hardware and firmware that applies has passed over the wire, on each server, and nothing is wrong."""
    code, found, value = audit(rack.site, "--only", "hardware,firmware")
    assert (code, found) == (0, [])
    passed = {(item["check"], item["subject"]) for item in value["findings"] if item["status"] == "pass"}
    for check in (
        "MACHINE-IDENTITY",
        "SERVER-GPUS",
        "NIC-MODELS",
        "NIC-RAILS",
        "NIC-LINKS",
        "NIC-LANES",
        "BOOT-MIRROR",
        "SERVER-MEMORY",
    ):
        assert (check, "gpu01") in passed
    assert ("BMC-REACHED", "gpu01.b3220l-1") in passed
    assert ("FIRMWARE-VERSIONS", "mgmt01") in passed


def test_bios_and_settings_of_the_factory_are_told(rack):
    """A factory-fresh server has another profile and no time servers: each attribute is told, with what it should be."""
    code, found, _ = audit(rack.site, "--only", "bmc", "--limit", "gpu01")
    assert code == 4
    of_one = {(item["check"], item["path"], item["expected"]) for item in found if item["subject"] == "gpu01"}
    assert ("BIOS-SETTINGS", "SysProfile", "PerfOptimized") in of_one
    assert ("BIOS-SETTINGS", "SriovGlobalEnable", "Enabled") in of_one
    assert "BMC-TIME" in {check for check, _, _ in of_one}


@pytest.mark.parametrize(
    ("kind", "rest", "expected"),
    [
        ("psu-lost", {"value": "PSU.Slot.2"}, ("POWER-SUPPLIES", "gpu01")),
        ("gpu-lost", {"value": "Video.Slot.23-1"}, ("SERVER-GPUS", "gpu01")),
        ("odd-version", {"a": "BIOS.Setup.1-1", "value": "NotAvailable"}, ("FIRMWARE-VERSIONS", "gpu01")),
        ("link-down", {"a": "b3140h-3"}, ("NIC-LINKS", "gpu01")),
    ],
)
def test_a_fault_of_one_server_is_told_there_alone(rack, planted, kind, rest, expected):
    """What is wrong at one server is found at that server by the check for it, and nowhere else."""
    planted(kind, **rest)
    _, found, _ = audit(rack.site, "--only", "hardware,firmware")
    assert {(item["check"], item["subject"]) for item in found} == {expected}


def test_a_bmc_that_is_away_fails_alone(rack, planted):
    """A dead BMC is one error with its reason, exit 1; the others are judged and right."""
    planted("bmc-dead", device="gpu02")
    code, found, _ = audit(rack.site, "--only", "hardware", "--check", "SERVER-MODEL")
    assert code == 1
    assert said(found) == {("BMC-REACHED", "gpu02", "", "error")}


def test_lockdown_is_a_note_where_the_site_says_nothing(rack, planted):
    """Lockdown that nobody asked for is told, since a push would be refused, and is no finding unless --strict is."""
    planted("lockdown")
    code, found, value = audit(rack.site, "--check", "BMC-LOCKDOWN")
    assert (code, found) == (0, [])
    assert [item["subject"] for item in value["findings"] if item["status"] == "fail"] == ["gpu01"]
    assert audit(rack.site, "--check", "BMC-LOCKDOWN", "--strict")[0] == 4


def test_swapped_rows_of_nodes_csv_are_swapped_servers(rack, tmp_path):
    """Two servers that answer at each other's name are named, with what to do, and nothing else is said to be wrong with them."""
    site = Path(shutil.copytree(rack.site, tmp_path / "swapped", ignore=shutil.ignore_patterns(".rackwright")))
    rows = (site / "nodes.csv").read_text().splitlines()
    one, two = (next(at for at, row in enumerate(rows) if row.startswith(name)) for name in ("gpu01,", "gpu02,"))
    rows[one], rows[two] = "gpu01," + rows[two].partition(",")[2], "gpu02," + rows[one].partition(",")[2]
    (site / "nodes.csv").write_text("\n".join(rows) + "\n")
    kept = tmp_path / "kept"
    audit(rack.site, "--only", "hardware", "--keep", kept)
    code, found, _ = audit(site, "--only", "hardware", "--snapshot", kept)
    assert code == 4
    (swap,) = found
    assert swap["message"] == "gpu01 and gpu02 are swapped"
    assert "swap their BMC cables" in swap["remedy"]


def test_kept_evidence_gives_the_same_findings_and_holds_no_secret(rack, tmp_path):
    """A look that was kept is judged alike without a BMC, and the password of the BMCs is in none of its files."""
    _, _, live = audit(rack.site, "--only", "hardware,bmc", "--keep", tmp_path / "kept")
    _, _, again = audit(rack.site, "--only", "hardware,bmc", "--snapshot", tmp_path / "kept")
    assert [{(item["id"], item["status"]) for item in value["findings"]} for value in (live, again)] == [
        {(item["id"], item["status"]) for item in live["findings"]}
    ] * 2
    password = (rack.site / ".rackwright/twin/secrets/bmc").read_bytes().strip()
    files = list((tmp_path / "kept").iterdir())
    assert len(files) == len(NAMES)
    assert not [file for file in files if password in file.read_bytes()]


def test_no_session_is_left_at_a_bmc(rack):
    """After audits the BMCs have as many sessions as before: an iDRAC has eight, and one that is left is lost for half an hour."""

    def sessions():
        return {name: told["sessions"] for name, told in rack.ask("status")["bmcs"].items()}

    before = sessions()
    audit(rack.site, "--only", "hardware")
    until = time.monotonic() + 5
    while sessions() != before and time.monotonic() < until:
        time.sleep(0.05)
    assert sessions() == before


def test_less_evidence_never_tells_more(rack, tmp_path):
    """Whichever resource is missing or refused, nothing that was right is called wrong for it, and nothing wrong right."""
    audit(rack.site, "--only", "hardware,firmware", "--keep", tmp_path)
    opened = workspace.open_site(rack.site)
    every = machines(workspace.planned(opened).plan, opened.loaded.require(), opened.loaded.catalog)
    servers = {one.name: one for one in every}
    kept = dict(read(tmp_path, NAMES))

    def judged(evidence):
        found = judge(servers, {**kept, "gpu01": evidence}, names=NAMES, domains=("hardware", "firmware"))
        return {(one.check, one.path, one.status) for one in found if one.subject == "gpu01"}

    whole = judged(kept["gpu01"])
    assert not {one for one in whole if one[2] == "error"}
    answers = kept["gpu01"].answers
    wrong = {}
    for at, answer in enumerate(answers):
        for less in ((), (Answer(answer.question, error="503"),)):
            partly = msgspec.structs.replace(kept["gpu01"], answers=(*answers[:at], *less, *answers[at + 1 :]))
            more = {one for one in judged(partly) - whole if one[2] in {"fail", "pass"}}
            if more:
                wrong[answer.question, bool(less)] = more
    assert wrong == {}
