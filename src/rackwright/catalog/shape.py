"""What keys a family of models knows and where: for suggestions, ``explain`` and the docs."""

from __future__ import annotations

import ast
import sys
import types
import typing
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo

__all__ = ["ANY", "FieldRow", "fields", "help_of", "models_at"]

ANY = "*"
"""Stands in a place for a name the operator chooses, or for a position in a list."""


class FieldRow(msgspec.Struct, frozen=True):
    """One key that can be written: where, of what type, with what default, and what it means."""

    place: tuple[str, ...]
    key: str
    type: str
    default: str
    help: str

    @property
    def path(self) -> str:
        """Print the place and key as one path, e.g. ``fabrics.*.leaves.count``."""
        return ".".join((*self.place, self.key))


@lru_cache(maxsize=16)
def fields(model: type[BaseModel]) -> tuple[FieldRow, ...]:
    """Return every key below a model, in the order of declaration, parents before children."""
    return tuple(_walk(model, ()))


def _walk(model: type[BaseModel], place: tuple[str, ...]) -> Iterator[FieldRow]:
    for name, info in model.model_fields.items():
        if info.exclude:
            continue
        key = info.alias or name
        yield FieldRow(place, key, _words(info.annotation), _default(info), help_of(model).get(name, ""))
        for child, below in _children(info.annotation, (*place, key)):
            yield from _walk(child, below)


def help_of(model: type[BaseModel]) -> dict[str, str]:
    """Return the sentence below each field of a model, by the field's name in Python.

    pydantic can read these itself (``use_attribute_docstrings``), but parses the whole module once a
    class when it is imported: a third of the time a cold command takes.
    """
    return _helps(model.__module__).get(model.__name__, {})


@lru_cache(maxsize=8)
def _helps(module: str) -> dict[str, dict[str, str]]:
    file = sys.modules[module].__file__
    tree = ast.parse(Path(file).read_text(encoding="utf-8")) if file else ast.Module([], [])
    return {node.name: dict(_sentences(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _sentences(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            yield field.target.id, " ".join(below.value.value.split())


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, BaseModel) or value in ((), {}):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _children(annotation: Any, place: tuple[str, ...]) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, place
        return
    deeper = typing.get_origin(annotation) in (dict, tuple, list)
    for part in _parts(annotation):
        yield from _children(part, (*place, ANY) if deeper else place)


def _parts(annotation: Any) -> tuple[Any, ...]:
    """Return the types one step inside: union members, values of a mapping, items of a list."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is dict:
        return (args[1],)
    if origin is Annotated:
        return (args[0],)
    if origin in (tuple, list, Union, types.UnionType):
        return tuple(arg for arg in args if arg is not Ellipsis)
    return ()


def models_at(model: type[BaseModel], path: tuple[str | int, ...]) -> tuple[type[BaseModel], ...]:
    """Return the models that a mapping at ``path`` may be read as; empty where none is."""
    found: list[Any] = [model]
    for part in path:
        found = [inner for annotation in found for inner in _step(annotation, part)]
    return tuple(kind for annotation in found for kind in _plain(annotation))


def _plain(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_origin(annotation) in (Union, types.UnionType, Annotated):
        for part in _parts(annotation):
            yield from _plain(part)


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from (
            info.annotation for name, info in annotation.model_fields.items() if part in (name, info.alias or name)
        )
    elif typing.get_origin(annotation) in (Union, types.UnionType, Annotated):
        for inner in _parts(annotation):
            yield from _step(inner, part)
    else:
        yield from _parts(annotation)


_NAMES: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}


def _words(annotation: Any) -> str:
    """Print a type in words an operator knows."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in _NAMES:
        return _NAMES[annotation]
    if origin is Literal:
        return " | ".join(str(arg) for arg in args)
    if origin is dict:
        return f"mapping of name to {_words(args[1])}"
    if origin in (tuple, list):
        return f"list of {_words(args[0])}"
    if origin is Annotated:
        return _words(args[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_words(arg) for arg in args if arg is not type(None))
    return "mapping"
