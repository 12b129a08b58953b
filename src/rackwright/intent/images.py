"""The site's firmware images: ``images.yaml`` and Dell's own files, as one list.

::

    images:
      - {component: bios, version: 2.7.4, models: [xe9680], file: images/BIOS_2.7.4.EXE, sha256: "9f86d0…"}

A file's path begins at the folder of ``images.yaml`` itself. Whether it is there is asked when it is needed, not here.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rackwright.catalog import dell
from rackwright.catalog.faults import nearest, translate
from rackwright.catalog.images import Image
from rackwright.documents import Marked, Path, canonical_json, read
from rackwright.documents.markup import read_markup
from rackwright.errors import DocumentError
from rackwright.findings import Location, Severity, problem
from rackwright.intent.context import Context

__all__ = ["ImageEntry", "ImageFile", "read_images"]

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_CHECK: Final = "intent.images"
_TAKEN: Final = (".exe", ".d9", ".d10", ".pm")
"""Endings that an iDRAC takes (redfish.md 2.5); a package for Linux (.BIN) is refused with SYS434."""
_MEMBER: Final = "package.xml"
MAX_PACKAGE: Final = 16 * 1024 * 1024
"""Bytes of a ``package.xml`` inside a zip; real ones have some 100 kB."""
Key = Annotated[str, Field(min_length=1, max_length=64)]


class _Wrong(Protocol):
    def __call__(self, message: str, remedy: str, *path: str | int, severity: Severity = "error") -> None: ...


class ImageEntry(BaseModel):
    """One image of ``images.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    component: Key
    """Kind of component, a key of the catalog's ``firmware``."""
    version: Key
    """As the inventory prints it when the image is in force."""
    equal: tuple[str, ...] = ()
    """Other spellings of that version."""
    models: tuple[str, ...] = ()
    """Server or NIC models that it is for; all when absent."""
    file: str | None = None
    """Path from the folder of this file."""
    url: str | None = None
    """Where a BMC can fetch it."""
    sha256: str | None = None
    needs: dict[Key, str] = Field(default_factory=dict)
    """Least version by kind of component that must be in force first."""
    changes: tuple[str, ...] | Literal["*"] | None = None
    """BIOS attributes that this image adds, removes or gives other values; ``*`` for many."""
    minutes: float | None = Field(None, ge=0)


class ImageFile(BaseModel):
    """The whole of ``images.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    images: tuple[ImageEntry, ...]


def read_images(base: FilePath, context: Context) -> tuple[Image, ...]:
    """Return the images of every file that ``firmware.images`` names; problems go to the context."""
    found: list[Image] = []
    for at, name in enumerate(context.site.firmware.images):
        path: Path = ("firmware", "images", at)
        if not (base / name).is_file():
            remedy = "write it beside the site file, or remove it here"
            context.wrong("reference", path, f"there is no file {name!r}", remedy)
            continue
        try:
            found += _file(base, name, context)
        except (OSError, zipfile.BadZipFile, DocumentError) as error:
            said = str(error) if isinstance(error, DocumentError) else type(error).__name__
            context.wrong(
                "reference",
                path,
                f"{name!r} cannot be read ({said})",
                "give an images.yaml, a Dell catalogue or a package",
            )
    return tuple(_distinct(found, context))


def _file(base: FilePath, name: str, context: Context) -> tuple[Image, ...]:
    file = base / name
    folder = posixpath.dirname(name)
    if file.suffix in (".yaml", ".yml"):
        return tuple(_entries(read(file), folder, context))
    if file.suffix == ".xml":
        return _dell(file.read_bytes(), name, context, folder=folder)
    with zipfile.ZipFile(file) as packed:
        inside = next((entry for entry in packed.infolist() if posixpath.basename(entry.filename) == _MEMBER), None)
        if inside is None or inside.file_size > MAX_PACKAGE:
            raise DocumentError(f"{name}: no {_MEMBER} in it that could be read")
        return _dell(packed.read(inside), f"{name}:{inside.filename}", context, folder=folder, file=name)


def _dell(data: bytes, source: str, context: Context, *, folder: str, file: str = "") -> tuple[Image, ...]:
    found = dell.images(read_markup(data, source), context.catalog, source=source, folder=folder, file=file)
    if not found.images:
        message = f"{source} tells of no package for a component and a server model of the catalog"
        remedy = "extend the rows of catalog/ by the component's number, or write the image into images.yaml"
        context.problems.append(problem(_CHECK, message, remedy=remedy, location=Location(source), severity="warning"))
    return found.images


def _entries(marked: Marked, folder: str, context: Context) -> Iterator[Image]:
    context.problems.extend(marked.problems)
    if not isinstance(marked.value, dict):
        return
    try:
        shaped = ImageFile.model_validate_json(canonical_json(marked.value), strict=True)
    except ValidationError as error:
        context.problems.extend(translate(error, marked, ImageFile, check=_CHECK))
        return
    for at, entry in enumerate(shaped.images):
        if _right(entry, at, marked, context):
            place = marked.at("images", at)
            yield _image(entry, folder, f"{FilePath(place.file).name}:{place.line}")


def _image(entry: ImageEntry, folder: str, source: str) -> Image:
    return Image(
        component=entry.component,
        version=entry.version,
        equal=entry.equal,
        models=entry.models,
        file=posixpath.normpath(posixpath.join(folder, entry.file)) if entry.file else "",
        url=entry.url or "",
        sha256=(entry.sha256 or "").lower(),
        needs=tuple(sorted(entry.needs.items())),
        changes=("*",) if entry.changes == "*" else entry.changes,
        minutes=entry.minutes,
        source=source,
    )


def _right(entry: ImageEntry, at: int, marked: Marked, context: Context) -> bool:
    before = len(context.problems)

    def wrong(message: str, remedy: str, *path: str | int, severity: Severity = "error") -> None:
        place: Path = ("images", at, *path)
        words = [str(part) for part in place]
        location = marked.value_at(*place)
        context.problems.append(
            problem(_CHECK, message, remedy=remedy, location=location, path=words, severity=severity)
        )

    kinds = [key for key, kind in context.catalog.firmware.items() if not kind.settings]
    if entry.component not in kinds:
        wrong(f"{entry.component!r} is no component of the catalog", nearest(entry.component, kinds), "component")
    models = [*context.catalog.servers, *context.catalog.nics]
    for order, model in enumerate(entry.models):
        if model not in models:
            wrong(f"{model!r} is no server or NIC model", nearest(model, models), "models", order)
    for word in entry.needs:
        if word not in kinds:
            wrong(f"{word!r} is no component of the catalog", nearest(word, kinds), "needs", word)
    _file_of(entry, context, wrong)
    if entry.sha256 is not None and not _SHA256.fullmatch(entry.sha256):
        wrong(f"{entry.sha256!r} is no SHA-256", "write the 64 hex digits that sha256sum prints", "sha256")
    return all(found.severity != "error" for found in context.problems[before:])


def _file_of(entry: ImageEntry, context: Context, wrong: _Wrong) -> None:
    if not entry.file and not entry.url:
        wrong("the image has neither a file nor a url", "add file: PATH or url: URL")
    if entry.file and (posixpath.isabs(entry.file) or ".." in entry.file.split("/")):
        wrong(f"{entry.file!r} leads out of the site's folder", "put the image below it, or give a url", "file")
    if entry.file and posixpath.splitext(entry.file)[1].lower() not in _TAKEN and _by_bmc(entry.component, context):
        message = f"iDRACs take no {posixpath.basename(entry.file)!r}: Windows packages and raw images only"
        wrong(message, f"get the package that ends in {', '.join(_TAKEN)}", "file", severity="warning")


def _by_bmc(component: str, context: Context) -> bool:
    kind = context.catalog.firmware.get(component)
    return kind is not None and kind.backend == "bmc"


def _distinct(found: list[Image], context: Context) -> Iterator[Image]:
    """Leave one of several entries for the same component, version and models; the first listed file wins."""
    seen: dict[tuple[str, str, str], Image] = {}
    for image in found:
        for model in image.models or ("",):
            other = seen.setdefault((image.component, image.version, model), image)
            if other is not image and other.sha256 and image.sha256 and other.sha256 != image.sha256:
                message = f"{image.id} for {model or 'all models'} stands in {other.source} too, with another SHA-256"
                context.problems.append(
                    problem(
                        _CHECK,
                        message,
                        remedy="keep the right one",
                        location=Location(image.source),
                        path=["firmware", "images"],
                    )
                )
        if any(seen[image.component, image.version, model] is image for model in image.models or ("",)):
            yield image
