"""Write docs/reference/ from the code: the verbs, the errors and the rules, as the code says them.

python scripts/reference.py            writes the pages
python scripts/reference.py --check    exits 1 and names the pages that are not what the code says
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
WRITTEN = "<!-- Written by scripts/reference.py from the code (`make reference`): change the code, not this page. -->\n"

EXIT_CODES = (
    (0, "nothing wrong and nothing to do"),
    (1, "an error: the work could not be done; wins over 4 and 3"),
    (2, "usage: the command line itself is wrong"),
    (3, "there is a difference"),
    (4, "there are findings; wins over 3"),
)


def errors_page() -> str:
    """Return the page of exceptions: the tree as the module draws it, then each with its sentence."""
    module = importlib.import_module("rackwright.errors")
    lines = ["# Errors", "", WRITTEN, "```text", *tree_of(module.RackwrightError), "```", ""]
    lines += [
        "Problems about what the operator wrote are values, all told at once; an exception carries them to the edge.",
        "",
    ]
    lines += ["| exception | what it says |", "|---|---|"]
    lines += [f"| `{name}` | {first_paragraph(getattr(module, name))} |" for name in sorted(module.__all__)]
    return "\n".join(lines) + "\n"


def tree_of(top: type[Exception], depth: int = 0) -> list[str]:
    """Draw a class and what is derived from it in its module, one a line, by name."""
    below = sorted(
        (sub for sub in top.__subclasses__() if sub.__module__ == top.__module__), key=lambda sub: sub.__name__
    )
    lines = ["    " * depth + top.__name__]
    for sub in below:
        lines += tree_of(sub, depth + 1)
    return lines


def rules_page() -> str:
    """Return the page of rules: what each judges, how severe it is, what to do, where it comes from."""
    rules = importlib.import_module("rackwright.check").RULES
    lines = [
        "# Rules",
        "",
        WRITTEN,
        f"`rackwright check` holds {len(rules)} rules, over our own files and over yours alike.",
        "",
    ]
    lines += ["| id | judges | severity |", "|---|---|---|"]
    lines += [f"| [`{rule.id}`](#{rule.id.lower()}) | {rule.title} | {rule.severity} |" for rule in rules]
    for rule in rules:
        lines += ["", f"## {rule.id}", "", inspect.cleandoc(type(rule).__doc__ or ""), ""]
        lines += [f"*What to do:* {rule.remedy}", "", f"*Source:* {rule.source} ({rule.item}); looks at: {rule.kind}."]
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    """Return the page of verbs: `--help` of the command and of each verb, in the order of work."""
    click = importlib.import_module("click")
    group = importlib.import_module("rackwright.cli").main
    top = click.Context(
        group, info_name="rackwright", terminal_width=100, max_content_width=100, **group.context_settings
    )
    lines = ["# The command", "", WRITTEN]
    lines += ["stdout is data that can be piped, stderr is talk; `NO_COLOR` is honoured.", ""]
    lines += ["```text", group.get_help(top).rstrip(), "```", "", "| exit code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES]
    for name in group.list_commands(top):
        verb = group.get_command(top, name)
        context = click.Context(verb, info_name=name, parent=top, terminal_width=100, max_content_width=100)
        lines += ["", f"## {name}", "", "```text", verb.get_help(context).rstrip(), "```"]
        for below in getattr(verb, "commands", {}).values():
            inner = click.Context(
                below, info_name=below.name, parent=context, terminal_width=100, max_content_width=100
            )
            lines += ["", f"### {name} {below.name}", "", "```text", below.get_help(inner).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def first_paragraph(thing: object) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def twin_page() -> str:
    """Return the page of the emulated rack: what it does and how long it takes, each with its source."""
    behaviours = importlib.import_module("rackwright.twin.engine.behaviours")
    refusals = importlib.import_module("rackwright.twin.engine.refusals").REFUSALS
    restarts = importlib.import_module("rackwright.twin.engine.restarts").RESTARTS
    state = importlib.import_module("rackwright.twin.state.times").TIMES
    faults = importlib.import_module("rackwright.twin.faults")
    lines = ["# The twin", "", WRITTEN]
    lines += [
        "What the emulated rack does, each with where it is known from. **[assumed]**: no source at hand settles it."
    ]
    lines += ["", "## Behaviours", "", "| id | what | source |", "|---|---|---|"]
    lines += [f"| `{row.id}` | {row.what} | {row.source} |" for row in behaviours.BEHAVIOURS]
    lines += ["", "## Refused when applied", "", "| id | source |", "|---|---|"]
    lines += [f"| `{row.id}` | {row.source} |" for row in refusals]
    lines += ["", "## What restarts a service", "", "| a change below | restarts | source |", "|---|---|---|"]
    lines += [f"| `{'.'.join(row.path)}` | {row.service} | {row.source} |" for row in restarts]
    lines += [
        "",
        "## How long it takes",
        "",
        "Seconds of the twin's clock.",
        "",
        "| id | s | what | source |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{row.id}` | {row.seconds:g} | {row.what} | {row.source} |" for row in behaviours.TIMES]
    lines += [f"| `{name}` | {row.seconds:g} | of the data plane | {row.source} |" for name, row in state.items()]
    lines += ["", "## Faults", "", "| fault | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in faults.FAULTS.items()]
    lines += ["", "| operation | what that is on each wire |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in faults.OPERATIONS.items()]
    return "\n".join(lines) + "\n"


def twin_hosts_page() -> str:
    """Return the page of the emulated hosts: what they do with its source, roles, commands and what can go wrong."""
    part = {
        name: importlib.import_module(f"rackwright.twin.hosts.{name}")
        for name in ("behaviours", "roles", "commands", "steps")
    }
    faults = importlib.import_module("rackwright.twin.hosts.faults")
    lines = ["# The twin's hosts", "", WRITTEN]
    lines += [
        "What an emulated host does, each with where it is known from. **[assumed]**: no source at hand settles it."
    ]
    lines += ["", "## Behaviours", "", "| id | what | source |", "|---|---|---|"]
    lines += [f"| `{row.id}` | {row.what} | {row.source} |" for row in part["behaviours"].BEHAVIOURS]
    lines += [
        "",
        "## Roles",
        "",
        "Times are [assumed], in seconds of the twin's clock, and pass where a role changes something.",
    ]
    lines += ["", "| role | time | is proven |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {role.took_s:g} | {'yes' if role.proves else 'no'} |"
        for name, role in part["roles"].ROLES.items()
    ]
    lines += ["", "## Commands", "", "| program | comes with |", "|---|---|"]
    lines += [
        f"| `{name}` | {', '.join(f'`{one}`' for one in packages) or 'the system'} |"
        for name, (_, packages) in part["commands"].PROGRAMS.items()
    ]
    lines += ["", "## Steps of an installer", "", "| step | event | time |", "|---|---|---|"]
    lines += [f"| `{step.word}` | `{step.name}` {step.description} | {step.took_s:g} |" for step in part["steps"].STEPS]
    lines += ["", "## Faults", "", "| fault | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in faults.FAULTS.items()]
    lines += [
        "",
        "Those of the [BMC's machine](twin-bmc.md#faults) act on the host too: `gpu-lost`, `power-loss`, `swap-machine`.",
    ]
    lines += ["", "## Operations", "", "| operation | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in faults.OPERATIONS.items()]
    return "\n".join(lines) + "\n"


def twin_bmc_page() -> str:
    """Return the page of the emulated BMCs: what they do with its source, and what can go wrong."""
    parts = [importlib.import_module(f"rackwright.twin.bmc.{part}.behaviours") for part in ("machine", "service")]
    behaviours = [row for part in parts for row in part.BEHAVIOURS]
    kinds = importlib.import_module("rackwright.twin.bmc.machine.faults").FAULTS
    wire = importlib.import_module("rackwright.twin.bmc.service.faults")
    lines = ["# The twin's BMCs", "", WRITTEN]
    lines += [
        "What an emulated BMC does, each with where it is known from. **[assumed]**: no source at hand settles it."
    ]
    lines += ["", "## Behaviours", "", "| id | what | source |", "|---|---|---|"]
    lines += [f"| `{row.id}` | {row.what} | {row.source} |" for row in behaviours]
    lines += ["", "## Faults", "", "| fault | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in kinds.items() if name not in wire.WIRE]
    lines += [
        "",
        "On the wire, at any operation, `request` when none is named:",
        "",
        "| fault | what it does |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {what} |" for name, what in wire.WIRE.items()]
    lines += ["", "| operation | what that is |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in wire.OPERATIONS.items()]
    return "\n".join(lines) + "\n"


def stack_page() -> str:
    """Return the page of the software of hosts: steps and why they stand so, packages, settings, version facts."""
    rows = importlib.import_module("rackwright.catalog").load()
    graph = importlib.import_module("rackwright.catalog.graph")
    stage, order = graph.levels(rows.steps), graph.order(rows.steps)
    lines = ["# The stack of hosts", "", WRITTEN]
    lines += ["Rows of the catalog; a site changes one with a row of its own below `SITE/catalog`.", "", "## Steps", ""]
    lines += ["| step | stage | what | restart | on hosts with | driver of |", "|---|---|---|---|---|---|"]
    for step in (rows.steps[key] for key in order):
        why = f"{step.reboot}: {step.reboot_reason}" if step.reboot != "none" else "-"
        has, owner = ", ".join(step.when) or "-", step.owner or "-"
        lines.append(f"| `{step.key}` | {stage[step.key] + 1} | {step.name} | {why} | {has} | {owner} |")
    lines += ["", "## What goes before what", "", "A law may not be turned by a site's rows.", ""]
    lines += ["| step | before it | must be | law | reason | source |", "|---|---|---|---|---|---|"]
    for step in (rows.steps[key] for key in order):
        for edge in step.after:
            law = "yes" if edge.law else ""
            words = (f"`{step.key}`", f"`{edge.step}`", edge.needs, law, edge.reason, edge.source)
            lines.append(f"| {' | '.join(words)} |")
    return "\n".join([*lines, *stack_packages(rows, order), *stack_settings(rows), *stack_facts(rows)]) + "\n"


def stack_packages(rows: Any, order: Sequence[str]) -> list[str]:
    """Return the tables of packages, of what must not be there, and of apt's preferences."""
    lines = [
        "",
        "## Packages",
        "",
        "Without a version the pinned repository decides, or the site (`hosts.packages`).",
        "",
    ]
    lines += ["| step | package | version | known for | source |", "|---|---|---|---|---|"]
    steps = [rows.steps[key] for key in order]
    for step in steps:
        for row in step.packages:
            version = f"`{row.version}`" if row.version else "-"
            lines.append(f"| `{step.key}` | `{row.name}` | {version} | {row.of or 'any'} | {row.source} |")
    lines += ["", "| step | must not be there | reason | source |", "|---|---|---|---|"]
    lines += [f"| `{step.key}` | `{row.name}` | {row.reason} | {row.source} |" for step in steps for row in step.remove]
    lines += ["", "| step | preference for | pin | priority | reason |", "|---|---|---|---|---|"]
    for step in steps:
        for row in step.pins:
            names = " ".join(f"`{name}`" for name in row.packages)
            lines.append(f"| `{step.key}` | {names} | `{row.pin}` | {row.priority} | {row.reason} |")
    return lines


def stack_settings(rows: Any) -> list[str]:
    """Return the tables of driver profiles and of what adapters and hosts are set to."""
    lines = [
        "",
        "## Who owns the drivers",
        "",
        "| profile | OFED | GPU driver | what that means |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{row.key}` | {row.ofed} | {row.gpu_driver} | {row.note} |" for row in rows.drivers.values()]
    lines += ["", "## Settings of adapters and hosts", "", "| row | for | setting | value | reason | source |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in rows.adapter_profiles.values():
        for one in (*row.nvconfig, *row.runtime):
            words = (f"`{row.key}`", row.on, f"`{one.name}`", f"`{one.value}`", one.reason or "-", one.source)
            lines.append(f"| {' | '.join(words)} |")
    for row in rows.tunings.values():
        for one in (*row.sysctl, *row.cmdline, *row.environment):
            words = (f"`{row.key}`", ", ".join(row.when), f"`{one.name}`", f"`{one.value}`", one.reason, one.source)
            lines.append(f"| {' | '.join(words)} |")
    return lines


def stack_facts(rows: Any) -> list[str]:
    """Return the matrix of version facts."""
    lines = ["", "## Version facts", "", "Where the version of each component is read, and how it is compared.", ""]
    lines += ["| fact | component | command | parser | compared | prints | put right by | source |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for row in rows.facts.values():
        commands = ", else ".join(f"`{' '.join(one.command)}`" for one in row.commands)
        words = (f"`{row.key}`", f"`{row.component}`", commands, f"`{row.parser}`", row.compare, f"`{row.shows}`")
        lines.append(f"| {' | '.join(words)} | `{row.step}` | {row.source} |")
    return lines


PAGES = {
    "stack.md": stack_page,
    "errors.md": errors_page,
    "rules.md": rules_page,
    "cli.md": cli_page,
    "twin.md": twin_page,
    "twin-bmc.md": twin_bmc_page,
    "twin-hosts.md": twin_hosts_page,
}


def differing() -> dict[str, str]:
    """Return the pages that are not what the code says, with the text they should have."""
    wanted = {name: page() for name, page in PAGES.items()}
    there = {name: (REFERENCE / name).read_text(encoding="utf-8") for name in PAGES if (REFERENCE / name).exists()}
    return {name: text for name, text in wanted.items() if there.get(name) != text}


def main() -> int:
    """Write the pages that differ, or with ``--check`` only name them."""
    check = "--check" in sys.argv[1:]
    pages = differing()
    for name, text in pages.items():
        if not check:
            (REFERENCE / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}: {'is not what the code says: make reference' if check else 'written'}")
    return int(check and bool(pages))


if __name__ == "__main__":
    sys.exit(main())
