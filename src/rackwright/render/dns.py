"""DNS: one forward zone, a reverse zone for each /24, and the same as a hosts file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from rackwright.plan.model import DnsRecord, Plan

__all__ = ["domain_of", "file_names", "zones"]

_HEAD: Final = """\
; {zone}: written by rackwright from the plan.
; The serial is a digest of the records: other records, another serial, but not always a greater one.
; Secondaries that only follow a greater serial must be told to transfer anew.
$ORIGIN {zone}.
$TTL 3600
@ IN SOA {server}. hostmaster.{domain}. ({serial} 3600 600 604800 300)
@ IN NS {server}.
"""


def domain_of(plan: Plan) -> str:
    """Return the DNS domain of the site; ``<site>.internal`` when the site names none."""
    return next((host.domain for host in plan.hosts if host.domain), f"{plan.name}.internal")


def file_names(plan: Plan) -> list[str]:
    """Return the names of the files that :func:`zones` gives, without printing them."""
    networks = {record.address.rpartition(".")[0] for record in plan.dns}
    return [f"{domain_of(plan)}.zone", "hosts", *sorted(f"{_reverse_zone(network)}.zone" for network in networks)]


def _reverse_zone(network: str) -> str:
    return ".".join(reversed(network.split("."))) + ".in-addr.arpa"


def zones(plan: Plan) -> dict[str, bytes]:
    """Return the zone files and ``hosts`` by file name; names are relative to the domain."""
    domain = domain_of(plan)
    records = sorted(plan.dns, key=_order)
    server = _server(plan, domain, records)
    files = {f"{domain}.zone": _forward(domain, server, records), "hosts": _hosts(domain, records)}
    networks: dict[str, list[DnsRecord]] = {}
    for record in records:
        networks.setdefault(record.address.rpartition(".")[0], []).append(record)
    for network, found in networks.items():
        zone = _reverse_zone(network)
        files[f"{zone}.zone"] = _reverse(zone, domain, server, found)
    return files


def _order(record: DnsRecord) -> tuple[list[int], str]:
    return [*map(int, record.address.split("."))], record.name


def _full(name: str, domain: str) -> str:
    return name if name.endswith(f".{domain}") else f"{name}.{domain}"


def _server(plan: Plan, domain: str, records: list[DnsRecord]) -> str:
    addresses = [address for scope in plan.scopes for address in scope.dns]
    names = {record.address: record.name for record in reversed(records)}
    known = next((names[address] for address in addresses if address in names), None)
    # Without a name server of our own the zone still loads: whoever serves it is the server.
    return _full(known, domain) if known else "localhost"


def _head(zone: str, domain: str, server: str, lines: list[str]) -> str:
    digest = hashlib.sha256("\n".join(lines).encode()).digest()
    serial = int.from_bytes(digest[:4], "big") & 0x7FFFFFFF or 1
    return _HEAD.format(zone=zone, domain=domain, server=server, serial=serial)


def _forward(domain: str, server: str, records: list[DnsRecord]) -> bytes:
    lines = [f"{record.name.removesuffix(f'.{domain}')} IN A {record.address}" for record in records]
    return (_head(domain, domain, server, lines) + "\n".join([*lines, ""])).encode()


def _reverse(zone: str, domain: str, server: str, records: list[DnsRecord]) -> bytes:
    # One PTR an address: the first of its names, since a reverse lookup should give one answer.
    first: dict[str, str] = {}
    for record in records:
        first.setdefault(record.address, f"{record.address.rpartition('.')[2]} IN PTR {_full(record.name, domain)}.")
    lines = list(first.values())
    return (_head(zone, domain, server, lines) + "\n".join([*lines, ""])).encode()


def _hosts(domain: str, records: list[DnsRecord]) -> bytes:
    return "".join(_host_lines(domain, records)).encode()


def _host_lines(domain: str, records: list[DnsRecord]) -> Iterator[str]:
    yield f"# Names of {domain}, written by rackwright from the plan.\n"
    for record in records:
        full = _full(record.name, domain)
        yield f"{record.address}\t{full} {record.name}\n" if full != record.name else f"{record.address}\t{full}\n"
