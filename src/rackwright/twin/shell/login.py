"""A login on an emulated switch: who it is, where it stands, and how its command lines run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.files import HOME, Files
from rackwright.twin.journal import redacted
from rackwright.twin.shell.words import STATUS, Command, Unread, commands

if TYPE_CHECKING:
    from rackwright.twin.box import Box

__all__ = ["Login", "Result", "Work"]


class Result(NamedTuple):
    """What a command leaves: exit code, stdout, stderr."""

    code: int = 0
    out: str = ""
    err: str = ""


Ask = Callable[[str, bool], Awaitable[str | None]]
"""Print a prompt and read a line; the flag says whether it is echoed; None: there is nobody to ask."""


Work: TypeAlias = "Callable[[Login, list[str], str], Awaitable[Result]]"
"""A command: gets the login, its words and stdin."""


async def _nobody(_prompt: str, _echo: bool) -> str | None:
    return None


@dataclass
class Login(ABC):
    """One login; what its commands do is a subclass's matter."""

    box: Box
    user: str
    ask: Ask = _nobody
    root: bool = False
    cwd: str = HOME
    stdin: str = ""
    code: int = 0
    ended: bool = False
    """The user wants to leave."""
    became: list[str] = field(default_factory=list)
    """Shells that stand below a ``sudo -s``."""
    host: str = ""
    """Hostname at the login, which the prompt goes on to show (Quick-Start-Guide, Configure the Hostname)."""

    def __post_init__(self) -> None:
        """Note the hostname."""
        self.host = self.host or self.box.switch.applied.get("system", {}).get("hostname", "cumulus")

    @property
    def actor(self) -> str:
        """Return the user whose rights count."""
        return "root" if self.root else self.user

    def path(self, name: str) -> str:
        """Return the absolute form of a path as typed."""
        return Files.path(name, self.cwd)

    def prompt(self) -> str:
        """Return the prompt, ``cumulus@fe01:mgmt:~$ `` as the guide prints it."""
        where = "~" if self.cwd == HOME and not self.root else self.cwd
        return f"{self.actor}@{self.host}:mgmt:{where}{'#' if self.root else '$'} "

    async def line(self, text: str) -> Result:
        """Run a command line."""
        try:
            steps = commands(text, {"HOME": HOME, "USER": self.actor, "PWD": self.cwd})
        except Unread as unread:
            self.code = 2
            return Result(2, "", f"not emulated by this twin: {unread}\n")
        out = err = piped = ""
        for number, step in enumerate(steps):
            if (step.joint == "&&" and self.code) or (step.joint == "||" and not self.code):
                continue
            goes_on = number + 1 < len(steps) and steps[number + 1].joint == "|"
            result = await self._one(step, piped if step.joint == "|" else self.stdin)
            self.code = result.code
            err += result.err
            piped = result.out if goes_on else ""
            out += "" if goes_on else result.out
            if self.ended:
                break
        return Result(self.code, out, err)

    async def _one(self, step: Command, stdin: str) -> Result:
        for mark, name in step.redirections:
            if mark == "<":
                try:
                    stdin = self.box.files.get(self.path(name), self.actor).data.decode()
                except OSError as error:
                    return Result(1, "", f"bash: {name}: {error.strerror}\n")
        result = await self.run([word.replace(STATUS, str(self.code)) for word in step.words], stdin)
        for mark, name in step.redirections:
            result = self._redirected(result, mark, name)
        return result

    def _redirected(self, result: Result, mark: str, name: str) -> Result:
        if mark == "2>&1":
            return Result(result.code, result.out + result.err, "")
        if mark == "<":
            return result
        text = result.err if mark.startswith("2") else result.out
        path = self.path(name)
        if path != "/dev/null":
            try:
                there = self.box.files.get(path).data if mark.endswith(">>") and self.box.files.exists(path) else b""
                self.box.files.put(path, there + text.encode(), self.actor)
            except OSError as error:
                return Result(1, "", f"bash: {name}: {error.strerror}\n")
        return Result(result.code, result.out, "") if mark.startswith("2") else Result(result.code, "", result.err)

    @abstractmethod
    def find(self, words: list[str]) -> tuple[str, Work]:
        """Return the operation that a command line is, for faults and the log, and what does it."""

    async def run(self, words: list[str], stdin: str = "") -> Result:
        """Run one command, and write it into the twin's log with what it changed."""
        if not words:
            return Result()
        before = self.box.marks()
        name, work = self.find(words)
        if name == "run":
            await self.box.gate("run", "before", " ".join(words))
        try:
            result = await work(self, words, stdin)
        except NotEmulated as why:
            result = Result(1, "", f"not emulated by this twin: {why}\n")
        if name == "run":
            await self.box.gates("run", " ".join(words))
        if words[0] != "sudo":
            self.box.log("ssh", self.actor, name, redacted(words), str(result.code), before)
        return result
