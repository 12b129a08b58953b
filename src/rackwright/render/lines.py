"""The plan encoded once: ``plan.json`` is printed from it, and the digests of what files are made from are taken of it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from rackwright.plan.model import Plan

__all__ = ["Lines"]

_encoder = msgspec.json.Encoder()


class Lines:
    """The fields of a plan as JSON, a value of a list a line; each is encoded when it is first asked for."""

    def __init__(self, plan: Plan) -> None:
        """Encode nothing yet."""
        self._plan = plan
        self._fields: dict[str, bytes] = {}

    def of(self, name: str) -> bytes:
        """Return a field: a list as lines without a comma, each ended; anything else as one line."""
        if name not in self._fields:
            value: Any = getattr(self._plan, name)
            self._fields[name] = _encoder.encode_lines(value) if isinstance(value, tuple) else _encoder.encode(value)
        return self._fields[name]

    @cached_property
    def switches(self) -> dict[str, bytes]:
        """Return the line of each switch by its name."""
        return self._by_name("switches")

    @cached_property
    def hosts(self) -> dict[str, bytes]:
        """Return the line of each host's network by its name."""
        return self._by_name("hosts")

    def document(self) -> bytes:
        """Print ``plan.json``: the plan by its fields, one value of a list a line; ``msgspec`` reads it back."""
        fields = []
        for name in self._plan.__struct_fields__:
            text = self.of(name)
            if text[-1:] == b"\n":
                text = b"[\n  " + text[:-1].replace(b"\n", b",\n  ") + b"\n ]"
            fields.append(_encoder.encode(name) + b": " + (text or b"[]"))
        return b"{\n " + b",\n ".join(fields) + b"\n}\n"

    def _by_name(self, field: str) -> dict[str, bytes]:
        values = getattr(self._plan, field)
        return {value.name: line for value, line in zip(values, self.of(field).splitlines(), strict=True)}
