"""``rackwright inventory``: the inventory of Nornir or Ansible, derived from the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rackwright import documents
from rackwright.cli import building
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.plan.stack import stack
from rackwright.render import ansible
from rackwright.render.slices import Slices
from rackwright.report.inventories import nornir_value

__all__ = ["command"]


@verb("inventory")
@click.argument("site", type=PLACE, default=".", metavar="[SITE]")
@click.option("--nornir", is_flag=True, help="As hosts, groups and defaults of Nornir.")
@click.option(
    "--ansible", "for_ansible", is_flag=True, help="As a YAML inventory of Ansible (with --json as its JSON)."
)
def command(talk: Talk, site: Path, nornir: bool, for_ansible: bool) -> Answer:
    """Print the inventory of Nornir or Ansible.

    Both are derived from the plan, with the same groups: kind, role, fabric, group and rack, and of servers the
    driver profile and each step of their stack (step_ofed). Nornir reads a
    site directly through the inventory plugin 'rackwright'; the text is for reading and for other tools.
    """
    if nornir == for_ansible:
        raise click.UsageError("say which: --nornir or --ansible")
    opened, planned = building.plan_site(talk, site)
    slices = Slices(planned.plan)
    stacks = stack(planned.plan, opened.loaded.require(), opened.loaded.catalog)
    facts, members = ansible.inventory(slices, stacks=stacks)
    if for_ansible:
        lines = ansible.inventory_yaml(slices, stacks).decode().splitlines()
        return Answer(data=_ansible(facts, members), lines=lines)
    value = nornir_value(facts, members)
    return Answer(data=value, lines=documents.dump(value).splitlines())


def _ansible(facts: dict[str, dict[str, Any]], members: dict[str, list[str]]) -> dict[str, Any]:
    """Return the JSON that ``ansible-inventory --list`` and inventory scripts give."""
    groups = {name: {"hosts": hosts} for name, hosts in members.items()}
    return {"_meta": {"hostvars": facts}, "all": {"children": list(members), "hosts": list(facts)}, **groups}
