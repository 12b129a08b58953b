"""A splitter is ordered once: as long as the machines to come on its other ways ask for."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright import catalog, plan
from rackwright.intent.models import Site
from tests.sites import site

Parts = dict[str, tuple[str, float | None]]


def wish(
    count: int, absent: tuple[str, ...] = (), *, topology: str = "rail-optimized", most: int = 4, last: str = "r1"
) -> Site:
    """Return a site whose switches stand below its machines, so that each machine more is farther away."""
    made: dict[str, Any] = site(topology, gpus=count, most=most, mgmt=1)
    made["groups"]["gpu"]["absent"] = list(absent)
    if topology == "rail-optimized":
        made["fabrics"]["backend"]["rails_per_leaf"] = 1
    for fabric in ("backend", "frontend"):
        made["fabrics"][fabric]["attach"][0]["media"] = "lacc"
    place: dict[str, list[str]] = {f"r{number}": [] for number in range(1, 10)}
    place["r1"] += ["fe@1", "gpu[1-3]@6"]
    place["r2"] += ["be@1"]
    place[last] += ["gpu[4]@36"] if most > 3 else []
    made["racks"] = {name: {"model": "ar3307", "place": words} for name, words in place.items()}
    return Site.model_validate(made)


def parts(*sites: Site) -> list[tuple[Parts, list[str]]]:
    """Plan sites on one lock; return the splitters of each, by name, and what is warned of cables."""
    lock, found = None, []
    for one in sites:
        made, kept = plan.build(one, lock, catalog=catalog.load())
        lock = kept.file()
        splitters = {item.id: (item.part, item.length_m) for item in made.assemblies if item.ways > 1}
        found.append((splitters, [note for note in made.notes if "to come on the splitter" in note]))
    return found


@pytest.mark.parametrize("topology", ["rail-optimized", "tor-clos", "pure-rail"])
def test_growth_changes_no_splitter_that_stands(topology: str) -> None:
    """From one machine to all that were laid out for, and with one taken out: part and length of each cable stay."""
    steps = [wish(count, topology=topology) for count in (1, 2, 3, 4)]
    steps += [wish(4, ("gpu04",), topology=topology), wish(4, ("gpu01", "gpu03"), topology=topology)]
    known: Parts = {}
    for splitters, notes in parts(*steps):
        known |= {name: part for name, part in splitters.items() if name not in known}
        assert splitters == {name: known[name] for name in splitters}
        assert notes == []
    assert {length for _, length in known.values()} != {None}


def test_a_machine_to_come_out_of_reach_is_warned_of() -> None:
    """The splitter is cut for those that it can reach, and the operator hears of the other before it is bought."""
    [(splitters, notes)] = parts(wish(1, last="r9"))
    [(three, none)] = parts(wish(1, most=3))
    assert splitters["fe01-swp1"] == three["fe01-swp1"]
    assert notes
    assert none == []
