"""What a twin is made from: the plan, the secrets that the site names, and configurations to come up with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from rackwright.cli.building import chosen
from rackwright.errors import DocumentError
from rackwright.plan.model import Plan
from rackwright.plan.workspace import Workspace
from rackwright.secrets import is_reference, parse, references
from rackwright.twin.bmc.service.plans import Bmcs
from rackwright.twin.bmc.service.plans import names as bmc_names
from rackwright.twin.hosts.park import Hosts
from rackwright.twin.process import Spec

__all__ = ["count_bmcs", "spec_of"]


def spec_of(
    site: Workspace,
    plan: Plan,
    *,
    rate: float,
    latency_ms: float = 0.0,
    kind: str = "emulated",
    startup: Path | None = None,
    only: tuple[str, ...] = (),
    bmcs: Literal["none", "behind", "planned"] = "behind",
    hosts: Literal["none", "bare", "installed"] = "none",
    old: tuple[str, ...] = (),
) -> Spec:
    """Put together what a twin is made from; ``startup`` is a startup.yaml for all switches, or a build folder.

    ``only`` names switches and BMCs; ``bmcs`` says whether there are any, and which firmware they come up with; ``hosts`` whether servers
    with a BMC have an operating system, and ``old`` names servers that are a step behind although the others are as planned.
    """
    names = [switch.name for switch in plan.switches]
    catalog, wanted = site.loaded.catalog, site.loaded.site
    if wanted is None:
        bmcs = "none"
    servers = bmc_names(plan, catalog) if bmcs != "none" else []
    meant = chosen([*names, *servers], only, "--only") if only else None
    return Spec(
        plan=plan,
        state=str((site.file.parent / ".rackwright").absolute()),
        rate=rate,
        latency_ms=latency_ms,
        kind=kind,
        startup=_startup(startup, names) if startup else {},
        only=None if meant is None else meant & frozenset(names),
        bmcs=None
        if bmcs == "none" or wanted is None
        else Bmcs(
            site=wanted.model_dump_json(),
            catalog=catalog.model_dump_json(),
            user=wanted.bmc.user,
            password=parse(wanted.access.bmc).name,
            only=None if meant is None else meant & frozenset(servers),
            firmware=bmcs,
            old=chosen(servers, old, "--old") if old else frozenset(),
        ),
        hosts=None
        if hosts == "none" or bmcs == "none" or wanted is None
        else Hosts(state=hosts, user=wanted.hosts.user),
        secrets=tuple(sorted(set(_secrets(site, plan)))),
    )


def count_bmcs(plan: Plan, spec: Spec) -> int:
    """Say how many BMCs a twin has that answer."""
    if spec.bmcs is None:
        return 0
    return len(spec.bmcs.only) if spec.bmcs.only is not None else len(bmc_names(plan, spec.bmcs.read_catalog()))


def _secrets(site: Workspace, plan: Plan) -> Iterator[str]:
    """Yield the names of the secrets that the site and its overlays refer to."""
    loaded = site.loaded
    if loaded.site is not None:
        yield from (ref.name for ref in references(loaded.site.model_dump(mode="json")))
    for overlay in loaded.overlays:
        yield from (ref.name for ref in references(overlay.patch))
    for switch in plan.switches:
        if switch.system.password:
            yield parse(f"secret:{switch.system.password}").name
        for name, text in switch.system.extra:
            value: Any = json.loads(text)
            if name.endswith(".secret") and isinstance(value, str):
                yield parse(value if is_reference(value) else f"secret:{value}").name


def _startup(path: Path, names: list[str]) -> dict[str, dict[str, Any]]:
    if path.is_file():
        tree = _tree(path)
        return dict.fromkeys(names, tree)
    files = {name: path / "devices" / name / "startup.yaml" for name in names}
    there = {name: _tree(file) for name, file in files.items() if file.is_file()}
    if not there:
        raise DocumentError(f"{path} is no startup.yaml and no build folder: run 'rackwright render' first")
    return there


def _tree(path: Path) -> dict[str, Any]:
    from rackwright.twin.engine.ranges import expanded
    from rackwright.twin.texts.reading import Unreadable, read_document

    try:
        return expanded(read_document(path.read_text(encoding="utf-8"), str(path)).tree)
    except (Unreadable, UnicodeDecodeError) as error:
        raise DocumentError(f"{error}: give a startup.yaml, or a build folder") from None
