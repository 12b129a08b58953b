"""The cable plan against the configurations: items 11 to 13 of the validator list, and what is beyond it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rackwright.check.interfaces import port_name, section
from rackwright.check.links import LinkEnd, ends
from rackwright.check.model import CablingRule, Fabric, Path
from rackwright.check.rules_physical import gbps, ways
from rackwright.check.view import View
from rackwright.findings import Finding

__all__ = [
    "CableMissing",
    "Description",
    "LegacyFourWay",
    "LinkEndsDiffer",
    "PortAbsentInConfig",
    "PortIdle",
    "PortTwice",
]

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class PortTwice(CablingRule):
    """A port takes one cable, and a cable has two different ends.

    Passes: every (device, port) in one link. Fails: a port in two links, or a link of a port to itself.
    """

    id = "CABLE-PORT-TWICE"
    item = "nvue.md 8.13"
    title = "Port has two cables"
    severity = "error"
    remedy = "give each link a port of its own"
    source = "nvue.md 8.13"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Count the links of each port."""
        seen: dict[tuple[str, str], str] = {}
        for cable in fabric.cables or ():
            for device, port in cable.ends:
                first = seen.setdefault((device, port), cable.label)
                if first is not cable.label and first != cable.label:
                    view = fabric.views.get(device)
                    yield self.report(
                        device,
                        ("interface", port) if view else (port,),
                        f"{device}:{port} is in two links: {first} and {cable.label}",
                        expected="one link",
                        actual=f"{first}; {cable.label}",
                    )
            if cable.ends[0] == cable.ends[1]:
                yield self.report(cable.a_device, (cable.a_port,), f"the link {cable.label} ends where it starts")


class PortAbsentInConfig(CablingRule):
    """Every cabled switch port exists once the configuration is applied.

    Passes: a cable in swp1s0 of a cage that is split 2x. Fails: a cable in a sub-port that no breakout makes,
    in the parent of a split cage, in a disabled cage, in a port that the model does not have.
    """

    id = "CABLE-PORT-ABSENT"
    item = "nvue.md 8.13"
    title = "Cable ends in a port that is not there"
    severity = "error"
    remedy = "correct the breakout or the cabling, so that both speak of the same ports"
    source = "nvue.md 8.13, RN-4309876"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at each switch end of each link."""
        for cable in fabric.cables or ():
            for device, name in cable.ends:
                view = fabric.views.get(device)
                why = _absent(view, name) if view is not None else ""
                if view is not None and why:
                    yield self.fail(view, ("interface", name), f"the link {cable.label}: {why}", actual=name)


def _absent(view: View, name: str) -> str:
    """Say why a front-panel port is not there; empty when it is (or when it is no front-panel port)."""
    port = port_name(name)
    if port is None:
        return "" if name in view.interfaces or name == "eth0" else f"{view.name} has no port {name}"
    facts = view.hardware
    if facts is not None and port.cage not in facts.cages:
        return f"{facts.name} has no {port.parent}"
    split = view.breakouts.get(port.cage)
    if split is not None and split.ways == 0:
        return f"{port.parent} is disabled"
    if port.sub is None:
        return f"{name} is split {split.mode}" if split is not None and ways(split) else ""
    if port.sub >= ways(split):
        return f"{port.parent} is {f'split {split.mode}' if split else 'not split'}"
    return ""


class PortIdle(CablingRule):
    """Every cabled switch port is configured and not held down.

    Passes: a port with a stanza of its own, or in a bond. Fails: a cabled port that the configuration does
    not mention, or sets to ``link state down``; links marked optional are left alone.
    """

    id = "CABLE-PORT-IDLE"
    item = "nvue.md 8.13"
    title = "Cabled port is down or not configured"
    severity = "error"
    remedy = "configure the port, or take the link out of the cabling"
    source = "nvue.md 8.13"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at each switch end of each link."""
        for cable in fabric.cables or ():
            for device, name in cable.ends if not cable.optional else ():
                view = fabric.views.get(device)
                # A port that cannot be there is PortAbsentInConfig's finding, not also an idle one.
                if view is None or not view.tree or name == "eth0" or _absent(view, name):
                    continue
                if "down" in _states(view, name):
                    path: Path = ("interface", name, "link", "state", "down")
                    yield self.fail(view, path, f"{name} of the link {cable.label} is held down", actual="down")
                elif name not in view.interfaces and name not in view.bonds_of:
                    yield self.fail(view, ("interface", name), f"{name} of the link {cable.label} is not configured")


def _states(view: View, name: str) -> tuple[str, ...]:
    """Give the admin states that a port states."""
    return tuple(section(view.index.links.get(name, {}), "state"))


class CableMissing(CablingRule):
    """Everything that needs a link has one.

    Passes: each host port of the plan, each unnumbered BGP neighbor and each multihoming uplink is in the
    cabling. Fails: one that is not.
    """

    id = "CABLE-MISSING"
    item = "nvue.md 8.13"
    title = "Port in use has no cable"
    severity = "error"
    remedy = "add the link to the cabling, or take the use away"
    source = "nvue.md 8.13"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at what the hosts and the trees expect."""
        cabled = fabric.far_ends
        for device, port in fabric.hosts:
            if (device, port) not in cabled:
                yield self.report(device, (port,), f"{device}:{port} is planned and has no cable")
        for view in fabric.views.values():
            for neighbor in view.neighbors:
                # A neighbor over a VLAN interface or a bond has no port of its own.
                if port_name(neighbor.name) and (view.name, neighbor.name) not in cabled:
                    yield self.fail(view, neighbor.path, f"BGP neighbor {neighbor.name} has no cable")
            for name in view.uplinks:
                if port_name(name) and (view.name, name) not in cabled:
                    path = ("interface", name, "evpn", "multihoming", "uplink")
                    yield self.fail(view, path, f"multihoming uplink {name} has no cable")


class Description(CablingRule):
    """A port's description names the device at the other end, if it names a device at all.

    Passes: ``to gpu01`` on the port cabled to gpu01, and free text without a device name. Fails: the name of
    another device; LLDP will contradict it, and whoever pulls that cable pulls the wrong one.
    """

    id = "CABLE-DESCRIPTION"
    item = "nvue.md 8.13"
    title = "Description names another device"
    severity = "warning"
    remedy = "correct the description or the cabling"
    source = "nvue.md 8.13"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look for device names in the descriptions of cabled ports."""
        names = {device for cable in fabric.cables or () for device, _ in cable.ends}
        for (device, port), (far, _, _) in fabric.far_ends.items():
            view = fabric.views.get(device)
            entry = view.interfaces.get(port) if view else None
            text = entry.tree.get("description") if entry else None
            if view is None or not isinstance(text, str):
                continue
            named = [word for word in _WORD.findall(text) if word in names and word != device]
            if named and far not in named:
                yield self.fail(
                    view,
                    ("interface", port, "description"),
                    f"{port} is described as {text!r} and is cabled to {far}",
                    expected=far,
                    actual=", ".join(named),
                )


class LinkEndsDiffer(CablingRule):
    """Both ends of a link say the same about speed, FEC and auto-negotiation.

    Passes: equal settings, or none at both ends; toward a host, a speed that the host's port runs. Fails: one
    end sets what the other does not, or sets it differently. (MTU is the rule of item 37.)
    """

    id = "CABLE-LINK-ENDS-DIFFER"
    item = "nvue.md 8.12"
    title = "Ends of a link disagree"
    severity = "error"
    remedy = "set both ends alike, or neither"
    source = "nvue.md 8.12"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the link settings of both ends."""
        for cable in fabric.cables or ():
            one, two = ends(fabric, cable)
            if one.view and two.view:
                for key in ("speed", "fec", "auto-negotiate"):
                    here, there = one.link.get(key), two.link.get(key)
                    if here != there:
                        near, far = (one, two) if here is not None else (two, one)
                        yield self._differ(near, key, far.name, str(far.link.get(key, "nothing")))
            else:
                near, far = (one, two) if one.view else (two, one)
                host = fabric.hosts.get((far.device, far.port))
                speed = gbps(near.link.get("speed"))
                if host and host.speed_gbps and speed and speed != host.speed_gbps:
                    yield self._differ(near, "speed", far.name, f"{host.speed_gbps:g}G")

    def _differ(self, near: LinkEnd, key: str, far: str, there: str) -> Finding:
        """Say what one end has and the other has not."""
        here = str(near.link.get(key))
        path = ("interface", near.port, "link", key)
        place = near.view.device.place(path) if near.view else None
        return self.report(
            near.device,
            path,
            f"{near.name} has {key} {here}, {far} has {there}",
            expected=there,
            actual=here,
            location=place,
        )


class LegacyFourWay(CablingRule):
    """A 4x split toward an older switch has one lane a port.

    Passes: ``4x lanes-per-port 1`` toward a Spectrum-1 to 3 peer, or any 4x toward Spectrum-4 and hosts. Fails:
    two lanes a port (the default since 5.9) toward an SN2201.
    """

    id = "CABLE-4X-TO-OLD-SWITCH"
    item = "nvue.md 8.11"
    title = "4x split of two lanes toward an older switch"
    severity = "error"
    remedy = "set lanes-per-port 1 on the 4x split"
    source = "RN-3819945; nvue.md 3.2"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at the 4x splits that face a switch of an older ASIC."""
        told: set[tuple[str, int]] = set()
        for (device, name), (far, _, _) in fabric.far_ends.items():
            port, view, peer = port_name(name), fabric.views.get(device), fabric.views.get(far)
            old = peer is not None and peer.hardware is not None and peer.hardware.asic in _OLD
            if port is None or port.sub is None or view is None or not old:
                continue
            split = view.breakouts.get(port.cage)
            if split is None or split.mode != "4x" or split.lanes == 1 or (device, port.cage) in told:
                continue
            # SN2201 to SN2201 splits 4 lanes in four anyway.
            if view.hardware and view.hardware.asic in _OLD:
                continue
            told.add((device, port.cage))
            yield self.fail(
                view,
                (*split.path, "lanes-per-port"),
                f"{split.name} is split 4x and faces {far}",
                expected="1 lane a port",
                actual=f"{split.lanes or 2} lanes a port",
            )


_OLD = frozenset({"spectrum1", "spectrum2", "spectrum3"})
