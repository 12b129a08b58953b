"""The part of a shell's grammar that the twin reads: words, quotes, ``; && || |`` and redirections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = ["STATUS", "Command", "Unread", "commands"]

STATUS = "\0?"
"""Stands for ``$?`` in a word until the command runs."""
_OPERATORS = ("&&", "||", ";", "|", "\n")
_KEYWORDS = frozenset(
    {"!", "((", "[[", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function"}
    | {"if", "select", "then", "time", "until", "while"}
)
_REDIRECTIONS = ("2>&1", "2>>", "2>", ">>", ">", "<")
_FRESH = (*_REDIRECTIONS, *_OPERATORS)
_WITHIN = (*_OPERATORS, ">>", ">", "<")
_STARTS: Final = frozenset("&|;\n2<>")
_PLAIN: Final = re.compile(r"[^\s\"'\\$`()&|;<>#]+")
"""Letters that mean themselves; nearly all of a line is such runs."""


class Unread(Exception):
    """The line holds something of a shell that the twin does not know."""


@dataclass
class Command:
    """One simple command and how it hangs on the one before: ``;``, ``&&``, ``||`` or ``|``."""

    joint: str
    words: list[str] = field(default_factory=list)
    redirections: list[tuple[str, str]] = field(default_factory=list)


def commands(line: str, variables: dict[str, str]) -> list[Command]:
    """Cut a line into commands. Raises :class:`Unread`."""
    found = [Command(";")]
    redirect = ""
    for kind, text in _tokens(line, variables):
        if redirect and kind != "word":
            raise Unread("a redirection without a file")
        if kind == "operator":
            _next(found, text)
        elif kind == "redirection" and text != "2>&1":
            redirect = text
        elif kind == "redirection" or redirect:
            found[-1].redirections.append((redirect or text, text if redirect else ""))
            redirect = ""
        else:
            if not found[-1].words and text in _KEYWORDS:
                raise Unread(f"{text!r}")
            found[-1].words.append(text)
    if redirect:
        raise Unread("a redirection without a file")
    return [one for one in found if one.words or one.redirections]


def _next(found: list[Command], operator: str) -> None:
    """Begin the command after an operator."""
    if found[-1].words or found[-1].redirections:
        found.append(Command(";" if operator == "\n" else operator))
    elif operator not in (";", "\n"):
        raise Unread(f"a line with nothing before {operator!r}")


def _tokens(line: str, variables: dict[str, str]) -> Iterator[tuple[str, str]]:
    at, word, started = 0, "", False
    while at < len(line):
        run = _PLAIN.match(line, at)
        if run and not (run[0] == "2" and line[run.end() : run.end() + 1] == ">"):
            word, started, at = word + run[0], True, run.end()
            continue
        letter = line[at]
        mark = _mark(line, at, fresh=not (word or started)) if letter in _STARTS else ""
        if letter in " \t" or mark:
            if word or started:
                yield "word", word
                word, started = "", False
            if mark:
                yield ("redirection" if mark in _REDIRECTIONS else "operator"), mark
            at += len(mark) or 1
            continue
        if letter == "#" and not word and not started:
            return
        text, at = _piece(line, at, variables)
        word, started = word + text, True
    if word or started:
        yield "word", word


def _mark(line: str, at: int, *, fresh: bool) -> str:
    """Return the operator or redirection that begins here; ``2>`` is one only where no word was begun."""
    known = _FRESH if fresh else _WITHIN
    return next((one for one in known if line.startswith(one, at)), "")


def _piece(line: str, at: int, variables: dict[str, str]) -> tuple[str, int]:
    """Read one piece of a word: quoted, a variable, or a letter; returns it and where to go on."""
    letter = line[at]
    if letter == "'":
        end = line.find("'", at + 1)
        if end < 0:
            raise Unread("a quote that is never closed")
        return line[at + 1 : end], end + 1
    if letter == '"':
        return _double(line, at + 1, variables)
    if letter == "\\":
        return line[at + 1 : at + 2], at + 2
    if letter == "$":
        return _variable(line, at, variables)
    if letter in "`()&":
        raise Unread(f"{letter!r}")
    return letter, at + 1


def _double(line: str, at: int, variables: dict[str, str]) -> tuple[str, int]:
    text = ""
    while at < len(line) and line[at] != '"':
        if line[at] == "\\" and line[at + 1 : at + 2] in ('"', "\\", "$", "`"):
            text, at = text + line[at + 1], at + 2
        elif line[at] == "$":
            piece, at = _variable(line, at, variables)
            text += piece
        elif line[at] == "`":
            raise Unread("command substitution")
        else:
            text, at = text + line[at], at + 1
    if at >= len(line):
        raise Unread("a quote that is never closed")
    return text, at + 1


def _variable(line: str, at: int, variables: dict[str, str]) -> tuple[str, int]:
    if line[at + 1 : at + 2] == "(":
        raise Unread("command substitution")
    if line[at + 1 : at + 2] == "?":
        return STATUS, at + 2
    brace = line[at + 1 : at + 2] == "{"
    end = at + 1 + brace
    while end < len(line) and (line[end].isalnum() or line[end] == "_"):
        end += 1
    name = line[at + 1 + brace : end]
    if not name:
        return "$", at + 1
    if brace:
        if line[end : end + 1] != "}":
            raise Unread("an expansion other than ${NAME}")
        end += 1
    if name not in variables:
        raise Unread(f"the variable {name}")
    return variables[name], end
