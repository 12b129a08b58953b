"""The record of a run: true to what the run left, whole, and nothing secret in it."""

import hashlib
import re

import msgspec
import pytest

from rackwright.bringup import files
from rackwright.bringup.work.images import INSTALLS
from rackwright.findings import finding
from rackwright.plan.model import Plan
from rackwright.push.bmc.order import Part
from rackwright.report.certificates import documents, headline, node_certificate, rack_certificate
from rackwright.report.records import Record, gaps, record
from rackwright.report.sent import changes_in
from rackwright.runs import Event, Outcome, Report
from tests.boards import STAGES, graph_of, said, stamp, told
from tests.plans import rails

SECRET = "Tr0ub4dor&3"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return rails(spines=2)


@pytest.fixture
def servers(plan):
    return [device.name for device in plan.devices if device.role == "server"][:3]


def found(check, device, status, **more):
    return msgspec.to_builtins(finding(check, device, f"{check} of {device}", remedy="", status=status, **more))


def outcomes(servers, changed):
    """Every task done, but for those that are given."""
    graph = graph_of(servers)
    every = {task.name: Outcome(subject=task.name, state="done") for task in graph.tasks}
    return graph, Report(run="r", program="bringup", state="failed", outcomes=every | changed, gates={})


def events_of(graph):
    for at, task in enumerate(graph.tasks):
        yield told(at, task.name, "begins")
        yield told(at + 1, task.name, "done")


def made(plan, servers, folder, changed, *, events=None):
    graph, report = outcomes(servers, changed)
    return record(plan, graph, report, events or events_of(graph), folder, run="r", who="me@laptop")


def test_a_device_is_accepted_by_its_acceptance_alone(plan, servers, tmp_path):
    """A failure, a task that was not done, a waived acceptance and a run without one are none, each for its reason."""
    one, two, _ = servers
    got = made(plan, servers, tmp_path, {
        f"hardware/{one}": Outcome(subject="", state="failed", cause="GPU 3 is missing", remedy="reseat it", stage="look"),
        f"accept/{one}": Outcome(subject="", state="skipped", cause="hardware failed"),
        f"accept/{two}": Outcome(subject="", state="waived", cause="tried by hand"),
    })  # fmt: skip
    assert [(device.verdict, device.reason) for device in got.devices] == [
        ("failed", "hardware failed: GPU 3 is missing"),
        ("open", "its acceptance was waived: tried by hand"),
        ("accepted", ""),
    ]
    assert [device.remedy for device in got.devices] == ["reseat it", "", ""]
    assert got.devices[1].waived == (f"accept/{two}",)
    graph = graph_of(servers, STAGES[:2])
    report = Report(run="r", program="b", state="done", gates={}, outcomes={
        task.name: Outcome(subject=task.name, state="unchanged") for task in graph.tasks
    })  # fmt: skip
    assert {one.verdict for one in record(plan, graph, report, (), tmp_path, run="r", who="").devices} == {"done"}


@pytest.mark.parametrize("ended", [True, False])
def test_what_was_found_before_a_retry_is_no_open_finding_of_who_is_accepted(plan, servers, tmp_path, ended):
    """A certificate that names a GPU as missing which was put back in says what is not so."""
    name = servers[0]
    task = f"hardware/{name}"
    wrong = {"findings": [found("SERVER-GPUS", name, "fail")]}
    seen = Event(at=stamp(1), kind="note", text="1 findings", subject=task, fields=wrong)
    graph, report = outcomes(
        servers, {task: Outcome(subject=task, state="unchanged", detail={"findings": [], "passed": 9})}
    )
    events = [told(0, task, "begins"), seen, told(2, task, "failed", cause="7 of 8"), *events_of(graph)]
    got = record(plan, graph, report if ended else None, events, tmp_path, run="r", who="me")
    assert got.devices[0].verdict == "accepted"
    assert node_certificate(got, "x", got.devices[0]).open_findings == ()


def test_what_a_switch_was_installed_with_stands_in_the_record(plan, servers, tmp_path):
    """Nothing that is done to a device wipes more of it."""
    name, _ = files.order(tmp_path, f"{INSTALLS}/bmc/{servers[0]}", b"{}")
    got = made(plan, servers, tmp_path, {})
    assert [file.name for file in got.devices[0].tasks[0].sent] == [name]


def test_a_run_that_has_not_ended_accepts_nobody_who_is_not_through(plan, servers, tmp_path):
    """Without a report the events say how far each task is."""
    graph = graph_of(servers)
    events = [told(1, f"bmc/{servers[0]}", "begins"), told(2, f"bmc/{servers[0]}", "failed", cause="no answer")]
    got = record(plan, graph, None, events, tmp_path, run="r", who="")
    assert (got.state, got.ended) == ("open", "")
    assert [device.verdict for device in got.devices] == ["failed", "open", "open"]


def test_who_when_what_and_the_evidence_stand_in_it(plan, servers, tmp_path):
    """Serial number and place from the plan, times from the events, files by their digest, commands with who and why."""
    name = servers[0]
    (tmp_path / "orders" / "firmware").mkdir(parents=True)
    order = {"servers": [{"device": name, "parts": [
        {"component": "bios", "fqdd": "BIOS.Setup.1-1", "before": "2.5.4", "wanted": "2.7.4"}
    ]}]}  # fmt: skip
    data = msgspec.json.encode(order)
    (tmp_path / f"orders/firmware/{name}-0123456789abcdef.json").write_bytes(data)
    (tmp_path / "backup").mkdir()
    (tmp_path / f"backup/{name}.yaml").write_text("kept")
    (tmp_path / "run.json").write_text("{}")
    detail = {
        "backup": str(tmp_path / f"backup/{name}.yaml"), "restarts": ["cold", "warm"], "versions": {"bios": "2.7.4"},
        "findings": [found("machine.gpus", name, "pass")], "other": 7,
    }  # fmt: skip
    graph, _ = outcomes(servers, {})
    events = [*events_of(graph), said(99, "command", "skip", name, who="ann", reason="no spare", at=stamp(98))]
    got = made(
        plan, servers, tmp_path, {f"firmware/{name}": Outcome(subject="", state="done", detail=detail)}, events=events
    )
    device = got.devices[0]
    task = next(task for task in device.tasks if task.stage == "firmware")
    assert [(file.name, file.sha256) for file in task.sent] == [
        (f"orders/firmware/{name}-0123456789abcdef.json", hashlib.sha256(data).hexdigest())
    ]
    assert task.changes == ("~ bios BIOS.Setup.1-1: 2.5.4 -> 2.7.4",)
    assert [file.name for file in task.evidence] == [f"backup/{name}.yaml"]
    assert (task.restarts, task.versions, task.detail) == (2, {"bios": "2.7.4"}, {"other": 7})
    assert task.begun < task.ended
    assert task.told == ({"at": stamp(98), "what": "skip", "task": name, "who": "ann", "reason": "no spare"},)
    assert got.commands == task.told
    assert (got.who, got.intent, got.site) == ("me@laptop", plan.digest, plan.name)
    assert [file.name for file in got.files] == ["run.json"]
    assert node_certificate(got, "x", device).changes == 1
    page = dict(documents(got, signed=False))[f"nodes/{name}.html"].decode()
    assert "~ bios BIOS.Setup.1-1: 2.5.4 -&gt; 2.7.4" in page
    assert task.sent[0].sha256 in page


def test_a_record_names_its_own_gaps(plan, servers, tmp_path):
    """An end without a time or a cause, an acceptance that stands on nothing, work that has not ended; a whole one has none."""
    kept = {f"accept/{name}": Outcome(subject="", state="unchanged", detail={"passed": 3}) for name in servers}
    assert gaps(made(plan, servers, tmp_path, kept)) == ()
    one, two = servers[:2]
    bad = {
        f"bmc/{one}": Outcome(subject="", state="failed"),
        f"accept/{one}": Outcome(subject="", state="skipped"),
        f"accept/{two}": Outcome(subject="", state="done"),
    }
    graph, _ = outcomes(servers, {})
    events = [event for event in events_of(graph) if event.subject not in {f"os/{one}", f"accept/{one}"}]
    assert gaps(made(plan, servers, tmp_path, {**kept, **bad}, events=events)) == (
        f"bmc/{one} ended failed, and why is not known",
        f"os/{one} ended done, and when is not known",
        f"os/{one} ended done, and when it was begun is not known",
        f"accept/{one} ended skipped, and when is not known",
        f"accept/{one} ended skipped, and why is not known",
        f"accept/{two} ended done without any evidence",
    )
    assert f"bmc/{one} has not ended" in gaps(record(plan, graph, None, (), tmp_path, run="r", who=""))


def test_no_file_outside_the_runs_folder_is_named(plan, servers, tmp_path):
    """A path that leads out of it is no evidence."""
    (tmp_path / "outside").write_text("x")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    detail = {"evidence": ["../outside", str(tmp_path / "outside"), "link", "none", ""], "sent": "../outside"}
    got = made(plan, servers, folder, {f"bmc/{servers[0]}": Outcome(subject="", state="done", detail=detail)})
    assert got.devices[0].tasks[0].evidence == ()
    assert got.devices[0].tasks[0].sent == ()


@pytest.mark.parametrize("odd", [7, None, "", "text", [1, None], {"a": 1}, [[]], True])
def test_an_outcome_of_any_shape_is_recorded(plan, servers, tmp_path, odd):
    """A program may tell a number where another tells a list: the record is made all the same."""
    words = ("sent", "changes", "evidence", "findings", "passed", "checks", "versions", "restarts", "backup", "other")
    got = made(
        plan,
        servers,
        tmp_path,
        {f"bmc/{servers[0]}": Outcome(subject="", state="done", detail=dict.fromkeys(words, odd))},
    )
    assert got.devices[0].verdict == "accepted"
    assert dict(documents(got, signed=False))["record.json"]


def test_nothing_that_looks_secret_is_written(plan, servers, tmp_path):
    """Neither below a key that looks secret nor as a hash or a credential in an address."""
    detail = {"password": SECRET, "url": f"https://me:{SECRET}@host/", "deep": [{"api_key": SECRET}]}
    changes = ["~ user: $6$salt$" + "x" * 40]
    got = made(plan, servers, tmp_path, {
        f"bmc/{servers[0]}": Outcome(subject="", state="done", detail=detail | {"changes": changes}),
    })  # fmt: skip
    text = b"".join(data for _, data in documents(got, signed=False)).decode()
    assert SECRET not in text
    assert "$6$" not in text


def test_a_record_reads_back(plan, servers, tmp_path):
    """What was written as JSON is the same record."""
    got = made(plan, servers, tmp_path, {})
    files = dict(documents(got, signed=False))
    assert msgspec.json.decode(files["record.json"], type=Record) == got
    assert msgspec.json.decode(files["record.json"])["schema"] == 1


def test_every_device_and_rack_has_its_certificate(plan, servers, tmp_path):
    """As HTML and JSON, naming the record by its digest; a rack is accepted when all of its devices are."""
    one = servers[0]
    bad = Outcome(subject="", state="failed", cause="<b>7 of 8</b>", detail={
        "findings": [found("machine.gpus", one, "fail", expected="8", actual="7"), found("machine.fans", one, "pass")],
    })  # fmt: skip
    got = made(plan, servers, tmp_path, {f"accept/{one}": bad})
    files = dict(documents(got, signed=False))
    sha256 = hashlib.sha256(files["record.json"]).hexdigest()
    for name in servers:
        value = msgspec.json.decode(files[f"nodes/{name}.json"])
        assert value["record_sha256"] == sha256
        assert value["accepted"] is (name != one)
        page = files[f"nodes/{name}.html"].decode()
        assert ("not accepted" in page) is (name == one)
        assert sha256 in page
        assert "<b>7 of 8" not in page
    node = node_certificate(got, sha256, got.devices[0])
    assert [(check.check, check.passed, check.failed) for check in node.checks] == [
        ("machine.fans", 1, 0),
        ("machine.gpus", 0, 1),
    ]
    assert [finding.actual for finding in node.open_findings] == ["7"]
    assert node.at == ""
    racks = {device.rack for device in got.devices}
    assert all(f"racks/{rack or 'in-no-rack'}.{kind}" in files for rack in racks for kind in ("html", "json"))
    assert not rack_certificate(got, sha256, "r1", got.devices).accepted
    assert rack_certificate(got, sha256, "r1", got.devices[1:]).accepted
    assert headline(got) == "2 of 3 devices accepted, 1 failed"


def test_a_rack_is_not_accepted_by_the_few_of_it_that_a_run_was_about(plan, servers, tmp_path):
    """With --limit the others were not looked at: whoever takes the rack over must not be told that they were."""
    got = made(plan, servers, tmp_path, {})
    rack = got.devices[0].rack
    files = dict(documents(got, signed=False))
    value = msgspec.json.decode(files[f"racks/{rack}.json"])
    left = [one.device for one in plan.placements if one.rack == rack and one.device not in servers]
    assert (value["accepted"], value["counts"], value["absent"]) == (False, {"accepted": 3}, left)
    assert "be01" in left
    assert all(name in files[f"racks/{rack}.html"].decode() for name in left)
    assert f"{len(left)} not in this run" in files["index.html"].decode()
    whole = msgspec.structs.replace(got, absent={})
    assert rack_certificate(whole, "x", rack, whole.devices).accepted


def test_a_certificate_tells_every_remedy(plan, servers, tmp_path):
    """A paragraph each, each once, of every task that failed."""
    one = servers[0]
    got = made(plan, servers, tmp_path, {
        f"hardware/{one}": Outcome(subject="", state="failed", cause="3 cables", remedy="step 1 of 2\nstep 2 of 2"),
        f"accept/{one}": Outcome(subject="", state="failed", cause="3 cables", remedy="step 2 of 2\nswap c"),
    })  # fmt: skip
    head = dict(documents(got, signed=False))[f"nodes/{one}.html"].decode().partition("</header>")[0]
    assert re.findall(r"<p>(s.*)</p>", head)[-3:] == ["step 1 of 2", "step 2 of 2", "swap c"]


def test_the_verdict_stands_beside_the_device(plan, servers, tmp_path):
    """On a phone a table is cut at its right edge: whether a device is accepted must not be what is cut off."""
    files = dict(documents(made(plan, servers, tmp_path, {}), signed=False))
    pages = ["index.html", *(name for name in files if name.startswith("racks/") and name.endswith(".html"))]
    for name in pages:
        assert "<th>device</th><th>verdict</th>" in files[name].decode(), name
        cells = re.findall(r"<td><a[^>]*nodes/[^>]*>[^<]*</a></td><td[^>]*>([^<]*)</td>", files[name].decode())
        assert cells, name
        assert set(cells) == {"accepted"}, name


def test_a_later_stage_has_the_last_word_on_a_finding(plan, servers, tmp_path):
    """What failed before it was mended is not open any more."""
    name = servers[0]
    got = made(plan, servers, tmp_path, {
        f"hardware/{name}": Outcome(subject="", state="done", detail={"findings": [found("bios", name, "fail")]}),
        f"accept/{name}": Outcome(subject="", state="done", detail={"findings": [found("bios", name, "pass")]}),
    })  # fmt: skip
    assert node_certificate(got, "x", got.devices[0]).open_findings == ()


def sums():
    """What an acceptance tells of its checks, one of each result."""
    return [
        {"check": "BGP-SESSIONS", "passed": 1, "skipped": 1, "why": ["<b>2 sessions</b> are not planned"]},
        {"check": "LINK-CABLING", "notes": 2},
        {"check": "LINK-FLAPS", "skipped": 1, "why": ["no earlier look"]},
        {"check": "NTP-SYNC", "errors": 1},
        {"check": "ROCE", "passed": 1, "failed": 3},
    ]


def test_a_certificate_names_every_check_with_what_came_of_it(plan, servers, tmp_path):
    """Those that passed, those that did not and those that could not be judged; a number alone says nothing to who takes it over."""
    one, two, _ = servers
    detail = {"passed": 2, "checks": sums(), "versions": {"BIOS": "2.7.4"}}
    got = made(plan, servers, tmp_path, {
        f"accept/{name}": Outcome(subject="", state="unchanged", detail=detail) for name in (one, two)
    })  # fmt: skip
    files = dict(documents(got, signed=False))
    value = msgspec.json.decode(files[f"nodes/{one}.json"])
    assert [(check["check"], check["result"]) for check in value["checks"]] == [
        ("BGP-SESSIONS", "passed"), ("LINK-CABLING", "noted"), ("LINK-FLAPS", "skipped"), ("NTP-SYNC", "not judged"),
        ("ROCE", "failed"),
    ]  # fmt: skip
    page = files[f"nodes/{one}.html"].decode()
    assert "<p>1 passed, 1 noted, 1 failed, 1 not judged, 1 skipped.</p>" in page
    assert all(check["check"] in page for check in sums())
    assert "&lt;b&gt;2 sessions&lt;/b&gt; are not planned" in page
    rack = rack_certificate(got, "x", "r1", got.devices)
    assert {check.check: (check.passed, check.noted, check.failed, check.not_judged, check.skipped) for check in rack.checks} == {
        "BGP-SESSIONS": (2, (), (), (), ()),
        "LINK-CABLING": (0, (two, one), (), (), ()),
        "LINK-FLAPS": (0, (), (), (), (two, one)),
        "NTP-SYNC": (0, (), (), (two, one), ()),
        "ROCE": (0, (), (two, one), (), ()),
    }  # fmt: skip
    assert [(row.component, row.version, row.devices) for row in rack.versions] == [("BIOS", "2.7.4", (two, one))]
    page = files[f"racks/{got.devices[0].rack}.html"].decode()
    assert "<td>NTP-SYNC</td><td>0</td>" in page
    for text in (
        f"noted: {two}, {one}",
        f"failed: {two}, {one}",
        f"not judged: {two}, {one}",
        f"skipped: {two}, {one}",
    ):
        assert page.count(text) == 1, text
    assert f'<td>2.7.4</td><td class="wide">{two}, {one}</td>' in page


def test_a_certificate_of_what_told_nothing_says_so(plan, servers, tmp_path):
    """A page without a table of versions or checks would look as if there was nothing to tell."""
    got = made(
        plan, servers, tmp_path, {f"accept/{servers[0]}": Outcome(subject="", state="done", detail={"passed": 9})}
    )
    files = dict(documents(got, signed=False))
    page = files[f"nodes/{servers[0]}.html"].decode()
    assert "9 passed; which ones, the run did not tell." in page
    assert "None was told: which versions run is not known." in page
    page = files[f"racks/{got.devices[0].rack}.html"].decode()
    assert "The run did not tell any." in page
    assert "None was told: which versions run is not known." in page


def test_versions_of_a_certificate_are_those_of_the_acceptance(plan, servers, tmp_path):
    """What firmware a stage before brought is what was to run; the acceptance saw what runs. Without one the stages must do."""
    one, two, _ = servers
    firmware = Outcome(subject="", state="done", detail={"versions": {"BIOS.Setup.1-1": "2.7.4"}})
    looked = Outcome(subject="", state="unchanged", detail={"versions": {"BIOS": "2.7.3"}})
    got = made(
        plan, servers, tmp_path, {f"firmware/{one}": firmware, f"firmware/{two}": firmware, f"accept/{one}": looked}
    )
    assert [node_certificate(got, "x", device).versions for device in got.devices[:2]] == [
        {"BIOS": "2.7.3"}, {"BIOS.Setup.1-1": "2.7.4"},
    ]  # fmt: skip


def run_of(state_dir, run, devices, *, twin=True, written=None):
    """The folder of a run as the engine leaves it, with the record that was written of it, if any."""
    folder = state_dir / "runs" / run
    folder.mkdir(parents=True)
    known = {
        "run": run, "program": "bringup", "version": "1", "engine": "1", "begun": stamp(0), "order": "", "jobs": 1,
        "worked": devices, "twin": twin,
    }  # fmt: skip
    (folder / "run.json").write_bytes(msgspec.json.encode(known))
    if written is not None:
        (folder / "record").mkdir()
        (folder / "record/record.json").write_bytes(msgspec.json.encode(written))
    return folder


def test_what_earlier_runs_changed_is_told_beside_what_this_one_did(plan, servers, tmp_path):
    """A rack that was mended and brought up again has "changes made 0": who flashed it, and when, is in the record before."""
    one, two, three = servers
    run_of(tmp_path, "20260101-000000-aaa", [one, two], written=made(plan, [one, two], tmp_path / "none", {
        f"firmware/{one}": Outcome(subject="", state="done", detail={"changes": ["a", "b"], "restarts": 3}),
        f"bmc/{one}": Outcome(subject="", state="failed", cause="c", detail={"changes": ["never"]}),
        f"os/{one}": Outcome(subject="", state="done", detail={"changes": ["c"]}),
    }))  # fmt: skip
    run_of(tmp_path, "20260102-000000-aaa", [one])
    run_of(tmp_path, "20260103-000000-aaa", [one], twin=False)
    run_of(tmp_path, "20260104-000000-aaa", ["another"])
    own = run_of(tmp_path, "20260105-000000-aaa", servers)
    run_of(tmp_path, "20260106-000000-aaa", servers)
    got = made(plan, servers, own, {})
    first = (tmp_path / "runs/20260101-000000-aaa/record/record.json").read_bytes()
    found = node_certificate(got, "x", got.devices[0]).earlier
    assert [(each.run, each.state, each.changes, each.restarts, each.record_sha256) for each in found] == [
        ("20260102-000000-aaa", "", None, 0, ""),
        ("20260101-000000-aaa", "failed", 3, 3, hashlib.sha256(first).hexdigest()),
    ]
    (only,) = node_certificate(got, "x", got.devices[1]).earlier
    assert (only.run, only.changes, only.restarts) == ("20260101-000000-aaa", 0, 0)
    assert node_certificate(got, "x", got.devices[2]).earlier == ()
    files = dict(documents(got, signed=False))
    page = files[f"nodes/{one}.html"].decode()
    assert "changes made in this run" in page
    assert "20260101-000000-aaa (bringup)" in page
    assert "none was written" in page
    assert "Earlier runs" not in files[f"nodes/{three}.html"].decode()
    assert "20260102-000000-aaa, 20260101-000000-aaa." in files[f"racks/{got.devices[0].rack}.html"].decode()
    assert msgspec.json.decode(files["record.json"], type=Record) == got


def test_what_was_done_to_a_machine_that_was_exchanged_is_not_told_of_the_one_that_stands_there_now(
    plan, servers, tmp_path
):
    """A new server's certificate says that 48 changes were made to it, which its predecessor got."""
    one = servers[0]
    changed = {f"firmware/{one}": Outcome(subject="", state="done", detail={"changes": ["a"], "restarts": 3})}
    run_of(tmp_path, "20260101-000000-aaa", [one], written=made(plan, [one], tmp_path / "none", changed))
    got = made(plan, servers, run_of(tmp_path, "20260105-000000-aaa", servers), {})
    now = got.devices[0]
    assert [each.machine for each in node_certificate(got, "x", now).earlier] == [""]
    exchanged = msgspec.structs.replace(got, devices=(msgspec.structs.replace(now, serial="NEW1"), *got.devices[1:]))
    (found,) = node_certificate(exchanged, "x", exchanged.devices[0]).earlier
    assert (found.machine, found.changes) == (now.serial, 1)
    page = dict(documents(exchanged, signed=False))[f"nodes/{one}.html"].decode()
    assert f"of {now.serial}, another machine, which stood there then" in page


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"devices": 7}', b'{"devices": [{"tasks": []}]}'])
def test_an_earlier_record_that_cannot_be_read_is_named_all_the_same(plan, servers, tmp_path, text):
    """A record that is half written takes nothing from the one that is made now."""
    before = run_of(tmp_path, "20260101-000000-aaa", servers, written={})
    (before / "record/record.json").write_bytes(text)
    got = made(plan, servers, run_of(tmp_path, "20260105-000000-aaa", servers), {})
    (found,) = node_certificate(got, "x", got.devices[0]).earlier
    assert (found.run, found.changes, found.record_sha256) == ("20260101-000000-aaa", None, "")


def test_a_site_that_was_run_often_keeps_its_record_in_bounds(plan, servers, tmp_path):
    """Each of a thousand certificates names the runs before: so many, and how many there are besides."""
    for at in range(23):
        run_of(tmp_path, f"20260101-0000{at:02d}-aaa", servers)
    got = made(plan, servers, run_of(tmp_path, "20260105-000000-aaa", servers), {})
    assert (len(got.earlier), got.earlier_left, got.earlier[0].run) == (20, 3, "20260101-000022-aaa")
    page = dict(documents(got, signed=False))[f"nodes/{servers[0]}.html"].decode()
    assert "3 older still are not named." in page


@pytest.mark.parametrize("signed", [True, False])
def test_the_pages_say_whether_they_are_signed(plan, servers, tmp_path, signed):
    """Each of them, in words."""
    for name, data in documents(made(plan, servers, tmp_path, {}), signed=signed):
        if name.endswith(".html"):
            assert ("It is not signed" in data.decode()) is not signed, name


def test_what_an_order_changes_is_read_from_it():
    """Of switches, BMCs and hosts; nothing of another device, and nothing of a file that is no order."""
    part = Part(component="bios", fqdd="BIOS.1", before="1", wanted="2")
    orders = {
        "devices": [{"changes": {"device": "leaf1", "changes": [
            {"op": "+", "path": ["system", "hostname"], "new": "leaf1"}, {"op": "-", "path": ["a", "b"], "old": 7},
            {"op": "~", "path": ["c"], "old": 1, "new": 2}, {"op": "+", "path": ["d"]},
        ]}}],
        "servers": [{"device": "gpu1", "parts": [msgspec.to_builtins(part)], "way": {"steps": [
            {"changes": [{"attribute": "SubNumaCluster", "old": "Disabled", "new": "2-way"}]}
        ]}}],
        "hosts": [{"device": "gpu1", "stages": [{"steps": ["kernel", "driver"]}]}],
    }  # fmt: skip
    data = msgspec.json.encode(orders)
    assert changes_in(data, "leaf1") == ("+ system.hostname: leaf1", "- a.b: 7", "~ c: 1 -> 2", "+ d")
    assert changes_in(data, "gpu1") == (
        "~ bios BIOS.1: 1 -> 2", "~ bios SubNumaCluster: Disabled -> 2-way", "step kernel", "step driver",
    )  # fmt: skip
    for other in (b"", b"no json", b"[1]", b"7", b'{"devices": 3, "servers": [1], "hosts": {}}', data):
        assert changes_in(other, "nobody") == ()
