"""The shipped stack against the collected facts: the graph of the stack, and NVIDIA's published Spectrum-X profile."""

import pytest
import yaml

from rackwright import catalog
from rackwright.catalog import graph

ROWS = catalog.load()
NAMES = {
    "kernel": "kernel", "doca_ofed": "ofed", "bf3_firmware": "bluefield_firmware", "bf3_config": "bluefield_config",
    "gpu_driver": "gpu_driver", "fabricmanager": "fabric_manager", "peermem": "peermem", "dcgm": "dcgm",
    "bcm_agent": "bcm_agent", "containerd": "containerd",
}  # fmt: skip
"""The collected graph's word -> ours."""


@pytest.fixture(scope="module")
def facts(request):
    """Read the collected graph."""
    shared = request.getfixturevalue("shared")
    return yaml.safe_load(shared("data/host/stack-graph.yml").read_text())


@pytest.fixture(scope="module")
def profile(request):
    """Read NVIDIA's profile for congestion control 2.10.0."""
    shared = request.getfixturevalue("shared")
    return yaml.safe_load(shared("data/host/spectrum-x/nic-configuration-operator-v1.3.1-RA1.3.yaml").read_text())


def test_every_edge_of_the_collected_graph_is_one_of_ours(facts):
    """An order that was collected is not kept by ours, directly or through other steps."""
    before = {}
    for step in graph.order(ROWS.steps):
        direct = {edge.step for edge in ROWS.steps[step].after}
        before[step] = direct.union(*(before[one] for one in direct))
    missing = [
        (NAMES[node], NAMES[after])
        for node, row in facts["nodes"].items() if node in NAMES
        for after in row["after"] if after in NAMES and NAMES[after] not in before[NAMES[node]]
    ]  # fmt: skip
    assert missing == []


def test_versions_and_restarts_are_those_of_the_collected_graph(facts):
    """A step is validated at another version, or restarts less than was collected."""
    release = {row.key: row.version for row in ROWS.releases["dell-nvidia-1.3"].components}
    for node in ("gpu_driver", "fabricmanager", "bf3_firmware", "containerd"):
        assert release[ROWS.steps[NAMES[node]].component] == str(facts["nodes"][node]["version"])
    assert ROWS.steps["ofed"].reboot == facts["nodes"]["doca_ofed"]["reboot"]
    assert ROWS.steps["bluefield_firmware"].reboot == facts["nodes"]["bf3_firmware"]["reboot"]
    assert ROWS.steps["bluefield_config"].reboot in facts["nodes"]["bf3_config"]["reboot"]


def test_profiles_give_each_driver_the_collected_owner(facts):
    """A driver profile gives a driver to another owner than was collected."""
    ours = {key: {"ofed": row.ofed, "gpu_driver": row.gpu_driver} for key, row in ROWS.drivers.items()}
    assert ours == facts["profiles"]


def test_the_runtime_settings_are_nvidias(profile):
    """A runtime setting of the published profile is missing, added or has another value."""
    ours = {row.name: row.value for row in ROWS.adapter_profiles["spectrum-x-ra1.3"].runtime}
    runtime = profile["runtimeConfig"]
    theirs = {}
    for row in (*runtime["adaptiveRouting"], *runtime["congestionControl"]):
        path = row["dmsPath"].strip().replace("/priority/", "/priority[id=0..7]/")
        value = row["value"]
        theirs[path] = str(value).lower() if isinstance(value, bool) else str(value)
    assert ours == theirs
    assert str(ROWS.adapter_profiles["spectrum-x-ra1.3"].doca) == str(profile["docaCCVersion"])
    assert ROWS.adapter_profiles["spectrum-x-ra1.3"].congestion_service is profile["useSoftwareCCAlgorithm"]


def test_the_gaps_are_nvidias(profile):
    """The inter-packet gap of routed or tunnelled rails is not the published one."""
    ours, theirs = ROWS.adapter_profiles["spectrum-x-ra1.3"], profile["runtimeConfig"]["interPacketGap"]
    assert ours.gap_routed == theirs["pureL3"][0]["value"]
    assert ours.gap_tunnelled == theirs["l3EVPN"][0]["value"]


def test_the_parameters_are_nvidias(profile):
    """A parameter of mlxconfig that the published profile names has another value with us, or is missing."""
    rail = {
        row.name.replace("{port}", "1"): row.value
        for key in ("bluefield-ethernet", "spectrum-x-ra1.3") for row in ROWS.adapter_profiles[key].nvconfig
    }  # fmt: skip
    for row in profile["nvConfig"]:
        if "mlxconfig" in row:
            assert rail[row["mlxconfig"]] == str(row["value"])
    assert rail["ROCE_ADAPTIVE_ROUTING_EN"] == rail["USER_PROGRAMMABLE_CC"] == "1"


def test_trust_and_pfc_are_nvidias(profile):
    """PFC or trust on hosts is another than the published profile's."""
    from rackwright.plan.stack_model import Marking

    rows = {row["name"]: row["value"] for row in profile["runtimeConfig"]["roce"]}
    marking = Marking(26, 3, 48, 6)
    assert (marking.trust, marking.pfc.replace(",", "")) == (rows["Trust"], rows["PFC"])
