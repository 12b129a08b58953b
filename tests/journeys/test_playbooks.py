"""The playbooks on real Linux roots, from a bare host to one that changes no more: apt, dpkg, systemd and restarts are real.

Packages are stubs with the validated names and versions, newer ones beside them; the tools of the hardware are the lab's own,
which keep state and log their calls (docs/design/lab.md).
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rackwright import catalog
from tests.lab import machine, planned
from tests.lab.packages import Stub, named, pinned
from tests.lab.yard import yard

pytestmark = [pytest.mark.slow(200), pytest.mark.xdist_group("playbooks")]

HOSTS = ("gpu01", "mgmt01")
APART = pytest.mark.xdist_group("cut-off")
"""Of a laboratory of their own: another worker may have it."""


@pytest.fixture(scope="module")
def course():
    """Two servers of a planned site: what was forecast, what came, and what comes after it."""
    told = planned.documents(planned.site())

    def document(name, mirror, images):
        told[name]["rackwright"] |= {"mirror": mirror}
        told[name]["rackwright"]["bluefield"]["firmware"]["image"] = images
        return told[name]

    hardware = {name: planned.hardware(told[name]) for name in HOSTS}
    with yard(HOSTS, hardware=hardware, documents=document, more=[Stub("stranger", "1.0-1")]) as lab:
        forecast = lab.play(check=True)
        untouched = {name: (lab[name].installed(), lab[name].state()) for name in HOSTS}
        rounds = lab.bring()
        starts = {name: lab[name].state()["starts"] for name in HOSTS}
        again = lab.play()
        yield SimpleNamespace(
            lab=lab, told=told, forecast=forecast, untouched=untouched, rounds=rounds, starts=starts, again=again
        )


def steps_of(document):
    """Return each package with the step that brings it."""
    packages = document["rackwright"]["packages"]
    return {word.partition("=")[0]: step for step, words in packages.items() for word in words}


def changed(said, host):
    """Return the steps that several plays changed."""
    return {step for one in said for step in one.changed_steps.get(host, [])}


def test_bare_hosts_become_what_is_planned(course):
    """A play fails for another reason than a power cycle that is due, or a host is never brought to its end."""
    assert course.rounds[-1].status == "successful", course.rounds[-1].failed
    assert {row[3].partition(":")[0] for one in course.rounds for row in one.failed} <= {"a power cycle is due"}
    assert course.starts == {"gpu01": ["cold", "warm", "cold"], "mgmt01": ["cold", "warm", "warm"]}


@pytest.mark.parametrize("host", HOSTS)
def test_dpkgs_own_log_is_a_linear_extension_of_the_graph(course, host):
    """A package of one step was installed before one of a step that goes before it."""
    steps = steps_of(course.told[host])
    order = [steps[word.partition("=")[0]] for word in course.lab[host].installed()]
    rows = catalog.load().steps
    first = {step: order.index(step) for step in order}
    last = {step: len(order) - 1 - order[::-1].index(step) for step in order}
    edges = [(edge.step, step) for step in first for edge in rows[step].after if edge.step in first]
    assert edges
    assert not [(before, step) for before, step in edges if last[before] > first[step]]


@pytest.mark.parametrize("host", HOSTS)
def test_exactly_the_validated_versions_are_there(course, host):
    """A newer version that lies beside the validated one in the repository was taken, or one is missing."""
    document = course.told[host]
    assert set(course.lab[host].installed()) == {f"{name}={version}" for name, version in named([document]).items()}
    told = pinned([document])
    rows = course.lab[host].ssh(f"apt-cache madison {' '.join(sorted(told))}").stdout.splitlines()
    versions = [row.split("|")[0].strip() for row in rows]
    # A newer kernel is another package.
    assert [name for name in told if versions.count(name) < 2 and planned.KERNEL.rpartition(".")[0] not in name] == []


def test_a_held_package_stays(course):
    """An upgrade of everything, as somebody may type it, changes a package that the release holds."""
    node = course.lab["gpu01"]
    before = node.installed()
    said = node.ssh("DEBIAN_FRONTEND=noninteractive apt-get -y -o APT::Get::Show-Upgraded=true dist-upgrade").stdout
    assert "0 upgraded, 0 newly installed" in said
    newer = node.ssh("apt-get -y install nvidia-fabricmanager-570=571.133.20-1", check=False)
    assert newer.returncode != 0
    assert "Held packages were changed" in newer.stdout + newer.stderr
    assert node.installed() == before


def test_a_second_run_changes_nothing(course):
    """Something is changed, or said to be changed, on a host that is as planned."""
    assert (course.again.status, course.again.changed) == ("successful", []), course.again.failed


def test_a_forecast_changes_nothing(course):
    """``--check`` on a bare host installed a package, wrote to an adapter or set a register."""
    assert course.forecast.status == "successful", course.forecast.failed
    for name, (installed, state) in course.untouched.items():
        assert installed == []
        assert state == planned.hardware(course.told[name]) | {"starts": ["cold"], "cmdline": "", "sysctl": {}}


@pytest.mark.parametrize("host", HOSTS)
def test_a_forecast_names_the_steps_that_then_change(course, host):
    """A step changed what ``--check`` had not foretold, or was foretold and changed nothing."""
    assert set(course.forecast.changed_steps[host]) == changed(course.rounds, host)


def test_the_driver_was_built_for_the_kernel_that_stays_and_against_ofed(course):
    """The evidence that packages left when they were installed says another kernel, or a driver built without OFED."""
    node = course.lab["gpu01"]
    for package in ("mlnx-ofed-kernel-dkms", "nvidia-dkms-570-open"):
        kernel, *there = node.read(f"/var/lib/lab/evidence/{package}").splitlines()
        assert kernel == "6.8.0-57-generic"
        assert "linux-headers-6.8.0-57-generic" in there
    assert node.path("/var/lib/dkms/nvidia/built-against-ofed").exists()
    assert "nvidia_peermem" in node.state()["modules"]


def test_adapters_are_what_the_plan_says_after_the_power_cycle(course):
    """Firmware, a parameter, trust, PFC, type of service, read request size or access control is not what was planned."""
    state, host = course.lab["gpu01"].state(), course.told["gpu01"]["rackwright"]
    runtime = host["bluefield"]["runtime"]
    by_mac = {card["mac"]: card for card in state["adapters"]}
    for adapter in host["bluefield"]["adapters"]:
        card = by_mac[adapter["mac"]]
        assert card["running"] == host["bluefield"]["firmware"]["version"]
        assert {name: str(card["nvconfig"][name]["current"]) for name in adapter["nvconfig"]} == adapter["nvconfig"]
        assert card["qos"] == {"trust": runtime["trust"], "pfc": runtime["pfc"]}
        assert card["tos"] == runtime["tos"]
        assert state["pci"][card["bdf"]]["CAP_EXP+08.w"] == "5936"
    assert {state["pci"][f"0000:8{place}:00.0"]["ECAP_ACS+6.w"] for place in (0, 1)} == {"0000"}
    assert "iommu=pt" in state["cmdline"].split()
    assert machine.OLD_FIRMWARE not in str(state["adapters"])


def test_a_restart_brings_back_what_adapters_forget(course):
    """After a restart that nobody asked for, what lives until then only is not set again."""
    node = course.lab["gpu01"]
    node.power_cycle()
    node.ssh("systemctl is-system-running --wait", check=False)  # degraded as well: all has been started
    card = node.state()["adapters"][0]
    assert card["qos"]["trust"] == "dscp"
    assert node.state()["pci"][card["bdf"]]["CAP_EXP+08.w"] == "5936"


def test_a_register_that_somebody_set_is_told(course):
    """The proof of the steps passes over access control that is on, or a read request size that is not the planned one."""
    node = course.lab["gpu01"]
    bridge, card = "0000:80:00.0", node.state()["adapters"][0]["bdf"]
    node.ssh(f"sudo setpci -s {bridge} ECAP_ACS+6.w=001d; sudo setpci -s {card} CAP_EXP+08.w=2000:7000")
    try:
        said = course.lab.play("gpu01", tags=["verify"])
    finally:
        node.ssh(f"sudo setpci -s {bridge} ECAP_ACS+6.w=0000; sudo setpci -s {card} CAP_EXP+08.w=5000:7000")
    (told,) = [row[3] for row in said.failed]
    assert f"access control of {bridge} is 001d and not 0000" in told
    assert f"read request size of {card} is 512 and not 4096" in told


@pytest.fixture(scope="module")
def cut_off():
    """A server whose first roles were played, on which a test leaves what a play that was killed behind its files leaves."""
    tags = ["mirror", "base", "time", "lldp", "tuning"]
    with yard(("gpu01",), hardware={"gpu01": machine.xe9680("gpu01")}, decoys=False) as lab:
        assert lab.play(tags=tags).status == "successful"
        yield SimpleNamespace(lab=lab, node=lab["gpu01"], told=lab.documents["gpu01"]["rackwright"], tags=tags)


@APART
def test_what_a_play_wrote_before_it_was_cut_off_comes_into_force(cut_off):
    """A play was killed behind the two files that it writes: the next one finds them right, and does what should have followed."""
    lab, node, told = cut_off.lab, cut_off.node, cut_off.told
    node.ssh("rm /var/lib/rackwright/restart")
    told["kernel"]["cmdline"].append("mitigations=auto")
    told["sysctl"] = {"net.ipv4.conf.rail0.arp_announce": "2", **told["sysctl"]}
    boot = node.path("/etc/default/grub.d/90-rackwright.cfg")
    boot.write_text(boot.read_text().replace("iommu=pt", "iommu=pt mitigations=auto"))
    kernel = node.path("/etc/sysctl.d/90-rackwright.conf")
    first, *rest = kernel.read_text().splitlines()
    kernel.write_text("\n".join([first, "net.ipv4.conf.rail0.arp_announce = 2", *rest]) + "\n")
    again = lab.play(tags=["tuning"])
    assert [row[2] for row in again.changed] == ["Load the kernel's settings", "Write the boot loader's configuration"]
    assert "mitigations=auto" in node.read("/boot/grub/grub.cfg")
    assert node.state()["sysctl"]["net.ipv4.conf.rail0.arp_announce"] == "2"
    assert node.read("/var/lib/rackwright/restart").strip() == node.boot_id()
    assert lab.play(tags=["tuning"]).changed == []


@APART
def test_a_service_that_runs_with_what_was_there_before_is_restarted(cut_off):
    """A play was killed between a file and the restart of what reads it: the next one finds the file right, restarts it, and the one after it does not."""
    lab, node, told = cut_off.lab, cut_off.node, cut_off.told
    units = ("chrony", "lldpd", "rackwright-pcie")

    def starts():
        words = "systemctl show --property=InactiveExitTimestampMonotonic --value"
        return {unit: int(node.ssh(f"{words} {unit}").stdout) for unit in units}

    first = starts()
    told["time"]["ntp"] = [*told["time"]["ntp"], "10.9.9.9"]
    servers = node.path("/etc/chrony/sources.d/rackwright.sources")
    servers.write_text(servers.read_text() + "server 10.9.9.9 iburst\n")
    neighbours = node.path("/etc/lldpd.d/rackwright.conf")
    neighbours.write_text(neighbours.read_text())
    told["pcie"]["max_read_request_bytes"] = 2048
    script = node.path("/usr/local/sbin/rackwright-pcie")
    script.write_text(script.read_text().replace("=5000:7000", "=4000:7000"))
    again = lab.play(tags=cut_off.tags)
    assert [row[2] for row in again.changed] == ["Have it run with what is written"] * len(units)
    then = starts()
    assert all(then[unit] > first[unit] for unit in units)
    card = node.state()["adapters"][0]["bdf"]
    assert node.state()["pci"][card]["CAP_EXP+08.w"] == "4936"
    assert lab.play(tags=cut_off.tags).changed == []
    assert starts() == then
