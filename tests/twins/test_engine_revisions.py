"""Revisions of one switch: editing, applying, confirming, going back, booting."""

import pytest

from rackwright.twin.engine import Applying, Install, Power, Refused, Switch
from rackwright.twin.engine.accounts import hashed
from rackwright.twin.engine.behaviours import seconds
from rackwright.twin.engine.trees import picked
from tests.twins.conftest import WHO


class Hand:
    """Drives a switch by hand: its effects are carried out at once, or refused."""

    def __init__(self, startup=None):
        self.switch = Switch(WHO, 0.0, startup)
        self.done = []
        self.refuse = ""
        self.to(0)

    def to(self, now):
        """Let time pass."""
        while True:
            self.switch.tick(now)
            if not self.switch.effects:
                return self.switch
            effect = self.switch.effects.popleft()
            self.done.append(effect)
            if isinstance(effect, Install):
                self.switch.installed(self.refuse)

    def later(self, seconds_):
        """Let some seconds pass."""
        return self.to(self.switch.now + seconds_)

    def applied(self, tree, **how):
        """Patch a new revision and apply it; returns it after some time."""
        revision = self.switch.begin("cumulus", how.get("via", "CLI"))
        self.switch.patch(revision, tree, via=how.get("via", "CLI"))
        self.switch.apply(revision, Applying(**{"yes": True, **how}))
        self.later(60)
        return revision


MTU = {"interface": {"swp1": {"link": {"mtu": 9000}}}}
MTU_PATH = ("interface", "swp1", "link", "mtu")


def test_an_apply_takes_time_and_is_saved():
    """Until the apply is done the old configuration is in force; then it is applied and, by auto-save, startup too."""
    hand = Hand()
    revision = hand.switch.begin("cumulus", "CLI")
    hand.switch.patch(revision, MTU)
    hand.switch.apply(revision, Applying())
    assert (revision.state, picked(hand.switch.applied, MTU_PATH)) == ("apply", None)
    hand.later(seconds("apply"))
    assert revision.state == "applied_and_saved"
    assert picked(hand.switch.startup, MTU_PATH) == 9000


def test_without_auto_save_nothing_is_saved():
    """With auto-save disabled an apply ends as applied, and save makes it applied_and_saved."""
    hand = Hand()
    revision = hand.applied({"system": {"config": {"auto-save": {"state": "disabled"}}}, **MTU})
    assert revision.state == "applied"
    assert picked(hand.switch.startup, MTU_PATH) is None
    hand.switch.save()
    assert revision.state == "applied_and_saved"
    assert picked(hand.switch.startup, MTU_PATH) == 9000


@pytest.mark.parametrize(("auto_confirm", "state"), [(True, "ays"), (False, "confirm")])
def test_an_unconfirmed_apply_goes_back(auto_confirm, state):
    """What is not confirmed in time is undone by the switch itself, and was never saved."""
    hand = Hand()
    before = hand.switch.applied
    revision = hand.applied(MTU, confirm_s=300, auto_confirm=auto_confirm)
    assert (revision.state, picked(hand.switch.applied, MTU_PATH)) == (state, 9000)
    assert hand.switch.startup == before
    hand.later(300)
    hand.later(seconds("apply"))
    assert (revision.state, hand.switch.applied, hand.switch.startup) == ("confirm_fail", before, before)


def test_a_confirmed_apply_stays():
    """A confirmation stops the timer and saves."""
    hand = Hand()
    revision = hand.applied(MTU, confirm_s=100)
    hand.switch.answer(revision, yes=True)
    hand.later(1000)
    assert revision.state == "applied_and_saved"
    assert picked(hand.switch.startup, MTU_PATH) == 9000


def test_a_second_apply_cannot_slip_the_timer():
    """While an apply waits to be confirmed, no other is taken; after the way back one is."""
    hand = Hand()
    waiting = hand.applied(MTU, confirm_s=100)
    other = hand.switch.begin("admin", "REST")
    with pytest.raises(Refused, match=f"revision {waiting.id} is being applied"):
        hand.switch.apply(other, Applying(yes=True))
    hand.later(200)
    hand.applied(MTU)
    assert picked(hand.switch.applied, MTU_PATH) == 9000


def test_a_reboot_while_it_waits_comes_up_as_before():
    """A switch that reboots before the confirmation boots its startup configuration, with another boot id, and no timer is left."""
    hand = Hand()
    before, boot = hand.switch.applied, hand.switch.boot_id
    hand.applied(MTU, confirm_s=300)
    hand.switch.reboot()
    assert hand.switch.answers() == (False, False)
    hand.later(seconds("shutdown") + seconds("boot-ssh"))
    assert hand.switch.answers() == (True, True)
    assert not hand.switch.nvued_up
    hand.later(seconds("boot-nvued"))
    assert hand.switch.nvued_up
    assert hand.switch.applied == before
    assert hand.switch.boot_id != boot
    assert hand.switch.revisions == {}
    assert [effect.on for effect in hand.done if isinstance(effect, Power)] == [False, True]
    hand.later(1000)
    assert hand.switch.applied == before


def test_a_switch_tells_what_came_into_force_and_how():
    """Who asks whether a switch was applied twice must see applies, ways back and boots, and none that was refused."""
    hand = Hand()
    before = hand.switch.applied
    hand.switch.forced = "planted"
    hand.applied(MTU)
    hand.applied(MTU, confirm_s=100)
    hand.later(200)
    hand.applied(MTU)
    after = hand.switch.applied
    hand.switch.reboot()
    hand.later(600)
    assert hand.switch.deeds == [("applied", after), ("back", before), ("applied", after), ("boot", after)]


def test_nvued_that_dies_in_an_apply_changes_nothing():
    """A crash in an apply leaves what was before; the apply does not go on when nvued is back."""
    hand = Hand()
    before = hand.switch.applied
    revision = hand.switch.begin("cumulus", "CLI")
    hand.switch.patch(revision, MTU)
    hand.switch.apply(revision, Applying())
    hand.switch.crash_nvued(15)
    with pytest.raises(Refused, match="Could not connect to nvued"):
        hand.switch.require_nvued()
    hand.later(100)
    assert (revision.state, hand.switch.applied, hand.switch.nvued_up) == ("invalid", before, True)


def test_a_rollback_waits_for_nvued():
    """When the time to confirm ends while nvued is dead, the switch goes back once it lives."""
    hand = Hand()
    revision = hand.applied(MTU, confirm_s=100)
    hand.switch.crash_nvued(500)
    hand.later(400)
    assert revision.state == "confirm"
    hand.later(200)
    assert revision.state == "confirm_fail"


def test_a_data_plane_that_refuses_leaves_the_switch():
    """When the engine behind the switch refuses a configuration the apply is invalid with its reason."""
    hand = Hand()
    before = hand.switch.applied
    hand.refuse = "line 7: unknown command"
    revision = hand.applied(MTU)
    assert (revision.state, revision.issues[0].reason) == ("invalid", "line 7: unknown command")
    assert hand.switch.applied == before


def test_two_writers_do_not_see_each_others_edits():
    """Each CLI user and each REST revision edits its own tree; ids count over all of them."""
    hand = Hand()
    mine, _ = hand.switch.pending_of("cumulus")
    theirs = hand.switch.begin("admin", "REST")
    hand.switch.patch(mine, MTU)
    hand.switch.patch(theirs, {"interface": {"swp2": {}}}, via="REST")
    assert (mine.id, theirs.id) == ("1", "2")
    assert "swp2" not in mine.tree["interface"]
    assert "swp1" not in theirs.tree["interface"]
    assert hand.switch.tree_of("pending", "cumulus") == mine.tree
    assert hand.switch.detach("cumulus") == "1"
    assert mine.state == "detached"
    assert hand.switch.tree_of("pending", "cumulus") == hand.switch.applied


@pytest.mark.parametrize(
    ("tree", "part"),
    [
        ({"interface": {"swp1": {"link": {"mtu": 100}}}}, "mtu"),
        ({"qos": {"roce": {"state": "enabled"}}}, "state"),
        ({"interface": {"swp1": {"link": {"breakout": {"2x400G": {}}}}}}, "2x400G"),
        ({"system": {"aaa": {"user": {"cumulus": {"hashed-password": {"secret": "switch_hash"}}}}}}, "hashed-password"),
        ({"evpn": {"enable": True}}, "enable"),
    ],
)
def test_the_schema_is_strict(tree, part):
    """What 5.12 has no place or value for is refused when it is patched, references to secrets included."""
    hand = Hand()
    revision = hand.switch.begin("cumulus", "CLI")
    with pytest.raises(Refused, match="Invalid config") as refusal:
        hand.switch.patch(revision, tree)
    assert part in " ".join(str(issue) for issue in refusal.value.issues)
    assert revision.tree == hand.switch.applied


def bgp(**rest):
    """Return BGP in the default VRF."""
    return {"vrf": {"default": {"router": {"bgp": {"enable": "on", "autonomous-system": 65101, **rest}}}}}


def test_bgp_wants_a_router_id():
    """BGP without router-id is invalid with the words of the guide; with one it applies and restarts FRR."""
    hand = Hand()
    revision = hand.applied(bgp())
    assert revision.value()["transition"]["issue"]["0"] == {
        "code": "config_invalid",
        "data": {
            "location": "router.bgp.enable",
            "reason": "BGP requires router-id to be set globally or in the VRF.\n",
        },
        "message": "Config invalid at router.bgp.enable: BGP requires router-id to be set globally or in the VRF.\n",
        "severity": "error",
    }
    assert hand.applied(bgp(**{"router-id": "10.0.0.1"})).state == "applied_and_saved"
    assert hand.done[-1].restarted == {"frr"}


def split(qos=None, sub=True):
    """Return a cage split in two, its first sub-port with QoS."""
    ports = {"swp1": {"link": {"breakout": {"2x": {"lanes-per-port": "4"}}}}}
    if sub:
        ports["swp1s0"] = {"link": {"state": {"up": {}}}, **({"qos": qos} if qos else {})}
    return {"interface": ports}


WATCHDOG = {"pfc-watchdog": {"state": "enable"}}


def test_a_breakout_and_its_qos_are_two_applies():
    """RN-3362113: a breakout and per-port QoS of its sub-ports in one apply is refused, in two it is not."""
    hand = Hand()
    refused = hand.applied(split(WATCHDOG))
    assert refused.state == "invalid"
    assert "breakout" in refused.issues[0].reason
    assert hand.applied(split()).state == "applied_and_saved"
    assert hand.done[-1].restarted == frozenset()
    assert hand.applied(split(WATCHDOG)).state == "applied_and_saved"


def test_sub_ports_go_before_their_breakout():
    """A breakout whose sub-ports are still configured cannot be taken away in the same apply; a rollback may."""
    hand = Hand()
    hand.applied(split())
    revision = hand.switch.begin("cumulus", "CLI")
    hand.switch.replace_all(revision, {"interface": {"swp1": {}}, "system": hand.switch.applied["system"]})
    hand.switch.apply(revision, Applying(yes=True))
    assert revision.state == "invalid"
    ports = {"interface": {"swp1s0": None, "swp1": {"link": {"breakout": None}}}}
    for path in (("interface", "swp1s0"), ("interface", "swp1", "link", "breakout")):
        step = hand.switch.begin("cumulus", "CLI")
        tree = ports
        for key in path[:-1]:
            tree = tree[key]
        hand.switch.unset(step, {"interface": {path[1]: None if len(path) == 2 else {"link": {"breakout": None}}}})
        hand.switch.apply(step, Applying(yes=True))
        hand.later(60)
        assert step.state == "applied_and_saved"
    back = hand.applied(split(), confirm_s=10)
    hand.later(100)
    assert back.state == "confirm_fail"


def test_a_reflector_of_an_external_neighbour_is_refused():
    """netlab #2937: route-reflector-client wants an internal neighbour."""
    hand = Hand()
    peer = {
        "type": "unnumbered",
        "remote-as": "external",
        "address-family": {"ipv4-unicast": {"route-reflector-client": "on"}},
    }
    revision = hand.applied(bgp(**{"router-id": "10.0.0.1", "neighbor": {"swp1": peer}}))
    assert (revision.state, "internal" in revision.issues[0].reason) == ("invalid", True)


def test_ports_that_do_not_exist_are_accepted():
    """RN-4309876: configuration of swp99 is taken in silence."""
    assert Hand().applied({"interface": {"swp99": {"link": {"state": {"up": {}}}}}}).state == "applied_and_saved"


def test_a_hash_over_rest_locks_the_user_out():
    """RN-3341214: the password of a user whose hash came over REST opens nothing until the CLI mends it; a rollback does too."""
    hand = Hand()
    user = {"system": {"aaa": {"user": {"cumulus": {"hashed-password": hashed("Rack-wright-1")}}}}}
    hand.applied(user)
    assert hand.switch.accounts.opens("cumulus", "Rack-wright-1")
    hand.applied(user, via="REST", confirm_s=100)
    assert not hand.switch.accounts.opens("cumulus", "Rack-wright-1")
    hand.later(200)
    assert hand.switch.accounts.opens("cumulus", "Rack-wright-1")
    hand.applied(user, via="REST")
    assert not hand.switch.accounts.opens("cumulus", "Rack-wright-1")
    hand.applied(user)
    assert hand.switch.accounts.opens("cumulus", "Rack-wright-1")


def test_a_plain_password_becomes_a_hash():
    """A user's password that is set in the clear is stored as a hash and opens the account, over REST too."""
    hand = Hand()
    hand.applied(
        {"system": {"aaa": {"user": {"ops": {"password": "Rack-wright-1", "role": "system-admin"}}}}}, via="REST"
    )
    stored = picked(hand.switch.applied, ("system", "aaa", "user", "ops"))
    assert "password" not in stored
    assert hand.switch.accounts.opens("ops", "Rack-wright-1")
    assert not hand.switch.accounts.opens("ops", "Rack-wright-2")


def test_a_configuration_without_cumulus_deletes_the_account():
    """Replacing the configuration by one without the user removes the account (NVUE-CLI, Default Startup File)."""
    hand = Hand()
    revision = hand.switch.begin("cumulus", "CLI")
    hand.switch.replace_all(revision, {"system": {"hostname": "fe01"}})
    hand.switch.apply(revision, Applying(yes=True))
    hand.later(60)
    assert not hand.switch.accounts.has("cumulus")


def eth0(**address):
    """Return eth0 with addresses."""
    return {"interface": {"eth0": {"type": "eth", "ip": {"vrf": "mgmt", "address": address}}}}


def test_an_eth0_that_is_not_as_planned_is_out_of_reach():
    """Management answers while eth0 has DHCP or its planned address in the mgmt VRF; otherwise nobody gets in, and the timer brings it back."""
    hand = Hand()
    wrong = hand.switch.begin("cumulus", "CLI")
    hand.switch.unset(wrong, {"interface": {"eth0": {"ip": {"address": {"dhcp": None}}}}})
    hand.switch.patch(wrong, eth0(**{"10.10.0.99/24": {}}))
    hand.switch.apply(wrong, Applying(yes=True, confirm_s=60))
    hand.later(30)
    assert hand.switch.answers() == (False, False)
    hand.later(60)
    assert hand.switch.answers() == (True, True)


def test_a_static_address_is_lost_with_the_former_lease():
    """RN-4377862: eth0 that was DHCP before loses its static address when the lease ends, unless it was given back."""
    for released, there in ((False, (False, False)), (True, (True, True))):
        hand = Hand()
        revision = hand.switch.begin("cumulus", "CLI")
        hand.switch.unset(revision, {"interface": {"eth0": {"ip": {"address": {"dhcp": None}}}}})
        hand.switch.patch(revision, eth0(**{"10.10.0.11/24": {}}))
        hand.switch.apply(revision, Applying(yes=True))
        hand.later(60)
        assert hand.switch.answers() == (True, True)
        if released:
            hand.switch.end_lease()
        hand.later(seconds("dhcp-lease"))
        assert hand.switch.answers() == there


def test_warnings_wait_for_an_answer():
    """A new hostname asks; without an answer the apply ends as ays_fail, with one it goes on."""
    hand = Hand()
    tree = {"system": {"hostname": "fe01"}}
    revision = hand.applied(tree, yes=False)
    assert revision.state == "ays_fail"
    assert revision.issues[0].code == "client_timeout"
    again = hand.switch.begin("cumulus", "CLI")
    hand.switch.patch(again, tree)
    hand.switch.apply(again, Applying())
    assert again.state == "ays"
    hand.switch.answer(again, yes=True)
    hand.later(60)
    assert again.state == "applied_and_saved"


def test_an_installed_image_starts_anew():
    """After onie-install and a reboot the switch runs the new version with the staged or the factory's configuration, after the installation's time."""
    hand = Hand()
    hand.applied(MTU)
    hand.switch.stage_image("5.14.0", None, "")
    hand.switch.reboot()
    hand.later(seconds("install"))
    assert not hand.switch.powered
    hand.later(seconds("shutdown") + seconds("boot-nvued") + 1)
    assert (hand.switch.who.nos, picked(hand.switch.applied, MTU_PATH)) == ("5.14.0", None)
    assert hand.switch.accounts.has_default("cumulus")


def test_a_full_disk_takes_nothing_new():
    """With a full disk nothing can be staged or saved; what is being applied is applied, unsaved."""
    hand = Hand()
    revision = hand.switch.begin("cumulus", "CLI")
    hand.switch.patch(revision, MTU)
    hand.switch.disk_full = True
    with pytest.raises(Refused, match="No space left"):
        hand.switch.begin("cumulus", "CLI")
    with pytest.raises(Refused, match="No space left"):
        hand.switch.patch(revision, MTU)
    hand.switch.apply(revision, Applying())
    hand.later(60)
    assert revision.state == "applied"
    assert picked(hand.switch.startup, MTU_PATH) is None


def test_what_restarts_is_told_and_takes_longer():
    """Switching EVPN multihoming or adaptive routing on restarts switchd, BGP or its number FRR, eth0 networking; the rest nothing."""
    port = {"type": "swp", "router": {"adaptive-routing": {"enable": "on"}}}
    cases = [
        ({"evpn": {"enable": "on", "multihoming": {"enable": "on"}}}, {"switchd"}),
        ({"interface": {"swp1": port}}, {"switchd"}),
        ({"interface": {"swp2": port}}, set()),
        (bgp(**{"router-id": "10.0.0.1"}), {"frr"}),
        ({"vrf": {"default": {"router": {"bgp": {"autonomous-system": 65102}}}}}, {"frr"}),
        ({"interface": {"eth0": {"ip": {"gateway": {"10.10.0.1": {}}}}}}, {"networking"}),
        (MTU, set()),
    ]
    hand = Hand()
    for tree, services in cases:
        hand.applied(tree)
        assert hand.done[-1].restarted == services
