"""The stack of each host: which steps, in which order and why, which packages, and what adapters are set to."""

import pytest

from rackwright.nvue import roce
from rackwright.plan.stack import stack, stages
from rackwright.plan.stack_model import Step
from tests.machines import loaded, planned

SITE = "xe9680-two-racks"


def made(site=SITE, **hosts):
    """Return the stacks of a reference site by host, with other wishes in ``hosts``."""
    read = loaded(site)
    wish = read.require()
    if hosts:
        wish = wish.model_copy(update={"hosts": wish.hosts.model_copy(update=hosts)})
    return {one.name: one for one in stack(planned(site), wish, read.catalog)}


def steps(one):
    """Return the names of the steps."""
    return [step.name for step in one.steps]


def test_a_gpu_node_restarts_twice():
    """The kernel is not live before what is built against it, or more than two restarts are asked for."""
    node = made()["gpu01"]
    assert [stage.reboot for stage in node.stages] == ["warm", "cold", "none"]
    assert {"kernel", "tuning"} <= set(node.stages[0].steps)
    assert node.stages[1].steps == ("ofed", "bluefield_firmware", "bluefield_config", "gpu_driver")
    assert set(node.stages[2].steps) == {"bluefield_runtime", "fabric_manager", "peermem", "dcgm", "verify"}
    assert [step for stage in node.stages for step in stage.steps] == steps(node)


def test_every_edge_has_its_reason():
    """A step stands behind another one without a reason and a source."""
    for one in made().values():
        for step in one.steps:
            assert all(reason.reason and reason.source and reason.after in steps(one) for reason in step.reasons)


def test_a_node_without_gpus_has_nothing_of_them():
    """A control node is given a GPU driver or a firmware of adapters that it has not."""
    node = made()["mgmt02"]
    assert not {"gpu_driver", "fabric_manager", "dcgm", "bluefield_firmware"} & set(steps(node))
    assert dict(node.left_out)["fabric_manager"] == "no gpu and no nvswitch"
    assert node.bluefield.adapters == ()
    assert [stage.reboot for stage in node.stages] == ["warm", "warm", "none"]


def test_fabric_manager_is_for_nvswitches_only():
    """A node with PCIe GPUs is given a Fabric Manager, or one with NVSwitches none."""
    pcie = made("r760xa-converged")["gpu01"]
    assert "gpu_driver" in steps(pcie)
    assert "fabric_manager" not in steps(pcie)
    assert not pcie.gpu.fabric_manager
    assert made()["gpu01"].gpu.fabric_manager


@pytest.mark.parametrize(
    ("profile", "absent"),
    [
        ("host", set()),
        ("hybrid", {"gpu_driver", "fabric_manager", "peermem", "dcgm"}),
        (
            "operator",
            {"ofed", "bluefield_firmware", "bluefield_config", "bluefield_runtime"}
            | {"gpu_driver", "fabric_manager", "peermem", "dcgm"},
        ),
    ],
)
def test_the_driver_profile_says_which_steps_are_the_hosts(profile, absent):
    """A driver that an operator owns is installed on the host, or one of the host's is not."""
    whole = set(steps(made()["gpu01"]))
    node = made(driver_profile=profile)["gpu01"]
    assert whole - set(steps(node)) == absent
    assert all(f"driver profile {profile}" in dict(node.left_out)[name] for name in absent)


def test_packages_have_the_validated_versions():
    """A package of the driver or of OFED is not asked for at its version."""
    node = made()["gpu01"]
    words = {step.name: [package.word for package in step.packages] for step in node.steps}
    assert "nvidia-driver-570-open=570.133.20-0ubuntu1" in words["gpu_driver"]
    assert words["fabric_manager"] == ["nvidia-fabricmanager-570=570.133.20-1", "libnvidia-nscq-570=570.133.20-1"]
    assert "mft=4.31.0-149" in words["ofed"]
    assert "doca-ofed" in words["ofed"]
    pins = {name: pin.pin for pin in node.pins for name in pin.packages}
    assert pins["nvidia-*-570*"] == "version 570.133.20-*"
    assert pins["linux-image-generic"] == "version 6.8.*"
    assert pins["mlnx-fw-updater"] == "release *"


def test_the_site_fixes_what_no_source_gives():
    """A version of the site's own is not taken."""
    node = made(packages={"doca-ofed": "2.10.0-0.7.6"}, kernel="6.8.0-57.59")["gpu01"]
    words = {step.name: [package.word for package in step.packages] for step in node.steps}
    assert "doca-ofed=2.10.0-0.7.6" in words["ofed"]
    assert words["kernel"][:2] == [
        "linux-image-6.8.0-57-generic=6.8.0-57.59", "linux-headers-6.8.0-57-generic=6.8.0-57.59",
    ]  # fmt: skip
    assert node.kernel.release == "6.8.0-57-generic"
    assert next(row for row in node.expected if row.fact == "kernel").expected == "6.8.0-57-generic"


def test_marking_is_that_of_the_switches():
    """DSCP, priority or PFC of hosts differ from what `qos roce` sets on the switches."""
    marking = made()["gpu01"].bluefield.marking
    assert (marking.dscp, marking.priority, marking.pfc) == (26, 3, "0,0,0,1,0,0,0,0")
    assert (marking.tos, marking.cnp_dscp, marking.cnp_priority) == (104, 48, 6)
    assert (marking.dscp, marking.cnp_dscp) == (roce.ROCE_DSCP, roce.CNP_DSCP)


def test_rails_take_spectrum_x_and_the_front_end_does_not():
    """The profile of Spectrum-X is set on an adapter that is on no rail, or missing on one that is."""
    cards = {card.name: card for card in made()["gpu01"].bluefield.adapters}
    rail = {row.name: row.value for row in cards["b3140h-3"].nvconfig}
    front = {row.name: row.value for row in cards["b3220l-1"].nvconfig}
    assert (cards["b3140h-3"].rail, cards["b3140h-3"].interfaces, cards["b3140h-3"].tuned) == (3, ("rail3",), True)
    assert rail["USER_PROGRAMMABLE_CC"] == rail["ROCE_ADAPTIVE_ROUTING_EN"] == "1"
    assert not cards["b3220l-1"].tuned
    assert "USER_PROGRAMMABLE_CC" not in front
    assert (front["LINK_TYPE_P1"], front["LINK_TYPE_P2"], front["CNP_DSCP_P2"]) == ("2", "2", "48")
    assert front["INTERNAL_CPU_OFFLOAD_ENGINE"] == "1"


@pytest.mark.parametrize(("site", "gap"), [(SITE, 25), ("r760xa-converged", 33)])
def test_the_gap_between_packets_leaves_room_for_tunnels(site, gap):
    """The inter-packet gap of routed rails is taken behind VXLAN, or the other way round."""
    assert made(site)["gpu01"].bluefield.gap == gap


def test_rails_answer_for_their_own_address_only():
    """A rail lacks one of the settings without which the kernel answers on another one."""
    rows = {row.name: row.value for row in made()["gpu01"].sysctl}
    for rail in range(1, 9):
        names = ("arp_ignore", "arp_announce", "rp_filter")
        assert [rows[f"net.ipv4.conf.rail{rail}.{name}"] for name in names] == ["1", "2", "2"]


def test_a_node_of_bcm_keeps_only_what_is_not_on_its_disk():
    """A playbook changes a disk that BCM writes anew from its image."""
    node = made(installer="bcm")["gpu01"]
    assert steps(node) == ["preflight", "bluefield_firmware", "bluefield_config", "verify"]
    assert "image" in dict(node.left_out)["ofed"]


def test_the_agent_is_for_hosts_that_are_no_head_of_bcm():
    """A head node joins itself, or a node has no way to the head."""
    bcm = loaded(SITE).require().hosts.bcm.model_copy(update={"package": "cm-lite-daemon.zip"})
    nodes = made(bcm=bcm)
    assert "bcm_agent" in steps(nodes["gpu01"])
    assert "bcm_agent" not in steps(nodes["mgmt01"])
    assert nodes["mgmt01"].bcm is None
    agent = nodes["gpu01"].bcm
    assert (agent.port, agent.category, agent.bootstrap_key) == (8081, "gpu", "bcm_bootstrap_key")
    assert len(agent.heads) == 1


def test_a_mirror_stands_for_all_sources():
    """Beside a site's mirror a host still asks the vendors, who cannot be reached."""
    mirror = loaded(SITE).require().hosts.mirror.model_copy(update={"kind": "file", "uri": "/srv/apt/"})
    found = made(mirror=mirror)["gpu01"].mirror
    assert found.exclusive
    assert [(row.uris, row.suites) for row in found.sources] == [("file:/srv/apt/", ("./",))]
    assert [row.name for row in made()["mgmt02"].mirror.sources] == ["ubuntu", "doca", "docker"]


def test_equal_input_gives_equal_stacks():
    """The stack of a host depends on something else than plan, site and catalog."""
    assert made() == made()


@pytest.mark.parametrize(
    ("kinds", "restart"),
    [
        (("none", "none"), "none"), (("none", "fwreset"), "fwreset"), (("warm", "none"), "warm"),
        (("warm", "cold"), "cold"), (("fwreset", "cold"), "cold"), (("fwreset", "warm"), "cold"),
    ],
)  # fmt: skip
def test_a_restart_does_what_each_step_of_the_stage_asks_for(kinds, restart):
    """A warm restart stands for the reset of an adapter, which it does not do, or for a power cycle."""
    rows = tuple(Step(name=f"s{at}", title="", reboot=kind) for at, kind in enumerate(kinds))
    (stage,) = stages(rows, {row.name: 0 for row in rows})
    assert stage.reboot == restart
