"""What tasks leave in the run's folder: the orders of single devices, and the evidence that was judged."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rackwright.audit import Evidence
from rackwright.audit import write as write_evidence
from rackwright.drivers import keeping
from rackwright.errors import RunChanged

__all__ = ["changes", "evidence", "kept", "order", "orders_of"]

ORDERS = "orders"
EVIDENCE = "evidence"


def order(folder: Path, task: str, data: bytes) -> tuple[str, str]:
    """Keep the order of one device by its digest; return the file's name in the folder, and the digest."""
    digest = hashlib.sha256(data).hexdigest()
    name = f"{ORDERS}/{task}-{digest[:16]}.json"
    keeping.keep(folder / name, data)
    return name, digest


def changes(folder: Path, order: str, text: str) -> str:
    """Keep what an order changes, for people, beside it; return the file's name in the folder."""
    name = f"{order.removesuffix('.json')}.txt"
    keeping.keep(folder / name, f"{text.rstrip()}\n".encode())
    return name


def kept(folder: Path, name: str, digest: str) -> bytes:
    """Return a kept order. Raises :class:`~rackwright.errors.RunChanged` when it is not what the journal says."""
    data = keeping.read(folder / name)
    if hashlib.sha256(data).hexdigest() != digest:
        raise RunChanged(f"{folder / name} is not what this run ordered: start a new bring-up, it reads first")
    return data


def orders_of(folder: Path, task: str) -> bytes:
    """Return the latest order of a task; empty where it made none."""
    found = sorted(
        (folder / ORDERS / task).parent.glob(f"{task.rpartition('/')[2]}-????????????????.json"),
        key=lambda path: path.stat().st_mtime_ns,
    )
    return found[-1].read_bytes() if found else b""


def evidence(folder: Path, stage: str, told: Evidence) -> str:
    """Keep what one device told in one stage; return the file's name in the folder."""
    write_evidence(folder / EVIDENCE / stage, [told])
    return f"{EVIDENCE}/{stage}/{told.device}.json"
