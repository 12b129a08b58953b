"""Words of a house style that something is made from: MAC addresses, and texts with names to fill in."""

from __future__ import annotations

import re
from string import Formatter
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

__all__ = ["BondName", "Description", "Mac", "Named"]

_MAC: Final = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


def _mac(text: str) -> str:
    if not _MAC.fullmatch(text):
        raise PydanticCustomError("mac", "a MAC address such as 44:38:39:ff:00:01")
    return text


def _filled(text: str, names: tuple[str, ...]) -> str:
    """Refuse a text that asks for another name than those that are filled in, or that is no such text."""
    known = ", ".join(f"{{{name}}}" for name in names) or "no name in braces"
    try:
        asked = [found for _, found, _, _ in Formatter().parse(text) if found is not None]
        text.format(**dict.fromkeys(names, 1))
    except (ValueError, KeyError, IndexError, AttributeError):
        asked = [""]
    if not set(asked) <= set(names):
        raise PydanticCustomError("filled", "a text with {known}", {"known": known})
    return text


Mac = Annotated[str, AfterValidator(_mac)]
"""A MAC address, two digits and colons."""
BondName = Annotated[str, AfterValidator(lambda text: _filled(text, ("cage", "sub", "peer", "number")))]
"""A text with ``{cage}``, ``{sub}``, ``{peer}`` and ``{number}``."""
Named = Annotated[str, AfterValidator(lambda text: _filled(text, ("name",)))]
"""A text with ``{name}``."""
Description = Annotated[str, AfterValidator(lambda text: _filled(text, ("peer", "peer_port", "rail")))]
"""A text with ``{peer}``, ``{peer_port}`` and ``{rail}``."""
