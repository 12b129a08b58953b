"""Where the settings of routing, overlay, services and the system come from."""

from __future__ import annotations

from rackwright.plan.origins.interfaces import entry, vtep
from rackwright.plan.origins.question import Answer, Question, convention, fact, held, rule, written

__all__ = [
    "anycast_mac", "asn", "gateway_routes", "hostname", "neighbor", "overlay", "password", "peer_group", "policy", "relay",
    "roce", "router_id", "services", "ssh_key", "vlan", "vrf", "vrf_loopback", "vtep",
]  # fmt: skip

_PREFIX_KINDS = ("_FILTER", "_RELAY", "_LOCAL_IF", "_PREFIXES")


def asn(asked: Question) -> Answer:
    """Explain an ASN: stated for the fabric, or taken from the pool."""
    fabric = asked.site.fabrics.get(asked.fabric)
    number = asked.switch.bgp.asn if asked.switch.bgp else 0
    yield fact(f"ASN of {asked.switch.name}: {number}")
    if fabric and fabric.bgp and fabric.bgp.asn:
        yield written("fabrics", asked.fabric, "bgp", "asn")
        return
    yield written("pools", "asn")
    keys = asked.lock.pools.get("pools.asn", {})
    # Spines of a pod share one number, kept under a name of their own.
    name = asked.switch.name if asked.switch.name in keys else f"{asked.fabric}.spines"
    yield held("pools.asn", name)


def router_id(asked: Question) -> Answer:
    """Explain a router id, a route distinguisher or an update source: they are made of the loopback."""
    yield fact(f"loopback of {asked.switch.name}: {asked.switch.loopback}")
    yield written("pools", "loopback")
    yield held("pools.loopback", asked.switch.name)
    if "rd" in asked.path:
        yield from vrf(asked)
    if "update-source" in asked.path:
        yield convention("update_source")


def overlay(asked: Question) -> Answer:
    """Explain what an EVPN pair always has."""
    yield written("fabrics", asked.fabric, "topology")
    if "flooding" in asked.path:
        yield rule("broadcasts go to every VTEP by head-end replication (nvue.md 3.4)")
    if "arp-nd-suppress" in asked.path:
        yield convention("arp_suppress")
    if "dscp" in asked.path:
        yield rule("the DSCP of the host is copied, so that RoCE keeps its class inside VXLAN")


def vlan(asked: Question) -> Answer:
    """Explain a VLAN of the bridge and its VNI."""
    if "vlan" not in asked.path:
        yield rule("one vlan-aware bridge")
        yield convention("oob_bridge_type")
        return
    number = asked.path[asked.path.index("vlan") + 1]
    name = asked.network(int(number)) if number.isdigit() else ""
    yield fact(f"VLAN {number} is network {name or 'of no name'}")
    if name:
        yield written("networks", name, "vlan")
        if "vni" in asked.path:
            yield written("networks", name, "vni")
            yield convention("vni_offset")


def vrf(asked: Question) -> Answer:
    """Explain that there is a VRF, and its numbers."""
    name = asked.path[1] if asked.path[0] == "vrf" else ""
    for key, network in asked.site.networks.items():
        if network.vrf == name:
            yield written("networks", key, "vrf")
    if name in asked.site.vrfs:
        yield written("vrfs", name)
    if "evpn" in asked.path or "rd" in asked.path:
        word = "l3vlan" if "vlan" in asked.path else "l3vni"
        yield written("vrfs", name, word)
        yield convention(f"{word}_first")
        yield held("l3vni", name)
    if "table" in asked.path:
        yield convention("vrf_table_auto")
    if "from-vrf" in asked.path:
        yield written("vrfs", name, "import")
        yield from relay(asked)


def vrf_loopback(asked: Question) -> Answer:
    """Explain the loopback of a VRF."""
    name = asked.path[1]
    yield written("vrfs", name, "loopbacks")
    if asked.path[-1].startswith("127."):
        yield convention("vrf_loopback_127")


def neighbor(asked: Question) -> Answer:
    """Explain a BGP neighbour: the port that it is met on."""
    yield from entry(asked) if asked.port else iter(())
    for word, key in (("ttl-security", "ttl_hops"), ("peer-group", "isl")):
        if word in asked.path and asked.link and asked.link.kind != "external":
            yield written("fabrics", asked.fabric, "bgp", key)
    if "update-source" in asked.path:
        yield convention("update_source")


def peer_group(asked: Question) -> Answer:
    """Explain a peer group: an external entry, or the fabric's own sessions."""
    name = asked.path[asked.path.index("peer-group") + 1]
    fabric = asked.site.fabrics[asked.fabric]
    outside = [at for at, row in enumerate(fabric.external) if row.name == name]
    for at in outside or (range(len(fabric.external)) if name != "underlay" else ()):
        for key in ("peer_asn", "advertise") if "remote-as" in asked.path or "policy" in asked.path else ("peering",):
            yield written("fabrics", asked.fabric, "external", at, key)
    if not outside:
        yield written("fabrics", asked.fabric, "bgp", "bfd" if "bfd" in asked.path else "isl")
        yield convention("external_group")


def policy(asked: Question) -> Answer:
    """Explain a policy object by the VRF or announcement that it was derived from."""
    name = asked.path[3] if len(asked.path) > 3 else ""
    yield fact(f"{asked.path[2]} {name} is derived from what VRFs import and what is announced outside")
    for word in asked.site.vrfs:
        if name.startswith(f"{word}_") and name.endswith(_PREFIX_KINDS):
            yield written("vrfs", word, "import")
            yield written("vrfs", word, "mark")
    yield from relay(asked) if name.endswith("_RELAY") else iter(())
    for at, row in enumerate(asked.site.fabrics[asked.fabric].external):
        if row.advertise:
            yield written("fabrics", asked.fabric, "external", at, "advertise")
    yield convention("policy_names")


def relay(asked: Question) -> Answer:
    """Explain DHCP relay: the networks that ask for it."""
    for key, network in asked.site.networks.items():
        if network.relay:
            yield written("networks", key, "relay")
    for key, row in asked.site.vrfs.items():
        if row.relay and key in asked.path:
            yield written("vrfs", key, "relay")
    yield written("services", "bootstrap")


def services(asked: Question) -> Answer:
    """Explain a time, name or log server: the word of the site that became its address."""
    word = asked.path[1] if asked.path[1] in ("ntp", "dns", "syslog") else "ntp"
    yield fact(f"{word} servers of {asked.switch.name}: {', '.join(getattr(asked.switch.system, word))}")
    yield written("services", word)
    for role, names in asked.site.roles.items():
        if role in getattr(asked.site.services, word):
            yield written("roles", role, says=", ".join(names))


def roce(asked: Question) -> Answer:
    """Explain lossless traffic: a fabric that GPUs talk over has it."""
    yield written("fabrics", asked.fabric, "topology")
    if "traffic-pool" in asked.path:
        yield convention("roce_pools")
    else:
        yield rule("a fabric that carries the traffic of GPUs is lossless (nvue.md 3.6)")


def hostname(asked: Question) -> Answer:
    """Explain the name of a switch: the stem of its tier and a number."""
    tier = {"spine": "spines", "superspine": "superspines"}.get(asked.switch.role, "leaves")
    yield fact(f"{asked.switch.name} is a {asked.switch.role} of fabric {asked.fabric}")
    yield written("fabrics", asked.fabric, tier, "name")


def password(asked: Question) -> Answer:
    """Explain the secret of the administrator: a reference, never a value."""
    yield fact(f"the password hash of {asked.switch.system.user} is kept as the secret {asked.switch.system.password}")
    yield written("access", "switch")
    yield rule("files hold {secret: NAME}; the value is put in when a switch is reached")


def ssh_key(asked: Question) -> Answer:
    """Explain a public key."""
    yield fact(f"keys of {asked.switch.system.user}: {', '.join(key[0] for key in asked.switch.system.ssh_keys)}")
    yield written("access", "ssh_keys")


def anycast_mac(asked: Question) -> Answer:
    """Explain the MAC that both gateways of a pair answer with."""
    yield written("fabrics", asked.fabric, "topology")
    yield convention("anycast_mac")


def gateway_routes(asked: Question) -> Answer:
    """Explain anycast gateways and static routes: the networks that have a gateway here."""
    for key, network in asked.site.networks.items():
        if network.gateway == asked.fabric or (asked.switch.role == "oob" and network.gateway):
            yield written("networks", key, "gateway")
