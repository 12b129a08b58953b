"""Where things are on one BMC: found over its own links, once a session (redfish.md 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from rackwright.drivers.redfish.reader import Reader
from rackwright.drivers.redfish.session import ROOT, Session
from rackwright.errors import DeviceRefused

__all__ = ["Places", "dig", "link"]


class Places:
    """The resources that actions hang on, as they were told at any time in this session: what changes is always read anew."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self.session = session
        self._reader = reader

    @cached_property
    def system(self) -> dict[str, Any]:
        """The server: of several systems (a GPU board is one too) the one that has a BIOS."""
        systems = self._members("Systems")
        return next((system for system in systems if link(system, "Bios")), systems[0])

    @cached_property
    def manager(self) -> dict[str, Any]:
        """The BMC itself: of several the one that manages the server."""
        managers = self._members("Managers")
        if len(managers) == 1:
            return managers[0]
        ours = link(self.system, "Links", "ManagedBy", 0)
        return next((manager for manager in managers if link(manager) == ours), managers[0])

    @cached_property
    def chassis(self) -> dict[str, Any]:
        """The box of the server."""
        found = self._members("Chassis")
        ours = link(self.system, "Links", "Chassis", 0)
        return next((chassis for chassis in found if link(chassis) == ours), found[0])

    @cached_property
    def updates(self) -> dict[str, Any]:
        """The update service."""
        return self.session.object(link(self.session.root, "UpdateService") or ROOT + "/UpdateService")

    @cached_property
    def queues(self) -> tuple[str, ...]:
        """The collections that tell jobs, the one that says most first."""
        dell = link(self.manager, "Links", "Oem", "Dell", "Jobs")
        service, tasks = link(self.session.root, "JobService"), link(self.session.root, "Tasks")
        found = (dell, service and service.rstrip("/") + "/Jobs", tasks and tasks.rstrip("/") + "/Tasks")
        return tuple(uri for uri in found if uri)

    @property
    def dell(self) -> bool:
        """Tell whether it is an iDRAC."""
        return isinstance(dig(self.session.root, "Oem", "Dell"), Mapping)

    def action(self, resource: Mapping[str, Any], *names: str) -> str:
        """Return where one of these actions is called, the first that the resource offers; empty where it offers none."""
        actions = resource.get("Actions")
        offered: dict[str, Any] = dict(actions) if isinstance(actions, dict) else {}
        oem = offered.pop("Oem", None)
        offered |= oem if isinstance(oem, dict) else {}
        for name in names:
            for key, value in offered.items():
                # Dell puts the type before some (`DellManager.v1_0_0#DellManager.ClearPending`).
                if key.rpartition("#")[2] == name and isinstance(value, dict) and value.get("target"):
                    return str(value["target"])
        return ""

    def no(self, what: str, remedy: str) -> DeviceRefused:
        """Return the error for something that this BMC does not offer."""
        device = self.session.device
        return DeviceRefused(f"the BMC of {device} offers no {what}: {remedy}", device=device, remedy=remedy)

    def _members(self, name: str) -> list[dict[str, Any]]:
        uri = link(self.session.root, name) or f"{ROOT}/{name}"
        found = self._reader.known(uri)
        if not found:
            raise self.no(
                f"{name}, for now", "try again in some minutes: after its job queue was cleared it tells of none"
            )
        return found


def dig(value: Any, *way: str | int) -> Any:
    """Return what lies at a way of keys and list indexes; None where the way ends."""
    for key in way:
        if isinstance(key, str):
            value = value.get(key) if isinstance(value, Mapping) else None
        else:
            value = value[key] if isinstance(value, list) and key < len(value) else None
    return value


def link(value: Any, *way: str | int) -> str:
    """Return the URI that a link leads to, without a trailing slash; empty where there is none."""
    found = dig(value, *way, "@odata.id")
    return found if isinstance(found, str) else ""
