"""The formats that we share with NVIDIA's reference architectures: the wire map and the Air topology."""

from __future__ import annotations

import json
import re

import pytest

from rackwright import catalog
from rackwright.render import everything
from rackwright.render.wiremap import COLUMNS
from tests.plans import rails


def test_the_wire_map_has_the_columns_of_the_reference_architectures(shared):
    """The header is word for word that of NVIDIA's wire map for 2-8-9."""
    first = shared("data", "era", "2-8-9-400", "wiremap.txt").read_text().splitlines()[0]
    assert re.split(r"\s{2,}", first.strip()) == list(COLUMNS)


@pytest.mark.parametrize(("folder", "name"), [("2-8-9-400", "ERA-289"), ("2-4-3-200", "ERA-243")])
def test_the_air_topology_has_the_keys_of_nvidias(shared, folder, name):
    """Top, content, nodes and link ends have the keys that NVIDIA's exported topologies have, and values of the same kind."""
    theirs = json.loads(shared("data", "era", folder, f"{name}-topology.json").read_text())
    files = {file.path: file for file in everything(rails(), catalog=catalog.load())}
    ours = json.loads(files["air/topology.json"].data)
    assert ours.keys() == theirs.keys()
    assert ours["content"].keys() == theirs["content"].keys()
    node, model = ours["content"]["nodes"]["be01"], theirs["content"]["nodes"]["core-01"]
    assert model.keys() <= node.keys() | {"nic_model"}
    assert {key: type(node[key]) for key in model} == {key: type(value) for key, value in model.items()}
    ends = {key for link in ours["content"]["links"] for end in link for key in end}
    assert ends <= theirs["content"]["links"][0][0].keys()
