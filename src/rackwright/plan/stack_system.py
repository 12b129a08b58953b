"""The parts of a host's stack that are no adapters: sources of packages, kernel, drivers, settings, BCM, facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rackwright import secrets
from rackwright.catalog.stack import StepRow, TuningRow
from rackwright.intent.models import Site
from rackwright.plan.stack_frame import Frame, Host, filled, missing, settings, spelled
from rackwright.plan.stack_model import (
    AptPin,
    AptSource,
    Bcm,
    Expectation,
    Gpu,
    Kernel,
    Mirror,
    Ofed,
    Pcie,
    Setting,
)

__all__ = ["agent", "environment", "expected", "gpu", "kernel", "mirror", "ofed", "pcie", "pins", "servers", "sysctl"]

_NAMES: Final = "{rail}"
_MODULES: Final = ("mlnx-ofed-kernel", "iser", "isert", "srp")
"""DKMS modules of DOCA-OFED on Ubuntu (Azure/azhpc-images install_doca.sh)."""


def mirror(shared: Frame, host: Host) -> Mirror:
    """Return where packages come from: the vendors, or the site's mirror and nothing beside it."""
    wish, proxy = shared.site.hosts.mirror, shared.site.hosts.proxy or ""
    if wish.kind == "upstream":
        return Mirror("upstream", tuple(_upstream(shared, host)), proxy)
    keys = dict(shared.site.armoured)
    base = (wish.uri or "").rstrip("/")
    base = f"file:{base}" if wish.kind == "file" else base
    own = keys.get(wish.key or "", "")
    if not wish.sources:
        return Mirror(wish.kind, (AptSource("site", f"{base}/", ("./",), (), own),), proxy, exclusive=True)
    sources = tuple(
        AptSource(
            name,
            source.uri if ":" in source.uri else f"{base}/{source.uri.strip('/')}",
            source.suites,
            source.components,
            keys.get(source.key or "", "") if source.key else own,
        )
        for name, source in sorted(wish.sources.items())
    )
    return Mirror(wish.kind, sources, proxy, exclusive=True)


def _upstream(shared: Frame, host: Host) -> Iterator[AptSource]:
    rows = sorted(shared.catalog.repositories.values(), key=lambda row: (row.rank, row.key))
    for row in rows:
        uris = filled(row.uris, shared.words(None))
        if uris is not None and not missing(shared, host.has, row.when, row.owner):
            yield AptSource(
                row.key, uris, row.suites, row.components, filled(row.key_address, shared.words(None)) or ""
            )


def pins(shared: Frame, rows: tuple[StepRow, ...]) -> tuple[AptPin, ...]:
    """Return the preferences of the steps that a host has."""
    found: list[AptPin] = []
    for row in rows:
        words = shared.words(row.component)
        for pin in row.pins:
            text, names = filled(pin.pin, words), spelled(pin.packages, words)
            if text is not None and names:
                found.append(AptPin(names, text, pin.priority, pin.reason))
    return tuple(found)


def kernel(shared: Frame, host: Host) -> Kernel:
    """Return the kernel: the site's build of the release's series, or the newest of it."""
    own = shared.site.hosts.kernel
    release = f"{own.rpartition('.')[0]}-generic" if own else ""
    words = [f"{row.name}={row.value}" if row.value else row.name for row in _rows(shared, host, "cmdline")]
    return Kernel(shared.version("kernel"), "generic", release, tuple(words))


def ofed(shared: Frame) -> Ofed:
    """Return the network driver of the host."""
    owner, version = shared.drivers.ofed, shared.version("ofed")
    fact = shared.catalog.facts.get("ofed")
    told = fact.shows if fact is not None and fact.of == version else ""
    return Ofed(owner, shared.version("doca-host"), version, told, _MODULES if owner == "host" else ())


def gpu(shared: Frame, host: Host) -> Gpu:
    """Return the GPUs and their driver."""
    if not host.machine.gpu_count:
        return Gpu()
    owner = shared.drivers.gpu_driver
    return Gpu(
        owner=owner,
        model=host.machine.gpu_model,
        count=host.machine.gpu_count,
        driver=shared.version("gpu-driver"),
        fabric_manager="nvswitch" in host.has and owner == "host",
        mig=shared.site.hosts.operators.gpu.mig,
    )


def _tunings(shared: Frame, host: Host) -> Iterator[TuningRow]:
    for _, row in sorted(shared.catalog.tunings.items()):
        if not missing(shared, host.has, row.when, None):
            yield row


def _rows(shared: Frame, host: Host, kind: str) -> tuple[Setting, ...]:
    return tuple(one for row in _tunings(shared, host) for one in settings(getattr(row, kind), {}))


def sysctl(shared: Frame, host: Host) -> tuple[Setting, ...]:
    """Return kernel parameters, those of a rail for each interface on one."""
    rails = [port.name for port in host.network.interfaces if port.rail]
    found: list[Setting] = []
    for row in _tunings(shared, host):
        for parameter in row.sysctl:
            each = rails if _NAMES in parameter.name else [""]
            found += [one for name in each for one in settings([parameter], {"rail": name})]
    return tuple(found)


def environment(shared: Frame, host: Host) -> tuple[Setting, ...]:
    """Return the variables of every login."""
    return _rows(shared, host, "environment")


def pcie(shared: Frame, host: Host) -> Pcie:
    """Return the settings of the PCIe tree; the adapters are those with a BlueField's or ConnectX's number."""
    rows = list(_tunings(shared, host))
    acs = next((row.acs for row in rows if row.acs is not None), None)
    size = next((row.max_read_request_bytes for row in rows if row.max_read_request_bytes), 0)
    devices = {adapter.pci.lower() for adapter in host.machine.adapters if adapter.pci.startswith("15B3:")}
    relaxed = any(row.name == "NCCL_IB_PCI_RELAXED_ORDERING" for row in environment(shared, host))
    return Pcie(acs is not False, size, relaxed, tuple(sorted(devices)) if size else ())


def servers(shared: Frame, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses that roles, groups, machines, ``bootstrap`` or addresses mean to a host."""
    found: dict[str, None] = {}
    for word in words:
        if word == "bootstrap" and shared.site.services.bootstrap:
            found[shared.site.services.bootstrap] = None
        elif word in shared.site.roles or word in shared.site.groups:
            names = [name for name, words_ in shared.carriers.items() if word in words_]
            found |= dict.fromkeys(shared.addresses[name] for name in names if name in shared.addresses)
        else:
            found[shared.addresses.get(word, word)] = None
    return tuple(found)


def agent(shared: Frame, host: Host) -> Bcm | None:
    """Return how a host joins BCM; None: it does not."""
    if "bcm" not in host.has:
        return None
    wish = shared.site.hosts.bcm
    both = (wish.pair.address,) if wish.pair is not None else ()
    return Bcm(
        heads=(*both, *(shared.addresses[name] for name in shared.heads if name in shared.addresses)),
        port=wish.port,
        version=shared.version("bcm"),
        package=wish.package or "",
        wheels=wish.wheels or "",
        category=wish.category or host.device.group,
        bootstrap_cert=_name(wish.bootstrap_cert),
        bootstrap_key=_name(wish.bootstrap_key),
        ca=_name(wish.ca),
    )


def _name(reference: str) -> str:
    return secrets.parse(reference).name


def expected(shared: Frame, host: Host, site: Site) -> tuple[Expectation, ...]:
    """Return the version facts that must hold on a host."""
    found: list[Expectation] = []
    for key, row in sorted(shared.catalog.facts.items()):
        component = shared.components.get(row.component)
        absent = missing(shared, host.has, row.when, row.owner)
        if component is None or absent:
            continue
        own = site.hosts.kernel if key == "kernel" else None
        version = f"{own.rpartition('.')[0]}-generic" if own else component.version or ""
        found.append(
            Expectation(
                key,
                row.component,
                row.commands[0].command,
                row.parser,
                "equal" if own else row.compare,
                version,
                component.equal if version else (),
            )
        )
    return tuple(found)
