"""Laws of the build folder: whatever was built before, and whatever befell it, a build ends as a fresh one."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rackwright import catalog, plan
from rackwright.intent.models import Site
from rackwright.plan.model import Bond, Plan, Vlan
from rackwright.render import everything, write
from rackwright.render.files import File
from tests.plans import bonded, grown, rails
from tests.sites import site

ROWS = catalog.load()
SMALL = rails(spines=2)
replace = msgspec.structs.replace


def read(folder: Path) -> dict[str, bytes]:
    """Return every file of a build by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fresh(made: Plan) -> dict[str, bytes]:
    """Return what a build of a plan into an empty folder holds."""
    with tempfile.TemporaryDirectory() as folder:
        write(everything(made, catalog=ROWS), Path(folder) / "out")
        return read(Path(folder) / "out")


def changed(made: Plan, field: str, dice: random.Random, change: Callable[[Any], Any]) -> Plan:
    """Return the plan with one value of a list changed."""
    values = list(getattr(made, field))
    at = dice.randrange(len(values))
    values[at] = change(values[at])
    return replace(made, **{field: tuple(values)})


def inner(field: str, dice: random.Random, **new: Any) -> Callable[[Any], Any]:
    """Return a change of one value of a list that a switch holds."""

    def change(switch: Any) -> Any:
        values = list(getattr(switch, field))
        if not values:
            return switch
        at = dice.randrange(len(values))
        values[at] = replace(values[at], **new)
        return replace(switch, **{field: tuple(values)})

    return change


def edited(made: Plan, kind: str, dice: random.Random) -> Plan:  # noqa: C901 - a table of edits
    """Return the plan with one edit of a kind, somewhere."""
    word, number = f"w{dice.randrange(1000)}", dice.randrange(1, 40)
    match kind:
        case "link":
            new = dice.choice([{"speed_gbps": 100.0 * number}, {"media": word}, {"rail": number}, {"kind": "external"}])
            return changed(made, "links", dice, lambda link: replace(link, **new))
        case "end":
            return changed(made, "links", dice, lambda link: replace(link, b=replace(link.b, interface=word)))
        case "part":
            new = dice.choice(
                [
                    {"part": word},
                    {"length_m": number / 2},
                    {"a_side": dice.choice("AB")},
                    {"ways": number},
                    {"id": word},
                ]
            )
            return changed(made, "assemblies", dice, lambda part: replace(part, **new))
        case "place":
            new = dice.choice([{"unit": number}, {"rack": dice.choice(made.racks).name}])
            return changed(made, "placements", dice, lambda place: replace(place, **new))
        case "macs":
            return changed(made, "devices", dice, lambda device: replace(device, macs=(("bmc", f"02:{number:02d}"),)))
        case "role":
            return changed(
                made, "devices", dice, lambda one: replace(one, role="storage") if one.role == "server" else one
            )
        case "port":
            new = dice.choice([{"access": number}, {"untagged": number, "tagged": (number + 1, number + 2)}])
            return changed(made, "switches", dice, inner("ports", dice, **new))
        case "cage":
            return changed(
                made, "switches", dice, inner("cages", dice, breakout=dice.choice(["", "2x", "4x", "disabled"]))
            )
        case "vlan":
            held = (Vlan(number, network=word),)
            return changed(made, "switches", dice, lambda switch: replace(switch, vlans=held))
        case "bond":
            bonds = (Bond("bond1", ("swp1s0",), untagged=number),)
            return changed(made, "switches", dice, lambda s: replace(s, bonds=bonds) if s.bonds else s)
        case "shift":
            return shifted(made, dice)
        case _:
            stands = any(rack.name == "x001" for rack in made.racks)
            return made if stands else grown(made, f"gpu{dice.randrange(5000, 9000)}")


def shifted(made: Plan, dice: random.Random) -> Plan:
    """Return the plan without one link, so that the numbers of all behind it shift."""
    gone = dice.randrange(len(made.links))

    def kept(number: int) -> int:
        return number - (number > gone)

    assemblies = [
        replace(part, links=tuple(kept(n) for n in part.links if n != gone))
        for part in made.assemblies
        if part.links != (gone,) or dice.random() < 0.5
    ]
    return replace(made, links=(*made.links[:gone], *made.links[gone + 1 :]), assemblies=tuple(assemblies))


PHASES = (Phase.explicit, Phase.generate)
"""Without shrinking: an example builds a folder twice, and to look for a smaller one would take minutes."""

KINDS = ("link", "end", "part", "place", "macs", "role", "port", "cage", "vlan", "bond", "shift", "grow")


@settings(max_examples=12, deadline=None, phases=PHASES)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_a_build_over_another_ends_as_a_fresh_one(kinds, dice):
    """After any edits, built one over the other, every file and the manifest are those of a build from nothing."""
    made = bonded(SMALL)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        write(everything(made, catalog=ROWS), out)
        for kind in kinds:
            made = edited(made, kind, dice)
            write(everything(made, catalog=ROWS), out)
        assert read(out) == fresh(made)


@settings(max_examples=4, deadline=None, phases=PHASES)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 8)), min_size=2, max_size=4))
def test_a_site_that_grows_and_shrinks_builds_as_from_nothing(counts):
    """Machines added and taken away, planned on one lock, give the folder that a fresh build gives."""
    lock = None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for gpus, mgmt in counts:
            wish = site("rail-optimized", gpus, 12, mgmt)
            made, after = plan.build(Site.model_validate(wish), lock, catalog=ROWS)
            lock = after.file()
            write(everything(made, catalog=ROWS), out)
            assert read(out) == fresh(made)


@settings(max_examples=8, deadline=None, phases=PHASES)
@given(st.randoms(use_true_random=False))
def test_what_befalls_a_build_is_made_good(dice):
    """Files edited, torn or gone, a manifest that tells the pieces wrong: the next build is as a fresh one."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        write(everything(SMALL, catalog=ROWS), out)
        table = out / dice.choice(["cabling.csv", "labels/labels.csv", "wiremap.csv", "air/topology.json"])
        data = bytearray(table.read_bytes())
        befell = dice.choice(["edit", "tear", "gone", "sizes", "other"])
        match befell:
            case "edit":
                data[dice.randrange(len(data))] ^= 1
                table.write_bytes(data)
            case "tear":
                table.write_bytes(data[: dice.randrange(len(data))])
            case "gone":
                table.unlink()
            case "sizes":
                manifest = (out / "manifest.json").read_text()
                (out / "manifest.json").write_text(manifest.replace('",4', '",5'))
            case _:
                table.write_bytes((out / "bom.csv").read_bytes())
        made = edited(SMALL, dice.choice(KINDS), dice)
        write(everything(made, catalog=ROWS), out)
        found, want = read(out), fresh(made)
        if befell == "sizes":  # what the manifest says of the pieces of a file that stands still is not looked at
            del found["manifest.json"], want["manifest.json"]
        assert found == want


class _Killed(BaseException):
    """Ends a build where it stands."""


@settings(max_examples=8, deadline=None, phases=PHASES)
@given(st.integers(0, 25), st.randoms(use_true_random=False))
def test_a_build_that_is_killed_anywhere_is_made_good(point, dice):
    """Killed while any file is made, over an older build, and built again from another plan: as a fresh one."""

    def killed() -> bytes:
        raise _Killed

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        write(everything(SMALL, catalog=ROWS), out)
        files = list(everything(grown(SMALL), catalog=ROWS))
        at = point % len(files)
        files[at] = File(files[at].path, "never", killed)
        with contextlib.suppress(_Killed):
            write(files, out)
        made = edited(SMALL, dice.choice(KINDS), dice)
        write(everything(made, catalog=ROWS), out)
        assert read(out) == fresh(made)


def test_pieces_are_what_the_whole_file_is():
    """A file that comes in pieces is, whole, the same bytes; equal inputs of a piece mean equal bytes, in any plan."""
    seen: dict[str, bytes] = {}
    for made in (SMALL, grown(SMALL), bonded(SMALL), rails(units=2, spines=2)):
        for file in everything(made, catalog=ROWS):
            if file.pieces is None:
                continue
            parts = [(piece.inputs, piece.make()) for piece in file.pieces()]
            assert b"".join(data for _, data in parts) == file.data
            for inputs, data in parts:
                assert seen.setdefault(file.path + inputs, data) == data


def test_other_code_makes_every_piece_anew(monkeypatch, tmp_path):
    """Pieces that other code wrote are not cut out: the digest of our own code is in their inputs."""
    write(everything(SMALL, catalog=ROWS), tmp_path)
    monkeypatch.setattr("rackwright.render.inputs._code_digest", lambda: "other")
    made = []
    for file in everything(SMALL, catalog=ROWS):
        if file.pieces is not None:
            made += [piece.inputs for piece in file.pieces()]
    held = (tmp_path / "manifest.json").read_text()
    assert made
    assert not any(inputs in held for inputs in made)
