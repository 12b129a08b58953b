"""Wishes that no wiring can serve, and links that follow no rule."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Site
from rackwright.plan.cages import parse_port, port_range
from rackwright.plan.model import End, Link
from rackwright.plan.wiring import PortUse, Wiring

__all__ = ["explicit_links", "judge"]

_SWITCH_PORT = re.compile(r"swp[0-9]+(s[0-9]+)?")


def judge(site: Site, catalog: Catalog) -> Iterator[Problem]:
    """Return what is impossible before anything is wired, with the numbers in it."""
    for key, group in site.groups.items():
        model = catalog.servers.get(group.model)
        gpu = catalog.gpus.get(group.gpu or "")
        if model is None or gpu is None or group.memory_gb is None:
            continue
        needed = model.memory_above_gb(gpu)
        if group.memory_gb <= needed:
            yield problem(
                "plan",
                f"group {key}: {group.memory_gb} GB of memory; {model.gpu_count} x {gpu.name} hold {gpu.memory_gb * model.gpu_count} GB"
                f" and the host needs more than {needed:g} GB",
                path=("groups", key, "memory_gb"),
                remedy="fit more memory",
                source="validated-design.md, rules the guide states",
            )


def explicit_links(site: Site, catalog: Catalog, wiring: Wiring) -> None:
    """Add the links of ``fabrics.X.links``; an end on a switch of ours takes its port."""
    known = {device.name for device in wiring.devices}
    for key, fabric in site.fabrics.items():
        for index, wish in enumerate(fabric.links):
            path = ("fabrics", key, "links", index)
            ends = [_end(word) for word in (wish.a, wish.b)]
            missing = [end.device for end in ends if end.device not in known]
            if missing:
                wiring.wrong(path, f"no device is called {missing[0]}", "name a device of this site as device:port")
                continue
            fault = next((fault for end in ends if (fault := _fault(end, wiring, catalog))), "")
            if fault or (ends[0].device, ends[0].port) == (ends[1].device, ends[1].port):
                fault = fault or f"both ends are {wish.a}"
                wiring.wrong(path, fault, "name a free port of each device, as its sheet or faceplate calls it")
                continue
            if ends[1].cage and not ends[0].cage:
                ends.reverse()  # a link has its switch first
            number = wiring.add(Link(key, "management", ends[0], ends[1], 1.0, 0, "cat6"))
            for end, other in (ends, reversed(ends)):
                if end.cage and end.device in wiring.ports:
                    _lay(wiring, end, number, other.device)


def _end(word: str) -> End:
    device, _, port = word.partition(":")
    if not _SWITCH_PORT.fullmatch(port):
        return End(device, port, interface=port)
    cage, sub = parse_port(port)
    return End(device, port, cage, sub if "s" in port[3:] else -1)


def _fault(end: End, wiring: Wiring, catalog: Catalog) -> str:
    """Return why a port cannot take a link of its own; empty when it can."""
    device = next(device for device in wiring.devices if device.name == end.device)
    if device.role in ("server", "storage", "pdu", "external"):
        held = any(
            (end.device, end.port) == (other.device, other.port) for link in wiring.links for other in (link.a, link.b)
        )
        return f"{end.device}:{end.port} has a link already" if held else ""
    if not end.cage:
        return "" if end.port == "eth0" else f"{end.device} has no port {end.port}"
    model = catalog.switches[device.model]
    if not any(end.cage in port_range(group.ports) for group in model.port_groups):
        return f"{model.name} has no {end.port}"
    laid = [use for use in wiring.ports.get(end.device, ()) if use.cage == end.cage]
    if end.sub >= 0 and not any(use.sub == end.sub for use in laid):
        return f"{end.device}:swp{end.cage} is not split so that it has {end.port}"
    return ""


def _lay(wiring: Wiring, end: End, number: int, other: str) -> None:
    """Take a port over from what only reserved it."""
    uses = wiring.ports[end.device]
    for at, use in enumerate(uses):
        if (use.cage, use.sub) == (end.cage, end.sub) and use.link < 0:
            uses[at] = PortUse(
                use.cage, use.sub, "management", use.mode, use.lanes, use.gbps, use.attach, number, other
            )
            return
    uses.append(PortUse(end.cage, end.sub, "management", "", 0, 1.0, -1, number, other))
