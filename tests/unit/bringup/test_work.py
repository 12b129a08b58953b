"""The work of single tasks, as far as it needs no device: whom a finding concerns, who holds others, what an order is."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import msgspec
import pytest

from rackwright import audit
from rackwright.audit.ledger import Proof
from rackwright.audit.model import INTERFACES
from rackwright.bringup import concerns, files, program
from rackwright.bringup.job import Halted, Job, Made
from rackwright.bringup.order import Consent, Order, decode
from rackwright.bringup.program import Bringup
from rackwright.bringup.stages import graph_of
from rackwright.bringup.work import cables, ends, images, looks, switches
from rackwright.bringup.world import Patience
from rackwright.drivers.hosts import answered
from rackwright.errors import (
    AuthRefused,
    IdentityChanged,
    NoSession,
    RunChanged,
    Unreachable,
)
from rackwright.findings import finding
from rackwright.runs.model import Outcome
from tests.unit.audit import racks
from tests.unit.bringup.test_stages import scope
from tests.unit.push.fake import Clock


class Context:
    """Steps that are done at once, events that are kept."""

    def __init__(self, folder):
        self.run_id, self.folder, self.told, self.number = "r", folder, [], 1

    def step(self, name, work):
        return work()

    def event(self, text, **fields):
        self.told.append((text, fields))

    def cancelled(self):
        return False


def job(name, before=(), folder=None, **world):
    graph = graph_of(scope())
    tasks = {task.name: task for task in graph.tasks}
    order = Order(site="s", intent="i", graph=graph)
    peers = {("be01", "swp1s0"): "gpu01", ("be01", "swp2s0"): "gpu02", ("fe01", "swp31"): "fe02"}
    known = {
        "machines": dict.fromkeys(scope().servers),
        "peers": peers,
        "managed": {},
        "switches": {"be01": None, "fe01": None},
        **world,
    }
    outcomes = {one.subject: one for one in before}
    return Job(SimpleNamespace(**known), Context(folder), order, tasks[name], outcomes, tasks)


def cable(subject, path, message, **fields):
    return finding("LINK-CABLING", subject, message, path=path, remedy="swap them", **fields)


def test_changes_of_a_device_are_told_with_the_file_that_has_them(tmp_path):
    """Who watches a run must be able to read what is done to a switch before it is done."""
    one = job("oob/oob01", folder=tmp_path)
    ordered = one.ordered(lambda: Made(b"{}", ["+ system.hostname", "- a.b"], "+   hostname: oob01\n-   a b\n"))
    ((text, fields),) = one.context.told
    assert text == f"2 changes before it: {tmp_path / fields['file']}"
    assert (tmp_path / fields["file"]).read_text() == "+   hostname: oob01\n-   a b\n"
    assert one.kept(ordered) == b"{}"
    assert files.orders_of(tmp_path, "oob/oob01") == b"{}"


def test_nothing_is_told_where_nothing_changes(tmp_path):
    """A thousand lines that say nothing hide the one that does."""
    one = job("oob/oob01", folder=tmp_path)
    one.ordered(lambda: Made(b"{}", []))
    one.ordered(lambda: Halted("silent"))
    assert one.context.told == []


def tried(monkeypatch, tmp_path, outcomes, tries):
    """Return how a task ends whose work ends so, try after try, and its context."""
    left, steps = list(outcomes), []

    def work(one):
        one.context.step("read", lambda: steps.append(one.context))
        return left.pop(0)

    one = job("oob/oob01", folder=tmp_path)
    one.context.slept = []
    one.context.sleep = one.context.slept.append
    one = dataclasses.replace(one, order=msgspec.structs.replace(one.order, consent=Consent(tries=tries)))
    monkeypatch.setitem(program._SWITCHES, "oob", work)
    one = dataclasses.replace(one, world=SimpleNamespace(switches={"oob01": None}, machines={}))
    return Bringup(one.world)._tried(one), one.context, left


GONE = Outcome(subject="oob/oob01", state="failed", cause="no route to it", detail={"passing": True})
REFUSED = Outcome(subject="oob/oob01", state="failed", cause="invalid config")
WELL = Outcome(subject="oob/oob01", state="done")


@pytest.mark.parametrize(
    ("outcomes", "tries", "state", "pauses"),
    [
        ([GONE, WELL], 2, "done", 1),
        ([GONE, GONE, WELL], 2, "failed", 1),
        ([GONE, WELL], 1, "failed", 0),
        ([REFUSED, WELL], 3, "failed", 0),
        ([GONE, REFUSED, WELL], 3, "failed", 1),
    ],
)
def test_only_what_passes_is_tried_again_and_only_so_often(monkeypatch, tmp_path, outcomes, tries, state, pauses):
    """A device that refuses must not be asked all night, and one that was away for a moment must not wait for the morning."""
    ended, context, _ = tried(monkeypatch, tmp_path, outcomes, tries)
    assert ended.state == state
    assert context.slept == [60.0] * pauses
    assert [text.partition(":")[0] for text, _ in context.told] == [
        f"tried again in 60 s, for time {number} of {tries}" for number in range(2, 2 + pauses)
    ]


def test_finding_of_a_switch_concerns_the_server_at_its_port_and_those_that_it_names():
    """Two exchanged cables are two servers' to mend; told at one, the other is accepted with a wrong rail."""
    one = job("cabling/gpu01").world
    found = cable(
        "be01", "swp1s0", "the cables in swp1s0 and swp2s0 are exchanged", expected="be01 swp2s0 - gpu02 b3140h-1"
    )
    assert concerns.servers(found, one.peers, one.machines) == {"gpu01", "gpu02"}
    assert concerns.servers(cable("fe01", "swp31", "no light"), one.peers, one.machines) == frozenset()


def test_findings_survive_the_journal():
    """A resumed run must fail for the same reason with the same remedy."""
    bad, good = cable("be01", "swp1s0", "exchanged"), finding("LINK-CABLING", "fe01", "fine", remedy="", status="pass")
    told = concerns.unpacked(concerns.packed([bad, good]))
    assert told[0] == bad
    assert [one.status for one in told] == ["fail", "pass"]


def test_a_look_leaves_every_check_that_it_made_with_what_came_of_it(tmp_path):
    """A certificate that says "39 passed" says neither which, nor what nobody could look at; after a resume it says the same."""
    found = [
        cable("be01", "swp1s0", "exchanged"),
        cable("be01", "swp2s0", "exchanged too"),
        cable("be01", "swp3s0", "a server's", severity="info"),
        finding("BGP-SESSIONS", "be01", "8 sessions", remedy="", status="pass"),
        finding("NTP-SYNC", "be01", "it does not say", remedy="", status="error"),
        *(finding("ROCE", "be01", f"{text}", remedy="", status="skipped") for text in ("a", "a", "b", "c" * 500, "d", "e")),
    ]  # fmt: skip
    one = job("fabric/be01", folder=tmp_path)
    told = one.judged(concerns.unpacked(concerns.packed(found)), [], {"Cumulus Linux": "5.12.1"})
    assert told.detail["checks"] == [
        {"check": "BGP-SESSIONS", "passed": 1},
        {"check": "LINK-CABLING", "failed": 2, "notes": 1},
        {"check": "NTP-SYNC", "errors": 1},
        {"check": "ROCE", "skipped": 6, "why": ["a", "b", "c" * 240 + "...", "d"]},
    ]
    assert told.detail["versions"] == {"Cumulus Linux": "5.12.1"}
    assert "versions" not in one.judged([], []).detail


def test_installation_is_a_change_though_the_configuration_came_with_it(tmp_path):
    """Its disk was wiped: the record says so, and the gate asks for the links of a switch that has just booted anew."""
    one = job("frontend/fe01", folder=tmp_path, plan=scope().plan)
    still = Outcome(subject="frontend/fe01", state="unchanged", detail={"sent": ["orders/frontend/fe01-1.json"]})
    renewed = Outcome(subject="fe01", state="done", detail={"installed": "orders/x.json", "backup": "backup/fe01.yaml"})
    told = images.told(one, renewed, still)
    assert told.state == "done"
    assert told.detail == {
        "sent": ["orders/frontend/fe01-1.json"], "changes": [f"+ Cumulus Linux {scope().plan.nos}, installed anew"],
        "evidence": ["backup/fe01.yaml"],
    }  # fmt: skip
    assert not images.is_lost(told)
    for other in (msgspec.structs.replace(renewed, state="unchanged"), renewed):
        bad = msgspec.structs.replace(still, state="unchanged" if other is not renewed else "failed")
        assert images.told(one, other, bad) is bad


@pytest.mark.parametrize(
    ("state", "stage", "opens"),
    [("failed", "come back", False), ("failed", "install", False), ("failed", "look", True), ("waived", "", True)],
)
def test_gate_holds_the_partner_of_a_switch_that_its_installation_did_not_bring_back(tmp_path, state, stage, opens):
    """An image that does not boot takes one switch of a pair; installed on the other as well, it takes every host behind them."""
    gone = Outcome(
        subject="frontend/fe01", state=state, stage=stage, cause="no route", detail={"installed": "orders/x"}
    )
    told = switches.gate(job("frontend/gate-1", [gone], tmp_path, plan=scope().plan))
    assert (told.state == "unchanged") is opens
    assert opens or (told.state, told.cause) == ("failed", "not back with the planned version: fe01")
    assert opens or told.remedy


@pytest.mark.parametrize(
    ("only", "before", "error", "judged"),
    [
        (("accept",), False, Unreachable, False),
        (("accept",), True, Unreachable, True),
        (("accept",), False, AuthRefused, True),
        (("accept",), False, IdentityChanged, True),
        (("accept",), False, NoSession, True),
        (("os", "accept"), False, Unreachable, True),
    ],
)
def test_a_system_that_hangs_or_shuts_us_out_is_judged_before_its_server_is_accepted(
    tmp_path, monkeypatch, only, before, error, judged
):
    """--only accept must not accept a server by its BMC whose system is down; and where there is none yet, that is said."""
    asked, way = [], SimpleNamespace(bmcs={}, hosts={"gpu01": None}, answered=tmp_path / "answered")

    def host(name, **_):
        raise error("no", device=name)

    way.host = host
    if before:
        answered.note(way.answered, "gpu01", "TAG")
    good = finding("MACHINE-IDENTITY", "gpu01", "fine", remedy="", status="pass")
    body = looks.Seen([good], ["evidence/accept/gpu01.json"], {"BIOS": "2.7.4"})
    system = looks.Seen([good], ["evidence/accept/hosts/gpu01.json"], {"Ubuntu": "24.04"})
    monkeypatch.setattr(looks, "_server", lambda *_: body)
    monkeypatch.setattr(looks, "_system", lambda _: asked.append(1) or system)
    way.clock = Clock()
    one = job(
        "accept/gpu01",
        folder=tmp_path,
        way=way,
        patience=Patience(),
        machines={"gpu01": SimpleNamespace(service_tag="TAG")},
    )
    one = dataclasses.replace(one, tasks={name: task for name, task in one.tasks.items() if task.stage in only})
    told = looks.accepted_server(one)
    assert (told.state, bool(asked)) == ("unchanged", judged)
    assert bool(told.cause) is not judged
    of_system = {"Ubuntu": "24.04"} if judged else {"operating system": "not known"}
    assert told.detail["versions"] == {"BIOS": "2.7.4", **of_system}


def test_last_gate_names_who_was_not_accepted():
    """A site that is handed over with a server that failed is handed over broken."""
    good, bad = Outcome(subject="accept/be01", state="unchanged"), Outcome(subject="handover/gpu02", state="skipped")
    told = ends.handed_over(job("handover/site", [good, bad]))
    assert (told.state, told.cause) == ("failed", "not accepted: gpu02")
    assert ends.handed_over(job("handover/site", [good])).state == "unchanged"


def test_look_at_all_cables_leaves_out_who_failed_before(tmp_path, monkeypatch):
    """A server that hangs in its firmware has no links: each of its cables would be a false alarm."""
    asked = []
    monkeypatch.setattr(cables.blinking, "blink", lambda _way, _plan, names, **_: asked.extend(names) or Proof(()))
    before = [
        Outcome(subject=f"firmware/{name}", state="failed" if name == "gpu03" else "done") for name in scope().servers
    ]
    cables.seen(job("cabling/blink", before, tmp_path, way=None, plan=scope().plan))
    assert asked == [name for name in scope().servers if name != "gpu03"]


def test_server_that_the_blink_did_not_see_is_looked_at_alone(tmp_path, monkeypatch):
    """Tried again an hour later it must not pass by what others showed."""
    asked = []
    bad = cable("be01", "swp1s0", "gpu03 b3140h-1 follows nothing")
    monkeypatch.setattr(
        cables.blinking, "blink", lambda _way, _plan, names, **_: asked.append(list(names)) or Proof((bad,))
    )
    before = [
        Outcome(subject=f"firmware/{name}", state="failed" if name == "gpu03" else "done") for name in scope().servers
    ]
    cables.seen(job("cabling/blink", before, tmp_path, way=None, plan=scope().plan))
    told = cables.cables(job("cabling/gpu03", (), tmp_path, way=None, plan=scope().plan))
    assert asked[1] == ["gpu03"]
    assert told.state == "failed"
    assert told.remedy == "swap them"


def test_switch_that_a_blink_left_otherwise_fails_the_look_and_no_server(tmp_path, monkeypatch):
    """Its ports may be down: a run of the cables alone ended well, and nobody was told."""
    stuck = finding(
        "LINK-BLINK", "be01", "be01 is not as before the blink: no answer", path="back", remedy="log in to it"
    )
    right = cable("gpu01", "link", "2 links", status="pass")
    monkeypatch.setattr(cables.blinking, "blink", lambda *_, **__: Proof((stuck, right)))
    told = cables.seen(job("cabling/blink", (), tmp_path, way=None, plan=scope().plan))
    assert (told.state, told.remedy) == ("failed", "log in to it")
    assert "be01 is not as before the blink" in told.cause
    assert cables.cables(job("cabling/gpu01", (), tmp_path, way=None, plan=scope().plan)).state == "unchanged"


def test_server_that_is_tried_again_is_looked_at_again(tmp_path, monkeypatch):
    """Its cables were swapped as it was told to: what was seen before that would fail it for ever. What was seen is kept."""
    found = [cable("be01", "swp1s0", "gpu03 b3140h-1 follows nothing")]
    asked = []
    monkeypatch.setattr(
        cables.blinking, "blink", lambda _way, _plan, names, **_: asked.append(list(names)) or Proof(tuple(found))
    )
    before = [Outcome(subject=f"firmware/{name}", state="done") for name in scope().servers]
    cables.seen(job("cabling/blink", before, tmp_path, way=None, plan=scope().plan))
    one = job("cabling/gpu03", (), tmp_path, way=None, plan=scope().plan)
    told = cables.cables(one)
    assert (told.state, told.detail["evidence"], len(asked)) == ("failed", ["findings/cabling.json"], 1)
    found[:] = [cable("gpu03", "link", "2 links", status="pass")]
    one.context.number = 2
    told = cables.cables(one)
    assert (told.state, told.detail["evidence"], asked[1:]) == (
        "unchanged",
        ["findings/cabling/gpu03.json"],
        [["gpu03"]],
    )
    assert (tmp_path / "findings/cabling/gpu03.json").is_file()


def test_every_remedy_is_told_and_no_sentence_twice(tmp_path):
    """A cycle of cables takes two steps; told the first alone, an operator leaves a server with another wrong cable."""
    found = [
        finding("LINK-CABLING", "be01", message, path=port, remedy=remedy)
        for port, message, remedy in [
            ("swp1s0", "3 cables are one hole further than they belong", "step 1 of 2: swap a"),
            ("swp2s0", "3 cables are one hole further than they belong", "step 2 of 2: swap b"),
            ("swp3s0", "the cables in swp3s0 and swp4s0 are exchanged", "swap c"),
            ("swp4s0", "swp4s0 is not as it should be", "swap c"),
        ]
    ]
    told = job("cabling/gpu01", folder=tmp_path).judged(found, ())
    assert told.remedy.splitlines() == ["step 1 of 2: swap a", "step 2 of 2: swap b", "swap c"]
    assert told.cause.count("one hole further") == 1
    assert "exchanged" in told.cause
    assert "swp4s0 is not" in told.cause


def test_all_are_looked_at_where_nothing_goes_before(tmp_path, monkeypatch):
    """A look at no server proves nothing, and what comes after it looks again for each alone."""
    asked = []
    monkeypatch.setattr(cables.blinking, "blink", lambda _way, _plan, names, **_: asked.extend(names) or Proof(()))
    cables.seen(job("cabling/blink", (), tmp_path, way=None, plan=scope().plan))
    assert asked == list(scope().servers)


def test_servers_that_are_tried_again_at_the_same_time_blink_in_turn(tmp_path, monkeypatch):
    """Both servers behind two swapped cables are retried together; their blinks refused each other's switches."""
    meet, met = threading.Barrier(2), []

    def blink(*_, **__):
        with contextlib.suppress(threading.BrokenBarrierError):
            meet.wait(0.1)
            met.append("together")
        return Proof(())

    monkeypatch.setattr(cables.blinking, "blink", blink)
    jobs = [job(f"cabling/{name}", (), tmp_path, way=None, plan=scope().plan) for name in ("gpu01", "gpu02")]
    with ThreadPoolExecutor(2) as threads:
        assert [one.state for one in threads.map(cables.cables, jobs)] == ["failed", "failed"]
    assert met == []


def heard(tmp_path, monkeypatch, change, errors=()):
    """Return how cabling ends for gpu01 and gpu02, proven by LLDP, after a change of what the switches say."""
    made = racks.rack()
    change(made.said)
    evidence = {
        **made.evidence(),
        **{name: audit.unreached(name, Unreachable("no route", device=name)) for name in errors},
    }
    monkeypatch.setattr(cables, "look_at", lambda _job, name, _checks: evidence[name])
    near = {(link.a.device, link.a.port): link.b.device for link in made.site.plan.links}
    world = {
        "way": SimpleNamespace(endpoints=made.said), "plan": made.site.plan, "catalog": made.site.catalog, "peers": near,
    }  # fmt: skip

    def by_lldp(name):
        one = job(name, (), tmp_path, **world)
        return dataclasses.replace(one, order=msgspec.structs.replace(one.order, consent=Consent(proof="lldp")))

    cables.seen(by_lldp("cabling/blink"))
    return [cables.cables(by_lldp(f"cabling/{name}")) for name in ("gpu01", "gpu02")]


def mute(*ports):
    """Return a change after which switch ports are up and hear nobody."""

    def change(said):
        for device, port in ports:
            del said[device][INTERFACES][port]["lldp"]

    return change


def test_cables_of_which_no_lldp_came_are_not_verified_and_never_good(tmp_path, monkeypatch):
    """Swapped cables of servers whose hosts run no lldpd yet passed: what nobody saw was taken for right."""
    one, other = heard(tmp_path, monkeypatch, mute(("be01", "swp1s0"), ("be01", "swp1s1"), ("fe01", "swp1s0")))
    assert one.state == "failed"
    assert "3 of its links not verified: no LLDP came in at" in one.cause
    assert "be01 swp1s0, swp1s1" in one.cause
    assert "fe01 swp1s0" in one.cause
    assert "--proof blink" in one.remedy
    assert "--only head,stack" in one.remedy
    assert other.state == "unchanged"


def test_server_behind_a_switch_that_was_not_looked_at_is_not_verified(tmp_path, monkeypatch):
    """Its other links are right, and say nothing of those that end at the switch that does not answer."""
    ended = heard(tmp_path, monkeypatch, mute(), errors=["be01"])
    assert {one.state for one in ended} == {"failed"}
    assert all("be01 could not be looked at" in one.cause for one in ended)
    assert all("see why be01 does not answer" in one.remedy for one in ended)


def test_order_that_is_not_what_was_ordered_is_not_carried_out(tmp_path):
    """A file that somebody edited between two lives of a run must not reach a device."""
    name, digest = files.order(tmp_path, "firmware/gpu01", b"what was shown")
    assert files.kept(tmp_path, name, digest) == b"what was shown"
    (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(RunChanged, match="not what this run ordered"):
        files.kept(tmp_path, name, digest)


def test_run_is_not_gone_on_with_over_another_site():
    """Tasks of last week's plan on this week's addresses would reach the wrong machines."""
    order = Order(site="s", intent="of last week", graph=graph_of(scope()), consent=Consent(installer="http"))
    assert decode(order.encoded()) == order
    program = Bringup(SimpleNamespace(plan=scope().plan))
    with pytest.raises(RunChanged, match="the site has changed"):
        program.task(Context(None), order.encoded(), order.graph.tasks[0], {})
    with pytest.raises(RunChanged, match="the site has changed"):
        program.graph(order.encoded())


def test_cables_that_nobody_could_prove_are_said_not_to_be(tmp_path, monkeypatch):
    """A BMC that tells no links lets its server pass, for LLDP to prove it later: the certificate must not look as if it had."""
    mute = cable(
        "be01", "mute", "16 links not proven", status="skipped",
        evidence=["be01 swp9s0 to gpu03 b3140h-1", "be01 swp10s0 to gpu04 b3140h-1"],
    )  # fmt: skip
    right = cable("gpu02", "link", "2 links", status="pass")
    monkeypatch.setattr(cables.blinking, "blink", lambda *_, **__: Proof((mute, right)))
    told = [
        cables.cables(job(f"cabling/{name}", (), tmp_path, way=None, plan=scope().plan)) for name in ("gpu02", "gpu03")
    ]
    assert [(one.state, one.cause) for one in told] == [("unchanged", ""), ("unchanged", "16 links not proven")]
    rows = [{"cables": ["be01 swp9s0 to gpu03 b3140h-1"], "why": "16 links not proven", "how": "swap them"}]
    assert [one.detail.get("unproven") for one in told] == [None, rows]


def test_a_cable_that_was_not_proven_is_told_once():
    """Of a server at the server, with all of it as it comes out of the journal; of a PDU, which nobody accepts, at its switch."""
    cables = ["oob01 swp9 to gpu05 bmc", "oob01 swp40 to r1-pdu1 mgmt"]
    seen = [
        cable("oob01", "silent", "2 links not verified: nothing said", status="skipped", actual="nothing said", evidence=cables),
        finding("NIC-MODELS", "gpu05", "no part number", status="skipped", remedy="see it", evidence=["swp1 to gpu05 x"]),
    ]  # fmt: skip
    read = concerns.unpacked(concerns.packed(seen))
    for device, own in (("gpu05", cables[:1]), ("oob01", cables[1:]), ("gpu06", [])):
        rows = [{"cables": own, "why": "nothing said", "how": "swap them"}] if own else []
        assert concerns.unproven(read, device, {"gpu05", "gpu06"}) == rows


def test_server_of_whose_cables_nothing_was_told_is_not_accepted(tmp_path, monkeypatch):
    """A blink that says nothing of a server is no proof that its cables are right."""
    monkeypatch.setattr(cables.blinking, "blink", lambda *_, **__: Proof(()))
    told = cables.cables(job("cabling/gpu03", (), tmp_path, way=None, plan=scope().plan))
    assert (told.state, told.cause) == ("failed", "nothing that was seen tells where its cables end")
