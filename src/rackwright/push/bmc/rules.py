"""What a way must keep to, as values: activations, barriers per model, what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rackwright.catalog.firmware import ActivationModel, Barrier, FirmwareKind
from rackwright.catalog.models import Catalog

__all__ = ["Rules", "rules_of"]


class Rules(NamedTuple):
    """Everything that decides which way is legal, for one server model."""

    model: str
    kinds: Mapping[str, FirmwareKind]
    activations: Mapping[str, ActivationModel]
    barriers: Mapping[str, tuple[Barrier, ...]]
    """What must stand before a component, by its key; ``bios-settings`` is one."""
    allow_downgrade: bool = False
    absent: frozenset[str] = frozenset()
    """Files of images that are not where the site says; a BMC fetches such an image by its URL, where it has one."""

    def activation(self, key: str) -> ActivationModel:
        """Return what puts a component in force."""
        return self.activations[self.kinds[key].activation]


def rules_of(
    catalog: Catalog, release: str, model: str, *, allow_downgrade: bool = False, absent: frozenset[str] = frozenset()
) -> Rules:
    """Return the rules for a server model under a release.

    The release's own order (``after``) comes on top of the kinds': what it names goes first, and may share a restart. Raises
    ``KeyError`` for a release that the catalog does not know.
    """
    barriers: dict[str, list[Barrier]] = {
        key: [row for row in kind.after if not row.models or model in row.models]
        for key, kind in catalog.firmware.items()
    }
    for component in catalog.releases[release].components:
        held = barriers.get(component.key)
        if held is None:
            continue
        known = {row.component for row in held}
        held += [
            Barrier(component=word, must="staged", reason=component.reason, source=f"release {release}")
            for word in component.after
            if word in catalog.firmware and word not in known
        ]
    return Rules(
        model,
        catalog.firmware,
        catalog.activations,
        {key: tuple(rows) for key, rows in barriers.items()},
        allow_downgrade,
        absent,
    )
