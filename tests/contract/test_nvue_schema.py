"""Our NVUE schema table and NVIDIA's own material agree: the models, the exports, the command lists."""

import importlib.util
import json
import random
import shutil
import warnings
from functools import cache
from pathlib import Path

import pytest
import yaml
import yaml12
from pydantic import ValidationError

from rackwright.nvue import commands, document, emit, ranges, schema, tree

SEED = 512
TABLE = Path(schema.__file__).parent / "data" / "5.12.json"
WORDS = [
    "on", "off", "enabled", "disabled", "enable", "auto", "none", "", "x", "a b", "a" * 300, "10.0.0.1", "10.0.0.0/8",
    "10.0.0.1/8", "fe80::1", "2001:db8::/32", "44:38:39:ff:00:aa", "44:38:39:22:01:12", "65000:1", "10.0.0.1:1", "swp1",
    "leaf.example", "1", "4", "9216", "1.5", "10K", "00:44:38:39:be:ef:aa:00:00:01", "1234", "line\n", "swp-of-a-very-long-name",
]  # fmt: skip
NUMBERS = [-1, 0, 1, 7, 8, 4094, 4095, 9216, 65535, 65536, 4294967295, 4294967296, 10**12, 1.5, 50.0]
OTHERS = [True, False, None, {}, {"x": 1}, ["on"]]

# Where the verdicts may differ, by the name of a test on (value, types, ours, theirs); each with why.
DIFFERENCES = {
    "null": "the models make every leaf optional; a startup file with null says nothing, so we ask for the value",
    "number as text": "pydantic turns '9216' into 9216; the OpenAPI says integer, so NVUE is asked for a number",
    "boolean as number": "pydantic takes true for 1; it is what a YAML 1.1 reader makes of on, so we refuse it",
    "whole float": "pydantic takes 50.0 for 50; we refuse a float where a whole number belongs",
    "number as address": "Python's ipaddress takes 1 for 0.0.0.1; nobody means that",
    "presence": "the models lost what stands in an empty object and take anything; we take {} only",
    "free interface name": "the models' pattern lists prefixes and refuses bonds of any other name (nvue.md 1)",
    "long interface name": "the models know no length; the kernel ends names at 15 characters",
    "type-0 segment identifier": "the models ask for digits only and refuse an ESI of ten bytes (nvue.md 1)",
}


@cache
def models():
    """Import the models once; it takes a second."""
    return __import__("nvueschema.models.v5_12", fromlist=["NvueConfig"]).NvueConfig


@cache
def table():
    """Read the shipped table."""
    return json.loads(TABLE.read_bytes())


def theirs(config) -> bool:
    """Return the verdict of NVIDIA's models."""
    try:
        with warnings.catch_warnings():
            # Python's ipaddress warns when it is handed true for an address.
            warnings.simplefilter("ignore", DeprecationWarning)
            models().model_validate(config)
    except ValidationError:
        return False
    return True


def ours(config) -> bool:
    """Return our verdict."""
    return schema.load().check(config) == []


def wrapped(path, value):
    """Return a tree of this one leaf."""
    for key in reversed(path):
        value = {key: value}
    return value


SAMPLES = {
    "interface": "swp1", "vlan": "10", "port-vlan": "10", "vni": "4001", "vrf": "RED", "breakout": "2x",
    "port-address": "10.0.0.1/24", "address": "10.0.0.1", "cidr": "10.0.0.1/24", "prefix": "10.0.0.0/8", "listen": "10.0.0.1",
    "host": "ntp", "neighbor": "swp1", "asn": "65001", "rule": "10", "eight": "3", "dscp": "26",
    "mac": "44:38:39:ff:00:aa", "any": "name",
}  # fmt: skip


def all_leaves():
    """List every leaf of our table: its path with a sample for each map key, and its types."""
    nodes = table()["nodes"]
    out = []

    def walk(index, path):
        node = nodes[index]
        for key, below in node.get("o", {}).items():
            walk(below, (*path, key))
        if "m" in node:
            walk(node["m"], (*path, SAMPLES[node["k"]]))
        if "t" in node:
            out.append((path, node["t"]))

    walk(table()["root"], ())
    return out


def candidates(types):
    """List values to try on a leaf: the common ones, its words and its bounds, each just missed too."""
    tries = [*WORDS, *NUMBERS, *OTHERS]
    for kind, *rest in types:
        if kind == "e":
            tries += [*rest[0], rest[0][0].upper() + "x", rest[0][-1] + " "]
        if kind in {"i", "f"}:
            tries += [bound + step for bound in rest if bound is not None for step in (-1, 0, 1)]
        if kind == "s" and rest[1]:
            tries += ["s" * rest[1], "s" * (rest[1] + 1)]
    return tries


def difference(value, types, mine, other) -> str:
    """Name the known difference that explains two verdicts, or an empty text."""
    kinds = {kind for kind, *_ in types}
    corrected = {row[3] for row in types if row[0] == "s" and len(row) > 3}
    if not mine and other:
        if kinds == {"p"}:
            return "presence"
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "boolean as number"
        if isinstance(value, str) and kinds & {"i", "f"}:
            return "number as text"
        if isinstance(value, float) and "i" in kinds:
            return "whole float"
        if isinstance(value, int) and "a" in kinds:
            return "number as address"
        if any("A-Za-z0-9_.-" in text for text in corrected):
            return "long interface name"
    if any("A-Za-z0-9_.-" in text for text in corrected):
        return "free interface name"
    return "type-0 segment identifier" if any(text.startswith("^(00:") for text in corrected) else ""


def test_every_leaf_has_the_verdict_of_the_models():
    """On every leaf of the table, some sixty values each, the verdicts agree but for the listed differences."""
    unexplained, seen = [], set()
    verdicts: dict[str, tuple[bool, bool]] = {}
    for path, types in all_leaves():
        for value in candidates(types):
            mark = json.dumps([types, value])
            if mark not in verdicts:
                config = wrapped(path, value)
                verdicts[mark] = ours(config), theirs(config)
                mine, other = verdicts[mark]
                why = difference(value, types, mine, other) if mine != other else None
                if why == "":
                    unexplained.append((".".join(path), value, f"ours {mine}, theirs {other}"))
                seen.add(why)
    assert unexplained == []
    assert seen - {None} == set(DIFFERENCES), "a difference that no longer occurs leaves the list"
    assert len(verdicts) > 15_000


def stored(path):
    """Follow a flattened path through the table; a presence or a free place ends it early."""
    nodes = table()["nodes"]
    node = nodes[table()["root"]]
    for part in path.split("."):
        if node.get("x") or node.get("t") == [["p"]]:
            return node
        index = node.get("m") if part == "<key>" else node.get("o", {}).get(part)
        if index is None:
            return None
        node = nodes[index]
    return node


def test_the_table_has_every_path_of_the_models(shared):
    """No path of the flattened 5.12 model is missing from the table; the header is no part of a tree."""
    flat = json.loads(shared("data", "nvue", "nvue-5_12-paths.json").read_text())["paths"]
    paths = [path for path in flat if not path.startswith("header")]
    assert len(paths) > 2_500
    assert [path for path in paths if stored(path) is None] == []


@pytest.mark.slow
def test_the_shipped_table_is_what_the_builder_makes(repository, tmp_path, monkeypatch):
    """Nobody edits the table by hand: building it again gives the same bytes."""
    spec = importlib.util.spec_from_file_location("builder", repository / "scripts" / "build_nvue_schema.py")
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    shutil.copy(builder.DATA / "corrections.yaml", tmp_path)
    shipped = builder.DATA
    monkeypatch.setattr(builder, "DATA", tmp_path)
    builder.main()
    for name in ("5.12.json", "5.12-others.json"):
        assert (tmp_path / name).read_bytes() == (shipped / name).read_bytes(), "run `make schema`"


# --- NVIDIA's exports ----------------------------------------------------------------------------


def exports(shared):
    """List the exported configurations of NVIDIA's reference architectures, and the two examples."""
    era = sorted(shared("data", "era").glob("*/*/*.yaml"))
    examples = sorted(shared("data", "nvue", "examples").glob("*.yaml"))
    assert len(era) >= 14
    assert len(examples) == 2
    return [(path.name, document.read(path.read_bytes(), path.name)) for path in [*era, *examples]]


def test_all_exports_hold(shared):
    """Every export and example reads without a problem and has no violation, and the models say so too."""
    for name, read in exports(shared):
        assert read.problems == (), name
        assert schema.load().check(read.tree) == [], name
        assert theirs(read.tree), name


def test_basepod_fails_for_snmp_only(shared):
    """The basepod samples are of 5.10: service.snmp-server moved in 5.11, nothing else is wrong."""
    samples = sorted(shared("data", "nvue", "samples").glob("basepod-*.yaml"))
    assert samples
    for path in samples:
        (found,) = schema.load().check(document.read(path.read_bytes()).tree)
        assert (".".join(found.path), found.code) == ("service.snmp-server", "other-version")


def test_mutated_exports_have_the_verdict_of_the_models(shared):
    """One leaf of a whole export changed: both see it, or a listed difference explains why not."""
    dice = random.Random(SEED)
    types = dict(all_leaves())
    unexplained = []
    for name, read in exports(shared):
        leaves = [path for path, _ in tree.leaves(read.tree)]
        for path in dice.sample(leaves, min(len(leaves), 25)):
            sample = types.get(pattern(path))
            if sample is None:
                continue
            value = dice.choice(candidates(sample))
            mutated = tree.merge(read.tree, {})
            parent = tree.get(mutated, *path[:-1])
            parent[path[-1]] = value
            mine, other = ours(mutated), theirs(mutated)
            if mine != other and not difference(value, sample, mine, other):
                unexplained.append((name, ".".join(path), value))
    assert unexplained == []


def pattern(path):
    """Return a path with the sample key of each map in place of its own."""
    nodes, out = table()["nodes"], []
    node = nodes[table()["root"]]
    for key in path:
        out.append(SAMPLES[node["k"]] if "m" in node else key)
        node = nodes[node["m"] if "m" in node else node["o"][key]]
    return tuple(out)


def test_the_command_lists_are_the_exports(shared):
    """The nv set list of each export, expanded, is the export, but for the quoting of the login banner."""
    lists = sorted(shared("data", "era").glob("*/exported-configurations/CLI/*.nv-set.txt"))
    assert len(lists) >= 9
    for path in lists:
        export = path.parent.parent / path.name.replace(".nv-set.txt", ".yaml")
        want = dict(tree.leaves(document.read(export.read_bytes()).tree))
        got = dict(tree.leaves(ranges.expand(commands.tree_from_commands(path.read_text(), schema.load()))))
        assert sorted(set(want) ^ set(got)) == []
        differing = [leaf for leaf in want if not tree.equal_leaf(want[leaf], got[leaf])]
        assert differing == []


def test_our_own_commands_are_read_back(shared):
    """Printing an export as commands and reading them gives the export."""
    for name, read in exports(shared):
        lines = commands.set_lines(read.tree)
        assert len(lines) == tree.count(read.tree), name
        back = commands.tree_from_commands("\n".join(lines), schema.load())
        assert back == read.tree, name


def test_printed_exports_are_read_alike_by_old_and_new_readers(shared):
    """What we print of NVIDIA's exports is the same tree under YAML 1.1 and 1.2, ranges kept or expanded."""
    for name, read in exports(shared):
        for printed in (read.tree, read.raw):
            text = emit.dump(printed, model="sn5600", nos="5.12.1")
            assert yaml.safe_load(text)[1]["set"] == printed, name
            assert yaml12.parse_yaml(text)[1]["set"] == printed, name
            assert document.read(text).raw == printed, name
