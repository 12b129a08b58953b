"""The switch itself: who it is, what runs on it, and whether its settings are the planned ones, kept, and alive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from rackwright.audit.evidence import FACTS, RUNNING, SHOW, STARTUP, UNKNOWN, Evidence
from rackwright.audit.ledger import Ledger, Untold
from rackwright.audit.model import DeviceCheck, Site, View
from rackwright.diff import Change, between
from rackwright.diff.changes import is_secret, masked
from rackwright.nvue.tree import Tree, get
from rackwright.plan.model import Switch

__all__ = ["Drift", "Identity", "Ntp", "Reached", "Roce", "Unsaved", "Version", "versions"]

TIME: Final = f"{SHOW}system date-time"
ROCE: Final = f"{SHOW}qos roce"

LOSSLESS_PRIORITY: Final = "3"
"""Switch priority that ``roce mode lossless`` protects by PFC, and its traffic class (nvue.md 3.5)."""
MARKED: Final = {"26": "3", "48": "6"}
"""DSCP -> switch priority: RoCE, and its congestion notifications (nvue.md 3.5)."""
POOLS: Final = {"default-lossy": "lossy-default-ingress", "roce-lossless": "roce-reserved-ingress"}
"""Traffic pool as configured -> as ``nv show qos roce`` calls its ingress side (5.12 guide)."""

_DHCP: Final = ("interface", "eth0", "ip", "address", "dhcp")
_LEASE: Final = "'rackwright push' gives it back, also where nothing else differs; before the lease ends"
_SHOWN: Final = 8


class Reached(DeviceCheck):
    """Each switch could be asked.

    Passes when a session was had. An error otherwise, with the reason; no other check speaks of that switch then.
    """

    id = "DEVICE-REACHED"
    title = "switches could be asked"
    remedy = "see its power, its management link and address, and the way in (key, password, pins)"
    source = "design.md 11: no evidence is an error, never a pass"
    asks: ClassVar[tuple[str, ...]] = (FACTS,)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter whether there is evidence."""
        if view.evidence is None:
            ledger.untold("", "it was not asked", remedy="audit it, or name a snapshot that holds it")
        elif view.evidence.error:
            ledger.untold("", f"could not be asked: {view.evidence.error}", remedy=view.evidence.remedy or self.remedy)
        else:
            ledger.right("session")

    def looked_at(self) -> tuple[str, ...]:
        """Name nothing: a session is evidence of itself."""
        return ()


class Identity(DeviceCheck):
    """The switch that answers is the one that is meant: name, model, and serial number where nodes.csv has one.

    Passes when all that is known agrees. Fails on each that does not: the box is another, or has another's configuration.
    """

    id = "DEVICE-IDENTITY"
    title = "name, model and serial number are the planned ones"
    remedy = "see which box stands there; correct nodes.csv, or exchange the boxes"
    source = "nv show system, nv show platform (Cumulus Linux 5.12); nodes.csv"
    asks: ClassVar[tuple[str, ...]] = (FACTS,)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each value that is known."""
        serial = next((row.serial for row in view.look.plan.devices if row.name == view.name), "")
        for key, expected in (("hostname", view.name), ("model", view.switch.model), ("serial", serial)):
            actual = str(view.facts.get(key) or "")
            if not expected:
                ledger.skip(f"nodes.csv has no {key} of it", path=key)
            elif not actual:
                ledger.untold(key, f"it does not tell its {key}")
            elif actual.lower() == expected.lower():
                ledger.right("value")
            else:
                ledger.wrong(key, f"its {key} is {actual}, not {expected}", expected=expected, actual=actual)


class Version(DeviceCheck):
    """The switch runs the validated NOS version.

    Passes on the version of the release. Fails on any other.
    """

    id = "NOS-VERSION"
    title = "the validated NOS version runs"
    remedy = "install the version of the release (rackwright release tells it)"
    source = "the release's row cumulus-linux"
    asks: ClassVar[tuple[str, ...]] = (FACTS,)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter the version."""
        told = str(view.facts.get("version") or "")
        release = view.look.site.catalog.releases.get(view.look.plan.release)
        rows = [row for row in release.components if view.switch.model in row.applies_to] if release else []
        spellings = {view.switch.nos, *(text for row in rows if row.version == view.switch.nos for text in row.equal)}
        if not told:
            raise Untold("it does not tell its version")
        if told in spellings:
            ledger.right("version")
        else:
            ledger.wrong("version", f"runs {told}, not {view.switch.nos}", expected=view.switch.nos, actual=told)


def versions(evidence: Evidence) -> dict[str, str]:
    """Return component -> version as a switch told: the operating system; ``not known`` where it does not tell, or could not be asked."""
    answer = evidence.by_question().get(FACTS)
    told = answer.value if answer and isinstance(answer.value, Mapping) else {}
    return {"Cumulus Linux": str(told.get("version") or UNKNOWN)}


class Ntp(DeviceCheck):
    """The clock of the switch follows its time servers.

    Passes when the system clock is synchronized. Fails when it is not. Skipped where no server is planned.
    """

    id = "NTP-SYNC"
    title = "clocks are synchronized"
    remedy = "see whether the planned time servers answer in the management VRF (ntpq -p)"
    source = "nv show system date-time (nv show service ntp mixes in discovered peers: RN-4246859)"
    asks: ClassVar[tuple[str, ...]] = (TIME,)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter the clock."""
        if not view.switch.system.ntp:
            ledger.skip("no time server is planned")
            return
        told = view.tree(TIME).get("system-clock-synchronized")
        if told is None:
            raise Untold(f"{TIME}: it does not tell whether the clock is synchronized")
        if told == "yes":
            ledger.right("clock")
        else:
            ledger.wrong(
                "clock", "its clock is not synchronized", expected="yes", actual=str(told),
                evidence=[f"servers planned: {', '.join(view.switch.system.ntp)}"],
            )  # fmt: skip


class Roce(DeviceCheck):
    """RoCE is set as planned and acts so: mode, priority flow control, ECN, markings and pools.

    Passes when all of them are. Fails on each that is not: one switch that differs drops or blocks traffic of all.
    """

    id = "ROCE"
    title = "RoCE mode, PFC, ECN, markings and pools"
    remedy = "push the planned configuration; set no QoS by hand"
    source = "nvue.md 3.5, 8.32; nv show qos roce (Cumulus Linux 5.12)"
    asks: ClassVar[tuple[str, ...]] = (ROCE,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only switches that are planned to carry RoCE are looked at."""
        return bool(switch.roce)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each setting."""
        told = view.tree(ROCE)
        for name, expected, actual in _roce(view.switch, told):
            if actual == expected:
                ledger.right("setting")
            else:
                ledger.wrong(
                    name, f"RoCE: {name} is {actual or 'not told'}, not {expected}", expected=expected, actual=actual,
                    evidence=[f"{ROCE}: {name.partition('.')[0]} {told.get(name.partition('.')[0])}"],
                )  # fmt: skip


def _roce(switch: Switch, told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (name, expected, actual) of each setting."""
    yield "enable", "on", str(told.get("enable", ""))
    yield "mode", switch.roce, str(told.get("mode", ""))
    if switch.roce != "lossy":
        yield "pfc.pfc-priority", LOSSLESS_PRIORITY, str(get(told, "pfc", "pfc-priority", default=""))
        for way in ("rx-enabled", "tx-enabled"):
            yield f"pfc.{way}", "enabled", str(get(told, "pfc", way, default=""))
    classes = str(get(told, "congestion-control", "enabled-tc", default="")).replace(" ", "").split(",")
    yield "congestion-control.congestion-mode", "ecn", _first(get(told, "congestion-control", "congestion-mode"))
    yield "congestion-control.enabled-tc", LOSSLESS_PRIORITY, LOSSLESS_PRIORITY * (LOSSLESS_PRIORITY in classes)
    for dscp, priority in MARKED.items():
        yield f"prio-map.dscp-{dscp}", priority, _priority(told.get("prio-map"), dscp)
    sizes = _sizes(told.get("pool"))
    for pool, percent in switch.roce_pools:
        if pool in POOLS:
            yield f"pool.{pool}", f"{percent}%", sizes.get(POOLS[pool], "")


def _first(mode: object) -> str:
    return str(mode or "").lower().partition(",")[0].strip()


def _priority(rows: object, dscp: str) -> str:
    """Return the switch priority that a DSCP is mapped to."""
    for row in _rows(rows):
        if dscp in str(row.get("dscp", "")).replace(" ", "").split(","):
            return str(row.get("switch-prio", ""))
    return ""


def _sizes(rows: object) -> dict[str, str]:
    return {str(row.get("name")): str(row.get("size", "")) for row in _rows(rows)}


def _rows(rows: object) -> list[Mapping[str, Any]]:
    return [row for row in rows.values() if isinstance(row, dict)] if isinstance(rows, dict) else []


class Drift(DeviceCheck):
    """What runs is what the plan renders.

    Passes when no leaf differs. Fails with one finding a section of the configuration, its differences as evidence; and where a run
    of ours moved eth0 off DHCP and was cut off before the old lease was given back, which no configuration shows.
    """

    id = "CONFIG-DRIFT"
    title = "running configuration is the planned one"
    remedy = "rackwright diff --against running shows all of it; push, or put the change into the plan"
    source = "nvue.md 4.2 (compared as trees, ranges expanded, masked secrets left out)"
    asks: ClassVar[tuple[str, ...]] = (RUNNING,)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each section that differs."""
        if view.look.intended is None:
            raise Untold("the planned configuration was not rendered: there is nothing to compare with")
        _compare(_changes(view.running, view.look.intended(view.switch)), "differ from the plan", ledger)
        if view.name in view.look.leases and get(view.running, *_DHCP) is None:
            ledger.wrong(
                "lease", "eth0 has left DHCP and its old lease still runs: its address goes when that ends (RN-4377862)",
                expected="given back", actual="held", remedy=_LEASE,
            )  # fmt: skip


class Unsaved(DeviceCheck):
    """What runs is what the switch would boot with.

    Passes when the startup configuration is the applied one. Fails when a restart would lose something.
    """

    id = "CONFIG-UNSAVED"
    title = "running configuration is saved"
    remedy = "nv config save on the switch, once what runs is what is wanted"
    source = "nvue.md 3.1, 4.1 (auto-save may be off); nv config show --rev startup"
    asks: ClassVar[tuple[str, ...]] = (RUNNING, STARTUP)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each section that a restart would change."""
        if not view.running:
            raise Untold("the running configuration is empty")
        _compare(_changes(view.tree(STARTUP), view.running), "are not saved", ledger)


def _changes(old: Tree, new: Tree) -> Sequence[Change]:
    # Most are equal but for secrets, which what ran has as stars; to see that costs a tenth of taking two trees apart.
    return () if old == new or old == masked(new) else between(old, new)


def _compare(changes: Sequence[Change], how: str, ledger: Ledger) -> None:
    sections: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        sections[change.path[0]].append(change)
    for section, found in sections.items():
        ledger.wrong(
            section, f"{len(found)} settings below {section} {how}", expected="0", actual=str(len(found)),
            evidence=_lines(found),
        )  # fmt: skip
    if not changes:
        ledger.right("configuration")


def _lines(changes: Sequence[Change]) -> Iterable[str]:
    for change in changes[:_SHOWN]:
        values = "" if is_secret(change.path) else f" {change.old!r} -> {change.new!r}"
        yield f"{change.op} {'.'.join(change.path)}{values}"
    if len(changes) > _SHOWN:
        yield f"and {len(changes) - _SHOWN} more"
