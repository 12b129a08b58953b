"""What ``snapshot`` does between its options and its answer: everything is asked, nothing is judged."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import click
from msgspec import structs

from rackwright import audit
from rackwright.audit import machines
from rackwright.cli import auditing
from rackwright.cli import machines as servers
from rackwright.cli.reaching import Wanted
from rackwright.cli.talk import Talk
from rackwright.drivers.reach import state_folder, to_site

__all__ = ["of_addresses", "of_site"]

_HTTPS: Final = 443
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST: Final = 253
"""Characters of a name (RFC 1035)."""


def of_site(
    talk: Talk, site: Path, wanted: Wanted, wishes: Collection[str]
) -> tuple[list[audit.Evidence], list[audit.Evidence]]:
    """Ask the switches, the BMCs and the hosts of a site; return what devices told, and what hosts did."""
    domains = machines.DOMAINS if "bmc" in wishes else ()
    asked = auditing.Asked(
        switches="switch" in wishes,
        domains=domains,
        hosts="host" in wishes,
        everything="switch" in wishes and "bmc" in wishes,
    )
    return auditing.collected(talk, site, wanted, asked)


def of_addresses(talk: Talk, targets: Iterable[str], out: Path, wanted: Wanted, user: str) -> list[audit.Evidence]:
    """Ask the BMCs at some addresses, ``HOST`` or ``HOST:PORT``; their certificates are pinned beside the folder, in ``.rackwright``."""
    ends = {target: _end(target) for target in targets}
    out.parent.mkdir(parents=True, exist_ok=True)
    way = to_site(
        state_folder(out.parent), {}, first_use=wanted.trust_on_first_use, jobs=wanted.at_once(),
        bmcs={name: host for name, (host, _) in ends.items()}, bmc_user=user,
    )  # fmt: skip
    bmcs = {name: structs.replace(endpoint, redfish_port=ends[name][1]) for name, endpoint in way.bmcs.items()}
    found = servers.looked(
        talk, replace(way, bmcs=bmcs), list(ends), machines.topics(), jobs=wanted.at_once(servers.BMC_JOBS)
    )
    return list(found.values())


def _end(target: str) -> tuple[str, int]:
    """Return host and port of an address; a number behind a single colon is a port, also behind ``[...]``."""
    host, colon, port = target.rpartition(":")
    found = target.strip("[]"), _HTTPS
    if colon and port.isdecimal() and (":" not in host or host.endswith("]")):
        found = host.strip("[]"), int(port)
    # What is told is kept under this name: it is no path.
    if not (_is_host(found[0]) and found[1] in range(1, 1 << 16)):
        raise click.BadParameter(f"{target!r} is no address: write 10.10.0.23, or HOST:PORT", param_hint="ADDRESS")
    return found


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return len(text) <= _LONGEST and all(map(_LABEL.fullmatch, text.split(".")))
    return True
