"""Whether a wire carries a link, and what kind of one: a pure function of its two ends and the part between."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from rackwright.catalog.models import CableModel
from rackwright.twin.state.config import SwitchConfig, at
from rackwright.twin.state.hardware import LogicalPort, family

__all__ = ["UNJUDGED", "Face", "Verdict", "host_face", "judge", "switch_face"]

PAM4_LANE_GBPS: Final = 50
"""From 50 Gb/s a lane the line is PAM4 and must have RS-FEC (L1 page, encoding by lane speed)."""
_UNITS: Final = {"M": 0.001, "G": 1.0}


class Face(NamedTuple):
    """One end of a wire as the link sees it."""

    there: bool
    """The port exists: the cage is split as the name says, the host is alive."""
    admin_up: bool
    lanes: int
    gbps: float
    """The greatest speed."""
    forced_gbps: float
    """0: by negotiation."""
    negotiates: bool
    fec: str
    """``auto``, ``rs``, ``baser`` or ``off``."""
    connector: str
    mtu_bytes: int
    """0: not known."""


class Verdict(NamedTuple):
    """What becomes of a wire when both ends have power."""

    up: bool
    reason: str
    """Why not; empty when it is up."""
    gbps: float = 0
    fec: str = "off"
    negotiated: bool = True
    serdes: bool = True
    """False: BASE-T."""


UNJUDGED: Final = Verdict(False, "not plugged")


def switch_face(config: SwitchConfig, ports: dict[str, LogicalPort], port: str) -> Face:
    """Return a switch's end."""
    logical = ports.get(port)
    stanza = config.interfaces.get(port)
    speed = str(at(stanza, "link", "speed") or "auto")
    forced = _gbps(speed)
    negotiates = not forced and str(at(stanza, "link", "auto-negotiate") or "on") == "on"
    fec = str(at(stanza, "link", "fec") or "auto")
    return Face(
        logical is not None,
        config.admin_up(port),
        logical.lanes if logical else 0,
        logical.gbps if logical else 0,
        forced,
        negotiates,
        "auto" if fec == "driver-auto" else fec,
        logical.cage.connector if logical else "",
        config.mtu(port),
    )


def host_face(connector: str, gbps: float, lanes: int, mtu_bytes: int, *, alive: bool) -> Face:
    """Return a host's end: its NIC negotiates, and is up as long as the host lives."""
    return Face(alive, True, lanes, gbps, 0, True, "auto", connector, mtu_bytes)


def judge(part: CableModel | None, gbps: float, demand: tuple[int, int], faces: tuple[Face, Face]) -> Verdict:
    """Say whether a link comes up over a wire of ``gbps`` whose plugs want ``demand`` lanes of their ports.

    The order is that of a technician's questions; the first that is answered with no is the reason.
    """
    for face in faces:
        if not face.there:
            return Verdict(False, "no such port")
    for face in faces:
        if not face.admin_up:
            return Verdict(False, "admin down")
    if part is not None and not _fits(part, faces):
        return Verdict(False, "the part does not fit")
    lanes_of = [
        want == face.lanes or face.connector == "rj45" for want, face in zip(demand, faces, strict=True) if want
    ]
    if not all(lanes_of):
        return Verdict(False, "lanes differ")
    return _speed(part, gbps, demand, faces)


def _fits(part: CableModel, faces: tuple[Face, Face]) -> bool:
    ours = [family(part.a_connector), family(part.b_connector)]
    ports = [family(face.connector) for face in faces]
    return sorted(ours) == sorted(ports)


def _speed(part: CableModel | None, gbps: float, demand: tuple[int, int], faces: tuple[Face, Face]) -> Verdict:
    most = min(gbps, faces[0].gbps or gbps, faces[1].gbps or gbps)
    if part is not None and part.way_gbps < most:
        return Verdict(False, "the part is too slow")
    forced = {face.forced_gbps for face in faces if face.forced_gbps}
    if len(forced) == 2 or any(speed > most for speed in forced):
        return Verdict(False, "speeds differ")
    speed = forced.pop() if forced else most
    base_t = "rj45" in (faces[0].connector, faces[1].connector)
    lanes = min((want for want in demand if want), default=1) or 1
    pam4 = not base_t and speed / lanes >= PAM4_LANE_GBPS
    wrong = _negotiation(part, faces, pam4=pam4, base_t=base_t)
    if wrong:
        return Verdict(False, wrong)
    fec = _fec(faces, pam4=pam4, base_t=base_t, lane_gbps=speed / lanes)
    if not fec:
        return Verdict(False, "FEC differs")
    return Verdict(True, "", speed, fec, all(face.negotiates for face in faces), not base_t)


def _negotiation(part: CableModel | None, faces: tuple[Face, Face], *, pam4: bool, base_t: bool) -> str:
    settings = {face.negotiates for face in faces}
    if settings == {True}:
        return ""
    # A forced speed turns negotiation off, and PAM4 links between NVIDIA parts then stay down (RN-3877516, RN-3347538).
    if pam4:
        return "auto-negotiation is off on PAM4"
    # BASE-T cannot do without (L1 page); copper needs the same setting on both sides, optics have none at all.
    if base_t:
        return "auto-negotiation is off on BASE-T"
    copper = part is not None and part.a_optic is None
    return "auto-negotiation differs" if copper and len(settings) == 2 else ""


def _fec(faces: tuple[Face, Face], *, pam4: bool, base_t: bool, lane_gbps: float) -> str:
    """Return the FEC in use; empty: the ends do not agree (L1 page: both must have the same for the link to come up)."""
    if base_t:
        return "off"
    default = "rs" if pam4 or lane_gbps >= 25 else "off"
    given = {face.fec for face in faces} - {"auto"}
    if not given:
        return default
    if len(given) == 2 or (pam4 and given != {"rs"}):
        return ""
    chosen = given.pop()
    forced = any(face.fec == "auto" and not face.negotiates for face in faces)
    return "" if forced and chosen != default else chosen


def _gbps(text: Any) -> float:
    value, unit = str(text)[:-1], str(text)[-1:]
    return float(value) * _UNITS[unit] if unit in _UNITS and value.replace(".", "").isdecimal() else 0.0
