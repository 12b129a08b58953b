"""The public names of a module are a list, and the list is true."""

import ast
import importlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXEMPT = {"__main__.py"}


def public_modules() -> dict[str, Path]:
    """Return every module that may be imported from outside, by its dotted name."""
    found = {}
    for top in (ROOT / "src", ROOT):
        for package in ("rackwright", "nornir_tasks"):
            for path in sorted((top / package).rglob("*.py")):
                parts = path.relative_to(top).with_suffix("").parts
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                if path.name not in EXEMPT and not any(part.startswith("_") for part in parts):
                    found[".".join(parts)] = path
    return found


MODULES = public_modules()


def defined(text: str) -> set[str]:
    """Return the public functions and classes that a module's own text defines at its top.

    A constant or a type alias may stay a detail of its module; when it is listed it must be there.
    """
    deeds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.parse(text).body if isinstance(node, deeds) and not node.name.startswith("_")}


def untrue(name: str) -> list[str]:
    """Import a module and return what is wrong with its list of public names."""
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", None)
    if offered is None:
        return ["no __all__: list its public names (an empty list is a statement too)"]
    missing = defined(MODULES[name].read_text(encoding="utf-8")) - set(offered)
    absent = [entry for entry in offered if not hasattr(module, entry) and not is_submodule(name, entry)]
    return [
        *(f"{entry} is listed twice" for entry, count in Counter(offered).items() if count > 1),
        *(f"{entry} is defined: put it in __all__ or give it a leading underscore" for entry in sorted(missing)),
        *(f"{entry} is listed and not there" for entry in absent),
    ]


def test_all_is_what_a_module_offers():
    """`__all__` holds each public function and class of a module, and nothing that cannot be imported."""
    assert len(MODULES) > 500
    assert not {name: found for name in MODULES if (found := untrue(name))}


def is_submodule(package: str, entry: str) -> bool:
    """Say whether a listed name is a module of the package."""
    return f"{package}.{entry}" in MODULES


def test_a_forgotten_name_would_be_seen():
    """Functions and classes count; imports, constants and private names do not."""
    text = "import os\nfrom a import b\nA = 1\ndef d(): ...\nclass E: ...\ndef _f(): ...\nasync def g(): ...\n"
    assert defined(text) == {"d", "E", "g"}
