"""Judging: every rule over everything it applies to, and what came out.

A rule that finds nothing has *passed* and is counted; only what somebody must look at (fail, error,
skipped) is a finding, so that a fabric of thousands of switches gives a report of a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rackwright.check.model import CablingRule, Fabric, FabricRule, FileRule, Need, Rule
from rackwright.check.view import View
from rackwright.findings import Finding, Status, finding, sort_key

__all__ = ["Report", "Shortage", "judge"]

NO_EVIDENCE = "CHECK-NO-EVIDENCE"
"""The check that a finding names when several rules lack the same evidence."""

FABRIC = "fabric"
"""The subject of a finding that is about no single device."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Evidence that is not there: ``error`` when it should be, ``skipped`` when nobody promised it."""

    need: str
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


_NO_TREE = Shortage("tree", "error", "the configuration is empty", "give a file that has a `set` section")
_NO_INTERFACE = Shortage(
    "interfaces", "error", "the configuration has no interface", "give the whole configuration of the switch"
)
_NO_MODEL = Shortage("model", "skipped", "the switch model is not known", "state it with --model, e.g. --model sn5600")
_NO_NOS = Shortage(
    "nos", "skipped", "there is no schema for its NOS version", "state a version that is known, e.g. --nos 5.12.1"
)
_NO_PEERS = Shortage("peers", "skipped", "there is only one configuration", "give the files of all switches together")
_NO_CABLING = Shortage(
    "cables", "skipped", "no cabling was given", "check a build folder, or give the cabling beside the files"
)
_NO_CABLES = Shortage("cables", "error", "the cabling has no link", "plan the cabling again")
_NO_HOSTS = Shortage(
    "hosts", "skipped", "nothing is known about the hosts", "check a build folder, or give the host ends"
)
_NO_RAILS = Shortage("rails", "skipped", "no rail is known", "check a build folder")
_NO_ADDRESSES = Shortage(
    "addresses",
    "skipped",
    "no management address is known",
    "check a build folder, or give switches with a static eth0",
)
_NO_MACS = Shortage("macs", "skipped", "no MAC address is known", "give them in nodes.csv")


def judge(fabric: Fabric, rules: Iterable[Rule], *, only: Collection[str] | None = None) -> Report:
    """Judge every rule over the fabric; findings are sorted by place, then subject, path and rule.

    ``only`` limits the rules over one tree to these devices; rules over the fabric see them all.
    """
    found = [item for device in fabric.devices.values() for item in device.problems]
    passes: Counter[str] = Counter()
    short: dict[tuple[Shortage, str], list[Rule]] = {}
    chosen = sorted(rules, key=lambda rule: rule.id)
    whole = _fabric_shortages(fabric)
    narrow = [rule for rule in chosen if isinstance(rule, FileRule)]
    for rule in chosen:
        if isinstance(rule, FabricRule | CablingRule):
            lack = _first(rule, whole)
            if lack is None:
                _keep(found, passes, rule, list(rule.judge(fabric)))
            else:
                short.setdefault((lack, FABRIC), []).append(rule)
    for name, view in fabric.views.items():
        if only is not None and name not in only:
            continue
        lacks = whole | _view_shortages(view)
        for one in narrow:
            lack = _first(one, lacks)
            if lack is None:
                _keep(found, passes, one, list(one.judge(view, fabric)))
            else:
                short.setdefault((lack, name), []).append(one)
    found.extend(_shortages(short))
    elsewhere = tuple(rule.id for rule in chosen if rule.kind == "diff")
    return Report(tuple(sorted(found, key=sort_key)), dict(passes), tuple(fabric.views), elsewhere)


def _shortages(short: Mapping[tuple[Shortage, str], list[Rule]]) -> Iterator[Finding]:
    """Group the subjects that lack the same evidence for the same rules."""
    groups: dict[tuple[Shortage, tuple[str, ...]], tuple[list[str], list[Rule]]] = {}
    for (lack, name), rules in short.items():
        names, _ = groups.setdefault((lack, tuple(rule.id for rule in rules)), ([], rules))
        names.append(name)
    for (lack, _), (names, rules) in groups.items():
        yield from _short(lack, names, rules)


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
    if not fabric.addresses and not any("eth0" in view.index.addressed for view in fabric.views.values()):
        lacks["addresses"] = _NO_ADDRESSES
    if not fabric.macs:
        lacks["macs"] = _NO_MACS
    return lacks


def _view_shortages(view: View) -> dict[Need, Shortage]:
    """Say which evidence one device does not have."""
    lacks: dict[Need, Shortage] = {}
    if not view.tree:
        lacks["tree"] = _NO_TREE
    if not view.section("interface"):
        lacks["interfaces"] = _NO_INTERFACE if view.tree else _NO_TREE
    if view.hardware is None:
        lacks["model"] = _no_row(view.device.model) if view.device.model else _NO_MODEL
    if view.schema is None:
        lacks["nos"] = _NO_NOS
    return lacks


def _no_row(model: str) -> Shortage:
    """Say that a model is stated and that the shipped catalog does not describe it."""
    reason = f"the shipped catalog does not describe the switch model {model}"
    return Shortage("model", "skipped", reason, "check the site, whose catalog does: rackwright check SITE")


def _short(lack: Shortage, names: list[str], rules: list[Rule]) -> list[Finding]:
    """Turn missing evidence into findings: one a device for an error, one for all that was skipped.

    Sixty rules that could not look at one empty file are one finding that names them.
    """
    several = len(names) > 1 and lack.status == "skipped"
    only = rules[0] if len(rules) == 1 else None
    what = only.title if only else f"{len(rules)} rules"
    return [
        finding(
            only.id if only else NO_EVIDENCE,
            subject,
            f"{what}: not judged, {lack.reason}",
            path="" if only else lack.need,
            remedy=lack.remedy,
            status=lack.status,
            severity="error" if lack.status == "error" else "info",
            evidence=(*(rule.id for rule in rules if not only), *(names if several else ())),
            source=only.source if only else "design.md, decision 11",
        )
        for subject in ([FABRIC] if several else names)
    ]
