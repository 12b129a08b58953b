"""Printing: one Jinja environment for the whole run; a site may put a template in place of ours."""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.assets import folder
from rackwright.errors import RenderError

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Printer", "printer"]

_MARKUP = ("html.j2", "svg.j2")


class Printer:
    """Prints templates; ``override`` is a folder whose files come before the shipped ones of the same name.

    Undefined names are errors, HTML and SVG are escaped, line ends are LF.
    """

    def __init__(self, override: Path | None = None) -> None:
        self._folders = [*([override] if override and override.is_dir() else []), folder("templates")]

    @cached_property
    def _environment(self) -> Environment:
        # Imported here: a build in which nothing changed prints nothing.
        from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

        return Environment(
            loader=FileSystemLoader(self._folders),
            undefined=StrictUndefined,
            autoescape=select_autoescape(_MARKUP, default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )

    def print(self, template: str, **values: Any) -> bytes:
        """Print one template, by its path below ``templates/``.

        Raises :class:`~rackwright.errors.RenderError` with the template's name and line when it is wrong.
        """
        from jinja2 import TemplateError

        try:
            return self._environment.get_template(template).render(values).encode()
        except TemplateError as problem:
            line = getattr(problem, "lineno", None) or _line_of(problem, template)
            where = f"{template}:{line}" if line else template
            raise RenderError(
                f"template {where}: {problem}; mend the template in SITE/templates or remove it"
            ) from problem

    def digest(self, part: str) -> str:
        """Return the digest of the templates below one part (``docs``) that would be used."""
        used: dict[str, Path] = {}
        for top in self._folders:
            for path in (top / part).rglob("*"):
                if path.is_file():
                    used.setdefault(path.relative_to(top).as_posix(), path)
        found = hashlib.sha256()
        for name, path in sorted(used.items()):
            found.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        return found.hexdigest()


@lru_cache(maxsize=8)
def printer(override: Path | None) -> Printer:
    """Return the printer of those who print a file a device: compiling a template costs more than printing it a hundred times."""
    return Printer(override)


def _line_of(problem: BaseException, template: str) -> int | None:
    """Find the line of the template in which a run-time error arose."""
    trace, line = problem.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.replace("\\", "/").endswith(template):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
