"""Digests of what a file is made from, so that a file whose inputs stand still is not made again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import msgspec

import rackwright
from rackwright.catalog.models import Catalog
from rackwright.plan.model import HostNetwork, Switch
from rackwright.render.lines import Lines
from rackwright.render.printing import Printer

__all__ = ["Inputs"]

# The number of a port's link, which shifts when a link before it comes or goes. No file of a switch prints it, and
# which links there are is known by the links themselves. Inside a text of JSON no quote stands bare, so it is found there only.
_NUMBER: Final = re.compile(rb',"link":\d+}')
_encode = msgspec.msgpack.Encoder().encode


def _sha(*parts: bytes | str) -> str:
    found = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "big") + data)
    # Half of it is kept: the manifest is read on every build, and nobody attacks a digest of inputs.
    return found.hexdigest()[:32]


@lru_cache(maxsize=1)
def _code_digest() -> str:
    """Digest the code that prints: other code may print other bytes, whatever the version says."""
    found = hashlib.sha256(rackwright.__version__.encode())
    top = Path(rackwright.__file__).parent
    for part in ("render", "nvue", "documents"):
        for path in sorted((top / part).rglob("*.py")):
            found.update(path.relative_to(top).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


class Inputs:
    """The digests of one build, each taken once."""

    def __init__(self, lines: Lines, catalog: Catalog, printer: Printer) -> None:
        self._lines = lines
        self._catalog = catalog
        self._printer = printer
        self._sections: dict[str, str] = {}
        self._templates: dict[str, str] = {}

    def of(self, *sections: str, templates: str = "", catalog: bool = False) -> str:
        """Return the digest of whole sections of the plan (``links``), a part of the templates, the catalog."""
        parts = [self._section(name) for name in sections]
        return _sha(_code_digest(), *parts, self._template(templates), self._rows if catalog else "")

    def of_switch(self, switch: Switch, *more: str, templates: str = "") -> str:
        """Return the digest of one switch, what is laid over it and other texts."""
        return _sha(_code_digest(), self._switches[switch.name], self._template(templates), *more)

    def of_host(self, host: HostNetwork) -> str:
        """Return the digest of one host's network."""
        return _sha(_code_digest(), self._lines.hosts[host.name])

    def of_values(self, values: Sequence[object], *, templates: str) -> str:
        """Return the digest of any values of the plan."""
        return _sha(_code_digest(), _encode(values), self._template(templates))

    def of_piece(self, *said: bytes | str) -> str:
        """Return the digest of a piece of a file, from what it is made from."""
        return _sha(_code_digest(), *said)

    def switch(self, name: str) -> str:
        """Return the digest of a switch alone."""
        return self._switches[name]

    def _section(self, name: str) -> str:
        if name not in self._sections:
            value = "".join(self._switches.values()) if name == "switches" else self._lines.of(name)
            self._sections[name] = _sha(name, value)
        return self._sections[name]

    def _template(self, part: str) -> str:
        if not part:
            return ""
        if part not in self._templates:
            self._templates[part] = self._printer.digest(part)
        return self._templates[part]

    @cached_property
    def _switches(self) -> dict[str, str]:
        return {name: _sha(_NUMBER.sub(b"}", line)) for name, line in self._lines.switches.items()}

    @cached_property
    def _rows(self) -> str:
        # Sets have no order of their own: "deterministic" gives them one.
        return _sha(msgspec.json.encode(self._catalog.model_dump(), order="deterministic"))
