"""What ``push --install`` does before it pushes: who runs another version than planned gets the image."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rackwright.cli.answer import ERROR, Answer
from rackwright.cli.consenting import Shown, agreed
from rackwright.cli.talk import Talk
from rackwright.drivers.nvue.model import Facts
from rackwright.errors import DocumentError
from rackwright.push.installs.order import Image, InstallLimits, InstallOrder, make_install

if TYPE_CHECKING:
    from rackwright.cli.pushing import Aim
    from rackwright.runs import Event

__all__ = ["NEW_KEY", "Wish", "image_of", "installed"]

NEW_KEY: Final = "a new installation shows another host key; allow that with --trust-on-first-use"
"""What bars an installation that was asked for without that flag."""


@dataclass(frozen=True)
class Wish:
    """An image that was asked for on the command line, and what is allowed."""

    image: Path
    sha256: str = ""
    yes: bool = False
    allow: bool = False


def installed(talk: Talk, aim: Aim, wish: Wish, watch: Callable[[Event], None]) -> Answer | None:
    """Bring every switch that runs another version to the planned one; return what ends the push here, None to go on.

    A switch that cannot be asked is left to the push, which tells why.
    """
    from rackwright.push.installs.submitting import submit
    from rackwright.report.pushes import outcome_lines, outcome_value, pushed

    image = image_of(wish.image, wish.sha256, aim.plan.nos)
    order = make_install(aim.plan, _facts(talk, aim), aim.trees, image, InstallLimits())
    if not order.targets:
        talk.say(f"no switch runs another version than {image.nos}")
        return None
    refused = _consent(talk, aim, order, wish)
    if refused is not None:
        return refused
    report = submit(order, aim.way, jobs=aim.way.jobs, on_event=watch)
    outcomes = list(report.outcomes.values())
    lines = [*outcome_lines(outcomes), f"installed: {pushed(outcomes)}"]
    if report.state != "done":
        for gate in report.gates.values():
            if gate.state != "done":
                talk.error(f"{gate.subject}: the next wave was not begun: {gate.cause}; {gate.remedy}")
        return Answer(ERROR, outcome_value(report, outcomes), lines)
    for line in lines:
        talk.say(line)
    return None


def image_of(path: Path, sha256: str, nos: str) -> Image:
    """Return an image of a version of the NOS; ``sha256`` is what it must have, empty where that is not known.

    Raises :class:`~rackwright.errors.DocumentError` for a file that is not it.
    """
    # 5.12.1 is neither 5.12.10 nor 15.12.1.
    if not re.search(rf"(?<![\d.]){re.escape(nos)}(?!\d|\.\d)", path.name):
        raise DocumentError(
            f"{path.name} does not tell that it is Cumulus Linux {nos}: keep the name that NVIDIA gave it"
        )
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror}): name the image's file") from None
    if sha256 and found != sha256.lower():
        raise DocumentError(f"{path} has SHA-256 {found} and not {sha256.lower()}: fetch it again")
    return Image(str(path.absolute()), found, nos)


def _facts(talk: Talk, aim: Aim) -> dict[str, Facts]:
    """Ask the switches through Nornir, as many at the same time as ``--jobs`` says."""
    import nornir_tasks

    names = list(aim.way.endpoints)
    if not names:
        return {}
    # Nornir logs a failure with its traceback; ours is told once, as a sentence.
    logging.getLogger("nornir").addHandler(logging.NullHandler())
    runner = nornir_tasks.CompleteThreads(names, aim.way.jobs, talk.counter("asked", len(names)))
    hosts = nornir_tasks.nornir_of(aim.build).filter(filter_func=lambda host: host.name in frozenset(names))
    results = hosts.with_runner(runner).run(task=nornir_tasks.facts_nvue, way=aim.way)
    found = {name: result[0].result for name, result in results.items()}
    return {name: facts for name, facts in found.items() if isinstance(facts, Facts)}


def _consent(talk: Talk, aim: Aim, order: InstallOrder, wish: Wish) -> Answer | None:
    """Show what would be installed; return what ends it here, or None when it may go on."""
    from rackwright.report.installs import install_lines, what_installs

    talk.say(what_installs(order))
    lines = tuple(install_lines(order))
    shown = [{"device": one.device, "runs": one.runs, "to": order.image.nos} for one in order.targets]
    barred = ""
    if not wish.allow:
        barred = "this interrupts what is named; allow it with --allow-disruption"
    elif not aim.way.twin and not aim.way.trust.first_use:
        barred = NEW_KEY
    about = Shown("install this?", lines, shown, done="installed", barred=barred, grave=True)
    return agreed(talk, about, yes=wish.yes)
