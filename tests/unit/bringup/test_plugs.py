"""Management cables in a bring-up: told to the servers that they concern, and asked of each switch once for all of them."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import msgspec
import pytest

from rackwright import audit
from rackwright.audit.cabling import Port
from rackwright.audit.learned import TABLE
from rackwright.audit.ledger import Proof
from rackwright.audit.model import INTERFACES
from rackwright.bringup.glances import Glances
from rackwright.bringup.nearby import Nearby
from rackwright.bringup.work import cables, looks, plugs
from rackwright.bringup.world import Patience, World
from rackwright.findings import finding
from rackwright.runs.model import Task
from tests.unit.audit.racks import rack
from tests.unit.audit.test_plugs import exchange, forget, fresh
from tests.unit.bringup.test_work import cable, job
from tests.unit.push.fake import Clock


def world(made):
    """What the tasks of a bring-up need of a rack, whose servers are those with a cable of a BMC."""
    plan = made.site.plan
    servers = dict.fromkeys(device.name for device in plan.devices if device.role == "server")
    whole = SimpleNamespace(plan=plan, machines=servers, switches=made.site.switches)
    return {
        "plan": plan, "machines": servers, "switches": made.site.switches, "audited": made.site, "nearby": Nearby(plan),
        "managed": World.managed.func(whole), "peers": World.peers.func(whole), "glances": Glances(),
        "patience": Patience(settle_s=0),
        "way": SimpleNamespace(endpoints=made.site.switches, bmcs={}, hosts={}, clock=Clock()),
    }  # fmt: skip


def task(name, folder, known):
    """A task of a stage, in a bring-up of all servers of the rack."""
    tasks = {f"cabling/{one}": Task(name=f"cabling/{one}", stage="cabling", device=one) for one in known["machines"]}
    stage, _, device = name.partition("/")
    mine = Task(name=name, stage=stage, device="" if device == "blink" else device)
    return dataclasses.replace(job("cabling/blink", (), folder, **known), task=mine, tasks={**tasks, name: mine})


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """Return a function that does `cabling` or `accept` for some servers, and the switches that were asked."""
    asked = []
    made = fresh()
    known = world(made)
    found = {"blink": [cable(name, "link", "9 links", status="pass") for name in known["machines"]], "standing": ()}

    def look(_job, name, _checks):
        asked.append(name)
        return made.evidence()[name]

    monkeypatch.setattr(cables, "look_at", look)
    monkeypatch.setattr(looks, "look_at", look)
    monkeypatch.setattr(
        cables.blinking, "blink", lambda *_, **__: Proof(tuple(found["blink"]), frozenset(found["standing"]))
    )

    def done(stage, *names, number=1):
        if stage == "cabling" and number == 1:
            cables.seen(task("cabling/blink", tmp_path, known))
        work = cables.cables if stage == "cabling" else looks.accepted_server
        ended = {}
        for name in names:
            one = task(f"{stage}/{name}", tmp_path, known)
            one.context.number = number
            ended[name] = work(one)
        return ended

    return SimpleNamespace(done=done, asked=asked, made=made, found=found)


def test_exchanged_bmcs_fail_both_servers_and_no_other_with_one_look_at_the_switch(stage):
    """Each BMC answers over the other's cable, and both servers were accepted."""
    exchange(stage.made, "swp9", "swp11")
    ended = stage.done("cabling", "gpu05", "gpu06", "gpu07", "gpu01")
    assert {name: one.state for name, one in ended.items()} == {
        "gpu05": "failed", "gpu06": "failed", "gpu07": "unchanged", "gpu01": "unchanged",
    }  # fmt: skip
    for name in ("gpu05", "gpu06"):
        assert ended[name].remedy == "swap oob01 swp9 with swp11 (or, at the other ends, gpu05 bmc with gpu06 bmc)"
    assert ended["gpu01"].cause == ""
    assert stage.asked == ["oob01"]
    assert "evidence/cabling/management/oob01.json" in ended["gpu05"].detail["evidence"]


def test_exchanged_bmc_and_lom_fail_their_server(stage):
    """The audit found it and the certificate had nothing of it."""
    exchange(stage.made, "swp15", "swp16")
    ended = stage.done("cabling", "gpu05", "gpu08")
    assert {name: one.state for name, one in ended.items()} == {"gpu05": "unchanged", "gpu08": "failed"}


def test_a_server_that_is_mended_and_tried_again_is_good(stage):
    """What was seen before the plugs were moved says nothing of it, however short ago that was."""
    exchange(stage.made, "swp9", "swp11")
    assert stage.done("cabling", "gpu05")["gpu05"].state == "failed"
    exchange(stage.made, "swp9", "swp11")
    assert stage.done("cabling", "gpu05", number=2)["gpu05"].state == "unchanged"


def test_a_cable_that_nothing_tells_of_is_a_note_in_the_record(stage):
    """A BMC's address that aged out fails nobody, and the server does not look as if its cable had been seen."""
    forget(stage.made, "swp9")
    ended = stage.done("cabling", "gpu05", "gpu06")
    assert (ended["gpu05"].state, ended["gpu06"].state, ended["gpu06"].cause) == ("unchanged", "unchanged", "")
    assert ended["gpu05"].detail["unproven"] == [
        {
            "cables": ["oob01 swp9 to gpu05 bmc"], "why": "its MAC address is not in the table of oob01",
            "how": "ping it, or wait until its system speaks, and look again",
        }
    ]  # fmt: skip
    assert "unproven" not in ended["gpu06"].detail
    assert "not verified: bmc at oob01 swp9: its MAC address is not in the table of oob01" in ended["gpu05"].cause
    assert "ping it" in ended["gpu05"].cause


def test_proven_management_cables_are_no_proof_of_rails(stage):
    """A blink that says nothing of a server fails it, whatever its BMC's cable is."""
    stage.found["blink"] = [cable("gpu06", "link", "9 links", status="pass")]
    ended = stage.done("cabling", "gpu05", "gpu06")
    assert (ended["gpu05"].state, ended["gpu05"].cause) == (
        "failed",
        "nothing that was seen tells where its cables end",
    )
    assert ended["gpu06"].state == "unchanged"


def test_servers_that_a_blink_found_in_their_places_are_not_to_be_exchanged(stage):
    """Whoever carries two servers across the hall for two cables has both cabled wrongly, and a week is gone."""
    both(stage.made)
    stage.found["standing"] = {"gpu06"}
    swaps = {
        "swap oob01 swp9 with swp11 (or, at the other ends, gpu05 bmc with gpu06 bmc)",
        "swap oob01 swp10 with swp12 (or, at the other ends, gpu05 b3220l-1.bmc with gpu06 b3220l-1.bmc)",
    }
    ended = stage.done("cabling", "gpu05", "gpu06", "gpu07")
    assert [one.state for one in ended.values()] == ["failed", "failed", "unchanged"]
    assert all(set(ended[name].remedy.splitlines()) == swaps for name in ("gpu05", "gpu06"))
    assert stage.asked == ["oob01"]


def test_acceptance_remembers_who_stands_where_it_is_planned(stage, monkeypatch):
    """It sees the management cables alone, and would say the other thing than `cabling` said an hour before."""
    monkeypatch.setattr(looks, "_server", lambda *_: _nothing())
    both(stage.made)
    stage.found["standing"] = {"gpu05"}
    stage.done("cabling")
    assert "exchange" not in stage.done("accept", "gpu06")["gpu06"].remedy


def test_acceptance_by_itself_weighs_what_the_system_hears(stage, monkeypatch):
    """A server whose rails its own system hears in their places is no exchanged one; of whose nobody heard both ways are told."""
    body = [finding("HOST-CABLING", "gpu05", "10 cables as planned", status="pass", remedy="")]
    monkeypatch.setattr(looks, "_server", lambda *_: _nothing()._replace(found=body))
    both(stage.made)
    assert stage.done("accept", "gpu05")["gpu05"].remedy.startswith("swap oob01 swp10 with swp12 (or")
    body.clear()
    told = stage.done("accept", "gpu05")["gpu05"]
    assert (
        "gpu05 and gpu06 are exchanged, or the cables in oob01 swp9 and swp11, oob01 swp10 and swp12 are" in told.cause
    )
    assert "rackwright bringup --only cabling --limit gpu05 --limit gpu06" in told.remedy
    assert "swap oob01 swp9 with swp11, oob01 swp10 with swp12; if not, exchange gpu05 and gpu06" in told.remedy


def test_servers_that_all_proofs_show_in_each_others_places_are_told_once(stage):
    """A person is sent to carry two servers, and is not asked beside it whether their cables are meant."""
    both(stage.made)
    carried = finding(
        "LINK-BLINK",
        "be01",
        "gpu05 and gpu06 are exchanged",
        path="device.gpu05.gpu06",
        remedy="exchange gpu05 and gpu06",
    )
    stage.found["blink"] = [carried, cable("gpu07", "link", "10 links", status="pass")]
    ended = stage.done("cabling", "gpu05", "gpu06", "gpu07")
    assert [(one.state, one.remedy) for one in ended.values()] == [("failed", carried.remedy)] * 2 + [("unchanged", "")]


def both(made):
    """Exchange the plugs of BMC and adapter's BMC of two servers."""
    exchange(made, "swp9", "swp11")
    exchange(made, "swp10", "swp12")


def test_acceptance_looks_again_and_all_servers_share_one_look(stage, monkeypatch):
    """A plug that was moved after the cabling was proven is found, and a hundred servers do not ask the switch a hundred times."""
    monkeypatch.setattr(looks, "_server", lambda *_: _nothing())
    exchange(stage.made, "swp9", "swp11")
    ended = stage.done("accept", "gpu05", "gpu06", "gpu07", "gpu08")
    assert [one.state for one in ended.values()] == ["failed", "failed", "unchanged", "unchanged"]
    assert "swap oob01 swp9 with swp11" in ended["gpu05"].remedy
    assert stage.asked == ["oob01"]


def _nothing():
    seen = getattr(looks, "Seen", None) or looks._Seen
    return seen([], [])


def test_a_cable_to_another_switch_is_told_from_both_holes(tmp_path):
    """Of a server alone its own switch is asked; where a BMC of elsewhere is found there, that one's switch, too."""
    made = rack("era-2-8-9-400")
    every = [link for links in world(made)["managed"].values() for link in links]
    first = every[0]
    other = next(one for one in every if one[0].device != first[0].device and one[1].device != first[1].device)
    macs = {first[1]: "02:00:00:00:00:01", other[1]: "02:00:00:00:00:02"}
    devices = tuple(
        msgspec.structs.replace(one, macs=tuple((far.name, mac) for far, mac in macs.items() if far.device == one.name))
        for one in made.site.plan.devices
    )
    plan = msgspec.structs.replace(made.site.plan, devices=devices, hosts=())
    made = dataclasses.replace(made, site=audit.Site(plan, made.site.catalog))
    for (near, _), (_, far) in ((first, other), (other, first)):
        made.said[near.device][INTERFACES][near.name].pop("lldp", None)
        made.said[near.device][TABLE] = {"1": {"mac": macs[far], "interface": near.name}}
    known = world(made)
    asked = []
    known["managed"] = {far.device: ((near, far),) for near, far in (first, other)}
    one = task(f"cabling/{first[1].device}", tmp_path, known)
    look = plugs.Plugs(one, [first[1].device], lambda name: asked.append(name) or made.evidence()[name])
    (wrong,) = [item for item in look.found((), set) if item.status == "fail"]
    assert sorted(asked) == sorted({first[0].device, other[0].device})
    assert len(look.kept) == 2
    assert wrong.remedy.startswith("swap ")
    assert {str(first[0]), str(other[0])} <= {line.partition(" sees ")[0] for line in wrong.evidence}


def test_a_look_is_shared_for_a_moment():
    """Who asks while somebody looks gets what that one sees; who needs it anew, a look that began after the question."""
    glances, looked = Glances(60.0), []
    begun, go = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go.wait(5)
        looked.append("slow")
        return len(looked)

    def quick():
        looked.append("quick")
        return len(looked)

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(glances.of, "oob01", slow)
        begun.wait(5)
        waiting = threads.submit(glances.of, "oob01", quick)
        anew = threads.submit(glances.of, "oob01", quick, anew=True)
        go.set()
        assert (first.result(), anew.result()) == (1, 2)
        assert waiting.result() in {1, 2}
    assert looked == ["slow", "quick"]
    assert glances.of("oob02", quick) == 3


def test_what_was_told_long_ago_is_asked_again():
    """A plug may have been moved since."""
    glances = Glances(0.0)
    assert [glances.of("oob01", iter([number]).__next__) for number in (1, 2)] == [1, 2]


def test_a_look_that_fails_leaves_the_next_one_free():
    """A switch that was away for a moment is asked by the next server."""
    glances = Glances()
    with pytest.raises(ValueError, match="away"):
        glances.of("oob01", lambda: (_ for _ in ()).throw(ValueError("away")))
    assert glances.of("oob01", lambda: 1) == 1


def test_ports_of_servers_at_out_of_band_switches_are_found_once_for_the_site():
    """BMC, adapter's BMC and LOM; no switch's eth0 and no PDU."""
    managed = world(fresh())["managed"]
    assert managed["gpu05"] == (
        (Port("oob01", "swp9"), Port("gpu05", "bmc")),
        (Port("oob01", "swp10"), Port("gpu05", "b3220l-1.bmc")),
    )
    assert {far.name for links in managed.values() for _, far in links} == {"bmc", "b3220l-1.bmc", "lom1"}
