"""A machine's own BIOS attribute registry: what may be set, and what a wish becomes under its dependencies.

A wish is judged in the state that it would lead to, not in the state of now (redfish.md 0.3): an attribute that is
read-only under ``SysProfile: PerfOptimized`` may be set together with ``SysProfile: Custom``. Dell's tables hold no
``MapTerms``; several conditions of one dependency are then alternatives, and several ``Value`` lists in force leave what
they have in common. Both captured machines bear this out: every value that a dependency demands is the one they have.

``current`` is always ``Bios.Attributes``; a hidden attribute is missing from it (redfish.md 2.4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from rackwright.redfish.attributes import Attribute, Condition, Dependency, attribute, dependency, near

__all__ = ["Effect", "Kind", "Registry", "Resolution", "Trouble"]

Kind = Literal[
    "unknown", "absent", "hidden", "read-only", "locked", "value", "range", "type", "secret", "contradiction", "forced", "no-op"
]  # fmt: skip
"""``unknown``: the registry has no such name; ``absent``: it has, and this machine never shows it; ``hidden``, ``read-only``:
a dependency says so, or the machine for good; ``locked``: nearly everything is read-only; ``value``, ``range``, ``type``: not
legal; ``secret``: a password; ``contradiction``: two wishes exclude each other; ``forced``: a dependency sets another value;
``no-op``: it would be accepted and not be done."""

_NO_OPS = {"WorkloadProfile": (("NotConfigured",), "SysProfile", "Custom")}
"""Accepted and not done unless the other attribute has the value; the values in parentheses ask for nothing (dellemc #1072)."""
_BOUNDS = {
    "LowerBound": "low",
    "UpperBound": "high",
    "ScalarIncrement": "step",
    "MinLength": "shortest",
    "MaxLength": "longest",
}
_LOCKED_UNDER = 0.25
"""Share of the shown attributes that can be written; the machine captured under lockdown has 19 %, the free one 88 %."""
_ROUNDS = 20
"""A chain of dependencies is followed this far; the longest in the captured registries has three links."""

Look = Callable[[str, str], Any]


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why one wanted attribute cannot be had, and what to do."""

    attribute: str
    kind: Kind
    said: str
    remedy: str
    by: tuple[str, ...] = ()
    """The attributes on which it hangs."""


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What a wish comes to on one machine."""

    changes: dict[str, Any] = {}
    """To be sent, all in one request."""
    implied: dict[str, Any] = {}
    """Wanted, and set by a dependency once the changes are in; sent as well they would be refused as read-only."""
    already: tuple[str, ...] = ()
    """Wanted and there."""
    problems: tuple[Trouble, ...] = ()
    """Wanted and not to be had; such an attribute is in none of the others."""


class Effect(msgspec.Struct, frozen=True):
    """What dependencies do to one part of an attribute while they are in force."""

    value: Any
    by: tuple[Condition, ...]
    """The conditions that hold."""


@dataclass(frozen=True, slots=True)
class _Settled:
    """A state with everything that dependencies make of it."""

    state: dict[str, Any]
    effects: dict[tuple[str, str], Effect]

    def on(self, name: str, part: str) -> Effect | None:
        return self.effects.get((name, part))


_STATES = 64
"""States of BIOSes of which a registry keeps what its dependencies do there: servers alike are in the same few."""
_READ: deque[tuple[Mapping[str, Any], Registry]] = deque(maxlen=8)
"""The last ones by the very entries that they were read from: the driver gives servers alike one and the same."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The attributes of one machine's BIOS and how they hang together."""

    attributes: dict[str, Attribute]
    dependencies: tuple[Dependency, ...] = ()
    version: str = ""
    _settled: dict[tuple[Any, ...], dict[tuple[str, str], Effect]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _names: list[str] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def of(cls, resource: Any) -> Registry:
        """Read the registry's JSON (``Bios/BiosRegistry``, or the file that ``Registries`` leads to); anything else gives an empty one."""
        resource = resource if isinstance(resource, Mapping) else {}
        entries, version = resource.get("RegistryEntries"), str(resource.get("RegistryVersion") or "")
        entries = entries if isinstance(entries, Mapping) else {}
        for known, made in tuple(_READ):
            if known is entries and made.version == version:
                return made
        made = cls._of(entries, version)
        _READ.appendleft((entries, made))
        return made

    @classmethod
    def _of(cls, entries: Mapping[str, Any], version: str) -> Registry:
        attributes = [one for raw in _list(entries.get("Attributes")) if (one := attribute(raw)) is not None]
        return cls(
            attributes={one.name: one for one in attributes},
            dependencies=tuple(
                each for raw in _list(entries.get("Dependencies")) if (each := dependency(raw)) is not None
            ),
            version=version,
        )

    @property
    def locked(self) -> bool:
        """Tell whether hardly anything can be written, as under Dell's System Lockdown."""
        shown = [one for one in self.attributes.values() if not one.hidden]
        return bool(shown) and sum(not one.read_only for one in shown) < _LOCKED_UNDER * len(shown)

    def unlocked(self) -> Registry:
        """Return it as it will be without lockdown, whose flag hides what is read-only for good: that the BMC says itself."""
        free = {name: msgspec.structs.replace(one, read_only=False) for name, one in self.attributes.items()}
        return Registry(free, self.dependencies, self.version)

    def forced(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what dependencies will set in a state, and to what: shown attributes that have another value now."""
        settled = self._settle(state)
        return {
            name: effect.value
            for (name, part), effect in sorted(settled.effects.items(), key=lambda item: item[0])
            if part == "CurrentValue"
            and name in state
            and state[name] != effect.value
            and not self._is(settled, name, "Hidden")
        }

    def resolve(self, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> Resolution:
        """Turn a wish into what has to be sent, with a reason for each attribute that cannot be had."""
        now = self._settle(current)
        there = {name for name in wanted if name in current and _equal(current[name], wanted[name])}
        problems = {
            name: trouble
            for name, value in wanted.items()
            if name not in there and (trouble := self._illegal(name, value)) is not None
        }
        while True:
            held = {name: value for name, value in wanted.items() if name not in problems}
            then = self._settle({**current, **held})
            judged = _Judge(self, now, then, current, held, frozenset(problems))
            found = {name: trouble for name in held if (trouble := judged.trouble(name)) is not None}
            if not found:
                break
            problems |= found
        implied = {name: value for name, value in held.items() if judged.implied(name)}
        already = tuple(name for name, value in held.items() if judged.there(name) and name not in implied)
        return Resolution(
            changes={name: value for name, value in held.items() if name not in implied and name not in already},
            implied=implied,
            already=already,
            problems=tuple(problems[name] for name in wanted if name in problems),
        )

    def _illegal(self, name: str, value: Any) -> Trouble | None:
        """Return what is wrong with a wish whatever the state."""
        known = self.attributes.get(name)
        if known is None:
            meant = near(name, self.attributes)
            return Trouble(
                attribute=name,
                kind="unknown",
                said=f"the BIOS of this machine has no attribute {name}",
                remedy=f"write {meant}" if meant else "take it out of the profile of this model",
            )
        if known.secret:
            return Trouble(
                attribute=name,
                kind="secret",
                said=f"{name} is a password",
                remedy="set it in the BIOS setup, not by a profile",
            )
        complaint = known.complaint(value)
        if complaint is None:
            return None
        kind, said, remedy = complaint
        return Trouble(attribute=name, kind=msgspec.convert(kind, Kind), said=said, remedy=remedy)

    def _settle(self, state: Mapping[str, Any]) -> _Settled:
        """Let the dependencies work on a state until nothing moves; what they do hangs on the attributes that they ask for alone."""
        asked = tuple([state.get(name) for name in self._asked()])
        try:
            effects = self._settled.get(asked)
        except TypeError:
            return self._worked(state)
        if effects is None:
            effects = self._worked(state).effects
            if len(self._settled) < _STATES:
                self._settled[asked] = effects
        return _Settled({**state, **_forced(effects)}, effects)

    def _asked(self) -> tuple[str, ...]:
        """Return the attributes that conditions ask for."""
        if not self._names:
            self._names.extend(dict.fromkeys(each.attribute for one in self.dependencies for each in one.conditions))
        return tuple(self._names)

    def _worked(self, state: Mapping[str, Any]) -> _Settled:
        settled = _Settled(dict(state), {})
        for _ in range(_ROUNDS):
            effects = self._effects(self._look(settled))
            after = {**state, **_forced(effects)}
            moved = after != settled.state or effects != settled.effects
            settled = _Settled(after, effects)
            if not moved:
                break
        return settled

    def _effects(self, look: Look) -> dict[tuple[str, str], Effect]:
        """Return what the dependencies in force do."""
        effects: dict[tuple[str, str], Effect] = {}
        for one in self.dependencies:
            if not one.holds(look):
                continue
            key, value, by = (one.attribute, one.part), one.value, one.why(look)
            before = effects.get(key)
            if before is not None and one.part == "Value":
                value, by = tuple(name for name in before.value if name in value), before.by + by
            effects[key] = Effect(value, by)
        return effects

    def _look(self, settled: _Settled) -> Look:
        """Return how to look at a part of an attribute in a state."""

        def look(name: str, part: str) -> Any:
            if part == "CurrentValue":
                return settled.state.get(name)
            effect = settled.on(name, part)
            if effect is not None:
                return effect.value
            known = self.attributes.get(name)
            if known is None:
                return None
            flags = {"ReadOnly": known.read_only, "Hidden": known.hidden}
            return flags[part] if part in flags else getattr(known, _BOUNDS.get(part, ""), None)

        return look

    def _is(self, settled: _Settled, name: str, flag: str) -> bool:
        return self._look(settled)(name, flag) is True


def _forced(effects: Mapping[tuple[str, str], Effect]) -> dict[str, Any]:
    """Return the values that dependencies set."""
    return {name: effect.value for (name, part), effect in effects.items() if part == "CurrentValue"}


@dataclass(frozen=True, slots=True)
class _Judge:
    """One wish, between the state of now and the state to which it leads."""

    registry: Registry
    now: _Settled
    then: _Settled
    current: Mapping[str, Any]
    wanted: Mapping[str, Any]
    lost: frozenset[str]
    """Wanted, and known not to be had."""

    def there(self, name: str) -> bool:
        """Tell whether the machine has the value."""
        return name in self.current and _equal(self.current[name], self.wanted[name])

    def implied(self, name: str) -> bool:
        """Tell whether a dependency brings the value and nothing else may."""
        effect = self.then.on(name, "CurrentValue")
        brought = effect is not None and _equal(effect.value, self.wanted[name])
        return brought and not self.there(name) and (self._closed(name, "ReadOnly") or self._closed(name, "Hidden"))

    def trouble(self, name: str) -> Trouble | None:
        """Return why a legal wish cannot be had."""
        effect = self.then.on(name, "CurrentValue")
        if effect is not None and not _equal(effect.value, self.wanted[name]):
            said = f"{name} becomes {effect.value} whatever is written, because {_because(effect.by)}"
            return self._hangs(name, "forced", said, effect.by)
        if self.there(name) or self.implied(name):
            return None
        if self._closed(name, "Hidden"):
            return self._closed_trouble(name, "Hidden", "hidden")
        if self._closed(name, "ReadOnly"):
            return self._closed_trouble(name, "ReadOnly", "read-only")
        return self._narrowed(name) or self._in_vain(name)

    def _closed(self, name: str, flag: str) -> bool:
        """Tell whether an attribute is hidden or read-only in the state to come.

        The registry's own flag includes what dependencies do at the time of reading, so it only counts when none explains it.
        """
        effect = self.then.on(name, flag)
        return effect.value is True if effect is not None else self._for_good(name, flag)

    def _for_good(self, name: str, flag: str) -> bool:
        known = self.registry.attributes[name]
        before = self.now.on(name, flag)
        return (known.hidden if flag == "Hidden" else known.read_only) and not (
            before is not None and before.value is True
        )

    def _closed_trouble(self, name: str, flag: str, kind: Literal["hidden", "read-only"]) -> Trouble:
        effect = self.then.on(name, flag)
        if effect is not None:
            said = f"{name} is {kind} while {_because(effect.by)}"
            return self._hangs(name, kind, said, effect.by)
        if flag == "Hidden":
            return Trouble(
                attribute=name,
                kind="absent",
                said=f"{name} is hidden on this machine, and no dependency would show it",
                remedy="mark it as wanted only where present, or take it out of the profile of this model",
            )
        if self.registry.locked:
            return Trouble(
                attribute=name,
                kind="locked",
                said=f"{name} is read-only like nearly every attribute: the BMC is in lockdown",
                remedy="lift the lockdown on purpose, and try again",
            )
        return Trouble(
            attribute=name,
            kind="read-only",
            said=f"{name} is read-only on this machine",
            remedy="take it out of the profile of this model",
        )

    def _narrowed(self, name: str) -> Trouble | None:
        """Return a trouble when dependencies leave other values or bounds."""
        known, values = self.registry.attributes[name], self.then.on(name, "Value")
        bounds = {
            field: effect.value for part, field in _BOUNDS.items() if (effect := self.then.on(name, part)) is not None
        }
        bounds = {field: value for field, value in bounds.items() if isinstance(value, int)}
        narrowed = msgspec.structs.replace(known, **bounds) if bounds else known
        complaint = narrowed.complaint(self.wanted[name], values=values.value if values is not None else None)
        if complaint is None:
            return None
        by = values.by if values is not None else ()
        kind, said, _ = complaint
        said = f"{said}, because {_because(by)}" if by else said
        return self._hangs(name, msgspec.convert(kind, Kind), said, by)

    def _in_vain(self, name: str) -> Trouble | None:
        idle, other, needs = _NO_OPS.get(name, ((), "", ""))
        if not other or self.wanted[name] in idle or other not in self.then.state or self.then.state[other] == needs:
            return None
        return Trouble(
            attribute=name,
            kind="contradiction" if other in self.wanted else "no-op",
            said=f"{name} is accepted and not done while {other} is {self.then.state[other]}",
            remedy=f"leave {name} out, or set {other} to {needs}",
            by=(other,),
        )

    def _hangs(self, name: str, kind: Kind, said: str, by: tuple[Condition, ...]) -> Trouble:
        """Return a trouble that hangs on other attributes; when those are wishes too, the wishes exclude each other."""
        names = tuple(dict.fromkeys(one.attribute for one in by))
        if first := [one for one in names if one in self.lost]:
            return Trouble(attribute=name, kind=kind, said=said, remedy=f"see to {' and '.join(first)} first", by=names)
        wishes = [one for one in names if one in self.wanted and one != name]
        remedies = [remedy for one in by if (remedy := self._otherwise(one))]
        if wishes:
            remedy = f"leave {name} or {' and '.join(wishes)} out, or set {name} in a push of its own before"
            return Trouble(attribute=name, kind="contradiction", said=said, remedy=remedy, by=names)
        remedy = " and ".join(dict.fromkeys(remedies)) or "take it out of the profile of this model"
        return Trouble(attribute=name, kind=kind, said=said, remedy=remedy, by=names)

    def _otherwise(self, condition: Condition) -> str:
        """Say what would end a condition."""
        name, known = condition.attribute, self.registry.attributes.get(condition.attribute)
        if condition.part != "CurrentValue":
            return ""
        if condition.operator == "NEQ":
            return f"set {name} to {condition.value} as well"
        others = [str(one) for one in known.values if one != condition.value] if known is not None else []
        return (
            f"set {name} to {' or '.join(others)} as well"
            if 0 < len(others) <= len(_BOUNDS)
            else f"set {name} to another value as well"
        )


def _because(by: tuple[Condition, ...]) -> str:
    return " and ".join(dict.fromkeys(str(one) for one in by))


def _equal(left: Any, right: Any) -> bool:
    """Compare values; true is not 1, as a BMC would see it."""
    return type(left) is type(right) and bool(left == right)


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
