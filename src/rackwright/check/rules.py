"""Every rule there is: importing a rule module registers its rules, so each module is named here."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from rackwright.check.model import Rule

__all__ = ["RULES"]

_MODULES: Final = (
    "adaptive", "addresses", "bond", "cabling", "evpn", "keeping", "l2", "management", "media", "multihoming", "physical", "policy", "qos",
    "rails", "routing", "schema", "segments", "svi",
)  # fmt: skip

for _name in _MODULES:
    import_module(f"rackwright.check.rules_{_name}")

RULES: tuple[Rule, ...] = tuple(sorted(Rule.registry.values(), key=lambda rule: rule.id))
"""All rules, by id."""
