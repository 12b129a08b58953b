"""Ports whose name fits no NIC are told once, and in the file of each host."""

from __future__ import annotations

from typing import Any

from rackwright import catalog, plan
from rackwright.intent.models import Site
from rackwright.render.netplan import netplan
from tests.sites import site

CATALOG = catalog.load()
PORTS = [f"b3140h-{number}" for number in range(1, 9)] + ["b3220l-1.1", "b3220l-1.2"]


def outcome(rows: tuple[dict[str, Any], ...] = (), **group: Any) -> plan.Outcome:
    """Plan two GPU machines alone, with rows of nodes.csv and words of their group."""
    wish = site(gpus=2)
    del wish["groups"]["mgmt"], wish["roles"]
    wish["groups"]["gpu"] |= group
    for key in ("frontend", "oob"):
        wish["fabrics"][key]["attach"].pop(1)
    return plan.attempt(Site.model_validate(wish | {"rows": rows}), catalog=CATALOG)


def told(made: plan.Outcome) -> list[tuple[str, str]]:
    """Return place and message of the warnings about hosts."""
    return [(found.path, found.message) for found in made.problems if found.check == "plan.hosts"]


def test_ports_without_a_mac_are_told_once() -> None:
    """Twenty ports of two machines make one warning with the numbers; each file names its own."""
    made = outcome()
    assert made.plan is not None
    ((path, message),) = told(made)
    assert path == "site.nodes"
    assert message.startswith(
        "no MAC address is known of 20 port(s) of 2 server(s), the first gpu01: rail1, rail2, rail3;"
    )
    comments = [line for line in netplan(made.plan.hosts[0]).decode().splitlines() if line.startswith("#")]
    assert comments[1].startswith("# No MAC address is known of rail1, rail2,")


def test_ports_that_have_a_mac_or_a_name_of_the_system_are_not_told() -> None:
    """A row of nodes.csv is enough, and so are the names that the operating system gives."""
    rows = tuple(
        {"name": f"gpu0{host}", "macs": [(port, f"02:00:00:00:0{host}:{at:02x}") for at, port in enumerate(PORTS)]}
        for host in (1, 2)
    )
    named = {"interfaces": {"b3140h": "eth[3-10]", "b3220l": "eth[1-2]"}}
    for made in (outcome(rows), outcome(**named)):
        assert made.plan is not None
        assert told(made) == []
        assert netplan(made.plan.hosts[0]).count(b"#") == 1
