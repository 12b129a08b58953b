"""DHCP for dnsmasq and for Kea: scopes, reservations, ONIE (option 114) and zero-touch provisioning (239).

Sources: nvue.md 4.3 (options, vendor class), twin.md 7 (both servers delivered option 239 in a trial).
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any, Final

import msgspec

from rackwright.plan.model import DhcpScope, Plan
from rackwright.render.netboot import BOOT_FILE, FIRST_SCRIPT
from rackwright.render.printing import Printer
from rackwright.render.slices import Slices

__all__ = ["dnsmasq", "image_url", "kea", "ztp_url"]

_LEASE_S: Final = 3600
_PROVISION: Final = "cumulus-provision-url"


def image_url(plan: Plan, server: str) -> str:
    """Return where ONIE finds the installer, by the file name that NVIDIA gives the image."""
    return f"http://{server}/images/cumulus-linux-{plan.nos}-mlx-amd64.bin"


def ztp_url(server: str, device: str) -> str:
    """Return where a switch finds its own ZTP script."""
    return f"http://{server}/devices/{device}/ztp.sh"


def dnsmasq(slices: Slices, printer: Printer) -> bytes:
    """Print ``dnsmasq.conf``."""
    scopes = [_scope(slices, scope, place) for place, scope in enumerate(slices.plan.scopes)]
    return printer.print("dhcp/dnsmasq.conf.j2", site=slices.plan.name, lease_time=_LEASE_S, scopes=scopes)


def _scope(slices: Slices, scope: DhcpScope, place: int) -> dict[str, Any]:
    tag = f"net{place + 1}"
    subnet = IPv4Network(scope.subnet)
    known: list[dict[str, str]] = []
    unknown: list[dict[str, str]] = []
    switches: list[dict[str, str]] = []
    for name, mac, address in scope.reservations:
        is_switch = scope.ztp and bool(scope.next_server) and name in slices.switch
        host = {"name": name, "address": address, "mac": mac.lower(), "tags": f"set:sw-{name}," if is_switch else ""}
        (known if mac else unknown).append(host)
        if is_switch and mac:
            switches.append({"tag": f"sw-{name}", "url": ztp_url(scope.next_server, name)})
    return {
        "network": scope.network,
        "subnet": scope.subnet,
        "tag": tag,
        # Without a range of its own a scope serves its reservations only.
        "range": f"{scope.first},{scope.last}" if scope.first else f"{subnet.network_address},static",
        "netmask": str(subnet.netmask),
        "gateway": scope.gateway.partition("/")[0],
        "dns": ",".join(scope.dns),
        "ntp": ",".join(scope.ntp),
        "ztp": scope.ztp and bool(scope.next_server),
        "pxe": scope.pxe and bool(scope.next_server),
        "pxe_file": BOOT_FILE,
        "next_server": scope.next_server,
        "onie_url": image_url(slices.plan, scope.next_server),
        "http_url": f"http://{scope.next_server}/boot/{BOOT_FILE}",
        "script_url": f"http://{scope.next_server}/boot/{FIRST_SCRIPT}",
        "switches": switches,
        "known": known,
        "unknown": unknown,
    }


def kea(slices: Slices) -> bytes:
    """Print ``kea-dhcp4.json`` (Kea 2.2 and later); leases are kept in memory and in Kea's own file."""
    plan = slices.plan
    server = {
        "valid-lifetime": _LEASE_S,
        "interfaces-config": {"interfaces": ["*"]},
        "lease-database": {"type": "memfile", "persist": True},
        "authoritative": True,
        "option-def": [{"name": _PROVISION, "code": 239, "type": "string", "space": "dhcp4"}],
        "client-classes": _classes(plan),
        "subnet4": [_subnet(slices, scope, place) for place, scope in enumerate(plan.scopes)],
    }
    return msgspec.json.format(msgspec.json.encode({"Dhcp4": server}), indent=1) + b"\n"


def _classes(plan: Plan) -> list[dict[str, Any]]:
    server = next((scope.next_server for scope in plan.scopes if scope.ztp and scope.next_server), "")
    classes: list[dict[str, Any]] = []
    if server:
        # ONIE's vendor class reads onie_vendor:<platform>; option 114 is known to Kea as v4-captive-portal.
        image = {
            "code": 114,
            "space": "dhcp4",
            "csv-format": True,
            "data": image_url(plan, server),
            "always-send": True,
        }
        classes.append(
            {"name": "onie", "test": "substring(option[60].hex,0,11) == 'onie_vendor'", "option-data": [image]}
        )
    boot = next((scope.next_server for scope in plan.scopes if scope.pxe and scope.next_server), "")
    if boot:
        url, script = (f"http://{boot}/boot/{name}" for name in (BOOT_FILE, FIRST_SCRIPT))
        client = {"name": "vendor-class-identifier", "data": "HTTPClient", "always-send": True}
        # iPXE calls itself so (option 77), whichever way it was loaded; only who has a reservation is told anything.
        known, ipxe = "member('KNOWN')", "substring(option[77].hex,0,4) == 'iPXE'"
        pxe, http = (f"{known} and not ({ipxe}) and option[93].hex == {arch}" for arch in ("0x0007", "0x0010"))
        classes += [
            {"name": "ipxe", "test": f"{known} and {ipxe}", "boot-file-name": script},
            {"name": "pxe", "test": pxe, "next-server": boot, "boot-file-name": BOOT_FILE},
            {"name": "http", "test": http, "boot-file-name": url, "option-data": [client]},
        ]
    return classes


def _subnet(slices: Slices, scope: DhcpScope, place: int) -> dict[str, Any]:
    options = [
        {"name": name, "data": data}
        for name, data in (
            ("routers", scope.gateway.partition("/")[0]),
            ("domain-name-servers", ", ".join(scope.dns)),
            ("ntp-servers", ", ".join(scope.ntp)),
        )
        if data
    ]
    subnet: dict[str, Any] = {"id": place + 1, "subnet": scope.subnet, "user-context": {"network": scope.network}}
    if scope.first:
        subnet["pools"] = [{"pool": f"{scope.first} - {scope.last}"}]
    if options:
        subnet["option-data"] = options
    if scope.next_server:
        subnet["next-server"] = scope.next_server
    reservations = [_reservation(slices, scope, *row) for row in scope.reservations if row[1]]
    return subnet | {"reservations": reservations}


def _reservation(slices: Slices, scope: DhcpScope, name: str, mac: str, address: str) -> dict[str, Any]:
    row: dict[str, Any] = {"hw-address": mac.lower(), "ip-address": address, "hostname": name}
    if scope.ztp and scope.next_server and name in slices.switch:
        row["option-data"] = [{"name": _PROVISION, "data": ztp_url(scope.next_server, name), "always-send": True}]
    return row
