"""A host over SSH, as a switch is: facts, commands with their exit status, files, and one word that restarts it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from rackwright.drivers.clock import Clock, WallClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.model import HostFacts, Said
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.session import Session
from rackwright.drivers.trust import Trust
from rackwright.errors import AuthRefused, DeviceRefused, LostMidCommand, Unreachable

__all__ = ["DUE", "MARKER", "HostSsh", "connect"]

MARKER: Final = "/etc/rackwright/installed.json"
"""What the installer's last command writes: an object with ``installation``, the digest of its token."""
DUE: Final = "/var/lib/rackwright/restart"
"""Where a role of the playbooks notes the boot in which a restart became due."""

_LOGIN: Final = (
    "give --identity FILE or load a key into your ssh-agent; the installer puts the site's access.ssh_keys there"
)
_SUDO: Final = "let the site's user become root without a password, as the installer does (sudoers NOPASSWD)"
_RESTART: Final = "sudo -n shutdown -r now || sudo -n systemctl --no-block reboot"
_RESTART_S: Final = 20.0
_KEYS: Final = ("hostname", "boot", "kernel", "uptime", "free", "tag", "marker", "due")
_FACTS: Final = f"""\
echo hostname=$(hostname)
echo boot=$(cat /proc/sys/kernel/random/boot_id)
echo kernel=$(uname -r)
echo uptime=$(cat /proc/uptime)
echo free=$(df -kP / | tail -n 1)
echo tag=$( (sudo -n dmidecode -s system-serial-number || sudo -n cat /sys/class/dmi/id/product_serial) 2>/dev/null | tail -n 1)
echo due=$(sudo -n cat {DUE} 2>/dev/null)
echo marker=$(sudo -n cat {MARKER} 2>/dev/null | tr -d '\\n')
echo
cat /etc/os-release
"""
_NO_TAG: Final = frozenset({"", "not specified", "none", "to be filled by o.e.m.", "default string"})


class HostSsh:
    """One SSH session with one host; see :class:`rackwright.drivers.hosts.model.Host`."""

    def __init__(self, endpoint: Endpoint, *, login: Login, trust: Trust, limits: Limits) -> None:
        self.device = endpoint.device
        try:
            self._session = Session(endpoint, login=login, trust=trust, limits=limits)
        except AuthRefused as error:
            text = str(error).partition(":")[0]
            raise AuthRefused(f"{text}: {_LOGIN}", device=self.device, remedy=_LOGIN) from None

    def facts(self) -> HostFacts:
        """Read who answers, in one round trip."""
        said = self._session.run(shlex.join(["sh", "-c", _FACTS]))
        first, _, release = said.out.decode(errors="replace").partition("\n\n")
        told = dict(line.split("=", 1) for line in first.splitlines() if line.partition("=")[0] in _KEYS)
        os = _assignments(release)
        tag = told.get("tag", "").strip()
        return HostFacts(
            hostname=told.get("hostname", ""),
            boot_id=told.get("boot", ""),
            service_tag="" if tag.lower() in _NO_TAG else tag,
            os_id=os.get("ID", ""),
            os_version=os.get("VERSION_ID", ""),
            os_name=os.get("PRETTY_NAME", ""),
            kernel=told.get("kernel", ""),
            uptime_s=_first_number(told.get("uptime", ""), 0),
            free_bytes=int(_first_number(told.get("free", ""), 3)) * 1024,
            restart_due=bool(told.get("boot")) and told.get("due", "").strip() == told.get("boot"),
            installed=_installation(told.get("marker", "")),
        )

    def run(self, command: Sequence[str], *, sudo: bool = False, limit_s: float = 0) -> Said:
        """Run one program; ``sudo`` without a password."""
        words = (*(("sudo", "-n", "--") if sudo else ()), *command)
        said = self._session.run(shlex.join(words), limit_s=limit_s)
        err = said.err.decode(errors="replace")
        if sudo and said.status and "a password is required" in err:
            raise DeviceRefused(f"{self.device}: sudo wants a password: {_SUDO}", device=self.device, remedy=_SUDO)
        return Said(tuple(command), said.status, said.out.decode(errors="replace"), err)

    def read(self, path: str, *, sudo: bool = False) -> str:
        """Return a file's text."""
        said = self.run(("cat", "--", path), sudo=sudo)
        if said.status:
            raise DeviceRefused(f"{self.device}: {path} cannot be read: {said.err.strip()}", device=self.device)
        return said.out

    def feed(self, command: str, stdin: bytes, *, limit_s: float) -> bytes:
        """Run a program with what it reads, and return what it printed; raises ``DeviceRefused`` where it ends badly."""
        said = self._session.run(command, stdin=stdin, limit_s=limit_s)
        if said.status:
            raise DeviceRefused(
                f"{self.device}: {command} ended with {said.status}: {said.text[-300:]}", device=self.device
            )
        return said.out

    def restart(self) -> None:
        """Have the operating system restart; that the connection breaks is what it is for."""
        try:
            said = self._session.run(shlex.join(["sh", "-c", _RESTART]), limit_s=_RESTART_S)
        except LostMidCommand:
            return
        if said.status not in (0, -1):
            raise DeviceRefused(
                f"{self.device} does not restart: {said.text[-300:]}; {_SUDO}", device=self.device, remedy=_SUDO
            )

    def close(self) -> None:
        """End the session."""
        self._session.close()


def connect(
    endpoint: Endpoint, *, login: Login, trust: Trust, clock: Clock | None = None, limits: Limits | None = None
) -> HostSsh:
    """Open a session and log in; the caller closes it.

    An unreachable host is tried again for ``limits.patience_s`` of the clock; a refused login or another identity
    never is. Raises ``Unreachable``, ``AuthRefused``, ``IdentityUnknown``, ``IdentityChanged``, ``DeviceTimeout``.
    """
    clock, limits = clock or WallClock(), limits or Limits()
    if not login:
        raise AuthRefused(
            f"nothing to log in to {endpoint.device} with: {_LOGIN}", device=endpoint.device, remedy=_LOGIN
        )
    until = clock.now() + limits.patience_s
    while True:
        try:
            return HostSsh(endpoint, login=login, trust=trust, limits=limits)
        except Unreachable:
            if clock.now() + limits.pause_s > until:
                raise
        clock.sleep(limits.pause_s)


def _installation(text: str) -> str:
    """Return which installation left its sign; empty where none did."""
    try:
        found = msgspec.json.decode(text, type=dict[str, Any]) if text.strip() else {}
    except msgspec.DecodeError:
        return ""
    return str(found.get("installation", ""))


def _assignments(text: str) -> dict[str, str]:
    """Read ``os-release``: shell assignments, one a line."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def _first_number(text: str, place: int) -> float:
    """Return the number that stands at a place among words; 0 when there is none."""
    words = text.split()
    try:
        return float(words[place])
    except (IndexError, ValueError):
        return 0
