"""Writing: a site as YAML, the JSON Schema for editors, the table of all keys."""

from __future__ import annotations

from typing import Any

from rackwright import documents
from rackwright.catalog.shape import FieldRow, fields, help_of
from rackwright.intent import host_models, models
from rackwright.intent.models import Site

__all__ = ["defaults", "dump", "json_schema"]


def dump(site: Site) -> str:
    """Return a site as YAML that reads back to an equal site; defaults are left out.

    The rows of nodes.csv are no part of it.
    """
    return documents.dump(
        site.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"rows", "armoured"})
    )


def defaults() -> tuple[FieldRow, ...]:
    """Return every key that a site file can hold: place, key, type, default and help."""
    return fields(Site)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a site file, for editors.

    An editor takes it from a first line ``# yaml-language-server: $schema=PATH``.
    """
    schema = Site.model_json_schema(by_alias=True)
    del schema["properties"]["rows"], schema["properties"]["armoured"], schema["$defs"]["NodeRow"]
    for name, shape in [("Site", schema), *schema["$defs"].items()]:
        model = getattr(models, name, None) or getattr(host_models, name)
        for field, help_text in help_of(model).items():
            key = model.model_fields[field].alias or field
            if key in shape["properties"]:
                shape["properties"][key]["description"] = help_text
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Rackwright site",
        "description": "One AI rack or many, as the operator wants them.",
    }
