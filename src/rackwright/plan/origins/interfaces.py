"""Where the settings of ports, cages, bonds, VLAN interfaces, eth0 and the loopback come from."""

from __future__ import annotations

from rackwright.plan.origins.question import Answer, Question, convention, fact, held, rule, written

__all__ = [
    "address", "bond", "bridge", "cage", "description", "entry", "eth0", "growth", "link_mtu", "loopback", "multihoming",
    "port_vrf", "state", "svi", "vtep", "watchdog",
]  # fmt: skip


def eth0(asked: Question) -> Answer:
    """Explain the management port."""
    switch = asked.switch
    yield fact(
        f"eth0 of {switch.name}: {switch.management or 'by DHCP'}, gateway {switch.management_gateway or 'by DHCP'}"
    )
    yield convention("management")
    link = next((link for link in asked.plan.links if switch.name == link.b.device and link.b.port == "eth0"), None)
    if link and link.attach >= 0:
        yield written("fabrics", link.fabric, "attach", link.attach, "switches")
    scope = next((scope for scope in asked.plan.scopes if switch.name in {row[0] for row in scope.reservations}), None)
    if scope:
        network, _, lower = scope.network.partition("@")
        yield written("networks", network, "subnet") if not lower else written("fabrics", "oob", "per_switch")
        yield held(f"networks.{scope.network}", f"{switch.name}:eth0")
    if "vrf" in asked.path:
        yield rule("the management port stands in VRF mgmt (nvue.md 3.2)")


def loopback(asked: Question) -> Answer:
    """Explain an address of the loopback: the switch's own, or the VTEP's."""
    if asked.path[-1].partition("/")[0] == asked.switch.vtep and asked.site.pools.vtep:
        yield from vtep(asked)
        return
    yield fact(f"loopback of {asked.switch.name}: {asked.switch.loopback}")
    if asked.switch.role == "leaf" and asked.site.fabrics[asked.switch.fabric].leaves.loopbacks:
        yield written("fabrics", asked.switch.fabric, "leaves", "loopbacks")
        return
    yield written("pools", "loopback")
    yield held("pools.loopback", asked.switch.name)


def vtep(asked: Question) -> Answer:
    """Explain the VTEP address."""
    yield fact(f"VTEP of {asked.switch.name}: {asked.switch.vtep}")
    pool = "vtep" if asked.site.pools.vtep else "loopback"
    yield written("pools", pool)
    yield held(f"pools.{pool}", asked.switch.name)


def svi(asked: Question) -> Answer:
    """Explain a VLAN interface."""
    found = asked.svi
    if found is None:
        return
    name = asked.network(found.vlan)
    yield fact(f"VLAN {found.vlan} is network {name or 'of no name'}, {found.address or 'without an address here'}")
    if not name:
        return
    if "vrr" in asked.path:
        yield written("networks", name, "gateway")
        yield written("networks", name, "gateway_address" if asked.site.networks[name].gateway_address else "subnet")
    elif "vrf" in asked.path:
        yield written("networks", name, "vrf")
    elif "mtu" in asked.path:
        yield written("networks", name, "mtu_bytes")
        yield convention("svi_mtu_bytes")
    elif "address" in asked.path:
        yield from _own_address(asked, name)
    else:
        yield written("networks", name, "vlan")


def _own_address(asked: Question, network: str) -> Answer:
    """Explain the address of a switch in a VLAN."""
    if asked.switch.role == "oob":
        yield written("fabrics", asked.switch.fabric, "per_switch")
    elif asked.site.networks[network].leaf_addresses:
        yield written("networks", network, "leaf_addresses")
    else:
        yield written("networks", network, "subnet")
        yield convention("leaf_addresses")
        yield held(f"networks.{network}.leaves", asked.switch.name)


def cage(asked: Question) -> Answer:
    """Explain how a cage is split."""
    if "disabled" in asked.path:
        yield rule("an 8x split takes the lanes of the next cage, which must be disabled (nvue.md 3.2)")
        return
    yield from entry(asked)
    yield from asked.of_attach("split", "speed", "nic", "at")
    if asked.link is None:
        yield from growth(asked)


def growth(asked: Question) -> Answer:
    """Explain a port that nothing hangs on yet."""
    fabric = asked.site.fabrics[asked.fabric]
    name = asked.port.name if asked.port else asked.path[1]
    if fabric.reserve:
        yield written("fabrics", asked.fabric, "reserve")
    if fabric.spare:
        yield written("fabrics", asked.fabric, "spare")
    if not asked.ports:
        yield fact(f"{name} is laid out for nothing")
        yield convention("unused_cages")
        return
    yield fact(f"{name} is laid out for growth")
    yield convention("reserved_ports")
    for group in dict.fromkeys(entry.group for entry in fabric.attach if entry.group):
        if asked.site.groups[group].max:
            yield written("groups", group, "max")


def entry(asked: Question) -> Answer:
    """Explain what a port, or the ports of a cage or bond, are for."""
    if asked.link is None:
        yield from growth(asked)
    else:
        yield from asked.entry()


def state(asked: Question) -> Answer:
    """Explain whether a port or bond is up."""
    yield from entry(asked)
    if asked.link is not None:
        yield rule("what is cabled is up")


def bridge(asked: Question) -> Answer:
    """Explain the VLANs of a port or bond."""
    yield from entry(asked)
    attach = asked.attach
    if attach is None:
        return
    native = "untagged" in asked.path or "access" in asked.path
    yield from asked.of_attach("native" if native else "tagged")
    for network in [attach.native] if native else attach.tagged:
        if network and (native or str(asked.site.networks[network].vlan) in asked.path):
            yield written("networks", network, "vlan")
    if "stp" in asked.path:
        yield convention("bond_stp_edge")


def bond(asked: Question) -> Answer:
    """Explain that there is a bond, its members and its mode."""
    yield from entry(asked)
    found = asked.bond
    if found:
        yield fact(f"bond {found.name}: {', '.join(found.members)}")
    yield from (
        asked.of_attach("bond", "lacp_bypass") if "lacp-bypass" in asked.path else asked.of_attach("bond", "bonds")
    )
    for word, key in (("mode", "bond_mode"), ("lacp-rate", "lacp_rate"), ("mtu", "bond_mtu"), ("type", "bond_name")):
        if word in asked.path:
            yield convention(key)


def multihoming(asked: Question) -> Answer:
    """Explain the Ethernet segment of a bond, or an uplink of the pair."""
    yield from entry(asked)
    yield from asked.of_attach("bond")
    yield written("fabrics", asked.fabric, "topology")
    if "local-id" in asked.path and asked.attach is not None and asked.attach.segment:
        yield from asked.of_attach("segment")
        return
    for word, key in (("local-id", "es_id"), ("mac-address", "es_mac"), ("df-preference", "df_preference")):
        if word in asked.path:
            yield convention(key)


def address(asked: Question) -> Answer:
    """Explain the address of a routed port: the switch's end of a rail."""
    yield from entry(asked)
    yield from asked.of_attach("network")
    if asked.attach and asked.attach.network:
        network = asked.attach.network
        yield written("networks", network, "pool")
        yield written("networks", network, "style")
    if asked.link is not None:
        yield held(f"{asked.fabric}.slot", asked.link.b.device)


def port_vrf(asked: Question) -> Answer:
    """Explain the VRF of a routed port."""
    yield from entry(asked)
    if asked.cause:
        yield written(*asked.cause, "vrf")


def link_mtu(asked: Question) -> Answer:
    """Explain the MTU of a port or bond: that of its networks and room for VXLAN."""
    yield from entry(asked)
    attach = asked.attach
    names = [attach.network, attach.native, *attach.tagged] if attach else []
    for name in names:
        if name:
            yield written("networks", name, "mtu_bytes")
    yield rule("the fabric carries 9216 bytes under hosts of 9000: VXLAN adds 50 (site-format notes)")


def description(asked: Question) -> Answer:
    """Explain the description of a port."""
    yield from entry(asked)
    yield convention("describe")


def watchdog(asked: Question) -> Answer:
    """Explain the PFC watchdog of a port."""
    yield from entry(asked)
    yield convention("pfc_watchdog")
