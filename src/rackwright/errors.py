"""Every exception that Rackwright raises, in one tree.

The tree::

    RackwrightError
    +-- AssetsMissing          a shipped folder is in neither the wheel nor the checkout
    +-- DocumentError          a file cannot be read as YAML, CSV or JSON (carries problems)
    +-- IntentError            the site file is wrong (carries every problem)
    +-- PlanError              the wish cannot be planned (carries every problem)
    |   +-- LockNeedsChange    `--locked` was given and site.lock would change
    +-- CatalogError           a catalog row is wrong
    +-- RenderError            a template is wrong, or the build folder holds what is not ours
    +-- SchemaUnknown          no schema table for that NOS version
    +-- SecretUnresolved       a reference names no secret that can be found
    +-- StalePlan              a kept file no longer matches what it was made from
    +-- IncompleteResult       a fan-out returned fewer hosts than it was asked for

Problems about the operator's input are values (:class:`rackwright.findings.Problem`); an
exception only carries them to the edge. Each message ends with what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rackwright.findings import Finding

__all__ = [
    "AssetsMissing",
    "CatalogError",
    "DocumentError",
    "IncompleteResult",
    "IntentError",
    "LockNeedsChange",
    "PlanError",
    "RackwrightError",
    "RenderError",
    "SchemaUnknown",
    "SecretUnresolved",
    "StalePlan",
]


class RackwrightError(Exception):
    """Anything that Rackwright refuses to go on from."""

    def __init__(self, message: str, problems: Sequence[Finding] = ()) -> None:
        """Keep the sentence for the user and the problems that led to it."""
        super().__init__(message)
        self.problems: tuple[Finding, ...] = tuple(problems)


class AssetsMissing(RackwrightError):
    """A shipped folder is in neither the wheel nor the checkout."""


class DocumentError(RackwrightError):
    """A file cannot be read as what it should be."""


class IntentError(RackwrightError):
    """The site file is wrong; carries every problem found."""


class PlanError(RackwrightError):
    """What the site asks for cannot be planned; carries every problem found."""


class LockNeedsChange(PlanError):
    """The lock would change and the caller asked that it must not."""


class CatalogError(RackwrightError):
    """A catalog row is wrong or refers to something that is not there."""


class RenderError(RackwrightError):
    """A template or overlay cannot be printed, or the build folder holds what is not ours."""


class SchemaUnknown(RackwrightError):
    """There is no schema table for that NOS version."""


class SecretUnresolved(RackwrightError):
    """A secret reference names nothing that can be found."""


class StalePlan(RackwrightError):
    """A kept file no longer matches what it was made from."""


class IncompleteResult(RackwrightError):
    """A fan-out returned fewer hosts than it was asked for."""
