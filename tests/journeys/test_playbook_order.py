"""Fifty random graphs of steps, ordered by the planner, played for real: dpkg's log tells whether the order held."""

from __future__ import annotations

import random
import shutil

import pytest

from rackwright.catalog import graph
from rackwright.catalog.stack import Edge, StepRow
from tests.lab import machine
from tests.lab.yard import mirror_at, yard

pytestmark = [pytest.mark.slow(30), pytest.mark.xdist_group("playbook-order")]

GRAPHS, STEPS = 50, 6
PLACES = [f"place_{number}" for number in range(STEPS)]


def drawn(number):
    """Return a graph of six steps with random edges, ranks that contradict them, and restarts."""
    dice = random.Random(number)
    names = [f"g{number}-{letter}" for letter in "abcdef"]
    behind = dice.sample(names, len(names))
    rows = {}
    for place, name in enumerate(behind):
        before = [other for other in behind[:place] if dice.random() < 0.5]
        edges = tuple(
            Edge(step=other, needs=dice.choice(("installed", "live")), reason="drawn", source="drawn")
            for other in before
        )
        reboot = dice.choice(("none", "none", "warm", "cold"))
        rows[name] = StepRow(
            key=name, name=name, source="drawn", rank=dice.randrange(100), after=edges, reboot=reboot,
            reboot_reason="" if reboot == "none" else "drawn",
        )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A node on which the steps of fifty graphs were played, each in the planner's order, from a mirror that is a folder of the node and has its key at
    an address.

    Place after place of all the orders is one step of the play, so that fifty graphs cost six installations.
    """
    graphs = [drawn(number) for number in range(GRAPHS)]
    orders = [graph.order(rows) for rows in graphs]
    roles = tmp_path_factory.mktemp("roles")
    for place in PLACES:
        (roles / place / "tasks").mkdir(parents=True)
        include = "ansible.builtin.include_role: {name: packages}"
        (roles / place / "tasks/main.yml").write_text(
            f"- name: Bring the packages\n  {include}\n  vars: {{packages_step: {place}}}\n"
        )

    def document(name, mirror, images):
        made = machine.document(name, mirror)
        host = made["rackwright"]
        host["steps"] = ["mirror", *PLACES]
        host["stages"] = [{"steps": host["steps"], "reboot": "none", "why": []}]
        host["packages"] = {place: [f"{order[at]}=1.0-1" for order in orders] for at, place in enumerate(PLACES)}
        host["holds"] = host["remove"] = {step: [] for step in host["steps"]}
        host["pins"] = []
        return made

    with yard(["n1"], kind="ssh", documents=document, decoys=False) as lab:
        shutil.copytree(lab.repository.folder, lab["n1"].path("/srv/apt"))
        lab.documents["n1"]["rackwright"]["mirror"] = mirror_at("file:/srv/apt/", f"{lab.server.url}key.asc", "file")
        said = lab.play(roles=roles)
        assert said.status == "successful", said.failed
        assert lab.server.asked == ["/key.asc"]
        yield graphs, orders, lab["n1"].installed()


@pytest.mark.parametrize("number", range(GRAPHS))
def test_dpkgs_log_is_a_linear_extension_of_a_random_graph(played, number):
    """A package was installed before that of a step which goes before it."""
    graphs, _, installed = played
    order = [word for word in installed if word.startswith(f"g{number}-")]
    assert sorted(order) == sorted(f"{name}=1.0-1" for name in graphs[number])
    at = {word.partition("=")[0]: place for place, word in enumerate(order)}
    wrong = [
        (edge.step, name) for name, row in graphs[number].items() for edge in row.after if at[edge.step] > at[name]
    ]
    assert not wrong
