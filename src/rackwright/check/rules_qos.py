"""RoCE, PFC and ECN: items 32, 33 and 34 of the validator list."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check.agreement import outliers
from rackwright.check.interfaces import number, section
from rackwright.check.model import Fabric, FabricRule, FileRule, Path, Tree
from rackwright.check.view import View
from rackwright.check.view_l3 import components, joined
from rackwright.findings import Finding
from rackwright.nvue.roce import ROCE_DSCP, ROCE_PRIORITY

__all__ = ["EcnThreshold", "PfcWatchdog", "RoceDiffers", "RocePools", "RocePriority"]

ECN_STEP_BYTES = 192 * 64
"""Spectrum-4 counts ECN thresholds in 64 cells of 192 bytes (RN-4347029)."""

_POOLS: Path = ("qos", "traffic-pool")


class RocePools(FileRule):
    """The traffic pools share out no more than there is, and fit the RoCE mode.

    Passes: shares sum up to at most 100 percent; a lossless pool only with lossless RoCE. Fails: more than
    100 percent, or a lossless pool without lossless RoCE.
    """

    id = "NVUE-ROCE-POOLS"
    item = "nvue.md 8.32"
    title = "Traffic pools do not fit"
    severity = "error"
    remedy = "let the shares sum up to 100 percent, and use roce-lossless only with qos roce mode lossless"
    source = "nvue.md 8.32, 3.5"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Add the shares up and look at the mode."""
        shares = {
            pool: number(section(body).get("memory-percent")) or 0 for pool, body in view.section(*_POOLS).items()
        }
        total = sum(shares.values())
        if total > 100:
            evidence = [f"{pool}: {share}" for pool, share in sorted(shares.items())]
            yield self.fail(view, _POOLS, f"the traffic pools take {total} percent", expected="100", evidence=evidence)
        if "roce-lossless" in shares and not view.roce_mode.startswith("lossless"):
            actual = view.roce_mode or "off"
            reason = f"there is a pool roce-lossless, but RoCE is {actual}"
            yield self.fail(view, (*_POOLS, "roce-lossless"), reason, expected="RoCE lossless", actual=actual)


class RocePriority(FileRule):
    """RoCE traffic of the hosts arrives in a priority that PFC protects.

    Passes: the DSCP that hosts send (26 where nothing is known of them) maps to a switch priority with
    PFC, the hosts' own priority where it is known. Fails: another mapping, or PFC on other priorities only.
    """

    id = "NVUE-ROCE-PRIORITY"
    item = "nvue.md 8.32"
    title = "RoCE priority differs between switch and hosts"
    severity = "error"
    remedy = "map the hosts' DSCP to the switch priority that has PFC, as qos roce does by itself"
    source = "nvue.md 8.32, 3.5"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Follow each DSCP through mapping and PFC."""
        if not view.roce_mode.startswith("lossless"):
            return
        pfc = view.section("qos", "pfc", "default-global", "switch-priority")
        protected = {value for value in map(number, pfc) if value is not None} or {ROCE_PRIORITY}
        for dscp, wanted in sorted(_host_markings(view, fabric), key=str):
            path: Path = ("qos", "mapping", "default-global", "dscp", str(dscp), "switch-priority")
            stated = number(view.section(*path[:-1]).get("switch-priority"))
            priority = ROCE_PRIORITY if stated is None else stated
            place = ("qos", "pfc", "default-global", "switch-priority") if stated is None else path
            if wanted is not None and priority != wanted:
                reason = f"DSCP {dscp} is priority {priority} here and {wanted} on the hosts"
                yield self.fail(view, path, reason, expected=str(wanted), actual=str(priority))
            elif priority not in protected:
                reason = f"DSCP {dscp} is priority {priority}, PFC protects {joined(sorted(protected))}"
                yield self.fail(view, place, reason, expected=str(priority), actual=joined(sorted(protected)))


class RoceDiffers(FabricRule):
    """RoCE is the same on all switches of a fabric.

    Passes: switches that can do RoCE and that are cabled to each other agree on it being on, on its mode
    and on the pools; without cabling, VTEPs are compared with VTEPs and other switches with other switches. Fails:
    the switch that differs from the majority; of two, both.
    """

    id = "NVUE-ROCE-DIFFERS"
    item = "nvue.md 8.32"
    title = "RoCE differs across the fabric"
    severity = "error"
    remedy = "give every switch of the fabric the same qos roce and traffic-pool settings"
    source = "nvue.md 8.32, 3.5"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the switches of each fabric, facet by facet."""
        for group in _roce_groups(fabric):
            facets = {view.name: _roce_facets(view) for view in group}
            names = sorted({facet for found in facets.values() for facet in found})
            for facet in names if len(group) > 1 else ():
                values = {name: found.get(facet, "not set") for name, found in facets.items()}
                for name in outliers(values):
                    others = sorted({value for device, value in values.items() if device != name} - {values[name]})
                    yield self.fail(
                        fabric.views[name],
                        ("qos", *facet.split(" ")),
                        f"{facet} is {values[name]} here, {joined(others)} on other switches",
                        expected=joined(others),
                        actual=values[name],
                        evidence=(f"{device}: {value}" for device, value in sorted(values.items())[:8]),
                    )


class EcnThreshold(FileRule):
    """ECN thresholds are ones that the ASIC can hold.

    Passes: the lower threshold is below the upper one and, on Spectrum-4, a multiple of 12 KB (12288 bytes).
    Fails: else.
    """

    id = "NVUE-ECN-THRESHOLD"
    item = "nvue.md 8.33"
    title = "ECN threshold does not fit the ASIC"
    severity = "error"
    remedy = "take a min-threshold that is a multiple of 12288 bytes and below max-threshold"
    source = "RN-4347029, nvue.md 8.33"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every traffic class of every profile."""
        spectrum4 = view.hardware is not None and view.hardware.asic == "spectrum4"
        for profile in view.section("qos", "congestion-control"):
            path: Path = ("qos", "congestion-control", profile, "traffic-class")
            for traffic_class, body in view.section(*path).items():
                least = number(section(body).get("min-threshold"))
                most = number(section(body).get("max-threshold"))
                leaf = (*path, traffic_class, "min-threshold")
                if least is not None and most is not None and least >= most:
                    reason = f"min-threshold {least} of {profile} is not below max-threshold {most}"
                    yield self.fail(view, leaf, reason, expected=f"below {most}", actual=str(least))
                elif least is not None and spectrum4 and least % ECN_STEP_BYTES:
                    near = max(ECN_STEP_BYTES, round(least / ECN_STEP_BYTES) * ECN_STEP_BYTES)
                    reason = f"min-threshold {least} of {profile} is no multiple of {ECN_STEP_BYTES}"
                    yield self.fail(view, leaf, reason, expected=str(near), actual=str(least))


class PfcWatchdog(FileRule):
    """The PFC watchdog stands on physical ports with PFC.

    Passes: a front-panel port (bond members too) of a switch with lossless RoCE or a PFC profile. Fails: a bond, an
    SVI or any other interface, or a port without PFC; NVUE refuses them.
    """

    id = "NVUE-PFC-WATCHDOG"
    item = "nvue.md 8.34"
    title = "PFC watchdog on a port that cannot have it"
    severity = "error"
    remedy = "set the watchdog on the front-panel port itself, and PFC (qos roce lossless) on the switch"
    source = "nvue.md 8.34, 3.5"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every port with the watchdog."""
        everywhere = view.roce_mode.startswith("lossless") or bool(
            section(view.section("qos", "pfc"), "default-global")
        )
        for name, entry in view.index.watchdogs.items():
            path = ("interface", name, "qos", "pfc-watchdog", "state")
            if entry.role not in ("swp", "sub-port"):
                yield self.fail(view, path, f"{name} is no physical port ({entry.role})", expected="its members")
            elif not everywhere and not section(entry.tree, "qos", "pfc"):
                yield self.fail(view, path, f"{name} has the PFC watchdog, but no PFC", expected="lossless RoCE")


def _host_markings(view: View, fabric: Fabric) -> set[tuple[int, int | None]]:
    """Give (DSCP, priority) of the RoCE hosts behind a switch; the RoCE default and no priority without any."""
    ends = (fabric.far_host(view.name, port) for port in (*view.index.swps, *view.subports))
    found = {(end.dscp, end.pfc_priority) for end in ends if end is not None and end.roce and end.dscp is not None}
    return found or {(ROCE_DSCP, None)}


def _roce_groups(fabric: Fabric) -> Iterator[list[View]]:
    """Give the switches that should agree: those of one fabric that can do RoCE, where any has it on."""
    for names in components(fabric):
        able = [fabric.views[name] for name in names if _can_roce(fabric.views[name])]
        kinds = ([view for view in able if view.vtep], [view for view in able if not view.vtep])
        for group in [able] if fabric.cables else kinds:
            if any(view.roce_enabled for view in group):
                yield group


def _can_roce(view: View) -> bool:
    """Tell whether a switch has RoCE or could have; one of an unknown model counts only when it has."""
    return view.roce_enabled or (view.hardware is not None and "roce" in view.hardware.features)


def _roce_facets(view: View) -> dict[str, str]:
    """Give what switches of a fabric agree on, by path below ``qos``."""
    facets = {"roce enable": "on" if view.roce_enabled else "off"}
    if view.roce_enabled:
        facets["roce mode"] = view.roce_mode
    pools: Tree = view.section(*_POOLS)
    for pool, body in pools.items():
        facets[f"traffic-pool {pool} memory-percent"] = str(section(body).get("memory-percent", "not set"))
    return facets
