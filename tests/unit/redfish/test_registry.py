"""BIOS registries: a wish is judged in the state that it leads to, and each refusal says what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.redfish.registry import Registry, Resolution


def attribute(name: str, *values: str, kind: str = "Enumeration", **rest: Any) -> dict[str, Any]:
    """Return an attribute as a registry has it."""
    listed = [{"ValueName": value, "ValueDisplayName": value.upper()} for value in values]
    return {"AttributeName": name, "Type": kind, "ReadOnly": False, "Hidden": False, "Value": listed, **rest}


def depends(
    target: str, part: str, value: Any, *conditions: tuple[Any, ...], terms: str | None = None
) -> dict[str, Any]:
    """Return a dependency as a registry has it; a condition is attribute, operator, value."""
    sources = [
        {
            "MapFromAttribute": name,
            "MapFromProperty": "CurrentValue",
            "MapFromCondition": operator,
            "MapFromValue": wants,
        }
        | ({"MapTerms": terms} if terms and place else {})
        for place, (name, operator, wants) in enumerate(conditions)
    ]
    inner = {"MapFrom": sources, "MapToAttribute": target, "MapToProperty": part, "MapToValue": value}
    return {"Dependency": inner, "DependencyFor": target, "Type": "Map"}


def registry(*entries: dict[str, Any]) -> Registry:
    """Make a registry of attributes and dependencies."""
    return Registry.of(
        {
            "RegistryEntries": {
                "Attributes": [one for one in entries if "AttributeName" in one],
                "Dependencies": [one for one in entries if "Dependency" in one],
            }
        }
    )


ONOFF = ("Enabled", "Disabled")
MACHINE = registry(
    attribute("Profile", "Quiet", "Fast", "Custom"),
    attribute("Power", "Low", "High", ReadOnly=True),
    attribute("Sleep", *ONOFF, ReadOnly=True),
    attribute("WorkloadProfile", "NotConfigured", "Hpc"),
    attribute("SysProfile", "Auto", "Custom"),
    attribute("Cluster", *ONOFF),
    attribute("Interleave", *ONOFF),
    attribute("Boot", "Bios", "Uefi"),
    attribute("Pxe", *ONOFF),
    attribute("PxeVlan", kind="Integer", LowerBound=1, UpperBound=4094, ScalarIncrement=0),
    attribute("Step", kind="Integer", LowerBound=250, UpperBound=2000, ScalarIncrement=250),
    attribute("Label", kind="String", MinLength=0, MaxLength=5),
    attribute("Ghost", *ONOFF, Hidden=True),
    attribute("Tag", kind="String", ReadOnly=True),
    attribute("SetupPassword", kind="Password"),
    attribute("Smmu", kind="Boolean"),
    depends("Power", "CurrentValue", "Low", ("Profile", "EQU", "Quiet")),
    depends("Power", "CurrentValue", "High", ("Profile", "EQU", "Fast")),
    depends("Power", "ReadOnly", True, ("Profile", "NEQ", "Custom")),
    depends("Sleep", "CurrentValue", "Disabled", ("Power", "EQU", "High")),
    depends("Sleep", "ReadOnly", True, ("Profile", "NEQ", "Custom")),
    depends("Cluster", "CurrentValue", "Disabled", ("Interleave", "EQU", "Enabled")),
    depends("Cluster", "ReadOnly", True, ("Interleave", "EQU", "Enabled")),
    depends("Interleave", "ReadOnly", True, ("Cluster", "EQU", "Enabled")),
    depends("Pxe", "Hidden", True, ("Boot", "EQU", "Bios")),
    depends("PxeVlan", "ReadOnly", True, ("Pxe", "EQU", "Disabled"), ("Boot", "EQU", "Bios")),
)
NOW = {
    "Profile": "Quiet", "Power": "Low", "Sleep": "Enabled", "WorkloadProfile": "NotConfigured", "SysProfile": "Auto",
    "Cluster": "Disabled", "Interleave": "Disabled", "Boot": "Uefi", "Pxe": "Disabled", "PxeVlan": 1, "Step": 250,
    "Label": "", "Tag": "ABC1234", "Smmu": True,
}  # fmt: skip


def only(resolution: Resolution) -> tuple[str, str]:
    """Return attribute and kind of the one problem."""
    (problem,) = resolution.problems
    assert problem.said
    assert problem.remedy
    return problem.attribute, problem.kind


def test_what_is_read_only_now_may_be_set_with_what_frees_it() -> None:
    """An attribute was refused for what is in force now, though the same request ends that (dellemc #495)."""
    found = MACHINE.resolve(NOW, {"Profile": "Custom", "Power": "High"})
    assert found.changes == {"Profile": "Custom", "Power": "High"}
    assert not found.problems


def test_what_a_dependency_brings_is_not_sent() -> None:
    """A value that comes by itself was sent as well, and would be refused as read-only."""
    found = MACHINE.resolve(NOW, {"Profile": "Fast", "Power": "High", "Sleep": "Disabled"})
    assert found.changes == {"Profile": "Fast"}
    assert found.implied == {"Power": "High", "Sleep": "Disabled"}
    assert not found.problems


def test_dependencies_are_followed_in_chains() -> None:
    """What a dependency sets did not set off the next one."""
    assert MACHINE.forced({**NOW, "Profile": "Fast"}) == {"Power": "High", "Sleep": "Disabled"}
    assert MACHINE.forced(NOW) == {}


def test_what_is_there_needs_nothing() -> None:
    """An attribute that has the value was sent again, or refused as read-only."""
    found = MACHINE.resolve(NOW, {"Profile": "Quiet", "Power": "Low", "Tag": "ABC1234"})
    assert found == Resolution(already=("Profile", "Power", "Tag"))


def test_a_wish_that_hangs_on_another_names_it() -> None:
    """A refusal did not say which attribute to set as well."""
    found = MACHINE.resolve(NOW, {"Power": "High"})
    assert only(found) == ("Power", "forced")
    assert found.problems[0].by == ("Profile",)
    assert found.problems[0].remedy == "set Profile to Fast or Custom as well"
    found = MACHINE.resolve(NOW, {"PxeVlan": 100})
    assert only(found) == ("PxeVlan", "read-only")
    assert found.problems[0].remedy == "set Pxe to Enabled as well"


def test_two_wishes_that_exclude_each_other_are_named() -> None:
    """A contradiction inside the profile was sent to the machine."""
    found = MACHINE.resolve(NOW, {"Profile": "Fast", "Power": "Low"})
    assert only(found) == ("Power", "contradiction")
    assert found.changes == {"Profile": "Fast"}
    both = MACHINE.resolve(NOW, {"Cluster": "Enabled", "Interleave": "Enabled"})
    assert {(one.attribute, one.kind) for one in both.problems} >= {("Cluster", "contradiction")}
    assert "Cluster" not in both.changes
    assert only(MACHINE.resolve(NOW, {"Boot": "Bios", "Pxe": "Enabled"})) == ("Pxe", "contradiction")


def test_what_is_accepted_and_not_done_is_named() -> None:
    """A workload profile beside another system profile would succeed and change nothing (dellemc #1072)."""
    assert only(MACHINE.resolve(NOW, {"WorkloadProfile": "Hpc"})) == ("WorkloadProfile", "no-op")
    asked = MACHINE.resolve({**NOW, "SysProfile": "Custom"}, {"SysProfile": "Auto", "WorkloadProfile": "Hpc"})
    assert only(asked) == ("WorkloadProfile", "contradiction")
    assert MACHINE.resolve(NOW, {"SysProfile": "Custom", "WorkloadProfile": "Hpc"}).changes == {
        "SysProfile": "Custom",
        "WorkloadProfile": "Hpc",
    }


@pytest.mark.parametrize(
    ("wish", "kind", "hint"),
    [
        ({"Profil": "Fast"}, "unknown", "write Profile"),
        ({"Zebra": "Fast"}, "unknown", "take it out"),
        ({"Profile": "fast"}, "value", "write Fast"),
        ({"Profile": "Turbo"}, "value", "Quiet, Fast, Custom"),
        ({"Pxe": True}, "type", "Enabled, Disabled"),
        ({"PxeVlan": 5000}, "range", "1 to 4094"),
        ({"PxeVlan": "7"}, "type", "a whole number"),
        ({"PxeVlan": True}, "type", "a whole number"),
        ({"Step": 300}, "range", "multiple of 250"),
        ({"Label": "too long"}, "range", "length"),
        ({"Label": 7}, "type", "text"),
        ({"Smmu": "on"}, "type", "true or false"),
        ({"Ghost": "Enabled"}, "absent", "only where present"),
        ({"Tag": "XYZ"}, "read-only", "take it out"),
        ({"SetupPassword": "hunter2"}, "secret", "setup"),
    ],
)
def test_a_wish_that_cannot_be_had_says_why(wish: dict[str, Any], kind: str, hint: str) -> None:
    """A wish was sent that the machine must refuse, or the remedy is missing."""
    found = MACHINE.resolve(NOW, wish)
    assert only(found) == (next(iter(wish)), kind)
    assert hint in found.problems[0].remedy
    assert not found.changes
    assert "hunter2" not in str(found)


def test_lockdown_is_told_from_an_attribute_that_is_read_only() -> None:
    """Under lockdown each attribute would be blamed by itself."""
    locked = registry(*(attribute(f"A{number}", *ONOFF, ReadOnly=True) for number in range(9)), attribute("B", *ONOFF))
    assert locked.locked
    assert not MACHINE.locked
    assert only(locked.resolve({"A1": "Enabled"}, {"A1": "Disabled"})) == ("A1", "locked")
    chained = registry(
        *(attribute(f"A{number}", *ONOFF, ReadOnly=True) for number in range(9)),
        depends("A2", "ReadOnly", True, ("A1", "EQU", "Enabled")),
    )
    found = chained.resolve({"A1": "Enabled", "A2": "Enabled"}, {"A1": "Disabled", "A2": "Disabled"})
    assert [one.remedy for one in found.problems if one.attribute == "A2"] == ["see to A1 first"]


def test_conditions_are_alternatives_unless_they_say_and() -> None:
    """Several conditions without terms were all required (Dell writes none and means any)."""
    conditions = (("One", "EQU", "Enabled"), ("Two", "EQU", "Enabled"))
    entries = (attribute("One", *ONOFF), attribute("Two", *ONOFF), attribute("Three", *ONOFF))
    state = {"One": "Enabled", "Two": "Disabled", "Three": "Enabled"}
    for terms, forced in ((None, {"Three": "Disabled"}), ("OR", {"Three": "Disabled"}), ("AND", {})):
        one = registry(*entries, depends("Three", "CurrentValue", "Disabled", *conditions, terms=terms))
        assert one.forced(state) == forced


def test_lists_of_values_leave_what_they_have_in_common() -> None:
    """Of two dependencies that narrow the values the last one won."""
    entries = (attribute("Mode", "A", "B"), attribute("Kind", "X", "Y", "Z"))
    two = registry(
        *entries,
        depends("Kind", "Value", [{"ValueName": "X"}, {"ValueName": "Y"}], ("Mode", "EQU", "B")),
        depends("Kind", "Value", [{"ValueName": "Y"}, {"ValueName": "Z"}], ("Mode", "EQU", "B")),
    )
    state = {"Mode": "A", "Kind": "X"}
    assert two.resolve(state, {"Mode": "B", "Kind": "Y"}).changes == {"Mode": "B", "Kind": "Y"}
    assert only(two.resolve(state, {"Mode": "B", "Kind": "Z"})) == ("Kind", "contradiction")
    assert only(two.resolve({"Mode": "B", "Kind": "Y"}, {"Kind": "Z"})) == ("Kind", "value")


def test_operators_and_grey_parts_of_other_vendors_are_known() -> None:
    """A registry that compares numbers, or greys out, was read as if it said nothing."""
    one = registry(
        attribute("Cores", kind="Integer", LowerBound=0, UpperBound=64),
        attribute("Pair", *ONOFF),
        depends("Pair", "GrayOut", True, ("Cores", "GTR", "8")),
        depends("Pair", "GrayOut", True, ("Cores", "GEQ", 16)),
    )
    assert only(one.resolve({"Cores": 16, "Pair": "Disabled"}, {"Pair": "Enabled"})) == ("Pair", "read-only")
    assert one.resolve({"Cores": 9, "Pair": "Disabled"}, {"Pair": "Enabled"}).changes == {"Pair": "Enabled"}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["RegistryEntries", "Attributes", "Dependencies", "AttributeName", "Dependency", "MapFrom", "Value"]), x
), max_leaves=12))  # fmt: skip
def test_any_json_is_a_registry(raw: Any) -> None:
    """A broken registry made the reading fail."""
    one = Registry.of(raw)
    one.resolve({}, {"A": 1})
    one.forced({"A": 1})


@given(
    st.dictionaries(
        st.sampled_from(sorted(NOW)), st.sampled_from(["Enabled", "Disabled", "Fast", "Custom", "High", "Hpc", 1, True])
    )
)
def test_every_wish_ends_somewhere_once(wish: dict[str, Any]) -> None:
    """A wish was lost, or both sent and refused."""
    found = MACHINE.resolve(NOW, wish)
    ends = [*found.changes, *found.implied, *found.already, *(one.attribute for one in found.problems)]
    assert sorted(ends) == sorted(wish)


@given(st.fixed_dictionaries({}, optional={"Profile": st.sampled_from(["Quiet", "Fast", "Custom"]), "Power": st.sampled_from(["Low", "High"]),
    "Sleep": st.sampled_from(ONOFF), "Cluster": st.sampled_from(ONOFF), "Interleave": st.sampled_from(ONOFF)}))  # fmt: skip
def test_what_is_promised_comes_about(wish: dict[str, str]) -> None:
    """After the changes are in, a wanted attribute without a problem has another value."""
    found = MACHINE.resolve(NOW, wish)
    after = {**NOW, **found.changes}
    after |= MACHINE.forced(after)
    refused = {one.attribute for one in found.problems}
    assert {name: after[name] for name in wish if name not in refused} == {
        name: value for name, value in wish.items() if name not in refused
    }
    assert not MACHINE.resolve(after, {name: value for name, value in wish.items() if name not in refused}).changes
