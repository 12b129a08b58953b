"""Signatures with the operator's SSH key, made and looked at by ``ssh-keygen -Y`` (OpenSSH 8.2 and later).

Source: ssh-keygen(1), ``-Y sign``, ``-Y verify``, ``-Y find-principals``, ``-Y check-novalidate``; PROTOCOL.sshsig.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from rackwright.errors import RecordError

__all__ = ["NAMESPACE", "Signature", "insist", "sign", "signature", "tried"]

NAMESPACE: Final = "rackwright"
"""What a signature is for: one that was made for mail or git is none of a record."""

_NO_PROGRAM: Final = "ssh-keygen is not on this machine: install OpenSSH's client, it makes and reads signatures"
_PATIENCE_S: Final = 300
"""A key on a token asks to be touched, one with a passphrase asks for it."""


class Signature(NamedTuple):
    """What is known of a signature that holds."""

    key: str
    """Type and fingerprint of the key, as ssh-keygen prints them."""
    who: str
    """The signer by the list of allowed signers; empty: no list was given, so anybody's key would do."""


def sign(path: Path, key: Path) -> Path:
    """Sign a file and return its signature, beside it with ``.sig`` behind its name.

    ``key`` is a private key, or a public one whose other half an agent holds; a passphrase is asked for on the terminal.
    Raises :class:`~rackwright.errors.RecordError` where it is not signed.
    """
    insist(key)
    beside = path.with_name(path.name + ".sig")
    beside.unlink(missing_ok=True)
    done = _ssh_keygen("sign", "-f", str(key), "-n", NAMESPACE, str(path), asks=True)
    if done.returncode or not beside.is_file():
        raise RecordError(
            f"{path.name} is not signed: {_last(done)}; see to the key, then 'rackwright report --sign KEY' signs it"
        )
    return beside


def tried(key: Path) -> None:
    """Sign a few bytes without asking anybody, to know before a run begins that its record can be signed when it ends.

    Raises :class:`~rackwright.errors.RecordError` for what is no key, and for one that asks for a passphrase.
    """
    insist(key)
    with tempfile.TemporaryDirectory(prefix="rackwright-") as folder:
        path = Path(folder) / "trial"
        path.write_bytes(b"rackwright\n")
        done = _ssh_keygen("sign", "-f", str(key), "-n", NAMESPACE, str(path))
        if done.returncode or not path.with_name("trial.sig").is_file():
            why = _last(done)
            if key.suffix != ".pub" and "passphrase" not in why:
                raise RecordError(
                    f"{key} cannot sign ({why}): name a private SSH key, or a public one whose other half an agent holds"
                )
            private = key.with_suffix("") if key.suffix == ".pub" else key
            raise RecordError(
                f"{key} cannot sign when the run ends and nobody is asked ({why}): "
                f"use ssh-agent ('ssh-add {private}'), or a key without passphrase"
            )


def insist(key: Path) -> None:
    """Raise :class:`~rackwright.errors.RecordError` where nothing could be signed: to be known before hours of work, and not after."""
    if not key.is_file():
        raise RecordError(f"{key} is no key: name the file of an SSH key, e.g. ~/.ssh/id_ed25519")
    if shutil.which("ssh-keygen") is None:
        raise RecordError(_NO_PROGRAM)


def signature(path: Path, signers: Path | None = None) -> Signature:
    """Return who signed a file.

    Raises :class:`~rackwright.errors.RecordError` where there is no signature, or it does not hold, or its key is none of ``signers``
    (a file in the format of ssh-keygen's allowed signers).
    """
    beside = path.with_name(path.name + ".sig")
    if not beside.is_file():
        raise RecordError(f"{beside.name} is missing: do not trust {path.name}")
    found = ("-n", NAMESPACE, "-s", str(beside))
    if signers is None:
        done = _ssh_keygen("check-novalidate", *found, given=path)
        return Signature(_key(_good(path, done)), "")
    named = _ssh_keygen("find-principals", "-s", str(beside), "-f", str(signers))
    who = named.stdout.splitlines()[0].strip() if not named.returncode and named.stdout.strip() else ""
    if not who:
        raise RecordError(f"{path.name} is signed by a key that {signers} does not name: do not trust it")
    done = _ssh_keygen("verify", "-f", str(signers), "-I", who, *found, given=path)
    return Signature(_key(_good(path, done)), who)


def _good(path: Path, done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise RecordError(f"{path.name}: its signature does not hold ({_last(done)}): do not trust it")
    return done.stdout


def _key(said: str) -> str:
    """Return the key of ``Good "rackwright" signature for me with ED25519 key SHA256:...``."""
    return said.strip().rpartition(" with ")[2] or said.strip()


def _ssh_keygen(
    verb: str, *words: str, given: Path | None = None, asks: bool = False
) -> subprocess.CompletedProcess[str]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise RecordError(_NO_PROGRAM)
    # What signs may ask for a passphrase on the terminal; everything else has none, and no window to ask in.
    environment = os.environ if asks else {**os.environ, "SSH_ASKPASS_REQUIRE": "never", "SSH_ASKPASS": ""}
    try:
        done = subprocess.run(  # noqa: S603 - the system's own program with our own words, no shell
            [program, "-Y", verb, *words],
            input=given.read_bytes() if given else None,
            stdin=None if asks or given else subprocess.DEVNULL,
            capture_output=True, check=False, timeout=_PATIENCE_S, env=environment, start_new_session=not asks,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RecordError(f"ssh-keygen did not end within {_PATIENCE_S} s: see to the key or its agent") from None
    said, wrong = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, said, wrong)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1].removeprefix("Enter passphrase:").strip() if said else f"ssh-keygen ended with {done.returncode}"
