"""The documents of hosts as the planner gives them for a small site, and hardware that fits them."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from rackwright import catalog
from rackwright import plan as planner
from rackwright.intent.models import Site
from rackwright.plan.stack import stack
from rackwright.render.hosts.variables import variables
from tests.lab import machine
from tests.twins.frr import RAILS

KERNEL = "6.8.0-57.59"


def site(**hosts: Any) -> dict[str, Any]:
    """Return a site of a GPU server on eight rails and a management server; ``hosts`` goes into its section of hosts."""
    made = copy.deepcopy(RAILS)
    made["groups"]["gpu"]["count"] = 1
    made["groups"]["mgmt"] = {"model": "r660", "memory_gb": 512, "count": 1}
    made["hosts"] = {"kernel": KERNEL, **hosts}
    return made


def documents(wish: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Plan a site and return the document of each host; service tags and MAC addresses are made up."""
    rows = catalog.load()
    intent = Site.model_validate(wish)
    made, _ = planner.build(intent, catalog=rows)
    devices = tuple(
        msgspec.structs.replace(
            device,
            serial=f"TAG{place:04}",
            macs=tuple((f"b3140h-{rail}.1", machine.mac(rail, place)) for rail in range(1, 9))
            + tuple((f"b3140h-{rail}", machine.mac(rail, place)) for rail in range(1, 9)),
        )
        if device.role == "server"
        else device
        for place, device in enumerate(made.devices)
    )
    told = {host.name: variables(host) for host in stack(msgspec.structs.replace(made, devices=devices), intent, rows)}
    for document in told.values():
        # Two rails say as much as eight, and every card costs calls of the tools.
        cards = document["rackwright"]["bluefield"]
        cards["adapters"] = [card for card in cards["adapters"] if card["rail"]][:2]
    return told


def hardware(document: dict[str, Any]) -> dict[str, Any]:
    """Return a server as it comes from its maker that has the adapters and GPUs of a document."""
    host = document["rackwright"]
    made = machine.xe9680(host["host"], rails=0, gpus=host["gpu"]["count"])
    made["service_tag"] = host["service_tag"]
    for place, adapter in enumerate(host["bluefield"]["adapters"]):
        card = machine.adapter(place)
        made["adapters"].append(card | {"mac": adapter["mac"], "netdev": adapter["interfaces"][0]})
    return made
