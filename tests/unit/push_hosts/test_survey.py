"""What a look ahead tells of a host, how a kept changeset grows stale, and the causes of failures."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.batches import Batches
from rackwright.drivers.hosts.model import HostResult, Play, Played, Target
from rackwright.errors import DocumentError, DriverError, StalePlan
from rackwright.plan.stack_model import HostStack, Stage, Step
from rackwright.push.bmc.darkness import cutting
from rackwright.push.hosts.causes import CAUSES, cause_of, sentence
from rackwright.push.hosts.changeset import Changeset, Unread, load, refuse_stale
from rackwright.push.hosts.contact import batches_of
from rackwright.push.hosts.packages import blamed
from rackwright.push.hosts.procedure import Playbooks
from rackwright.push.hosts.reading import Surveyor
from rackwright.report.hosts import host_lines, problem_lines, what_differs
from rackwright.runs.folder import RunFolder
from tests.unit.push_hosts.fake import MAIN, STAGES, VERIFY, World

APT = "'/usr/bin/apt-get -y -o DPkg::Lock::Timeout=60 install 'mft=4.31.0-149'' failed:"
"""How the module apt begins: with its command, whose words are no cause."""
STACK = HostStack(
    name="gpu01", role="server", model="xe9680", service_tag="TAG0001",
    steps=tuple(
        Step(name=name, title=name, reboot=stage.asking.get(name, "none")) for stage in STAGES for name in stage.steps
    ),
    stages=tuple(Stage(stage.steps, stage.reboot) for stage in STAGES),
)  # fmt: skip


def survey(world):
    surveyor = Surveyor(world, Playbooks(MAIN, VERIFY), {"gpu01": STACK}, {"gpu01": {"rackwright": {}}}, gather_s=0)
    return surveyor.survey("gpu01")


def test_a_host_that_a_run_left_off_is_told_as_that(tmp_path):
    """A host that could not be reached was one with a wrong cable, though its power had been cut and nobody saw it on again."""
    world = World()
    world.state, world.power = tmp_path, "Off"
    assert "cut its power" not in survey(world).cause
    folder = RunFolder.made(tmp_path, b"order", program="push-host", version="1", engine="1", jobs=1, twin=False)
    cutting(folder.path, "gpu01")
    found = survey(world)
    assert f"run {folder.run} cut its power and did not see it on again" in found.cause
    assert "--only bmc" in found.remedy


def test_a_bare_host_has_all_stages_before_it():
    """Every change is told with its role, and the restarts that they take; nothing is done meanwhile."""
    world = World()
    found = survey(world)
    assert [change.role for change in found.changes] == ["base", "kernel", "ofed", "config", "runtime", "verify"]
    assert (found.stages, found.restarts) == (STAGES, ("warm", "cold"))
    assert world.installed == {}
    assert world.deeds == ["check base kernel ofed config runtime verify"]
    changeset = Changeset.of("s", "i", [found])
    assert what_differs(changeset) == "1 host of 1 differs, at most 2 restarts"
    assert next(host_lines(changeset)) == "gpu01 (1 restart, 1 power cycle)"


def test_a_host_that_is_as_intended_is_proven_so():
    """Nothing to change and every proof good: no stage is left; with a proof that fails the stage of that step is."""
    world = World()
    world.installed = dict.fromkeys(("base", "kernel", "ofed", "config", "runtime", "verify"), 0)
    assert survey(world).stages == ()
    world.installed["config"] = 1
    found = survey(world)
    assert found.stages == STAGES[1:]
    assert found.unproven == "config: config is not in force"
    assert found.restarts == ("cold",)
    world.installed["config"], world.note = 0, world.boots
    assert survey(world).unproven == "a restart is outstanding since an earlier run"


def test_who_cannot_be_read_or_is_another_one_is_told():
    """Another service tag, and a host that does not answer, are values with a remedy."""
    assert "OTHER99 answers" in survey(World(tag="OTHER99")).cause
    world = World()
    world.dead = True
    found = survey(world)
    assert isinstance(found, Unread)
    assert found.remedy == "see its cable"


def test_where_a_look_ahead_ends_is_a_problem_and_not_the_end():
    """A task that fails under --check is told with its kind and remedy, and the stages from there are before the host."""
    world = World()
    world.installed = {"base": 0, "kernel": 0}
    world.fails["ofed"] = HostResult(
        host="gpu01", state="failed", role="ofed", task="Install", message="No space left on device"
    )
    found = survey(world)
    assert (found.problem.role, found.problem.kind) == ("ofed", "disk")
    assert found.stages == STAGES[1:]
    # A push may come further: what it would restart then needs the same leave as what is foreseen.
    assert found.restarts == ("cold",)
    assert msgspec.structs.replace(found, stages=STAGES).restarts == ("cold",)
    unknown = msgspec.structs.replace(found.problem, role="")
    assert msgspec.structs.replace(found, stages=STAGES, problem=unknown).restarts == ("warm", "cold")
    (line,) = problem_lines(Changeset.of("s", "i", [found]))
    assert "make room" in line


def test_a_changeset_is_kept_and_a_stale_one_refused(tmp_path):
    """What came closer is no reason to refuse; another change, another intent and an edited file are."""
    world = World()
    kept = Changeset.of("s", "i", [survey(world)])
    path = tmp_path / "changes.json"
    path.write_bytes(kept.encoded())
    assert load(path) == kept
    world.installed["base"] = 1
    refuse_stale(kept, Changeset.of("s", "i", [survey(world)]))
    with pytest.raises(StalePlan, match="intent"):
        refuse_stale(kept, Changeset.of("s", "other", [survey(world)]))
    narrow = Changeset.of("s", "i", [survey(world)])
    del world.installed["base"]
    with pytest.raises(StalePlan, match="gpu01: base"):
        refuse_stale(narrow, Changeset.of("s", "i", [survey(world)]))
    with pytest.raises(StalePlan, match="edited"):
        refuse_stale(msgspec.structs.replace(kept, found={"gpu01": "0"}), kept)
    path.write_text("{}")
    with pytest.raises(DocumentError):
        load(path)


def test_a_host_that_was_as_intended_is_not_restarted_by_what_said_so():
    """Somebody noted that a restart is due, or a proof fails since: nothing would change, and yet the host would go down."""
    world = World()
    world.installed = dict.fromkeys(("base", "kernel", "ofed", "config", "runtime", "verify"), 0)
    kept = Changeset.of("s", "i", [survey(world)])
    assert not kept.changed
    world.note = world.boots
    with pytest.raises(StalePlan, match="gpu01: a restart is outstanding since an earlier run, which was not so when"):
        refuse_stale(kept, Changeset.of("s", "i", [survey(world)]))
    world.note = -1
    world.installed["config"] = 1
    with pytest.raises(StalePlan, match="gpu01: config: config is not in force, which was not so when"):
        refuse_stale(kept, Changeset.of("s", "i", [survey(world)]))


def test_what_an_earlier_push_of_it_left_is_no_reason():
    """It was cut off behind its changes and before the restart that was shown."""
    world = World()
    kept = Changeset.of("s", "i", [survey(world)])
    world.installed = dict.fromkeys(("base", "kernel", "ofed", "config", "runtime", "verify"), 0)
    world.note = world.boots
    now = survey(world)
    assert (now.unproven, bool(now.restarts)) == ("a restart is outstanding since an earlier run", True)
    refuse_stale(kept, Changeset.of("s", "i", [now]))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no available installation candidate for doca-ofed=9.9.9", "package"),
        ("No package matching 'lldpd' is available", "package"),
        ("E: Failed to fetch http://10.0.0.1/x.deb  Could not connect to 10.0.0.1:80 (10.0.0.1). - connect (111: Connection refused)", "mirror"),
        ("Failed to update apt cache after 5 retries:", "mirror"),
        ("cannot copy extracted data for './usr/x' to '/usr/x.dpkg-new': failed to write (No space left on device)", "disk"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "disk"),
        ("3 MiB are free on /, 4000 are needed: make room", "disk"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (apt-get)", "lock"),
        ("E: Held packages were changed and -y was used without --allow-change-held-packages.", "held"),
        ("The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 1234", "key"),
        ("Error! Bad return status for module build on kernel: 6.8.0-57-generic (x86_64)", "build"),
        ("Missing sudo password", "sudo"),
        ("nvidia-driver-570-open : Depends: nvidia-utils-570 (= 1) but it is not going to be installed", "dependency"),
        ("6.8.0-51-generic runs, 6.8.0-57-generic is wanted: restart the host (tag restart)", "order"),
        (f"{APT} E: Packages were downgraded and -y was used without --allow-downgrades.", "newer"),
        (f"{APT} E: Unable to correct problems, you have held broken packages.\n a : Depends: b but it is not installable", "dependency"),
        (f"{APT} E: Unable to correct problems, you have held broken packages.", "held"),
        (f"{APT} E: Unable to correct problems, you have held broken packages.\nThe following packages have unmet dependencies:\n a : Depends: b (= 1) but 2 is to be installed", "dependency"),
        (f"{APT} E: something new", "task"),
        ("Timeout (12s) waiting for privilege escalation prompt", "timeout"),
        ("something new", "task"),
    ],
)  # fmt: skip
def test_what_failed_is_told_by_the_words_of_the_tool(text, kind):
    """Each kind of failure is found by what the tool prints, and has a remedy that ends with how to go on."""
    found, remedy = cause_of(HostResult(host="x", state="failed", message=text))
    assert found == kind
    assert remedy.endswith("reads the host anew and goes on")
    assert all(row.source for row in CAUSES)


UNMET = """\
 E: Unable to correct problems, you have held broken packages.
Reading package lists...
The following packages have unmet dependencies:
 nvidia-driver-570-open : Depends: nvidia-utils-570 (= 1) but it is not going to be installed
                          Depends: libnvidia-gl-570 (= 1) but it is not going to be installed
 doca-ofed:amd64 : Depends: mft but it is not installable
"""
BLAMED = (
    "nvidia-driver-570-open (Depends: nvidia-utils-570 (= 1) but it is not going to be installed), "
    "doca-ofed (Depends: mft but it is not installable)"
)
HELD = """\
 E: Held packages were changed and -y was used without --allow-change-held-packages.
The following held packages will be changed:
  linux-generic-hwe
  mft
3 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.
"""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"{APT}{UNMET}", BLAMED),
        (f"{APT}{HELD}", "linux-generic-hwe, mft"),
        (f"{APT} E: Packages were downgraded\nThe following packages will be DOWNGRADED:\n  a1 b2 c3\n  d4 e5\n", "a1, b2, c3, d4 and 1 more"),
        ("no available installation candidate for doca-ofed=9.9.9", "doca-ofed=9.9.9"),
        ("No package matching 'lldpd' is available", "lldpd"),
        (f"{APT} E: Unable to locate package lldpd", "lldpd"),
        (f"{APT} E: Package 'lldpd' has no installation candidate", "lldpd"),
        (f"{APT} E: Version '1.2' for 'lldpd' was not found", "lldpd"),
        (f"{APT} E: Unable to correct problems, you have held broken packages.", ""),
        (f"{APT} E: something new: Package lists", ""),
    ],
)  # fmt: skip
def test_the_packages_that_apt_blames_are_named_before_its_words(text, named):
    """Whoever reads why a step failed has to look for the package among all that its command names."""
    assert blamed(text) == named
    far = f"'/usr/bin/apt-get {' '.join(['install'] * 20)}' failed: {text}"
    said = sentence(HostResult(host="x", state="failed", task="Install", message=far))
    assert said == ": ".join(part for part in ("Install", named, far) if part)


def _play(name, steps=("a",), book="site.yml"):
    return Play(Path("/books") / book, (Target(Endpoint(device=name, host="h"), steps),))


def test_hosts_that_want_the_same_are_played_together():
    """Six hosts of two kinds take two plays; a play that cannot be run is an error for each that asked."""
    plays = []

    def run(play):
        plays.append({target.name for target in play.targets})
        if any(target.steps == ("b",) for target in play.targets):
            raise DriverError("no Ansible")
        return Played(
            status="successful", hosts={one.name: HostResult(host=one.name, state="ok") for one in play.targets}
        )

    batches, found, errors = Batches(run, expected=6, gather_s=0.3), {}, []

    def ask(name, steps):
        try:
            found[name] = batches.ask(_play(name, steps)).host
        except DriverError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=ask, args=(f"h{at}", ("a",) if at < 4 else ("b",))) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(sorted, plays)) == [["h0", "h1", "h2", "h3"], ["h4", "h5"]]
    assert found == {f"h{at}": f"h{at}" for at in range(4)}
    assert errors == ["no Ansible", "no Ansible"]


def test_no_play_is_larger_than_is_good_and_nobody_waits_for_more():
    """With two hosts a play, four hosts take two plays, and none waits for the time in which others may come."""
    plays, lock = [], threading.Lock()

    def run(play):
        with lock:
            plays.append(len(play.targets))
        return Played(
            status="successful", hosts={one.name: HostResult(host=one.name, state="ok") for one in play.targets}
        )

    batches = Batches(run, expected=4, most=2, gather_s=60)
    threads = [threading.Thread(target=batches.ask, args=(_play(f"h{at}"),)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert plays == [2, 2]


def test_on_the_twin_no_host_waits_for_the_play_of_another():
    """No Ansible runs there: with a turn for each processor a thousand hosts would be two at a time."""
    together = threading.Barrier(4)
    world = World()
    world.twin = True

    def run(play):
        together.wait(20)
        return Played(
            status="successful", hosts={one.name: HostResult(host=one.name, state="ok") for one in play.targets}
        )

    batches = batches_of(world, run, 4, None)
    threads = [threading.Thread(target=batches.ask, args=(_play(f"h{at}", (str(at),)),)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not together.broken
