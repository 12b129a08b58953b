"""Parameters that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

__all__ = ["PLACE", "given"]


class _Place(click.Path):
    """A path that names something: an empty one, left by an unset variable, would mean the folder one stands in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty path."""
        if value == "":
            self.fail("is empty; name a file or folder (. for this one)", param, ctx)
        return super().convert(value, param, ctx)


PLACE = _Place(path_type=Path)
"""A file or folder."""


def given(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse an empty word of an option that guards something: an unset variable would leave the guard out."""
    if value == "" and ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
        raise click.BadParameter("is empty; leave the option out, or say what it is", ctx, param)
    return value
