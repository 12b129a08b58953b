"""The little languages inside values: prefixes, speeds, ratios, ports, ASN ranges."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError, summarize_address_range

from rackwright.documents import Path
from rackwright.intent.context import Context

__all__ = [
    "address",
    "asn_range",
    "is_address",
    "pin",
    "pool",
    "ports",
    "prefix",
    "ratio",
    "speed",
    "split",
    "switch_port",
]

_PORT = re.compile(r"swp(?P<cage>[1-9][0-9]*)(?:s(?P<sub>[0-7]))?")
_PIN = re.compile(r"swp(?P<cage>[1-9][0-9]*)(?:s[0-7])?(?:-(?P<last>[1-9][0-9]*))?")
_RUN = re.compile(r"swp(?P<first>[1-9][0-9]*)(?:-(?P<last>[1-9][0-9]*))?")
_SPEED = re.compile(r"(1|10|25|40|50|100|200|400|800)g")
_RATIO = re.compile(r"([1-9][0-9]*):([1-9][0-9]*)")
_ASNS = re.compile(r"([0-9]+)-([0-9]+)")


def prefix(context: Context, path: Path, text: str) -> IPv4Network | None:
    """Return an IPv4 prefix; report one that is none, or that has bits set behind its length."""
    try:
        return IPv4Network(text)
    except (AddressValueError, NetmaskValueError):
        context.wrong("value", path, f"{text!r} is no IPv4 prefix", "write it as 10.20.0.0/22")
    except ValueError:
        meant = IPv4Network(text, strict=False)
        context.wrong("value", path, f"{text!r} has address bits behind its length", f"did you mean {meant}?")
    return None


def pool(context: Context, path: Path, text: str) -> tuple[IPv4Network, ...]:
    """Return the prefixes of a pool, given as one prefix or as a range ``first-last`` of addresses."""
    first, dash, last = text.partition("-")
    if not dash:
        found = prefix(context, path, text)
        return (found,) if found else ()
    if not (is_address(first) and is_address(last) and IPv4Address(first) <= IPv4Address(last)):
        remedy = "write a prefix (10.255.0.0/20) or first-last, rising"
        context.wrong("value", path, f"{text!r} is no range of addresses", remedy)
        return ()
    return tuple(summarize_address_range(IPv4Address(first), IPv4Address(last)))


def is_address(text: str) -> bool:
    """Say whether a text is an IPv4 address."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def address(context: Context, path: Path, text: str) -> IPv4Address | None:
    """Return an IPv4 address; report a text that is none."""
    if is_address(text):
        return IPv4Address(text)
    context.wrong("value", path, f"{text!r} is no IPv4 address", "write it as 10.10.0.5, without a length")
    return None


def speed(context: Context, path: Path, text: str) -> int | None:
    """Return a speed such as ``100g`` in Gb/s; report any other text."""
    if _SPEED.fullmatch(text):
        return int(text[:-1])
    context.wrong("value", path, f"{text!r} is no speed", "write one of 1g, 10g, 25g, 40g, 50g, 100g, 200g, 400g, 800g")
    return None


def ratio(context: Context, path: Path, text: str) -> None:
    """Report what is no ratio such as ``3:1``."""
    if not _RATIO.fullmatch(text):
        context.wrong("value", path, f"{text!r} is no ratio", 'write it as "1:1" or "3:1", in quotes')


def split(context: Context, path: Path, text: str | None) -> None:
    """Report what is no breakout of NVUE."""
    if text is not None and text not in ("1x", "2x", "4x", "8x"):
        context.wrong("value", path, f"{text!r} is no breakout", "write 1x, 2x, 4x or 8x")


def switch_port(context: Context, path: Path, text: str) -> None:
    """Report what is no port name of a switch."""
    if not _PORT.fullmatch(text):
        context.wrong("value", path, f"{text!r} is no switch port", "write it as swp25 or swp25s0")


def pin(context: Context, path: Path, text: str) -> None:
    """Report what is no place of a block of ports: a first port, or several runs of cages."""
    for word in (part.strip() for part in text.split(",")):
        found = _PIN.fullmatch(word)
        if not found:
            context.wrong("value", path, f"{word!r} is no switch port", "write it as swp25, swp25s0, or swp28-43,swp46")
        elif found["last"] and int(found["last"]) < int(found["cage"]):
            context.wrong("value", path, f"{word!r} runs backwards", "write the lower cage first")


def ports(context: Context, path: Path, text: str, last: int, *, at_key: bool = True) -> None:
    """Report a range of ports that is none, or that goes past the switch's ``last`` port."""
    for part in text.split(","):
        found = _RUN.fullmatch(part.strip())
        if not found:
            remedy = "write it as swp12-27 or swp1,swp3"
            context.wrong("value", path, f"{part.strip()!r} is no range of switch ports", remedy, at_key=at_key)
            continue
        first, end = int(found["first"]), int(found["last"] or found["first"])
        if end < first:
            context.wrong("value", path, f"{part.strip()!r} runs backwards", f"write swp{end}-{first}", at_key=at_key)
        elif last and end > last:
            context.wrong(
                "value",
                path,
                f"{part.strip()!r} goes past the last port, swp{last}",
                f"end at swp{last}",
                at_key=at_key,
            )


def asn_range(context: Context, path: Path, text: str) -> int:
    """Return how many ASNs a range ``first-last`` holds, 0 with a problem when it is none."""
    found = _ASNS.fullmatch(text)
    if not found:
        context.wrong("value", path, f"{text!r} is no range of ASNs", "write first-last, e.g. 4200000000-4200065535")
        return 0
    first, last = int(found[1]), int(found[2])
    if not 1 <= first <= last <= 4294967295:
        remedy = "write first-last, rising, within 1 and 4294967295"
        context.wrong("value", path, f"ASN range {text} is empty or out of bounds", remedy)
        return 0
    private = (64512, 65534), (4200000000, 4294967294)
    if not any(low <= first and last <= high for low, high in private):
        remedy = "use 64512-65534 or 4200000000-4294967294"
        context.wrong("value", path, f"ASN range {text} is not private (RFC 6996)", remedy, severity="warning")
    return last - first + 1
