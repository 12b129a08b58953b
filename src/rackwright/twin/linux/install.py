"""``onie-install``: stage an image, activate it; the next reboot installs (Installing-a-New-…-with-ONIE)."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from rackwright.twin.engine.ranges import expanded
from rackwright.twin.engine.refusals import illegal
from rackwright.twin.engine.trees import Tree
from rackwright.twin.shell import Login, Result
from rackwright.twin.texts.reading import Unreadable, read_document

__all__ = ["staged"]

_VERSION: Final = re.compile(r"([0-9]+\.[0-9]+\.[0-9]+)")
_QUESTION: Final = (
    "WARNING: This will wipe out all system data\n"
    "WARNING: Make sure to back up your data\n"
    "Are you sure (N/y)? "
)  # fmt: skip


async def staged(session: Login, words: list[str]) -> Result:
    """Stage what the options name; files are those of the switch, and any URL of an image is taken as reachable."""
    options, flags = _options(words)
    image = options.get("i", "")
    if not image and not session.box.switch.image_staged:
        return Result(1, "", "onie-install: no image is staged\n")
    said = ""
    if image:
        version = _VERSION.search(posixpath.basename(image))
        if version is None:
            return Result(1, "", f"not emulated by this twin: an image whose name tells no version: {image}\n")
        try:
            tree = _startup(session, options["t"]) if "t" in options else None
            script = session.box.files.get(session.path(options["z"])).data.decode() if "z" in options else ""
        except (OSError, Unreadable) as error:
            return Result(1, "", f"onie-install: {error}\n")
        session.box.switch.stage_image(version[1], tree, script)
        said = f"Staging installer image...{' Adding ZTP script...' if 'z' in options else ''}done.\n"
    if "a" not in flags:
        return Result(0, said)
    if "f" not in flags and (await session.ask(_QUESTION, True) or "").strip().lower() != "y":
        session.box.switch.image_staged = None
        return Result(1, said, "Aborted.\n")
    return Result(0, f"{said}Activating staged installer...done.\nReboot required to take effect.\n")


def _options(words: list[str]) -> tuple[dict[str, str], set[str]]:
    """Read ``-fa -i IMAGE -t FILE -z FILE``, letters together or apart."""
    options: dict[str, str] = {}
    flags: set[str] = set()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        for letter in word[1:] if word.startswith("-") else "":
            if letter in "itz" and rest:
                options[letter] = rest.pop(0)
            else:
                flags.add(letter)
    return options, flags


def _startup(session: Login, name: str) -> Tree:
    tree = expanded(read_document(session.box.files.get(session.path(name)).data.decode(), name).tree)
    wrong = illegal(tree, "5.12.1")
    if wrong:
        raise Unreadable(f"{name}: {wrong[0].message}")
    return tree
