"""What every rule over a site file works with: the values, the catalog, the names, the places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from rackwright.catalog import Catalog
from rackwright.catalog.faults import nearest
from rackwright.documents import Marked, Path
from rackwright.findings import Problem, Severity, problem
from rackwright.intent.models import Group, Site
from rackwright.intent.ranges import expand

__all__ = ["Context", "Kind", "group_names"]

Kind = Literal["reference", "value", "limit", "secret", "name"]
"""What sort of mistake a problem tells of; its check is ``intent.KIND``."""

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass
class Context:
    """A site under examination; rules add problems and never raise."""

    site: Site
    catalog: Catalog
    marked: Marked
    problems: list[Problem] = field(default_factory=list)
    cut: frozenset[Path] = frozenset()
    """Values that were reported and taken out, because their shape is wrong."""

    def wrong(
        self, kind: Kind, path: Path, message: str, remedy: str, *, at_key: bool = False, severity: Severity = "error"
    ) -> None:
        """Add a problem at the value of ``path``, or at its key; nothing is said of what was taken out."""
        if path in self.cut:
            return
        location = self.marked.at(*path) if at_key else self.marked.value_at(*path)
        words = [str(part) for part in path]
        self.problems.append(
            problem(f"intent.{kind}", message, remedy=remedy, location=location, path=words, severity=severity)
        )

    def known(self, path: Path, word: str, words: Iterable[str], what: str) -> bool:
        """Check a reference; say what it should have been when it names nothing."""
        choices = tuple(words)
        if word in choices:
            return True
        self.wrong("reference", path, f"{word!r} is no {what}", nearest(word, choices))
        return False

    def label(self, path: Path, name: str, *, at_key: bool = True, stem: bool = False) -> bool:
        """Check that a name can be a host name, or the beginning of one."""
        if _LABEL.fullmatch(name + "0" if stem else name):
            return True
        self.wrong(
            "name", path, f"{name!r} cannot be part of a host name", "use letters, digits and '-'", at_key=at_key
        )
        return False

    def expand(self, path: Path, pattern: str, *, at_key: bool = False) -> tuple[str, ...]:
        """Return the names of a range; none, with a problem, when it is wrong."""
        try:
            return expand(pattern)
        except ValueError as error:
            self.wrong("value", path, str(error), "write a rising range such as [1-4] or [1,3,5-8]", at_key=at_key)
            return ()

    def lacks(self, *path: str | int) -> bool:
        """Say whether a key that reads as absent was never written, rather than taken out."""
        return not any(cut[: len(path)] == path for cut in self.cut)

    def keys(self, section: str) -> tuple[str, ...]:
        """Return the names that a section of the file defines, the wrong ones too.

        A group with a mistake in it is still there for those that refer to it.
        """
        value = self.written(section)
        return tuple(value) if isinstance(value, dict) else ()

    @cached_property
    def machines(self) -> Mapping[str, str]:
        """Return every machine's name up to the build-out targets, with its group."""
        return {name: key for key, group in self.site.groups.items() for name in group_names(key, group)}

    @cached_property
    def switch_stems(self) -> Mapping[str, str]:
        """Return the stems of switch names, with their fabric; those of a fabric with a mistake in it too."""
        stems: dict[str, str] = {}
        for key in self.keys("fabrics"):
            low = self.written("fabrics", key, "leaves", "name")
            if isinstance(low, str):
                for layer, usual in (("leaves", low), ("spines", f"{low}-spine"), ("superspines", f"{low}-super")):
                    name = self.written("fabrics", key, layer, "name")
                    stems.setdefault(name if isinstance(name, str) else usual, key)
        return stems

    @cached_property
    def names_machines(self) -> bool:
        """Say whether the names and ports of machines are certain: nothing is wrong in ``groups``, no section is unknown.

        Otherwise a machine that seems to be a stranger may be one of a group with a mistake in it. Ask when
        the rules have run.
        """
        sections = {info.alias or name for name, info in Site.model_fields.items()} - {"groups"}
        wrong = (found for found in self.problems if found.severity == "error" and found.path)
        return all(found.path.partition(".")[0] in sections for found in wrong)

    def written(self, *path: str) -> Any:
        """Return what the file holds at a path, whatever its shape; None where nothing is."""
        value: Any = self.marked.value
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    @cached_property
    def rack_names(self) -> tuple[str, ...]:
        """Return every rack's name, ranges written out."""
        names: list[str] = []
        for key in self.keys("racks"):
            try:
                names += expand(key)
            except ValueError:
                names.append(key)
        return tuple(names)

    def is_switch(self, name: str) -> bool:
        """Say whether a name is that of a switch of some fabric: a stem and a number."""
        stem = name.rstrip("0123456789")
        return stem != name and any(
            stem == known or stem.startswith((f"{known}-p", f"{known}-su")) for known in self.switch_stems
        )

    def is_stem(self, word: str) -> bool:
        """Say whether a word begins the names of switches: ``be``, or ``be-p1-`` in the first of several planes."""
        return word in self.switch_stems or any(
            word.startswith(f"{known}-p") and word[len(known) + 2 :].rstrip("-").isdigit()
            for known in self.switch_stems
        )

    def adapters(self, key: str, nic: str) -> int:
        """Return how many adapters of a kind each machine of a group has."""
        group = self.site.groups[key]
        server = self.catalog.servers.get(group.model)
        held = next((slot.count for slot in server.nics if slot.nic == nic), 0) if server else 0
        return group.nics.get(nic, held)

    def nics(self, key: str) -> tuple[str, ...]:
        """Return the kinds of adapters in the machines of a group."""
        group = self.site.groups[key]
        server = self.catalog.servers.get(group.model)
        held = [slot.nic for slot in server.nics] if server else []
        return tuple(dict.fromkeys([*held, *group.nics, *(nic for nic in group.interfaces if nic != "bmc")]))


def group_names(key: str, group: Group) -> tuple[str, ...]:
    """Return the names of a group's machines up to its target; none when its pattern is wrong.

    The width of made-up numbers may be kept by a lock, so that every width it can have is known.
    """
    if group.patterns:
        try:
            return tuple(name for pattern in group.patterns for name in expand(pattern))
        except ValueError:
            return ()
    widths = range(2, max(2, len(str(group.target))) + 1)
    return tuple(dict.fromkeys(f"{key}{index:0{width}d}" for width in widths for index in range(1, group.target + 1)))
