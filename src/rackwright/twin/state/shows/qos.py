"""RoCE and what it sets (RoCE page of 5.12; nvue.md 3.5)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.twin.state.config import at
from rackwright.twin.state.shows.view import Show, View

__all__ = [
    "SHOWS",
    "congestion",
    "counters",
    "pfc",
    "pools",
    "prio_map",
    "roce",
    "settings",
    "status",
    "tc_map",
    "traffic_pool",
    "traffic_pools",
    "watchdog",
    "watchdog_class",
    "watchdog_settings",
]

LOSSLESS: Final = ("lossless", "lossless-single-ipool")
EVEN_SHARE: Final = 50
"""Share of each pool in percent where none is set [assumed]: the page shows only changed shares."""
CLASSES: Final = {3: 3, 6: 6}
"""Switch priority -> traffic class; every other goes to 0 (RoCE page)."""
PRIORITIES: Final = range(8)


def settings(view: View) -> dict[str, Any]:
    """Return mode, PFC priorities and thresholds as they are in force; empty: RoCE is off."""
    roce = at(view.config.tree, "qos", "roce")
    if roce is None or roce.get("enable", "on") == "off" or "roce" not in view.machine.model.features:
        return {}
    mode = str(roce.get("mode") or "lossless")
    chosen = at(view.config.tree, "qos", "pfc", "default-global", "switch-priority")
    priorities = ",".join(chosen) if chosen else "3"
    return {"mode": mode, "lossless": mode in LOSSLESS, "priorities": priorities}


def congestion(view: View) -> dict[str, Any]:
    """Return the ECN thresholds: the defaults of lossless RoCE, or those of the profile that replaces them."""
    profile = at(view.config.tree, "qos", "congestion-control", "default-global", "traffic-class", "3") or {}
    return {
        "congestion-mode": "ECN" if profile.get("ecn", "enable") == "enable" else "none",
        "enabled-tc": "0,3",
        "min-threshold": str(profile.get("min-threshold") or "146.48 KB"),
        "max-threshold": str(profile.get("max-threshold") or "1.43 MB"),
        "probability": int(profile.get("probability") or 100),
    }


def pfc(found: dict[str, Any], yes: str, no: str) -> dict[str, Any]:
    """Return PFC: on the RoCE priority in a lossless mode, nowhere in a lossy one."""
    word = yes if found["lossless"] else no
    return {"pfc-priority": found["priorities"] if found["lossless"] else "-", "rx-enabled": word, "tx-enabled": word}


def roce(view: View) -> dict[str, Any]:
    """Return ``nv show qos roce``; the sub-tables stand under the names of their own documented paths."""
    found = settings(view)
    if not found:
        return {"enable": "off"}
    trust = {"trust-mode": "pcp,dscp"}
    return {
        "enable": "on",
        "mode": found["mode"],
        "pfc": {**pfc(found, "enabled", "disabled"), "cable-length": 100},
        "congestion-control": congestion(view),
        "trust": trust,
        "lldp-app-tlv": {"priority": 3, "protocol-id": 4791, "selector": "UDP"},
        "prio-map": prio_map(view),
        "tc-map": tc_map(view),
        "pool": pools(view),
        "exception": {},
    }


def prio_map(view: View) -> dict[str, Any]:
    """Return the mapping of PCP and DSCP to switch priorities."""
    _need(view)
    return {
        str(n): {"pcp": n, "dscp": ",".join(str(8 * n + low) for low in range(8)), "switch-prio": n} for n in PRIORITIES
    }


def tc_map(view: View) -> dict[str, Any]:
    """Return the mapping of switch priorities to traffic classes and their scheduling."""
    _need(view)
    return {
        str(n): {
            "switch-prio": n,
            "traffic-class": CLASSES.get(n, 0),
            "scheduler-weight": "strict-priority" if n == 6 else "DWRR-50%",
        }
        for n in PRIORITIES
    }


def pools(view: View) -> dict[str, Any]:
    """Return the buffer pools; a lossy mode and the single ingress pool have one pool for all that comes in."""
    found = _need(view)
    given = at(view.config.tree, "qos", "traffic-pool") or {}
    lossy = at(given, "default-lossy", "memory-percent") or EVEN_SHARE
    own = "roce-lossless" if found["lossless"] else "roce-lossy"
    lossless = at(given, own, "memory-percent") or EVEN_SHARE
    separate = found["mode"] == "lossless"
    special = found["priorities"].split(",")
    common = ",".join(str(n) for n in PRIORITIES if not separate or str(n) not in special)
    rows = {"0": _pool("lossy-default-ingress", f"{lossy}%" if separate else "100%", common, "-")}
    if separate:
        rows["1"] = _pool("roce-reserved-ingress", f"{lossless}%", found["priorities"], "-")
    rows["2"] = _pool("lossy-default-egress", f"{lossy}%" if separate else "100%", "-", "0,6")
    if found["lossless"]:
        rows["3"] = _pool("roce-reserved-egress", "inf", "-", "3")
    return rows


def _pool(name: str, size: str, priorities: str, traffic_class: str) -> dict[str, str]:
    row = {"name": name, "mode": "Dynamic", "size": size}
    return {**row, "switch-priorities": priorities, "traffic-class": traffic_class}


def _need(view: View) -> dict[str, Any]:
    found = settings(view)
    if not found:
        raise KeyError("roce")
    return found


def _port(view: View, name: str) -> None:
    if name not in view.machine.ports:
        raise KeyError(name)


def status(view: View, name: str) -> dict[str, Any]:
    """Return ``nv show interface X qos roce status``."""
    _port(view, name)
    found = _need(view)
    pool_ids = {"0": 2, "1": 3, "2": 13, "3": 14}
    return {
        "mode": found["mode"],
        "congestion-control": {**congestion(view), "congestion-mode": "ecn, absolute"},
        "lldp-app-tlv": {"priority": 3, "protocol-id": 4791, "selector": "UDP"},
        "pfc": pfc(found, "yes", "no"),
        "trust": {"trust-mode": "pcp,dscp"},
        "prio-map": {
            "cnp": {"pcp": 6, "dscp": "48", "switch-prio": 6},
            "roce": {"pcp": 3, "dscp": "26", "switch-prio": 3},
        },
        "tc-map": {
            "cnp": {"switch-prio": 6, "traffic-class": 6, "scheduler-weight": "strict priority"},
            "roce": {"switch-prio": 3, "traffic-class": 3, "scheduler-weight": "dwrr-50%"},
        },
        "pool-map": {
            number: {**row, "mode": "DYNAMIC", "pool-id": pool_ids[number], **_IDLE}
            for number, row in pools(view).items()
        },
    }


_IDLE: Final = {"current-usage": "0 Bytes", "max-usage": "0 Bytes"}
_BUFFER: Final = {"buffer-max-usage": "0 Bytes", "buffer-usage": "0 Bytes"}


def counters(view: View, name: str) -> dict[str, Any]:
    """Return ``nv show interface X qos roce counters``: nothing, or what a test has declared to have passed."""
    _port(view, name)
    _need(view)
    told = view.fabric.traffic.get((view.name, name), {})

    def number(key: str) -> int:
        return int(told.get(key, 0))

    rx = {**_BUFFER, "pg-max-usage": "0 Bytes", "pg-usage": "0 Bytes"}
    tx = {**_BUFFER, "tc-max-usage": "0 Bytes", "tc-usage": "0 Bytes"}
    return {
        "rx-stats": {
            "rx-non-roce-stats": {
                **rx,
                "no-buffer-discard": number("rx-discards"),
                "non-roce-bytes": "0 Bytes",
                "non-roce-packets": 0,
            },
            "rx-pfc-stats": {"pause-duration": 0, "pause-packets": number("rx-pause")},
            "rx-roce-stats": {
                **rx,
                "no-buffer-discard": number("rx-roce-discards"),
                "roce-bytes": f"{number('rx-roce-bytes')} Bytes",
                "roce-packets": number("rx-roce-packets"),
            },
        },
        "tx-stats": {
            "tx-cnp-stats": {
                **tx,
                "cnp-bytes": "0 Bytes",
                "cnp-packets": number("tx-cnp"),
                "unicast-no-buffer-discard": 0,
            },
            "tx-ecn-stats": {"ecn-marked-packets": number("tx-ecn")},
            "tx-pfc-stats": {"pause-duration": 0, "pause-packets": number("tx-pause")},
            "tx-roce-stats": {
                **tx,
                "roce-bytes": f"{number('tx-roce-bytes')} Bytes",
                "roce-packets": number("tx-roce-packets"),
                "unicast-no-buffer-discard": number("tx-roce-discards"),
            },
        },
    }


def watchdog(view: View, name: str) -> dict[str, Any]:
    """Return ``nv show interface X qos pfc-watchdog``; it works only where PFC is on (nvue.md 3.5)."""
    _port(view, name)
    wanted = at(view.config.interfaces.get(name), "qos", "pfc-watchdog", "state") == "enable"
    works = wanted and bool(settings(view).get("lossless"))
    deadlocks = int(view.fabric.traffic.get((view.name, name), {}).get("deadlocks", 0))
    rows = {str(n): {"status": "OK", "deadlock-count": deadlocks if n == 3 else 0} for n in PRIORITIES}
    return {"state": "enabled" if works else "disabled", "status": rows}


def watchdog_class(view: View, name: str, number: str) -> dict[str, Any]:
    """Return the watchdog's state of one traffic class."""
    found: dict[str, Any] = watchdog(view, name)["status"][number]
    return found


def traffic_pools(view: View) -> dict[str, Any]:
    """Return the traffic pools with the priorities that RoCE gives them."""
    given = at(view.config.tree, "qos", "traffic-pool") or {}
    found = settings(view)
    usual: dict[str, list[int]] = {"default-lossy": list(PRIORITIES)}
    if found.get("lossless"):
        special = [int(number) for number in found["priorities"].split(",")]
        usual = {"default-lossy": [n for n in PRIORITIES if n not in special], "roce-lossless": special}
    return {
        pool: {
            "memory-percent": EVEN_SHARE if found else 100,
            "switch-priority": {str(number): {} for number in usual.get(pool, ())},
            **(given.get(pool) or {}),
        }
        for pool in dict.fromkeys((*usual, *given))
    }


def traffic_pool(view: View, name: str) -> dict[str, Any]:
    """Return one traffic pool; raises KeyError when it is not in use."""
    found: dict[str, Any] = traffic_pools(view)[name]
    return found


def watchdog_settings(view: View) -> dict[str, Any]:
    """Return the watchdog's own settings: 100 ms and 3 rounds where none are given (nvue.md 3.5)."""
    return {"polling-interval": 100, "robustness": 3, **(at(view.config.tree, "qos", "pfc-watchdog") or {})}


SHOWS: dict[tuple[str, ...], Show] = {
    ("qos", "roce"): roce,
    ("qos", "roce", "prio-map"): prio_map,
    ("qos", "roce", "tc-map"): tc_map,
    ("qos", "roce", "pool"): pools,
    ("qos", "traffic-pool"): traffic_pools,
    ("qos", "traffic-pool", "*"): traffic_pool,
    ("qos", "pfc-watchdog"): watchdog_settings,
    ("interface", "*", "qos", "roce", "status"): status,
    ("interface", "*", "qos", "roce", "counters"): counters,
    ("interface", "*", "qos", "pfc-watchdog"): watchdog,
    ("interface", "*", "qos", "pfc-watchdog", "status", "*"): watchdog_class,
}
