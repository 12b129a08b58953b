"""Every rule there is: importing a rule module registers its rules, so each module is named here."""

from __future__ import annotations

from rackwright.check.model import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = tuple(sorted(Rule.registry.values(), key=lambda rule: rule.id))
"""All rules, by id."""
