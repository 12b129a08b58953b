"""Every rule there is: importing a rule module registers its rules, so each module is named here."""

from __future__ import annotations

from rackwright.check import (
    rules_adaptive,
    rules_bond,
    rules_cabling,
    rules_evpn,
    rules_keeping,
    rules_l2,
    rules_management,
    rules_media,
    rules_multihoming,
    rules_physical,
    rules_policy,
    rules_qos,
    rules_rails,
    rules_routing,
    rules_schema,
    rules_segments,
    rules_svi,
)
from rackwright.check.model import Rule

__all__ = ["MODULES", "RULES"]

MODULES = (
    rules_adaptive,
    rules_bond,
    rules_cabling,
    rules_evpn,
    rules_keeping,
    rules_l2,
    rules_management,
    rules_media,
    rules_multihoming,
    rules_physical,
    rules_policy,
    rules_qos,
    rules_rails,
    rules_routing,
    rules_schema,
    rules_segments,
    rules_svi,
)

RULES: tuple[Rule, ...] = tuple(sorted(Rule.registry.values(), key=lambda rule: rule.id))
"""All rules, by id."""
