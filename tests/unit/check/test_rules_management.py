"""Cases of the rules about the way in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.check.cases import Case

USER = "system aaa user cumulus"
WAY_IN: dict[str, Any] = {
    f"{USER} role": "system-admin",
    f"{USER} hashed-password": "$6$x$y",
    "system ssh-server state": "enabled",
    "system api state": "enabled",
    "interface eth0 ip vrf": "mgmt",
    "interface eth0 ip address 10.10.0.5/24": {},
    "interface eth0 ip gateway 10.10.0.1": {},
}


def but(**changes: Any) -> dict[str, Any]:
    """Give the good file with changes by name; None takes the leaf away."""
    names = {
        "user": f"{USER} hashed-password",
        "role": f"{USER} role",
        "state": f"{USER} state",
        "ssh": "system ssh-server state",
        "api": "system api state",
        "vrf": "interface eth0 ip vrf",
        "address": "interface eth0 ip address 10.10.0.5/24",
        "gateway": "interface eth0 ip gateway 10.10.0.1",
    }
    out = {**WAY_IN, **{names[key]: value for key, value in changes.items()}}
    return {key: value for key, value in out.items() if value is not None}


def acl(*rules: tuple[str, dict[str, Any]], bound: str = "system control-plane acl MINE inbound") -> dict[str, Any]:
    """Give an ACL with rules 10, 20, ... as (action, match) and bind it."""
    leaves: dict[str, Any] = {bound: {}}
    for position, (action, match) in enumerate(rules, start=1):
        base = f"acl MINE rule {10 * position}"
        leaves[f"{base} action {action}"] = {}
        leaves.update({f"{base} match ip {key}": value for key, value in match.items()})
    return leaves


TCP22 = {"protocol": "tcp", "tcp dest-port 22": {}}
DENY_ALL: tuple[str, dict[str, Any]] = ("deny", {"source-ip": "ANY"})

CASES = [
    Case("NVUE-WJH-SPECTRUM4", "empty", {}, (("", "error"),)),
    Case("NVUE-WJH-SPECTRUM4", "good-sn2201", {"system wjh enable": "on"}, model="sn2201"),
    Case("NVUE-WJH-SPECTRUM4", "good-off", {"system wjh enable": "off"}),
    Case("NVUE-WJH-SPECTRUM4", "good-later", {"system wjh enable": "on"}, device={"nos": "5.14.0"}),
    Case("NVUE-WJH-SPECTRUM4", "bad-on", {"system wjh enable": "on"}, (("system.wjh.enable", "fail"),)),
    Case(
        "NVUE-WJH-SPECTRUM4",
        "bad-laid-out",
        {"system wjh channel forwarding trigger l2": {}},
        (("system.wjh.channel", "fail"),),
    ),
    Case("NVUE-LOCK-OUT", "empty", {}, (("", "error"),)),
    Case("NVUE-LOCK-OUT", "good", WAY_IN),
    Case("NVUE-LOCK-OUT", "good-dhcp", {**but(address=None, gateway=None), "interface eth0 ip address dhcp": {}}),
    Case(
        "NVUE-LOCK-OUT",
        "good-static-route",
        {**but(gateway=None), "vrf mgmt router static 0.0.0.0/0 via 10.10.0.1 type": "ipv4-address"},
    ),
    Case("NVUE-LOCK-OUT", "bad-no-password", but(user=None), (("system.aaa.user", "fail"),)),
    Case("NVUE-LOCK-OUT", "bad-monitor", but(role="nvue-monitor"), (("system.aaa.user", "fail"),)),
    Case("NVUE-LOCK-OUT", "bad-disabled", but(state="disabled"), (("system.aaa.user", "fail"),)),
    Case(
        "NVUE-LOCK-OUT",
        "bad-ssh-and-api",
        but(ssh="disabled", api="disabled"),
        (("system.api.state", "fail"), ("system.ssh-server.state", "fail")),
    ),
    Case(
        "NVUE-LOCK-OUT",
        "bad-ssh-elsewhere",
        {**WAY_IN, "system ssh-server vrf default": {}, "system ssh-server allow-users ops": {}},
        (("system.ssh-server.allow-users", "fail"), ("system.ssh-server.vrf", "fail")),
    ),
    Case("NVUE-LOCK-OUT", "bad-vrf", but(vrf="default"), (("interface.eth0.ip.vrf", "fail"),)),
    Case("NVUE-LOCK-OUT", "bad-no-address", but(address=None), (("interface.eth0.ip.address", "fail"),)),
    Case("NVUE-LOCK-OUT", "bad-no-gateway", but(gateway=None), (("interface.eth0.ip.gateway", "fail"),)),
    Case(
        "NVUE-LOCK-OUT",
        "bad-gateway-outside",
        {**but(gateway=None), "interface eth0 ip gateway 10.99.1.254": {}},
        (("interface.eth0.ip.gateway.10.99.1.254", "fail"),),
    ),
    Case("NVUE-LOCK-OUT", "good-link-local-gateway", {**but(gateway=None), "interface eth0 ip gateway fe80::1": {}}),
    Case("NVUE-LOCK-OUT", "bad-no-eth0", but(vrf=None, address=None, gateway=None), (("interface.eth0", "fail"),)),
    Case(
        "NVUE-LOCK-OUT",
        "bad-down",
        {**WAY_IN, "interface eth0 link state down": {}},
        (("interface.eth0.link.state.down", "fail"),),
    ),
    Case("NVUE-SERVICE-VRF", "empty", {}, (("", "error"),)),
    Case("NVUE-SERVICE-VRF", "good", {**WAY_IN, "service ntp mgmt server 10.10.0.9": {}}),
    Case(
        "NVUE-SERVICE-VRF",
        "good-relay-of-a-tenant",
        {"service dhcp-relay RED server 10.0.0.1": {}, "vrf RED evpn vni 5001": {}},
    ),
    Case(
        "NVUE-SERVICE-VRF",
        "bad-undefined-and-empty",
        {
            **WAY_IN,
            "service ntp mgnt server 10.10.0.9": {},
            "service dns default server 10.10.0.9": {},
            "system snmp-server listening-address 10.10.0.5 vrf": "RED",
        },
        (
            ("service.dns.default", "fail"),
            ("service.ntp.mgnt", "fail"),
            ("system.snmp-server.listening-address.10.10.0.5.vrf", "fail"),
        ),
    ),
    Case("NVUE-ACL-ON-ETH0", "empty", {}, (("", "error"),)),
    Case("NVUE-ACL-ON-ETH0", "good", {"interface mgmt acl MINE inbound control-plane": {}}),
    Case(
        "NVUE-ACL-ON-ETH0",
        "bad",
        {"interface eth0 acl MINE inbound control-plane": {}},
        (("interface.eth0.acl.MINE.inbound.control-plane", "fail"),),
    ),
    Case("NVUE-ACL-BLOCKS-MANAGEMENT", "empty", {}, (("", "error"),)),
    Case(
        "NVUE-ACL-BLOCKS-MANAGEMENT",
        "good-permitted-first",
        acl(("permit", {"source-ip": "10.10.0.0/24", "protocol": "tcp"}), DENY_ALL),
    ),
    Case("NVUE-ACL-BLOCKS-MANAGEMENT", "good-some-sources", acl(("deny", {**TCP22, "source-ip": "10.9.0.0/24"}))),
    Case("NVUE-ACL-BLOCKS-MANAGEMENT", "good-another-port", acl(("deny", {"protocol": "tcp", "tcp dest-port 23": {}}))),
    Case("NVUE-ACL-BLOCKS-MANAGEMENT", "good-udp", acl(("deny", {"protocol": "udp"}))),
    Case("NVUE-ACL-BLOCKS-MANAGEMENT", "good-not-bound", {"acl MINE rule 10 action deny": {}}),
    Case(
        "NVUE-ACL-BLOCKS-MANAGEMENT",
        "bad-ssh",
        acl(("deny", TCP22)),
        (("acl.MINE.rule.10.action.deny", "fail"),),
    ),
    Case(
        "NVUE-ACL-BLOCKS-MANAGEMENT",
        "bad-api-after-ssh-was-let-in",
        acl(("permit", TCP22), DENY_ALL, bound="interface mgmt acl MINE inbound"),
        (("acl.MINE.rule.20.action.deny", "fail"),),
    ),
    Case(
        "NVUE-ACL-BLOCKS-MANAGEMENT",
        "bad-range",
        acl(("deny", {"protocol": "tcp", "tcp dest-port 8000:9000": {}})),
        (("acl.MINE.rule.10.action.deny", "fail"),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_the_way_in_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))
