"""Rules over what ``hosts`` says, and the public keys of mirrors beside the site file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Final

from rackwright import secrets
from rackwright.documents import Path
from rackwright.errors import SecretUnresolved
from rackwright.intent.context import Context
from rackwright.intent.host_models import HostMirror
from rackwright.intent.login import USER
from rackwright.intent.words import address, prefix

__all__ = ["check", "check_files", "read_mirror_keys"]

_KERNEL: Final = re.compile(r"\d+\.\d+\.\d+-\d+\.\d+(~\S+)?")
"""Debian version of a kernel package, whose ABI is all but the last number."""
_DEBIAN: Final = re.compile(r"(\d+:)?[0-9][A-Za-z0-9.+~-]*")
"""Version of a package (Debian policy 5.6.12)."""
_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_URL: Final = re.compile(r"https?://[^\s/]+(/\S*)?")
_ARMOUR: Final = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_PRIVATE: Final = "PGP PRIVATE KEY BLOCK"


def check(context: Context) -> None:
    """Report what is wrong in ``hosts``."""
    hosts = context.site.hosts
    if hosts.kernel is not None and not _KERNEL.fullmatch(hosts.kernel):
        message = f"{hosts.kernel!r} is no version of a kernel package"
        context.wrong("value", ("hosts", "kernel"), message, "write it as apt prints it, e.g. 6.8.0-57.59")
    if not USER.fullmatch(hosts.user) or hosts.user == "root":
        message = (
            f"{hosts.user!r} cannot be the administrator" if hosts.user == "root" else f"{hosts.user!r} is no user"
        )
        context.wrong("value", ("hosts", "user"), message, "write a name such as rackwright; root stays locked")
    if hosts.proxy is not None and not _URL.fullmatch(hosts.proxy):
        context.wrong(
            "value", ("hosts", "proxy"), f"{hosts.proxy!r} is no address of a proxy", "write http://HOST:PORT"
        )
    _packages(context)
    _mirror(context, hosts.mirror)
    _bluefield(context)
    _bcm(context)


def _packages(context: Context) -> None:
    for name, version in context.site.hosts.packages.items():
        place: Path = ("hosts", "packages", name)
        if not _PACKAGE.fullmatch(name):
            context.wrong("value", place, f"{name!r} is no name of a package", "write it as apt prints it", at_key=True)
        if not _DEBIAN.fullmatch(version):
            message = f"{version!r} is no version of a package"
            context.wrong("value", place, message, "write it whole, as apt-cache madison prints it")


def _mirror(context: Context, mirror: HostMirror) -> None:
    place: Path = ("hosts", "mirror")
    if mirror.kind == "upstream":
        for word in ("uri", "sources"):
            if getattr(mirror, word):
                message = f"{word} is given, and the packages come from the vendors"
                context.wrong("value", (*place, word), message, "write kind: http or kind: file, or remove it")
        return
    if mirror.uri is None:
        if context.lacks(*place, "uri"):
            example = "http://10.20.0.5/apt" if mirror.kind == "http" else "/srv/apt"
            context.wrong(
                "value", place, f"a mirror of kind {mirror.kind} has no uri", f"add uri: {example}", at_key=True
            )
    elif mirror.kind == "http" and not _URL.fullmatch(mirror.uri):
        context.wrong("value", (*place, "uri"), f"{mirror.uri!r} is no address", "write http://HOST/PATH")
    elif mirror.kind == "file" and not mirror.uri.startswith("/"):
        message = f"{mirror.uri!r} is no folder of the hosts"
        context.wrong("value", (*place, "uri"), message, "write the whole path on the host, e.g. /srv/apt")


def _bluefield(context: Context) -> None:
    nics = [key for key, row in context.catalog.nics.items() if row.has_dpu_bmc]
    wish = context.site.hosts.bluefield
    for word in ("modes", "psids"):
        for nic in getattr(wish, word):
            context.known(("hosts", "bluefield", word, nic), nic, nics, "BlueField adapter of the catalog")


def _bcm(context: Context) -> None:
    bcm = context.site.hosts.bcm
    if bcm.package is not None and "bcm-head" not in context.keys("roles"):
        message = "hosts are to join BCM, and no machine has the role bcm-head"
        context.wrong("reference", ("hosts", "bcm", "package"), message, "add roles: {bcm-head: [NAME]}")
    if bcm.package is not None and context.site.hosts.installer == "bcm":
        message = (
            "BCM provisions these hosts with its own daemon; the lite daemon is for hosts that Rackwright installs"
        )
        context.wrong("value", ("hosts", "bcm", "package"), message, "remove package, or write installer: rackwright")
    if bcm.wheels is not None and bcm.package is None:
        message = "Python packages for the lite daemon are named, and no archive of it"
        context.wrong(
            "reference", ("hosts", "bcm", "wheels"), message, "add package: cm-lite-daemon.zip, or remove wheels"
        )
    for group in bcm.images:
        context.known(("hosts", "bcm", "images", group), group, context.keys("groups"), "group of this site")
    if bcm.pair is not None:
        place: Path = ("hosts", "bcm", "pair")
        address(context, (*place, "address"), bcm.pair.address)
        if bcm.pair.external is not None:
            address(context, (*place, "external"), bcm.pair.external)
        if bcm.pair.failover is not None:
            prefix(context, (*place, "failover"), bcm.pair.failover)
    for word in ("bootstrap_cert", "bootstrap_key", "ca"):
        try:
            secrets.parse(getattr(bcm, word))
        except SecretUnresolved:
            message = f"{word!r} does not hold a reference to a secret"
            remedy = "write secret:NAME and keep the value in the environment, a file or a vault"
            context.wrong("secret", ("hosts", "bcm", word), message, remedy)


def check_files(base: FilePath, context: Context) -> None:
    """Report what hosts are to get from beside the site file and is not there: it would end a push between two restarts."""
    hosts = context.site.hosts
    wanted = [(("bluefield", "image"), hosts.bluefield.image)]
    if hosts.installer != "bcm":
        wanted += [(("bcm", "package"), hosts.bcm.package), (("bcm", "wheels"), hosts.bcm.wheels)]
    for path, name in wanted:
        if name is not None and not (base / name).exists():
            message = f"there is nothing called {name!r}"
            context.wrong("reference", ("hosts", *path), message, "put it beside the site file, or remove it here")


def read_mirror_keys(base: FilePath, context: Context) -> tuple[tuple[str, str], ...]:
    """Return (file, armoured public key) of each key that the mirror names; problems go to the context."""
    found: dict[str, str] = {}
    for path, name in _key_files(context.site.hosts.mirror):
        if name in found:
            continue
        text = _read(base / name)
        if text is None:
            context.wrong(
                "reference", path, f"there is no file {name!r} to read", "put the public key beside the site file"
            )
        elif _PRIVATE in text:
            context.wrong(
                "secret", path, f"{name!r} holds a private key", "export the public key alone: gpg --armor --export"
            )
        elif _ARMOUR not in text:
            message = f"{name!r} is no armoured public key"
            context.wrong("value", path, message, "write it with gpg --armor --export")
        else:
            found[name] = text
    return tuple(sorted(found.items()))


def _key_files(mirror: HostMirror) -> Iterator[tuple[Path, str]]:
    if mirror.key is not None:
        yield ("hosts", "mirror", "key"), mirror.key
    for name, source in mirror.sources.items():
        if source.key is not None:
            yield ("hosts", "mirror", "sources", name, "key"), source.key


def _read(file: FilePath) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
