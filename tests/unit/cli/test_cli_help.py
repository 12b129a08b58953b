"""The help: the words, the order, the same options on every verb."""

import click
import pytest
from click.testing import CliRunner

from rackwright import cli
from rackwright.cli import main
from rackwright.cli.answer import Answer, verb

# The order of design.md; verbs of later work are left out until they exist.
ORDER = [
    "init",
    "validate",
    "plan",
    "render",
    "check",
    "diff",
    "explain",
    "discover",
    "snapshot",
    "push",
    "audit",
    "replace",
    "bringup",
    "report",
    "release",
    "inventory",
    "twin",
    "demo",
    "serve",
    "worker",
]


def context() -> click.Context:
    return click.Context(main, info_name="rackwright")


def test_the_help_is_what_the_golden_file_says(golden):
    """`rackwright --help`, word for word, at 100 columns."""
    result = CliRunner().invoke(main, ["--help"], terminal_width=100, max_content_width=100)
    golden("cli/help.txt", result.stdout)


def test_verbs_stand_in_the_order_of_work():
    """`--help` lists the verbs as they are used one after the other, and none that does not exist."""
    listed = main.list_commands(context())
    assert listed == [verb for verb in ORDER if verb in listed]
    assert all(main.get_command(context(), name) for name in listed)


@pytest.mark.parametrize("name", list(cli.VERBS))
def test_the_listed_line_is_the_first_of_the_verbs_own_help(name):
    """The list of verbs is data, so that nothing is imported for it; it says what the verb says."""
    command = main.get_command(context(), name)
    assert command.name == name
    assert command.help.splitlines()[0] == cli.VERBS[name]


@pytest.mark.parametrize("name", list(cli.VERBS))
def test_every_verb_knows_json_quiet_and_verbose(name):
    """The same three options stand last in every help."""
    command = main.get_command(context(), name)
    below = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    for one in below:
        assert [option.opts[0] for option in one.params[-3:]] == ["--json", "-q", "-v"], one.name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell):
    """`--completion SHELL` prints a script that asks rackwright for the words."""
    result = CliRunner().invoke(main, ["--completion", shell])
    assert result.exit_code == 0
    assert "_RACKWRIGHT_COMPLETE" in result.stdout


def test_completion_knows_the_verbs():
    """What the script of bash asks for is answered: `ex` becomes `explain`."""
    words = {"COMP_WORDS": "rackwright ex", "COMP_CWORD": "1", "_RACKWRIGHT_COMPLETE": "bash_complete"}
    result = CliRunner(env=words).invoke(main, [], prog_name="rackwright")
    assert result.stdout.split() == ["plain,explain"]


def test_a_misspelt_verb_names_the_nearest(rackwright):
    """`rackwright vlaidate` asks whether validate was meant; a word that is near to none is refused as it is."""
    assert "did you mean 'validate'?" in rackwright("vlaidate").stderr
    assert "did you mean" not in rackwright("xyzzy").stderr


def test_a_verb_that_was_asked_alone_first_has_the_same_help_in_the_command(rackwright):
    """click keeps the option by which help is first asked: a script that runs a verb by itself took `-h` out of the command."""
    made = verb("try")(lambda _talk: Answer())
    assert "-h, --help" in CliRunner().invoke(made, ["--help"]).output
    assert "-h, --help" in rackwright("worker", "-h").stdout
