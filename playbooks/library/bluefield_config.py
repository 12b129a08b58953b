"""Parameters of BlueField adapters as the plan has them, set with mlxconfig where they differ."""

from __future__ import annotations

import re
from typing import Any

from ansible.module_utils.adapters import absent, device, find, run
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: bluefield_config
short_description: Set parameters of BlueField adapters
description:
  - Sets with mlxconfig what differs at the next boot, and tells what waits for a reset or a power cycle.
options:
  adapters:
    description: Adapters of the plan, each with C(name), C(macs) and C(nvconfig).
    type: list
    elements: dict
    required: true
author: Rackwright
"""

EXAMPLES = r"""
- name: Set what the plan says
  bluefield_config:
    adapters: "{{ rackwright.bluefield.adapters }}"
"""

RETURN = r"""
pending:
  description: Adapter to the parameters whose new value is not live yet.
  returned: always
  type: dict
"""

_ROW = re.compile(
    r"^[* ]\s+(?P<name>[A-Z][A-Z0-9_]*(?:\[\d+\])?)\s+(?P<default>\S+)\s+(?P<current>\S+)\s+(?P<next>\S+)\s*$"
)


def number(text: str) -> str:
    """Return a value without its word: ``ETH(2)`` is 2, ``0x10`` is 16; what is no number stays."""
    inner = found[1] if (found := re.search(r"\((\S+)\)$", text)) else text
    try:
        return str(int(inner, 0))
    except ValueError:
        return inner.lower()


def values(text: str) -> dict[str, tuple[str, str]]:
    """Return each parameter's current value and that of the next boot."""
    rows = (_ROW.match(line) for line in text.splitlines())
    return {row["name"]: (number(row["current"]), number(row["next"])) for row in rows if row}


def bring(
    module: Any, known: dict[str, str], adapter: dict[str, Any]
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Set what differs on one adapter; returns what was, what is, and what is not live."""
    wanted = {name: number(str(value)) for name, value in adapter["nvconfig"].items()}
    there = values(run(module, "mlxconfig", "-d", known["device"], "-e", "query"))
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        module.fail_json(
            msg=f"{adapter['name']}: its firmware has no {', '.join(unknown)}: bring it to the release's firmware first "
            "(step bluefield_firmware), or leave the parameter out of the site's adapter profile"
        )
    before = {name: there[name][1] for name in wanted}
    differs = [f"{name}={wanted[name]}" for name in wanted if before[name] != wanted[name]]
    if differs and not module.check_mode:
        run(module, "mlxconfig", "-d", known["device"], "-y", "set", *differs)
    return before, wanted, sorted(name for name in wanted if there[name][0] != wanted[name])


def main() -> None:
    """Run as a module of Ansible."""
    module = AnsibleModule(
        argument_spec={"adapters": {"type": "list", "elements": "dict", "required": True}}, supports_check_mode=True
    )
    adapters = module.params["adapters"]
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    pending: dict[str, Any] = {}
    if absent(module):
        after = {adapter["name"]: adapter["nvconfig"] for adapter in adapters}
        module.exit_json(changed=bool(adapters), diff={"before": before, "after": after}, pending=pending)
    found = find(module)
    for adapter in adapters:
        name = adapter["name"]
        before[name], after[name], waiting = bring(module, device(module, found, adapter), adapter)
        pending |= {name: waiting} if waiting else {}
    module.exit_json(changed=before != after, diff={"before": before, "after": after}, pending=pending)


if __name__ == "__main__":
    main()
