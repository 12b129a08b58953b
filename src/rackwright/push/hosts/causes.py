"""What a failed task means: kinds of failure, told by the words of apt, dpkg, dkms, sudo and our own roles, and the way out of each.

The first row whose pattern is found decides. Words are those that the tool prints under ``LC_ALL=C``; ``source`` names where they stand.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from rackwright.drivers.hosts.model import HostResult
from rackwright.push.hosts.packages import blamed

__all__ = ["AGAIN", "CAUSES", "Cause", "Kind", "cause_of", "sentence"]

Kind = Literal[
    "identity", "order", "disk", "package", "dependency", "held", "key", "mirror", "lock", "interrupted", "build", "newer", "sudo", "python",
    "missing-role", "timeout", "restarted", "died", "cut-off", "unreachable", "task",
]  # fmt: skip

AGAIN: Final = "then 'rackwright push SITE --only host' reads the host anew and goes on"


class Cause(NamedTuple):
    """A kind of failure."""

    kind: Kind
    pattern: re.Pattern[str]
    remedy: str
    source: str


def _row(kind: Kind, pattern: str, remedy: str, source: str) -> Cause:
    return Cause(kind, re.compile(pattern, re.IGNORECASE), remedy, source)


CAUSES: Final = (
    _row(
        "identity", r"compare nodes\.csv|service tag .* answers",
        "see the service tags of nodes.csv, the address of the host and where it stands", "role preflight",
    ),
    _row(
"order", r"is not live|not live:|\(tag restart\)|restart the host|run the step|needs? .{0,80} (live|first)",
        "a step before it is not in force: push the whole host, with no step left out and with the restarts that it asks for",
        "roles of the playbooks",
    ),
    _row(
        "disk", r"no space left on device|(do not|don't) have enough free space|not enough free (disk )?space|are free on /|disk quota exceeded",
        "make room on the host (apt-get clean, journalctl --vacuum-size=200M, old kernels)", "errno ENOSPC; apt, apt-private/private-install.cc; role preflight",
    ),
    _row(
        "lock", r"could not get lock|unable to (acquire|lock)|is another process using it|failed to lock apt|apt or dpkg is at work",
        "wait until the other apt or dpkg ends, or stop unattended-upgrades", "apt, apt-pkg/deb/debsystem.cc; module apt; role preflight",
    ),
    _row(
        "interrupted", r"dpkg was interrupted", "run 'dpkg --configure -a' on the host; the role preflight does so",
        "apt, apt-pkg/deb/debsystem.cc",
    ),
    _row(
        "key", r"NO_PUBKEY|EXPKEYSIG|BADSIG|is not signed|signatures? (were|was) invalid|public key is not available",
        "give the mirror's own public key in the site's mirror", "apt, methods/gpgv.cc",
    ),
    _row(
        "newer", r"packages were downgraded and|will be DOWNGRADED",
        "a newer version than the release's is on the host: take that package away there (apt-mark unhold, apt-get purge), or give it in hosts.packages",
        "apt, apt-private/private-install.cc",
    ),
    _row(
        "dependency", r"but it is not installable",
        "bring the package that is wanted there, and cannot be had, into the mirror", "apt, apt-private/private-output.cc",
    ),
    _row(
        "dependency", r"unmet dependencies",
        "see that every dependency is in the mirror at the version of the release, and 'apt-mark showhold' on the host",
        "apt, apt-private/private-output.cc",
    ),
    _row(
        "held", r"held packages were changed|held broken packages|(is|are) held",
        "see 'apt-mark showhold' on the host against the versions of the release", "apt, apt-private/private-install.cc; host-stack.md 3",
    ),
    _row(
        "package", r"no available installation candidate|no package matching|unable to locate package|version '[^']*' for '[^']*' was not found"
        r"|has no installation candidate|no (file or )?directory: .*\.(zip|deb)|could not find or access",
        "bring that package in that version into the mirror, or correct its row of the release", "module apt; apt, apt-pkg/cacheset.cc",
    ),
    _row(
        "mirror", r"apt cannot read|failed to fetch|could not (connect|resolve)|cannot initiate the connection|temporary failure resolving|failed to update apt cache"
        r"|unable to connect to|connection (timed out|refused|failed)|no longer has a release file|does not have a release file|404 +not found",
        "see whether the host reaches the mirror (its address, its route, the mirror's web server)", "apt, methods/connect.cc and http.cc; module apt",
    ),
    _row(
        "dependency", r"but it is not (going to be installed|installable)|broken packages|conflicts: ",
        "see that every dependency is in the mirror at the version of the release", "apt, apt-private/private-output.cc",
    ),
    _row(
        "build", r"bad return status for module build|kernel headers for kernel .* cannot be found|error! .*dkms",
        "see /var/lib/dkms/*/*/build/make.log on the host, and that the headers of the running kernel are there", "dkms, dkms.in",
    ),
    _row(
        "sudo", r"missing sudo password|a password is required|a terminal is required|incorrect sudo password|is not in the sudoers file",
        "let the site's user become root without a password, as the installer does", "sudo; ansible-core, plugins/become/sudo.py",
    ),
    _row(
        "python", r"python3?: (command )?not found|no python interpreters? found|No module named '?apt",
        "install python3 and python3-apt on the host; the Ubuntu server image has both", "ansible-core, executor/interpreter_discovery.py",
    ),
    _row(
        "missing-role", r"no task of it was played", "see whether the playbooks have a role of that name", "drivers.hosts.collecting",
    ),
    _row("timeout", r"timed out|(?<!lock::)timeout", "look what the host is busy with", "ansible-core, executor/task_executor.py"),
)  # fmt: skip
"""Kinds of failure in the order in which they are looked for."""

_TASK: Final = "see what the task says, and mend that"


_PACKAGES: Final = frozenset({"package", "dependency", "held", "newer"})
"""Kinds in which apt blames packages by their names."""
_GLANCE: Final = 120
"""Characters at the beginning of a message in which nobody overlooks a name."""


def cause_of(result: HostResult) -> tuple[Kind, str]:
    """Return the kind of a host's failure and what to do; for a host that failed, not one that was lost."""
    found = _found(result)
    return (found.kind, f"{found.remedy}; {AGAIN}") if found else ("task", f"{_TASK}; {AGAIN}")


def sentence(result: HostResult) -> str:
    """Say what failed and in whose words: the task, the packages that apt blames far behind its command, all that the tool told."""
    found, message = _found(result), result.message
    hidden = found is not None and found.kind in _PACKAGES and not blamed(message[:_GLANCE])
    parts = (result.task, blamed(message) if hidden else "", message or "it failed without a word")
    return ": ".join(part for part in parts if part)


def _found(result: HostResult) -> Cause | None:
    return next((row for row in CAUSES if row.pattern.search(result.message)), None)
