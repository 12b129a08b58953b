"""`rackwright report`: written, signed, and looked at by whoever gets it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from click.testing import CliRunner

from rackwright import runs
from rackwright.cli import building, main, recording, signing
from rackwright.cli.brought import End
from rackwright.cli.recording import keep
from rackwright.cli.talk import Talk
from rackwright.errors import RecordError
from rackwright.findings import finding
from rackwright.secrets import Secret
from tests.boards import graph_of
from tests.canary import Canary


class Toy:
    """Every task is done, but for the one that is planted."""

    name, version = "bringup", "1"

    def graph(self, order):
        return graph_of(json.loads(order)["servers"])

    def task(self, context, order, task, before):
        if task.device:
            kept = context.folder / "evidence" / task.stage / f"{task.device}.json"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text("{}")
        bad = task.name == json.loads(order).get("bad")
        return runs.Outcome(
            subject=task.name, state="failed" if bad else "done", cause="GPU 3 is missing" if bad else ""
        )


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A key of the operator."""
    path = tmp_path_factory.mktemp("keys") / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", path], check=True)
    return path


@pytest.fixture(scope="module")
def ended(planned_site, tmp_path_factory):
    """A site whose run has ended, each device accepted; it is read only."""
    made = Path(shutil.copytree(planned_site, tmp_path_factory.mktemp("ended") / "site"))
    brought(made)
    return made


@pytest.fixture(scope="module")
def signed(ended, key, tmp_path_factory):
    """A signed record of it; it is read only."""
    out = tmp_path_factory.mktemp("signed") / "out"
    assert CliRunner().invoke(main, ["report", str(ended), "-o", str(out), "--sign", str(key)]).exit_code == 0
    return out


@pytest.fixture
def out(signed, tmp_path):
    """A copy of it, as somebody got it."""
    return Path(shutil.copytree(signed, tmp_path / "out"))


@pytest.fixture
def site(ended, tmp_path):
    """A copy of the site and its run."""
    return Path(shutil.copytree(ended, tmp_path / "my-site"))


@pytest.fixture
def bare_site(planned_site, tmp_path):
    """A site in which nothing was begun."""
    return Path(shutil.copytree(planned_site, tmp_path / "bare-site"))


def brought(site, **order):
    """A run that has ended."""
    with runs.opened(site / ".rackwright", programs=[Toy()]) as engine:
        return engine.run("bringup", json.dumps({"servers": ["gpu01", "gpu02"], "who": "ann@laptop", **order}).encode())


def planned(site):
    """The plan of the site as it is now."""
    return building.plan_site(Talk(quiet=True), site)[1].plan


def test_there_is_nothing_to_report_before_anything_was_begun(rackwright, bare_site):
    """It says what would begin it."""
    result = rackwright("report", bare_site)
    assert result.exit_code == 1
    assert "'rackwright bringup' begins one" in result.stderr


def test_an_accepted_rack_is_reported_and_signed(rackwright, rackwright_json, site, key, tmp_path):
    """What is handed over can be verified elsewhere, by who signed it, and holds the evidence."""
    out = tmp_path / "handed over"
    result = rackwright("report", site, "-o", out, "--sign", key)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == str(out / "index.html")
    record = json.loads((out / "record.json").read_text())
    assert (site / ".rackwright" / "runs" / record["run"]).is_dir()
    assert record["who"] == "ann@laptop"
    assert (out / "files/evidence/accept/gpu01.json").read_text() == "{}"
    assert (out / "record.json").stat().st_mode & 0o777 == 0o600
    signers = tmp_path / "signers"
    signers.write_text(f"ann@laptop {key.with_suffix('.pub').read_text()}")
    shutil.copytree(out, tmp_path / "elsewhere")
    code, value = rackwright_json("report", "--verify", tmp_path / "elsewhere", "--signers", signers)
    assert (code, value["good"]) == (0, True)
    assert "signed by ann@laptop" in value["said"][0]
    said = rackwright("report", "--verify", tmp_path / "elsewhere").stdout
    assert "whose key that is, nobody said" in said


def test_no_secret_is_handed_over(rackwright, bare_site, tmp_path):
    """Whatever a program lets slip into an outcome, an event or a finding: not in the record, its pages or its copies."""
    canary = Canary("Tr0ub4dor&3-and-a-horse")
    said = f"login with {canary.secret} failed"
    found = msgspec.to_builtins(finding("machine.login", "gpu01", said, remedy=said, actual=canary.secret))

    class Careless(Toy):
        def task(self, context, order, task, before):
            context.event(said, findings=[found], note=canary.secret)
            detail = {
                "findings": [found],
                "changes": [said],
                "versions": {"x": canary.secret},
                "other": [canary.secret],
            }
            return runs.Outcome(subject=task.name, state="done", detail=detail, cause=said, remedy=said)

    with runs.opened(bare_site / ".rackwright", programs=[Careless()], hide=[Secret(canary.secret)]) as engine:
        engine.run("bringup", json.dumps({"servers": ["gpu01"]}).encode())
    assert rackwright("report", bare_site, "-o", tmp_path / "out").exit_code == 0
    assert canary.in_folder(tmp_path / "out") == canary.in_folder(bare_site / ".rackwright") == []


def test_a_failed_device_is_an_exit_code_of_its_own(rackwright_json, site):
    """4: there are findings; and it is not signed, which is said."""
    brought(site, bad="hardware/gpu02")
    code, value = rackwright_json("report", site)
    assert code == 4
    assert value["verdicts"] == {"gpu01": "accepted", "gpu02": "failed"}
    assert value["signed"] is False
    assert (value["headline"], value["not_verified"]) == ("1 of 2 devices accepted, 1 failed", {})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda out: (out / "record.json").write_text((out / "record.json").read_text() + " "), "does not hold"),
        (lambda out: (out / "nodes/gpu01.html").write_text("accepted"), "nodes/gpu01.html is not what was signed"),
        (lambda out: (out / "nodes/gpu01.json").unlink(), "nodes/gpu01.json is missing"),
        (lambda out: (out / "nodes/gpu03.html").write_text("accepted"), "nodes/gpu03.html lies there and is not in"),
        (lambda out: (out / "SHA256SUMS.sig").unlink(), "SHA256SUMS.sig is missing"),
        (lambda out: (out / "record.json.sig").unlink(), "record.json.sig is missing"),
        (lambda out: (out / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
        (lambda out: (out / "SHA256SUMS").write_text("x  ../../etc/passwd\n"), "does not hold"),
    ],
)
def test_what_is_changed_afterwards_is_seen(rackwright, out, spoil, said):
    """Whichever file it is: the record, a certificate, one that was added or taken away."""
    spoil(out)
    result = rackwright("report", "--verify", out)
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_stranger_is_no_signer(rackwright, out, tmp_path):
    """A good signature by a key that is not on the list is refused."""
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    (tmp_path / "signers").write_text(f"bob {(tmp_path / 'other.pub').read_text()}")
    result = rackwright("report", "--verify", out, "--signers", tmp_path / "signers")
    assert result.exit_code == 1
    assert "a key that" in result.stderr


def test_a_signature_for_something_else_is_none_of_a_record(tmp_path, key):
    """The same key signs mail and commits; what it signed there does not count here."""
    path = tmp_path / "record.json"
    path.write_text("{}")
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", key, path], check=True, capture_output=True)
    with pytest.raises(RecordError, match="does not hold"):
        signing.signature(path)


def test_a_key_that_cannot_sign_leaves_no_signature(rackwright, site, tmp_path):
    """Neither a new one nor the one of before."""
    (tmp_path / "no-key").write_text("hello")
    result = rackwright("report", site, "--sign", tmp_path / "no-key")
    assert result.exit_code == 1
    assert "is not signed" in result.stderr
    assert not list(site.rglob("*.sig"))
    assert rackwright("report", site, "--sign", tmp_path / "nowhere").exit_code == 1


def test_a_key_that_cannot_sign_is_told_before_hours_of_work(rackwright, site, tmp_path):
    """A bring-up that is to be signed refuses what is no key before it looks at anything."""
    runs_of = site / ".rackwright" / "runs"
    before = sorted(runs_of.iterdir())
    result = rackwright("bringup", site, "--yes", "--sign", tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "is no key" in result.stderr
    assert sorted(runs_of.iterdir()) == before


def test_a_report_again_takes_the_old_signature_away(rackwright, site, out, tmp_path):
    """A signature of what lay there before never stands beside what is written now."""
    assert rackwright("report", site, "-o", out).exit_code == 0
    assert not list(out.rglob("*.sig"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("mine")
    result = rackwright("report", site, "-o", tmp_path / "full")
    assert (result.exit_code, (tmp_path / "full/thesis.txt").read_text()) == (1, "mine")


def test_a_folder_with_sums_of_something_else_is_left_alone(rackwright, site, tmp_path):
    """Whoever keeps images has a SHA256SUMS too; nothing that is no record is ever removed."""
    images = tmp_path / "images"
    images.mkdir()
    (images / "ubuntu.iso").write_text("iso")
    (images / "SHA256SUMS").write_text("abc  ubuntu.iso\n")
    assert rackwright("report", site, "-o", images).exit_code == 1
    assert sorted(path.name for path in images.iterdir()) == ["SHA256SUMS", "ubuntu.iso"]
    out = tmp_path / "out"
    assert rackwright("report", site, "-o", out).exit_code == 0
    (out / "notes.txt").write_text("mine")
    result = rackwright("report", site, "-o", out)
    assert result.exit_code == 1
    assert "holds notes.txt" in result.stderr
    assert (out / "record.json").exists()


def test_where_a_run_is_can_be_told_of_a_site_that_cannot_be_written(rackwright, site, bare_site, monkeypatch):
    """To look writes nothing: neither beside the journal nor a folder for a site in which nothing was begun."""
    shutil.rmtree(bare_site / ".rackwright", ignore_errors=True)
    monkeypatch.setattr(os, "access", lambda _path, mode, **_more: mode != os.W_OK)
    before = sorted(path for path in site.rglob("*"))
    result = rackwright("bringup", site, "--status")
    assert (result.exit_code, ": done, begun " in result.stdout) == (0, True), result.output
    assert sorted(path for path in site.rglob("*")) == before
    assert "no bring-up was begun" in rackwright("bringup", bare_site, "--status").stdout
    assert not (bare_site / ".rackwright").exists()


def test_a_record_stays_true_when_the_site_changes(rackwright, bare_site, tmp_path):
    """Another machine stands in the place today: the record still names the one that was brought up."""
    site = bare_site
    before = planned(site)
    brought(site, intent=before.digest)
    assert rackwright("report", site).exit_code == 0
    old = next(device.serial for device in before.devices if device.name == "gpu01")
    nodes = site / "nodes.csv"
    nodes.write_text(nodes.read_text().replace(old, "ZZZZZZ9"))
    assert planned(site).digest != before.digest
    assert rackwright("report", site, "-o", tmp_path / "out").exit_code == 0
    record = json.loads((tmp_path / "out/record.json").read_text())
    assert record["intent"] == before.digest
    assert record["devices"][0]["serial"] == old
    shutil.rmtree(next(site.glob(".rackwright/runs/*/record")))
    result = rackwright("report", site)
    assert "the site has changed since this run" in result.stderr


def made_key(path, passphrase=""):
    """A new key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path], check=True)
    return path


def test_a_key_that_asks_for_its_passphrase_is_refused_before_the_run(rackwright, site, tmp_path):
    """Nobody is there to type it when the record is signed; the refusal names the agent."""
    runs_of = site / ".rackwright" / "runs"
    before = sorted(runs_of.iterdir())
    locked = made_key(tmp_path / "locked", "secret")
    result = rackwright("bringup", site, "--twin", "--yes", "--allow-disruption", "--sign", locked)
    assert result.exit_code == 1
    assert f"use ssh-agent ('ssh-add {locked}'), or a key without passphrase" in result.stderr
    assert "incorrect passphrase" in result.stderr
    assert sorted(runs_of.iterdir()) == before


def test_what_is_no_key_is_not_sent_to_an_agent(tmp_path):
    """A file that is no SSH key is called that before the run: no agent would take it either."""
    path = tmp_path / "notes.txt"
    path.write_text("not a key\n")
    with pytest.raises(RecordError, match=r"notes\.txt cannot sign .*name a private SSH key") as wrong:
        signing.tried(path)
    assert "ssh-add" not in str(wrong.value)


def test_a_key_with_a_passphrase_signs_from_an_agent(tmp_path, monkeypatch):
    """What the refusal advises works, by the private key's name and by the public one's."""
    locked, ask = made_key(tmp_path / "locked", "secret"), tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho secret\n")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    with subprocess.Popen(["ssh-agent", "-D", "-a", tmp_path / "agent"], stdout=subprocess.PIPE) as agent:
        try:
            agent.stdout.readline()
            forced = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
            subprocess.run(["ssh-add", "-q", locked], check=True, env=forced, stdin=subprocess.DEVNULL)
            signing.tried(locked)
            signing.tried(locked.with_suffix(".pub"))
        finally:
            agent.terminate()
    with pytest.raises(RecordError, match="use ssh-agent"):
        signing.tried(locked.with_suffix(".pub"))


@pytest.fixture
def unseen(monkeypatch):
    """Links are not looked at once more: there are no switches here."""
    monkeypatch.setattr(End, "_look_again", lambda _: None)


@pytest.mark.usefixtures("unseen")
def test_a_run_whose_record_cannot_be_signed_is_told_all_the_same(site, tmp_path):
    """The key went away meanwhile: tasks, devices and the unsigned record are shown, and the exit code is not 0."""
    report = brought(site)
    (tmp_path / "no-key").write_text("hello")
    world = SimpleNamespace(plan=planned(site), way=SimpleNamespace(state=site / ".rackwright"))
    answer = End(Talk(quiet=True), world, key=tmp_path / "no-key")._answer(report)
    lines = list(answer.lines)
    assert answer.code == 1
    assert "2 of 2 devices accepted" in lines
    assert any(line.startswith("record: ") for line in lines)
    assert answer.data["signed"] is False
    folder = Path(answer.data["record"]).parent
    assert not list(folder.glob("*.sig"))
    # Its pages were written anew: none says that it is signed.
    assert pages_of(folder) == pages_of(unsigned_record(site, report))


def test_what_a_run_tells_while_it_is_recorded_breaks_no_signature(site, key, tmp_path, monkeypatch):
    """A report of a run that goes on: its events grew between the digest and the copy, and the record did not verify."""
    report, out = brought(site), tmp_path / "out"
    written = recording._written

    def slowly(*given):
        runs.note(site / ".rackwright", report.run, "something more")
        return written(*given)

    monkeypatch.setattr(recording, "_written", slowly)
    keep(Talk(quiet=True), planned(site), site / ".rackwright", report.run, out=out, key=key)
    assert any("as they were signed" in line for line in recording.verified(out))


def test_evidence_that_changes_while_it_is_recorded_is_not_signed_for(site, tmp_path, monkeypatch):
    """A digest of one thing beside a copy of another would call an honest record forged."""
    report = brought(site)
    documents = recording._ordered

    def changed(folder):
        monkeypatch.setattr(
            recording, "_fresh", lambda out: (folder.path / "evidence/accept/gpu01.json").write_text("[]") and out
        )
        return documents(folder)

    monkeypatch.setattr(recording, "_ordered", changed)
    with pytest.raises(RecordError, match="changed while it was recorded: run it again"):
        keep(Talk(quiet=True), planned(site), site / ".rackwright", report.run, out=tmp_path / "out")


@pytest.mark.usefixtures("unseen")
def test_a_run_in_which_an_acceptance_was_skipped_does_not_say_that_all_is_well(site):
    """A script that hands a rack over by the exit code must not hand over what nobody accepted."""
    report = brought(site)
    world = SimpleNamespace(plan=planned(site), way=SimpleNamespace(state=site / ".rackwright"))
    assert End(Talk(quiet=True), world)._answer(report).code == 0
    skipped = runs.Outcome(subject="accept/gpu01", state="waived", cause="ann skipped it: no time")
    report = msgspec.structs.replace(report, outcomes=report.outcomes | {"accept/gpu01": skipped})
    answer = End(Talk(quiet=True), world)._answer(report)
    assert (answer.code, answer.data["accepted"]) == (4, {"gpu01": "open", "gpu02": "accepted"})


def unsigned_record(site, report):
    """The same record, written where no key was named."""
    return keep(Talk(quiet=True), planned(site), site / ".rackwright", report.run, report=report).folder


def pages_of(folder):
    """The pages of a record."""
    return {path.name: path.read_text() for path in folder.rglob("*.html")}


def test_signers_that_cannot_be_read_are_no_judgement(rackwright, out, tmp_path):
    """A file that is not there says nothing about the key."""
    result = rackwright("report", "--verify", out, "--signers", tmp_path / "nonexistent")
    assert result.exit_code == 1
    assert "nonexistent cannot be read (no such file or directory)" in result.stderr
    assert "trust" not in result.stderr


def test_where_no_record_lies_nothing_is_to_be_signed(rackwright, site, tmp_path):
    """A folder without a record and a record without a signature are two things."""
    result = rackwright("report", "--verify", tmp_path / "nosuch")
    assert result.exit_code == 1
    assert "no record lies in" in result.stderr
    assert rackwright("report", site, "-o", tmp_path / "plain").exit_code == 0
    result = rackwright("report", "--verify", tmp_path / "plain")
    assert result.exit_code == 1
    assert "is not signed: whoever made it signs it with 'rackwright report --sign KEY'" in result.stderr


def test_a_record_with_the_signatures_of_two_keys_is_refused(rackwright, out, tmp_path):
    """Both hold, and yet somebody put one of them there: a record is signed with one key."""
    other = made_key(tmp_path / "other")
    signing.sign(out / "SHA256SUMS", other)
    result = rackwright("report", "--verify", out)
    assert result.exit_code == 1
    assert "a record is signed with one key" in result.stderr


@pytest.mark.parametrize("words", [("--sign", "key"), ("-o", "out"), ("--run", "x")])
def test_verifying_writes_and_signs_nothing(rackwright, out, words):
    """What would be left out in silence is a mistake in the command; a key that the environment names is none."""
    assert rackwright("report", "--verify", out, *words).exit_code == 2
    assert rackwright("report", "--verify", out, RACKWRIGHT_SIGN_KEY="key").exit_code == 0


def test_signers_are_for_verifying(rackwright, site):
    """Alone they mean nothing."""
    assert rackwright("report", site, "--signers", "x").exit_code == 2
