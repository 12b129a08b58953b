"""The resources of the emulated BMCs have the shape of captured ones: same property names, same JSON types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bmcs import twin_of

TABLE = yaml.safe_load(Path(__file__).with_name("bmc-shape.yaml").read_text(encoding="utf-8"))
DELL = ("dell_r750_2xbf3_idrac7.10.30", "dell_xr8620t_16g_idrac6.10.80")
NVIDIA = ("nvidia_bf3_dpu_bmc_24.10",)
OPEN = {"Attributes", "Messages"}
"""Objects whose keys are data and no properties."""
ROOT = "/redfish/v1"


def kind_of(resource: dict[str, Any]) -> str:
    """Return the schema of a resource without its version, an empty text for none."""
    return str(resource.get("@odata.type", "")).removeprefix("#").partition(".")[0]


def word(value: Any) -> str:
    """Return the JSON type of a value; null fits every type."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names[type(value)]


def paths(value: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the properties of a resource as paths with their types; objects in arrays count as one."""
    for key, inner in value.items():
        here = f"{above}/{key}"
        yield here, word(inner)
        if key in OPEN or (isinstance(inner, dict) and set(inner) == {"@odata.id"}):
            continue
        for one in inner if isinstance(inner, list) else [inner]:
            # A member that is listed whole is judged by itself.
            if isinstance(one, dict) and not (key == "Members" and len(one) > 1):
                yield from paths(one, here)


def shapes(resources: Iterator[dict[str, Any]]) -> dict[str, dict[str, set[str]]]:
    """Return schema -> path -> types."""
    found: dict[str, dict[str, set[str]]] = {}
    for resource in resources:
        table = found.setdefault(kind_of(resource), {})
        for path, kind in paths(resource):
            table.setdefault(path, set()).add(kind)
    return found


def captured(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the resources of a captured tree, also those that are listed whole in a collection."""
    for file in folder.rglob("index.json"):
        resource = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(resource, dict):
            yield resource
            yield from (one for one in resource.get("Members") or () if isinstance(one, dict) and len(one) > 1)


def served(client: Any) -> Iterator[dict[str, Any]]:
    """Yield every resource of an emulated BMC."""
    token, _ = client.login()
    todo, seen = [ROOT], set()
    while todo:
        path = todo.pop()
        if path in seen or "#" in path:
            continue
        seen.add(path)
        resource = client.ask("GET", path, token=token).json
        yield resource
        yield from (one for one in resource.get("Members", ()) if len(one) > 1)
        todo += links(resource)


def links(value: Any) -> Iterator[str]:
    """Yield every link of a resource."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "@odata.id":
                yield inner
            else:
                yield from links(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from links(inner)


def differences(ours: dict[str, dict[str, set[str]]], real: dict[str, dict[str, set[str]]]) -> set[str]:
    """Return what of ours no captured resource of the schema has, or has as another type."""
    found = set()
    for kind, table in ours.items():
        if kind not in real:
            found.add(f"{kind}: no captured one")
            continue
        for path, types in table.items():
            known = real[kind].get(path)
            if known is None:
                found.add(f"{kind}{path}")
            elif types - known - {"null"} and known != {"null"}:
                found.add(f"{kind}{path}: {'/'.join(sorted(types - known))} and not {'/'.join(sorted(known))}")
    return found


@pytest.mark.parametrize(("device", "trees"), [("gpu01", DELL), ("gpu01.b3220l-1", NVIDIA)])
def test_our_properties_are_those_of_real_ones(shared, tmp_path, device, trees):
    """Each property that a twin's resource has is one of a captured resource of that schema, or stands in the table with its reason."""
    real = shapes(resource for tree in trees for resource in captured(shared(f"data/redfish/{tree}")))
    with twin_of(tmp_path, (device,)) as twin:
        client = twin.client(device)
        if device == "gpu01":
            client.patch(
                "/redfish/v1/Systems/System.Embedded.1/Bios/Settings",
                {
                    "Attributes": {"SriovGlobalEnable": "Enabled"},
                    "@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"},
                },
            )
        ours = shapes(served(client))
    listed = {one for rows in TABLE[device].values() for one in rows}
    assert differences(ours, real) == listed
    assert len(ours) > 15
