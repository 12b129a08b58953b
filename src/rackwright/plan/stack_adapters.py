"""The BlueField adapters of a host: identity, parameters, and how RoCE is marked, as the switches at the other end have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from rackwright.catalog.stack import AdapterProfile
from rackwright.nvue import roce
from rackwright.plan import machines
from rackwright.plan.model import Switch
from rackwright.plan.stack_frame import BLUEFIELD_KINDS, Frame, Host, settings
from rackwright.plan.stack_model import Adapter, Bluefield, Marking, Setting

__all__ = ["bluefield"]

_ENGINE: Final = {"nic": "1", "dpu": "0"}
"""INTERNAL_CPU_OFFLOAD_ENGINE: 1 switches the embedded CPU's offload off, which is NIC mode."""
_RAIL_ASIC: Final = "spectrum4"
"""Spectrum-X is Spectrum-4 and BlueField-3 together."""


def bluefield(shared: Frame, host: Host) -> Bluefield:
    """Return the adapters of a host and what they are set to; empty where it has none."""
    profiles = shared.once("profiles", lambda: _profiles(shared))
    adapters = tuple(_adapters(shared, host, profiles))
    if not adapters:
        return Bluefield()
    firmware = shared.components.get("bluefield-firmware")
    rails = [profile for profile in profiles if profile.on == "rails"]
    tuned = any(adapter.tuned for adapter in adapters)
    marking = _marking(shared, host)
    return Bluefield(
        adapters=adapters,
        firmware=(firmware.version or "") if firmware else "",
        equal=firmware.equal if firmware else (),
        image=shared.site.hosts.bluefield.image or "",
        runtime=shared.once("runtime", lambda: _runtime(rails)) if tuned else (),
        marking=marking,
        gap=max((_gap(shared, host, profile) for profile in rails), default=0) if tuned else 0,
        congestion_service=tuned and any(profile.congestion_service for profile in rails),
    )


def _runtime(rails: list[AdapterProfile]) -> tuple[Setting, ...]:
    return tuple(row for profile in rails for row in settings(profile.runtime, {}))


def _profiles(shared: Frame) -> list[AdapterProfile]:
    """Return the profiles that hold for the release's DOCA, the one that counts more last."""
    doca = shared.version("doca-host")
    rows = [row for row in shared.catalog.adapter_profiles.values() if row.doca in (None, doca)]
    return sorted(rows, key=lambda row: (row.rank, row.key))


def _adapters(shared: Frame, host: Host, profiles: list[AdapterProfile]) -> Iterator[Adapter]:
    names = {port.port: port.name for port in host.network.interfaces if port.port}
    wish = shared.site.hosts.bluefield
    for adapter in host.machine.adapters:
        if shared.catalog.nics[adapter.nic].kind not in BLUEFIELD_KINDS:
            continue
        far = [switch for port in adapter.ports if (switch := _switch(shared, port)) is not None]
        marked = any(switch.roce for switch in far)
        rail = next((port.rail for port in adapter.ports if port.rail), 0)
        tuned = marked and rail > 0 and all(shared.catalog.switches[one.model].asic == _RAIL_ASIC for one in far)
        mode = wish.modes.get(adapter.nic, "nic")
        on = {"all": True, "marked": marked, "rails": tuned}
        yield Adapter(
            name=adapter.name,
            nic=adapter.nic,
            macs=tuple(port.mac for port in adapter.ports),
            interfaces=tuple(names.get(port.port, "") for port in adapter.ports),
            rail=rail,
            slot=adapter.slot or 0,
            mode=mode,
            parts=adapter.parts,
            psid=wish.psids.get(adapter.nic, ""),
            nvconfig=shared.once(
                ("nvconfig", marked, tuned, len(adapter.ports), mode),
                partial(_parameters, [row for row in profiles if on[row.on]], len(adapter.ports), _ENGINE[mode]),
            ),
            marked=marked,
            tuned=tuned,
        )


def _parameters(profiles: list[AdapterProfile], ports: int, engine: str) -> tuple[Setting, ...]:
    """Return the parameters of one adapter, each once: those of a port for each of its ports."""
    found: dict[str, Setting] = {}
    numbers = {"cnp_dscp": str(roce.CNP_DSCP), "cnp_priority": str(roce.CNP_PRIORITY), "offload_engine": engine}
    for profile in profiles:
        for row in profile.nvconfig:
            each = range(1, ports + 1) if "{port}" in row.name else range(1)
            for port in each:
                found |= {one.name: one for one in settings([row], numbers | {"port": str(port)})}
    return tuple(found[name] for name in sorted(found))


def _switch(shared: Frame, port: machines.AdapterPort) -> Switch | None:
    return shared.switches.get(port.peer.partition(":")[0])


def _marking(shared: Frame, host: Host) -> Marking | None:
    """Return how the host's RoCE is marked; None where no switch that it is cabled to carries RoCE."""
    modes = {switch.roce for switch in _switches(shared, host).values() if switch.roce}
    if not modes:
        return None
    lossless = any(mode.startswith("lossless") for mode in modes)
    return Marking(roce.ROCE_DSCP, roce.ROCE_PRIORITY, roce.CNP_DSCP, roce.CNP_PRIORITY, lossless=lossless)


def _switches(shared: Frame, host: Host) -> Mapping[str, Switch]:
    ports = (port for adapter in host.machine.adapters for port in adapter.ports)
    return {switch.name: switch for port in ports if (switch := _switch(shared, port)) is not None}


def _gap(shared: Frame, host: Host, profile: AdapterProfile) -> int:
    """Return the inter-packet gap of the rails: tunnels make packets longer on the wire."""
    rails = (port for adapter in host.machine.adapters for port in adapter.ports if port.rail)
    far = [switch for port in rails if (switch := _switch(shared, port)) is not None]
    return profile.gap_tunnelled if any(switch.evpn for switch in far) else profile.gap_routed
