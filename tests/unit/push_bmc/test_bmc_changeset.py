"""Changesets of servers as files: what makes one stale, and what does not; how they are printed."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from rackwright.diff.bmc.model import BiosChange, BiosState, FirmwareState
from rackwright.diff.bmc.settings import LOCKDOWN, SettingChange, Settings
from rackwright.errors import DocumentError, StalePlan
from rackwright.push.bmc.changeset import Changeset, ServerChanges, load, refuse_stale
from rackwright.push.bmc.model import Left, Refusal, Way
from rackwright.push.changeset import Unread
from rackwright.report.servers import left_lines, rack_line, refused_lines, server_lines, what_differs
from tests.unit.push_bmc.cases import steps_of
from tests.unit.push_bmc.fake import BIOS, CPLD, IDRAC


def state(found, wanted="2.7.4", verdict="behind"):
    return FirmwareState(
        key="bios", name="BIOS", subject="bios", verdict=verdict, fqdd=BIOS, found=found, wanted=wanted
    )


def server(name="gpu01", *states, old="Disabled", way=None, **more):
    changes = (BiosChange(attribute="SriovGlobalEnable", old=old, new="Enabled"),) if old != "Enabled" else ()
    return ServerChanges(
        device=name, model="xe9680", firmware=states or (state("2.5.4"),), bios=BiosState(profile="p", changes=changes),
        way=way or Way(machine=name), **more,
    )  # fmt: skip


def changeset(*servers, intent="1", site="x"):
    return Changeset.of(site, intent, servers)


def test_a_kept_one_is_read_back(tmp_path):
    """What was written is what is read; another file is refused."""
    made = changeset(server(way=Way(machine="gpu01", steps=steps_of(tmp_path, (IDRAC, BIOS, "settings")))))
    (tmp_path / "kept").write_bytes(made.encoded())
    assert load(tmp_path / "kept") == made
    (tmp_path / "kept").write_text("{}")
    with pytest.raises(DocumentError, match="is no changeset of BMCs"):
        load(tmp_path / "kept")


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (changeset(server(), site="y"), "site 'x'"),
        (changeset(server(), intent="2"), "intent has changed"),
        (changeset(server("gpu01", state("2.6.0"))), r"BIOS \(bios\) has gone from 2.5.4 to 2.6.0"),
        (changeset(server("gpu01", state("2.5.4", "2.8.0"))), "versions that are intended have changed"),
        (changeset(server("gpu01", state("2.5.4"), old="Other")), "BIOS attribute SriovGlobalEnable"),
    ],
)
def test_what_moved_is_refused(now, word):
    """The server and what moved are named."""
    with pytest.raises(StalePlan, match=word):
        refuse_stale(changeset(server()), now)


def test_an_edited_one_is_refused():
    """What was found stands there with its digest."""
    edited = msgspec.structs.replace(changeset(server()), servers=(server("gpu01", state("9.9.9")),))
    with pytest.raises(StalePlan, match="was edited"):
        refuse_stale(edited, changeset(server("gpu01", state("9.9.9"))))


def test_what_is_done_already_is_no_reason():
    """An earlier push of the same file came that far."""
    refuse_stale(changeset(server()), changeset(server("gpu01", state("2.7.4", verdict="compliant"), old="Enabled")))
    refuse_stale(changeset(server()), changeset(server("gpu01", state("2.5.4", verdict="staged"))))
    refuse_stale(changeset(server()), changeset())


def settings(*changes):
    return server(settings=Settings(changes=changes))


PASSWORD = SettingChange("password", "password of root", "as delivered", "secret:bmc")
NTP = SettingChange("attribute", "NTPConfigGroup.1.NTP1", "10.0.0.1", "10.0.0.2")
OFF, ON = (
    SettingChange(kind, LOCKDOWN, *values)
    for kind, values in (("unlock", ("Enabled", "Disabled")), ("lock", ("Disabled", "Enabled")))
)


@pytest.mark.parametrize("now", [(NTP,), (PASSWORD, NTP), (PASSWORD, OFF), (PASSWORD, ON)])
def test_a_setting_that_was_not_shown_is_refused(now):
    """A password, a time server or lockdown that has come before a BMC since is changed by no changeset from before."""
    with pytest.raises(StalePlan, match=f"gpu01: {now[-1].name} of the BMC or what it should be has changed"):
        refuse_stale(changeset(settings(PASSWORD)), changeset(settings(*now)))
    refuse_stale(changeset(settings(PASSWORD, NTP, OFF, ON)), changeset(settings(*now)))


def test_lockdown_is_lifted_and_set_again_where_that_is_asked_for():
    """diff lifts nothing; push --lift-lockdown does, for what was shown."""
    refuse_stale(changeset(settings(NTP)), changeset(settings(OFF, NTP, ON)))


def test_an_image_that_was_not_shown_is_refused(tmp_path):
    """The file or its entry came, or became another, since: what would be flashed is not what was reviewed."""
    steps = steps_of(tmp_path, (IDRAC, BIOS, "settings", CPLD))
    kept = changeset(server(way=Way(machine="gpu01", steps=steps, restarts=2)))
    fewer = tuple(step for step in steps if step.component != "cpld")
    refuse_stale(kept, changeset(server(way=Way(machine="gpu01", steps=fewer, restarts=1))))
    less = changeset(server(way=Way(machine="gpu01", steps=fewer, restarts=2)))
    with pytest.raises(StalePlan, match="gpu01: cpld would be brought in, which was not shown"):
        refuse_stale(less, kept)
    first = msgspec.structs.replace(
        steps[0], image=msgspec.structs.replace(steps[0].image, sha256="0" * 64, source="other.yaml:3")
    )
    with pytest.raises(StalePlan, match=f"gpu01: the image of {first.component} is another one"):
        refuse_stale(kept, changeset(server(way=Way(machine="gpu01", steps=(first, *steps[1:]), restarts=2))))
    with pytest.raises(StalePlan, match="gpu01: the host would be restarted 3 times instead of 2"):
        refuse_stale(kept, changeset(server(way=Way(machine="gpu01", steps=steps, restarts=3))))


def test_a_downgrade_that_was_refused_is_pushed_where_that_is_asked_for(tmp_path):
    """diff allows none and says so; push --allow-downgrade does, for what was shown."""
    steps = steps_of(tmp_path, (BIOS,))
    refusal = Refusal(component="bios", reason="downgrade", message="BIOS 2.8 is newer than 2.7.4", remedy="pin it")
    kept = changeset(server(way=Way(machine="gpu01", refused=(refusal,))))
    refuse_stale(kept, changeset(server(way=Way(machine="gpu01", steps=steps, restarts=1))))


def test_servers_alike_are_printed_once(tmp_path):
    """Restarts, AC cycles and minutes stand with the servers, and for the rack."""
    steps = steps_of(tmp_path, (IDRAC, BIOS, "settings", CPLD))
    ways = [
        Way(machine=n, steps=steps, restarts=2, ac_cycles=1, bmc_restarts=1, minutes=60) for n in ("gpu01", "gpu02")
    ]
    found = changeset(*(server(way.machine, way=way) for way in ways))
    lines = list(server_lines(found))
    assert (
        lines[0]
        == "2 servers alike: gpu01, gpu02 (2 restarts of the host, 1 with an AC cycle, 1 restart of the BMC, about 60 min each)"
    )
    assert "~ bios: 2.5.4 -> 2.7.4  # bios.exe" in lines
    plan = SimpleNamespace(devices=[SimpleNamespace(name=name, role="server", roles=()) for name in ("gpu01", "gpu02")])
    assert rack_line(found, plan, 1).endswith(
        "at most 2 of one; 2 restarts of BMCs; about 120 min in 1 turn, with 1 at once behind one that goes ahead"
    )
    assert what_differs(found) == "2 servers of 2 differ"
    # Nobody goes ahead of one that is alone.
    alone = changeset(server("gpu01", way=ways[0]))
    assert rack_line(alone, plan, 20).endswith("1 restart of BMCs; about 60 min")


def test_what_push_does_not_do_is_told():
    """Refusals with their remedy, and what is left to another back-end, the same of several servers once."""
    refusal = Refusal(component="bios", reason="no-image", message="no image of BIOS 2.7.4 is listed", remedy="add it")
    left = Left(component="bluefield-firmware", subjects=("b3140h-1",), backend="host", message="left to HOSTS")
    servers = [server(name, way=Way(machine=name, refused=(refusal,), left=(left,))) for name in ("gpu01", "gpu02")]
    found = msgspec.structs.replace(changeset(*servers), unread=(Unread("gpu03", "no route"),))
    assert list(refused_lines(found)) == ["gpu01, gpu02: bios: no image of BIOS 2.7.4 is listed; add it"]
    assert list(left_lines(found)) == ["gpu01 (b3140h-1), gpu02 (b3140h-1): left to HOSTS"]
    assert "something of 2 servers is left to others" in what_differs(found)
    assert "1 server could not be read" in what_differs(found)
