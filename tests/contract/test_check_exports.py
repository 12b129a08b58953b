"""Configurations that others published: everything that `check` finds in them is true, and listed here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rackwright import check

OOB_PORTS = tuple(f"interface.swp{number}" for number in (53, 54, 55, 56, 57, 60, 61))
MASKED = ("system.aaa.user.cumulus.hashed-password",)
LDAP = ("system.aaa.ldap.secret",)
CORE = {
    "NVUE-SECRET-MASKED": (*LDAP, *MASKED),
    "NVUE-VRF-LOOPBACK-127": tuple(f"vrf.{name}.loopback.ip.address" for name in ("EXIT", "GPU", "INBAND", "OOB")),
    "NVUE-WJH-SPECTRUM4": ("system.wjh.enable",),
}
BASEPOD = {
    "NVUE-LOCK-OUT": ("interface.eth0", "system.aaa.user"),
    "NVUE-PATH-UNKNOWN": ("service.snmp-server",),
    "NVUE-SERVICE-VRF": tuple(f"service.{name}.mgmt" for name in ("dns", "ntp", "syslog")),
}
EDGE = {**BASEPOD, "NVUE-IDENTITY-TWICE": ("interface.lo.ip.address.10.200.200.0/32",)}
IPMI = {**BASEPOD, "NVUE-IDENTITY-TWICE": ("interface.lo.ip.address.10.100.100.0/32",)}
EXPORTS = "exported-configurations"

TRUE = {
    ("era", "2-8-9-400", EXPORTS): {
        **dict.fromkeys(("core-01", "core-02"), CORE),
        **{
            f"oob-switch-0{number}": {"NVUE-SECRET-MASKED": MASKED, "NVUE-PORT-ABSENT": OOB_PORTS}
            for number in (1, 2, 3)
        },
    },
    ("era", "2-4-3-200", EXPORTS): {
        **dict.fromkeys(("core-01", "core-02"), CORE),
        **{key: {"NVUE-SECRET-MASKED": MASKED} for key in ("oob-switch-01", "oob-switch-02")},
    },
    ("era", "2-8-9-400", "oob-switch-config"): {
        f"oob-switch-0{number}": {"NVUE-LOCK-OUT": ("system.aaa.user",), "NVUE-PORT-ABSENT": OOB_PORTS}
        for number in (1, 2, 3)
    },
    ("era", "2-4-3-200", "oob-switch-config"): {
        f"oob-switch-0{number}": {"NVUE-LOCK-OUT": ("system.aaa.user",)} for number in (1, 2)
    },
    ("nvue", "samples"): {"edge01": EDGE, "edge02": EDGE, "ipmi01": IPMI, "ipmi02": IPMI},
    ("nvue", "examples"): {},
}
"""By folder and device, the paths that each rule names; docs/design/check.md says why each is true."""


@pytest.mark.parametrize("folder", TRUE, ids="-".join)
def test_only_true_findings(shared: Callable[..., Path], folder: tuple[str, ...]) -> None:
    """NVIDIA's exports and samples give exactly the findings that we hold to be true."""
    files = sorted(shared("data", *folder).glob("*.yaml"))
    models = {path.stem: "sn2201" if path.stem.startswith(("oob", "basepod-ipmi")) else "sn5600" for path in files}
    report = check.run(check.load_files(files, nos="5.12.1", model=models))
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for item in report.of("fail") + report.of("error"):
        rules = found.setdefault(item.subject, {})
        rules[item.check] = tuple(sorted((*rules.get(item.check, ()), item.path)))
    assert found == {
        name: {rule: tuple(sorted(paths)) for rule, paths in rules.items()} for name, rules in TRUE[folder].items()
    }
