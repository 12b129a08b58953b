"""NVIDIA's reference architectures: our rendered switches and links against its exports, leaf for leaf."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rackwright import catalog, plan
from rackwright.documents import load as load_yaml
from rackwright.intent.models import Site
from rackwright.nvue import document
from rackwright.nvue.tree import equal_leaf, leaves
from rackwright.plan.model import Plan
from rackwright.render.nvue import tree

SITES = ("2-8-9-400", "2-4-3-200")
TABLE = Path(__file__).with_name("era-differences.yaml")
LEAST = 97.0
HELPERS = ("dhcp-oob", "dhcp-edge", "oob-server-01")
"""Machines that only serve the simulation; site-format.md says that their cables are no links."""
LAST_PORT = {"oob-switch": 52}
"""The last port of a model, by stem of the switch names: a cable to a later one is no link."""

Shared = Callable[..., Path]


class Row(NamedTuple):
    """One row of the table of differences."""

    site: str
    devices: tuple[str, ...]
    path: str
    side: str

    def covers(self, site: str, device: str, path: str, side: str) -> bool:
        """Say whether the row explains a difference."""
        return (
            self.site in ("all", site)
            and (self.devices == ("all",) or device in self.devices)
            and side == self.side
            and (path == self.path or (path.startswith(self.path + ".") and "interface" in self.path))
        )


class Score(NamedTuple):
    """What a switch of ours and its export have in common."""

    equal: int
    missing: list[str]
    extra: list[str]

    @property
    def percent(self) -> float:
        """Equal leaves of all that either has."""
        return 100 * self.equal / (self.equal + len(self.missing) + len(self.extra))


def rows() -> list[Row]:
    """Return the table of differences in configurations."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    found = []
    for name, section in table.items():
        if name != "links":
            for row in section:
                devices = ("all",) if row["devices"] == "all" else tuple(row["devices"])
                found.append(Row(row["site"], devices, row["path"], row["side"]))
    return found


def planned(repository: Path, name: str) -> Plan:
    """Return the plan of a reference architecture's site."""
    text = (repository / "inventory" / f"era-{name}" / "site.yaml").read_text(encoding="utf-8")
    site = Site.model_validate(load_yaml(text, "site.yaml").value)
    return plan.build(site, catalog=catalog.load())[0]


def export(shared: Shared, name: str, switch: str) -> dict[tuple[str, ...], Any]:
    """Return the leaves of an export, ranges expanded."""
    path = shared("data", "era", name, "exported-configurations", f"{switch}.yaml")
    return masked(dict(leaves(document.read(path.read_text(encoding="utf-8"), str(path)).tree)))


def masked(found: dict[tuple[str, ...], Any]) -> dict[tuple[str, ...], Any]:
    """Return the leaves with every secret as ``*``: a mask, an encrypted text, or our reference to one."""
    return {
        (path[:-1] if path[-1] == "secret" and path[-2] in ("secret", "hashed-password") else path): (
            "*" if path[-1] in ("secret", "hashed-password") else value
        )
        for path, value in found.items()
    }


def score(want: dict[tuple[str, ...], Any], got: dict[tuple[str, ...], Any]) -> Score:
    """Compare two sets of leaves."""
    same = [path for path in want if path in got and equal_leaf(want[path], got[path])]
    missing = [".".join(path) for path in want if path not in got or not equal_leaf(want[path], got[path])]
    extra = [".".join(path) for path in got if path not in want]
    return Score(len(same), missing, extra)


def boilerplate(shared: Shared) -> set[tuple[tuple[str, ...], str]]:
    """Return the leaves that every export of every site shares."""
    common: set[tuple[tuple[str, ...], str]] | None = None
    for name in SITES:
        for path in sorted(shared("data", "era", name, "exported-configurations").glob("*.yaml")):
            own = {(key, str(value)) for key, value in export(shared, name, path.stem).items()}
            common = own if common is None else common & own
    return common or set()


@pytest.mark.parametrize("name", SITES)
def test_site_is_short(repository: Path, name: str) -> None:
    """A reference architecture takes at most 150 lines of the site format, and no overlay."""
    folder = repository / "inventory" / f"era-{name}"
    assert len((folder / "site.yaml").read_text(encoding="utf-8").splitlines()) <= 150
    assert not (folder / "overlays").exists()


@pytest.mark.parametrize("name", SITES)
def test_switches_equal_the_exports(
    repository: Path, shared: Shared, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every leaf of every switch equals NVIDIA's export, but for the listed differences."""
    table, common = rows(), boilerplate(shared)
    unlisted: list[str] = []
    lines: list[str] = []
    switches = planned(repository, name).switches
    exports = {path.stem for path in shared("data", "era", name, "exported-configurations").glob("*.yaml")}
    assert {switch.name for switch in switches} == exports
    for switch in switches:
        want, got = export(shared, name, switch.name), masked(dict(leaves(tree(switch))))
        absent = [path for path in want if _absent(switch.name, path)]
        possible = {path: value for path, value in want.items() if path not in absent}
        whole, lean = score(possible, got), score(_without(possible, common), _without(got, common))
        lines.append(
            f"{name} {switch.name}: {whole.percent:.2f} % of {len(possible)} leaves, "
            f"{lean.percent:.2f} % without the boilerplate ({len(absent)} leaves are of ports that do not exist)"
        )
        full = score(want, got)
        for side, paths in (("missing", full.missing), ("extra", full.extra)):
            unlisted += [
                f"{switch.name} {side} {path}"
                for path in paths
                if not any(row.covers(name, switch.name, path, side) for row in table)
            ]
        assert whole.percent >= LEAST, lines[-1]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert unlisted == []


def _absent(switch: str, path: tuple[str, ...]) -> bool:
    """Say whether a leaf belongs to a port that the model does not have."""
    last = next((last for stem, last in LAST_PORT.items() if switch.startswith(stem)), 64)
    if len(path) < 2 or path[0] != "interface" or not path[1].startswith("swp"):
        return False
    return int(path[1].removeprefix("swp").partition("s")[0]) > last


def _without(found: dict[tuple[str, ...], Any], common: set[tuple[tuple[str, ...], str]]) -> dict[tuple[str, ...], Any]:
    return {path: value for path, value in found.items() if (path, str(value)) not in common}


@pytest.mark.parametrize("name", SITES)
def test_links_equal_the_topology(repository: Path, shared: Shared, name: str) -> None:
    """Every cable that a device can have is in NVIDIA's Air topology and in our plan, but for the listed ones."""
    file = next(iter(sorted(shared("data", "era", name).glob("ERA-*-topology.json"))))
    content = json.loads(file.read_text(encoding="utf-8"))["content"]
    want = {link for link in _topology(content) if not _no_link(link)}
    got = {
        frozenset((f"{end.device}:{end.interface or end.port}") for end in (link.a, link.b))
        for link in planned(repository, name).links
    }
    listed = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["links"]
    table = {(row["side"], frozenset(row["link"].split())) for row in listed if row["site"] == name}
    found = {("missing", link) for link in want - got} | {("extra", link) for link in got - want}
    assert found == table
    assert len(want) > 80


def _topology(content: dict[str, Any]) -> Iterator[frozenset[str]]:
    for ends in content["links"]:
        if all(isinstance(end, dict) for end in ends):
            yield frozenset(f"{end['node']}:{end['interface']}" for end in ends)


def _no_link(link: frozenset[str]) -> bool:
    """Simulation helpers and absent ports are no links."""
    for end in link:
        device, _, port = end.partition(":")
        if device in HELPERS or _absent(device, ("interface", port)):
            return True
    return False


def test_every_listed_difference_is_one(repository: Path, shared: Shared) -> None:
    """No row of the table is stale: each explains a difference that is there."""
    seen: set[Row] = set()
    for name in SITES:
        for switch in planned(repository, name).switches:
            full = score(export(shared, name, switch.name), masked(dict(leaves(tree(switch)))))
            for side, paths in (("missing", full.missing), ("extra", full.extra)):
                seen |= {row for row in rows() for path in paths if row.covers(name, switch.name, path, side)}
    assert set(rows()) - seen == set()
