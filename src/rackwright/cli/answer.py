"""What a verb gives back, and how it is printed: data on stdout, talk on stderr, the exit code.

A verb is a function from its arguments to an :class:`Answer`; the decorator :func:`verb` gives it the
options that every verb has and prints the answer. No verb prints by itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from rackwright.cli.streams import emit
from rackwright.cli.talk import Talk
from rackwright.errors import RackwrightError

__all__ = ["DIFFERENCE", "ERROR", "FINDINGS", "FINE", "HELP", "Answer", "verb", "worst"]

HELP: Final = {"help_option_names": ["-h", "--help"]}
"""How help is asked for, of the command and of every verb: click keeps what it is first asked by."""

FINE: Final = 0
"""Nothing wrong and nothing to do."""
ERROR: Final = 1
"""The work could not be done."""
DIFFERENCE: Final = 3
"""There is a difference."""
FINDINGS: Final = 4
"""There are findings."""

_RANK: Final = {FINE: 0, DIFFERENCE: 1, FINDINGS: 2, ERROR: 3}


def worst(*codes: int) -> int:
    """Return the exit code that wins: error over findings over a difference."""
    return max(codes, key=_RANK.__getitem__, default=FINE)


@dataclass(frozen=True)
class Answer:
    """What a verb says: the exit code, the value for ``--json``, and the same as lines of text."""

    code: int = FINE
    data: Any = None
    lines: Iterable[str] = ()
    streamed: bool = False
    """Lines of JSON went before: with ``--json`` the data is the last of them."""
    last: Sequence[str] = ()
    """What is wrong, said behind the data: before long lines it would scroll away."""
    done: str = ""
    """What was done to devices, in a few words: said where the data cannot be printed. Empty: nothing was."""


def verb(name: str) -> Callable[[Callable[..., Answer]], click.Command]:
    """Make a command of a function ``(talk, **arguments) -> Answer``; its docstring is the help."""

    def make(work: Callable[..., Answer]) -> click.Command:
        @functools.wraps(work)
        def run(*, as_json: bool, quiet: bool, verbose: bool, **arguments: Any) -> int:
            talk = Talk(quiet=quiet, verbose=verbose, as_json=as_json)
            try:
                answer = work(talk, **arguments)
            except RackwrightError as error:
                answer = _refused(talk, error)
            try:
                _print(answer, as_json=as_json)
            except OSError as error:
                if not answer.done:
                    raise
                talk.error(f"error: {answer.done}; only this answer could not be printed ({error.strerror})")
                return ERROR
            finally:
                for line in answer.last:
                    talk.error(line)
            return answer.code

        made = click.command(name, context_settings=HELP)(run)
        made.params += _common()
        return made

    return make


def _common() -> list[click.Parameter]:
    """Return the options that every verb has; they stand last in its help."""
    return [
        click.Option(["--json", "as_json"], is_flag=True, help="Print the data as JSON."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Say nothing but errors on stderr."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Say more on stderr."),
    ]


def _refused(talk: Talk, error: RackwrightError) -> Answer:
    """Tell every problem that an error carries, then the error itself."""
    from rackwright.report import problem_lines, problem_values

    for line in problem_lines(error.problems):
        talk.error(line)
    talk.error(f"error: {error}")
    return Answer(ERROR, {"error": str(error), "problems": problem_values(error.problems)})


def _print(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        from rackwright.report import json_line, json_text

        emit([(json_line if answer.streamed else json_text)(answer.data)])
    else:
        emit(answer.lines)
