"""Parameters that several verbs take."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

__all__ = ["OUT", "PLACE", "given", "program"]


class _Place(click.Path):
    """A path that names something: an empty one, left by an unset variable, would mean the folder one stands in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty path."""
        if value == "":
            self.fail("is empty; name a file or folder (. for this one)", param, ctx)
        return super().convert(value, param, ctx)


class _Out(_Place):
    """A file that is written at the end of work which nobody wants to do twice: that it cannot be is said before."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse a folder, and a file in none or in one that may not be written to."""
        path = Path(super().convert(value, param, ctx))
        if path.is_dir():
            self.fail(f"{path} is a folder: name a file in it", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {path.parent}: make it, or name another file", param, ctx)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            self.fail(f"{path} may not be written: name another file", param, ctx)
        return path


PLACE = _Place(path_type=Path)
"""A file or folder."""
OUT = _Out(path_type=Path)
"""A file for what is found out."""


def given(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse an empty word of an option that guards something: an unset variable would leave the guard out."""
    if value == "" and ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
        raise click.BadParameter("is empty; leave the option out, or say what it is", ctx, param)
    return value


def program(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse a program that nobody can start, before anything begins; one that is named by a path is kept by its whole path.

    Who goes on with the run may stand in another folder.
    """
    if not (word := given(ctx, param, value)):
        return word
    place = Path.cwd() / word if os.sep in word else None
    if shutil.which(place or word):
        return str(place or word)
    if place is None:
        why, remedy = "is no program in PATH", "name one by its path, e.g. ./drained.sh"
    elif not place.exists():
        why, remedy = f"does not exist ({place})", "name one that does"
    elif place.is_dir():
        why, remedy = f"is a folder ({place})", "name the program in it"
    else:
        why, remedy = f"may not be executed ({place})", f"'chmod +x {word}' allows it"
    raise click.BadParameter(f"{word} {why}: {remedy}; nothing was begun", ctx, param)
