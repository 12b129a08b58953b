"""``nv config …``: the pending configuration of a CLI user, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from rackwright.twin.box import Box
from rackwright.twin.engine import Applying, Refused, Revision
from rackwright.twin.engine.behaviours import seconds
from rackwright.twin.engine.masking import masked
from rackwright.twin.engine.ranges import expanded
from rackwright.twin.engine.trees import Tree, compare
from rackwright.twin.nv.options import Misused, Options, seconds_of
from rackwright.twin.nv.setting import set_tree, unset_tree
from rackwright.twin.shell import Login, Result
from rackwright.twin.texts.output import as_commands, as_json, difference_text, shown
from rackwright.twin.texts.reading import Unreadable, read_document

__all__ = ["run_config", "set_words", "unset_words"]

_INITIAL: Final = "/usr/lib/python3/dist-packages/cue_config_v1/initial.yaml"
"""The factory configuration (NVUE-CLI, Reset NVUE Configuration to Default Values)."""


async def run_config(session: Login, options: Options) -> Result:
    """Run ``nv config WORD …``."""
    word = options.words[1] if len(options.words) > 1 else ""
    if word not in _WORDS:
        raise Misused(f"'{word}' is not a command of nv config")
    return await _WORDS[word](session, options, options.words[2:])


def _created(revision: Revision, fresh: bool) -> str:
    return f"created [rev_id: {revision.id}]\n" if fresh else ""


def set_words(session: Login, words: list[str]) -> Result:
    """Run ``nv set``."""
    change = set_tree(words)
    revision, fresh = session.box.switch.pending_of(session.actor)
    session.box.switch.patch(revision, change)
    return Result(0, _created(revision, fresh))


def unset_words(session: Login, words: list[str]) -> Result:
    """Run ``nv unset``."""
    revision, fresh = session.box.switch.pending_of(session.actor)
    session.box.switch.unset(revision, unset_tree(words))
    return Result(0, _created(revision, fresh))


def _read(session: Login, words: list[str]) -> tuple[Tree, Tree]:
    if len(words) != 1:
        raise Misused("one file is wanted")
    if words[0] == _INITIAL:
        from rackwright.twin.engine.factory import factory

        return factory(), {}
    try:
        parsed = read_document(session.box.files.get(session.path(words[0]), session.actor).data.decode(), words[0])
    except OSError as error:
        raise Unreadable(f"[Errno {error.errno}] {error.strerror}: '{words[0]}'") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{words[0]} is no text") from None
    return parsed.tree, parsed.unset


async def _replace(session: Login, _options: Options, words: list[str]) -> Result:
    tree, _ = _read(session, words)
    revision, fresh = session.box.switch.pending_of(session.actor)
    session.box.switch.replace_all(revision, tree)
    return Result(0, _created(revision, fresh))


async def _patch(session: Login, _options: Options, words: list[str]) -> Result:
    tree, unset = _read(session, words)
    revision, fresh = session.box.switch.pending_of(session.actor)
    if unset:
        session.box.switch.unset(revision, unset)
    session.box.switch.patch(revision, tree)
    return Result(0, _created(revision, fresh))


def _named(session: Login, name: str) -> Tree:
    return masked(session.box.switch.tree_of(name, session.actor), session.box.switch.who.serial)


async def _diff(session: Login, options: Options, words: list[str]) -> Result:
    if len(words) > 2:
        raise Misused("two revisions at most")
    base, target = [*words, *(["applied", "pending"] if not words else ["pending"])][:2]
    switch = session.box.switch
    step = compare(switch.tree_of(base, session.actor), switch.tree_of(target, session.actor))
    salt = switch.who.serial
    hidden = step._replace(unset=masked(step.unset, salt), set=masked(step.set, salt))
    return Result(1 if step else 0, difference_text(hidden, options.form))


async def _show(session: Login, options: Options, words: list[str]) -> Result:
    if words:
        raise Misused(f"'{words[0]}' is not an option of nv config show")
    if options.everything:
        return Result(1, "", "Error: --all is not emulated: this twin does not know NVUE's defaults\n")
    switch = session.box.switch
    tree = switch.tree_of(options.revision or "applied", session.actor)
    # A tree is never changed in place, so what was printed of it once can be printed again.
    return Result(
        0,
        session.box.printed(
            tree,
            f"{options.form} {switch.who.nos}",
            lambda: shown(switch.who, masked(tree, switch.who.serial), options.form),
        ),
    )


async def _save(session: Login, _options: Options, _words: list[str]) -> Result:
    session.box.switch.save()
    return Result(0, "saved\n")


async def _detach(session: Login, _options: Options, _words: list[str]) -> Result:
    held = session.box.switch.detach(session.actor)
    return Result(0, f"detached [rev_id: {held}]\n" if held else "")


async def _translate(session: Login, _options: Options, words: list[str]) -> Result:
    if words[:1] == ["filename"] and len(words) == 2:
        tree, _ = _read(session, words[1:])
        return Result(0, as_commands(expanded(tree)))
    if words[:1] == ["revision"] and len(words) == 2:
        return Result(0, as_commands(_named(session, words[1])))
    raise Misused("translate filename FILE or translate revision ID")


async def _revision(session: Login, options: Options, _words: list[str]) -> Result:
    held = session.box.switch.revisions
    if options.form == "json":
        return Result(0, as_json({name: one.value() for name, one in held.items()}))
    return Result(0, _table(session.box, [(one.id, one.state) for one in held.values()]))


async def _history(session: Login, options: Options, words: list[str]) -> Result:
    rows = [entry for entry in session.box.switch.history if not words or entry.revision == words[0]]
    if options.form == "json":
        return Result(0, as_json([entry._asdict() for entry in rows]))
    return Result(0, _table(session.box, [(entry.revision, entry.state) for entry in rows]))


def _table(box: Box, rows: list[tuple[str, str]]) -> str:
    """Print the columns of Config-Commands, nv config revision."""
    known = {entry.revision: entry for entry in box.switch.history}
    widths = (20, 17, 32, 19, 8, 7, 13, 31)
    names = ("Rev ID", "State", "Apply ID", "Apply Date", "Type", "User", "Reason", "Message")
    lines = [names, tuple("-" * width for width in widths)]
    for name, state in rows:
        entry = known.get(name)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(box.clock.date(entry.at))) if entry else ""
        told = (entry.apply_id, when, entry.via, entry.user, "Config update", entry.message) if entry else ("",) * 6
        lines.append((name, state, *told))
    return "".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + "\n" for line in lines
    )


async def _apply(session: Login, options: Options, words: list[str]) -> Result:
    if options.answer:
        return await _answer(session, options)
    box = session.box
    revision = _to_apply(session, words)
    wait = None if options.confirm is None else seconds_of(options.confirm) if options.confirm else seconds("confirm")
    how = Applying(
        yes=options.yes, confirm_s=wait, message=options.message, user=session.actor, via="CLI"
    )  # fmt: skip
    await box.apply(revision, how)
    said = ""
    if revision.asks == "warnings":
        said = "".join(f"{line}\n" for line in box.switch.warnings(revision))
        answered = None if options.no else await session.ask(f"{said}\nAre you sure? [y/N] ", True)
        if revision.asks == "warnings":
            box.switch.answer(revision, yes=(answered or "").strip().lower() in ("y", "yes"))
        said = said if answered is None else ""
    await box.until(lambda: revision.state != "apply" or not box.switch.nvued_up)
    await box.gate("apply", "after")
    return _outcome(revision, "" if options.yes else said)


def _to_apply(session: Login, words: list[str]) -> Revision:
    switch = session.box.switch
    if not words:
        held = switch.pending.get(session.actor, "")
        if held not in switch.revisions:
            raise Refused("no pending configuration to apply", kind="state")
        return switch.revisions[held]
    if words[0] in ("empty", "startup", "applied"):
        made = switch.begin(session.actor, "CLI")
        made.tree = switch.tree_of(words[0])
        return made
    return switch.revision(words[0])


def _outcome(revision: Revision, said: str) -> Result:
    if revision.state in ("applied", "applied_and_saved"):
        return Result(0, f"{said}{revision.state} [rev_id: {revision.id}]\n")
    if revision.asks == "confirm":
        return Result(0, f"{said}applied [rev_id: {revision.id}]\n")
    if revision.state == "ays_fail":
        return Result(1, f"{said}Aborted apply after warnings\n")
    if revision.state == "invalid":
        return Result(1, said, _refusal(revision))
    return Result(1, said, f"Error: apply failed [rev_id: {revision.id}]: {revision.state} {revision.progress}\n")


def _refusal(revision: Revision) -> str:
    issues = "".join(f"  {issue.message.rstrip()}\n" for issue in revision.issues)
    return f"Invalid config [rev_id: {revision.id}]\n{issues}"


async def _answer(session: Login, options: Options) -> Result:
    box = session.box
    revision = box.switch.waiting()
    if options.answer == "status":
        if revision is None:
            return Result(0, "no apply waits to be confirmed\n")
        left = max(0, int(revision.deadline - box.switch.now))
        return Result(0, f"rev_id: {revision.id}\nrollback in: {left // 3600}:{left // 60 % 60:02}:{left % 60:02}\n")
    if revision is None:
        raise Refused("no apply waits to be confirmed", kind="state")
    box.switch.answer(revision, yes=options.answer == "yes")
    await box.until(lambda: revision.state != "apply" or not box.switch.nvued_up)
    return Result(0, f"{revision.state} [rev_id: {revision.id}]\n")


_WORDS: Final[Mapping[str, Callable[[Login, Options, list[str]], Awaitable[Result]]]] = {
    "apply": _apply,
    "detach": _detach,
    "diff": _diff,
    "history": _history,
    "patch": _patch,
    "replace": _replace,
    "revision": _revision,
    "save": _save,
    "show": _show,
    "translate": _translate,
}
