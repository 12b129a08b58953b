"""How the BMCs of a site are to be set: who logs in, which time they keep, whether they are locked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from rackwright.intent.models import Site
from rackwright.plan.model import DhcpScope, Plan
from rackwright.plan.switch_model import Value

__all__ = ["BmcSettings", "bmc_settings"]


class BmcSettings(Value, frozen=True):
    """What one BMC is to be set to; passwords are references."""

    user: str = "root"
    password: str = "secret:bmc"  # noqa: S105 - a reference, which is no secret
    service_user: str = ""
    """Empty: no account is asked for."""
    service_password: str = ""
    service_role: str = "Administrator"
    ntp: tuple[str, ...] = ()
    """Time servers by preference; empty: left as it is."""
    timezone: str = ""
    """Name in the tz database; empty: left as it is."""
    lockdown: bool | None = None
    """None: left as it is."""
    signed: bool = False
    """Its certificate is to be one of the site's authority."""


def bmc_settings(site: Site, plan: Plan, device: str) -> BmcSettings:
    """Return how the BMC of a device is to be set; time servers by their addresses in the BMC's own network."""
    account = site.bmc.service_account
    return BmcSettings(
        user=site.bmc.user,
        password=site.access.bmc,
        service_user=account.user if account else "",
        service_password=account.password if account else "",
        service_role=account.role if account else "Administrator",
        ntp=_ntp(site, _scope(plan.scopes, next((d.management for d in plan.devices if d.name == device), ""))),
        timezone=site.site.timezone,
        lockdown=site.bmc.lockdown,
        signed=site.bmc.certificate == "signed",
    )


def _ntp(site: Site, scope: DhcpScope | None) -> tuple[str, ...]:
    """Take what the words mean seen from the BMC's network, as its DHCP scope tells, and names outside as they are."""
    outside = [word for word in site.services.ntp if "." in word]
    return tuple(dict.fromkeys([*(scope.ntp if scope else ()), *outside]))


def _scope(scopes: Iterable[DhcpScope], management: str) -> DhcpScope | None:
    """Return the scope that holds an address, or the first out-of-band one for a BMC that gets its own by DHCP."""
    address = management.partition("/")[0]
    if not address:
        return next((scope for scope in scopes if scope.ztp), None)
    here = ipaddress.ip_address(address)
    return next((scope for scope in scopes if here in ipaddress.ip_network(scope.subnet, strict=False)), None)
