"""What is served to which device: who it must be, its script, its configuration with the secrets of the moment."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rackwright import secrets
from rackwright.diff.changes import flatten, is_secret
from rackwright.errors import BootRefused, ServeError
from rackwright.nvue.applies import in_turn
from rackwright.nvue.emit import dump
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Plan, Switch
from rackwright.render import Overlays, switch_tree
from rackwright.render.nvue.ztp import image_name, script
from rackwright.secrets import Resolver

__all__ = ["Image", "Offer", "Who", "image_of", "offers"]

_VERSION: Final = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}")
"""A version in a file's name; 5.12.1 is neither 5.12.10 nor 15.12.1."""
_HEAD: Final = 1 << 20
"""So much of an image is searched for what its script begins with, in bytes."""
_SCRIPT: Final = b"#!"
_OWN: Final = b"CL_INSTALLER_"
"""How the variables are called that the script sets towards its beginning (the guide, as above)."""


@dataclass(frozen=True)
class Who:
    """What a switch says of itself when it asks; empty where it says nothing (headers of ZTP, nvue.md 4.3)."""

    serial: str = ""
    mac: str = ""
    """MAC address of eth0, normalised."""
    version: str = ""


@dataclass(frozen=True)
class Image:
    """An image of the NOS that is served."""

    name: str
    """As NVIDIA names it, which is what ONIE and the scripts ask for."""
    path: Path
    sha256: str
    doubts: tuple[str, ...] = ()
    """Why it may be another one than the planned."""


@dataclass(frozen=True)
class Offer:
    """Everything that one switch may have."""

    device: str
    serial: str
    mac: str
    switch: Switch
    tree: Tree = field(repr=False)
    """Its configuration, secrets as references."""
    templates: Path | None
    resolvers: Sequence[Resolver] = field(repr=False)

    def insist(self, who: Who) -> None:
        """Raise :class:`~rackwright.errors.BootRefused` unless the planned machine asks, as far as nodes.csv knows it."""
        if not who.serial and not who.mac:
            raise BootRefused(f"{self.device}: asked for without the headers of a first boot, so not by a switch")
        if self.serial and who.serial.upper() != self.serial.upper():
            raise BootRefused(
                f"{self.device}: serial number {who.serial or '(none)'} asks where {self.serial} is planned: "
                "check cabling and nodes.csv, or 'rackwright replace'"
            )
        if self.mac and who.mac and who.mac != self.mac:
            raise BootRefused(f"{self.device}: eth0 {who.mac} asks where {self.mac} is planned: check nodes.csv")
        if not self.serial and not (self.mac and who.mac):
            raise BootRefused(
                f"{self.device}: nodes.csv has neither its service tag nor its MAC address, so any machine could ask: "
                "fill them in by hand or with 'rackwright discover'"
            )

    def script(self) -> str:
        """Return its first-boot script with open places."""
        return script(self.switch, serial=self.serial, templates=self.templates)

    def breakouts(self) -> bytes:
        """Return the patch that it applies ahead of its configuration, in which nothing is secret; empty where one apply takes all."""
        return b"".join(self._printed(part) for part in in_turn(self.tree)[:-1])

    def startup(self) -> bytes:
        """Return its startup.yaml with every secret in its place: for the wire, never for a file.

        Raises :class:`~rackwright.errors.SecretUnresolved` where one is missing.
        """
        return self._printed(secrets.resolve_tree(self.tree, self.resolvers))

    def _printed(self, tree: Tree) -> bytes:
        return dump(tree, model=self.switch.model, nos=self.switch.nos).encode()

    def hidden(self) -> frozenset[str]:
        """Return the values that a report of the switch may not repeat."""
        sent = secrets.resolve_tree(self.tree, self.resolvers)
        named = {secrets.resolve(ref, self.resolvers).reveal() for ref in secrets.references(self.tree)}
        open_ones = {leaf for path, leaf in flatten(sent).items() if is_secret(path) and isinstance(leaf, str)}
        return frozenset(value for value in named | open_ones if len(value) > 3)


def image_of(path: Path, nos: str, sha256: str = "") -> Image:
    """Return an image of the planned version, read once for its digest.

    Raises :class:`~rackwright.errors.ServeError` when it cannot be read, has another digest than the given one, names another
    version, or is no installer: a Cumulus Linux image is a self-extracting script, whose BASH part stands at its beginning (NVIDIA's
    guide, Installing a New Cumulus Linux Image, "Edit the Cumulus Linux Image"). Of its version nothing inside is documented.
    """
    told = _VERSION.findall(path.name)
    if told and nos not in told:
        raise ServeError(
            f"{path.name} is Cumulus Linux {told[0]} by its name, and {nos} is planned: name the image of {nos}"
        )
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
            stream.seek(0)
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ServeError(f"{path} cannot be read ({error.strerror}): name the image's file") from None
    if sha256 and found != sha256.lower():
        raise ServeError(f"{path} has SHA-256 {found} and not {sha256.lower()}: fetch it again")
    if not head.startswith(_SCRIPT):
        what = "is empty" if not head else "does not begin with a script, as every image of Cumulus Linux does"
        raise ServeError(f"{path} {what}: name the file {image_name(nos)} as NVIDIA gives it")
    doubts = []
    if not told and not sha256:
        doubts.append(
            f"its name does not tell its version, and nobody else does before it is installed: see that it is {nos}, or give --image-sha256"
        )
    if _OWN not in head:
        doubts.append("it begins with a script, but not with that of Cumulus Linux")
    return Image(image_name(nos), path, found, tuple(doubts))


def offers(plan: Plan, overlays: Overlays, resolvers: Sequence[Resolver], names: Iterable[str]) -> dict[str, Offer]:
    """Return what is served to each of the named switches."""
    meant = frozenset(names)
    known: Mapping[str, tuple[str, str]] = {
        device.name: (device.serial, dict(device.macs).get("eth0", "")) for device in plan.devices
    }
    return {
        switch.name: Offer(
            switch.name,
            *known.get(switch.name, ("", "")),
            switch,
            switch_tree(switch, overlays),
            overlays.templates,
            resolvers,
        )
        for switch in plan.switches
        if switch.name in meant
    }
