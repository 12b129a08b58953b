"""From factory-fresh switches to the plan and back, through the command, over the wire, and cut off on the way."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import nornir_tasks
from rackwright.cli import main
from rackwright.cli.reaching import Wanted, reach
from rackwright.nvue.document import read
from rackwright.nvue.emit import dump
from rackwright.nvue.ranges import expand
from rackwright.plan import workspace
from rackwright.push.digests import digest_of
from rackwright.push.route import route
from rackwright.render import switch_tree
from rackwright.twin.process import Background, Spec

SITES = Path(__file__).resolve().parents[2] / "inventory"
RATE = 60.0
"""A time to confirm of ten minutes is ten seconds: enough for a busy machine to log in and look."""
pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "from rackwright.cli import main; main()"]
YES = ("--yes", "--allow-disruption")


def rw(*words):
    """Run a command line in this process; return its exit code, stdout as JSON, and stderr."""
    result = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert not (result.exception and not isinstance(result.exception, SystemExit)), result.output
    return SimpleNamespace(code=result.exit_code, data=json.loads(result.stdout or "null"), talk=result.stderr)


def push(site, *words):
    return rw("push", site, "--twin", *words)


def plan_of(site):
    return workspace.planned(workspace.open_site(site)).plan


def trees_of(plan):
    return {switch.name: switch_tree(switch) for switch in plan.switches}


def copied(name, folder):
    site = Path(shutil.copytree(SITES / name, folder / name, ignore=shutil.ignore_patterns(".rackwright")))
    (site / ".rackwright").exists() and shutil.rmtree(site / ".rackwright")
    return site


def spec_of(site, **more):
    plan = plan_of(site)
    names = {ref.name for tree in trees_of(plan).values() for ref in _references(tree)}
    return Spec(
        plan=plan, state=str(site / ".rackwright"), rate=RATE, kind="emulated", secrets=tuple(sorted(names)), **more
    )


def _references(tree):
    from rackwright import secrets

    return secrets.references(tree)


@pytest.fixture
def rack(tmp_path):
    """Return a factory-fresh twin of a small rack and what there is to ask it."""
    site = copied("xe9680-spectrum-x", tmp_path)
    with Background(spec_of(site)) as twin:
        yield SimpleNamespace(site=site, ask=twin.ask, names=[switch.name for switch in plan_of(site).switches])


def applied(rack):
    """Return the digest of what each switch runs, asked past everything that is under test."""
    return {name: digest_of(rack.ask(op="tree", device=name)["applied"]) for name in rack.names}


def planned(site):
    return {name: digest_of(tree) for name, tree in trees_of(plan_of(site)).items()}


def states(answer):
    return {device["subject"]: device["state"] for device in answer.data["devices"]}


def edited(site, old, new):
    """Change the site file in one place, and keep its lock."""
    text = (site / "site.yaml").read_text()
    assert text.count(old) == 1
    (site / "site.yaml").write_text(text.replace(old, new))
    assert rw("plan", site).code == 0


def test_there_and_back(rack, tmp_path):
    """plan -> push -> read back = plan over both wires and past them; a second push changes nothing; the former build leads back."""
    site, want = rack.site, planned(rack.site)
    assert rw("render", site, "--out", tmp_path / "former").code == 0
    first = push(site, *YES)
    assert (first.code, set(states(first).values())) == (0, {"done"}), first.data
    assert applied(rack) == want
    for transport in ("ssh", "rest"):
        way = reach(plan_of(site), site, Wanted(twin=True, transport=transport))
        for name in rack.names:
            session = way.connect(name)
            assert digest_of(session.running()) == want[name], (transport, name)
            session.close()
        read = rw("diff", site, "--against", "running", "--twin", "--transport", transport)
        assert (read.code, [len(one.get("changes", ())) for one in read.data["devices"]]) == (0, [0] * len(rack.names))
    again = push(site, "--yes")
    assert (again.code, again.data["changed"], again.data["unchanged"]) == (0, 0, len(rack.names))

    edited(site, "storage: {vlan: 500, vrf: INBAND, subnet: 10.20.8.0/22, mtu_bytes: 9000}",
           "storage: {vlan: 501, vrf: INBAND, subnet: 10.20.8.0/22, mtu_bytes: 8000}")  # fmt: skip
    other = push(site, *YES)
    assert (other.code, states(other)["fe01"], states(other)["be01"]) == (0, "done", "unchanged"), other.data
    assert applied(rack) == planned(site) != want
    back = push(site, "--build", tmp_path / "former", *YES)
    assert back.code == 0, back.data
    assert applied(rack) == want


def test_what_is_shown_before_it_is_asked(rack):
    """Without a terminal and --yes nothing is pushed, exit code 3; without --allow-disruption what interrupts is named, 1."""
    before = applied(rack)
    shown = push(rack.site)
    assert shown.code == 3
    assert len(shown.data["devices"]) == len(rack.names)
    refused = push(rack.site, "--yes")
    assert refused.code == 1
    assert "behind it are 16 GPUs on rails 1, 2, 3, 4" in refused.talk
    assert "--allow-disruption" in refused.talk
    assert applied(rack) == before


def test_limit_and_a_kept_changeset(rack, tmp_path):
    """A limit is kept; a changeset pushes what was reviewed, is refused once a switch or the site has moved on, and says where."""
    kept = tmp_path / "changes.json"
    assert rw("diff", rack.site, "--against", "running", "--twin", "--limit", "be01", "-o", kept).code == 3
    fresh = applied(rack)
    assert push(rack.site, "--limit", "be01", "--changes", kept, *YES).code == 0
    now = applied(rack)
    assert {name for name in rack.names if now[name] != fresh[name]} == {"be01"}
    assert rw("diff", rack.site, "--against", "running", "--twin", "--limit", "be02", "-o", kept).code == 3
    way = reach(plan_of(rack.site), rack.site, Wanted(twin=True))
    session = way.connect("be02")
    running = session.running()
    running["system"]["timezone"] = "Europe/Berlin"
    intended = trees_of(plan_of(rack.site))["be02"]
    user = intended["system"]["aaa"]["user"]["cumulus"]
    running["system"]["aaa"]["user"]["cumulus"]["hashed-password"] = _value(way, user["hashed-password"])
    session.apply(session.stage(running), confirm_s=300)
    session.confirm()
    session.close()
    stale = push(rack.site, "--changes", kept, *YES)
    assert stale.code == 1
    assert "be02: it runs something else than when the changeset was written, first at system.timezone" in stale.talk


def _value(way, reference):
    from rackwright import secrets

    return secrets.resolve(secrets.parse(reference), way.resolvers).reveal()


def test_an_unreachable_switch_fails_alone(rack):
    """A switch that lets nobody in is named, exit code 1, and all others are as planned."""
    rack.ask(op="fault", kind="lose-management", device="be01")
    found = push(rack.site, *YES)
    assert found.code == 1
    assert states(found) == {**dict.fromkeys(rack.names, "done"), "be01": "failed"}
    now, want = applied(rack), planned(rack.site)
    assert [name for name in rack.names if now[name] != want[name]] == ["be01"]


def test_a_switch_of_another_version_fails_alone(rack):
    """Its partner's segments, which hang on it, close no gate; what to do is named, and nothing else."""
    rack.ask(op="fault", kind="wrong-version", device="fe01", value="5.9.2")
    answer = push(rack.site, *YES)
    assert {name for name, state in states(answer).items() if state != "done"} == {"fe01"}
    assert [gate["state"] for gate in answer.data["gates"]] == ["done"] * 5
    (failed,) = (device for device in answer.data["devices"] if device["subject"] == "fe01")
    assert failed["remedy"] == "'rackwright push SITE --install IMAGE' brings it to 5.12.1 first"


def test_the_nornir_task_pushes_one_switch(rack):
    """A Nornir task submits a run; a dry run only tells the diff; what interrupts needs the flag."""
    plan = plan_of(rack.site)
    nornir = nornir_tasks.nornir_of_site(rack.site).filter(name="be01")
    nornir = nornir.with_runner(nornir_tasks.CompleteThreads(["be01"]))
    way = reach(plan, rack.site, Wanted(twin=True))
    before = applied(rack)
    dry = nornir.run(task=nornir_tasks.push_nvue, way=way, dry_run=True)["be01"][0]
    assert (dry.changed, "breakout" in dry.diff) == (False, True)
    assert nornir.run(task=nornir_tasks.push_nvue, way=way)["be01"].failed
    nornir.data.reset_failed_hosts()
    assert applied(rack) == before
    done = nornir.run(task=nornir_tasks.push_nvue, way=way, allow_disruption=True)["be01"][0]
    assert (done.changed, done.result.state) == (True, "done")
    assert applied(rack)["be01"] == planned(rack.site)["be01"]


# --- cut off ---------------------------------------------------------------------------------------


def begun(rack, *words):
    """Start a push in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, "push", str(rack.site), "--twin", *YES, *words, "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def runs_of(rack):
    folder = rack.site / ".rackwright" / "runs"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_ctrl_c_leaves_legal_states(rack):
    """Ctrl-C stops in order: exit code 130, every switch at a legal state with nothing waiting; a plain push goes on."""
    allowed = states_between(rack, [trees_of(plan_of(rack.site))])
    running = begun(rack)
    while not runs_of(rack):
        assert running.poll() is None, running.communicate()[0]
        time.sleep(0.05)
    time.sleep(2.0)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=90)
    assert running.returncode == 130, said
    assert not any(one["confirm_left_s"] for one in rack.ask(op="status")["devices"].values())
    now = applied(rack)
    assert all(now[name] in allowed[name] for name in rack.names)
    assert push(rack.site, *YES).code == 0
    assert applied(rack) == planned(rack.site)


def states_between(rack, plans):
    """Return the digests of the states that each switch may be found in, on its way from any of them to any other."""
    found = {}
    for name in rack.names:
        trees = [rack.ask(op="tree", device=name)["applied"], *(plan[name] for plan in plans)]
        stops = (stop.digest for tree in trees for other in trees[1:] for stop in route(tree, other))
        found[name] = {*map(digest_of, trees), *stops}
    return found


def _without(tree, *path):
    """Take a node away, and what it leaves empty; tell whether it was there."""
    found = path[0] in tree and (len(path) == 1 or _without(tree[path[0]], *path[1:]))
    if found and (len(path) == 1 or not tree[path[0]]):
        del tree[path[0]]
    return found


def _off(tree):
    tree["evpn"]["enable"] = "off"
    return True


def _other_peer(tree):
    tree["vrf"]["INBAND"]["router"]["bgp"]["peer-group"]["campus"]["remote-as"] = 65011
    return True


INTERRUPTS = {
    "the gateway of all hosts": lambda tree: _without(tree, "interface", "vlan300", "ip", "vrr"),
    "a VLAN of the bridge": lambda tree: _without(tree, "bridge", "domain", "br_default", "vlan", "300"),
    "the overlay": _off,
    "all loopback addresses": lambda tree: _without(tree, "interface", "lo", "ip", "address"),
    "the campus peer's ASN": _other_peer,
}
"""What was pushed without the flag once (found by a blind verifier), each to both members of a pair."""


def test_what_interrupts_is_refused_without_the_flag_and_a_node_more_is_not(rack, tmp_path):
    """Gateway, VLAN, overlay, loopbacks and peering of a running pair need --allow-disruption; an edit of the site that
    takes a VLAN from bonds or changes the peer does too; nothing is sent. A node more on ports that were kept for it is pushed.
    """
    site, build = rack.site, tmp_path / "build"
    assert push(site, *YES).code == 0
    running = applied(rack)
    revisions = {name: rack.ask(op="tree", device=name) for name in rack.names}
    assert rw("render", site, "--out", build).code == 0
    files = [build / "devices" / name / "startup.yaml" for name in ("fe01", "fe02")]
    texts = {path: path.read_text() for path in files}
    for what, change in INTERRUPTS.items():
        for path, text in texts.items():
            tree = expand(read(text).tree)
            assert change(tree), (what, path)
            path.write_text(dump(tree, model="sn5600", nos="5.12.1"))
        refused = push(site, "--build", build, "--yes")
        assert (refused.code, "--allow-disruption" in refused.talk) == (1, True), (what, refused.talk)
        assert "! fe01: " in refused.talk, what
    text = (site / "site.yaml").read_text()
    for old, new in (("tagged: [storage], media: dac", "media: dac"), ("peer_asn: 65010", "peer_asn: 65011")):
        (site / "site.yaml").write_text(text.replace(old, new))
        assert "--allow-disruption" in push(site, "--yes").talk, new
    (site / "site.yaml").write_text(text)
    assert {name: rack.ask(op="tree", device=name) for name in rack.names} == revisions
    edited(site, "count: 4, max: 8", "count: 5, max: 8")
    grown = push(site, "--yes")
    assert (grown.code, set(states(grown).values())) == (0, {"done"}), grown.data
    assert applied(rack) == planned(site) != running
