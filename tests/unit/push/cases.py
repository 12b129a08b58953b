"""One small switch before and after, with everything that makes a push hard: splits, QoS on them, a secret, BGP."""

import copy

from rackwright import diff, secrets
from rackwright.push.changeset import Changeset, DeviceChanges, Step
from rackwright.push.digests import digest_of
from rackwright.push.impact import Impact
from rackwright.push.order import DeviceOrder, Limits, Order
from rackwright.push.route import route
from tests.unit.push.fake import Switch, masked

HASH = "$6$planned$hash"
OLD_HASH = "$6$factory$hash"
RESOLVERS = (secrets.Environment({"RACKWRIGHT_SECRET_SWITCH_HASH": HASH}),)

FACTORY = {
    "system": {"aaa": {"user": {"cumulus": {"role": "system-admin", "hashed-password": OLD_HASH}}}},
    "interface": {"eth0": {"type": "eth", "ip": {"vrf": "mgmt", "address": {"dhcp": {}}}}},
}

PLANNED = {
    "system": {
        "hostname": "be01",
        "aaa": {"user": {"cumulus": {"role": "system-admin", "hashed-password": {"secret": "switch_hash"}}}},
    },
    "interface": {
        "eth0": {"type": "eth", "ip": {"vrf": "mgmt", "address": {"10.10.0.10/22": {}}}},
        "swp1": {"type": "swp", "link": {"breakout": {"2x": {"lanes-per-port": "4"}}}},
        "swp1s0": {"type": "swp", "link": {"state": {"up": {}}}, "qos": {"pfc-watchdog": {"state": "enable"}}},
        "swp1s1": {"type": "swp", "link": {"state": {"up": {}}}, "qos": {"pfc-watchdog": {"state": "enable"}}},
        "swp9": {"type": "swp", "link": {"state": {"up": {}}}},
    },
    "router": {"bgp": {"enable": "on", "autonomous-system": 4200000001, "router-id": "10.255.0.1"}},
    "vrf": {"default": {"router": {"bgp": {"enable": "on", "neighbor": {"swp9": {"type": "unnumbered"}}}}}},
}


def changed(tree, *path, to):
    """Return a copy of a tree with one node set, or removed where `to` is None."""
    made = copy.deepcopy(tree)
    node = made
    for key in path[:-1]:
        node = node.setdefault(key, {})
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return made


RESPLIT = changed(
    changed(
        changed(PLANNED, "interface", "swp1", "link", "breakout", to={"4x": {"lanes-per-port": "2"}}),
        "interface", "swp1s1", to=None,
    ),
    "interface", "swp1s3", to={"type": "swp", "link": {"state": {"up": {}}}},
)  # fmt: skip
"""The same switch with a cage in use split anew: what hangs on it has to go first."""

LIMITS = Limits(confirm_s=600, settle_s=120, login_s=60, margin_s=30, gate_s=60, poll_s=5)


def real(tree):
    """Return a tree as it lies on the switch, its secret in place."""
    made = copy.deepcopy(tree)
    made["system"]["aaa"]["user"]["cumulus"]["hashed-password"] = HASH
    return made


def device_order(running, intended=PLANNED, *, name="be01", serial="X78DR64", unsaved=False):
    """Return what one switch is ordered, `running` being what its driver read."""
    stops = route(running, intended)
    changes = DeviceChanges(
        device=name,
        before=digest_of(running),
        planned=digest_of(intended),
        steps=tuple(Step(stop.name, stop.digest) for stop in stops),
        changes=diff.between(running, intended),
        unsaved=unsaved,
        impact=Impact(),
    )
    return DeviceOrder(changes=changes, intended=intended, nos="5.12.1", serial=serial)


def order(*devices, waves=None, neighbours=(), limits=LIMITS):
    """Return the order of a push to these switches, one wave unless said otherwise."""
    names = tuple(device.changes.device for device in devices)
    return Order(
        site="lab", intent="sha256:0", devices=devices, waves=waves or (("backend", names),),
        neighbours=tuple(neighbours), limits=limits,
    )  # fmt: skip


def factory(clock, **more):
    """Return a switch as it leaves the factory."""
    return Switch(FACTORY, clock, cabled=("swp1s0", "swp1s1", "swp9", "eth0"), **more)


def changeset(*devices, intent="sha256:0"):
    """Return a changeset of these switches."""
    return Changeset(site="lab", intent=intent, devices=tuple(device.changes for device in devices))


def read_from(switch):
    """Return what a driver reads from a switch."""
    return masked(switch.applied)
