"""What resources have in common: where they lie, how they are called and how they are listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["CHASSIS", "MANAGER", "ROOT", "SYSTEM", "collection", "head", "link", "links", "plain", "status"]

ROOT: Final = "/redfish/v1"
SYSTEM: Final = f"{ROOT}/Systems/System.Embedded.1"
CHASSIS: Final = f"{ROOT}/Chassis/System.Embedded.1"
MANAGER: Final = f"{ROOT}/Managers/iDRAC.Embedded.1"


def link(path: str) -> dict[str, str]:
    """Return a reference."""
    return {"@odata.id": path}


def links(name: str, paths: Iterable[str]) -> dict[str, Any]:
    """Return a list of references with its count, as Dell writes them."""
    members = [link(path) for path in paths]
    return {name: members, f"{name}@odata.count": len(members)}


def head(path: str, kind: str, version: str, key: str, name: str, about: str = "") -> dict[str, Any]:
    """Return what every resource begins with; ``kind`` is its schema, ``version`` as in ``v1_20_1``."""
    return {**plain(path, kind, version, key, name), "Description": about or name}


def plain(path: str, kind: str, version: str, key: str, name: str) -> dict[str, Any]:
    """Return the same without a description, which Dell's own parts of a resource have none of."""
    return {
        "@odata.context": f"{ROOT}/$metadata#{kind}.{kind}",
        "@odata.id": path,
        "@odata.type": f"#{kind}.{version}.{kind}",
        "Id": key,
        "Name": name,
    }


def collection(path: str, kind: str, name: str, members: Iterable[str | Mapping[str, Any]]) -> dict[str, Any]:
    """Return a collection; members are paths, or whole resources where the service lists them so."""
    listed = [link(one) if isinstance(one, str) else dict(one) for one in members]
    return {
        "@odata.context": f"{ROOT}/$metadata#{kind}.{kind}",
        "@odata.id": path,
        "@odata.type": f"#{kind}.{kind}",
        "Description": name,
        "Members": listed,
        "Members@odata.count": len(listed),
        "Name": name,
    }


def status(health: str | None = "OK", state: str | None = "Enabled", *, rollup: bool = False) -> dict[str, Any]:
    """Return a Status; None is what an iDRAC tells of adapters whose health it does not know."""
    told = {"Health": health, "State": state}
    return {**told, "HealthRollup": health} if rollup else told
