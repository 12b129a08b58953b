"""Printing startup.yaml: form, order, quoting."""

import pytest
import yaml
import yaml12

from rackwright.nvue import document, emit

TREE = {
    "system": {"hostname": "leaf01", "message": {"pre-login": "line one\n  line two\n"}},
    "interface": {
        "swp10": {"type": "swp"},
        "swp2": {"link": {"breakout": {"2x": {"lanes-per-port": "4"}}, "state": {"up": {}}}},
    },
    "evpn": {"enable": "on", "multihoming": {"segment": {"mac-address": "44:38:39:22:01:12"}}},
    "vrf": {"RED": {"evpn": {"vni": {"4001": {}}}, "table": "auto"}},
}


def test_the_startup_file_is_a_list_of_header_and_set():
    """The text is exactly what NVUE reads: sorted keys, quoted on, numbers as keys in quotes."""
    assert (
        emit.dump(TREE, model="sn5600", nos="5.12.1")
        == """\
- header:
    model: sn5600
    nvue-api-version: nvue_v1
    rev-id: 1.0
    version: Cumulus Linux 5.12.1
- set:
    evpn:
      enable: "on"
      multihoming:
        segment:
          mac-address: "44:38:39:22:01:12"
    interface:
      swp2:
        link:
          breakout:
            2x:
              lanes-per-port: "4"
          state:
            up: {}
      swp10:
        type: swp
    system:
      hostname: leaf01
      message:
        pre-login: |
          line one
            line two
    vrf:
      RED:
        evpn:
          vni:
            "4001": {}
        table: auto
"""
    )


def test_an_empty_tree_is_still_a_document():
    """A switch without configuration has a header and an empty set."""
    text = emit.dump({}, model="sn2201", nos="5.12.1")
    assert yaml.safe_load(text)[1] == {"set": {}}


@pytest.mark.parametrize(
    "value", ["on", "44:38:39:22:01:12", "a: b", "", "a\nb", "a\n \nb\n", "'", '"', 5, 1.5, "1e3", "\u00e9"]
)
def test_old_and_new_readers_agree(value):
    """YAML 1.1, YAML 1.2 and our own reader give the printed tree back, long keys included."""
    tree = {"system": {"x": value, "swp1s0-3," * 20 + "swp30": {"a": {"b": value}, "c": {}}}}
    text = emit.dump(tree, model="sn5600", nos="5.12.1")
    assert document.read(text).tree == tree
    assert yaml.safe_load(text)[1]["set"] == tree
    assert yaml12.parse_yaml(text)[1]["set"] == tree


def test_the_order_of_keys_has_no_part_in_the_bytes():
    """Equal trees print alike, however they were built."""
    turned = {key: TREE[key] for key in reversed(TREE)}
    assert emit.dump(turned, model="m", nos="5.12.1") == emit.dump(TREE, model="m", nos="5.12.1")


def test_a_secret_reference_prints_as_a_mapping():
    """What is kept on disk holds the name of a secret, in a form that NVUE refuses."""
    text = emit.dump({"system": {"x": {"secret": "hash"}}}, model="m", nos="5.12.1")
    assert "      x:\n        secret: hash\n" in text
