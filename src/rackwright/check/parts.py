"""Rules over the switches that cables join: two fabrics that no cable joins may number alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping

from rackwright.check.model import Fabric, FabricRule
from rackwright.check.view import View
from rackwright.check.view_l3 import components
from rackwright.findings import Finding

__all__ = ["PartRule"]


class PartRule(FabricRule):
    """A rule over each part of what is given that no cable joins to another."""

    abstract = True

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Judge each part for itself."""
        for names in components(fabric):
            yield from self.among({name: fabric.views[name] for name in names})

    @abstractmethod
    def among(self, views: Mapping[str, View]) -> Iterator[Finding]:
        """Yield one finding for each disagreement between the switches of a part."""
