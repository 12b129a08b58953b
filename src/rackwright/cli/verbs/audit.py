"""``rackwright audit``: devices as they are against the plan, with evidence and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rackwright.cli.answer import ERROR, FINDINGS, FINE, Answer, verb, worst
from rackwright.cli.params import OUT, PLACE
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.audit.machines import Domain

__all__ = ["command"]

DOMAINS: Final[dict[str, tuple[Domain, ...]]] = {
    "switch": (),
    "hardware": ("hardware",),
    "firmware": ("firmware",),
    "bios": ("bios",),
    "bmc": ("firmware", "bios", "settings"),
    "host": (),
}
"""Word of design.md -> what it means for servers' BMCs; ``switch`` and ``host`` mean none."""


def _domains(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[str, ...]:
    """Read a list of domains; empty: nobody said."""
    if text is None:
        return ()
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [domain for domain in wanted if domain not in DOMAINS]
    if unknown or not wanted:
        raise click.BadParameter(
            f"{', '.join(unknown) or 'nothing'} cannot be audited; there is: {', '.join(DOMAINS)}", ctx, param
        )
    return wanted


def _checks(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a check that does not exist."""
    from rackwright.report.audits import CHECKS

    wanted = tuple(name.upper() for text in names for name in text.split(",") if name)
    unknown = [name for name in wanted if name not in CHECKS]
    if unknown or (names and not wanted):
        raise click.BadParameter(
            f"there is no check {', '.join(unknown) or 'without a name'}; there is: {', '.join(CHECKS)}", ctx, param
        )
    return wanted


@verb("audit")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--only", callback=_domains, metavar="DOMAINS",
              help="What to look at, a list with commas: switch, hardware, firmware, bios, bmc (firmware, bios and the BMCs' own "
                   "settings), host (the servers' operating systems). Without it: everything but host.")  # fmt: skip
@click.option(
    "--check", "checks", callback=_checks, multiple=True, metavar="ID", help="Only this check; may be given again."
)
@click.option("--keep", type=PLACE, metavar="FOLDER", help="Keep what the devices said, a file each.")
@click.option("--snapshot", type=PLACE, metavar="FOLDER",
              help="Judge what was kept, or a DMTF mockup tree, and ask nobody.")  # fmt: skip
@click.option("--release", metavar="NAME", help="With --snapshot and no site: judge servers by this release.")
@click.option("--model", default="", metavar="KEY", help="With --release: the servers are of this model.")
@click.option("--max-ber", type=click.FloatRange(0, 1), default=1e-12, show_default=True, metavar="RATE",
              help="Greatest bit error rate after correction.")  # fmt: skip
@click.option("--max-flaps", type=click.IntRange(0), default=0, show_default=True, metavar="N",
              help="How often a link may have gone down since the last look.")  # fmt: skip
@click.option("--run-benchmarks", is_flag=True,
              help="With hosts: run dcgmi diag, NCCL, nvbandwidth and ib_write_bw. It loads the machines.")  # fmt: skip
@click.option("--diag-level", type=click.IntRange(1, 4), default=2, show_default=True, metavar="N",
              help="Level of dcgmi diag: seconds, 2 min, 15 min, more than an hour.")  # fmt: skip
@click.option("--support-bundle", is_flag=True,
              help="With --keep: fetch logs and NVIDIA's report from hosts that are not as planned.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 4 for notes too: firmware left to the host, lockdown that is on.")
@click.option("--format", "form", type=click.Choice(["text", "json", "junit", "markdown"]), default="text",
              show_default=True, help="How to print.")  # fmt: skip
@click.option("-o", "out", type=OUT, metavar="FILE", help="Keep the findings as JSON.")
@reaching
def command(
    talk: Talk, site: Path, only: tuple[str, ...], checks: tuple[str, ...], keep: Path | None, snapshot: Path | None,
    release: str | None, model: str, max_ber: float, max_flaps: int, run_benchmarks: bool, diag_level: int, support_bundle: bool, strict: bool, form: str, out: Path | None, wanted: Wanted,
) -> Answer:  # fmt: skip
    """Look at devices and judge them against the plan.

    Nothing is changed.

    Switches: cables with the fewest repairs, links, light and bit errors, BGP, BFD, EVPN, RoCE, adaptive routing, MTU, versions,
    time, drift, unsaved settings. Servers, over their BMCs: model, tag and MAC addresses (swapped servers by name), CPUs, memory,
    GPUs, adapters in their slots, links, boot mirror, power supplies; firmware and BIOS against the release and the site; how the
    BMCs are set. Hosts (--only host, over SSH): versions and packages, adapters and their parameters, rails and cables from their end,
    RoCE as at the switch, PCIe, GPUs and their fabric, benchmarks that were run. Exit code 0 when all is right, 4 with findings, 1 when something could not be told: a device that does not answer
    is one such thing, and the others are judged all the same.
    """
    from rackwright import audit
    from rackwright.cli.auditing import Asked, audited
    from rackwright.cli.snapshots import Look, judged
    from rackwright.report import json_text
    from rackwright.report.audits import FORMATS, audit_value
    from rackwright.report.audits import audited as summary

    switches, domains, hosts = _scope(only, checks)
    _refuse_unjudged(checks, domains, switches=switches and not release, hosts=hosts and not release)
    _refuse(keep, snapshot, release, model, load=run_benchmarks or support_bundle, hosts=hosts, bundle=support_bundle)
    if release and snapshot:
        findings = judged(snapshot, release, model, Look(domains, checks))
    else:
        limits = audit.Limits(max_ber, max_flaps)
        everything = not only and not checks
        hosts = hosts or (everything and snapshot is not None)
        level = diag_level if run_benchmarks else 0
        asked = Asked(checks, limits, keep, snapshot, switches, domains, hosts, level, support_bundle, everything)
        findings = audited(talk, site, wanted, asked)
    unkept = _unkept(out, json_text(audit_value(findings)) + "\n") if out else ""
    if form != "text":
        talk.say(summary(findings))
    wrong = any(item.status == "fail" and (strict or item.severity != "info") for item in findings)
    unknown = any(item.status == "error" for item in findings)
    code = worst(ERROR if unknown or unkept else FINE, FINDINGS if wrong else FINE)
    return Answer(code, audit_value(findings), FORMATS[form](findings), last=(unkept,) if unkept else ())


def _unkept(out: Path, text: str) -> str:
    """Keep the findings; return why they could not be kept. They are shown all the same: flaps are told once only."""
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        return f"error: the findings are not in {out}: {error.strerror}"
    return ""


def _refuse(
    keep: Path | None, snapshot: Path | None, release: str | None, model: str, *, load: bool, hosts: bool, bundle: bool
) -> None:
    """Raise a usage error for options that do not go together."""
    if snapshot and keep:
        raise click.UsageError("--keep keeps what devices say; with --snapshot nobody is asked")
    if (release or model) and not (release and snapshot):
        raise click.UsageError("--release NAME and --model KEY are for a --snapshot without a site")
    if load and (snapshot or not hosts):
        raise click.UsageError(
            "--run-benchmarks and --support-bundle go with --only host, and with hosts that can be asked"
        )
    if bundle and not keep:
        raise click.UsageError("--support-bundle goes with --keep FOLDER, where the bundles are put")


def _refuse_unjudged(checks: tuple[str, ...], domains: tuple[Domain, ...], *, switches: bool, hosts: bool) -> None:
    """Raise a usage error where what was asked for would not be judged: it would end as nothing wrong."""
    from rackwright import audit
    from rackwright.audit import hosts as systems
    from rackwright.audit import machines

    if not (switches or domains or hosts):
        raise click.UsageError("--release judges servers: --only takes hardware, firmware, bios and bmc with it")
    judged = {name for name, check in machines.CHECKS.items() if check.domain in domains}
    judged |= {"BMC-REACHED"} if domains else set()
    judged |= {*(audit.CHECKS if switches else ()), *(systems.CHECKS if hosts else ())}
    if lost := [name for name in checks if name not in judged]:
        raise click.UsageError(
            f"{', '.join(lost)} would not be judged: --only and --release leave out what it is about"
        )


def _scope(only: tuple[str, ...], checks: tuple[str, ...]) -> tuple[bool, tuple[Domain, ...], bool]:
    """Return whether switches are meant, what of servers, whether hosts: what is named, else what the named checks are about.

    Without either it is everything but hosts, which need not be installed yet.
    """
    from rackwright import audit
    from rackwright.audit import hosts, machines

    if only:
        meant = {domain for word in only for domain in DOMAINS[word]}
        return "switch" in only, tuple(domain for domain in machines.DOMAINS if domain in meant), "host" in only
    if checks:
        of_servers = {machines.CHECKS[check].domain for check in checks if check in machines.CHECKS}
        domains = tuple(domain for domain in machines.DOMAINS if domain in of_servers)
        return any(check in audit.CHECKS for check in checks), domains, any(check in hosts.CHECKS for check in checks)
    return True, machines.DOMAINS, False
