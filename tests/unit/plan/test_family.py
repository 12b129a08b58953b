"""What other members of a family of designs have elsewhere than the two that stand in the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rackwright import catalog, plan
from rackwright.intent.models import Site
from rackwright.plan.model import Plan, Switch

CATALOG = catalog.load()
Wish = dict[str, Any]


@pytest.fixture
def wish(repository: Path) -> Wish:
    """Return a reference architecture as a mapping to change."""
    text = (repository / "inventory" / "era-2-8-9-400" / "site.yaml").read_text(encoding="utf-8")
    found: Wish = yaml.safe_load(text)
    return found


def planned(wish: Wish) -> Plan:
    """Return the plan of a wish."""
    return plan.build(Site.model_validate(wish), catalog=CATALOG)[0]


def switch(made: Plan, name: str = "core-01") -> Switch:
    """Return a switch by name."""
    return next(found for found in made.switches if found.name == name)


def own(made: Plan) -> list[tuple[str, str]]:
    """Return own address and next hop of each out-of-band switch."""
    below = [found for found in made.switches if found.role == "oob"]
    return [(found.svis[0].address, found.static_routes[0].via) for found in below]


def test_out_of_band_switches_may_share_one_subnet(wish: Wish) -> None:
    """Their own addresses follow its gateway in turn, and what is cabled to any of them is served from one scope."""
    wish["fabrics"]["oob"]["per_switch"] = ["192.168.200.0/24"] * 3
    made = planned(wish)
    assert own(made) == [(f"192.168.200.{at}/24", "192.168.200.1") for at in (2, 3, 4)]
    (scope,) = [found for found in made.scopes if "@" in found.network]
    assert len({address for _, _, address in scope.reservations}) == len(scope.reservations)


def test_an_out_of_band_switch_may_have_any_address_of_its_subnet(wish: Wish) -> None:
    """One that is written is taken as it is, and given to no other."""
    wish["fabrics"]["oob"]["per_switch"] = ["192.168.200.0/24", "192.168.200.2/24", "192.168.210.30/24"]
    made = planned(wish)
    assert [address for address, _ in own(made)] == ["192.168.200.3/24", "192.168.200.2/24", "192.168.210.30/24"]
    given = {address for scope in made.scopes for _, _, address in scope.reservations}
    assert not given & {"192.168.200.2", "192.168.200.3", "192.168.210.30"}


def test_names_of_out_of_band_switches_lead_to_the_addresses_that_they_have(wish: Wish) -> None:
    """Also where the site names that address as a DHCP server, as NVIDIA's exports do."""
    made = planned(wish)
    told = {record.name: record.address for record in made.dns if record.name.startswith("oob-switch")}
    for found in made.switches:
        if found.role == "oob":
            assert told[f"{found.name}-oob"] == found.svis[0].address.partition("/")[0]


def test_gateway_and_leaves_have_the_addresses_that_the_site_gives(wish: Wish) -> None:
    """A gateway at the end of its subnet is on the leaves as any other, and no lease reaches it."""
    wish["networks"]["inband"] |= {
        "gateway_address": "172.16.178.254",
        "leaf_addresses": ["172.16.178.252", "172.16.178.253"],
    }
    made = planned(wish)
    for name, address in (("core-01", "172.16.178.252/24"), ("core-02", "172.16.178.253/24")):
        svi = next(found for found in switch(made, name).svis if found.vlan == 300)
        assert (svi.address, svi.gateway) == (address, "172.16.178.254/24")
    scope = next(found for found in made.scopes if found.network == "inband")
    assert (scope.gateway, scope.last) == ("172.16.178.254", "172.16.178.251")
