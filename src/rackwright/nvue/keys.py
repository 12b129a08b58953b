"""Legal map keys: interface names, VLANs, VNIs, prefixes and the like, by kind.

The kinds are data (``data/corrections.yaml``); here is only how one is applied. A key that is
legal is not looked at twice, so this need not be fast.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

import msgspec

__all__ = ["Form", "KeyKind", "has_form", "key_is_legal"]

Form = Literal["address", "cidr", "network", "host", "neighbor", "ipv4", "ipv6", "net4", "net6"]

_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_HOST: Final = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?"
)
_PORT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")


class KeyKind(msgspec.Struct, frozen=True):
    """What the keys of a map look like; the fields are explained in ``data/corrections.yaml``."""

    expect: str
    pattern: str = ""
    numbers: tuple[int, int] | None = None
    words: Sequence[str] = ()
    form: Form | None = None


def key_is_legal(key: str, kind: KeyKind) -> bool:
    """Tell whether a key may stand in a map of this kind."""
    if key in kind.words:
        return True
    if kind.pattern:
        return _compiled(kind.pattern).fullmatch(key) is not None
    if kind.numbers is not None:
        return _in_numbers(key, kind.numbers)
    return kind.form is not None and has_form(key, kind.form)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _in_numbers(key: str, bounds: tuple[int, int]) -> bool:
    return _NUMBER.fullmatch(key) is not None and bounds[0] <= int(key) <= bounds[1]


def has_form(text: str, form: Form) -> bool:
    """Tell whether a text is an address of the given form.

    ``cidr`` wants a prefix length, ``network`` allows host bits, as NVUE does; ``net4`` and ``net6``
    want none, as the OpenAPI's types do.
    """
    if form == "host":
        return _HOST.fullmatch(text) is not None or _is_address(text)
    if form == "neighbor":
        return _is_address(text) or _PORT.fullmatch(text) is not None
    if form in ("cidr", "network"):
        return "/" in text and _is_network(text)
    if form in ("net4", "net6"):
        return _is_network(text, strict=True) and (":" in text) == (form == "net6")
    return _is_address(text) and (form == "address" or (":" in text) == (form == "ipv6"))


def _is_address(text: str) -> bool:
    if ":" not in text:
        return _IPV4.fullmatch(text) is not None
    from ipaddress import AddressValueError, IPv6Address  # IPv6 alone pays for the import

    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _is_network(text: str, *, strict: bool = False) -> bool:
    address, slash, length = text.partition("/")
    bits = 128 if ":" in address else 32
    if not _is_address(address) or (slash and not (_NUMBER.fullmatch(length) and int(length) <= bits)):
        return False
    if not strict:
        return True
    from ipaddress import ip_network

    try:
        ip_network(text)
    except ValueError:
        return False
    return True
