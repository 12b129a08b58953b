"""Light and copper: what is plugged in, how much light comes, how many bits are wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final

from rackwright.audit.evidence import SHOW
from rackwright.audit.ledger import Ledger
from rackwright.audit.model import INTERFACES, MUTE, SHOWN, DeviceCheck, Site, View, some_links
from rackwright.catalog.models import CableModel
from rackwright.plan.model import Switch

__all__ = ["LinkErrors", "OpticsPower", "OpticsPresent"]

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LIMITS: Final = ("low-alarm-threshold", "high-alarm-threshold", "low-warning-threshold", "high-warning-threshold")
_DBM: Final = re.compile(r"(-?\d+(?:\.\d+)?)\s*dBm")
_MODULES: Final = f"{SHOW}platform transceiver"


def _number(text: object) -> float | None:
    """Read a figure that NVUE prints as text: ``15E-255``, ``747567424``."""
    if isinstance(text, int | float):
        return float(text)
    found = _NUMBER.match(text.strip()) if isinstance(text, str) else None
    return float(found[0]) if found else None


class LinkErrors(DeviceCheck):
    """Bits that the correction could not mend are as rare as they must be.

    Passes when the effective bit error rate of each link that is up is at most the limit. Fails above it. Error where it is
    not told: one a switch, which names the ports. Links that are down are LINK-STATE's; ports of an ASIC or medium without these counters (Spectrum-1, RJ45) are not asked.
    """

    id = "LINK-ERRORS"
    title = "bit error rates after correction"
    remedy = "clean both ends, reseat, then replace the cable or module; see the rates of the single lanes"
    source = (
        "nv show interface X link phy-detail (Cumulus Linux 5.12, AmBER); no source gives a limit for Ethernet: the "
        "default is ibdiagnet's 1e-12"
    )
    asks: ClassVar[tuple[str, ...]] = (f"{SHOW}interface {{port}} link phy-detail",)

    def applies(self, switch: Switch, site: Site) -> bool:
        """Spectrum-1 has no such counters (5.12 guide)."""
        return any(True for _ in _pam4(switch, site))

    def questions(self, switch: Switch, site: Site) -> Iterator[str]:
        """Ask each cabled port by itself: no show gives all."""
        yield INTERFACES
        yield from (f"{SHOW}interface {port} link phy-detail" for port in _pam4(switch, site))

    def needs(self, view: View) -> Iterable[str]:  # noqa: ARG002 - the signature of all checks
        """Judge what ports answered, though others did not."""
        return (INTERFACES,)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each port that is up."""
        limit = view.look.limits.effective_ber
        up = [port for port in _pam4(view.switch, view.look.site) if view.is_up(port)]
        silent: dict[str, str] = {}
        for port in up:
            question = f"{SHOW}interface {port} link phy-detail"
            why = view.why_not(question)
            counters = {} if why else view.tree(question)
            rate = _number(counters.get("effective-ber"))
            if rate is None:
                silent[port] = f"{question}: {why or counters}"
            elif rate > limit:
                ledger.wrong(
                    port, f"{port}: {rate:g} of the bits are wrong after correction", expected=f"at most {limit:g}",
                    actual=f"{rate:g}", evidence=[f"{key} {value}" for key, value in counters.items() if "ber" in key],
                )  # fmt: skip
            else:
                ledger.right("link")
        if silent:
            ledger.untold(
                "effective-ber", f"the switch does not tell the error rate of {some_links(tuple(silent))}",
                remedy=MUTE, evidence=tuple(silent.values())[:SHOWN],
            )  # fmt: skip
        if not up:
            ledger.skip("no link is up")


class OpticsPresent(DeviceCheck):
    """Each cabled cage holds a module of the planned form and medium.

    Passes when a module is there whose identifier is the planned connector, and its medium, where it tells it, the planned
    one. Fails when the cage is empty or holds another kind. Ordering numbers are compared where the catalog has one.
    """

    id = "OPTICS-PRESENT"
    title = "modules and cables of the planned kind are plugged in"
    remedy = "plug in the planned part (assemblies.csv names it)"
    source = "nv show platform transceiver (Cumulus Linux 5.12); cables.yaml of the catalog"
    asks: ClassVar[tuple[str, ...]] = (_MODULES,)

    def applies(self, switch: Switch, site: Site) -> bool:
        """Only cages that take a module are looked at, no RJ45."""
        return bool(_caged(switch, site))

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each cabled cage."""
        modules = view.tree(_MODULES)
        parts = view.look.site.parts
        for cage, connector in _caged(view.switch, view.look.site).items():
            module = modules.get(cage)
            wanted = parts.get((view.name, cage))
            if not isinstance(module, dict):
                ledger.wrong(cage, f"{cage} is empty", expected=wanted.name if wanted else connector, actual="nothing")
                continue
            wrong = [*_form(module, connector), *(_kind(module, wanted) if wanted else ())]
            for what, expected, actual in wrong:
                ledger.wrong(
                    f"{cage}.{what}", f"{cage} holds another part than planned: {actual}, not {expected}",
                    expected=expected, actual=actual, evidence=[f"{key} {value}" for key, value in module.items()],
                )  # fmt: skip
            if not wrong:
                ledger.right("module")


def _form(module: Mapping[str, Any], connector: str) -> Iterator[tuple[str, str, str]]:
    """Compare the form: an identifier names the connector, with or without a suffix (``QSFP28 or later``)."""
    told = str(module.get("identifier", "")).lower().replace("-", "")
    if not told:
        yield "identifier", connector.upper(), "nothing told"
    elif not told.startswith((connector, connector.rstrip("0123456789"))):
        yield "identifier", connector.upper(), str(module["identifier"])


def _kind(module: Mapping[str, Any], wanted: CableModel) -> Iterator[tuple[str, str, str]]:
    part = module.get("vendor-pn")
    if wanted.part and part and part != wanted.part:
        yield "vendor-pn", wanted.part, str(part)
    told = str(module.get("cable-type", "")).lower()
    if told and ("copper" in told) != (wanted.a_optic is None):
        yield "cable-type", "copper" if wanted.a_optic is None else "optical", str(module["cable-type"])


class OpticsPower(DeviceCheck):
    """Every lane of an optical module gets and gives the light that the module itself asks for.

    Passes when the power of each lane lies within the module's own alarm thresholds. Fails outside them, and as a warning
    outside its warning thresholds. A module without diagnostics and copper have none, and an empty cage has no module: skipped.
    """

    id = "OPTICS-POWER"
    title = "optical power within the module's own thresholds"
    remedy = "clean the ends of the fibre and the module; then replace the fibre, then the module of the sending end"
    source = "nv show platform transceiver X: thresholds of the module (Cumulus Linux 5.12)"
    asks: ClassVar[tuple[str, ...]] = (_MODULES, f"{_MODULES} {{cage}}")

    def applies(self, switch: Switch, site: Site) -> bool:
        """Only cages with a planned medium that can be optical are asked."""
        return any(True for _ in _optical(switch, site))

    def questions(self, switch: Switch, site: Site) -> Iterator[str]:
        """Ask each cage by itself: the list of all has no measures, it says which are empty."""
        yield _MODULES
        yield from (f"{_MODULES} {cage}" for cage in _optical(switch, site))

    def needs(self, view: View) -> Iterable[str]:  # noqa: ARG002 - the signature of all checks
        """Judge what cages answered, though others did not."""
        return ()

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each lane that is measured."""
        silent: list[str] = []
        mute: dict[str, str] = {}
        plugged = None if view.why_not(_MODULES) else view.tree(_MODULES)
        for cage in _optical(view.switch, view.look.site):
            question = f"{_MODULES} {cage}"
            if why := view.why_not(question):
                if plugged is None or cage in plugged:
                    mute[cage] = f"{question}: {why}"
                else:
                    silent.append(cage)
                continue
            lanes = view.tree(question).get("channel")
            if not isinstance(lanes, dict) or not lanes:
                silent.append(cage)
                continue
            for lane, measures in lanes.items():
                self._lane(cage, lane, measures if isinstance(measures, dict) else {}, ledger)
        if mute:
            cages = tuple(mute)
            ledger.untold(
                "channel", f"the switch does not tell the light of {len(cages)} cage(s) ({', '.join(cages[:SHOWN])})",
                remedy=MUTE, evidence=tuple(mute.values())[:SHOWN],
            )  # fmt: skip
        if silent:
            ledger.skip(f"{len(silent)} cages have no measures ({', '.join(silent[:8])})", path="silent")
        elif ledger.empty:
            ledger.skip("no optical module is planned")

    @staticmethod
    def _lane(cage: str, lane: str, measures: Mapping[str, Any], ledger: Ledger) -> None:
        for way in ("rx-power", "tx-power"):
            measure = measures.get(way)
            power = _dbm(measure.get("power")) if isinstance(measure, dict) else None
            if not isinstance(measure, dict) or power is None:
                continue
            level = _beyond(measure, power)
            if level is None:
                ledger.right("measure")
            else:
                low, high = measure.get(f"low-{level}-threshold"), measure.get(f"high-{level}-threshold")
                ledger.wrong(
                    f"{cage}.{lane}.{way}", f"{cage} {lane}: {way} of {power:g} dBm is beyond its {level} threshold",
                    severity="error" if level == "alarm" else "warning", expected=f"{low} to {high}",
                    actual=f"{power:g} dBm", evidence=[f"{key} {value}" for key, value in measure.items()],
                )  # fmt: skip


def _beyond(measure: Mapping[str, Any], power: float) -> str | None:
    return _level(power, *[text if isinstance(text := measure.get(key), str) else None for key in _LIMITS])


@lru_cache(maxsize=4096)
def _level(power: float, *limits: str | None) -> str | None:
    """Return beyond which pair of :data:`_LIMITS` a power is; a rack has half a million measures, and few that differ."""
    figures = [_dbm(limit) for limit in limits]
    for level, low, high in zip(("alarm", "warning"), figures[::2], figures[1::2], strict=True):
        if (low is not None and power < low) or (high is not None and power > high):
            return level
    return None


def _dbm(text: object) -> float | None:
    return _power(text) if isinstance(text, str) else None


@lru_cache(maxsize=4096)
def _power(text: str) -> float | None:
    """Read a figure; a rack has half a million of them, and few that differ."""
    found = _DBM.search(text)
    return float(found[1]) if found else None


def _groups(switch: Switch, site: Site) -> dict[int, tuple[str, str]]:
    """Return (connector, modulation) of each cage that has a planned link."""
    model = site.catalog.switches.get(switch.model)
    cabled = sorted({port.cage for port in switch.ports if port.link >= 0 and port.admin != "down"})
    runs = (
        []
        if model is None
        else [(*_run(group.ports), group.connector, group.modulation) for group in model.port_groups]
    )
    return {
        cage: (connector, modulation)
        for cage in cabled
        for first, last, connector, modulation in runs
        if first <= cage <= last
    }


def _run(ports: str) -> tuple[int, int]:
    first, _, last = ports.removeprefix("swp").partition("-")
    return int(first), int(last or first)


def _pam4(switch: Switch, site: Site) -> Iterator[str]:
    cages = {cage for cage, (_, modulation) in _groups(switch, site).items() if modulation == "pam4"}
    return (port.name for port in switch.ports if port.cage in cages and port.link >= 0 and port.admin != "down")


def _caged(switch: Switch, site: Site) -> dict[str, str]:
    return {f"swp{cage}": plug for cage, (plug, _) in _groups(switch, site).items() if plug != "rj45"}


def _optical(switch: Switch, site: Site) -> Iterator[str]:
    for cage in _caged(switch, site):
        part = site.parts.get((switch.name, cage))
        if part is None or part.a_optic or part.b_optic:
            yield cage
