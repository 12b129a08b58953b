"""The lab as a push to hosts reaches it: sessions and plays over SSH, power by a BMC that is a hand on the node's switch."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rackwright.drivers.clock import WallClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.playing import play
from rackwright.drivers.hosts.ssh import connect
from rackwright.drivers.limits import Limits as Wire
from rackwright.drivers.login import Login
from rackwright.drivers.trust import Trust
from rackwright.errors import Unreachable
from rackwright.push.hosts.order import HostOrder, Limits, Order, StageOrder
from rackwright.push.hosts.program import PushHosts, shipped
from tests.lab.node import eventually
from tests.lab.play import SMALL
from tests.lab.yard import Yard

ASKING = {
    "kernel": "warm", "tuning": "warm", "ofed": "warm", "bluefield_firmware": "cold", "bluefield_config": "cold", "gpu_driver": "warm",
}  # fmt: skip
QUICK = Limits(login_s=20, blip_s=10, heed_s=20, boot_s=40, poll_s=0.2)


class Hand:
    """A BMC, as far as the power of a node goes."""

    def __init__(self, node):
        self.node = node

    def power(self):
        return "Off" if (self.node.place / "off").exists() else "On"

    def reset(self, kind):
        if kind == "On":
            self.node.on()
        else:
            self.node.off()
            # Its supervisor says so itself once the machine is gone: until then it cannot be switched on again.
            eventually(lambda: not self.node.inside("pgrep -f '[s]ystemd-nspawn|[s]shd -D' || true").strip())
            time.sleep(0.2)

    def close(self):
        pass


@dataclass
class LabWay:
    """How the nodes of a yard are reached."""

    yard: Yard
    state: Path
    clock: WallClock = field(default_factory=WallClock)
    resolvers: tuple = ()
    twin: bool = False
    database: str | None = None
    cycles: list[str] = field(default_factory=list)
    plays: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    heard: object = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self):
        self.answered = self.state / "answered"
        self.login = Login(self.yard.cluster.key)
        self.trust = Trust(self.state, known_hosts=self.yard.cluster.known_hosts)

    def host_endpoint(self, device):
        if device not in self.yard.documents:
            raise Unreachable(f"{device} cannot be reached", device=device)
        return Endpoint(device=device, host=self.yard[device].address, user="rackwright")

    def host(self, device, **_kwargs):
        return connect(
            self.host_endpoint(device),
            login=self.login,
            trust=self.trust,
            limits=Wire(connect_s=3, login_s=10, answer_s=20),
        )

    def play(self, what, *, heard=None, ask=None):
        self.plays.append((tuple(target.name for target in what.targets), what.targets[0].steps))

        def both(event):
            for one in (heard, self.heard):
                if one is not None:
                    one(event)

        return play(what, login=self.login, known_hosts=self.trust.known_hosts, heard=both)

    def bmc(self, device):
        with self.lock:
            self.cycles.append(device)
        return Hand(self.yard[device])


def host_of(yard, name, stages=None):
    """Return the order of one node, from its document."""
    document = yard.documents[name]["rackwright"]
    found = tuple(
        StageOrder(
            steps=tuple(stage["steps"]), reboot=stage["reboot"],
            asking={step: ASKING[step] for step in stage["steps"] if step in ASKING},
        )
        for stage in stages or document["stages"]
    )  # fmt: skip
    macs = tuple(adapter["mac"] for adapter in document["bluefield"]["adapters"])
    return HostOrder(
        device=name, tag=document["service_tag"], stages=found, variables={**yard.documents[name], **SMALL}, macs=macs
    )


def order_of(yard, names, waves=None, limits=QUICK, **kwargs):
    """Return the order of a push to nodes."""
    hosts = tuple(host_of(yard, name, **kwargs) for name in names)
    return Order(site="lab", intent="x", hosts=hosts, waves=waves or (("servers", tuple(names)),), limits=limits)


def program(way, jobs):
    """Return the program over the shipped playbooks."""
    return PushHosts(way, shipped(), jobs, gather_s=0.3)
