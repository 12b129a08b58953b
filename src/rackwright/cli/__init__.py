"""The command: parse, call, print, exit code. ``main`` is the click group and the outermost edge.

The list of verbs stands here as data, so that ``rackwright --help`` imports click and nothing else; a
verb's module is imported when the verb is run.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import IO, Any, Final

import click

from rackwright import __version__
from rackwright.cli import streams
from rackwright.cli.answer import HELP
from rackwright.errors import RackwrightError

__all__ = ["Verbs", "main"]

VERBS: Final = {
    "init": "Copy a reference site into a new folder.",
    "validate": "Tell everything that is wrong with a site, each with its place.",
    "plan": "Work out names, ports, cables, addresses and power.",
    "render": "Write every configuration of a site into a build folder.",
    "check": "Judge rendered files, or your own, by the rules.",
    "diff": "Compare two builds, a build with what a switch exported, or a site with what its switches run.",
    "explain": "Tell where a rendered value comes from.",
    "discover": "Find out which machine is where, and fill nodes.csv.",
    "snapshot": "Collect what devices tell, for an audit elsewhere.",
    "push": "Bring switches, BMCs (--only bmc) or hosts (--only host) to what is planned.",
    "audit": "Look at devices and judge them against the plan.",
    "replace": "Put another machine in the place of a switch.",
    "bringup": "Bring a whole site up, from cartons to accepted, in one durable run.",
    "report": "Write the record of a run, and certificates of acceptance; sign them, or look at a signature.",
    "inventory": "Print the inventory of Nornir or Ansible.",
    "twin": "Run an emulated rack of the site on loopback: real SSH, nv, NVUE API, Redfish, and hosts.",
    "demo": "Bring an emulated rack of a reference site up, from cartons to accepted, with faults planted in it.",
    "serve": "Answer switches that boot for the first time, and hosts that are installed; show a run as a web page.",
    "worker": "Help with bring-ups of this site that others began.",
}
"""Verb -> its help, in the order of work; each has a module of its name in ``rackwright.cli.verbs``."""

GARBAGE: Final = (1_000_000, 20, 20)
"""Thresholds of the cyclic garbage collector while a verb runs."""

_SHELLS: Final = ("bash", "zsh", "fish")
_ERROR: Final = 1


class _Interrupted(click.ClickException):
    """Ctrl-C: one line, and the exit code that shells expect."""

    exit_code = 130

    def show(self, file: IO[Any] | None = None) -> None:
        message = "interrupted: each file stands as it was or as it is to be; run it again to go on"
        click.echo(message, file=file, err=file is None)


class Verbs(click.Group):
    """The group of verbs: lazy, in the order of work, and the one place where anything may be caught."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return the verbs in the order of work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the signature is click's
        """Import a verb; None when there is none of that name."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"rackwright.cli.verbs.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of a command line; for one that is misspelt, the nearest is named."""
        import difflib  # only a misspelt verb needs it

        near = difflib.get_close_matches(args[0], VERBS, 1) if args[0] not in VERBS else []
        if near and not args[0].startswith("-"):
            ctx.fail(f"there is no verb {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the signature is click's
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that the context holds."""
        # Plans and trees have no cycles: to look for some while thousands are built costs a fifth and frees nothing.
        gc.set_threshold(*GARBAGE)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Interrupted("interrupted") from None

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit with its code; whatever goes wrong becomes a sentence."""
        try:
            name = prog_name or "rackwright"
            extra |= {"windows_expand_args": windows_expand_args, "standalone_mode": False}
            code = super().main(args, name, complete_var, **extra)
            streams.settle()
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except click.Abort:  # Ctrl-C or Ctrl-D at a question, whose line is still open
            click.echo(err=True)
            _Interrupted("interrupted").show()
            code = _Interrupted.exit_code
        except RackwrightError as error:
            click.echo(f"error: {error}", err=True)
            code = _ERROR
        except OSError as error:
            click.echo(f"error: {_sentence(error)}", err=True)
            code = _ERROR
        except Exception as error:  # noqa: BLE001 - the outermost edge: a user never meets a traceback
            _report_bug(error)
            code = _ERROR
        if standalone_mode:
            sys.exit(code or 0)
        return code or 0


def _sentence(error: OSError) -> str:
    """Say what the system refused and what to do."""
    advice = {
        errno.ENOSPC: "make room, or choose another folder",
        errno.EACCES: "choose one that is yours to read and write, or change its mode",
        errno.EPERM: "choose one that is yours to read and write, or change its mode",
        errno.EROFS: "choose a folder that can be written to",
        errno.ENOTDIR: "a file stands where a folder is needed: move it away or choose another place",
    }
    place = f"{error.filename}: " if error.filename else ""
    what = error.strerror or type(error).__name__
    return f"{place}{what[:1].lower()}{what[1:]}; {advice.get(error.errno or 0, 'check the path and run it again')}"


def _report_bug(error: Exception) -> None:
    """Say that we are at fault, where, and how to tell us."""
    import traceback

    trail = traceback.extract_tb(error.__traceback__)
    place = f"{trail[-1].filename.rpartition('/')[2]}:{trail[-1].lineno}" if trail else "an unknown place"
    click.echo(f"this is a bug in Rackwright {__version__}: {type(error).__name__} at {place}: {error}", err=True)
    if os.environ.get("RACKWRIGHT_TRACEBACK"):
        click.echo("".join(traceback.format_exception(error)), err=True)
    else:
        click.echo("run it again with RACKWRIGHT_TRACEBACK=1 and report what it prints, with the site file", err=True)


def _completion(ctx: click.Context, _option: click.Parameter, shell: str | None) -> None:
    """Print the completion script of a shell and end."""
    if shell is None or ctx.resilient_parsing:
        return
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(ctx.command, {}, "rackwright", "_RACKWRIGHT_COMPLETE").source())
    ctx.exit(0)


@click.group(
    "rackwright",
    cls=Verbs,
    context_settings=HELP,
    epilog="Exit codes: 0 nothing wrong and nothing to do, 1 error, 2 usage, 3 there is a difference, 4 findings.",
)
@click.version_option(__version__, "-V", "--version", prog_name="rackwright", message="%(prog)s %(version)s")
@click.option(
    "--completion",
    type=click.Choice(_SHELLS),
    expose_value=False,
    is_eager=True,
    callback=_completion,
    help='Print the completion script of a shell, e.g. for bash: eval "$(rackwright --completion bash)".',
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Turn one site file into an accepted AI rack.

    Every verb prints data on stdout and talk on stderr, and knows --json, --quiet and --verbose.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
