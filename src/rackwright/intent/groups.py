"""Rules over machines: groups, roles, services, hosts, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rackwright import secrets
from rackwright.catalog import operating_systems
from rackwright.catalog.faults import nearest
from rackwright.documents import Path
from rackwright.errors import SecretUnresolved
from rackwright.intent.context import Context, group_names
from rackwright.intent.models import Group
from rackwright.intent.words import address, is_address

__all__ = ["check", "server"]

_DOMAIN = re.compile(
    r"(?=.{1,189}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
"""Labels with dots between them (RFC 1123), as long as leaves room for a host's own label (253 characters in all)."""
_INTERFACE = re.compile(r"[^\s/:]{1,15}")
"""What Linux takes as the name of an interface (IFNAMSIZ)."""


def check(context: Context) -> None:
    """Report what is wrong with the site's head, its groups, roles, services and secrets."""
    _head(context)
    for key, group in context.site.groups.items():
        context.label(("groups", key), key)
        _group(context, key, group)
        _names(context, key, group)
        _capacity(context, key, group)
    _twins(context)
    _roles(context)
    _services(context)
    _secrets(context)


def _head(context: Context) -> None:
    info, catalog = context.site.site, context.catalog
    context.label(("site", "name"), info.name, at_key=False)
    if info.domain and not _DOMAIN.fullmatch(info.domain):
        message = f"{info.domain!r} is no DNS domain"
        context.wrong("name", ("site", "domain"), message, "write it as rack1.example.com, without a dot at its end")
    context.known(("site", "conventions"), info.conventions, catalog.conventions, "house style of the catalog")
    if context.known(("site", "release"), info.release, catalog.releases, "release of the catalog"):
        systems = operating_systems(catalog.releases[info.release])
        context.known(("hosts", "os"), context.site.hosts.os, systems, f"operating system of release {info.release}")
    if context.site.hosts.installer == "bcm" and "bcm-head" not in context.keys("roles"):
        message = "the hosts are to be installed by BCM, and no machine has the role bcm-head"
        context.wrong("reference", ("hosts", "installer"), message, "add roles: {bcm-head: [NAME]}")


def _group(context: Context, key: str, group: Group) -> None:
    place: Path = ("groups", key)
    catalog = context.catalog
    if not context.known((*place, "model"), group.model, catalog.servers, "server or storage model of the catalog"):
        return
    model = catalog.servers[group.model]
    if group.gpu is not None and context.known((*place, "gpu"), group.gpu, catalog.gpus, "GPU of the catalog"):
        if not model.gpus:
            context.wrong(
                "reference", (*place, "gpu"), f"{model.name} holds no GPUs", "remove gpu, or correct the model"
            )
        elif group.gpu not in model.gpus:
            message = f"{model.name} does not hold the GPU {group.gpu!r}"
            context.wrong("reference", (*place, "gpu"), message, f"use one of: {', '.join(model.gpus)}")
    for nic in group.nics:
        context.known((*place, "nics", nic), nic, catalog.nics, "NIC of the catalog")
    _interfaces(context, (*place, "interfaces"), group)


def _interfaces(context: Context, place: Path, group: Group) -> None:
    """Report names of interfaces that Linux does not take, and those that two ports of a machine would share."""
    held: set[str] = set()
    for nic, names in group.interfaces.items():
        context.known((*place, nic), nic, [*context.catalog.nics, "bmc"], "NIC of the catalog")
        for at, name in enumerate([names] if isinstance(names, str) else names):
            path = (*place, nic, *(() if isinstance(names, str) else (at,)))
            found = context.expand(path, name)
            wrong = next((one for one in found if not _INTERFACE.fullmatch(one)), "")
            twice = next((one for number, one in enumerate(found) if one in held or one in found[:number]), "")
            if wrong:
                remedy = "use 1 to 15 characters without blanks, '/' and ':'"
                context.wrong("name", path, f"{wrong!r} is no name of an interface", remedy)
            elif twice:
                context.wrong("name", path, f"two ports of a machine would be called {twice!r}", "name each once")
            held.update(found)


def _names(context: Context, key: str, group: Group) -> None:
    place: Path = ("groups", key)
    if group.max is not None and group.max < group.count:
        message = f"max is {group.max}, and {group.count} machines stand"
        context.wrong("limit", (*place, "max"), message, f"raise max to {group.count} at least, or remove it")
    if group.names is not None:
        found: list[tuple[str, ...]] = []
        for at, pattern in enumerate(group.patterns):
            path = (*place, "names", *(() if isinstance(group.names, str) else (at,)))
            found.append(context.expand(path, pattern))
            for name in found[-1][:1]:
                context.label(path, name, at_key=False)
        names = [name for listed in found for name in listed]
        if all(found) and len(names) < group.target:
            message = f"the pattern gives {len(names)} names for {group.target} machines"
            context.wrong("limit", (*place, "names"), message, "widen the range, or lower count and max")
    known = group_names(key, group)
    for at, name in enumerate(group.absent):
        context.known((*place, "absent", at), name, known, f"machine of group {key}")


def _capacity(context: Context, key: str, group: Group) -> None:
    place: Path = ("groups", key)
    model = context.catalog.servers.get(group.model)
    if model is None:
        return
    gpu = context.catalog.gpus.get(group.gpu or "")
    memory = group.memory_gb or model.memory_gb
    if gpu and memory is not None and memory <= model.memory_above_gb(gpu):
        message = (
            f"{memory} GB of memory for {model.gpu_count} x {gpu.name} with {gpu.memory_gb * model.gpu_count} GB together; "
            f"it must exceed {model.memory_above_gb(gpu):g} GB"
        )
        context.wrong("limit", (*place, "memory_gb"), message, "fit more memory, or another GPU")
    if model.cluster_nodes:
        low, high = model.cluster_nodes
        for word, count in (("count", group.count), ("max", group.max)):
            if count is not None and not low <= count <= high:
                message = f"a cluster of {model.name} has {low} to {high} nodes, not {count}"
                context.wrong("limit", (*place, word), message, f"use {low} to {high}")


def _twins(context: Context) -> None:
    """Report machines of two groups, or a machine and a switch stem, that share a name."""
    seen: dict[str, str] = {}
    told: set[tuple[str, str]] = set()
    for key, group in context.site.groups.items():
        for name in group_names(key, group):
            other = seen.setdefault(name, key)
            if other != key and (other, key) not in told:
                told.add((other, key))
                message = f"the machine {name} is in group {other} too"
                context.wrong("name", ("groups", key), message, "name one of the groups otherwise", at_key=True)
    for stem, fabric in context.switch_stems.items():
        if stem in context.site.groups:
            place: Path = ("fabrics", fabric, "leaves", "name")
            context.wrong("name", place, f"{stem!r} is the name of a group too", "give the switches another name")


def _roles(context: Context) -> None:
    groups = context.keys("groups")
    for role, members in context.site.roles.items():
        if not members:
            context.wrong("reference", ("roles", role), f"nobody has the role {role}", "name a machine or a group")
        for at, member in enumerate(members):
            place: Path = ("roles", role, at)
            for name in context.expand(place, member):
                if name not in groups and name not in context.machines:
                    # All machines of a huge site would be searched for the nearest: the groups' first ones say enough.
                    near = [*groups, *list(context.machines)[:2000]]
                    context.wrong("reference", place, f"{name!r} is neither a machine nor a group", nearest(name, near))
                    break


def _services(context: Context) -> None:
    services = context.site.services
    roles = context.keys("roles")
    if services.bootstrap is not None:
        address(context, ("services", "bootstrap"), services.bootstrap)
    if services.then is not None:
        context.known(("services", "then"), services.then, roles, "role of this site")
    lists: Iterable[tuple[str, tuple[str, ...]]] = (
        ("ntp", services.ntp), ("dns", services.dns), ("syslog", services.syslog),
    )  # fmt: skip
    for word, members in lists:
        for at, member in enumerate(members):
            server(context, ("services", word, at), member, outside=word != "dns")


def server(context: Context, path: Path, word: str, *, outside: bool) -> None:
    """Check a word that means a server: a role, group or machine, an address, or a name outside."""
    known = [*context.keys("roles"), *context.keys("groups")]
    if (
        word in known
        or word in context.machines
        or is_address(word)
        or (outside and "." in word and word[-1].isalpha())
    ):
        return
    message = f"{word!r} is no role, group, machine or address" + (" and no name with a dot" if outside else "")
    context.wrong("reference", path, message, nearest(word, known))


def _secrets(context: Context) -> None:
    access = context.site.access
    for word, value in (("switch", access.switch), ("bmc", access.bmc)):
        _secret(context, ("access", word), value)
    if context.site.bmc.service_account is not None:
        _secret(context, ("bmc", "service_account", "password"), context.site.bmc.service_account.password)
    for word, value in context.site.aaa.ldap.items():
        if word == "secret" or "password" in word:
            _secret(context, ("aaa", "ldap", word), value)


def _secret(context: Context, path: Path, value: object) -> None:
    """Refuse anything but a reference; the value itself is never printed."""
    try:
        secrets.parse(value)
    except SecretUnresolved:
        message = f"{path[-1]!r} does not hold a reference to a secret"
        remedy = "write secret:NAME and keep the value in the environment, a file or a vault"
        context.wrong("secret", path, message, remedy)
