"""Both transports of the driver against an emulated switch: there and back, confirmed, refused, timed out, rebooted."""

import socket
import time
from types import SimpleNamespace

import paramiko
import pytest

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.connect import connect
from rackwright.drivers.nvue.connection import Connection
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DriverError, IdentityUnknown, LostMidCommand, Unreachable
from rackwright.secrets import Secret

RATE = 600.0
LIMITS = Limits(connect_s=10, login_s=10, answer_s=20, apply_s=30, boot_s=600, pause_s=1)


@pytest.fixture
def rack(twin, tmp_path):
    """Return one emulated switch whose factory password was changed, and a function that opens sessions."""
    up = twin(rate=RATE)
    name = min(up.ends)
    secrets = up.state / "twin/secrets"
    login = Login(
        identity=up.state / up.told["identity"], password=Secret((secrets / "switch_password").read_text().strip())
    )
    trust = Trust(tmp_path, known_hosts=up.state / up.told["known_hosts"], ca=up.state / up.told["ca"])
    made = []

    def opened(transport, **limits):
        nvue = connect(
            Endpoint(**up.ends[name]), login=login, trust=trust, transport=transport, clock=ScaledClock(RATE),
            limits=LIMITS.patient(limits.get("patience_s", 0)),
        )  # fmt: skip
        made.append(nvue)
        return nvue

    hashed = (secrets / "switch_hash").read_text().strip()
    nvue = opened("ssh")
    tree = nvue.running()
    tree["system"]["aaa"]["user"]["cumulus"]["hashed-password"] = hashed
    nvue.apply(nvue.stage(tree), confirm_s=600)
    nvue.confirm()
    yield SimpleNamespace(up=up, name=name, open=opened, hashed=hashed)
    for one in made:
        one.close()


def changed(rack, tree):
    """Return a tree with a port, a loopback and a hostname more, and its secret known again."""
    user = tree["system"]["aaa"]["user"]["cumulus"]
    user["hashed-password"] = rack.hashed
    tree["system"]["hostname"] = "leaf"
    tree["interface"]["lo"] = {"type": "loopback", "ip": {"address": {"10.0.0.1/32": {}}}}
    tree["interface"] |= {f"swp{port}": {"type": "swp", "link": {"state": {"up": {}}}} for port in range(1, 9)}
    return tree


def shown(rack, tree):
    """Return a tree as the switch shows it: with its secret masked."""
    return masked(tree, rack.hashed)


def masked(node, secret):
    if isinstance(node, dict):
        return {key: masked(value, secret) for key, value in node.items()}
    return "*" if node == secret else node


def fault(rack, **rule):
    """Plant a fault on the switch."""
    rack.up.ask("fault", device=rack.name, **rule)


def asked_until_it_breaks(nvue):
    """Ask a switch that goes down until it is gone."""
    for _ in range(400):
        nvue.confirmation()
        time.sleep(0.005)


def confirmed(nvue, tree):
    revision = nvue.stage(tree)
    nvue.apply(revision, confirm_s=600)
    nvue.confirm()


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_there_and_back(rack, transport):
    """What is staged, applied and confirmed is what runs and what the switch boots with; then there is no difference."""
    nvue = rack.open(transport)
    tree = changed(rack, nvue.running())
    revision = nvue.stage(tree)
    difference = nvue.difference(revision)
    assert "leaf" in difference
    assert rack.hashed not in difference
    nvue.apply(revision, confirm_s=600)
    waiting = nvue.confirmation()
    assert (waiting.state, waiting.revision) == ("waiting", revision)
    nvue.confirm()
    assert nvue.confirmation().state == "none"
    assert nvue.running() == shown(rack, tree)
    assert nvue.startup() == shown(rack, tree)
    assert nvue.difference(nvue.stage(tree)) == ""


def test_the_two_transports_agree(rack):
    """A switch that was pushed over one wire reads the same over the other, and each can change it back."""
    ssh, rest = rack.open("ssh"), rack.open("rest")
    before = ssh.running()
    assert rest.running() == before
    confirmed(rest, changed(rack, rest.running()))
    assert ssh.running() == rest.running() != before
    back = rest.running() | before
    confirmed(rest, back)
    assert ssh.running() == before
    assert ssh.facts().serial == rest.facts().serial


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_a_part_is_laid_over_what_is_applied(rack, transport):
    """A change of some ports touches anything else, takes a masked secret along, or leaves a port both up and down."""
    nvue = rack.open("ssh")
    nvue.apply(nvue.stage(changed(rack, nvue.running())), confirm_s=600)
    nvue.confirm()
    nvue = rack.open(transport)
    before = nvue.running()
    down = {"link": {"state": {"down": {}}}}
    nvue.apply(nvue.alter({"interface": {"swp3": down, "swp8": down}}), confirm_s=600)
    during = nvue.running()
    assert [name for name, row in during["interface"].items() if row != before["interface"][name]] == ["swp3", "swp8"]
    assert during["interface"]["swp3"]["link"]["state"] == {"down": {}}
    assert {key: row for key, row in during.items() if key != "interface"} == {
        key: row for key, row in before.items() if key != "interface"
    }
    nvue.rollback()
    assert nvue.running() == before


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_rollback_puts_it_back_at_once(rack, transport):
    """Refusing the waiting apply brings the former configuration; refusing when none waits does nothing."""
    nvue = rack.open(transport)
    before = nvue.running()
    nvue.rollback()
    nvue.apply(nvue.stage(changed(rack, nvue.running())), confirm_s=600)
    assert nvue.running() != before
    nvue.rollback()
    assert nvue.confirmation().state == "none"
    assert nvue.running() == before


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_the_timer_puts_it_back_by_itself(rack, transport):
    """Without a confirmation the switch goes back when its time is up, with nobody connected."""
    nvue = rack.open(transport)
    before = nvue.running()
    nvue.apply(nvue.stage(changed(rack, nvue.running())), confirm_s=60)
    nvue.close()
    clock = ScaledClock(RATE)
    again = rack.open(transport, patience_s=60)
    until = clock.now() + 600
    while again.confirmation().state == "waiting" and clock.now() < until:
        clock.sleep(10)
    assert again.running() == before
    with pytest.raises(DriverError):
        again.confirm()


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_a_reboot_in_between_ends_the_apply(rack, transport):
    """A switch that reboots while it waits comes up as before; a patient login waits for it, and for nvued after that."""
    nvue = rack.open(transport)
    before = nvue.running()
    boot = rack.open("ssh").facts().boot_id
    nvue.apply(nvue.stage(changed(rack, nvue.running())), confirm_s=600)
    fault(rack, kind="reboot")
    with pytest.raises((Unreachable, LostMidCommand)):
        asked_until_it_breaks(nvue)
    again = rack.open(transport, patience_s=600)
    assert again.running() == before
    assert again.confirmation().state == "none"
    assert rack.open("ssh").facts().boot_id != boot


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_save_makes_it_stay(rack, transport):
    """Where auto-save is off, startup follows only after save."""
    nvue = rack.open(transport)
    tree = changed(rack, nvue.running())
    tree["system"].setdefault("config", {})["auto-save"] = {"state": "disabled"}
    before = nvue.startup()
    confirmed(nvue, tree)
    assert nvue.startup() == before
    nvue.save()
    assert nvue.startup() == nvue.running() == shown(rack, tree)


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_a_refused_apply_leaves_the_switch_as_it_was(rack, transport):
    """The switch's own reason is told, and nothing waits."""
    nvue = rack.open(transport)
    before = nvue.running()
    revision = nvue.stage(changed(rack, nvue.running()))
    fault(rack, kind="refuse-apply", value="planted reason")
    with pytest.raises(DeviceRefused, match="planted reason"):
        nvue.apply(revision, confirm_s=600)
    assert nvue.running() == before
    assert nvue.confirmation().state == "none"


@pytest.mark.parametrize("transport", ["ssh", "rest"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_cut_during_an_apply_is_never_sent_again(rack, transport, when):
    """Whether the switch acted is looked up over a new login; it was asked once."""
    nvue = rack.open(transport)
    revision = nvue.stage(changed(rack, nvue.running()))
    fault(rack, kind="drop", at="apply", when=when)
    with pytest.raises(LostMidCommand):
        nvue.apply(revision, confirm_s=600)
    again = rack.open(transport)
    assert again.confirmation().state == ("waiting" if when == "after" else "none")


@pytest.mark.parametrize("transport", ["ssh", "rest"])
def test_nvued_that_is_away_for_a_while_is_waited_for(rack, transport):
    """Reading goes on as soon as nvued is back."""
    nvue = rack.open(transport)
    before = nvue.running()
    fault(rack, kind="crash-nvued", duration=30)
    assert nvue.running() == before


def test_a_masked_secret_is_not_sent_back(rack):
    """An export as it stands would set the password to an asterisk."""
    nvue = rack.open("ssh")
    with pytest.raises(DeviceRefused, match="hashed-password is masked"):
        nvue.stage(nvue.running())


def test_a_new_password_needs_ssh(rack):
    """The API would break a hash (RN-3341214): refused there, done over SSH."""
    rest = rack.open("rest")
    tree = changed(rack, rest.running())
    tree["system"]["aaa"]["user"]["ops"] = {"hashed-password": rack.hashed, "role": "system-admin"}
    with pytest.raises(DeviceRefused, match="--transport ssh"):
        rest.stage(tree)
    confirmed(rack.open("ssh"), tree)
    assert rest.running() == shown(rack, tree)


def test_strangers_are_not_believed(rack, tmp_path):
    """Without the twin's own pins and CA nobody is talked to."""
    trust = Trust(tmp_path / "empty")
    for transport in ("ssh", "rest"):
        with pytest.raises(IdentityUnknown):
            connect(
                Endpoint(**rack.up.ends[rack.name]), login=Login(password=Secret("x")), trust=trust, transport=transport
            )


def test_a_session_takes_aes_gcm_where_the_switch_has_it_and_leaves_no_cipher_out(rack, tmp_path):
    """What comes with a MAC costs twice as much to read; a switch that has only such ciphers is talked to all the same."""
    secrets = rack.up.state / "twin/secrets"
    login = Login(password=Secret((secrets / "switch_password").read_text().strip()))
    trust = Trust(tmp_path, known_hosts=rack.up.state / rack.up.told["known_hosts"])
    connection = Connection(Endpoint(**rack.up.ends[rack.name]), login=login, trust=trust, limits=LIMITS)
    connection.establish_connection()
    try:
        used = connection.transport
        assert "gcm" in used.local_cipher
        assert "gcm" in used.remote_cipher
        ours = used.get_security_options().ciphers
    finally:
        connection.end()
    one, other = socket.socketpair()
    with one, other:
        assert sorted(ours) == sorted(paramiko.Transport(one).get_security_options().ciphers)
