"""Rules over the firmware and BIOS wishes of a site."""

from __future__ import annotations

from rackwright.catalog.faults import nearest
from rackwright.documents import Path
from rackwright.intent.context import Context

__all__ = ["NO_PROFILE", "check"]

NO_PROFILE = "none"
"""The word for a machine whose BIOS is left alone."""


def check(context: Context) -> None:
    """Report what is wrong in ``firmware`` and ``bios``."""
    _versions(context)
    _profiles(context)
    _overrides(context)
    _claims(context)


def _versions(context: Context) -> None:
    catalog = context.catalog
    kinds = [key for key, kind in catalog.firmware.items() if not kind.settings]
    for key, wish in context.site.firmware.versions.items():
        place: Path = ("firmware", "versions", key)
        if key not in kinds:
            context.wrong(
                "reference",
                place,
                f"{key!r} is no component of the catalog",
                nearest(key, catalog.firmware),
                at_key=True,
            )
        words = [*context.keys("groups"), *catalog.servers, *catalog.nics]
        for word, version in (wish if isinstance(wish, dict) else {"": wish}).items():
            below = (*place, word) if word else place
            if word and word not in words:
                message = f"{word!r} is no group, server model or NIC model"
                context.wrong("reference", below, message, nearest(word, words), at_key=True)
            if not version.strip():
                context.wrong(
                    "value", below, "the version is empty", "write it as the inventory prints it, or remove it"
                )


def _profiles(context: Context) -> None:
    words = [*context.keys("groups"), *context.catalog.servers]
    for word, profile in context.site.bios.profiles.items():
        place: Path = ("bios", "profiles", word)
        if word not in words:
            context.wrong(
                "reference", place, f"{word!r} is no group or server model", nearest(word, words), at_key=True
            )
        context.known(place, profile, [*context.catalog.bios, NO_PROFILE], "BIOS profile of the catalog")


def _overrides(context: Context) -> None:
    for at, entry in enumerate(context.site.bios.overrides):
        place: Path = ("bios", "overrides", at)
        for order, group in enumerate(entry.groups):
            context.known((*place, "groups", order), group, context.keys("groups"), "group of this site")
        for order, model in enumerate(entry.models):
            context.known((*place, "models", order), model, context.catalog.servers, "server model of the catalog")
        if entry.value is None and entry.need in ("required", "if-present"):
            message = f"no value is given for {entry.attribute}"
            context.wrong("value", place, message, "add value: VALUE, or need: free to leave it as it is")


def _claims(context: Context) -> None:
    """Report server models of this site that two profiles are meant for, where the site does not choose."""
    chosen = context.site.bios.profiles
    for key, group in context.site.groups.items():
        claims = [name for name, row in context.catalog.bios.items() if group.model in row.models]
        if len(claims) > 1 and key not in chosen and group.model not in chosen:
            message = f"{group.model} is in the BIOS profiles {' and '.join(claims)}"
            context.wrong(
                "reference", ("groups", key, "model"), message, f"choose: bios: {{profiles: {{{key}: {claims[0]}}}}}"
            )
