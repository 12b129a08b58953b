"""Neutral settings of :class:`~rackwright.plan.model.SystemSettings` by their dotted name, and where 5.12 has them.

The names are ours and outlive a NOS version; the paths are those of 5.11 and 5.12. Values come as
JSON text. A value that is an object stands for the names below it: ``banner = {"pre_login": "..."}``
is ``banner.pre_login``. A name that is not in the table is an error, so that nothing is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from rackwright import secrets
from rackwright.errors import CatalogError, SecretUnresolved
from rackwright.nvue.tree import put

__all__ = ["NEUTRAL", "Neutral", "neutral"]

Tree = dict[str, Any]
Form = Callable[[Any], Any]


def _plain(value: Any) -> Any:
    """Give a text or a number as it is."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError("a text or a number")
    return value


def _on(value: Any) -> str:
    """Give NVUE's ``on`` or ``off``."""
    return _word(value, "on", "off")


def _enabled(value: Any) -> str:
    """Give NVUE's ``enabled`` or ``disabled``."""
    return _word(value, "enabled", "disabled")


def _word(value: Any, yes: str, no: str) -> str:
    if value in (True, yes):
        return yes
    if value in (False, no):
        return no
    raise TypeError("true or false")


def _names(value: Any) -> Tree:
    """Give a list of names as presences."""
    if isinstance(value, str):
        return {value: {}}
    if not isinstance(value, list):
        raise TypeError("a list of names")
    return {str(item): {} for item in value}


def _order(value: Any) -> Tree:
    """Give a list as NVUE's numbered order: ``{"1": {"local": {}}, "2": {"ldap": {}}}``."""
    return {str(number): {name: {}} for number, name in enumerate(_names(value), start=1)}


def _priorities(value: Any) -> Tree:
    """Give servers in order of priority; the first has NVUE's own default of 1 and needs none written."""
    return {name: {"priority": number} if number > 1 else {} for number, name in enumerate(_names(value), start=1)}


def _secret(value: Any) -> Any:
    """Give a reference to a secret in its kept form; a masked value of an export stays as it is."""
    if isinstance(value, str) and (value == "*" or value.startswith("$nvsec$")):
        return value
    try:
        if isinstance(value, str) and not secrets.is_reference(value):
            return secrets.parse(f"secret:{value}").mapping()
        return secrets.parse(value).mapping()
    except SecretUnresolved as error:
        raise TypeError("a reference secret:NAME") from error


class Neutral(NamedTuple):
    """Where a neutral setting stands in 5.12 and how its value is written; ``*`` is the service VRF."""

    path: str
    form: Form = _plain


_LDAP = "system.aaa.ldap"
_HASH = "system.forwarding.ecmp-hash"
_HISTOGRAM = "system.telemetry.histogram"

NEUTRAL: dict[str, Neutral] = {
    # log-in
    "aaa.order": Neutral("system.aaa.authentication-order", _order),
    "aaa.ldap.base_dn": Neutral(f"{_LDAP}.base-dn"),
    "aaa.ldap.bind_dn": Neutral(f"{_LDAP}.bind-dn"),
    "aaa.ldap.secret": Neutral(f"{_LDAP}.secret", _secret),
    "aaa.ldap.servers": Neutral(f"{_LDAP}.server", _priorities),
    "aaa.ldap.port": Neutral(f"{_LDAP}.port"),
    "aaa.ldap.scope": Neutral(f"{_LDAP}.scope"),
    "aaa.ldap.version": Neutral(f"{_LDAP}.version"),
    "aaa.ldap.vrf": Neutral(f"{_LDAP}.vrf"),
    "aaa.ldap.timeout_bind_s": Neutral(f"{_LDAP}.timeout-bind"),
    "aaa.ldap.timeout_search_s": Neutral(f"{_LDAP}.timeout-search"),
    "aaa.ldap.ssl.mode": Neutral(f"{_LDAP}.ssl.mode"),
    "aaa.ldap.ssl.port": Neutral(f"{_LDAP}.ssl.port"),
    "aaa.ldap.ssl.cert_verify": Neutral(f"{_LDAP}.ssl.cert-verify", _enabled),
    "banner.pre_login": Neutral("system.message.pre-login"),
    "banner.post_login": Neutral("system.message.post-login"),
    "ssh.enable": Neutral("system.ssh-server.state", _enabled),
    "ssh.permit_root_login": Neutral("system.ssh-server.permit-root-login"),
    "ssh.keys_only": Neutral("system.ssh-server.pka-only", _enabled),
    "ssh.vrfs": Neutral("system.ssh-server.vrf", _names),
    "api.enable": Neutral("system.api.state", _enabled),
    "api.port": Neutral("system.api.port"),
    "api.listen": Neutral("system.api.listening-address", _names),
    "snmp.enable": Neutral("system.snmp-server.state", _enabled),
    # the switch as a whole
    "anycast_mac": Neutral("system.global.anycast-mac"),
    "anycast_id": Neutral("system.global.anycast-id"),
    "fabric_id": Neutral("system.global.fabric-id"),
    "reserved_vlans": Neutral("system.global.reserved.vlan.internal.range"),
    "reboot_mode": Neutral("system.reboot.mode"),
    "auto_save": Neutral("system.config.auto-save.state", _enabled),
    "forwarding_profile": Neutral("system.forwarding.profile"),
    "ecmp_hash.source_ip": Neutral(f"{_HASH}.source-ip", _on),
    "ecmp_hash.destination_ip": Neutral(f"{_HASH}.destination-ip", _on),
    "ecmp_hash.source_port": Neutral(f"{_HASH}.source-port", _on),
    "ecmp_hash.destination_port": Neutral(f"{_HASH}.destination-port", _on),
    "ecmp_hash.gtp_teid": Neutral(f"{_HASH}.gtp-teid", _on),
    # what is measured
    "telemetry.enable": Neutral("system.telemetry.enable", _on),
    "histogram.counter.bin_min_boundary": Neutral(f"{_HISTOGRAM}.counter.bin-min-boundary"),
    "histogram.counter.histogram_size": Neutral(f"{_HISTOGRAM}.counter.histogram-size"),
    "histogram.counter.sample_interval": Neutral(f"{_HISTOGRAM}.counter.sample-interval"),
    "histogram.egress_buffer.bin_min_boundary": Neutral(f"{_HISTOGRAM}.egress-buffer.bin-min-boundary"),
    "histogram.egress_buffer.histogram_size": Neutral(f"{_HISTOGRAM}.egress-buffer.histogram-size"),
    "histogram.egress_buffer.sample_interval": Neutral(f"{_HISTOGRAM}.egress-buffer.sample-interval"),
    "histogram.ingress_buffer.bin_min_boundary": Neutral(f"{_HISTOGRAM}.ingress-buffer.bin-min-boundary"),
    "histogram.ingress_buffer.histogram_size": Neutral(f"{_HISTOGRAM}.ingress-buffer.histogram-size"),
    "histogram.ingress_buffer.sample_interval": Neutral(f"{_HISTOGRAM}.ingress-buffer.sample-interval"),
    "histogram.snapshot_count": Neutral("system.telemetry.snapshot-file.count"),
    "histogram.snapshot_file": Neutral("system.telemetry.snapshot-file.name"),
    "histogram.snapshot_interval_s": Neutral("system.telemetry.snapshot-interval"),
    "wjh.enable": Neutral("system.wjh.enable", _on),
    "wjh.triggers": Neutral("system.wjh.channel.forwarding.trigger", _names),
    # services
    "ntp.listen": Neutral("service.ntp.*.listen"),
    "dns.search": Neutral("service.dns.*.search", _names),
    "lldp.enable": Neutral("service.lldp.state", _enabled),
    "lldp.tx_interval_s": Neutral("service.lldp.tx-interval"),
    "lldp.tx_hold_multiplier": Neutral("service.lldp.tx-hold-multiplier"),
    # lossless traffic
    "pfc_watchdog.polling_interval_ms": Neutral("qos.pfc-watchdog.polling-interval"),
    "pfc_watchdog.robustness": Neutral("qos.pfc-watchdog.robustness"),
    "adaptive_routing.profile": Neutral("router.adaptive-routing.profile"),
}
"""Every neutral name. A setting that is missing here is added here, and in the model of the next version."""


@lru_cache(maxsize=256)
def neutral(extra: tuple[tuple[str, str], ...]) -> Tree:
    """Return the tree of a switch's neutral settings, one object for equal settings: copy before you change it.

    Raises :class:`~rackwright.errors.CatalogError` for a name that the table does not have, or a
    value of the wrong form.
    """
    found: Tree = {}
    for name, text in extra:
        for full, value in _flat(name, json.loads(text)):
            row = NEUTRAL[full]
            try:
                put(found, row.path.split("."), row.form(value))
            except TypeError as error:
                raise CatalogError(f"system setting {full}: {value!r} is not {error}") from error
    return found


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name in NEUTRAL:
        yield name, value
    elif isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _flat(f"{name}.{key}", below)
    else:
        near = [known for known in NEUTRAL if known.startswith(name.partition(".")[0] + ".")]
        raise CatalogError(
            f"no system setting is called {name!r}: use one of {', '.join(near or NEUTRAL)}, or an overlay"
        )
