"""Cases of the rules about secrets and snippets."""

from __future__ import annotations

import pytest

from tests.unit.check.cases import Case

HASH = "system aaa user cumulus hashed-password"
SNIPPET = "system config snippet"

CASES = [
    Case("NVUE-SECRET-MASKED", "empty", {}, (("", "error"),)),
    Case("NVUE-SECRET-MASKED", "good-hash", {HASH: "$6$salt$hash"}),
    Case("NVUE-SECRET-MASKED", "good-reference", {f"{HASH} secret": "switch_hash"}),
    Case(
        "NVUE-SECRET-MASKED",
        "bad-masked-and-foreign",
        {
            HASH: "*",
            "system aaa ldap secret": "$nvsec$04176b6c",
            "vrf default router bgp neighbor swp1 password": "****",
        },
        (
            ("system.aaa.ldap.secret", "fail"),
            ("system.aaa.user.cumulus.hashed-password", "fail"),
            ("vrf.default.router.bgp.neighbor.swp1.password", "fail"),
        ),
    ),
    Case("NVUE-SNIPPET-TWICE", "empty", {}, (("", "error"),)),
    Case("NVUE-SNIPPET-TWICE", "good", {f"{SNIPPET} ar file": "/etc/cumulus/switchd.d/ar_profile_custom.conf"}),
    Case(
        "NVUE-SNIPPET-TWICE",
        "bad-one-file",
        {f"{SNIPPET} one file": "/etc/motd", f"{SNIPPET} two file": "/etc/motd"},
        (("system.config.snippet.one", "fail"), ("system.config.snippet.two", "fail")),
    ),
    Case(
        "NVUE-SNIPPET-TWICE",
        "bad-traffic-conf",
        {f"{SNIPPET} traffic.conf": "x", f"{SNIPPET} t file": "/etc/cumulus/datapath/traffic.conf"},
        (("system.config.snippet.t", "fail"), ("system.config.snippet.traffic.conf", "fail")),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_what_is_kept_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))
