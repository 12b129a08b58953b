"""VLAN interfaces across switches: item 23 of the validator list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rackwright.check.agreement import outliers
from rackwright.check.interfaces import Svi, section
from rackwright.check.model import Fabric, FileRule, Path
from rackwright.check.parts import PartRule
from rackwright.check.view import View
from rackwright.check.view_l3 import address_of, joined
from rackwright.findings import Finding

__all__ = ["GatewayPlace", "SviAddressTwice", "SviDiffers", "VlanWithoutVni"]


class SviAddressTwice(PartRule):
    """The address of a VLAN interface is one switch's own.

    Passes: unique addresses of one VLAN differ between switches and from the VRR address. Fails: every
    switch that has an address which another has too. Two fabrics that no cable joins may number alike.
    """

    id = "NVUE-SVI-ADDRESS-TWICE"
    item = "nvue.md 8.23"
    title = "SVI address is not unique"
    severity = "error"
    remedy = "give each switch its own address in the VLAN; the shared one belongs under vrr"
    source = "nvue.md 8.23"

    def among(self, views: Mapping[str, View]) -> Iterator[Finding]:
        """Collect the unique and the virtual addresses of each VLAN."""
        owners: dict[tuple[int, str], list[tuple[View, Svi, str]]] = {}
        virtual: set[tuple[int, str]] = set()
        for view in views.values():
            for svi in view.svis.values():
                vlan = svi.vlan or 0
                virtual.update((vlan, text.split("/")[0]) for text in svi.virtual)
                for text in svi.addresses:
                    owners.setdefault((vlan, text.split("/")[0]), []).append((view, svi, text))
        for (vlan, host), places in sorted(owners.items()):
            names = sorted({view.name for view, _, _ in places})
            if len(places) < 2 and (vlan, host) not in virtual:
                continue
            what = f"is on {joined(names)}" if len(places) > 1 else "is also the shared VRR address"
            for view, svi, text in places:
                path = ("interface", svi.interface.name, "ip", "address", text)
                yield self.fail(view, path, f"{host} of VLAN {vlan} {what}", expected="an address of its own")


class SviDiffers(PartRule):
    """What the VTEPs share of a VLAN interface is equal on all of them.

    Passes: VTEPs that carry a VLAN agree on its VRF, its VRR addresses, the VRR MAC and the prefix.
    Fails: the switch that differs from the majority; of a pair, both. Two fabrics that no cable joins may
    number alike.
    """

    id = "NVUE-SVI-DIFFERS"
    item = "nvue.md 8.23"
    title = "SVI differs between VTEPs"
    severity = "error"
    remedy = "make the VRF, the VRR addresses, the VRR MAC and the prefix of the VLAN equal on every VTEP"
    source = "nvue.md 8.23, 3.2"

    def among(self, views: Mapping[str, View]) -> Iterator[Finding]:
        """Compare each VLAN's SVIs over the devices that give it a VNI."""
        rows: dict[int, dict[str, Svi]] = {}
        for name, view in views.items():
            mapped = {item.vlan for item in view.vnis}
            for svi in view.svis.values():
                if svi.vlan in mapped and svi.vlan is not None:
                    rows.setdefault(svi.vlan, {})[name] = svi
        for vlan, svis in sorted(rows.items()):
            facets = {name: _shared_facets(views[name], svi) for name, svi in svis.items()}
            for facet in _FACETS:
                values = {name: found[facet][1] for name, found in facets.items()}
                for name in outliers(values):
                    others = sorted({value for device, value in values.items() if device != name} - {values[name]})
                    yield self.fail(
                        views[name],
                        facets[name][facet][0],
                        f"{facet} of VLAN {vlan} is {values[name] or 'not set'} here, elsewhere {joined(others)}",
                        expected=joined(others),
                        actual=values[name],
                        evidence=(f"{device}: {value}" for device, value in sorted(values.items())),
                    )


class VlanWithoutVni(PartRule):
    """A VLAN that is stretched by VXLAN has its VNI on every VTEP that carries it.

    Passes: a VTEP gives each of its VLANs a VNI where another VTEP does. Fails: the VTEP whose VLAN stays
    local, for want of a VNI or with one that cannot be (0, 16777216, a word). Two fabrics that no cable
    joins may number alike.
    """

    id = "NVUE-VLAN-WITHOUT-VNI"
    item = "nvue.md 8.23"
    title = "VLAN has no VNI on one VTEP"
    severity = "error"
    remedy = "give the VLAN its VNI on this switch too, or take the VLAN off the bridge"
    source = "nvue.md 8.23"

    def among(self, views: Mapping[str, View]) -> Iterator[Finding]:
        """Compare what is bridged with what is mapped, VTEP by VTEP."""
        mapped: dict[int, str] = {}
        for name, view in views.items():
            for item in (one for one in view.vnis if one.legal):
                mapped.setdefault(item.vlan, name)
        for view in views.values():
            if not view.vtep and view.vxlan.get("enable") != "on":
                continue
            own = {item.vlan for item in view.vnis if item.legal}
            for bridge in view.bridges:
                for vlan in sorted(view.bridge_vlans[bridge] - own):
                    if vlan in mapped:
                        yield self.fail(
                            view,
                            ("bridge", "domain", bridge, "vlan", str(vlan)),
                            f"VLAN {vlan} has no VNI here but has one on {mapped[vlan]}",
                        )


class GatewayPlace(FileRule):
    """A VLAN interface lies in a VRF that exists, its shared gateway in its own subnet.

    Passes: each VRR address is in the subnet of a unique address and the VRF is defined. Fails: a
    gateway outside, or an SVI in a VRF that the file does not define.
    """

    id = "NVUE-SVI-GATEWAY-PLACE"
    item = "nvue.md 8.23"
    title = "SVI gateway or VRF is out of place"
    severity = "error"
    remedy = "take the VRR address from the subnet of the SVI and name a VRF that is defined"
    source = "nvue.md 8.23, 3.2"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every SVI."""
        for svi in view.svis.values():
            base = ("interface", svi.interface.name, "ip")
            if svi.vrf not in {"default", "mgmt", "auto", *view.vrfs}:
                reason = f"{svi.interface.name} is in VRF {svi.vrf}, which is not defined"
                yield self.fail(view, (*base, "vrf"), reason, actual=svi.vrf)
            nets = [parsed.network for parsed in map(address_of, svi.addresses) if parsed is not None]
            for text in svi.virtual:
                gateway = address_of(text)
                if gateway is not None and nets and gateway.network not in nets:
                    yield self.fail(
                        view,
                        (*base, "vrr", "address", text),
                        f"the shared gateway {text} of {svi.interface.name} is in none of its subnets",
                        expected=joined(sorted(map(str, nets))),
                        actual=text,
                    )


_FACETS = ("VRF", "VRR address", "VRR MAC", "prefix")


def _shared_facets(view: View, svi: Svi) -> dict[str, tuple[Path, str]]:
    """Give what the VTEPs must agree on: the path of each facet and its value."""
    base: Path = ("interface", svi.interface.name, "ip")
    vrr = section(svi.interface.tree, "ip", "vrr")
    stated = next((key for key in ("mac-address", "mac-id") if key in vrr), "")
    mac_path = (*base, "vrr", stated) if stated else ("system", "global", "fabric-id")
    # The fabric id makes the MAC where the SVI states none; 1 is the switch's default (nvue.md 7b).
    mac = f"{stated} {vrr[stated]}" if stated else f"fabric-id {view.section('system', 'global').get('fabric-id', 1)}"
    nets = sorted(str(parsed.network) for parsed in map(address_of, svi.addresses) if parsed is not None)
    address = svi.addresses[0] if svi.addresses else ""
    virtual = svi.virtual[0] if len(svi.virtual) == 1 else ""
    return {
        "VRF": ((*base, "vrf"), svi.vrf),
        "VRR address": ((*base, "vrr", "address", *([virtual] if virtual else [])), " ".join(sorted(svi.virtual))),
        "VRR MAC": (mac_path, mac.lower() if svi.virtual else ""),
        "prefix": ((*base, "address", *([address] if address else [])), " ".join(nets)),
    }
