"""Until ``intent.load`` is there: the site file as a Loaded, without nodes.csv."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from rackwright import catalog, documents
from rackwright.catalog.faults import translate
from rackwright.catalog.models import Catalog
from rackwright.errors import IntentError
from rackwright.findings import Location
from rackwright.intent.models import Site

__all__ = ["Loaded", "load"]


@dataclass(frozen=True)
class Loaded:
    """A site as read."""

    site: Site
    catalog: Catalog
    locate: Callable[[tuple[str, ...]], Location | None]
    keys: tuple[tuple[str, str, str], ...] = ()
    overlays: object = None


def load(file: Path) -> Loaded:
    """Read a site file."""
    marked = documents.read(file)
    problems = list(marked.problems)
    if not problems:
        try:
            site = Site.model_validate(marked.value)
        except ValidationError as error:
            problems += translate(error, marked, Site, check="intent")
    if problems:
        raise IntentError(f"{file} is wrong in {len(problems)} place(s); mend them and run it again", problems)

    def locate(path: tuple[str, ...]) -> Location | None:
        words = tuple(int(word) if word.isdigit() else word for word in path)
        return marked.value_at(*words) if words in marked.marks else marked.at(*words)

    return Loaded(site, catalog.load(), locate)
