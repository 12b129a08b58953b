"""The page about the site file is held against the types that read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from rackwright import catalog
from rackwright.intent import models
from rackwright.intent.models import Site

NOT_WRITTEN = {"rows", "armoured"}
"""Filled from nodes.csv, never a key."""


def page(repository: Path) -> str:
    """Return the text of the page."""
    return (repository / "docs" / "site-format.md").read_text(encoding="utf-8")


def keys() -> set[str]:
    """Return every key that a site file can hold."""
    rows = [row for name, row in vars(models).items() if name in models.__all__ and isinstance(row, type)]
    shapes = [row for row in rows if issubclass(row, BaseModel) and row.__name__ != "NodeRow"]
    return {field.alias or name for row in shapes for name, field in row.model_fields.items()} - NOT_WRITTEN


def test_the_page_starts_with_a_site_that_is_a_reference_site(repository: Path) -> None:
    """What an engineer copies from the page is what is tested everywhere else."""
    block = re.findall(r"^```yaml\n(.*?)^```", page(repository), flags=re.DOTALL | re.MULTILINE)[0]
    kept = (repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(block) == yaml.safe_load(kept)
    assert len([line for line in block.splitlines() if line.strip()]) <= 50
    Site.model_validate(yaml.safe_load(block))


def test_the_page_names_every_key(repository: Path) -> None:
    """A key that exists is explained, so that the page cannot fall behind the types."""
    words = set(
        re.findall(r"[A-Za-z_0-9]+", " ".join(re.findall(r"`[^`\n]+`|^#+ .*$", page(repository), re.MULTILINE)))
    )
    assert sorted(keys() - words) == []


def test_the_page_names_every_choice(repository: Path) -> None:
    """Each topology, style and spread is in the page."""
    text = page(repository)
    for row, name in ((models.Fabric, "topology"), (models.Network, "style"), (models.RackIntent, "survive")):
        for choice in get_args(row.model_fields[name].annotation):
            assert f"`{choice}`" in text, f"{row.__name__}.{name}: {choice}"


@pytest.mark.parametrize("media", sorted({row.media for row in catalog.load().cables.values()}))
def test_the_page_names_every_medium(repository: Path, media: str) -> None:
    """A medium that the catalog has parts for is in the page."""
    assert f"`{media}`" in page(repository)


def test_each_example_of_the_page_is_of_the_format(repository: Path) -> None:
    """A fragment laid into the whole site of the page is still a site."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", page(repository), flags=re.DOTALL | re.MULTILINE)
    whole = yaml.safe_load(blocks[0])
    for block in blocks[1:]:
        part = yaml.safe_load(block)
        site = yaml.safe_load(blocks[0])
        for key, value in part.items():
            if key in ("attach", "external"):
                site["fabrics"]["frontend"][key] = value
            elif key in whole or key == "vrfs":
                site.setdefault(key, {}).update(value)
        Site.model_validate(site)
