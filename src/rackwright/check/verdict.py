"""Judging: every rule over everything it applies to, and what came out.

A rule that finds nothing has *passed* and is counted; only what somebody must look at (fail, error,
skipped) is a finding, so that a fabric of thousands of switches gives a report of a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from rackwright.check.model import CablingRule, Fabric, FabricRule, FileRule, Need, Rule
from rackwright.check.view import View
from rackwright.findings import Finding, Status, finding, sort_key

__all__ = ["Report", "Shortage", "judge"]

FABRIC = "fabric"
"""The subject of a finding that is about no single device."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Evidence that is not there: ``error`` when it should be, ``skipped`` when nobody promised it."""

    status: Status
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check run found, and how much it looked at.

    ``passes`` counts by rule id the subjects (devices, or the fabric) on which the rule found
    nothing. ``elsewhere`` are the ids of rules that only a diff can judge.
    """

    findings: tuple[Finding, ...]
    passes: Mapping[str, int] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def of(self, status: Status) -> tuple[Finding, ...]:
        """Give the findings of one status, in the order of the report."""
        return tuple(item for item in self.findings if item.status == status)

    @property
    def clean(self) -> bool:
        """Tell whether nothing is wrong and nothing stayed unknown; what was skipped does not count."""
        return all(item.status == "skipped" for item in self.findings)


_NO_TREE = Shortage("error", "the configuration is empty", "give a file that has a `set` section")
_NO_INTERFACE = Shortage("error", "the configuration has no interface", "give the whole configuration of the switch")
_NO_MODEL = Shortage("skipped", "the switch model is not known", "state it with --model, e.g. --model sn5600")
_NO_PEERS = Shortage("skipped", "there is only one configuration", "give the files of all switches together")
_NO_CABLING = Shortage("skipped", "no cabling was given", "check a build folder, or give the cabling beside the files")
_NO_CABLES = Shortage("error", "the cabling has no link", "plan the cabling again")
_NO_HOSTS = Shortage("skipped", "nothing is known about the hosts", "check a build folder, or give the host ends")
_NO_RAILS = Shortage("skipped", "no rail plan was given", "check a build folder")
_NO_ADDRESSES = Shortage("skipped", "no management addresses were given", "check a build folder")


def judge(fabric: Fabric, rules: Iterable[Rule], *, only: Collection[str] | None = None) -> Report:
    """Judge every rule over the fabric; findings are sorted by place, then subject, path and rule.

    ``only`` limits the rules over one tree to these devices; rules over the fabric see them all.
    """
    found: list[Finding] = []
    passes: Counter[str] = Counter()
    short: dict[tuple[Rule, Shortage], list[str]] = {}
    chosen = sorted(rules, key=lambda rule: rule.id)
    whole = _fabric_shortages(fabric)
    wide = [rule for rule in chosen if isinstance(rule, FabricRule | CablingRule)]
    narrow = [rule for rule in chosen if isinstance(rule, FileRule)]
    for rule in wide:
        lack = _first(rule, whole)
        if lack is None:
            _keep(found, passes, rule, list(rule.judge(fabric)))
        else:
            short.setdefault((rule, lack), []).append(FABRIC)
    for name, view in fabric.views.items():
        if only is not None and name not in only:
            continue
        lacks = whole | _view_shortages(view)
        for one in narrow:
            lack = _first(one, lacks)
            if lack is None:
                _keep(found, passes, one, list(one.judge(view, fabric)))
            else:
                short.setdefault((one, lack), []).append(name)
    found.extend(item for (rule, lack), names in short.items() for item in _short(rule, lack, names))
    elsewhere = tuple(rule.id for rule in chosen if rule.kind == "diff")
    return Report(tuple(sorted(found, key=sort_key)), dict(passes), tuple(fabric.views), elsewhere)


def _keep(found: list[Finding], passes: Counter[str], rule: Rule, results: list[Finding]) -> None:
    """Keep the findings of one rule on one subject, or count a pass."""
    if results:
        found.extend(results)
    else:
        passes[rule.id] += 1


def _first(rule: Rule, lacks: Mapping[Need, Shortage]) -> Shortage | None:
    """Give the first need of a rule that is not met."""
    for need in rule.needs:
        if need in lacks:
            return lacks[need]
    return None


def _fabric_shortages(fabric: Fabric) -> dict[Need, Shortage]:
    """Say which evidence the fabric as a whole does not have."""
    lacks: dict[Need, Shortage] = {}
    if len(fabric.devices) < 2:
        lacks["peers"] = _NO_PEERS if fabric.devices else _NO_TREE
    elif not any(device.tree for device in fabric.devices.values()):
        lacks["peers"] = _NO_TREE
    if not fabric.cables:
        lacks["cables"] = _NO_CABLING if fabric.cables is None else _NO_CABLES
    if not fabric.hosts:
        lacks["hosts"] = _NO_HOSTS
    if not fabric.rails:
        lacks["rails"] = _NO_RAILS
    if fabric.addresses is None and fabric.macs is None:
        lacks["addresses"] = _NO_ADDRESSES
    return lacks


def _view_shortages(view: View) -> dict[Need, Shortage]:
    """Say which evidence one device does not have."""
    lacks: dict[Need, Shortage] = {}
    if not view.tree:
        lacks["tree"] = _NO_TREE
    if not view.section("interface"):
        lacks["interfaces"] = _NO_INTERFACE if view.tree else _NO_TREE
    if view.hardware is None:
        lacks["model"] = _NO_MODEL
    return lacks


def _short(rule: Rule, lack: Shortage, names: list[str]) -> list[Finding]:
    """Turn missing evidence into findings: one a device for an error, one for all that was skipped."""
    subjects = names if lack.status == "error" or len(names) == 1 else [FABRIC]
    return [
        finding(
            rule.id,
            subject,
            f"{rule.title}: not judged, {lack.reason}",
            remedy=lack.remedy,
            status=lack.status,
            severity="error" if lack.status == "error" else "info",
            evidence=names if subject == FABRIC and names != [FABRIC] else (),
            source=rule.source,
        )
        for subject in subjects
    ]
