"""A site that breaks the order or the ownership of the stack is refused at its line, with what to do."""

import shutil
from pathlib import Path

import pytest

from rackwright.errors import PlanError
from rackwright.plan import workspace

ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / "inventory" / "xe9680-two-racks"


@pytest.fixture
def told(tmp_path):
    """Write a site with other hosts and rows, and return what is told of it: (severity, place, sentence)."""

    def write(hosts="", rows="", release=""):
        folder = tmp_path / "site"
        shutil.copytree(BASE, folder)
        text = (folder / "site.yaml").read_text()
        line = next(line for line in text.splitlines() if line.startswith("hosts:"))
        text = text.replace(line, f"hosts: {{{hosts}}}", 1)
        if release:
            (folder / "catalog").mkdir(exist_ok=True)
            (folder / "catalog" / "release.yaml").write_text(release)
            text = text.replace("release: dell-nvidia-1.3", "release: own", 1)
        if rows:
            (folder / "catalog").mkdir(exist_ok=True)
            (folder / "catalog" / "steps.yaml").write_text(rows)
        (folder / "site.yaml").write_text(text)
        found = workspace.trouble(workspace.open_site(folder))
        return [
            (one.severity, f"{Path(one.location.file).name}:{one.location.line}", f"{one.message}; {one.remedy}")
            for one in found
            if one.check in ("plan.stack", "catalog") or one.path.startswith("hosts")
        ]

    return write


def only(found):
    """Return the one thing that was told."""
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("hosts", "severity", "words"),
    [
        (
            "operators: {gpu: {driver: true}}",
            "error",
            ("the GPU driver would be installed twice", "hybrid or operator"),
        ),
        (
            "driver_profile: hybrid, operators: {network: {ofed: true}}",
            "error",
            ("OFED would be installed twice", "driver profile operator"),
        ),
        (
            "driver_profile: operator, operators: {network: {ofed: false}}",
            "error",
            ("nobody would install OFED", "driver_profile: host"),
        ),
        (
            "driver_profile: hybrid, operators: {gpu: {driver: false}}",
            "error",
            ("nobody would install the GPU driver", "driver_profile: host"),
        ),
        ("operators: {network: {nfd: true}}", "error", ("both operators", "only one", "gpu: {nfd: false}")),
        ("operators: {gpu: {nfd: false}}", "warning", ("no operator brings Node Feature Discovery",)),
        ("kernel: 6.11.0-21.21", "error", ("outside the 6.8 series", "6.8 generic", "newest 6.8")),
        ("operators: {gpu: {mig: mixed}}", "warning", ("570.133.20", "issue 1361", "570.172.08")),
        (
            "driver_profile: hybrid, operators: {gpu: {driver_version: 570.124.06}}",
            "warning",
            ("570.124.06 is not the validated 570.133.20",),
        ),
        ("operators: {gpu: {driver_version: 570.133.20}}", "warning", ("installs no driver in driver profile host",)),
        (
            "packages: {nvidia-fabricmanger-570: 570.133.20-1}",
            "error",
            ("no step installs", "nvidia-fabricmanager-570"),
        ),
        ("packages: {mft: 4.32.0-120}", "warning", ("mft 4.32.0-120 is not the validated 4.31.0-149",)),
        ("bluefield: {modes: {b3140h: dpu}}", "warning", ("carries a rail", "NIC mode")),
    ],
)
def test_a_contradiction_is_told_at_its_line(told, hosts, severity, words):
    """A wish that no host can be given passed, or was told without its place or what to do."""
    got, place, sentence = only(told(hosts))
    assert (got, place) == (severity, "site.yaml:6")
    assert all(word in sentence for word in words), sentence


def test_a_fabric_manager_of_another_version_is_refused(told):
    """Fabric Manager and driver of two versions passed: the former would not start."""
    found = told("packages: {nvidia-fabricmanager-570: 570.124.06-1}")
    assert ("error", "site.yaml:6") in [one[:2] for one in found]
    assert any("Fabric Manager refuses another version" in one[2] and "570.133.20-1" in one[2] for one in found)


def test_driver_and_fabric_manager_may_move_together(told):
    """A site that moves the driver with its Fabric Manager is told that it is not validated, and no more."""
    both = ", ".join(
        [
            "nvidia-driver-570-open: 570.148.08-0ubuntu1",
            "nvidia-fabricmanager-570: 570.148.08-1",
            "libnvidia-nscq-570: 570.148.08-1",
        ]
    )
    assert {one[0] for one in told(f"packages: {{{both}}}")} == {"warning"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("steps:\n  peermem: {like: peermem, after: [], rank: 1}\n", ("ofed must stand before peermem", "ib_core")),
        (
            (
                "steps:\n  ofed:\n    like: ofed\n    after:\n"
                "      - {step: kernel, needs: installed, reason: quicker, source: lab}\n"
            ),
            ("kernel must stand before ofed and live", "DKMS"),
        ),
        (
            (
                "steps:\n  ofed:\n    like: ofed\n    after:\n"
                "      - {step: kernel, needs: live, reason: r, source: lab}\n"
                "      - {step: peermem, reason: r, source: lab}\n"
            ),
            ("in a circle", "ofed behind peermem"),
        ),
        (
            "steps:\n  own:\n    name: Ours\n    source: lab\n    after:\n      - {step: offed, reason: r, source: lab}\n",
            ("'offed' is not known", "ofed"),
        ),
    ],
)
def test_a_sites_rows_may_not_turn_a_law(told, rows, words):
    """OFED after peermem, a driver built for a kernel that does not run, a circle, a step that there is not: let pass."""
    found = told(rows=rows)
    assert found
    assert all(place.startswith("steps.yaml:") for _, place, _ in found)
    assert any(all(word in sentence for word in words) for _, _, sentence in found), found


def test_a_step_of_the_sites_own_finds_its_place(tmp_path):
    """A step that a site adds is lost, or stands before what it stands behind."""
    folder = tmp_path / "site"
    shutil.copytree(BASE, folder)
    (folder / "catalog").mkdir(exist_ok=True)
    (folder / "catalog" / "own.yaml").write_text(
        "steps:\n  agent:\n    name: Our own agent\n    source: lab\n    rank: 97\n    after:\n"
        "      - {step: gpu_driver, needs: live, reason: it asks the driver, source: lab}\n"
        "    packages: [{name: own-agent, version: 1.2-3, source: lab}]\n"
    )
    from rackwright.plan.stack import stack

    site = workspace.open_site(folder)
    made = {one.name: one for one in stack(workspace.planned(site).plan, site.loaded.require(), site.loaded.catalog)}
    assert "agent" in made["gpu01"].stages[2].steps
    own = next(step for step in made["gpu01"].steps if step.name == "agent")
    assert [package.word for package in own.packages] == ["own-agent=1.2-3"]


def test_an_operator_without_a_version_is_refused(told):
    """The GPU Operator would take its own default, which is not the validated driver."""
    release = (
        "releases:\n  own:\n    extends: dell-nvidia-1.3\n    name: Own\n    source: lab\n    components:\n"
        "      - {key: gpu-driver, version: null}\n"
    )
    severity, place, sentence = only(told("driver_profile: operator", release=release))
    assert (severity, place) == ("error", "site.yaml:6")
    assert "570.124.06" in sentence
    assert "driver_version" in sentence


def test_a_plan_is_refused_with_all_of_them(tmp_path):
    """Planning goes on with two owners of one driver."""
    folder = tmp_path / "site"
    shutil.copytree(BASE, folder)
    text = (folder / "site.yaml").read_text().replace("driver_profile: host", "operators: {gpu: {driver: true}}", 1)
    (folder / "site.yaml").write_text(text)
    with pytest.raises(PlanError, match="1 place"):
        workspace.planned(workspace.open_site(folder))
