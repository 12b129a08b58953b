"""A changeset as a file: what it holds, what it never holds, and when it is stale."""

import msgspec
import pytest

from rackwright import diff
from rackwright.errors import DocumentError, SecretUnresolved, StalePlan
from rackwright.push import order
from rackwright.push.changeset import load, make, refuse_stale
from rackwright.push.groups import groups
from rackwright.push.impact import Impact, Interruption, Interrupts, impact_of
from rackwright.push.order import Limits, decode, make_order
from rackwright.push.reading import Reading
from rackwright.push.sending import resolved
from rackwright.report.pushes import changeset_lines, secret_lines, what_changes
from tests.plans import rails
from tests.unit.push.cases import FACTORY, PLANNED, RESOLVERS, RESPLIT, changed, real
from tests.unit.push.fake import masked


@pytest.fixture(scope="module")
def plan():
    return rails()


def read(name, tree, **more):
    return Reading(device=name, running=masked(tree), **more)


def changeset(plan, *readings, intended=PLANNED, intent="sha256:1"):
    trees = {reading.device: intended for reading in readings}
    return make("lab", intent, readings, trees, Interrupts(plan))


def leaf(plan):
    return next(switch.name for switch in plan.switches if switch.role == "leaf")


def test_a_file_reads_back(plan, tmp_path):
    """What is written reads back as the same value, twice as the same bytes."""
    made = changeset(plan, read("be01", FACTORY), Reading(device="be02", cause="no route"))
    path = tmp_path / "changes.json"
    path.write_bytes(made.encoded())
    assert load(path) == made
    assert load(path).encoded() == made.encoded()
    held = msgspec.json.decode(path.read_bytes())
    assert (held["schema"], held["site"], held["intent"]) == (1, "lab", "sha256:1")
    assert [step["name"] for step in held["devices"][0]["steps"]] == ["breakouts", "planned"]


def test_a_file_holds_no_secret(plan):
    """Neither what ran nor what is planned shows a secret in the file; references stand as they are."""
    tree = changed(FACTORY, "system", "aaa", "user", "bob", to={"hashed-password": "$6$open", "role": "x"})
    found = changeset(plan, Reading(device="be01", running=tree))
    assert b"$6$" not in found.encoded()
    assert b'"old": "*"' in found.encoded()


def test_another_version_is_refused(tmp_path):
    """A file that is no changeset of this version is refused with what to do."""
    path = tmp_path / "changes.json"
    path.write_text('{"schema": 2, "site": "lab", "intent": "x"}')
    with pytest.raises(DocumentError, match="look again"):
        load(path)


def test_drift_makes_it_stale(plan):
    """A switch that was changed since is named, with the path."""
    kept = changeset(plan, read("be01", FACTORY))
    drifted = changed(FACTORY, "system", "timezone", to="Europe/Berlin")
    with pytest.raises(StalePlan, match=r"be01: it runs something else .* first at system\.timezone"):
        refuse_stale(kept, changeset(plan, read("be01", drifted)))


def test_another_intent_makes_it_stale(plan):
    """A plan that has changed since is named by switch and path, or as a whole where no switch sees it."""
    kept = changeset(plan, read("be01", FACTORY))
    other = changed(PLANNED, "router", "bgp", "router-id", to="10.255.0.9")
    with pytest.raises(StalePlan, match=r"be01: what is intended has changed .* router\.bgp\.router-id"):
        refuse_stale(kept, changeset(plan, read("be01", FACTORY), intended=other))
    with pytest.raises(StalePlan, match="the intent has changed"):
        refuse_stale(kept, changeset(plan, read("be01", FACTORY), intent="sha256:2"))


def test_half_of_the_way_is_not_stale(plan):
    """A switch that an earlier push of the file brought to one of its stops is not stale, nor one that is done."""
    kept = changeset(plan, read("be01", FACTORY))
    for tree in (FACTORY, real(PLANNED)):
        refuse_stale(kept, changeset(plan, read("be01", tree)))


def test_switches_that_change_alike_are_shown_once(plan):
    """Equal sets of changes are one group; the others stand apart."""
    new = changed(PLANNED, "system", "timezone", to="Etc/UTC")
    found = changeset(
        plan, read("be01", real(PLANNED)), read("be02", real(PLANNED)), read("be03", FACTORY), intended=new
    )
    assert [group.devices for group in groups(found.changed)] == [("be01", "be02"), ("be03",)]
    text = "\n".join(changeset_lines(found))
    assert "2 switches alike: be01, be02 (1 change in 1 apply)" in text
    assert text.count("timezone: Etc/UTC") == 2
    assert what_changes(found) == "3 switches of 3 differ, 2 sets of changes"


def test_secrets_that_go_along_are_told(plan):
    """A password that is written beside another change, and that the switch hides, is not named before the push, or one is that is not written."""
    user = ("system", "aaa", "user", "cumulus", "hashed-password")
    wanted = changed(PLANNED, *user, to={"secret": "switch_hash"})
    there = changed(real(PLANNED), *user, to="*")
    new = changed(wanted, "system", "timezone", to="Etc/UTC")
    told = changeset(plan, read("be01", there), read("be02", FACTORY), intended=new)
    (line,) = secret_lines(told, dict.fromkeys(("be01", "be02"), new))
    assert line.startswith("! be01, be02: system.aaa.user.cumulus.hashed-password is written too")
    same = changeset(plan, read("be01", there), intended=wanted)
    assert list(secret_lines(same, {"be01": wanted})) == []


def test_what_is_interrupted_is_named_with_the_gpus_behind(plan):
    """A port that flaps names the GPU and the rail behind it; a restart of switchd names all of the switch's."""
    name = leaf(plan)
    link = next(link for link in plan.links if link.a.device == name and link.rail)
    port = {"interface": {link.a.port: {"type": "swp", "link": {"state": {"up": {}}}}}}
    shut = changed(port, "interface", link.a.port, "link", "state", to={"down": {}})
    one = impact_of(name, diff.between(port, shut), Interrupts(plan))
    assert [item.kind for item in one.interruptions] == ["port-flap"]
    assert one.gpus == (f"{link.b.device}/{link.rail}",)
    assert one.rails == (link.rail,)
    all_of_it = impact_of(name, diff.between({}, {"router": {"adaptive-routing": {"enable": "on"}}}), Interrupts(plan))
    assert all_of_it.interruptions[0].kind == "switchd-restart"
    behind = [each for each in plan.links if each.a.device == name and each.rail]
    assert len(all_of_it.gpus) == len(behind)


def test_traffic_that_is_lost_everywhere_names_all_behind_the_switch(plan):
    """An overlay or a gateway has no port to name: everybody is behind it; one of a port names that port's; the unknown names nobody."""
    name = leaf(plan)
    links = [link for link in plan.links if link.a.device == name and link.rail]
    port = {"interface": {links[0].a.port: {"type": "swp", "ip": {"address": {"10.0.0.1/31": {}}}}}}
    gone = diff.between(port, changed(port, "interface", links[0].a.port, "ip", to={"vrf": "RED"}))
    one = impact_of(name, gone, Interrupts(plan))
    assert ([item.kind for item in one.interruptions], len(one.gpus)) == (["traffic-loss"], 1)
    overlay = diff.between({"evpn": {"enable": "on"}}, {"evpn": {"enable": "off"}})
    assert len(impact_of(name, [*gone, *overlay], Interrupts(plan)).gpus) == len(links)
    unknown = impact_of(name, diff.between({"wholly": "new"}, {"wholly": "other"}), Interrupts(plan))
    assert ([item.kind for item in unknown.interruptions], unknown.gpus, bool(unknown)) == (["unknown"], (), True)


def test_a_split_cage_names_what_is_behind_its_sub_ports(plan):
    """The split of a cage touches the servers on its sub-ports, though these are not configured yet."""
    name = leaf(plan)
    link = next(link for link in plan.links if link.a.device == name and link.rail)
    cage = f"swp{link.a.cage}"
    split = {"interface": {cage: {"type": "swp", "link": {"breakout": {"2x": {}}}}}}
    found = impact_of(name, diff.between({"interface": {cage: {"type": "swp"}}}, split), Interrupts(plan))
    assert f"{link.b.device}/{link.rail}" in found.gpus


def test_nothing_interrupted_is_no_impact(plan):
    """A change that interrupts nothing needs no flag."""
    found = impact_of("be01", diff.between({}, {"system": {"timezone": "Etc/UTC"}}), Interrupts(plan))
    assert not found
    assert found == Impact()
    assert Impact((Interruption("management", ("the way in",)),))


def test_an_order_stands_on_its_own(plan):
    """The order of a run reads back whole, and keeps the bytes' meaning of the changeset."""
    name = leaf(plan)
    found = changeset(plan, read(name, FACTORY))
    made = make_order(found, {name: PLANNED}, plan, Limits(confirm_s=300))
    assert decode(made.encoded()).of[name].intended == PLANNED
    assert decode(made.encoded()).limits.confirm_s == 300
    assert b"$6$" not in made.encoded()


def test_who_asks_for_one_order_after_the_other_looks_through_the_links_once(plan, monkeypatch):
    """The links of the whole site are looked through for each of its switches, or the order is another one then."""
    name, known = leaf(plan), order.joined(plan)
    found = changeset(plan, read(name, FACTORY))
    made = make_order(found, {name: PLANNED}, plan, Limits())
    monkeypatch.setattr(order, "joined", None)
    assert make_order(found, {name: PLANNED}, plan, Limits(), groups=known) == made


def test_a_secret_in_the_open_is_not_ordered(plan):
    """A password that stands in the site's own files in the open is refused: the order lies on disk."""
    name = leaf(plan)
    found = changeset(plan, read(name, FACTORY))
    with pytest.raises(SecretUnresolved, match="stands in the open"):
        make_order(found, {name: real(PLANNED)}, plan, Limits())


def test_secrets_are_put_in_their_places():
    """What is sent holds the value, and nothing else of the tree changes."""
    assert resolved(PLANNED, RESOLVERS) == real(PLANNED)
    assert resolved(RESPLIT, RESOLVERS) == real(RESPLIT)


DHCP = {"interface": {"eth0": {"type": "eth", "ip": {"vrf": "mgmt", "address": {"dhcp": {}}}}}}
STATIC = {"interface": {"eth0": {"type": "eth", "ip": {"vrf": "mgmt", "address": {"10.0.0.1/24": {}}}}}}


@pytest.mark.parametrize(
    ("running", "marked", "owed"), [(DHCP, False, True), (STATIC, False, False), (STATIC, True, True)]
)
def test_who_gives_a_lease_back_is_told_before_it_is_pushed(plan, running, marked, owed):
    """A switch whose eth0 was moved off DHCP loses its way in with the lease (RN-4377862): giving it back is a part of what is shown, also where an earlier run left it."""
    reading = Reading(device="be01", running=running)
    found = make("lab", "x", [reading], {"be01": STATIC}, Interrupts(plan), held={"be01"} if marked else ())
    lines = [line for line in changeset_lines(found) if "old lease" in line]
    assert (found.devices[0].lease, bool(lines)) == (owed, owed)
    assert not owed or ("be01" in lines[0] and "dhclient -r" in lines[0])
    assert ("1 switch with an old DHCP lease" in what_changes(found)) is marked


def test_a_switch_that_is_to_have_dhcp_again_gives_nothing_back(plan):
    """A mark that a run left before it was rolled back must not take the lease that a switch lives by."""
    found = make("lab", "x", [Reading(device="be01", running=DHCP)], {"be01": DHCP}, Interrupts(plan), held={"be01"})
    assert not found.devices[0].lease
