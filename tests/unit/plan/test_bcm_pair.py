"""Head nodes of Base Command Manager that contradict one another, or the plan, are told at their line of the site file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rackwright.plan import workspace
from tests.machines import ROOT

SITE = "xe9680-spectrum-x"
PAIR = "hosts: {os: ubuntu-24.04, bcm: {package: lite.zip, pair: %s}}"
GOOD = "{address: 10.20.0.200, external: 192.0.2.10, failover: 10.50.0.0/30}"


def problems(place: Path, pair: str | None = GOOD, heads: str = "[mgmt01, mgmt02]", hosts: str = "", **more: str):
    """Return the problems of BCM of a reference site with two head nodes, as (line of the key, message, severity)."""
    shutil.copytree(ROOT / "inventory" / SITE, place / "site")
    (place / "site/lite.zip").touch()
    file = place / "site/site.yaml"
    text = file.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("hosts:"))
    own = hosts or (PAIR % pair if pair else "hosts: {os: ubuntu-24.04, bcm: {package: lite.zip}}")
    text = text.replace(line, own).replace("bcm-head: [mgmt01]", f"bcm-head: {heads}")
    for old, new in more.items():
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    found = workspace.trouble(workspace.open_site(place / "site"))
    return [
        (str(one.location), one.message, one.severity)
        for one in found
        if one.check == "plan.bcm" or one.path.startswith("hosts")
    ]


def test_a_pair_that_fits_has_no_problem(tmp_path):
    """A described pair with free addresses is refused."""
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("{address: 10.99.0.1, failover: 10.50.0.0/30}", "is in no network that both mgmt01 and mgmt02 are in"),
        ("{address: 10.20.0.14, failover: 10.50.0.0/30}", "10.20.0.14 is mgmt01's"),
        ("{address: 10.20.0.1, failover: 10.50.0.0/30}", "is the gateway of inband's"),
        ("{address: 10.20.3.1, failover: 10.50.0.0/30}", "is among those that DHCP gives away"),
        ("{address: 10.20.0.200, external: 10.20.0.200, failover: 10.50.0.0/30}", "is inside and outside"),
        ("{address: 10.20.0.200, failover: 10.20.0.0/30}", "overlaps network inband"),
        ("{address: 10.20.0.200, failover: 10.255.0.0/30}", "overlaps the loopbacks"),
        ("{address: 10.20.0.200, failover: 10.50.0.0/32}", "has no two addresses"),
    ],
)
def test_addresses_of_a_pair_that_cannot_be(tmp_path, pair, words):
    """A pair is planned whose address is another's, or that nobody in the cluster can reach."""
    found = [row for row in problems(tmp_path, pair) if words in row[1]]
    assert [row[2] for row in found] == ["error"], words
    assert "site.yaml:6:" in found[0][0]


def test_a_pair_of_one_or_of_three(tmp_path):
    """A pair is planned for one head node, or three head nodes are."""
    assert "1 machine has the role bcm-head" in problems(tmp_path / "a", heads="[mgmt01]")[0][1]
    assert "3 machines have the role bcm-head" in problems(tmp_path / "b", heads="[mgmt01, mgmt02, mgmt03]")[0][1]


def test_what_makes_a_pair_worth_less_is_a_warning(tmp_path):
    """Two heads without an address together, or without a cable between them, pass without a word."""
    assert [(row[2], "no address is theirs together" in row[1]) for row in problems(tmp_path / "a", None)] == [
        ("warning", True)
    ]
    [row] = problems(tmp_path / "b", "{address: 10.20.0.200}")
    assert (row[2], "nothing but the in-band network" in row[1]) == ("warning", True)


def test_two_heads_of_a_site_without_bcm_are_no_matter(tmp_path):
    """A site that gives no host to BCM is asked about its head nodes."""
    assert problems(tmp_path, hosts="hosts: {os: ubuntu-24.04}") == []


@pytest.mark.parametrize(
    ("bcm", "words"),
    [
        ("{package: a.zip, pair: {address: 10.20.0.300}}", "is no IPv4 address"),
        ("{package: a.zip, pair: {address: 10.20.0.200, failover: 10.50.0.1/30}}", "10.50.0.1/30"),
        ("{wheels: wheels}", "no archive of it"),
        ("{package: a.zip, images: {gpus: x}}", "gpus"),
    ],
)
def test_words_of_the_section_that_cannot_be(tmp_path, bcm, words):
    """A wrong word below hosts.bcm reaches the planner."""
    found = problems(tmp_path, hosts=f"hosts: {{bcm: {bcm}}}")
    assert any(words in row[1] and "site.yaml:6:" in row[0] for row in found), found
