"""How long things take on an emulated switch, in seconds of the twin's clock, each with its source.

``[assumed]``: no source gives the figure; a site's own measurement replaces it through ``Fabric(times=…)``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["TIMES", "Duration", "durations"]


class Duration(NamedTuple):
    """One figure and where it comes from."""

    seconds: float
    source: str


TIMES: Final[dict[str, Duration]] = {
    "switchd-restart": Duration(
        30, "ECMP page: a switchd restart resets all network ports and the hardware; the length is [assumed]"
    ),
    "frr-restart": Duration(5, "nvue.md 0.8: BGP enable or another ASN restarts FRR; the length is [assumed]"),
    "networking-restart": Duration(10, "ifreload of every interface; the length is [assumed]"),
    "breakout": Duration(10, "SPA: a breakout resets the ports of its cage; the length is [assumed]"),
    "settle-serdes": Duration(4, "L1 page: auto-negotiation and link training come first; the length is [assumed]"),
    "settle-base-t": Duration(3, "L1 page: 1000BASE-T always negotiates; the length is [assumed]"),
    "bond": Duration(1, "lacp-rate fast is one LACPDU a second; the length is [assumed]"),
    "bgp": Duration(3, "an unnumbered session waits for a router advertisement, then opens; the length is [assumed]"),
    "bfd": Duration(1, "a few control packets at 300 ms; the length is [assumed]"),
    "lldp": Duration(1, "lldpd sends at once when a port comes up and then each tx-interval; the length is [assumed]"),
    "mh-startup-delay": Duration(180, "nvue.md 3.4: startup-delay, 180 s where it is not set"),
    "lldp-tx-interval": Duration(30, "LLDP reference: tx-interval 30 s where it is not set"),
}
"""Every figure, by name."""


def durations(**other: float) -> dict[str, float]:
    """Return the figures, with ``other`` (underscores for hyphens) in their place.

    Raises :class:`KeyError` for a name that there is not.
    """
    found = {name: row.seconds for name, row in TIMES.items()}
    for name, seconds in other.items():
        key = name.replace("_", "-")
        if key not in found:
            raise KeyError(key)
        found[key] = seconds
    return found
