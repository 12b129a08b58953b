"""Pushes to real Linux roots over SSH: the playbooks, apt, dpkg and restarts are real, the tools of the hardware are the lab's."""

from __future__ import annotations

import copy
import threading

import pytest

from rackwright.drivers.hosts.model import WELL
from rackwright.plan.stack_model import HostStack, Stage, Step
from rackwright.push.hosts.reading import Surveyor
from rackwright.push.hosts.submitting import submit
from tests.journeys.host_lab import ASKING, LabWay, host_of, order_of, program
from tests.lab.yard import yard

pytestmark = [pytest.mark.slow(50), pytest.mark.xdist_group("lab")]

FEW = ("preflight", "mirror", "base")
"""Steps of the failing hosts: enough for a mirror, and a role behind it that installs packages."""


WHOLE = [
    {"steps": ["preflight", "mirror", "base", "time", "kernel"], "reboot": "warm"},
    {"steps": ["ofed", "bluefield_firmware", "bluefield_config"], "reboot": "cold"},
    {"steps": ["bluefield_runtime"], "reboot": "none"},
]
"""Stages of the host that is brought to its end: each kind of restart; test_playbooks.py does the rest of the stack."""


def stack_of(document):
    """Return what the planner would give for a document that was written by hand."""
    host = document["rackwright"]
    return HostStack(
        name=host["host"], role="server", model=host["model"], service_tag=host["service_tag"],
        steps=tuple(Step(name=name, title=name, reboot=ASKING.get(name, "none")) for name in host["steps"]),
        stages=tuple(Stage(tuple(stage["steps"]), stage["reboot"]) for stage in host["stages"]),
    )  # fmt: skip


def test_a_bare_host_becomes_what_is_planned_and_stays_so(tmp_path):
    """A look ahead foresees what the push changes; it restarts the host once, cycles its power once, proves each stage; then nothing differs."""
    with yard(["gpu01"]) as lab:
        told = lab.documents["gpu01"]["rackwright"]
        told |= {"stages": WHOLE, "steps": [step for stage in WHOLE for step in stage["steps"]]}
        way = LabWay(lab, tmp_path)
        host = host_of(lab, "gpu01")
        variables = {"gpu01": host.variables}
        surveyor = Surveyor(
            way, program(way, 1).playbooks, {"gpu01": stack_of(lab.documents["gpu01"])}, variables, gather_s=0
        )
        before = surveyor.survey("gpu01")
        assert before.restarts == ("warm", "cold")
        first = way.host("gpu01")
        boot = first.facts().boot_id
        first.close()
        report = submit(order_of(lab, ["gpu01"]), way, jobs=1, program=program(way, 1))
        outcome = report.outcomes["gpu01"]
        assert outcome.state == "done", outcome
        assert outcome.detail["restarts"] == ["warm", "cold"]
        assert way.cycles == ["gpu01"]
        foreseen = {change.role for change in before.changes}
        assert set(outcome.detail["changed"]) <= foreseen | {"verify"}
        assert lab["gpu01"].boot_id() != boot
        after = surveyor.survey("gpu01")
        assert (after.changes, after.problem, after.unproven, after.stages) == ((), None, "", ())


def spoiled(lab):
    """Spoil each host as its name says, and return the steps of the one whose order is wrong."""
    documents = lab.documents
    documents["nopackage"]["rackwright"]["packages"]["base"] += ["not-there=1.0-1"]
    documents["nomirror"]["rackwright"]["mirror"]["sources"][0]["uris"] = f"http://{lab.cluster.gateway}:1/"
    lab["full"].fill(64)


def struck(lab, threads):
    """Return what pulls the plug of a host between two of its roles, and what restarts another in the middle."""
    done = set()

    def heard(event):
        if event.role != "mirror" or event.kind not in WELL | {"skipped"} or event.host in done:
            return
        if event.host == "dies":
            done.add(event.host)
            lab["dies"].off()
        if event.host == "restarts":
            done.add(event.host)
            threads.append(threading.Thread(target=lab["restarts"].power_cycle))
            threads[-1].start()

    return heard


CAUSES = {
    "nopackage": ("base", "not-there", "into the mirror"),
    "nomirror": ("mirror", "apt cannot read", "reaches the mirror"),
    "full": ("", "", "make room"),
    "order": ("ofed", "6.8.0-57-generic is wanted", "with no step left out"),
    "dies": ("", "it died", "console"),
    "restarts": ("", "it restarted by itself", "why it restarted"),
}
"""Host -> the role where it ends, a word of what is said, a word of the remedy; an empty one: either of two is as good."""


def test_what_goes_wrong_on_one_host_is_told_and_stops_no_other(tmp_path):
    """A wrong order, a missing package, no mirror, a full disk, a death and a restart in the middle: host, role, remedy; then all converge."""
    names = ["good", *CAUSES]
    stage = [{"steps": list(FEW), "reboot": "none"}]
    with yard(names, kind="ssh") as lab:
        for document in lab.documents.values():
            document["rackwright"]["steps"] = [*FEW, "ofed"]
        whole = {name: copy.deepcopy(document) for name, document in lab.documents.items()}
        lab.documents.update({name: copy.deepcopy(document) for name, document in whole.items()})
        spoiled(lab)
        threads: list[threading.Thread] = []
        way = LabWay(lab, tmp_path)
        way.heard = struck(lab, threads)
        order = order_of(lab, names, stages=stage)
        wrong = host_of(lab, "order", [{"steps": ["preflight", "mirror", "base", "ofed"], "reboot": "none"}])
        free = {**host_of(lab, "full", stage).variables, "preflight_free_mib": 0}
        hosts = tuple(
            wrong if host.device == "order" else type(host)(device="full", tag=host.tag, stages=host.stages, variables=free)
            if host.device == "full" else host for host in order.hosts
        )  # fmt: skip
        order = type(order)(site="lab", intent="x", hosts=hosts, waves=order.waves, limits=order.limits)
        found = submit(order, way, jobs=8, program=program(way, 8)).outcomes
        for thread in threads:
            thread.join()
        assert {name for name, one in found.items() if one.state == "done"} == {"good"}, found
        for name, (role, word, remedy) in CAUSES.items():
            one = found[name]
            assert one.state == "failed", one
            assert one.stage == (role or one.stage), found
            assert word in one.cause, found
            assert remedy in one.remedy, found
        lab["dies"].on()
        lab["full"].drain()
        lab.documents.update(whole)
        way.heard = None
        again = submit(order_of(lab, names, stages=stage), way, jobs=8, program=program(way, 8)).outcomes
        assert {one.state for one in again.values()} <= {"done", "unchanged"}, again
        assert again["good"].state == "unchanged"
