"""A machine with more than one bond in a network: each keeps its address, whatever comes before it or goes."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright import catalog, plan
from rackwright.intent.models import Site
from tests.sites import site

HEAD = {"group": "mgmt", "nic": "cx6dx", "bond": "lacp", "native": "inband"}
FIRST = {"group": "mgmt", "nic": "b3220l", "adapters": [1], "bond": "lacp", "native": "inband"}
SECOND = {"group": "mgmt", "nic": "b3220l", "adapters": [2], "bond": "lacp", "native": "storage", "tagged": ["inband"]}
OTHERS = {"group": "gpu", "nic": "b3220l", "bond": "lacp", "native": "inband"}
SHARED = {"groups": ["gpu", "mgmt"], "nic": "b3220l", "bond": "lacp", "native": "inband"}


def grown(*steps: list[dict[str, Any]]) -> list[tuple[dict[str, str], str]]:
    """Plan a site whose pair has these attach entries, step by step on one lock.

    Return, of each step, the addresses of mgmt01 in one network by port, and the one that switches ask for the time.
    """
    lock, found = None, []
    for entries in steps:
        wish = site(gpus=1, most=1, mgmt=1)
        wish["groups"]["mgmt"] |= {"max": 1, "nics": {"b3220l": 2}}
        wish["networks"]["storage"] = {"vlan": 500, "vrf": "INBAND", "subnet": "10.30.0.0/24"}
        wish["services"] = {"ntp": ["bcm-head"]}
        wish["fabrics"]["oob"]["attach"][1]["ports"] = ["bmc"]
        wish["fabrics"]["frontend"]["attach"] = entries
        made, kept = plan.build(Site.model_validate(wish), lock, catalog=catalog.load())
        lock = kept.file()
        host = next(item for item in made.hosts if item.name == "mgmt01")
        port = {bond.name: next(part.port for part in host.interfaces if part.bond == bond.name) for bond in host.bonds}
        addresses = {port[bond.name]: bond.address for bond in host.bonds if bond.address.startswith("10.20.")}
        addresses |= {port[part.parent]: part.address for part in host.interfaces if part.vlan == 300}
        assert len(set(addresses.values())) == len(addresses)
        found.append((addresses, made.switches[0].system.ntp[0]))
    return found


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([[HEAD], [FIRST, HEAD]], id="another before it"),
        pytest.param([[OTHERS, HEAD], [SHARED, HEAD]], id="its group in an entry before it"),
        pytest.param([[HEAD], [SECOND, HEAD]], id="a tag before it"),
        pytest.param([[HEAD], [FIRST, HEAD], [SECOND, FIRST, HEAD]], id="two, one by one"),
        pytest.param([[HEAD, FIRST], [FIRST, HEAD]], id="their order"),
        pytest.param([[HEAD, FIRST, SECOND], [FIRST, SECOND]], id="the first is gone"),
        pytest.param([[HEAD, FIRST], [FIRST], [FIRST, HEAD]], id="gone and back"),
        pytest.param([[HEAD], [FIRST, HEAD], [FIRST]], id="the first is gone, a later one was before it"),
    ],
)
def test_a_bond_keeps_its_address_whatever_comes_or_goes(steps: list[list[dict[str, Any]]]) -> None:
    """Entries are put before it, change places and go: no port that stands has another address afterwards."""
    found = grown(*steps)
    known: dict[str, str] = {}
    for addresses, _ in found:
        known |= {port: address for port, address in addresses.items() if port not in known}
        assert addresses == {port: known[port] for port in addresses}


def test_the_first_bond_of_a_new_site_has_the_name_of_the_machine_alone() -> None:
    """One bond in a network is held under the machine's name; of several on a new site the first is."""
    assert grown([HEAD]) == [({"cx6dx-1.1": "10.20.0.10/20"}, "10.20.0.10")]
    assert grown([FIRST, HEAD]) == [({"b3220l-1.1": "10.20.0.10/20", "cx6dx-1.1": "10.20.0.11/20"}, "10.20.0.10")]


def test_a_server_is_asked_at_the_address_that_it_had() -> None:
    """A bond put before the one at whose address a server is asked changes no setting of a switch."""
    assert [server for _, server in grown([HEAD], [FIRST, HEAD])] == ["10.20.0.10", "10.20.0.10"]
