"""The shell of an emulated host: commands with ``;``, newlines, ``||``, pipes to a few filters, and ``echo NAME=$(...)``.

What goes beyond that is not run: the first word that is not understood ends it with 2, as a shell's own error does.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from rackwright.twin.hosts.commands import Desk, answer
from rackwright.twin.shell.login import Result

__all__ = ["run"]

_ECHO: Final = re.compile(r"echo (?P<name>[a-z_]+)=\$\((?P<inner>.*)\)$")
_QUIET: Final = "2>/dev/null"
_RESET: Final = re.compile(r"mlxfwreset -d .* reset")
_MACS: Final = re.compile(r"^for mac in (.+); do$", re.MULTILINE)


def run(desk: Desk, command: str) -> Result:
    """Run one command line as it comes over SSH."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return Result(2, "", f"sh: syntax error: {error}\n")
    if words[:3] == ["sudo", "-n", "--"] and words[3:5] == ["sh", "-c"]:
        return _script(Desk(desk.system, desk.wires, desk.now, True, desk.model, desk.again, desk.reset), words[5])
    if words[:2] == ["sh", "-c"]:
        return _script(desk, words[2])
    return answer(desk, words)


def _script(desk: Desk, text: str) -> Result:
    macs = _MACS.search(text)
    if macs and _RESET.search(text):
        return _resets(desk, shlex.split(macs[1]))
    code, out, err = 0, "", ""
    for line in filter(None, (line.strip() for line in text.splitlines())):
        result = _line(desk, line)
        code, out, err = result.code, out + result.out, err + result.err
    return Result(code, out, err)


def _line(desk: Desk, line: str) -> Result:
    if line == "echo":
        return Result(0, "\n")
    echo = _ECHO.match(line)
    if echo:
        inner = _alternatives(desk, echo["inner"])
        return Result(0, f"{echo['name']}={inner.out.rstrip()}\n", inner.err)
    return _alternatives(desk, line)


def _alternatives(desk: Desk, text: str) -> Result:
    """Run ``A || B`` or ``( A || B ) | filter``; a pipe binds tighter where there are no brackets."""
    text = text.strip()
    if text.startswith("("):
        inside, _, rest = text[1:].partition(")")
        found = _alternatives(desk, inside)
        return _filtered(found, rest.replace(_QUIET, "").strip().removeprefix("|"), quiet=_QUIET in rest)
    result = Result()
    for part in text.split("||"):
        head, _, rest = part.strip().partition(" | ")
        quiet = _QUIET in head
        result = _filtered(answer(desk, shlex.split(head.replace(_QUIET, ""))), rest, quiet=quiet)
        if not result.code:
            break
    return result


def _filtered(result: Result, filters: str, *, quiet: bool) -> Result:
    out, err = result.out, "" if quiet else result.err
    code = result.code
    for part in filter(None, (part.strip() for part in filters.split("|"))):
        words = shlex.split(part)
        if words[:3] == ["tail", "-n", "1"]:
            out = "".join(out.splitlines(keepends=True)[-1:])
        elif words == ["tr", "-d", "\\n"]:
            out = out.replace("\n", "")
        else:
            return Result(2, "", f"sh: {words[0]}: not emulated by this twin\n")
        code = 0
    return Result(code, out, err)


def _resets(desk: Desk, macs: list[str]) -> Result:
    """Restart the adapters whose MAC addresses are named."""
    for face in desk.faces:
        if face.port.mac.lower() in macs and face.rdma:
            result = answer(desk, ["mlxfwreset", "-d", face.pci, "-y", "reset"])
            if result.code:
                return result
    return Result()
