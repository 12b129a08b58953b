"""The iDRAC's own attributes (DellAttributes), in three groups; what they change of the machine they change at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.refusal import Refusal

__all__ = ["GROUPS", "LOCKDOWN", "TIMEZONE", "Setting", "Settings", "zone"]

GROUPS: Final = ("iDRAC", "System", "LifecycleController")
TIMEZONE: Final = "Time.1.Timezone"
LOCKDOWN: Final = "Lockdown.1.SystemLockdown"
_DATA: Final = Path(__file__).with_name("data") / "settings.yaml"
_NUMBER: Final = re.compile(r"int (\d+)\.\.(\d+) = (\d+)")
_LONGEST: Final = 254


class Setting(NamedTuple):
    """What one attribute takes."""

    default: Any
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    read_only: bool = False


def _setting(text: str) -> Setting:
    number = _NUMBER.fullmatch(text)
    if number:
        return Setting(int(number[3]), low=int(number[1]), high=int(number[2]))
    if text.startswith("fact = "):
        value = text.removeprefix("fact = ")
        return Setting(int(value) if value.isdigit() else value, read_only=True)
    if text.startswith("= "):
        return Setting(text.removeprefix("= "))
    values = text.split("|")
    default = next(one for one in values if one.endswith("*")).removesuffix("*")
    return Setting(default, tuple(one.removesuffix("*") for one in values))


@lru_cache(maxsize=1)
def _known() -> dict[str, dict[str, Setting]]:
    document = yaml.load(_DATA.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {group: {name: _setting(text) for name, text in rows.items()} for group, rows in document.items()}


class Settings:
    """The attributes of one iDRAC."""

    def __init__(self, bench: Bench, facts: Mapping[str, Any]) -> None:
        self._bench = bench
        self._changed: dict[str, Any] = dict(facts)
        """Only what differs from the defaults is kept, a machine at a time."""
        self.on_change: Callable[[str, Any], None] = lambda *_: None
        """Told of each attribute that has got another value."""

    @staticmethod
    def known(group: str) -> Mapping[str, Setting]:
        """Return what a group has. Raises :class:`Refusal` 404 for a group that is none."""
        if group not in GROUPS:
            raise Refusal(404, "SYS403", [group])
        return _known()[group]

    def group(self, group: str) -> dict[str, Any]:
        """Return the attributes of a group with their values."""
        return {name: self._changed.get(name, row.default) for name, row in self.known(group).items()}

    def shown(self, key: str) -> dict[str, Any]:
        """Return what DellAttributes shows: ``key`` is ``iDRAC.Embedded.1``, ``System.Embedded.1``, ``LifecycleController.Embedded.1``."""
        return self.group(key.removesuffix(".Embedded.1"))

    @property
    def values(self) -> dict[str, Any]:
        """Return the values of every group."""
        return {name: value for group in GROUPS for name, value in self.group(group).items()}

    def get(self, name: str) -> Any:
        """Return one value. Raises ``KeyError`` for a name that is none."""
        if name in self._changed:
            return self._changed[name]
        return next(rows[name].default for rows in _known().values() if name in rows)

    @property
    def locked(self) -> bool:
        """Tell whether System Lockdown is on."""
        return bool(self.get(LOCKDOWN) == "Enabled")

    def check_unlocked(self, message_id: str = "SYS406") -> None:
        """Raise :class:`Refusal` while System Lockdown is on (row 22)."""
        if self.locked:
            raise Refusal(400, message_id)

    def put(self, name: str, value: Any) -> None:
        """Set a value without asking: the machine's own facts, and what faults do."""
        self._changed[name] = value

    def change(self, key: str, wanted: Mapping[str, Any]) -> None:
        """PATCH of DellAttributes: all or none. Raises :class:`Refusal`; under lockdown only lockdown itself can be changed."""
        group = key.removesuffix(".Embedded.1")
        self._bench.met("attributes-set")
        known = self.known(group)
        if self.locked and set(wanted) != {LOCKDOWN}:
            raise Refusal(400, "SYS406")
        for name, value in wanted.items():
            related = [f"#/Attributes/{name}"]
            row = known.get(name)
            if row is None:
                raise Refusal(400, "SYS429", [name], related)
            if row.read_only:
                raise Refusal(400, "SYS427", [name], related)
            fault = _fault(row, value) or ("SYS426" if name == TIMEZONE and zone(value) is None else "")
            if fault:
                raise Refusal(400, fault, [value, name], related)
        for name, value in wanted.items():
            if self.get(name) != value:
                self._changed[name] = value
                self._bench.deed("attribute", name, str(value))
                self.on_change(name, value)


def zone(name: str) -> ZoneInfo | None:
    """Return a time zone by its name in the IANA list; ``None``: there is none of this name here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _fault(row: Setting, value: Any) -> str:
    if row.values:
        return "" if isinstance(value, str) and value in row.values else "SYS426"
    if row.high:
        number = isinstance(value, int) and not isinstance(value, bool)
        return "SYS424" if not number else "" if row.low <= value <= row.high else "SYS425"
    return "SYS424" if not isinstance(value, str) else "" if len(value) <= _LONGEST else "SYS425"
