"""What a plug says of itself and of the light it gets, as the transceiver and PHY pages show it."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import Any, Final

from rackwright.twin.state.cabling import Plug, Quality
from rackwright.twin.state.hardware import Cage

__all__ = ["brief", "detail", "flat", "phy_detail"]

VENDOR: Final = "NVIDIA"
TX_DBM: Final = -0.46
"""Transmit power of the transceiver page's example."""
RX_LIMITS: Final = ("5.40 dBm", "-13.31 dBm", "2.40 dBm", "-10.30 dBm")
"""High alarm, low alarm, high warning, low warning: the transceiver page's example."""
TX_LIMITS: Final = ("5.40 dBm", "-11.40 dBm", "2.40 dBm", "-8.40 dBm")
BIAS_LIMITS: Final = ("8.500 mA", "5.492 mA", "8.000 mA", "6.000 mA")
TEMPERATURE_LIMITS: Final = ("80.00 C", "-10.00 C", "70.00 C", "0.00 C")
VOLTAGE_LIMITS: Final = ("3.5000 V", "3.1000 V", "3.4650 V", "3.1350 V")
_LIMIT_NAMES: Final = (
    "high-alarm-threshold",
    "low-alarm-threshold",
    "high-warning-threshold",
    "low-warning-threshold",
)
LANE_BITS_PER_S: Final = 1e9
ASIC_ZERO: Final = "15E-255"
"""How the ASIC writes a bit error rate of nothing (PHY page)."""


def brief(plug: Plug, cage: Cage) -> dict[str, str]:
    """Return one row of ``nv show platform transceiver``."""
    part = plug.wire.part
    name = "" if part is None else str(part.part or part.key)
    return {
        "identifier": cage.connector.upper(),
        "vendor-name": VENDOR,
        "vendor-pn": name,
        "vendor-sn": _serial(plug),
        "vendor-rev": "A3",
    }


def _head(plug: Plug, cage: Cage) -> dict[str, Any]:
    part = plug.wire.part
    optical = _optical(plug)
    active = part is not None and part.media in ("aoc", "lacc", "acc", "aec")
    return {
        "cable-type": "Optical module" if optical else "Active cable" if active else "Passive copper cable",
        "diagnostics-status": "Diagnostic Data Available" if optical else "No Diagnostic Data Available",
        "status": "plugged_enabled",
        "error-status": "N/A",
        **brief(plug, cage),
    }


def detail(plug: Plug, cage: Cage, *, lit: bool) -> dict[str, Any]:
    """Return ``nv show platform transceiver swpN``; ``lit``: light comes in."""
    found = _head(plug, cage)
    if not _optical(plug):
        return found
    found["temperature"] = _measure("temperature", "42.56 C", TEMPERATURE_LIMITS, low=False)
    found["voltage"] = _measure("voltage", "3.2862 V", VOLTAGE_LIMITS, low=False)
    rx_dbm = _received(plug, lit=lit)
    low = rx_dbm < float(RX_LIMITS[1].split()[0])
    found["channel"] = {
        f"channel-{number}": {
            "rx-power": _measure("power", _power(rx_dbm), RX_LIMITS, low=low),
            "tx-power": _measure("power", _power(TX_DBM), TX_LIMITS, low=False),
            "tx-bias-current": _measure("current", "6.750 mA", BIAS_LIMITS, low=False),
        }
        for number in range(1, cage.lanes + 1)
    }
    return found


def flat(plug: Plug, cage: Cage, lanes: range, *, lit: bool) -> dict[str, Any]:
    """Return ``nv show interface X transceiver``: the same, one line a measure."""
    found = _head(plug, cage)
    if _optical(plug):
        found["temperature"] = "42.56 degrees C / 108.61 degrees F"
        found["voltage"] = "3.2862 V"
        for number in lanes:
            found[f"ch-{number}-rx-power"] = _power(_received(plug, lit=lit))
            found[f"ch-{number}-tx-power"] = _power(TX_DBM)
            found[f"ch-{number}-tx-bias-current"] = "6.750 mA"
    return found


def phy_detail(quality: Quality, lanes: int, gbps: float, up_s: float) -> dict[str, str]:
    """Return ``nv show interface X link phy-detail`` of a link that has been up for ``up_s`` seconds.

    ``effective-ber`` is what FEC could not correct (PHY page). The counters are rate times bits.
    """
    bits = max(0.0, up_s) * gbps * LANE_BITS_PER_S
    lane_bits = bits / max(1, lanes)
    found = {
        "time-since-last-clear-min": str(int(up_s // 60)),
        "phy-received-bits": str(int(bits)),
        "symbol-errors": str(int(quality.effective_ber * bits)),
        "effective-errors": str(int(quality.effective_ber * bits)),
    }
    for lane in range(lanes):
        found[f"phy-raw-errors-lane{lane}"] = str(int(quality.raw_ber * lane_bits))
    found |= {"raw-ber": _rate(quality.raw_ber), "symbol-ber": _rate(quality.effective_ber)}
    found["effective-ber"] = _rate(quality.effective_ber)
    for lane in range(lanes):
        found[f"raw-ber-lane{lane}"] = _rate(quality.raw_ber)
    return found


def _measure(name: str, value: str, limits: tuple[str, ...], *, low: bool) -> dict[str, str]:
    return {name: value, **dict(zip(_LIMIT_NAMES, limits, strict=True)), "alarm": "On" if low else "Off"}


def _received(plug: Plug, *, lit: bool) -> float:
    return plug.wire.quality[plug.side].rx_dbm if lit else -40.0


@lru_cache(maxsize=4096)
def _power(dbm: float) -> str:
    return f"{10 ** (dbm / 10):.4f} mW / {dbm:.2f} dBm"


@lru_cache(maxsize=4096)
def _rate(rate: float) -> str:
    if rate <= 0:
        return ASIC_ZERO
    exponent = math.floor(math.log10(rate))
    digit = round(rate / 10**exponent)
    return f"{digit}E{exponent}" if digit < 10 else f"1E{exponent + 1}"


def _optical(plug: Plug) -> bool:
    part = plug.wire.part
    return part is not None and (part.a_optic is not None or part.b_optic is not None)


def _serial(plug: Plug) -> str:
    text = f"{plug.wire.planned} {plug.wire.part_key}"
    return "MT" + hashlib.blake2b(text.encode(), digest_size=6).hexdigest().upper()[:11]
