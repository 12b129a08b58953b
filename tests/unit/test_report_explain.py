"""Every leaf of a rendered switch leads back to something."""

import re
from pathlib import Path

import pytest

from rackwright.errors import DocumentError
from rackwright.nvue.tree import leaves
from rackwright.plan import workspace
from rackwright.plan.origins import RULES
from rackwright.render import switch_tree
from rackwright.report.explain import explain, explain_below, find_path

SITES = Path(__file__).resolve().parents[2] / "inventory"


@pytest.fixture(scope="module")
def opened():
    return workspace.open_site(SITES / "xe9680-spectrum-x")


@pytest.fixture(scope="module")
def planned(opened):
    return workspace.planned(opened)


@pytest.fixture(scope="module")
def ask(opened, planned):
    """Return a function that explains words of a path on a switch."""
    switches = {switch.name: switch for switch in planned.plan.switches}

    def run(name, *words):
        tree = switch_tree(switches[name])
        return explain_below(
            planned.plan, opened.loaded, planned.lock, switches[name], tree, find_path(tree, words, name)
        )

    return run


@pytest.mark.parametrize("site", ["xe9680-spectrum-x", "era-2-4-3-200"])
def test_every_leaf_leads_to_the_site_a_convention_or_a_rule(site):
    """No rendered value is without a reason, and nine of ten lead to a key of the site file or a house style."""
    folder = workspace.open_site(SITES / site)
    planned = workspace.planned(folder)
    reasons = []
    for switch in planned.plan.switches:
        tree = switch_tree(switch)
        for path, _ in leaves(tree):
            found = explain(planned.plan, folder.loaded, planned.lock, switch, tree, path)
            reasons.append({step.kind for step in found.steps} & {"site", "default", "convention", "lock"})
            assert found.steps, path
    assert sum(map(bool, reasons)) > 0.9 * len(reasons)


def test_every_place_is_where_the_value_is_written(opened, planned, ask):
    """The line and column of a site step hold what the step says."""
    text = opened.file.read_text(encoding="utf-8").splitlines()
    [found] = ask("fe01", "interface", "vlan300", "vlan")
    [step] = [step for step in found.steps if step.kind == "site"]
    assert (step.path, found.value) == ("networks.inband.vlan", 300)
    assert text[step.location.line - 1][step.location.column - 1 :].startswith("300")


@pytest.mark.parametrize(
    ("device", "path", "site_path"),
    [
        ("be01", "system hostname", "fabrics.backend.leaves.name"),
        ("be01", "interface lo ip address", "pools.loopback"),
        ("fe01", "nve vxlan source address", "pools.vtep"),
        ("fe01", "router bgp autonomous-system", "pools.asn"),
        ("fe01", "interface vlan300 link mtu", "networks.inband.mtu_bytes"),
        ("fe01", "interface bond1s0 bridge domain br_default untagged", "fabrics.frontend.attach.0.native"),
        ("fe01", "interface bond1s0 bridge domain br_default vlan 500", "networks.storage.vlan"),
        ("fe01", "vrf INBAND router bgp peer-group campus remote-as", "fabrics.frontend.external.0.peer_asn"),
        ("fe01", "service dhcp-relay INBAND", "networks.inband.relay"),
        ("oob01", "interface eth0 ip address", "fabrics.oob.attach.3.switches"),
        ("oob01", "interface swp1 bridge domain br_default access", "fabrics.oob.attach.0"),
        ("be01", "system aaa user cumulus hashed-password", "access.switch"),
        ("be01", "interface swp9 link breakout", "groups.gpu.max"),
    ],
)
def test_a_value_is_explained_by_the_key_that_decided_it(ask, device, path, site_path):
    """A table of values and the key that an operator would have to change."""
    paths = {step.path for found in ask(device, *path.split()) for step in found.steps}
    assert site_path in paths


@pytest.mark.parametrize(
    ("device", "path", "site_path"),
    [
        ("core-01", "interface lo ip address", "fabrics.core.leaves.loopbacks"),
        ("core-02", "interface vlan300 ip address", "networks.inband.leaf_addresses"),
        ("core-02", "interface vlan300 ip vrr address", "networks.inband.gateway_address"),
        ("oob-switch-02", "interface vlan200 ip address", "fabrics.oob.per_switch"),
    ],
)
def test_an_address_that_is_written_is_explained_by_its_key(tmp_path, device, path, site_path):
    """Neither pool nor house style nor lock decided it."""
    text = (SITES / "era-2-8-9-400" / "site.yaml").read_text()
    text = text.replace("name: core-}", "name: core-, loopbacks: [172.16.176.21, 172.16.176.23]}").replace(
        "172.16.178.0/24, gateway: core",
        "172.16.178.0/24, gateway: core, gateway_address: 172.16.178.9, leaf_addresses: [172.16.178.7, 172.16.178.8]",
    )
    (tmp_path / "site.yaml").write_text(text)
    folder = workspace.open_site(tmp_path)
    made = workspace.planned(folder)
    switch = next(found for found in made.plan.switches if found.name == device)
    tree = switch_tree(switch)
    steps = [
        step
        for found in explain_below(
            made.plan, folder.loaded, made.lock, switch, tree, find_path(tree, path.split(), device)
        )
        for step in found.steps
    ]
    assert site_path in {step.path for step in steps}
    assert {step.kind for step in steps} <= {"site", "plan"}


def test_the_lock_says_which_place_was_given(ask, planned):
    """An allocated number names its entry in site.lock and the index that it holds."""
    [found] = ask("fe01", "router", "bgp", "autonomous-system")
    [step] = [step for step in found.steps if step.kind == "lock"]
    assert step.text == f"site.lock holds pools.asn/fe01: {planned.lock.pools['pools.asn']['fe01'][0]}"


def test_a_secret_is_never_shown(ask):
    """A password is explained by its reference."""
    [found] = ask("be01", "system", "aaa", "user", "cumulus", "hashed-password")
    assert "secret:switch_hash" in str(found.steps)


@pytest.mark.parametrize(
    "words",
    [
        ["interface", "swp1s0", "link", "state"],
        ["interface.swp1s0.link.state"],
        ["nv set interface swp1s0 link state"],
        ["nv", "set", "interface", "swp1s0", "link", "state", "up"],
    ],
)
def test_a_path_may_be_written_as_words_dots_or_a_command(ask, words):
    """All spellings mean the same leaf."""
    [found] = ask("be01", *words)
    assert found.path == ("interface", "swp1s0", "link", "state", "up")


def test_a_wrong_path_names_what_is_there(ask):
    """The error says where the words end and what stands there."""
    with pytest.raises(DocumentError, match=r"be01 has no 'mtus' at interface swp1s0 link; there is "):
        ask("be01", "interface", "swp1s0", "link", "mtus")


def test_patterns_are_paths():
    """Every row of the table is words, with ** only at its end."""
    for pattern, _ in RULES:
        assert re.fullmatch(r"([\w-]+|\*)( ([\w-]+|\*))*( \*\*)?", pattern), pattern
    assert len({pattern for pattern, _ in RULES}) == len(RULES)
