"""Media for hosts that are installed: a seed ISO beside the installer's, and the installer's ISO that asks nobody.

The seed ISO is written by a library, in memory; the installer's ISO is of others, so that its boot records are carried over by
``xorriso``, which knows them all. GRUB's configuration is the only thing changed in it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from rackwright.drivers.keeping import keep
from rackwright.errors import ServeError

__all__ = ["AUTOINSTALL", "GRUB", "LABEL", "patched", "remaster", "seed_iso", "universal", "write_seed"]

LABEL: Final = "CIDATA"
"""Volume label by which cloud-init's NoCloud finds a seed (host-stack.md 1, Delivery)."""
AUTOINSTALL: Final = "autoinstall"
"""The word without which the installer stops and asks, however complete its seed."""
GRUB: Final = ("/boot/grub/grub.cfg", "/boot/grub/loopback.cfg")
"""Where the live server's ISO keeps its kernel command lines; the second only where it is there."""

_KERNEL: Final = re.compile(r"^(?P<head>\s*linux\s+\S*vmlinuz\S*)(?P<words>.*)$", re.MULTILINE)
_XORRISO: Final = "xorriso"
_LIMIT_S: Final = 1800
"""A live server's ISO has some 3 GB, and the disk may be a network's."""


def seed_iso(files: Mapping[str, bytes]) -> bytes:
    """Return an ISO image labelled :data:`LABEL` with a seed's files in its root, under Rock Ridge and Joliet names."""
    import pycdlib

    image = pycdlib.PyCdlib()
    image.new(interchange_level=3, vol_ident=LABEL, joliet=3, rock_ridge="1.09")
    try:
        for name, data in files.items():
            plain = re.sub(r"[^A-Z0-9]", "_", name.upper())
            image.add_fp(BytesIO(data), len(data), f"/{plain}.;1", rr_name=name, joliet_path=f"/{name}")
        written = BytesIO()
        image.write_fp(written)
    finally:
        image.close()
    return written.getvalue()


def write_seed(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a seed ISO that its owner alone may read: the token of an installation is in it."""
    keep(path, seed_iso(files))


def universal(server: str) -> tuple[str, ...]:
    """Return the words of a kernel command line by which any machine finds its own seed at ``http://HEAD:PORT``.

    cloud-init puts the machine's service tag there (its documentation of NoCloud, "line configuration"); the address must end in ``/``.
    """
    return (AUTOINSTALL, f"ds=nocloud;s={server}/seed/__dmi.system-serial-number__/")


def patched(text: str, words: Sequence[str]) -> str:
    """Return GRUB's configuration with words added to every kernel command line, before ``---`` where there is one.

    What ``---`` parts goes to the installed system, which wants none of these words. Raises :class:`~rackwright.errors.ServeError`
    where no kernel is started, or a seed is named already.
    """
    if re.search(r"ds=nocloud", text):
        raise ServeError("the ISO's command line names a seed already: take the stock ISO")
    # GRUB ends a command at a bare semicolon.
    added = " ".join(word.replace(";", "\\;") for word in words)

    def extended(found: re.Match[str]) -> str:
        own, mark, rest = found["words"].partition("---")
        kept = [word for word in own.split() if word not in words]
        return " ".join([found["head"], *kept, added, *([mark + rest] if mark else [])])

    done, count = _KERNEL.subn(extended, text)
    if not count:
        raise ServeError("no line of its grub.cfg starts a vmlinuz: this is no ISO of the live server")
    return done


def remaster(stock: Path, out: Path, words: Sequence[str], files: Mapping[str, bytes] | None = None) -> None:
    """Write the installer's ISO with ``words`` on its kernel command line and ``files`` (path in the ISO -> bytes) added.

    The boot records of ``stock`` are replayed. Raises :class:`~rackwright.errors.ServeError` when ``xorriso`` is not there or
    refuses, and as :func:`patched`.
    """
    if shutil.which(_XORRISO) is None:
        raise ServeError("xorriso is not installed, and an ISO of others is changed by nothing else: install it")
    if not stock.is_file():
        raise ServeError(f"{stock} is not there: name the ISO of Ubuntu's live server")
    if out.exists() and out.samefile(stock):
        raise ServeError(f"{out} is the stock ISO itself: name another file")
    with tempfile.TemporaryDirectory(prefix="rackwright-iso-") as folder:
        mapped = [*_grub(stock, Path(folder), words), *_added(Path(folder), files or {})]
        # Into a new file: onto an older one xorriso would append a session.
        made = out.with_name(f".{out.name}.part")
        made.unlink(missing_ok=True)
        maps = [word for path, place in mapped for word in ("-map", str(path), place)]
        try:
            _xorriso(
                "-indev", str(stock), "-outdev", str(made), "-boot_image", "any", "replay", "-overwrite", "on", *maps
            )
            made.replace(out)
        finally:
            made.unlink(missing_ok=True)


def _grub(stock: Path, folder: Path, words: Sequence[str]) -> list[tuple[Path, str]]:
    """Return the patched configurations, by file and place in the ISO."""
    found: list[tuple[Path, str]] = []
    for at, place in enumerate(GRUB):
        path = folder / f"grub-{at}"
        try:
            _xorriso("-osirrox", "on", "-indev", str(stock), "-extract", place, str(path))
        except ServeError:
            if at:
                continue  # a part that not every release has
            raise
        path.chmod(0o600)
        path.write_text(patched(path.read_text(encoding="utf-8", errors="surrogateescape"), words),
                        encoding="utf-8", errors="surrogateescape")  # fmt: skip
        path.chmod(0o444)
        found.append((path, place))
    return found


def _added(folder: Path, files: Mapping[str, bytes]) -> list[tuple[Path, str]]:
    found = []
    for at, (place, data) in enumerate(files.items()):
        path = folder / f"added-{at}"
        path.write_bytes(data)
        found.append((path, place))
    return found


def _xorriso(*words: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            [_XORRISO, "-no_rc", "-report_about", "SORRY", *words],
            capture_output=True, text=True, errors="replace", timeout=_LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ServeError(f"xorriso did not end in {_LIMIT_S} s: look at the disk, and run it again") from None
    except OSError as error:
        raise ServeError(f"xorriso cannot be run ({error.strerror})") from None
    if done.returncode:
        said = next((line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()), "it said nothing")
        raise ServeError(f"xorriso refuses: {said}")
