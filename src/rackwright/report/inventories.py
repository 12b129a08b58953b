"""The Nornir inventory as text: what ``SimpleInventory`` reads, in one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["nornir_value"]


def nornir_value(facts: Mapping[str, Mapping[str, Any]], members: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return ``hosts``, ``groups`` and ``defaults`` in the shape of Nornir's own YAML files."""
    groups: dict[str, list[str]] = {name: [] for name in facts}
    for group, names in members.items():
        for name in names:
            groups[name].append(group)
    return {
        "hosts": {name: _host(data, groups[name]) for name, data in facts.items()},
        "groups": {name: {} for name in members},
    }


def _host(facts: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
    data = {key: value for key, value in facts.items() if not key.startswith("ansible_")}
    head = {"hostname": facts.get("ansible_host"), "username": facts.get("ansible_user"), "platform": "linux"}
    return {**{key: value for key, value in head.items() if value}, "groups": groups, "data": data}
