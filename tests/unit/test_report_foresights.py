"""What a bring-up shows before it is begun: who changes how, who is not known yet and why, and nobody in silence."""

from __future__ import annotations

import msgspec

from rackwright.diff import Change
from rackwright.diff.bmc.model import BiosChange, BiosState
from rackwright.diff.bmc.settings import SettingChange, Settings
from rackwright.drivers.hosts.model import Change as HostChange
from rackwright.drivers.hosts.model import HostFacts
from rackwright.push.bmc.changeset import Changeset as Servers
from rackwright.push.bmc.changeset import ServerChanges
from rackwright.push.bmc.model import Step as ServerStep
from rackwright.push.bmc.model import Way
from rackwright.push.changeset import Changeset as Switches
from rackwright.push.changeset import DeviceChanges, Step, Unread
from rackwright.push.hosts.changeset import Changeset as Hosts
from rackwright.push.hosts.changeset import HostChanges, Problem
from rackwright.push.hosts.order import StageOrder
from rackwright.push.impact import Impact, Interruption
from rackwright.report.foresights import Foresight, foresight_lines, foresight_value, whole_lines

SILENT = "{0} cannot be reached at 10.10.0.{1} port 443: no answer; check its power"


def switch(name, *paths):
    """Return a switch with these leaves before it."""
    changes = tuple(Change(path=path, op="+", new="1") for path in paths)
    impact = Impact(interruptions=(Interruption("port-flap", ("a cage is split",), ("swp1",)),), hosts=("gpu01",))
    steps = (Step("planned", "d"),) if changes else ()
    return DeviceChanges(
        device=name, before="b", planned="p", steps=steps, changes=changes, impact=impact if steps else Impact()
    )


def server(name, **more):
    """Return a server with a BIOS setting and a restart before it."""
    change = BiosChange(attribute="SriovGlobalEnable", old="Disabled", new="Enabled")
    steps = (
        ServerStep(kind="settings", group=1, changes=(change,)),
        ServerStep(kind="restart", group=1, activation="warm"),
    )
    way = Way(machine=name, steps=steps, restarts=1, minutes=12)
    return ServerChanges(device=name, model="xe9680", **{"bios": BiosState(profile="p"), "way": way, **more})


def host(name, **more):
    """Return a host with a task before it."""
    told = {
        "stages": (StageOrder(steps=("doca",)),),
        "changes": (HostChange(role="doca", task="Install it", difference="+ 3.0"),),
        **more,
    }
    return HostChanges(device=name, facts=HostFacts(hostname=name, boot_id="1"), **told)


def foresight(**more):
    """Return a rack of which some is changed, some as planned, and some silent."""
    made = {
        "switches": Switches(
            site="s", intent="i", devices=(switch("fe01", ("system", "hostname")), switch("fe02")),
            unread=(Unread("oob01", SILENT.format("oob01", 9)),),
        ),
        "servers": Servers.of(
            "s", "i", [server("gpu01"), server("gpu02")], [Unread(f"gpu0{at}", SILENT.format(f"gpu0{at}", at)) for at in (3, 4)],
        ),
        "hosts": Hosts.of("s", "i", [host("gpu01")], [Unread("gpu02", "gpu02 is silent")]),
        "behind": {"gpu03": "oob01", "gpu04": "oob01"},
        "bare": "--installer installs one",
    }  # fmt: skip
    return Foresight(**{**made, **more})


def line(lines, word):
    """Return the one line that has a word."""
    found = [one for one in lines if word in one]
    assert len(found) == 1, (word, lines)
    return found[0]


def test_each_device_has_its_changes_and_what_they_interrupt():
    """Who is asked to agree to a night of restarts must see whose."""
    lines = list(foresight_lines(foresight()))
    assert line(lines, "fe01 ").split("  ")[-1] == "port-flap; behind it 1 host (gpu01)"
    assert "1 change in 1 apply" in line(lines, "fe01 ")
    assert "as planned" in line(lines, "fe02  ")
    assert "1 BIOS setting" in line(lines, "gpu01, gpu02")
    assert "1 restart of the host, about 12 min" in line(lines, "gpu01, gpu02")
    assert line(lines, "gpu01  ").split() == ["gpu01", "host", "1", "change"]
    assert lines[-1] == "4 to be changed, 1 as planned, 4 not known yet"


def test_nobody_who_could_not_be_read_is_left_out():
    """A device that is missing from the list looks as if nothing were done to it."""
    lines = [one for one in foresight_lines(foresight()) if one.startswith("not known yet")]
    assert lines == [
        "not known yet: switch of oob01: oob01 cannot be reached at its address: no answer; check its power; it is read when its turn comes",
        "not known yet: BMC of gpu03, gpu04: each cannot be reached at its address: no answer; check its power; it is behind oob01, which cannot be read either",
        "not known yet: host of gpu02: gpu02 is silent; --installer installs one",
    ]
    whole = list(whole_lines(foresight()))
    assert f"BMC of gpu04: {SILENT.format('gpu04', 4)}; it is behind oob01, which cannot be read either" in whole


def test_what_is_known_in_part_is_told_in_part():
    """A BMC with its factory password tells no firmware, and a look ahead may end early: neither is 'as planned'."""
    settings = Settings(changes=(SettingChange("password", "password of root", "", "secret:bmc"),))
    fresh = server("gpu01", way=Way(machine="gpu01"), bios=BiosState(profile="p", known=False), settings=settings)
    stuck = host("gpu01", problem=Problem(role="doca", kind="packages", cause="no mirror", remedy="see the mirror"))
    lines = list(foresight_lines(foresight(servers=Servers.of("s", "i", [fresh]), hosts=Hosts.of("s", "i", [stuck]))))
    assert "1 setting" in line(lines, "  BMC     ")
    assert "tells nothing of firmware and BIOS before its password is changed" in line(lines, "BMC of gpu01")
    assert "the look ahead ends in doca: no mirror; see the mirror" in line(lines, "host of gpu01")


def test_a_switch_that_is_to_be_configured_explains_the_bmc_behind_it():
    """An operator would look for a broken BMC where only its turn has not come."""
    switches = Switches(site="s", intent="i", devices=(switch("oob01", ("system", "hostname")),))
    lines = list(foresight_lines(foresight(switches=switches)))
    assert "it is behind oob01, which is still to be configured" in line(lines, "BMC of gpu03")


def test_the_file_has_every_change_and_the_value_names_it():
    """A summary is agreed to only by who may read the rest."""
    found = foresight(asides=("cabling: ports go down",))
    text = "\n".join(whole_lines(found))
    for word in ("hostname", "SriovGlobalEnable: Disabled -> Enabled", "doca: Install it", "+ 3.0", "ports go down"):
        assert word in text
    value = msgspec.to_builtins(foresight_value(found, "/there"))
    assert value["file"] == "/there"
    assert {one["device"] for one in value["unknown"]} == {"oob01", "gpu02", "gpu03", "gpu04"}
    assert value["devices"][0]["interrupts"] == "port-flap; behind it 1 host (gpu01)"
