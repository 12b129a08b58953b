"""Mutations of the way in, of secrets and of snippets."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check import Fabric
from rackwright.check.interfaces import section
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import dropping, renaming, setting

ETH0 = ("interface", "eth0")
USERS = ("system", "aaa", "user")


@mutator("NVUE-WJH-SPECTRUM4")
def wjh(fabric: Fabric) -> Iterator[Mutation]:
    """Turn WJH on where it does not work."""
    rule = "NVUE-WJH-SPECTRUM4"
    for view in fabric.views.values():
        if view.hardware is not None and view.hardware.asic == "spectrum4" and not view.section("system", "wjh"):
            yield setting(rule, view, ("system", "wjh", "enable"), "on")
            for channel in ("forwarding", "buffer", "second"):
                for trigger in ("l1", "l2", "l3", "tunnel"):
                    path = ("system", "wjh", "channel", channel, "trigger", trigger)
                    yield setting(rule, view, path, {}, at=("system", "wjh", "channel"))


@mutator(
    "NVUE-LOCK-OUT", together=("NVUE-SERVICE-VRF", "NVUE-REDISTRIBUTE-LEAK"), why="services run in the VRF of eth0"
)
def locked_out(fabric: Fabric) -> Iterator[Mutation]:
    """Take one of the ways in away."""
    rule = "NVUE-LOCK-OUT"
    for view in fabric.views.values():
        for path in (("system", "ssh-server", "state"), ("system", "api", "state")):
            yield setting(rule, view, path, "disabled")
        yield setting(rule, view, ("system", "ssh-server", "vrf", "default"), {}, at=("system", "ssh-server", "vrf"))
        yield setting(
            rule,
            view,
            ("system", "ssh-server", "allow-users", "nobody"),
            {},
            at=("system", "ssh-server", "allow-users"),
        )
        yield setting(rule, view, (*ETH0, "link", "state", "down"), {})
        yield setting(rule, view, (*ETH0, "ip", "vrf"), "default")
        yield dropping(rule, view, (*ETH0, "ip", "vrf"))
        yield dropping(rule, view, ETH0)
        yield dropping(rule, view, (*ETH0, "ip", "address"))
        if view.section(*ETH0, "ip", "gateway"):
            yield dropping(rule, view, (*ETH0, "ip", "gateway"))
        for gateway in view.section(*ETH0, "ip", "gateway") if "eth0" in view.addresses else ():
            yield renaming(rule, view, (*ETH0, "ip", "gateway", gateway), "203.0.113.1")
            yield renaming(rule, view, (*ETH0, "ip", "gateway", gateway), "10.99.1.254")
        users = view.section(*USERS)
        for name in users if len(users) == 1 else ():
            yield dropping(rule, view, (*USERS, name), at=USERS)
            yield setting(rule, view, (*USERS, name, "role"), "nvue-monitor", at=USERS)
            yield setting(rule, view, (*USERS, name, "state"), "disabled", at=USERS)


@mutator("NVUE-SERVICE-VRF")
def service_elsewhere(fabric: Fabric) -> Iterator[Mutation]:
    """Run a service in a VRF that is not there."""
    rule = "NVUE-SERVICE-VRF"
    for view in fabric.views.values():
        for service in ("ntp", "dns", "syslog", "dhcp-relay"):
            for vrf in view.section("service", service):
                yield renaming(rule, view, ("service", service, vrf), "NOWHERE")
        for vrf in ("NOWHERE", "LOST", "GONE", "mgnt"):
            path = ("service", "ntp", vrf)
            yield setting(rule, view, (*path, "server", "203.0.113.1"), {}, at=path)
            address = ("system", "snmp-server", "listening-address", "203.0.113.9", "vrf")
            yield setting(rule, view, address, vrf)


@mutator("NVUE-ACL-ON-ETH0", together=("NVUE-POLICY-UNDEFINED",), why="the ACL is not defined either")
def acl_on_eth0(fabric: Fabric) -> Iterator[Mutation]:
    """Bind a control-plane ACL to eth0."""
    for view in fabric.views.values():
        for number in range(6):
            for way in ("inbound", "outbound"):
                path = (*ETH0, "acl", f"GUARD{number}", way, "control-plane")
                yield setting("NVUE-ACL-ON-ETH0", view, path, {})


@mutator("NVUE-ACL-BLOCKS-MANAGEMENT")
def shut(fabric: Fabric) -> Iterator[Mutation]:
    """Deny everything to everybody, SSH and the API with it, in an ACL that the switch binds."""
    rule = "NVUE-ACL-BLOCKS-MANAGEMENT"
    for view in fabric.views.values():
        for name in view.section("system", "control-plane", "acl"):
            for key in ("1", "5", "10", "50", "500", "65535"):
                yield setting(rule, view, ("acl", name, "rule", key, "action", "deny"), {})


@mutator("NVUE-SECRET-MASKED", together=("NVUE-LOCK-OUT",), why="a user whose password is taken away cannot log in")
def masked(fabric: Fabric) -> Iterator[Mutation]:
    """Put a mask or another switch's cipher in the place of a secret."""
    rule = "NVUE-SECRET-MASKED"
    masks = (
        "*",
        "**",
        "********",
        "$nvsec$00112233445566778899aabbccddeeff",
        "$nvsec$ffeeddccbbaa99887766554433221100",
    )
    for view in fabric.views.values():
        for name, user in view.section(*USERS).items():
            # An export is masked already; what is there cannot be made wrong.
            for mask in masks if isinstance(user.get("hashed-password"), dict) else ():
                yield setting(rule, view, (*USERS, name, "hashed-password"), mask)
        for one in view.neighbors[:4]:
            for mask in masks[:2]:
                yield setting(rule, view, (*one.path, "password"), mask)


@mutator("NVUE-SNIPPET-TWICE")
def snippets(fabric: Fabric) -> Iterator[Mutation]:
    """Rewrite traffic.conf by a snippet."""
    rule = "NVUE-SNIPPET-TWICE"
    for view in fabric.views.values():
        base = ("system", "config", "snippet")
        for number in range(8):
            path = (*base, f"mine{number}")
            yield setting(rule, view, (*path, "file"), "/etc/cumulus/datapath/qos/traffic.conf", at=path)
        for text in ("", "# mine", "roce.enable = true"):
            yield setting(rule, view, (*base, "traffic.conf"), text)
        for name in section(view.tree, *base):
            target = view.section(*base, name).get("file", name)
            yield setting(rule, view, (*base, "again", "file"), target, at=(*base, "again"))
