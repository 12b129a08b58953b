"""nodes.csv filled from the emulated rack: what it shows is matched with the plan, written when asked, never overwritten."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rackwright import secrets
from rackwright.cli import main
from rackwright.plan import workspace
from rackwright.render import switch_tree
from rackwright.twin.process import Background, Spec

SITES = Path(__file__).resolve().parents[2] / "inventory"


def rw(*words):
    """Run a command line in this process; return its exit code, stdout as JSON, and stderr."""
    result = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert not (result.exception and not isinstance(result.exception, SystemExit)), result.output
    return SimpleNamespace(code=result.exit_code, data=json.loads(result.stdout or "null"), talk=result.stderr)


def rows(site):
    with (site / "nodes.csv").open() as stream:
        return {row["name"]: {key: value for key, value in row.items() if value} for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """Return a rack that runs what is planned; the truth about its machines; and a function that begins with an empty nodes.csv."""
    folder = tmp_path_factory.mktemp("discover")
    site = Path(
        shutil.copytree(SITES / "r760xa-converged", folder / "site", ignore=shutil.ignore_patterns(".rackwright"))
    )
    shutil.rmtree(site / ".rackwright", ignore_errors=True)
    plan = workspace.planned(workspace.open_site(site)).plan
    trees = {switch.name: switch_tree(switch) for switch in plan.switches}
    names = {ref.name for tree in trees.values() for ref in secrets.references(tree)}
    truth = rows(site)
    cabled = {(link.b.device, link.b.port) for link in plan.links if link.kind == "management"}
    spec = Spec(
        plan=plan,
        state=str(site / ".rackwright"),
        rate=600.0,
        secrets=(*sorted(names), "switch_password"),
        startup=trees,
    )

    def begin(text="name,service_tag\n# spare parts: none\n"):
        (site / "nodes.csv").write_text(text)

    with Background(spec) as twin:
        yield SimpleNamespace(site=site, ask=twin.ask, truth=truth, begin=begin, cabled=cabled)


@pytest.fixture(autouse=True)
def mended(rack):
    """Have each test begin with a whole rack."""
    rack.ask("clear")


def discover(rack, *words):
    return rw("discover", rack.site, "--twin", *words)


def leases(rack, folder):
    """Write the leases that dnsmasq would have given the BMCs: a hostname with the service tag in it."""
    file = folder / "leases"
    lines = [
        f"1764200000 {row['bmc']} 10.10.2.{number} iDRAC-{row['service_tag']} *\n"
        for number, row in enumerate(rack.truth.values(), 10)
        if "bmc" in row
    ]
    file.write_text("".join(lines))
    return file


def test_an_empty_file_is_filled(rack, tmp_path):
    """With nothing known, what is behind the out-of-band ports, the switches themselves and the leases give every BMC, service tag and management port, as they really are; a second run finds nothing new."""
    rack.begin()
    before = (rack.site / "nodes.csv").read_text()
    file = leases(rack, tmp_path)
    shown = discover(rack, "--leases", file)
    assert (shown.code, (rack.site / "nodes.csv").read_text()) == (3, before), shown.data
    done = discover(rack, "--leases", file, "--yes")
    assert done.code == 0, done.data
    found = rows(rack.site)
    assert len(rack.cabled) > 15
    for name, column in rack.cabled:
        assert found[name][column] == rack.truth[name][column], (name, column)
        assert found[name]["service_tag"] == rack.truth[name]["service_tag"], name
    assert (rack.site / "nodes.csv").read_text().splitlines()[1] == "# spare parts: none"
    again = discover(rack, "--leases", file)
    assert (again.code, again.data["changes"]) == (0, [])


def test_what_the_file_says_stays(rack):
    """A value that is another than the one seen is told with its line and left; so is a machine that stands where another is planned."""
    rack.begin("name,service_tag,bmc\ngpu01,AAAAAAA,02:00:00:00:00:01\ncore01,WRONG01,\n")
    before = (rack.site / "nodes.csv").read_text()
    done = discover(rack, "--limit", "oob01", "--limit", "core01", "--yes")
    assert done.code == 4
    there = {(one["name"], one["column"]): one["line"] for one in done.data["conflicts"]}
    assert there == {("gpu01", "bmc"): 2, ("core01", "service_tag"): 3}
    after = (rack.site / "nodes.csv").read_text()
    assert after.splitlines()[1].startswith(before.splitlines()[1])


def test_swapped_cables_are_told(rack):
    """Two BMCs whose cables are swapped are found at each other's place, and neither is written over."""
    rack.begin(
        "name,service_tag,bmc\n" + "".join(f"{name},,{rack.truth[name]['bmc']}\n" for name in ("gpu01", "gpu02"))
    )
    rack.ask("fault", kind="swap-cables", a="oob01:swp1", b="oob01:swp3")
    before = rows(rack.site)
    done = discover(rack, "--limit", "oob01", "--yes")
    assert done.code == 4
    assert {(one["name"], one["owner"]) for one in done.data["conflicts"]} == {
        ("gpu01", "gpu02 bmc"),
        ("gpu02", "gpu01 bmc"),
    }
    assert {name: rows(rack.site)[name]["bmc"] for name in before} == {name: before[name]["bmc"] for name in before}


def test_who_cannot_be_asked_is_told(rack):
    """A switch that does not answer is an error with its reason; what the others show is found all the same."""
    rack.begin()
    rack.ask("fault", kind="refuse-auth", device="core01", count=0)
    done = discover(rack)
    assert done.code == 1
    assert list(done.data["unasked"]) == ["core01"]
    assert {one["name"] for one in done.data["changes"]} >= {"core02", "oob01", "gpu01"}
