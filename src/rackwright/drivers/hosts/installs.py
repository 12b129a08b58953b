"""Which hosts may be installed now, by whom they are known, and what each installer said; kept for every process of the site.

An attempt is begun on purpose (:meth:`Installs.arm`), since an installer wipes what it finds: a server that happens to boot from the network
gets nothing. The token of an attempt is made from a key that never leaves the folder, so that none is kept, and another life
of the server knows it again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from rackwright.drivers.hosts.progress import Said, Verdict, judge
from rackwright.drivers.keeping import keep, locked, read
from rackwright.errors import BootRefused

__all__ = ["FOLDER", "LIFE_S", "Attempt", "Installs", "Stage"]

FOLDER: Final = "installs"
"""Its name below ``SITE/.rackwright/serve``."""

LIFE_S: Final = 14400
"""How long an attempt may go on: longer than any deadline, so that a late word is kept too."""

Stage = Literal["armed", "given", "ended"]


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One installation of one host; times are seconds since 1970."""

    device: str
    number: int
    """From 1."""
    armed: float
    given: float = 0
    """When the user-data was handed over first; 0: not yet."""
    ended: float = 0
    why: str = ""
    """Why it ended: ``rebooting``, a kind of failure, or ``disarmed``."""

    @property
    def stage(self) -> Stage:
        """Return how far it has come."""
        return "ended" if self.ended else "given" if self.given else "armed"


class Installs:
    """The attempts of a site; a record and a file of what was heard for each host, mode 0600."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time, life_s: float = LIFE_S) -> None:
        """Keep them in ``folder`` (:data:`FOLDER` below the folder of ``serve``); ``clock`` is the wall's."""
        self._folder = folder
        self._clock = clock
        self._life_s = life_s
        self._key = _key(folder / "key")
        self._known: dict[str, tuple[int, Attempt]] = {}

    # --- who may --------------------------------------------------------------------------------------------------

    def arm(self, device: str) -> Attempt:
        """Begin an attempt: the host's next boot of an installer gets its user-data and wipes its disk.

        Nothing where one is armed already. Raises :class:`~rackwright.errors.BootRefused` while an installer is at work.
        """
        with locked(self._path(device)):
            last = self.attempt(device)
            if last is not None and last.stage == "armed" and not self._over(last):
                return last
            if last is not None and last.stage == "given" and not self._over(last) and not self.verdict(device).ended:
                raise BootRefused(
                    f"{device}: an installer got its user-data at {_time(last.given)} and is at work: see its console; "
                    f"'rackwright serve SITE --again {device} --install {device}' gives that attempt up"
                )
            made = Attempt(device=device, number=last.number + 1 if last else 1, armed=self._clock())
            self._keep(made)
        return made

    def end(self, device: str, why: str) -> None:
        """End the attempt under way, so that nothing is given any more; nothing where there is none."""
        with locked(self._path(device)):
            last = self.attempt(device)
            if last is not None and not last.ended:
                self._keep(msgspec.structs.replace(last, ended=self._clock(), why=why))

    def going(self, device: str) -> Attempt:
        """Return the attempt under way. Raises :class:`~rackwright.errors.BootRefused` where none is."""
        last = self.attempt(device)
        if last is None or last.ended or self._over(last):
            raise BootRefused(
                f"{device}: not to be installed now; 'rackwright serve SITE --install {device}' lets its next boot wipe it"
            )
        return last

    def attempt(self, device: str) -> Attempt | None:
        """Return the last attempt of a host; None: there was none.

        Raises :class:`~rackwright.errors.BootRefused` when its record cannot be read.
        """
        path = self._path(device)
        try:
            stamp = path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        known = self._known.get(device)
        if known is None or known[0] != stamp:
            try:
                known = (stamp, msgspec.json.decode(read(path), type=Attempt))
            except msgspec.MsgspecError as error:
                raise BootRefused(f"{path} cannot be read ({error}): remove it, and arm {device} anew") from None
            self._known[device] = known
        return known[1]

    def age_s(self, attempt: Attempt) -> float:
        """Return how long ago its user-data was handed over, in s of the wall's clock; 0: not yet."""
        return max(0.0, self._clock() - attempt.given) if attempt.given else 0.0

    # --- tokens ---------------------------------------------------------------------------------------------------

    def token(self, device: str) -> str:
        """Return the token of the last attempt, the same each time.

        Raises :class:`~rackwright.errors.BootRefused` where there was none.
        """
        last = self.attempt(device)
        return self._token(self.going(device) if last is None else last)

    def owner(self, token: str) -> Attempt:
        """Return whose attempt a token is of.

        Raises :class:`~rackwright.errors.BootRefused` for one of none, or of an older one; a late word after the end is let in.
        """
        device = token.rpartition(".")[0]
        if not device or "/" in device or device.startswith(".") or "\0" in device:
            raise BootRefused("a token that is none of this site's")
        last = self.attempt(device)
        if last is None or not hmac.compare_digest(self._token(last).encode(), token.encode()):
            raise BootRefused(f"{device[:63]}: a token that is none of its own, or of an older attempt")
        if self._over(last):
            raise BootRefused(f"{device}: the token of an attempt of {_time(last.armed)}, too old")
        return last

    def give(self, device: str) -> Attempt:
        """Note that the user-data goes to the host, and return its attempt; again as long as nothing was heard.

        cloud-init repeats what was lost on the way; once the installer speaks it has all that it needs. Raises
        :class:`~rackwright.errors.BootRefused` where none is armed, and after the first word.
        """
        with locked(self._path(device)):
            last = self.going(device)
            if self.said(device):
                raise BootRefused(
                    f"{device}: its user-data is asked for again after its installer had begun: it restarted, or somebody else "
                    f"asks; see its console, and arm it anew"
                )
            if not last.given:
                last = msgspec.structs.replace(last, given=self._clock())
                self._keep(last)
        return last

    # --- what was heard -------------------------------------------------------------------------------------------

    def hear(self, token: str, event: Said) -> Attempt:
        """Keep one event before anybody is told that it arrived; raises as :meth:`owner`.

        A line a write: what was said before a kill is there afterwards.
        """
        last = self._begun(self.owner(token))
        path = self._heard(last)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # A line begins where a loss of power tore the one before it.
            os.write(handle, b"\n" + msgspec.json.encode(event) + b"\n")
        finally:
            os.close(handle)
        return last

    def _begun(self, last: Attempt) -> Attempt:
        """Note that an installer is at work which asked us for nothing: its seed came from a medium of its own."""
        if last.given or last.ended:
            return last
        with locked(self._path(last.device)):
            now = self.attempt(last.device)
            if now is None or now.number != last.number or now.given or now.ended:
                return last
            begun = msgspec.structs.replace(now, given=self._clock())
            self._keep(begun)
        return begun

    def said(self, device: str) -> tuple[Said, ...]:
        """Return what the installer of the last attempt said, as it arrived; a torn last line is left out."""
        last = self.attempt(device)
        lines = read(self._heard(last)).split(b"\n") if last is not None else []
        found = []
        for line in lines[:-1]:
            try:
                found.append(msgspec.json.decode(line, type=Said))
            except msgspec.MsgspecError:
                continue
        return tuple(found)

    def verdict(self, device: str) -> Verdict:
        """Return what the events of the last attempt come to."""
        return judge(self.said(device))

    # --- files ----------------------------------------------------------------------------------------------------

    def _over(self, attempt: Attempt) -> bool:
        return self._clock() >= attempt.armed + self._life_s

    def _token(self, attempt: Attempt) -> str:
        text = f"{attempt.device} {attempt.number} {attempt.armed!r}"
        return f"{attempt.device}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()}"

    def _path(self, device: str) -> Path:
        return self._folder / f"{device}.json"

    def _heard(self, attempt: Attempt) -> Path:
        return self._folder / f"{attempt.device}.{attempt.number}.jsonl"

    def _keep(self, attempt: Attempt) -> None:
        keep(self._path(attempt.device), msgspec.json.encode(attempt) + b"\n")
        self._known.pop(attempt.device, None)


def _key(path: Path) -> bytes:
    with locked(path):
        if not path.exists():
            keep(path, secrets.token_bytes(32))
        return path.read_bytes()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
