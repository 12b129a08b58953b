"""What ``push --only host --installer`` does before it pushes: servers without a host of ours get one."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

import click
import msgspec

from rackwright.cli.answer import ERROR, Answer
from rackwright.cli.consenting import Shown, agreed
from rackwright.cli.installing import NEW_KEY
from rackwright.cli.talk import Talk
from rackwright.cli.watching import watch
from rackwright.push.hosts.bare import BareOrder, let_in, make_bare, submit
from rackwright.push.hosts.installing import Medium

if TYPE_CHECKING:
    from rackwright.cli.hosts import Aim

__all__ = ["bared", "wiping"]

_OVER_NETWORK: Final = {"http": Medium("UefiHttp"), "pxe": Medium("Pxe")}


def wiping(installer: str, wipe: Sequence[str], names: Collection[str]) -> tuple[str, ...]:
    """Return the servers that may be wiped, by name or pattern; who is meant is not guessed.

    Raises a usage error where nobody would install them, or one is none of ``names``.
    """
    if wipe and not installer:
        raise click.UsageError("--wipe goes with --installer: nothing is wiped without one")
    if strangers := [word for word in wipe if not fnmatch.filter(names, word)]:
        raise click.BadParameter(f"no server that is meant is called {', '.join(strangers)}", param_hint="--wipe")
    return tuple(name for name in names if any(fnmatch.fnmatchcase(name, word) for word in wipe))


def bared(talk: Talk, aim: Aim, installer: str, wipe: Sequence[str], *, yes: bool, allow: bool) -> Answer | None:
    """Install every server that is meant and has no host of ours; return what ends the push here, None to go on."""
    from rackwright.report.pushes import outcome_lines, outcome_value, pushed
    from rackwright.report.words import some

    whole = make_bare(aim.plan, list(aim.way.hosts), _medium(installer), wipe)
    let = {one.device: at for one in whole.targets if one.device not in wipe and (at := let_in(aim.way, one))}
    for name, at in let.items():
        talk.error(
            f"{name}: left as it is: an operating system let us in on {at}; --wipe {name} installs it anew where none answers now"
        )
    for why, names in _lacking(aim).items():
        talk.error(f"{some(names)}: left as it is, whatever answers there, since it cannot be installed: {why}")
    left = {*let, *aim.lacks}
    order = msgspec.structs.replace(whole, targets=tuple(one for one in whole.targets if one.device not in left))
    if not order.targets:
        return None
    refused = _consent(talk, aim, order, yes=yes, allow=allow)
    if refused is not None:
        return refused
    way = aim.way

    def forget(name: str) -> None:
        way.forget_host(name)

    report = submit(order, way, jobs=way.jobs, on_event=watch(talk), forget=forget)
    outcomes = list(report.outcomes.values())
    lines = [*outcome_lines(outcomes), f"installed: {pushed(outcomes)}"]
    if report.state != "done":
        return Answer(ERROR, outcome_value(report, outcomes), lines)
    for line in lines:
        talk.say(line)
    return None


def _lacking(aim: Aim) -> dict[str, list[str]]:
    """Return the hosts that are meant and may not be installed, by what is against it."""
    found: dict[str, list[str]] = {}
    for name in aim.way.hosts:
        if why := aim.lacks.get(name):
            found.setdefault("; ".join(why), []).append(name)
    return found


def _medium(text: str) -> Medium:
    if text in _OVER_NETWORK:
        return _OVER_NETWORK[text]
    if not text.startswith(("http://", "https://", "nfs://", "cifs://")):
        raise click.UsageError(f"--installer {text}: give the URL of an ISO that the BMCs reach, or 'http' or 'pxe'")
    return Medium("Cd", text)


def _consent(talk: Talk, aim: Aim, order: BareOrder, *, yes: bool, allow: bool) -> Answer | None:
    """Show who would be wiped; return what ends it here, or None when it may go on."""
    names = [target.device for target in order.targets]
    lines = tuple(
        f"{name}: wiped and installed, unless {'a host of ours' if name in order.wipe else 'somebody'} answers there"
        for name in names
    )
    talk.say("seeds come from 'rackwright serve', which must run meanwhile, on this site")
    barred = ""
    if not allow:
        barred = "what is named loses its disk; allow it with --allow-disruption"
    elif not aim.way.twin and not aim.way.trust.first_use:
        barred = NEW_KEY
    shown = Shown("install these?", lines, names, done="installed", barred=barred, grave=True)
    return agreed(talk, shown, yes=yes)
