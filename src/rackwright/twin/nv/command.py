"""The ``nv`` command: which part of it runs, what faults see of it, and how refusals are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.engine import Refused
from rackwright.twin.engine.refusals import Issue
from rackwright.twin.nv.config import run_config, set_words, unset_words
from rackwright.twin.nv.options import Misused, Options, parsed
from rackwright.twin.nv.setting import Misplaced
from rackwright.twin.nv.show import Absent, configured, operational
from rackwright.twin.shell import Login, Result
from rackwright.twin.texts.output import as_json, to_yaml
from rackwright.twin.texts.reading import Unreadable

__all__ = ["operation_of", "run_nv"]

_OPERATIONS: Final[Mapping[str, str]] = {
    "patch": "stage",
    "replace": "stage",
    "diff": "diff",
    "apply": "apply",
    "revision": "confirm-status",
    "save": "save",
    "detach": "detach",
}


def operation_of(words: list[str]) -> str:
    """Return the operation that a command line after ``nv`` is."""
    plain = [word for word in words if not word.startswith("-")]
    if plain[:1] in (["set"], ["unset"]):
        return "stage"
    if plain[:1] == ["action"]:
        return "reboot" if plain[1:2] == ["reboot"] else "run"
    for option, operation in (
        ("--confirm-yes", "confirm"),
        ("--confirm-no", "refuse"),
        ("--confirm-status", "confirm-status"),
    ):
        if option in words:
            return operation
    return _OPERATIONS.get(plain[1], "show") if plain[:1] == ["config"] and len(plain) > 1 else "show"


async def run_nv(session: Login, words: list[str], _stdin: str) -> Result:
    """Run ``nv …`` and tell refusals as it does."""
    operation, typed = operation_of(words[1:]), " ".join(words)
    box = session.box
    try:
        await box.settle()
        if operation != "apply":  # an apply lets its own faults act
            await box.gate(operation, "before", typed)
        box.switch.require_nvued()
        result = await _dispatched(session, parsed(words[1:]))
        if operation != "apply":
            await box.gates(operation, typed)
    except Refused as refusal:
        return _refused(refusal)
    except (Misused, Misplaced, Unreadable) as wrong:
        return Result(1, "", f"Error: {wrong}\n")
    except Absent as absent:
        return Result(1, "", f"Error: {absent}\n")
    return result


def _refused(refusal: Refused) -> Result:
    if refusal.kind == "schema":
        return Result(1, "", "Invalid config\n" + "".join(f"  {_line(issue)}\n" for issue in refusal.issues))
    return Result(1, "", f"Error: {refusal}\n")


def _line(issue: Issue) -> str:
    return issue.message.rstrip()


async def _dispatched(session: Login, options: Options) -> Result:
    words = options.words
    if words[:1] == ["config"]:
        return await run_config(session, options)
    if words[:1] == ["set"] and len(words) > 1:
        return set_words(session, words[1:])
    if words[:1] == ["unset"] and len(words) > 1:
        return unset_words(session, words[1:])
    if words[:1] == ["show"]:
        return _show(session, options)
    if words[:1] == ["action"]:
        return _action(session, words[1:])
    raise Misused(f"'{' '.join(words)}' is not a command of nv")


def _show(session: Login, options: Options) -> Result:
    path = tuple(options.words[1:])
    if options.revision and options.revision != "operational":
        value = configured(session.box, options.revision, path, session.actor)
    else:
        view = (f"--view={options.view}",) if options.view else ()
        value = operational(session.box, (*path, *view))
    if options.form == "yaml":
        return Result(0, to_yaml(value) if isinstance(value, Mapping) else f"{value}\n")
    if options.form != "json":
        raise NotEmulated("the tables of nv show: give -o json")
    return Result(0, as_json(value))


def _action(session: Login, words: list[str]) -> Result:
    if words[:2] != ["reboot", "system"]:
        raise NotEmulated(f"nv action {' '.join(words)}")
    if "no-confirm" not in words:
        raise Misused("specify no-confirm")
    session.box.reboot()
    session.ended = True
    return Result(0, "Rebooting System ...\nAction succeeded\n")
