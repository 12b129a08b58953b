"""An emulated rack is audited over the wire: right it is right, and each fault is found where it was planted, with its repair."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import nornir_tasks
from rackwright.cli import main
from rackwright.nvue.tree import get, put
from rackwright.plan import workspace
from rackwright.render import switch_tree
from rackwright.twin.process import Background, Spec
from tests.sites import site as site_of

pytestmark = pytest.mark.xdist_group("audit-twin")

SITES = Path(__file__).resolve().parents[2] / "inventory"
RATE = 600.0


@pytest.fixture(scope="module", params=["xe9680-spectrum-x"])
def rack(request, tmp_path_factory):
    """Return a twin that runs what its site renders, and ways to ask it and to audit it."""
    site = Path(
        shutil.copytree(
            SITES / request.param,
            tmp_path_factory.mktemp("audit") / request.param,
            ignore=shutil.ignore_patterns(".rackwright"),
        )
    )
    plan = workspace.planned(workspace.open_site(site)).plan
    with Background(running(site, plan)) as background:
        yield SimpleNamespace(site=site, plan=plan, ask=background.ask, audit=lambda *words: audit(site, *words))


def running(site, plan, **changed):
    """Return a twin whose switches run what is rendered, but for the trees in ``changed``."""
    passwords = tuple(sorted({switch.system.password for switch in plan.switches if switch.system.password}))
    trees = {switch.name: switch_tree(switch) for switch in plan.switches}
    return Spec(
        plan=plan, state=str(site / ".rackwright"), rate=RATE, kind="emulated", secrets=passwords,
        startup=trees | changed,
    )  # fmt: skip


def audit(site, *words):
    """Run the verb and return its exit code and the findings that somebody must see to."""
    result = CliRunner().invoke(main, ["audit", str(site), "--twin", "--json", "--quiet", *map(str, words)])
    assert result.stdout, result.output
    value = json.loads(result.stdout)
    found = [item for item in value["findings"] if item["status"] in {"fail", "error"}]
    return result.exit_code, found, value


def settled(rack, want, *words, seconds=20.0):
    """Audit until it comes out as wanted: the twin settles late, as switches do."""
    until = time.monotonic() + seconds
    while True:
        code, found, value = rack.audit(*words)
        if want(code, found) or time.monotonic() > until:
            return code, found, value


def right(code, _found):
    return code == 0


@pytest.fixture
def planted(rack):
    """Return a function that plants a fault and takes it away in the end."""
    assert settled(rack, right)[1] == []

    def plant(kind, **rest):
        rack.ask("fault", kind=kind, **rest)

    yield plant
    rack.ask("clear")


def repairs(found, check="LINK-CABLING"):
    return [item["remedy"] for item in found if item["check"] == check]


def test_what_is_rendered_and_cabled_as_planned_is_right(rack):
    """Every check that applies has passed, over the wire, on each switch."""
    code, found, value = settled(rack, right)
    assert (code, found) == (0, [])
    passed = {(item["check"], item["subject"]) for item in value["findings"] if item["status"] == "pass"}
    assert {subject for _, subject in passed} == {switch.name for switch in rack.plan.switches}
    assert {"LINK-CABLING", "BGP-SESSIONS", "BFD-SESSIONS", "EVPN-SEGMENTS", "ROCE", "NTP-SYNC"} <= {
        check for check, _ in passed
    }


@pytest.mark.parametrize(
    ("one", "two", "repair"),
    [
        ("be01:swp1s0", "be01:swp1s1", "swap be01 swp1s0 with swp1s1: the ends of the split cable"),
        ("be01:swp1s0", "be02:swp1s0", "be01 swp1s0 with be02 swp1s0"),
        ("fe01:swp7s0", "fe01:swp8s0", "swap fe01 swp7s0 with swp8s0"),
    ],
)
def test_swapped_cables_are_told_with_the_swap(rack, planted, one, two, repair):
    """Two cables that changed places, to hosts and between switches, are one finding that names the swap."""
    planted("swap-cables", a=one, b=two)
    code, found, _ = settled(rack, lambda _, found: repairs(found), "--check", "LINK-CABLING")
    assert code == 4
    (told,) = repairs(found)
    assert repair in told


PLUG_IN = (
    "plug in the cable be01-swp3 (be01 swp3s0 to gpu02 b3140h-1), or replace it: it is missing, loose or dead; "
    "if it is plugged in, a plug of it may be in a port that no cable is planned for"
)


def test_a_cut_cable_is_told_as_one(rack, planted):
    """A dark link names the part to plug in or replace."""
    planted("cut-link", a="be01:swp3s0")
    code, found, _ = settled(rack, lambda _, found: repairs(found, "LINK-STATE"), "--check", "LINK-STATE")
    assert code == 4
    assert repairs(found, "LINK-STATE") == [PLUG_IN]


@pytest.mark.parametrize(
    ("kind", "value", "check", "message"),
    [
        ("wrong-version", "5.9.1", "NOS-VERSION", "runs 5.9.1, not 5.12.1"),
        ("wrong-serial", "MT0000X00000", "DEVICE-IDENTITY", "its serial is MT0000X00000"),
    ],
)
def test_a_wrong_box_is_told(rack, planted, kind, value, check, message):
    """Another image or another serial number is found on that switch alone."""
    planted(kind, device="be02", value=value)
    _, found, _ = settled(rack, lambda _, found: found, "--check", check)
    assert [(item["check"], item["subject"]) for item in found] == [(check, "be02")]
    assert message in found[0]["message"]


def test_a_switch_that_lets_nobody_in_fails_alone(rack, planted):
    """One refused login is exit 1 with the reason; the other switches are judged and right."""
    planted("refuse-auth", device="fe02", at="connect", count=0)
    code, found, value = rack.audit()
    assert code == 1
    assert [(item["check"], item["subject"], item["status"]) for item in found] == [("DEVICE-REACHED", "fe02", "error")]
    assert sum(item["check"] == "DEVICE-REACHED" and item["status"] == "pass" for item in value["findings"]) == 4


def test_kept_evidence_gives_the_same_findings(rack, tmp_path):
    """A snapshot is judged without a device, and alike."""
    settled(rack, right)
    code, _, live = rack.audit("--keep", tmp_path / "kept", "--max-flaps", 100)
    assert code == 0
    assert not any(b"$6$" in file.read_bytes() for file in (tmp_path / "kept").iterdir())
    _, _, again = rack.audit("--snapshot", tmp_path / "kept", "--max-flaps", 100)
    told = [
        {(item["id"], item["status"]) for item in value["findings"] if item["check"] != "LINK-FLAPS"}
        for value in (live, again)
    ]
    assert told[0] == told[1]


def test_the_nornir_task_judges_one_switch(rack):
    """A user's own script gets the findings of each switch, and a failed host where something is wrong."""
    settled(rack, right)
    nornir = nornir_tasks.reaching(nornir_tasks.nornir_of_site(rack.site), rack.site, twin=True)
    found = nornir.run(task=nornir_tasks.audit_nvue, checks=["ROCE", "LINK-CABLING"])
    assert set(found) == {switch.name for switch in rack.plan.switches}
    assert not found.failed
    assert {item.subject for item in found["be01"][0].result} == {"be01"}


def without(tree, *path):
    """Return a tree without one of its nodes."""
    changed = json.loads(json.dumps(tree))
    get(changed, *path[:-1]).pop(path[-1])
    return changed


def other(tree, *path, value):
    """Return a tree with another value."""
    changed = json.loads(json.dumps(tree))
    put(changed, path, value)
    return changed


def test_what_is_set_otherwise_shows_in_what_the_fabric_does(tmp_path):
    """Settings that differ on one switch are drift there, and show where they work: sessions, VNIs, QoS, MTU."""
    site = Path(
        shutil.copytree(SITES / "xe9680-spectrum-x", tmp_path / "site", ignore=shutil.ignore_patterns(".rackwright"))
    )
    plan = workspace.planned(workspace.open_site(site)).plan
    trees = {switch.name: switch_tree(switch) for switch in plan.switches}
    changed = {
        "be01": without(trees["be01"], "qos", "roce"),
        "be02": other(trees["be02"], "interface", "swp1s0", "link", "mtu", value=1500),
        "fe01": without(trees["fe01"], "bridge", "domain", "br_default", "vlan", "300", "vni"),
        "fe02": without(trees["fe02"], "vrf", "default", "router", "bgp", "neighbor", "swp7s0"),
    }
    expected = {
        ("ROCE", "be01"), ("LINK-MTU", "be02"), ("EVPN-VNIS", "fe01"), ("BGP-SESSIONS", "fe02"), ("BGP-SESSIONS", "fe01"),
        *(("CONFIG-DRIFT", name) for name in changed),
    }  # fmt: skip
    with Background(running(site, plan, **changed)):
        code, found, _ = settled(
            SimpleNamespace(audit=lambda *words: audit(site, *words)),
            lambda _, found: expected <= {(item["check"], item["subject"]) for item in found},
        )
    assert code == 4
    assert expected <= {(item["check"], item["subject"]) for item in found}
    assert {item["subject"] for item in found if item["check"] == "CONFIG-DRIFT"} == set(changed)


def test_adaptive_routing_over_spines(tmp_path):
    """Leaves and spines as rendered are right; a port without it is told at both ends of its link."""
    (tmp_path / "site.yaml").write_text(json.dumps(site_of("rail-optimized", 32, 64)))
    plan = workspace.planned(workspace.open_site(tmp_path)).plan
    words = ("--check", "ADAPTIVE-ROUTING", "--check", "LINK-CABLING")
    rack = SimpleNamespace(audit=lambda *more: audit(tmp_path, *words, *more))
    with Background(running(tmp_path, plan)):
        code, _, value = settled(rack, right)
    assert code == 0
    routed = {item["subject"] for item in value["findings"] if item["check"] == "ADAPTIVE-ROUTING"}
    assert {"be01", "be-spine01"} <= routed
    leaf = next(switch for switch in plan.switches if switch.name == "be01")
    tree = without(switch_tree(leaf), "interface", "swp33s0", "router")
    with Background(running(tmp_path, plan, be01=tree)):
        _, found, _ = settled(rack, lambda _, found: len(found) == 2)
    assert {(item["subject"], item["path"]) for item in found} == {
        ("be01", "swp33s0.adaptive-routing"),
        ("be-spine01", "swp1s0.far end"),
    }
