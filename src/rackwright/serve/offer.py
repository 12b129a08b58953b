"""What is served to which device: who it must be, its script, its configuration with the secrets of the moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rackwright import secrets
from rackwright.diff.changes import flatten, is_secret
from rackwright.errors import BootRefused, ServeError
from rackwright.nvue.emit import dump
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Plan, Switch
from rackwright.render import Overlays, switch_tree
from rackwright.render.nvue.ztp import image_name, script
from rackwright.secrets import Resolver

__all__ = ["Image", "Offer", "Who", "image_of", "offers"]


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

    def startup(self) -> bytes:
        """Return its startup.yaml with every secret in its place: for the wire, never for a file.

        Raises :class:`~rackwright.errors.SecretUnresolved` where one is missing.
        """
        sent = secrets.resolve_tree(self.tree, self.resolvers)
        return dump(sent, model=self.switch.model, nos=self.switch.nos).encode()

    def hidden(self) -> frozenset[str]:
        """Return the values that a report of the switch may not repeat."""
        sent = secrets.resolve_tree(self.tree, self.resolvers)
        named = {secrets.resolve(ref, self.resolvers).reveal() for ref in secrets.references(self.tree)}
        open_ones = {leaf for path, leaf in flatten(sent).items() if is_secret(path) and isinstance(leaf, str)}
        return frozenset(value for value in named | open_ones if len(value) > 3)


def image_of(path: Path, nos: str, sha256: str = "") -> Image:
    """Return an image of the planned version, read once for its digest.

    Raises :class:`~rackwright.errors.ServeError` when it cannot be read, or has another digest than the given one.
    """
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ServeError(f"{path} cannot be read ({error.strerror}): name the image's file") from None
    if sha256 and found != sha256.lower():
        raise ServeError(f"{path} has SHA-256 {found} and not {sha256.lower()}: fetch it again")
    return Image(image_name(nos), path, found)


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
