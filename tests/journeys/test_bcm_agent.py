"""The lite daemon of Base Command Manager on real Linux roots, with an archive and a head node of ours."""

from __future__ import annotations

import pytest

from tests.lab import bcm, machine
from tests.lab.node import eventually
from tests.lab.yard import yard

pytestmark = [pytest.mark.slow(80), pytest.mark.xdist_group("bcm-agent")]

ETC = "/cm/local/apps/cm-lite-daemon/etc"
STEPS = ["mirror", "base", "time", "bcm_agent"]
NODES = ("node1", "node2")


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Two nodes that are about to join one head node, which knows the first of them."""
    place = tmp_path_factory.mktemp("bcm")
    made = {"archive": bcm.archive(place / "cm-lite-daemon.zip"), "wheels": bcm.wheels(place / "wheels")}
    secrets = place / "secrets"
    secrets.mkdir()

    def document(name, mirror, images):
        whole = machine.document(name, mirror, images=images)
        known = whole["rackwright"]
        known["steps"] = STEPS
        known["stages"] = [{"steps": STEPS, "reboot": "none", "why": []}]
        known["packages"]["bcm_agent"], known["holds"]["bcm_agent"], known["remove"]["bcm_agent"] = (
            ["python3-venv"],
            [],
            [],
        )
        known["bcm"] |= {
            "heads": ["198.18.255.1"], "port": 0, "package": str(made["archive"]), "wheels": str(made["wheels"]),
            "bootstrap_cert": {"secret": "boot_cert"}, "bootstrap_key": {"secret": "boot_key"}, "ca": {"secret": "ca"},
        }  # fmt: skip
        return whole

    with yard(NODES, documents=document) as found, bcm.Head(found.cluster.gateway, place, {"node1"}) as head:
        cert, key = head.authority.issue("bootstrap")
        for name, text in {"boot_cert": cert, "boot_key": key, "ca": head.authority.pem}.items():
            (secrets / name).write_text(text)
            (secrets / name).chmod(0o600)
        for one in found.documents.values():
            one["rackwright"]["bcm"] |= {"heads": [found.cluster.gateway], "port": head.port}
        found.head, found.place, found.key = head, place, key
        found.how = {"values": {"preflight_free_mib": 64, "rackwright_secrets": str(secrets)}}
        yield found


@pytest.fixture(scope="module")
def first(ground):
    """What was forecast, and what then came."""
    forecast = ground.play("node1", check=True, **ground.how)
    said = ground.play(*NODES, **ground.how)
    ground.registered = list(ground.head.registered)
    ground.how["tags"] = ["bcm_agent"]
    return forecast, said


def test_a_host_joins_the_head_node_once(ground, first):
    """It registers with the bootstrap certificate, and its daemon then speaks with a certificate of its own."""
    _, said = first
    assert "node1" not in said.hosts_failed()
    assert ground.registered == [("node1", "bootstrap")]
    eventually(lambda: ("node1", "node1") in ground.head.heard)


def test_a_forecast_names_what_then_changes(first):
    """``--check`` on a bare host says of the step what the run then does, and does none of it."""
    forecast, said = first
    assert forecast.status == "successful", forecast.failed
    assert "bcm_agent" in {role for _, role, _ in forecast.changed} & {role for _, role, _ in said.changed}
    assert "bcm_agent: See whether the host is registered" in forecast.changes("node1")


def test_a_forecast_of_a_second_run_names_nothing(ground, first):
    """``--check`` on a host that is as planned says that something would change."""
    assert ground.play("node1", check=True, **ground.how).changes("node1") == []


def test_the_bootstrap_key_is_nowhere_afterwards(ground, first):
    """Neither the host's disk nor what the play printed holds the key; its own key is root's alone."""
    node = ground["node1"]
    middle = ground.key.splitlines()[1]
    found = node.ssh(f"grep -rlF {middle} /cm /etc /var /root /home /run /tmp 2>/dev/null", check=False).stdout
    assert found == ""
    assert middle not in first[1].text
    assert node.ssh(f"stat -c '%a %U' {ETC}/cert.key").stdout.strip() == "600 root"


def test_a_second_run_changes_nothing_and_takes_a_bootstrap_key_away(ground, first):
    """A host that has its certificate is not registered again; a key that a play left which was killed behind that goes before a restart."""
    node = ground["node1"]
    before = len(ground.head.registered)
    node.ssh("mkdir -m 0700 /run/rackwright-bcm && echo key > /run/rackwright-bcm/bootstrap_key")
    again = ground.play("node1", **ground.how)
    assert (again.status, again.changes("node1")) == ("successful", []), again.failed
    assert node.ssh("test ! -e /run/rackwright-bcm", check=False).returncode == 0
    assert len(ground.head.registered) == before


def test_a_daemon_that_a_killed_play_left_with_the_former_files_is_restarted(ground, first):
    """It was killed behind a file that the daemon reads: the next play finds the file right, and starts the daemon anew."""
    words = "systemctl show --property=InactiveExitTimestampMonotonic --value cm-lite-daemon"
    node = ground["node1"]
    before = int(node.ssh(words).stdout)
    node.ssh(f"touch {ETC}/cacert.pem")
    again = ground.play("node1", **ground.how)
    assert [word.rpartition(": ")[2] for word in again.changes("node1")] == ["Have it run with what is written"]
    assert int(node.ssh(words).stdout) > before
    assert ground.play("node1", **ground.how).changes("node1") == []


def test_a_node_that_bcm_does_not_know_is_told_so(ground, first):
    """The refusal of the head node reaches the user with host and remedy; the other host's registration stands."""
    assert first[1].hosts_failed() == {"node2"}
    message = first[1].failed[-1][3]
    assert "node2 did not register" in message
    assert "no device node2" in message
    assert "see that BCM has a node of this name" in message
    ground.head.known.add("node2")
    assert ground.play("node2", **ground.how).status == "successful"
    assert ("node2", "bootstrap") in ground.head.registered


def test_a_newer_archive_replaces_the_program_and_keeps_the_certificate(ground, first):
    """A new program comes without a second registration."""
    before = len(ground.head.registered)
    bcm.archive(ground.place / "cm-lite-daemon.zip", "10.25.04")
    said = ground.play("node1", **ground.how)
    assert said.status == "successful", said.failed
    assert "bcm_agent: Unpack it" in said.changes("node1")
    assert ground["node1"].read("/cm/local/apps/cm-lite-daemon/VERSION") == "10.25.04\n"
    assert len(ground.head.registered) == before


def test_a_certificate_of_another_authority_is_asked_for_anew(ground, first):
    """A host that was registered with another cluster joins this one."""
    before = len(ground.head.registered)
    cert, key = bcm.Authority("another").issue("node1")
    ground["node1"].path(f"{ETC}/cert.pem").write_text(cert)
    ground["node1"].path(f"{ETC}/cert.key").write_text(key)
    said = ground.play("node1", **ground.how)
    assert said.status == "successful", said.failed
    assert len(ground.head.registered) == before + 1
