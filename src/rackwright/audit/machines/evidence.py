"""What BMCs told, kept like the evidence of switches: a question is the path of a resource, its answer the JSON.

A folder of evidence (``--keep``, ``snapshot``) and a tree in DMTF's mockup form (``redfish/v1/**/index.json``) are both
read; what is kept holds no secret.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rackwright.audit.evidence import Answer, Evidence
from rackwright.audit.machines.secrets import scrubbed
from rackwright.drivers.clock import Clock
from rackwright.drivers.redfish.model import Redfish, Topic
from rackwright.errors import DocumentError, DriverError
from rackwright.redfish.inventory import Inventory, Resources
from rackwright.redfish.reading import inventory

__all__ = ["ERRORS", "LOGIN", "TOPICS", "collect", "is_tree", "resources", "told", "tree"]

ERRORS: Final = "#errors"
"""Key under which a reading tells what was not answered: path -> why."""
LOGIN: Final = "#login"
"""Key under which evidence tells how the login went: ``{"user": NAME, "factory": whether with the factory's password}``."""

TOPICS: Final[Mapping[str, frozenset[Topic]]] = {
    "hardware": frozenset({"system", "hardware"}),
    "firmware": frozenset({"system", "hardware", "firmware", "jobs"}),
    "bios": frozenset({"system", "bios", "registry", "jobs"}),
    "settings": frozenset({"system", "settings"}),
}
"""What must be read to judge a domain."""

_INDEX: Final = "index.json"


def collect(
    session: Redfish, device: str, topics: Collection[Topic], *, clock: Clock, taken: str = "",
    factory: bool | None = None, wanted: Mapping[str, Any] | None = None,
) -> Evidence:  # fmt: skip
    """Read what is wanted of one BMC, without secrets; a failure while reading becomes the error of the evidence.

    ``factory``: whether the login was with the factory's password; None: not known. ``wanted``: values of BIOS attributes; where all
    of them are in force the registry, which is most of what a BMC could send, is not read. None: it is read in any case.
    """
    start = clock.now()
    try:
        read = dict(session.read([topic for topic in topics if topic != "registry"]))
        if "registry" in topics and (wanted is None or not _in_force(read, wanted)):
            read |= session.read(["registry"])
    except DriverError as error:
        return Evidence(device, taken, str(error), error.remedy)
    took = round(clock.now() - start, 3)
    answers = [Answer(uri, scrubbed(value), took_s=took) for uri, value in read.items() if uri != ERRORS]
    if factory is not None:
        answers.append(Answer(LOGIN, {"factory": factory}))
    failed = read.get(ERRORS) or {}
    answers += [Answer(uri, error=str(why), took_s=took) for uri, why in dict(failed).items()]
    return Evidence(device, taken, answers=tuple(answers))


def _in_force(read: Resources, wanted: Mapping[str, Any]) -> bool:
    """Tell whether the BIOS says of every attribute what it should."""
    bodies = [body for uri, body in read.items() if uri.endswith("/Bios") and isinstance(body, Mapping)]
    there = next((body.get("Attributes") for body in bodies), None)
    return isinstance(there, Mapping) and all(str(there.get(name)) == str(value) for name, value in wanted.items())


def resources(evidence: Evidence) -> Resources:
    """Return what a BMC told as a reading gives it, the failures under ``#errors``."""
    read: dict[str, Any] = {answer.question: answer.value for answer in evidence.answers if not answer.error}
    failed = {answer.question: answer.error for answer in evidence.answers if answer.error}
    return read | {ERRORS: failed} if failed else read


def told(evidence: Evidence) -> Inventory:
    """Return what a BMC told, as values."""
    return inventory(resources(evidence))


def is_tree(folder: Path) -> bool:
    """Tell whether a folder is a tree in DMTF's mockup form: with ``redfish/v1`` or with what is in it."""
    return any((folder / part / _INDEX).is_file() for part in ("redfish/v1", "", "v1"))


def tree(folder: Path, device: str) -> Evidence:
    """Read a mockup tree as the evidence of one device; what cannot be read is told as its error.

    Raises :class:`~rackwright.errors.DocumentError` when the folder is no such tree.
    """
    if not is_tree(folder):
        raise DocumentError(f"{folder} is no mockup tree: it has no redfish/v1/{_INDEX}")
    root = next(base for base in (folder / "redfish/v1", folder / "v1", folder) if (base / _INDEX).is_file())
    answers = tuple(_answers(root))
    return Evidence(device, answers=answers)


def _answers(root: Path) -> Iterator[Answer]:
    for path in sorted(root.rglob(_INDEX)):
        beneath = path.parent.relative_to(root).as_posix()
        uri = "/redfish/v1" if beneath == "." else f"/redfish/v1/{beneath}"
        try:
            yield Answer(uri, scrubbed(json.loads(path.read_bytes())))
        except (OSError, ValueError) as error:
            yield Answer(uri, error=f"{path} cannot be read ({error})")
