"""Waves: what may be set together."""

from __future__ import annotations

from rackwright import catalog, plan
from rackwright.intent.models import Site
from rackwright.plan.waves import STAGES
from tests.sites import site


def test_no_wave_holds_both_leaves_of_a_pair_or_every_spine() -> None:
    """Each switch is in one wave; a pair is cut in two, and so are the spines; stages run in order."""
    made, _ = plan.build(Site.model_validate(site("rail-optimized", 64, 64)), catalog=catalog.load())
    switches = {d.name: d for d in made.devices if d.role in ("leaf", "spine", "superspine", "oob")}
    named = [name for _, wave in made.waves for name in wave]
    assert sorted(named) == sorted(switches)
    assert [STAGES.index(stage) for stage, _ in made.waves] == sorted(STAGES.index(stage) for stage, _ in made.waves)
    spines = {name for name, device in switches.items() if device.role == "spine"}
    for _, wave in made.waves:
        assert not {"fe01", "fe02"} <= set(wave)
        assert not spines <= set(wave)
