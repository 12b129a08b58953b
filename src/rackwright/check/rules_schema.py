"""What one leaf or key says by itself: items 1 to 7 of the validator list.

The strict schema table says *that* something is wrong; these rules say which of the seven mistakes
it is, each violation going to exactly one of them, so that the remedy fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from rackwright.check.model import Fabric, FileRule, Path
from rackwright.check.view import View
from rackwright.findings import Finding
from rackwright.nvue.schema import Violation
from rackwright.nvue.tree import get

__all__ = ["KeyForm", "NameLimit", "OutOfRange", "PathUnknown", "RangeOverlap", "WrongWord", "YamlDamage", "mistake"]

Mistake = Literal["path", "damage", "word", "range", "form", "limit"]

_DESCRIPTION = 255
_BGP_DESCRIPTION = 80


def mistake(violation: Violation, value: Any) -> Mistake:
    """Tell which of the six mistakes a violation of the schema is, from its code, its path and the value there."""
    if violation.code in ("unknown-key", "other-version"):
        return "path"
    if violation.code == "bad-key":
        return _of_key(violation.path, violation.allowed)
    if value is None or isinstance(value, bool):
        return "damage"
    if violation.path[-1] in ("hostname", "description"):
        return "limit"
    if isinstance(value, dict | list):
        return "word"
    numeric = "number" in violation.allowed
    if isinstance(value, int | float):
        # A number where NVUE has text is what YAML 1.1 makes of a MAC or a route target (nvue.md 6, pitfall 1).
        return "range" if numeric else "damage"
    return "damage" if numeric and value.isdecimal() else _of_text(violation.allowed)


def _of_key(path: Path, allowed: str) -> Mistake:
    """Tell what is wrong with a map key."""
    key = path[-1]
    if path[:-1] == ("vrf",):
        return "limit"
    if not key.isdecimal():
        return "form"
    return "range" if " to " in allowed and "MAC" not in allowed else "damage"


def _of_text(allowed: str) -> Mistake:
    """Tell a word that is not in the vocabulary from a text of the wrong form."""
    return "form" if any(word in allowed for word in ("a text", "address", "prefix")) else "word"


class _SchemaRule(FileRule):
    """Shared by the rules that take their share of the schema's violations."""

    abstract = True
    share: Mistake

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Take the violations that are this rule's mistake."""
        for violation in view.violations:
            value = None if violation.code == "bad-key" else get(view.tree, *violation.path)
            if mistake(violation, value) == self.share:
                where = ".".join(violation.path)
                actual = violation.path[-1] if violation.code == "bad-key" else _text(value)
                # What to write instead is part of the sentence where it is one thing, not a list to choose from.
                hint = f"; here it is {violation.allowed}" if _is_one(violation) else ""
                said = f"{where}: {violation.message}{hint}"
                yield self.fail(view, violation.path, said, expected=violation.allowed, actual=actual)


def _is_one(violation: Violation) -> bool:
    """Tell whether the schema knows the one path or word that was meant."""
    return violation.code in ("other-version", "unknown-key") and "one of" not in violation.allowed


def _text(value: Any) -> str:
    """Write a leaf as it stands in YAML."""
    words = {True: "true", False: "false", None: "null"}
    text = words[value] if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


class PathUnknown(_SchemaRule):
    """Every path is one that this NOS version has.

    Passes: paths of the version's object model. Fails: an unknown key, or one of another version (``ipv4.address``,
    ``router.bfd``, ``service.snmp-server``), which is named.
    """

    id = "NVUE-PATH-UNKNOWN"
    item = "nvue.md 8.1"
    title = "Path is not in this NOS version"
    severity = "error"
    remedy = "write the path of this version, or remove it"
    source = "nvue.md 0.2, 1"
    needs = ("tree", "nos")
    share = "path"


class YamlDamage(_SchemaRule):
    """No value was turned into something else by a YAML 1.1 reader.

    Passes: ``on`` and MACs as text, numbers as numbers. Fails: ``true`` for ``on``, null, an integer where a MAC or
    a route target belongs, a quoted number.
    """

    id = "NVUE-YAML-DAMAGE"
    item = "nvue.md 8.2"
    title = "Value was damaged by a YAML reader"
    severity = "error"
    remedy = "quote the value in YAML, and write on or off for a switch"
    source = "nvue.md 6, pitfall 1"
    needs = ("tree", "nos")
    share = "damage"


class WrongWord(_SchemaRule):
    """Every word is one that its leaf knows.

    Passes: the leaf's own vocabulary: on/off, enabled/disabled, enable/disable or a presence. Fails: ``enabled``
    where the leaf says ``on``, a scalar where a presence belongs, any word that is not listed.
    """

    id = "NVUE-WRONG-WORD"
    item = "nvue.md 8.3"
    title = "Word is not one that this setting knows"
    severity = "error"
    remedy = "write one of the words that the setting knows"
    source = "nvue.md 1 (four booleans)"
    needs = ("tree", "nos")
    share = "word"


class OutOfRange(_SchemaRule):
    """Every number is in its range.

    Passes: MTU 552-9216, VLAN 1-4094, VNI 1-16777215 and the other bounds of the model. Fails: a leaf or a map key
    outside its bounds.
    """

    id = "NVUE-OUT-OF-RANGE"
    item = "nvue.md 8.4"
    title = "Number is out of range"
    severity = "error"
    remedy = "choose a number in the range"
    source = "nvue.md 8.4"
    needs = ("tree", "nos")
    share = "range"


class KeyForm(_SchemaRule):
    """Every map key and every address has the form that its place asks for.

    Passes: interface names, CIDRs, VLAN ids, ``2x``. Fails: ``Ethernet1``, an address without its prefix length,
    the breakout key ``2x400G`` of before 5.4. NVUE's own model checks none of the keys.
    """

    id = "NVUE-KEY-FORM"
    item = "nvue.md 8.5"
    title = "Key or address has the wrong form"
    severity = "error"
    remedy = "write it in the form that is expected"
    source = "nvue.md 0.3, 1 (known weaknesses)"
    needs = ("tree", "nos")
    share = "form"


class NameLimit(_SchemaRule):
    """Names and descriptions keep within their limits.

    Passes: a hostname without a dot, VRF names of at most 15 characters that are no interface, descriptions of at
    most 255 characters (80 for BGP). Fails: anything beyond.
    """

    id = "NVUE-NAME-LIMIT"
    item = "nvue.md 8.6"
    title = "Name or description breaks a limit"
    severity = "error"
    remedy = "shorten or rename it"
    source = "nvue.md 3.1, 3.3, 3.4, 8.6"
    needs = ("tree", "nos")
    share = "limit"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Take the schema's share, then what the schema does not know."""
        told = set()
        for item in super().judge(view, fabric):
            told.add(item.path)
            yield item
        for path, text, most in _descriptions(view):
            if len(text) > most and ".".join(path) not in told:
                yield self.fail(
                    view,
                    path,
                    f"{'.'.join(path)} has {len(text)} characters",
                    expected=f"at most {most} characters",
                    actual=f"{len(text)} characters",
                )
        for name in view.vrfs:
            if name in view.interfaces and f"vrf.{name}" not in told:
                yield self.fail(view, ("vrf", name), f"VRF {name} has the name of an interface", actual=name)


def _descriptions(view: View) -> Iterator[tuple[Path, str, int]]:
    """Give every description with its path and its limit."""
    for name, entry in view.interfaces.items():
        text = entry.tree.get("description")
        if isinstance(text, str):
            yield ("interface", name, "description"), text, _DESCRIPTION
    for neighbor in view.neighbors:
        text = neighbor.tree.get("description")
        if isinstance(text, str):
            yield (*neighbor.path, "description"), text, _BGP_DESCRIPTION
    for instance in view.bgp.values():
        for name, group in instance.groups.items():
            text = group.get("description")
            if isinstance(text, str):
                yield (*instance.path, "peer-group", name, "description"), text, _BGP_DESCRIPTION


class RangeOverlap(FileRule):
    """No leaf is set by two range keys to two values.

    Passes: ranges that do not meet, or that agree. Fails: ``swp1-4`` and ``swp2`` that set one leaf differently;
    which of them wins is NVUE's secret.
    """

    id = "NVUE-RANGE-OVERLAP"
    item = "nvue.md 8.7"
    title = "Two range keys set one leaf differently"
    severity = "error"
    remedy = "leave the leaf to one of the two keys"
    source = "nvue.md 8.7"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Hand on what the expansion of the ranges found."""
        for item in view.device.conflicts:
            one, two = ".".join(item.first), ".".join(item.second)
            yield self.fail(
                view,
                item.path,
                f"{'.'.join(item.path)} is {item.first_value!r} by {one} and {item.second_value!r} by {two}",
                expected="one value",
                actual=f"{item.first_value}, {item.second_value}",
            )
