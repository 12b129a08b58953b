"""The Linux commands of an emulated switch: few, those that drivers and people use on one, each with its source.

What is not here is refused, since a switch may well have it; what reads state comes from the data plane.
"""

from __future__ import annotations

import fnmatch
import hashlib
import posixpath
from collections.abc import Mapping
from typing import Final

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.shell import Login, Result, Work

__all__ = ["find"]

COMPUTED: Final = frozenset({"lldpctl", "vtysh", "ntpq", "ping", "ip", "bridge", "ethtool"})
"""Commands that read state: the data plane answers or refuses them."""


def find(words: list[str]) -> tuple[str, Work]:
    """Return the operation that a command line is, for faults and the log, and what does it."""
    name = posixpath.basename(words[0])
    if name == "nv":
        from rackwright.twin.nv import operation_of, run_nv

        return operation_of(words[1:]), run_nv
    if name == "reboot":
        return "reboot", _reboot
    if name in COMPUTED:
        return "run", _computed
    return "run", _TABLE.get(name, _unknown)


async def _unknown(_session: Login, words: list[str], _stdin: str) -> Result:
    return Result(127, "", f"{words[0]}: not emulated by this twin\n")


def _no_options(words: list[str], *known: str) -> None:
    """Refuse options whose effect the twin does not have."""
    if any(word.startswith("-") and word not in known for word in words[1:]):
        raise NotEmulated(" ".join(words))


async def _computed(session: Login, words: list[str], _stdin: str) -> Result:
    return Result(0, session.box.plane.run(session.box.name, (posixpath.basename(words[0]), *words[1:])))


async def _hostname(session: Login, words: list[str], _stdin: str) -> Result:
    _no_options(words)
    return Result(0, session.box.files.get("/etc/hostname").data.decode())


async def _uname(session: Login, words: list[str], _stdin: str) -> Result:
    host = session.box.files.get("/etc/hostname").data.decode().strip()
    # The words before the kernel's version are what netmiko's autodetect looks at (nvue.md 5).
    text = f"Linux {host} 6.1.0-cl-1-amd64 #1 SMP PREEMPT_DYNAMIC Debian x86_64 GNU/Linux\n"
    _no_options(words, "-a", "-n", "-s")
    return Result(0, text if "-a" in words else f"{host}\n" if "-n" in words else "Linux\n")


async def _cat(session: Login, words: list[str], stdin: str) -> Result:
    _no_options(words)
    out = err = ""
    for name in words[1:]:
        try:
            out += session.box.files.get(session.path(name), session.actor).data.decode(errors="replace")
        except OSError as error:
            err += f"cat: {name}: {error.strerror}\n"
    return Result(1 if err else 0, out if len(words) > 1 else stdin, err)


async def _ls(session: Login, words: list[str], _stdin: str) -> Result:
    _no_options(words, "-1")
    named = [word for word in words[1:] if not word.startswith("-")] or ["."]
    out = err = ""
    for name in named:
        path = session.path(name)
        try:
            if session.box.files.is_folder(path):
                out += "".join(f"{entry}\n" for entry in session.box.files.names(path))
            else:
                session.box.files.get(path)
                out += f"{name}\n"
        except OSError as error:
            err += f"ls: cannot access '{name}': {error.strerror}\n"
    return Result(2 if err else 0, out, err)


async def _rm(session: Login, words: list[str], _stdin: str) -> Result:
    _no_options(words, "-f")
    force = "-f" in words
    err = ""
    for name in (word for word in words[1:] if not word.startswith("-")):
        try:
            session.box.files.remove(session.path(name), session.actor)
        except FileNotFoundError:
            err += "" if force else f"rm: cannot remove '{name}': No such file or directory\n"
        except OSError as error:
            err += f"rm: cannot remove '{name}': {error.strerror}\n"
    return Result(1 if err else 0, "", err)


async def _mkdir(session: Login, words: list[str], _stdin: str) -> Result:
    _no_options(words, "-p")
    for name in (word for word in words[1:] if not word.startswith("-")):
        try:
            session.box.files.make_folder(session.path(name), session.actor, parents="-p" in words)
        except OSError as error:
            return Result(1, "", f"mkdir: cannot create directory '{name}': {error.strerror}\n")
    return Result()


async def _test(session: Login, words: list[str], _stdin: str) -> Result:
    rest = words[1:-1] if words[0] == "[" else words[1:]
    if len(rest) != 2 or rest[0] not in ("-e", "-f", "-d", "-s", "-r", "-n", "-z"):
        raise NotEmulated(" ".join(words))
    path = session.path(rest[1])
    if rest[0] not in ("-n", "-z") and not session.box.files.known(path):
        raise NotEmulated(rest[1])
    folder, there = session.box.files.is_folder(path), session.box.files.exists(path)
    answers = {
        "-d": folder,
        "-f": there and not folder,
        "-s": there and not folder and bool(session.box.files.get(path).data),
        "-n": bool(rest[1]),
        "-z": not rest[1],
    }
    return Result(0 if answers.get(rest[0], there) else 1)


async def _echo(_session: Login, words: list[str], _stdin: str) -> Result:
    _no_options(words[:2], "-n")
    rest = words[1:]
    end = "" if rest[:1] == ["-n"] else "\n"
    return Result(0, " ".join(rest[1:] if not end else rest) + end)


async def _systemctl(session: Login, words: list[str], _stdin: str) -> Result:
    up = {"nvued": session.box.switch.nvued_up, "nvued.service": session.box.switch.nvued_up}
    if words[1:2] == ["is-active"] and len(words) == 3 and words[2] in up:
        return Result(0, "active\n") if up[words[2]] else Result(3, "inactive\n")
    if words[1:2] == ["restart"] and words[2:] in (["nvued"], ["nvued.service"]) and session.root:
        session.box.switch.crash_nvued(15.0)
        return Result()
    raise NotEmulated(" ".join(words))


async def _uptime(session: Login, words: list[str], _stdin: str) -> Result:
    seconds = int(session.box.switch.now - session.box.switch.booted_at)
    if "-s" in words:
        raise NotEmulated("uptime -s")
    return Result(0, f" up {seconds // 86400} days, {seconds // 3600 % 24:2}:{seconds // 60 % 60:02}\n")


async def _syseeprom(session: Login, words: list[str], _stdin: str) -> Result:
    from rackwright.twin.linux.eeprom import shown

    return Result(0, shown(session.box.switch.who, words[1:]))


async def _sum(session: Login, words: list[str], stdin: str) -> Result:
    new = hashlib.md5 if words[0] == "md5sum" else hashlib.sha256
    if len(words) == 1:
        return Result(0, f"{new(stdin.encode()).hexdigest()}  -\n")
    try:
        data = session.box.files.get(session.path(words[1]), session.actor).data
    except OSError as error:
        return Result(1, "", f"{words[0]}: {words[1]}: {error.strerror}\n")
    return Result(0, f"{new(data).hexdigest()}  {words[1]}\n")


async def _grep(_session: Login, words: list[str], stdin: str) -> Result:
    rest = [word for word in words[1:] if word not in ("-q", "-E", "-i")]
    if len(rest) != 1:
        raise NotEmulated(" ".join(words))
    hits = [line for line in stdin.splitlines() if rest[0] in line]
    return Result(0 if hits else 1, "" if "-q" in words else "".join(f"{line}\n" for line in hits))


async def _find(session: Login, words: list[str], _stdin: str) -> Result:
    shape = words[2:4], words[4:5], words[6:7], words[8:]
    if shape != (["-maxdepth", "1"], ["-name"], ["-mmin"], ["-delete"]) or not words[7].startswith("+"):
        raise NotEmulated(" ".join(words))
    folder, files = session.path(words[1]), session.box.files
    try:
        names = [*files.names(folder)]
    except OSError as error:
        return Result(1, "", f"find: '{words[1]}': {error.strerror}\n")
    for name in names:
        path = f"{folder}/{name}"
        old = files.is_folder(path) or session.box.clock.now() - files.get(path).at > 60 * int(words[7][1:])
        if fnmatch.fnmatchcase(name, words[5]) and old and not files.is_folder(path):
            files.remove(path, session.actor)
    return Result()


async def _cl_support(session: Login, _words: list[str], _stdin: str) -> Result:
    from rackwright.twin.linux.support import bundle

    if not session.root:
        return Result(1, "", "cl-support: must be run as root\n")
    try:
        path = bundle(session.box)
    except OSError as error:
        return Result(1, "", f"cl-support: {error.strerror}\n")
    return Result(0, f"Please send {path} to Cumulus support.\n")


async def _onie_install(session: Login, words: list[str], _stdin: str) -> Result:
    from rackwright.twin.linux.install import staged

    if not session.root:
        return Result(1, "", "onie-install: must be run as root\n")
    return await staged(session, words[1:])


async def _reboot(session: Login, _words: list[str], _stdin: str) -> Result:
    if not session.root:
        return Result(1, "", "Failed to set wall message, ignoring: Interactive authentication required.\n")
    await session.box.gate("reboot", "before")
    session.box.reboot()
    session.ended = True
    return Result()


async def _dhclient(session: Login, words: list[str], _stdin: str) -> Result:
    if "-r" in words:
        session.box.switch.end_lease()
    return Result()


async def _nothing(_session: Login, _words: list[str], _stdin: str) -> Result:
    return Result()


async def _false(_session: Login, _words: list[str], _stdin: str) -> Result:
    return Result(1)


async def _exit(session: Login, words: list[str], _stdin: str) -> Result:
    if session.became:
        session.became.pop()
        session.root = bool(session.became)
    else:
        session.ended = True
    return Result(int(words[1]) if words[1:] and words[1].isdecimal() else session.code)


async def _cd(session: Login, words: list[str], _stdin: str) -> Result:
    path = session.path(words[1] if words[1:] else "~")
    if not session.box.files.is_folder(path):
        try:
            session.box.files.get(path)
        except OSError as error:
            return Result(1, "", f"-bash: cd: {words[1]}: {error.strerror}\n")
        return Result(1, "", f"-bash: cd: {words[1]}: Not a directory\n")
    session.cwd = path
    return Result()


async def _pwd(session: Login, _words: list[str], _stdin: str) -> Result:
    return Result(0, f"{session.cwd}\n")


async def _whoami(session: Login, _words: list[str], _stdin: str) -> Result:
    return Result(0, f"{session.actor}\n")


async def _sudo(session: Login, words: list[str], stdin: str) -> Result:
    rest, flags = words[1:], ""
    while rest and rest[0].startswith("-"):
        flags += rest.pop(0)[1:]
    if not session.root and not await _may_be_root(session, flags, stdin):
        return Result(1, "", "sudo: a password is required\n")
    if "s" in flags or "i" in flags or rest[:1] in (["su"], ["bash"]):
        session.became.append("sudo")
        session.root = True
        return Result()
    was, session.root = session.root, True
    try:
        return await session.run(rest, stdin.partition("\n")[2] if "S" in flags else stdin)
    finally:
        session.root = was


async def _may_be_root(session: Login, flags: str, stdin: str) -> bool:
    if "n" in flags:
        return False
    if "S" in flags:
        given: str | None = stdin.partition("\n")[0]
    else:
        given = await session.ask(f"[sudo] password for {session.user}: ", False)
    return given is not None and session.box.switch.accounts.opens(session.user, given)


async def _passwd(session: Login, words: list[str], _stdin: str) -> Result:
    from rackwright.twin.linux.password import change

    if words[1:]:
        raise NotEmulated("passwd of another user")
    return await change(session)


_TABLE: Final[Mapping[str, Work]] = {
    "hostname": _hostname,
    "uname": _uname,
    "cat": _cat,
    "ls": _ls,
    "rm": _rm,
    "mkdir": _mkdir,
    "test": _test,
    "[": _test,
    "echo": _echo,
    "systemctl": _systemctl,
    "uptime": _uptime,
    "decode-syseeprom": _syseeprom,
    "md5sum": _sum,
    "sha256sum": _sum,
    "grep": _grep,
    "find": _find,
    "cl-support": _cl_support,
    "onie-install": _onie_install,
    "dhclient": _dhclient,
    "ifreload": _nothing,
    "sync": _nothing,
    "true": _nothing,
    "export": _nothing,
    "stty": _nothing,
    "false": _false,
    "exit": _exit,
    "logout": _exit,
    "cd": _cd,
    "pwd": _pwd,
    "whoami": _whoami,
    "sudo": _sudo,
    "passwd": _passwd,
}
