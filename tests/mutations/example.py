"""A small fabric that every cable rule has something to say about: two rails, two spines, out-of-band.

Made in code, so that the rules are tried without the planner; the reference sites come on top.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rackwright.check import Cable, Device, Fabric, HostEnd
from rackwright.nvue.tree import merge
from tests.unit.check.cases import tree

HOSTS = 12
LEAVES = ("be-leaf01", "be-leaf02")
SPINES = ("be-spine01", "be-spine02")
UP = {name: range(33 + 2 * place, 35 + 2 * place) for place, name in enumerate(SPINES)}
OLD_CAGES = range(41, 48)
"""Cages of the first leaf that face the SN2201s, one lane a port."""
DAC = {"media": "dac", "length_m": 2.0, "reach_m": 3.0}


def base(name: str, number: int) -> dict[str, Any]:
    """Give what every switch has: a way in, a name, a time."""
    return tree(
        {
            "system hostname": name,
            "system timezone": "Etc/UTC",
            "system api state": "enabled",
            "system ssh-server state": "enabled",
            "system config auto-save state": "enabled",
            "system reboot mode": "cold",
            "system aaa user cumulus role": "system-admin",
            "system aaa user cumulus hashed-password": {"secret": "switch_hash"},
            "system control-plane acl acl-default-dos inbound": {},
            "system control-plane acl acl-default-whitelist inbound": {},
            "service ntp mgmt server 10.10.0.5 iburst": "on",
            "interface eth0 type": "eth",
            "interface eth0 ip vrf": "mgmt",
            f"interface eth0 ip address 10.10.0.{number}/24": {},
            "interface eth0 ip gateway 10.10.0.1": {},
        }
    )


def routed(name: str, number: int) -> dict[str, Any]:
    """Give a switch of the fabric its loopback, BGP and RoCE."""
    bgp = "vrf default router bgp"
    return merge(
        base(name, number),
        tree(
            {
                "interface lo type": "loopback",
                f"interface lo ip address 10.255.0.{number}/32": {},
                "router adaptive-routing enable": "on",
                "router bgp enable": "on",
                "router bgp autonomous-system": 4200000900 if "spine" in name else 4200000000 + number,
                "router bgp router-id": f"10.255.0.{number}",
                "router policy route-map FABRIC rule 10 action permit": {},
                "router policy route-map FABRIC rule 10 match interface": "lo",
                "router policy route-map FABRIC rule 10 match type": "ipv4",
                "router policy route-map FABRIC rule 20 action permit": {},
                "router policy route-map FABRIC rule 20 match ip-prefix-list": "RAILS",
                "router policy route-map FABRIC rule 20 match type": "ipv4",
                "router policy prefix-list RAILS type": "ipv4",
                "router policy prefix-list RAILS rule 10 action": "permit",
                "router policy prefix-list RAILS rule 10 match 10.200.0.0/16 max-prefix-len": 31,
                f"{bgp} enable": "on",
                f"{bgp} address-family ipv4-unicast enable": "on",
                f"{bgp} address-family ipv4-unicast redistribute connected enable": "on",
                f"{bgp} address-family ipv4-unicast redistribute connected route-map": "FABRIC",
                f"{bgp} path-selection multipath aspath-ignore": "on",
                f"{bgp} peer-group underlay remote-as": "external",
                f"{bgp} peer-group underlay address-family ipv4-unicast enable": "on",
                f"{bgp} peer-group underlay bfd enable": "on",
                "qos roce enable": "on",
                "qos roce mode": "lossless",
            }
        ),
    )


def split(cage: int, mode: str, lanes: int) -> dict[str, Any]:
    """Split a cage and bring its sub-ports up."""
    ports = {f"interface swp{cage}s{sub} type": "swp" for sub in range(int(mode[0]))}
    return {
        f"interface swp{cage} type": "swp",
        f"interface swp{cage} link breakout {mode} lanes-per-port": str(lanes),
        **ports,
        **{f"interface swp{cage}s{sub} link state up": {} for sub in range(int(mode[0]))},
    }


def session(port: str) -> dict[str, Any]:
    """Run BGP over a port."""
    return {
        f"vrf default router bgp neighbor {port} type": "unnumbered",
        f"vrf default router bgp neighbor {port} peer-group": "underlay",
        f"interface {port} router adaptive-routing enable": "on",
    }


def leaf(place: int, name: str) -> dict[str, Any]:
    """Give a leaf: hosts on cages 1-6, uplinks on 33-36, a 4x and an 8x cage beside."""
    leaves: dict[str, Any] = {}
    for cage in range(1, 1 + HOSTS // 2):
        leaves |= split(cage, "2x", 4)
        for sub in (0, 1):
            number = 2 * (2 * (cage - 1) + sub)
            leaves[f"interface swp{cage}s{sub} ip address 10.200.{place}.{number}/31"] = {}
            leaves[f"interface swp{cage}s{sub} description"] = f"gpu{2 * (cage - 1) + sub + 1:02d} rail {place + 1}"
    for cages in UP.values():
        for cage in cages:
            leaves |= split(cage, "2x", 4) | session(f"swp{cage}s0") | session(f"swp{cage}s1")
    if place == 0:
        for cage in OLD_CAGES:
            leaves |= split(cage, "4x", 1)
    for cage in (51, 53, 55, 57):
        leaves |= split(cage, "8x", 1) | {f"interface swp{cage + 1} link breakout disabled": {}}
        leaves[f"interface swp{cage + 1} type"] = "swp"
    return merge(routed(name, 11 + place), tree(leaves))


def spine(place: int, name: str) -> dict[str, Any]:
    """Give a spine: two cages to each leaf."""
    leaves: dict[str, Any] = {}
    for cage in range(1, 5):
        leaves |= split(cage, "2x", 4) | session(f"swp{cage}s0") | session(f"swp{cage}s1")
    return merge(routed(name, 21 + place), tree(leaves))


def out_of_band(place: int, name: str) -> dict[str, Any]:
    """Give an SN2201: an access port for each management port, bonds, four uplinks."""
    leaves: dict[str, Any] = {
        "bridge domain br_default type": "vlan-aware",
        "bridge domain br_default vlan 200": {},
    }
    for port in range(49, 53 - place):
        leaves[f"interface swp{port} type"] = "swp"
        leaves[f"interface swp{port} link state up"] = {}
    for port in range(1, 17):
        leaves[f"interface swp{port} type"] = "swp"
        leaves[f"interface swp{port} link state up"] = {}
        leaves[f"interface swp{port} bridge domain br_default access"] = 200
    for port in range(17, 39):
        leaves[f"interface swp{port} type"] = "swp"
        leaves[f"interface bond{port} type"] = "bond"
        leaves[f"interface bond{port} bond member swp{port}"] = {}
        leaves[f"interface bond{port} bridge domain br_default access"] = 200
    return merge(base(name, 31 + place), tree(leaves))


def crowded() -> dict[str, Any]:
    """Give a switch that is split to the last logical port."""
    leaves: dict[str, Any] = {}
    for cage in range(1, 65):
        leaves[f"interface swp{cage} type"] = "swp"
        leaves[f"interface swp{cage} link breakout 4x lanes-per-port"] = "1"
    return merge(base("spare01", 41), tree(leaves))


def host_links(place: int, name: str) -> Iterator[Cable]:
    """Give the links of a leaf to its rail of every host: splitters of two."""
    for host in range(HOSTS):
        cage, sub = divmod(host, 2)
        plugs = {"a_connector": "osfp", "b_connector": "qsfp112", "ways": 2, "assembly": f"{name}-{cage}"}
        near = (name, f"swp{cage + 1}s{sub}")
        yield Cable(*near, f"gpu{host + 1:02d}", f"nic{place + 1}", "dac-2x", speed_gbps=400, a_lanes=4, **plugs, **DAC)


def fabric_links(place: int, name: str) -> Iterator[Cable]:
    """Give the links of a leaf to both spines: straight parts of two links."""
    for far, cages in UP.items():
        for at, cage in enumerate(cages):
            plugs = {"a_connector": "osfp", "b_connector": "osfp", "ways": 1, "assembly": f"{name}-{cage}"}
            for sub in (0, 1):
                near, end = (far, f"swp{1 + 2 * place + at}s{sub}"), (name, f"swp{cage}s{sub}")
                yield Cable(*near, *end, "dac-1x", speed_gbps=400, a_lanes=4, **plugs, **DAC)


def old_links() -> Iterator[Cable]:
    """Give the links of the first leaf to the SN2201s: one PAM4 lane to single-lambda optics."""
    for place, cage in enumerate(OLD_CAGES):
        end = (f"oob{place // 4 + 1:02d}", f"swp{49 + place % 4}")
        plugs = {"a_connector": "osfp", "b_connector": "qsfp28"}
        yield Cable(LEAVES[0], f"swp{cage}s0", *end, "dr1", "dr1", 20.0, 100, reach_m=500.0, **plugs)


def management_links() -> Iterator[Cable]:
    """Give the links to the management ports of the fabric's switches."""
    for port, name in enumerate((*LEAVES, *SPINES), 1):
        plugs = {"a_connector": "rj45", "b_connector": "rj45"}
        yield Cable("oob01", f"swp{port}", name, "eth0", "cat6", "cat6", 3.0, 1, reach_m=100.0, **plugs)


def cables() -> Iterator[Cable]:
    """Give every link."""
    for place, name in enumerate(LEAVES):
        yield from host_links(place, name)
        yield from fabric_links(place, name)
    yield from old_links()
    yield from management_links()


def fabric() -> Fabric:
    """Give the whole, silent under every rule."""
    trees = {name: leaf(place, name) for place, name in enumerate(LEAVES)}
    trees |= {name: spine(place, name) for place, name in enumerate(SPINES)}
    trees |= {name: out_of_band(place, name) for place, name in enumerate(("oob01", "oob02"))} | {"spare01": crowded()}
    devices = {
        name: Device(name, body, "sn2201" if name.startswith("oob") else "sn5600") for name, body in trees.items()
    }
    hosts = {
        (f"gpu{host:02d}", f"nic{rail}"): HostEnd(
            f"gpu{host:02d}",
            f"nic{rail}",
            "b3140h",
            400,
            4,
            (100,),
            "qsfp112",
            9000,
            rail=rail,
            fabric="be",
            addresses=(f"10.200.{rail - 1}.{2 * host - 1}/31",),
        )
        for host in range(1, HOSTS + 1)
        for rail in (1, 2)
    }
    rails = {("be", rail): frozenset({LEAVES[rail - 1]}) for rail in (1, 2)}
    addresses = [(f"gpu{host:02d}:bmc", f"10.10.0.{100 + host}") for host in range(1, 25)]
    macs = [(f"gpu{host:02d}:bmc", f"b0:7b:25:00:00:{host:02x}") for host in range(1, 25)]
    return Fabric(devices, tuple(cables()), hosts, rails, tuple(addresses), tuple(macs))
