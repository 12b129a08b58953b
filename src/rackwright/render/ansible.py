"""An Ansible inventory derived from the plan: groups by role, group, fabric and rack; variables per host."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from rackwright.documents import quoted, scalar
from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Device
from rackwright.plan.stack_model import HostStack
from rackwright.render.slices import Slices

__all__ = ["group_name", "inventory", "inventory_yaml"]

_SWITCHES = {"leaf", "spine", "superspine", "oob"}
_OTHER: Final = re.compile(r"[^A-Za-z0-9]")


@lru_cache(maxsize=4096)
def group_name(text: str) -> str:
    """Return a name that Ansible takes for a group: letters, digits and underscores."""
    name = _OTHER.sub("_", text)
    return f"_{name}" if name[:1].isdigit() else name


def inventory(
    slices: Slices, only: Container[str] | None = None, stacks: Sequence[HostStack] = ()
) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """Return the variables of every host and the hosts of every group; of some hosts when ``only`` names them.

    PDUs and external peers are in it as well, in groups of their own, since playbooks may ask them too. With
    ``stacks`` a server is in ``profile_NAME`` by its driver profile and in ``step_NAME`` for each step that it has.
    """
    stack = {one.name: one for one in stacks}
    hosts: dict[str, dict[str, Any]] = {}
    groups: dict[str, set[str]] = {}
    wanted = [device for device in slices.plan.devices if only is None or device.name in only]
    for device in sorted(wanted, key=lambda device: natural_key(device.name)):
        if device.role == "external":
            continue
        own = stack.get(device.name)
        hosts[device.name] = _variables(slices, device, own)
        for group in (*_groups(slices, device), *_stacked(own)):
            groups.setdefault(group, set()).add(device.name)
    return hosts, {name: sorted(members, key=natural_key) for name, members in sorted(groups.items())}


def _stacked(stack: HostStack | None) -> Iterator[str]:
    if stack is not None:
        yield group_name(f"profile_{stack.profile}")
        yield from (group_name(f"step_{step.name}") for step in stack.steps)


def _variables(slices: Slices, device: Device, stack: HostStack | None) -> dict[str, Any]:
    rack, unit = slices.where(device.name)
    management = device.management.partition("/")[0]
    facts: dict[str, Any] = {}
    if device.role in _SWITCHES:
        facts = {"ansible_host": management, "ansible_user": slices.switch[device.name].system.user}
        if device.name in slices.switch:
            facts["nos"] = slices.switch[device.name].nos
    elif device.role == "pdu":
        facts = {"ansible_host": management}
    else:
        user = stack.user if stack is not None else ""
        facts = {"ansible_host": _host_address(slices, device), "ansible_user": user, "bmc_host": management}
    facts |= {"model": device.model, "role": device.role, "serial_number": device.serial, "rack": rack}
    facts["rack_unit"] = int(unit) if unit else ""
    return {key: value for key, value in facts.items() if value != ""}


def _host_address(slices: Slices, device: Device) -> str:
    host = slices.host.get(device.name)
    if host is None:
        return ""
    # The bond carries the in-band network; without bonds it is the first interface with a way out.
    routed = [port for port in host.interfaces if port.gateway and not port.table]
    addresses = [port.address for ports in (host.bonds, routed, host.interfaces) for port in ports]
    return next((address.partition("/")[0] for address in addresses if address), "")


def _groups(slices: Slices, device: Device) -> Iterator[str]:
    switch = device.role in _SWITCHES
    yield "switches" if switch else {"server": "servers", "storage": "storage", "pdu": "pdus"}[device.role]
    if switch:
        yield group_name(f"role_{device.role}")
        yield group_name(f"fabric_{device.fabric or device.group}")
    elif device.group and device.role != "pdu":
        yield group_name(device.group)
    for role in device.roles:
        yield group_name(f"role_{role}")
    rack, _ = slices.where(device.name)
    if rack:
        yield group_name(f"rack_{rack}")


def inventory_yaml(slices: Slices, stacks: Sequence[HostStack] = ()) -> bytes:
    """Print ``inventory.yaml``: one line a host, so that a build's difference is a line's difference."""
    hosts, groups = inventory(slices, stacks=stacks)
    lines = ["# Written by rackwright from the plan; change the site file, not this one.", "all:", "  hosts:"]
    lines += [f"    {quoted(name)}: {_flow(facts)}" for name, facts in hosts.items()]
    lines += ["  children:"]
    for name, members in groups.items():
        lines += [f"    {quoted(name)}:", "      hosts:"]
        lines += [f"        {quoted(member)}: {{}}" for member in members]
    lines += ["  vars:", f"    site: {quoted(slices.plan.name)}", f"    release: {quoted(slices.plan.release)}", ""]
    return "\n".join(lines).encode()


def _flow(facts: dict[str, Any]) -> str:
    # In a flow mapping a plain scalar must hold none of ,[]{}; `scalar` lets a comma stand.
    parts = (f"{key}: {_flow_scalar(value)}" for key, value in facts.items())
    return "{" + ", ".join(parts) + "}"


def _flow_scalar(value: Any) -> str:
    text = scalar(value)
    return f'"{text}"' if not text.startswith('"') and any(char in text for char in ",[]{}") else text
