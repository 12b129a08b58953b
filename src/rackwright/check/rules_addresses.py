"""Addresses inside a switch, between switches and along each cable: what no item of the list says of layer 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from rackwright.check.agreement import grouped
from rackwright.check.interfaces import section
from rackwright.check.model import Cable, CablingRule, Fabric, FabricRule, FileRule, Path
from rackwright.check.spans import Span, span_of
from rackwright.check.view import View
from rackwright.check.view_l3 import components, joined
from rackwright.findings import Finding

__all__ = ["AddressTwice", "DistinguisherTwice", "LinkSubnets", "SubnetTwice", "VrfUndefined"]

_KNOWN_VRFS = frozenset({"default", "mgmt", "auto"})
_ELSEWHERE = frozenset({"loopback", "svi", "eth"})
"""Roles whose addresses other rules compare between switches."""


class SubnetTwice(FileRule):
    """Inside a VRF a subnet is on one interface.

    Passes: interfaces with subnets apart, several addresses of one subnet on one interface, a /32 that ports borrow
    from the loopback. Fails: an address that another interface of the VRF has too, or whose subnet overlaps that of
    another; the switch then sends what is for one interface out of the other.
    """

    id = "NVUE-SUBNET-TWICE"
    item = "addresses: inside a VRF"
    title = "Subnet is on two interfaces"
    severity = "error"
    remedy = "give each interface of the VRF a subnet of its own"
    source = "one connected route for each prefix of a VRF; nvue.md 7"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Sort the subnets of each VRF; those that overlap then stand beside each other."""
        known = grouped(
            (view.index.vrf_of.get(name, "default"), (span, name))
            for name, spans in view.addresses.items()
            for span in spans
        )
        for vrf, places in known.items():
            found = chain(_overlaps([one for one in places if not one[0].host]), _taken(places))
            told: set[tuple[str, str]] = set()
            for (span, name), (other, owner) in found:
                if (name, span.text) in told:
                    continue
                told.add((name, span.text))
                what = "is also on" if span.ip == other.ip else f"overlaps {other.text} of"
                yield self.fail(
                    view,
                    ("interface", name, "ip", "address", span.text),
                    f"{span.text} of {name} {what} {owner} in VRF {vrf}",
                    expected="a subnet of its own",
                    actual=f"{other.text} on {owner}",
                )


Place = tuple[Span, str]
"""An address and the interface that has it."""


def _overlaps(places: list[Place]) -> Iterator[tuple[Place, Place]]:
    """Give each place whose subnet overlaps that of another interface, with that one."""
    wide: Place | None = None
    for place in sorted(places, key=lambda one: (one[0].version, one[0].first, -one[0].last)):
        if wide is None or not wide[0].meets(place[0]):
            wide = place
        elif wide[1] != place[1]:
            yield wide, place
            yield place, wide


def _taken(places: list[Place]) -> Iterator[tuple[Place, Place]]:
    """Give each /32 that is the address of another interface's subnet, with that one, both ways."""
    owners = {(span.version, span.ip): (span, name) for span, name in places if not span.host}
    for span, name in places:
        other = owners.get((span.version, span.ip)) if span.host else None
        if other and other[1] != name:
            yield (span, name), other
            yield other, (span, name)


class AddressTwice(FabricRule):
    """An address of a port is one switch's own.

    Passes: routed ports of one fabric and VRF that all differ. Fails: every switch that has the address of a routed
    port of another one, also when both are the two ends of one cable. Two fabrics that no cable joins may number alike;
    loopbacks, VLAN interfaces and eth0 among themselves have rules of their own.
    """

    id = "NVUE-ADDRESS-TWICE"
    item = "addresses: between switches"
    title = "Address of a port is used twice"
    severity = "error"
    remedy = "give each end its own address; the two ends of a /31 have one each"
    source = "RFC 3021, nvue.md 7a"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Collect the places of each address, by fabric and VRF."""
        for names in components(fabric):
            owners: dict[tuple[str, int], list[tuple[View, str, Span]]] = {}
            for view in (fabric.views[name] for name in names):
                vrfs = view.index.vrf_of
                for name, spans in view.addresses.items():
                    vrf = vrfs.get(name, "default")
                    for span in spans:
                        owners.setdefault((vrf, span.ip), []).append((view, name, span))
            for (vrf, _), places in owners.items():
                if len(places) > 1:
                    yield from self._shared(vrf, places)

    def _shared(self, vrf: str, places: list[tuple[View, str, Span]]) -> Iterator[Finding]:
        """Report an address at every switch, where one place of it is a routed port."""
        devices = {view.name for view, _, _ in places}
        if len(devices) < 2 or not any(_own(*place) for place in places):
            return
        for view, name, span in places:
            others = [f"{other.name}:{port}" for other, port, _ in places if other is not view]
            yield self.fail(
                view,
                ("interface", name, "ip", "address", span.text),
                f"{span.plain} of {name} is also on {joined(others[:4])} in VRF {vrf}",
                expected="an address of its own",
                actual=span.text,
            )


def _own(view: View, name: str, span: Span) -> bool:
    """Tell whether an interface with this address is a routed port; a /32 is borrowed from a loopback."""
    return not span.host and view.interfaces[name].role not in _ELSEWHERE


class LinkSubnets(CablingRule):
    """The two ends of a cable are in one subnet, with an address each.

    Passes: 10.0.0.0/31 at one end and 10.0.0.1/31 at the other; a host in a subnet of the VLAN interface behind its
    port; an end without addresses, or of which nothing is known. Fails: ends in different subnets, a host with the
    address of the switch or with none at a routed port, a host with an address on a port that is neither routed nor bridged.
    """

    id = "CABLE-SUBNETS-DIFFER"
    item = "addresses: along a cable"
    title = "Ends of a link are in different subnets"
    severity = "error"
    remedy = "give both ends addresses of one subnet; render the site again where a file of the build was changed"
    source = "RFC 3021, nvue.md 7a, 8.13"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the addresses at both ends of each cable; one finding an interface, however many cables it serves."""
        apart: dict[tuple[str, str], list[_Apart]] = {}
        for cable in fabric.cables or ():
            one, two = cable.ends
            near, far = fabric.views.get(one[0]), fabric.views.get(two[0])
            if near and far:
                found = _between_switches(cable, near, far)
            elif near:
                found = _at_a_host(fabric, cable, near, one[1], two)
            elif far:
                found = _at_a_host(fabric, cable, far, two[1], one)
            else:
                continue
            for each in found:
                apart.setdefault((each.view.name, each.name), []).append(each)
        for cases in apart.values():
            yield self._told(cases)

    def _told(self, cases: list[_Apart]) -> Finding:
        """Say what each end of the first cable has, and name the others."""
        view, name, label, mine, theirs = cases[0]
        here, there = [span.text for span in mine], [span.text for span in theirs]
        path: Path = ("interface", name, *(("ip", "address", here[0]) if len(here) == 1 else ()))
        reason = (
            f"the link {label}: {joined(here) or 'no address'} here, {joined(there) or 'no address'} at the other end"
        )
        labels = [each.label for each in cases[:8]] if len(cases) > 1 else ()
        return self.fail(view, path, reason, expected="two addresses of one subnet", evidence=labels)


class _Apart(NamedTuple):
    """One cable whose ends do not fit: the switch and its interface, the link, the addresses here and there."""

    view: View
    name: str
    label: str
    mine: tuple[Span, ...]
    theirs: tuple[Span, ...]


def _between_switches(cable: Cable, near: View, far: View) -> Iterator[_Apart]:
    """Compare two switch ports; one address at both is AddressTwice's finding."""
    here, there = _served(near, cable.a_port), _served(far, cable.b_port)
    # Two VLAN interfaces behind one cable are reached through other ports too: several networks may share a VLAN.
    if not here or not there or {here[0], there[0]} <= {*near.svis, *far.svis} or _joined(here[1], there[1]):
        return
    yield _Apart(near, here[0], cable.label, here[1], there[1])
    yield _Apart(far, there[0], cable.label, there[1], here[1])


def _at_a_host(fabric: Fabric, cable: Cable, view: View, port: str, host: tuple[str, str]) -> Iterator[_Apart]:
    """Compare a switch port with what the host's end says."""
    end = fabric.hosts.get(host)
    if end is None or end.addresses is None:
        return
    theirs = tuple(span for span in map(span_of, end.addresses) if span)
    served = _served(view, port) if theirs else None
    if served is not None:
        name, mine = served
        same = {span.ip for span in mine} & {span.ip for span in theirs}
        if same or not _joined(mine, theirs):
            yield _Apart(view, name, cable.label, mine, theirs)
    elif not theirs and port in view.addresses:
        yield _Apart(view, port, cable.label, view.addresses[port], ())
    elif theirs and port in view.interfaces and port not in view.bridge_ports and not _bridged_bond(view, port):
        yield _Apart(view, port, cable.label, (), theirs)


def _served(view: View, port: str) -> tuple[str, tuple[Span, ...]] | None:
    """Give the interface whose subnets a port is in: itself, its bond, or the VLAN interface of its untagged VLAN."""
    for name in (port, *view.bonds_of.get(port, ())):
        if name in view.addresses:
            return name, view.addresses[name]
        bridged = view.bridge_ports.get(name)
        untagged = (bridged.access or bridged.untagged) if bridged else None
        for svi in view.svis.values() if untagged else ():
            if svi.vlan == untagged and svi.interface.name in view.addresses:
                return svi.interface.name, view.addresses[svi.interface.name]
    return None


def _bridged_bond(view: View, port: str) -> bool:
    """Tell whether a port is a member of a bond that is in a bridge."""
    return any(name in view.bridge_ports for name in view.bonds_of.get(port, ()))


def _joined(mine: Iterable[Span], theirs: Iterable[Span]) -> bool:
    """Tell whether one address of each end is of one subnet."""
    known = {span[:3] for span in mine}
    return any(span[:3] in known for span in theirs)


class VrfUndefined(FileRule):
    """A VRF that something names is defined.

    Passes: ``default``, ``mgmt`` and every VRF under ``vrf``. Fails: an interface in a VRF that the file does not
    define, or routes imported from one. (VLAN interfaces and services have rules of their own.)
    """

    id = "NVUE-VRF-UNDEFINED"
    item = "nvue.md 8.28"
    title = "VRF is not defined"
    severity = "error"
    remedy = "define the VRF, or name one that is"
    source = "nvue.md 8.28, 3.3"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every interface in a VRF, then at every route leak."""
        known = {*_KNOWN_VRFS, *view.vrfs}
        for name, vrf in view.index.vrf_of.items():
            if vrf not in known and name not in view.svis:
                path: Path = ("interface", name, "ip", "vrf")
                yield self.fail(view, path, f"{name} is in VRF {vrf}, which is not defined", actual=vrf)
        for instance in view.bgp.values():
            for family, body in section(instance.tree, "address-family").items():
                for vrf in section(body, "route-import", "from-vrf", "list"):
                    if vrf not in known:
                        path = (*instance.path, "address-family", family, "route-import", "from-vrf", "list", vrf)
                        reason = f"VRF {instance.vrf} imports routes of VRF {vrf}, which is not defined"
                        yield self.fail(view, path, reason, actual=vrf)


class DistinguisherTwice(FileRule):
    """Each VRF of a switch has its own route distinguisher.

    Passes: distinguishers that differ, or none, which the switch makes itself. Fails: two VRFs with one; their routes
    of one prefix then take each other's place.
    """

    id = "NVUE-RD-TWICE"
    item = "addresses: inside a VRF"
    title = "Route distinguisher is that of two VRFs"
    severity = "error"
    remedy = "give each VRF its own distinguisher, e.g. ROUTER-ID:NUMBER"
    source = "RFC 4364 section 4.2; nvue.md 7b"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Group the VRFs by distinguisher."""
        stated = ((str(one.tree["rd"]), one) for one in view.bgp.values() if "rd" in one.tree)
        for rd, instances in grouped(stated).items():
            for one in instances if len(instances) > 1 and rd != "auto" else ():
                others = joined([other.vrf for other in instances if other is not one])
                yield self.fail(view, (*one.path, "rd"), f"{rd} of VRF {one.vrf} is also that of {others}", actual=rd)
