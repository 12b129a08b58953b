"""What counts as a difference between two trees, and what does not."""

import msgspec
import pytest

from rackwright import diff
from rackwright.diff import changes
from rackwright.errors import StalePlan
from tests.unit.render.nvue_switches import ALL

USER = ("system", "aaa", "user", "cumulus", "hashed-password")


def nested(path, leaf):
    """Return the tree with one leaf."""
    tree = leaf
    for key in reversed(path):
        tree = {key: tree}
    return tree


def brief(changes):
    """Return changes as (op, dotted path, old, new)."""
    return [(change.op, ".".join(change.path), change.old, change.new) for change in changes]


@pytest.mark.parametrize("kind", sorted(ALL))
def test_a_switch_does_not_differ_from_itself(kind):
    """A tree compared with itself has no changes."""
    from rackwright.render import nvue

    tree = nvue.tree(ALL[kind]())
    assert diff.between(tree, tree) == ()


def test_added_changed_and_removed():
    """A leaf on one side is added or removed, one with two values is changed; paths stand in natural order."""
    running = {"interface": {"swp2": {"link": {"mtu": 1500}}, "swp10": {"description": "old"}}}
    intended = {"interface": {"swp2": {"link": {"mtu": 9216}}, "swp3": {"type": "swp"}}}
    assert brief(diff.between(running, intended)) == [
        ("~", "interface.swp2.link.mtu", 1500, 9216),
        ("+", "interface.swp3.type", None, "swp"),
        ("-", "interface.swp10.description", "old", None),
    ]


def test_ranges_are_no_difference():
    """Names grouped into a range key equal the names written out."""
    grouped = {"interface": {"swp1-3": {"type": "swp"}, "swp2": {"link": {"mtu": 9000}}}}
    plain = {"interface": {f"swp{n}": {"type": "swp"} for n in (1, 2, 3)}}
    plain["interface"]["swp2"]["link"] = {"mtu": 9000}
    assert diff.between(grouped, plain) == ()


def test_numbers_and_texts_are_alike():
    """A number equals its text, and what YAML 1.1 makes of `on` equals `on`."""
    assert diff.between({"a": 1, "b": "on", "c": "10"}, {"a": "1", "b": True, "c": 10}) == ()
    assert len(diff.between({"a": 1}, {"a": 2})) == 1


@pytest.mark.parametrize("masked", ["*", "$nvsec$0417", {"secret": "switch_hash"}])
def test_a_masked_secret_is_no_drift(masked):
    """A secret that one side hides cannot have drifted, whichever side it is."""
    assert diff.between(nested(USER, masked), nested(USER, "$6$hash")) == ()
    assert diff.between(nested(USER, "$6$hash"), nested(USER, masked)) == ()
    assert diff.between(nested(USER, "*"), nested(USER, masked)) == ()


def test_two_secrets_that_are_seen_are_compared():
    """Two different hashes are a change, and a star that is no secret is a value like any other."""
    assert len(diff.between(nested(USER, "$6$a"), nested(USER, "$6$b"))) == 1
    assert len(diff.between({"description": "*"}, {"description": "x"})) == 1


def test_another_reference_is_another_intent():
    """Two references with different names are a change; nothing of either is hidden."""
    (change,) = diff.between(nested(USER, {"secret": "old_hash"}), nested(USER, {"secret": "new_hash"}))
    assert (change.op, change.old, change.new) == ("~", {"secret": "old_hash"}, {"secret": "new_hash"})


def test_a_new_secret_is_a_change():
    """A secret that only one side has is a change, as one leaf."""
    assert brief(diff.between({}, nested(USER, {"secret": "switch_hash"}))) == [
        ("+", ".".join(USER), None, {"secret": "switch_hash"})
    ]


def test_an_object_with_a_secret_is_no_reference():
    """LDAP's own leaf `secret`, alone in its object, is compared as a leaf of that name."""
    running = {"system": {"aaa": {"ldap": {"secret": "$nvsec$00"}}}}
    intended = {"system": {"aaa": {"ldap": {"secret": {"secret": "bind"}}}}}
    assert diff.between(running, intended) == ()
    changes = diff.between({"system": {"hostname": "a"}}, {"system": {"hostname": "a", **running["system"]}})
    assert [change.path[-2:] for change in changes] == [("ldap", "secret")]


@pytest.mark.parametrize("seen", ["*", "$nvsec$0417", "$6$hash", {"secret": "switch_hash"}])
def test_stars_stand_for_every_secret_and_nothing_else(seen):
    """However a secret is written, its copy is a star: masked trees are equal where only secrets differ, and not else."""
    hidden = changes.masked(nested(USER, seen))
    assert hidden == nested(USER, "*")
    assert changes.masked({"a": {"ldap": {"secret": {"secret": "bind"}}, "x": {}}}) == {
        "a": {"ldap": {"secret": "*"}, "x": {}}
    }
    assert changes.masked({"description": "$6$hash"}) == {"description": "$6$hash"}


def test_each_change_says_what_it_interrupts():
    """The class of a change comes with it: restarts, flaps, the way in, or nothing."""
    running = {"router": {"bgp": {"autonomous-system": 1}}, "interface": {"eth0": {"ip": {"vrf": "mgmt"}}}}
    intended = {"router": {"bgp": {"autonomous-system": 2}}, "system": {"hostname": "x"}}
    kinds = {change.path[0]: change.disruption.kind for change in diff.between(running, intended)}
    assert kinds == {"router": "frr-restart", "interface": "management", "system": "none"}


# --- apply ------------------------------------------------------------------------------


def test_apply_prunes_what_it_empties():
    """Removing the last leaf of a mapping removes the mapping; a presence that is wanted stays."""
    running = {"vrf": {"RED": {"table": "auto"}}, "a": {"b": 1}}
    intended = {"a": {}}
    changes = diff.between(running, intended)
    assert diff.apply(running, changes) == intended


def test_apply_refuses_a_tree_that_has_moved():
    """Changes made from another state are refused, with the path: nothing is overwritten unseen."""
    changes = diff.between({"a": 1, "b": 2}, {"a": 2, "c": 3})
    for moved in ({"a": 7, "b": 2}, {"a": 1}, {"a": 1, "b": 2, "c": 9}):
        with pytest.raises(StalePlan, match="read the switch again"):
            diff.apply(moved, changes)


def test_taking_the_admin_state_away_interrupts():
    """Setting the admin state of a port may be harmless, taking it away is not."""
    up = {"interface": {"swp1": {"link": {"state": {"up": {}}}}}}
    there, back = diff.between({}, up), diff.between(up, {})
    assert [change.disruption.kind for change in (*there, *back)] == ["none", "port-flap"]


def test_a_change_is_a_value():
    """A change can be written as JSON and read back equal, so a changeset can be kept."""
    changes = diff.between({"router": {"bgp": {"enable": "on"}}}, {"router": {"bgp": {"enable": "off"}}})
    kept = msgspec.json.encode(changes)
    assert msgspec.json.decode(kept, type=tuple[diff.Change, ...]) == changes
