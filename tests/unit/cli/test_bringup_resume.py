"""What `bringup` says of a run that was cut off, before it begins or goes on."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from types import SimpleNamespace
from unittest import mock

import pytest
from click import UsageError
from click.testing import CliRunner

from rackwright import runs
from rackwright.bringup import submitting
from rackwright.bringup.held import edited, held_back
from rackwright.bringup.order import Consent, Order
from rackwright.bringup.program import NAME, VERSION, Bringup
from rackwright.catalog.images import Image
from rackwright.cli import bringing, main, steering
from rackwright.cli.beside import served
from rackwright.cli.bringing import opened_world
from rackwright.cli.brought import End
from rackwright.cli.reaching import Wanted
from rackwright.cli.talk import Talk
from rackwright.errors import RunBusy, RunChanged, ServeError, SiteChanged
from rackwright.runs import Command, Event, Graph, Task
from rackwright.runs.folder import RunFolder
from rackwright.runs.journal import ENGINE

HERE = {"nodes": "1", "fabrics": "2"}


class Heard:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    error = say


def test_where_nothing_was_cut_off_nothing_begins(tmp_path, monkeypatch):
    """`--resume --yes` after the end of a bring-up must not begin another: a yes to what goes on is none to a rack."""
    monkeypatch.setattr(
        bringing, "opened_world", lambda *_: SimpleNamespace(machines={}, way=SimpleNamespace(state=tmp_path))
    )
    monkeypatch.setattr(bringing, "graph_for", lambda *_: pytest.fail("a bring-up is begun"))
    (tmp_path / "site.yaml").write_text("")
    found = CliRunner().invoke(main, ["bringup", str(tmp_path), "--resume", "--yes", "--allow-disruption", "--json"])
    assert found.exit_code == 0, found.stderr
    assert (found.exit_code, json.loads(found.stdout)) == (0, {"run": "", "state": "", "tasks": {}})
    assert "no bring-up was cut off: there is nothing to go on with" in found.stderr


@pytest.mark.parametrize(("cut_off", "asked", "refused"), [("r1", True, True), ("r1", False, False), ("", True, False)])
def test_what_was_cut_off_goes_on_whole_or_not_at_all(cut_off, asked, refused):
    """`--resume --only oob` would go on with everything: it is refused."""
    end = End(Heard(), None)
    if refused:
        with pytest.raises(UsageError, match="run r1 goes on as it was begun: leave --only"):
            end.refuse_narrower(cut_off, asked=asked)
    else:
        end.refuse_narrower(cut_off, asked=asked)


@pytest.mark.parametrize(("cut_off", "new", "refused"), [
    ("r1", ["bmc/gpu01", "bmc/gpu02"], True), ("r1", ["bmc/gpu01"], False), ("", ["bmc/gpu01", "bmc/gpu02"], False),
])  # fmt: skip
def test_a_new_run_in_the_place_of_one_that_cannot_go_on_does_no_more(monkeypatch, cut_off, new, refused):
    """A run of one server was cut off and the site has changed: `--resume --yes` must not bring all servers up instead."""
    graphs = [Graph(tasks=tuple(Task(name=name, stage="bmc") for name in names)) for names in (["bmc/gpu01"], new)]
    monkeypatch.setattr(runs, "graph", lambda *_: graphs[0])
    end = End(Heard(), SimpleNamespace(way=SimpleNamespace(state=None)))
    if refused:
        with pytest.raises(RunChanged, match="would also do bmc/gpu02, which it did not: begin it without --resume"):
            end.refuse_wider(cut_off, graphs[1])
    else:
        end.refuse_wider(cut_off, graphs[1])


def cut_off(state, *, wish=bringing.Wish(), wanted=Wanted(), commands=(), words=True, device="gpu01"):  # noqa: B008 - both are frozen
    """Leave a bring-up of ``state`` behind that nobody works on, begun over another site; return its folder."""
    asks = [Task(name=f"{stage}/ask", stage=stage, question="may it begin?") for stage in wish.gates]
    tasks = [Task(name=f"bmc/{device}", stage="bmc", device=device), *asks]
    hangs = (f"bmc/{device}", *(task.name for task in asks))
    tasks.append(Task(name=f"firmware/{device}", stage="firmware", device=device, after=hangs))
    graph = Graph(tasks=tuple(tasks), limits={"jobs": 8})
    said = bringing.words_of(wish, wanted) if words else None
    order = Order(
        site="s", intent="of last week", graph=graph, consent=wish.consent, words=said, sections=HERE
    )  # fmt: skip
    folder = RunFolder.made(
        state, order.encoded(), graph, program=NAME, version=VERSION, engine=ENGINE, jobs=8, database="", twin=True
    )
    for command in commands:
        runs.tell(state, folder.run, command)
    return folder


@pytest.fixture
def resume(tmp_path, monkeypatch):
    """Return what says `--resume --yes` over a site that has changed; a bring-up that is begun instead fails the test."""
    state = tmp_path / ".rackwright"
    state.mkdir()
    (tmp_path / "site.yaml").write_text("")
    plan = SimpleNamespace(digest="of today", name="s", placements=(), devices=(), racks=())
    world = SimpleNamespace(
        machines={},
        folder=tmp_path,
        plan=plan,
        sections={**HERE, "nodes": "other"},
        way=SimpleNamespace(state=state, twin=True),
    )
    monkeypatch.setattr(bringing, "opened_world", lambda *_: world)
    monkeypatch.setattr(End, "_watching", lambda *_: contextlib.nullcontext(SimpleNamespace(past=lambda _: None)))
    monkeypatch.setattr(bringing, "graph_for", lambda *_: pytest.fail("a bring-up is begun"))
    words = ["bringup", str(tmp_path), "--resume", "--twin", "--yes", "--allow-disruption"]
    return SimpleNamespace(state=state, folder=str(tmp_path), plan=plan, of=lambda: CliRunner().invoke(main, words))


@pytest.mark.parametrize(("kept", "told"), [
    ({"wish": bringing.Wish(gates=("firmware",))},
     ("a gate before firmware, which nobody has answered: --gate firmware", "bringup {} --twin --gate firmware\n")),
    ({"commands": [Command(kind="pause", who="ann")]},
     ("ann paused it: rackwright bringup {} --pause, once it is begun", "bringup {} --twin --gate bmc\n")),
    ({"commands": [Command(kind="skip", task="firmware/gpu01", reason="part on order", who="ann")]},
     ("ann skipped firmware/gpu01: rackwright bringup {} --skip firmware/gpu01 --reason 'part on order', once it is begun",
      "bringup {} --twin --gate bmc\n")),
    ({"wish": bringing.Wish(only=("bmc,firmware",)), "wanted": Wanted(limit=("gpu0*",))},
     ("--only bmc,firmware", "--limit 'gpu0*'", "bringup {} --twin --only bmc,firmware --limit 'gpu0*'\n")),
    ({"wish": bringing.Wish(restarts=1)}, ("it was begun so: --restarts 1", "bringup {} --twin --restarts 1\n")),
    ({"wish": bringing.Wish(consent=Consent(proof="lldp", drained_by="/d.sh"))},
     ("bringup {} --twin --proof lldp --drained-by /d.sh\n",)),
    ({"commands": [Command(kind="cancel")]}, ("it was asked to end", "bringup {} --twin\n")),
    ({"words": False}, ("another version began it", "bringup {} --twin\n")),
    ({}, ("bringup {} --twin\n",)),
])  # fmt: skip
def test_where_the_site_has_changed_nothing_begins_and_what_was_held_back_is_named(resume, kept, told):
    """A run waited at a gate, the site was edited, and `--resume --yes` flashed all servers: a new run had no gate, pause or skip."""
    run = cut_off(resume.state, **kept).run
    done = resume.of()
    assert done.exit_code == 1, done.output
    assert (
        f"run {run} cannot go on, and nothing was begun: the site has changed since it was begun (nodes)" in done.stderr
    )
    for one in told:
        assert one.format(resume.folder) in done.stderr
    assert f"'rackwright report {resume.folder} --run {run}' keeps it" in done.stderr
    assert ("does not hold back" in done.stderr) == bool(kept)
    assert "going on" not in done.stderr
    assert [one.run for one in runs.listed(resume.state)] == [run]


@pytest.mark.parametrize(("commands", "held"), [
    ([Command(kind="pause"), Command(kind="go")], []),
    ([Command(kind="go"), Command(kind="pause")], ["--pause"]),
    ([Command(kind="skip", task="gpu01", reason="r"), Command(kind="retry", task="gpu01")], ["--skip gpu01 --reason r"]),
    ([Command(kind="skip", task="bmc/gpu01", reason="r"), Command(kind="retry", task="bmc/gpu01")], []),
    ([Command(kind="cancel", task="gpu01")], [""]),
    ([Command(kind="cancel", task="gpu01"), Command(kind="retry", task="gpu01")], []),
])  # fmt: skip
def test_what_a_run_was_told_is_held_back_until_it_was_taken_back(tmp_path, commands, held):
    """A device that was skipped stays so until the task's own name is given, as in the run itself."""
    assert [one.said for one in held_back(tmp_path, cut_off(tmp_path, commands=commands).run)] == held


@pytest.mark.parametrize(("wish", "begins"), [(bringing.Wish(), True), (bringing.Wish(gates=("firmware",)), False)])
def test_after_an_upgrade_a_new_run_goes_on_only_where_nothing_was_held_back(resume, monkeypatch, wish, begins):
    """The same tasks over the same site are read first by another version; a gate is not passed by an upgrade."""
    cut_off(resume.state, wish=wish)

    def changed(*_args, **_words):
        raise RunChanged("begun by bringup 2")

    monkeypatch.setattr(submitting, "resume", changed)
    monkeypatch.setattr(bringing, "graph_for", lambda *_: Graph(tasks=(Task(name="os/gpu01", stage="os"),)))
    done = resume.of()
    assert done.exit_code == 1
    assert ("nothing was held back in it: reading first" in done.stderr) == begins
    assert ("a new one would also do os/gpu01" in done.stderr) == begins
    assert ("--gate firmware" in done.stderr) != begins


@pytest.mark.parametrize("events", [(), ("goes on after pid 7", "done")])
def test_that_a_run_goes_on_is_said_once_it_does(resume, monkeypatch, events):
    """One that another process holds tells nothing, and nobody reads that it goes on."""
    run = cut_off(resume.state).run
    watched = mock.MagicMock()
    watched.__enter__.return_value = watched

    def held(*_args, on_event, **_words):
        for text in events:
            on_event(Event(at="", kind="run", text=text))
        raise RunBusy("held by pid 7")

    monkeypatch.setattr(End, "_watching", lambda *_: watched)
    monkeypatch.setattr(submitting, "resume", held)
    done = resume.of()
    assert done.exit_code == 1
    assert done.stderr.count(f"going on with run {run}") == bool(events)
    assert watched.call_count == len(events)


def test_what_has_changed_of_a_site_is_told_by_its_sections(site):
    """Who is refused wants to know which edit it was."""
    world = opened_world(Talk(quiet=True), site, Wanted())
    order = Order(site="s", intent=world.plan.digest, graph=Graph(tasks=()), sections=world.sections)
    assert edited(order, world) == ""
    text = (site / "site.yaml").read_text()
    (site / "site.yaml").write_text(text.replace("vlan: 500", "vlan: 501"))
    assert text.count("vlan: 500") == 1
    assert edited(order, opened_world(Talk(quiet=True), site, Wanted())).endswith("(networks)")


def test_a_row_of_the_sites_own_catalog_that_has_changed_is_an_edit(site):
    """What a BIOS profile of the site says is in no section of site.yaml: servers of one run would have got other settings."""
    rows = site / "catalog" / "bios.yaml"
    rows.parent.mkdir(exist_ok=True)
    text = (
        "bios:\n  ours:\n    name: Ours\n    source: s\n    models: []\n    attributes:\n"
        "      - {attribute: SysProfile, value: VALUE, reason: r, source: s}\n"
    )
    rows.write_text(text.replace("VALUE", "PerfOptimized"))
    world = opened_world(Talk(quiet=True), site, Wanted())
    order = Order(site="s", intent=world.plan.digest, graph=Graph(tasks=()), sections=world.sections)
    assert edited(order, opened_world(Talk(quiet=True), site, Wanted())) == ""
    rows.write_text(text.replace("VALUE", "Custom"))
    assert edited(order, opened_world(Talk(quiet=True), site, Wanted())).endswith("(catalog)")


def test_a_key_or_an_image_that_has_changed_is_an_edit(site):
    """The plan knows neither: switches of one run would have got other keys than those before it, and servers other images."""
    world = opened_world(Talk(quiet=True), site, Wanted())
    order = Order(site="s", intent=world.plan.digest, graph=Graph(tasks=()), sections=world.sections)
    with (site / "ops.pub").open("a") as keys:
        keys.write("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0pVzJq0wYqTnS0m0Jf1mX4y3n8m2qk0b1c2d3e4f5g other\n")
    here = opened_world(Talk(quiet=True), site, Wanted())
    assert edited(order, here).endswith("(files of access.ssh_keys)")
    image = Image(component="bios", version="1.0", url="https://example.org/b.exe", sha256="0" * 64)
    other = replace(world, images=(image,))
    assert edited(order, other).endswith("(images)")
    with pytest.raises(SiteChanged, match="images"):
        Bringup(other).graph(order.encoded())


def test_a_new_run_tells_of_one_that_could_go_on_and_of_what_it_held_back(tmp_path, monkeypatch):
    """Who begins anew beside a run that was cut off is told of it, and what he did not say again; without one nothing is said."""
    heard, gated = Heard(), bringing.Wish(gates=("firmware",))
    plan = SimpleNamespace(digest="of last week")
    end = End(heard, SimpleNamespace(folder=tmp_path, plan=plan, sections=HERE, way=SimpleNamespace(state=tmp_path)))
    end.tell_of_cut_off()
    assert heard.lines == []
    run = cut_off(tmp_path, wish=gated).run
    end.tell_of_cut_off(bringing.words_of(gated, Wanted()))
    said = f"run {run} was cut off and could go on with --resume; this is a new one"
    record = f"its record: 'rackwright report {tmp_path} --run {run}' keeps it"
    assert heard.lines == [said, record]
    heard.lines.clear()
    end.tell_of_cut_off()
    gate = "  a gate before firmware, which nobody has answered: --gate firmware"
    assert heard.lines == [said, f"run {run} holds back what this one does not:", gate, record]
    plan.digest = "of today"
    end.tell_of_cut_off()
    assert f"run {run} was cut off and cannot go on, since the site has changed; this is a new one" in heard.lines


def test_an_edit_that_the_plan_does_not_know_is_one_all_the_same(resume):
    """The plan was the same, its keys were not: the run went on, and the switches after the edit got others than those before."""
    cut_off(resume.state)
    resume.plan.digest = "of last week"
    ended = resume.of()
    assert ended.exit_code == 1
    assert "nothing was begun: the site has changed since it was begun (nodes)" in ended.output


def overtake(state):
    """Leave a push to the server of the bring-up behind."""
    graph = Graph(tasks=(Task(name="gpu01", stage="bmc", device="gpu01"),), limits={"jobs": 1})
    return RunFolder.made(
        state, b"{}", graph, program="push-bmc", version="1", engine=ENGINE, jobs=1, database="", twin=True
    )


def test_a_run_that_another_has_overtaken_is_not_forgotten(resume):
    """A push to one server of a bring-up that waited at a gate made the gate, the pause and the skip vanish without a word."""
    run = cut_off(
        resume.state, wish=bringing.Wish(gates=("firmware",)), commands=[Command(kind="pause", who="ann")]
    ).run
    by = overtake(resume.state).run
    ended = resume.of()
    assert ended.exit_code == 1
    assert f"run {run} cannot go on, and nothing was begun: run {by} has worked on its devices since" in ended.output
    assert "  a gate before firmware, which nobody has answered: --gate firmware\n" in ended.output
    assert f"bringup {resume.folder} --twin --gate firmware --gate bmc\n" in ended.output


def test_a_new_run_tells_of_one_that_another_has_overtaken(tmp_path):
    """Who begins anew is told what is held back, also where what was cut off cannot go on."""
    heard = Heard()
    end = End(heard, SimpleNamespace(folder=tmp_path, way=SimpleNamespace(state=tmp_path)))
    run, by = cut_off(tmp_path, wish=bringing.Wish(gates=("firmware",))).run, overtake(tmp_path).run
    end.tell_of_cut_off()
    assert heard.lines[:2] == [
        f"run {run} was cut off and cannot go on, since run {by} has worked on its devices; this is a new one",
        f"run {run} holds back what this one does not:",
    ]


def test_each_of_two_that_were_cut_off_has_its_own_reason(tmp_path):
    """One on another device could still go on: it was said that a push to the device of the newer one kept it from that."""
    heard = Heard()
    plan = SimpleNamespace(digest="of last week")
    end = End(heard, SimpleNamespace(folder=tmp_path, plan=plan, sections=HERE, way=SimpleNamespace(state=tmp_path)))
    old, new, by = cut_off(tmp_path, device="gpu02").run, cut_off(tmp_path).run, overtake(tmp_path).run
    end.tell_of_cut_off()
    assert f"run {old} was cut off and could go on with --resume; this is a new one" in heard.lines
    assert (
        f"run {new} was cut off and cannot go on, since run {by} has worked on its devices; this is a new one"
        in heard.lines
    )


def test_status_names_a_run_that_was_cut_off_before_the_newest_until_its_record_is_kept(tmp_path):
    """What an overtaken run did to a rack was forgotten: no record was made, and nothing named it."""
    state = tmp_path / ".rackwright"
    old, new = (cut_off(state) for _ in range(2))
    found = steering.status(state, None)
    assert found.data["left"] == [old.run]
    assert (
        found.lines[-1]
        == f"run {old.run} was cut off before it: 'rackwright report {tmp_path} --run {old.run}' keeps its record"
    )
    (old.path / "record").mkdir()
    (old.path / "record" / "record.json").write_text("{}")
    found = steering.status(state, None)
    assert (found.data["run"], found.data["left"]) == (new.run, [])


@pytest.mark.parametrize(("kinds", "paused"), [((), False), (("pause",), True), (("pause", "go"), False)])
def test_status_of_a_paused_run_says_so(tmp_path, kinds, paused):
    """A colleague who reads "running" waits for work that nobody will begin."""
    cut_off(tmp_path, commands=[Command(kind=kind) for kind in kinds])
    found = steering.status(tmp_path, None)
    assert found.data["paused"] == paused
    assert ("paused (nothing further is begun until --go)" in found.lines[0]) == paused


def test_words_of_serve_that_cannot_be_told_apart_are_told(tmp_path):
    """A quote that is left open is a mistake of the command line, and nothing is begun."""
    with (
        pytest.raises(
            ServeError, match=r"--serve cannot be told apart \(no closing quotation\): see the quotes in '--http"
        ),
        served(Heard(), tmp_path, "'--http 127.0.0.1:0", tmp_path),
    ):
        pytest.fail("nothing is served")
