"""Keys that say nothing where they stand are told: the operator meant something by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rackwright.intent.reading import load, load_text

SPINE = {"model": "sn5600"}
EXTERNAL = [{"name": "edge", "vrf": "INBAND"}]


def told(repository: Path, fabric: str, change: dict[str, Any], *, attach: bool = False) -> list[str]:
    """Return the paths of the problems that a change of one fabric of the guide's site makes."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["site"].pop("nodes")
    wish["access"].pop("ssh_keys")
    (wish["fabrics"][fabric]["attach"][0] if attach else wish["fabrics"][fabric]).update(change)
    return [found.path for found in load_text(yaml.safe_dump(wish), "site.yaml").problems if found.severity == "error"]


@pytest.mark.parametrize(
    ("fabric", "change"),
    [
        ("backend", {"external": EXTERNAL}),
        ("backend", {"spare": {"swp60": "2x"}}),
        ("backend", {"tiers": 3}),
        ("backend", {"spines": SPINE}),
        ("backend", {"oversubscription": "3:1"}),
        ("frontend", {"planes": 2}),
        ("frontend", {"tiers": 2}),
        ("frontend", {"superspines": SPINE}),
        ("frontend", {"adaptive_routing": True}),
        ("oob", {"bgp": {"bfd": False}}),
        ("oob", {"spare": {"swp48": "2x"}}),
    ],
)
def test_a_key_of_another_topology_is_told(repository: Path, fabric: str, change: dict[str, Any]) -> None:
    """A fabric key that its topology does not read is a mistake at that key."""
    assert told(repository, fabric, change) == [f"fabrics.{fabric}.{next(iter(change))}"]


@pytest.mark.parametrize(
    ("fabric", "change"),
    [
        ("backend", {"at": "swp5"}),
        ("backend", {"spread": "alternate"}),
        ("backend", {"bond": "lacp"}),
        ("backend", {"native": "inband"}),
        ("backend", {"tagged": ["storage"]}),
        ("frontend", {"network": "inband"}),
        ("oob", {"tagged": ["storage"]}),
        ("oob", {"bond": "lacp"}),
        ("oob", {"spread": [1, 2]}),
        ("oob", {"spread": "rotate"}),
        ("oob", {"nic": "lom"}),
        ("oob", {"adapters": [1]}),
        ("oob", {"adapter_ports": [1]}),
        ("oob", {"media": "dr1"}),
        ("oob", {"lacp_bypass": True}),
        ("backend", {"lacp_bypass": False}),
        ("backend", {"ports": ["bmc"]}),
        ("backend", {"pdus": "all"}),
        ("frontend", {"ports": ["lom1"]}),
        ("frontend", {"switches": "all"}),
        ("frontend", {"pdus": "all"}),
    ],
)
def test_a_key_of_another_attach_entry_is_told(repository: Path, fabric: str, change: dict[str, Any]) -> None:
    """An attach key that its fabric does not read is a mistake at that key."""
    assert told(repository, fabric, change, attach=True) == [f"fabrics.{fabric}.attach.0.{next(iter(change))}"]


@pytest.mark.parametrize(
    ("fabric", "change", "path"),
    [
        ("frontend", {"leaves": {"model": "sn5600", "name": "fe", "max": 4}}, "leaves.max"),
        ("backend", {"leaves": {"model": "sn5600", "name": "be", "max": 4}}, "leaves.max"),
        ("frontend", {"isl": {"links": 8, "ratio": "2:1"}}, "isl.ratio"),
        ("frontend", {"isl": {"links": 8, "for": "count"}}, "isl.for"),
        ("frontend", {"external": [{**EXTERNAL[0], "peering": "none", "peer_asn": 65010}]}, "external.0.peer_asn"),
        ("frontend", {"external": [{**EXTERNAL[0], "peering": "none", "advertise": "10.20.0.0/16"}]}, "external.0.advertise"),
        ("oob", {"links": [{"a": "oob01:swp47", "b": "oob01:swp48"}]}, "links.0.b"),
    ],
)  # fmt: skip
def test_what_another_word_makes_idle_is_told(repository: Path, fabric: str, change: dict[str, Any], path: str) -> None:
    """Numbers of leaves that follow, a ratio beside a number, a peer's ASN without a session, a cable from a switch to itself."""
    assert told(repository, fabric, change) == [f"fabrics.{fabric}.{path}"]


@pytest.mark.parametrize(
    ("section", "change", "path"),
    [
        ("fabrics", {"frontend": {"bgp": {"asn": 0}}}, "fabrics.frontend.bgp.asn"),
        ("fabrics", {"frontend": {"bgp": {"ttl_hops": 255}}}, "fabrics.frontend.bgp.ttl_hops"),
        ("fabrics", {"oob": {"uplink": {"to": "frontend", "unused_bonds": -1}}}, "fabrics.oob.uplink.unused_bonds"),
        ("vrfs", {"INBAND": {"l3vni": 0}}, "vrfs.INBAND.l3vni"),
        ("vrfs", {"INBAND": {"l3vlan": 4095}}, "vrfs.INBAND.l3vlan"),
        ("groups", {"mgmt": {"nics": {"cx6dx": -1}}}, "groups.mgmt.nics.cx6dx"),
        ("site", {"domain": "rack 1.example"}, "site.domain"),
        ("site", {"domain": "example.com."}, "site.domain"),
        ("site", {"domain": "a" * 64 + ".example"}, "site.domain"),
    ],
)
def test_a_number_that_no_switch_takes_is_told_where_it_stands(
    repository: Path, section: str, change: dict[str, Any], path: str
) -> None:
    """Bounds of the protocols are those of the site file, not of the files that are made of it."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["site"].pop("nodes")
    wish["access"].pop("ssh_keys")
    for key, value in change.items():
        held = wish.setdefault(section, {})
        held[key] = {**held.get(key, {}), **value} if isinstance(value, dict) else value
    assert path in [found.path for found in load_text(yaml.safe_dump(wish), "site.yaml").problems]


@pytest.mark.parametrize("spread", [[1], "rotate"])
def test_a_spread_over_access_switches_is_read_with_a_first_port(repository: Path, spread: Any) -> None:
    """What the remedy asks for, ``at``, makes the key right."""
    assert told(repository, "oob", {"spread": spread, "at": "swp1"}, attach=True) == []


def test_what_is_right_is_not_told(repository: Path) -> None:
    """The site itself says nothing in vain."""
    assert told(repository, "backend", {}) == []


def test_room_is_counted_for_the_adapters_that_an_entry_takes(repository: Path) -> None:
    """Eight machines with one of their eight adapters in a /28 fit; with all eight they do not."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["site"].pop("nodes")
    wish["access"].pop("ssh_keys")
    wish["networks"]["one"] = {"vlan": 600, "vrf": "ONE", "subnet": "10.60.0.0/28"}
    del wish["fabrics"]["backend"]
    entry = {"group": "gpu", "nic": "b3140h", "native": "one"}
    for adapters, wrong in ([1], []), ([], ["networks.one.subnet"]):
        wish["fabrics"]["frontend"]["attach"][3:] = [entry | {"adapters": adapters}]
        found = load_text(yaml.safe_dump(wish), "site.yaml").problems
        assert [one.path for one in found if one.path.startswith("networks.one")] == wrong


@pytest.mark.parametrize(("vrf", "wrong"), [({"mark": "65000:1"}, 1), ({"import": ["OOB"], "mark": "x"}, 1), ({}, 0)])
def test_a_mark_is_a_community_on_what_is_imported(repository: Path, vrf: dict[str, Any], wrong: int) -> None:
    """A word that BGP does not know, and a hub that imports nothing, are told at the mark."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["vrfs"] = {"INBAND": vrf}
    found = load_text(yaml.safe_dump(wish), "site.yaml").problems
    assert len([one for one in found if one.path == "vrfs.INBAND.mark"]) == wrong


def test_a_path_that_is_unset_is_spelt_in_words(repository: Path, tmp_path: Path) -> None:
    """``system.api``, as findings show it, would remove nothing; it is told with the words to write."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["site"].pop("nodes")
    wish["access"].pop("ssh_keys")
    wish.pop("firmware")
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(wish), encoding="utf-8")
    (tmp_path / "overlays").mkdir()
    for text, wrong in (("system.api", ["write its words: system api"]), ("system api", [])):
        (tmp_path / "overlays" / "site.yaml").write_text(f"unset: [{text}]\n", encoding="utf-8")
        assert [one.remedy for one in load(tmp_path).problems if one.severity == "error"] == wrong


@pytest.mark.parametrize(
    ("network", "change"),
    [
        ("rails", {"subnet": "10.60.0.0/24"}),
        ("rails", {"pxe": True}),
        ("rails", {"relay": "bootstrap"}),
        ("inband", {"pool": "10.60.0.0/24"}),
    ],
)
def test_a_key_of_another_style_of_network_is_told(repository: Path, network: str, change: dict[str, Any]) -> None:
    """A subnet of routed rails, or a pool of a VLAN, would be left out."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["networks"][network].update(change)
    found = [one.path for one in load_text(yaml.safe_dump(wish), "site.yaml").problems if one.severity == "error"]
    assert f"networks.{network}.{next(iter(change))}" in found


@pytest.mark.parametrize(
    ("interfaces", "path"),
    [
        ({"b3140h": "eth[1-8]", "b3220l": ["eth8", "eth9"]}, "b3220l.0"),
        ({"b3140h": ["eth1"] * 8}, "b3140h.1"),
        ({"b3140h": ["a-name-that-is-too-long"]}, "b3140h.0"),
    ],
)
def test_two_ports_of_a_machine_have_two_names(repository: Path, interfaces: dict[str, Any], path: str) -> None:
    """The second of two equal names would take the place of the first in netplan; Linux takes 15 characters."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["groups"]["gpu"]["interfaces"] = interfaces
    found = [one.path for one in load_text(yaml.safe_dump(wish), "site.yaml").problems if one.severity == "error"]
    assert f"groups.gpu.interfaces.{path}" in found
