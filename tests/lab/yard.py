"""Nodes with their mirror and their documents: everything that a play needs."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import machine
from tests.lab.cluster import Cluster, cluster
from tests.lab.node import Node
from tests.lab.packages import Repository, Server, Stub, stubs
from tests.lab.play import Said, play

Document = dict[str, Any]


@dataclass
class Yard:
    """Nodes, the mirror that they install from, and the document of each."""

    cluster: Cluster
    repository: Repository
    server: Server
    documents: dict[str, Document]

    def __getitem__(self, name: str) -> Node:
        return self.cluster[name]

    def play(self, *names: str, **how: Any) -> Said:
        """Play on some nodes, or all."""
        return play(self.cluster, {name: self.documents[name] for name in names or self.documents}, **how)

    def bring(self, *names: str, rounds: int = 3, **how: Any) -> list[Said]:
        """Play, cycle the power of those hosts that a play asks it for, and play on them again, until none waits any more."""
        said = []
        for _ in range(rounds):
            said.append(self.play(*names, **how))
            waiting = [row[0] for row in said[-1].failed if "power cycle is due" in row[3]]
            for name in waiting:
                self[name].power_cycle()
            if not waiting:
                break
            names = tuple(waiting)
        return said


@contextlib.contextmanager
def yard(
    names: Sequence[str],
    *,
    kind: str = "systemd",
    hardware: Mapping[str, dict[str, Any]] | None = None,
    documents: Callable[[str, Document, str], Document] | None = None,
    more: Sequence[Stub] = (),
    decoys: bool = True,
) -> Iterator[Yard]:
    """Bring up nodes, a mirror on the way to them, and firmware images on the controller.

    ``documents`` returns the document of a node by its name, what to say of the mirror, and the folder of firmware; by
    default it is :func:`tests.lab.machine.document`. ``more`` are further packages in the repository, ``decoys`` newer
    versions of those that are pinned.
    """
    made_by = documents or (lambda name, mirror, images: machine.document(name, mirror, images=images))
    with contextlib.ExitStack() as undo:
        place = Path(tempfile.mkdtemp(prefix="rw-yard-"))
        undo.callback(shutil.rmtree, place)
        images = place / "firmware"
        images.mkdir()
        (images / "bluefield.bin").write_text(f"{machine.PSID} {machine.FIRMWARE}\n")
        nothing = mirror_at("http://nowhere/", "")
        repository = Repository(place, [*stubs([made_by(name, nothing, "") for name in names], decoys=decoys), *more])
        nodes = undo.enter_context(cluster(names, kind=kind, hardware=hardware))
        server = undo.enter_context(Server(repository, nodes.gateway))
        mirror = mirror_at(server.url, repository.key)
        yield Yard(nodes, repository, server, {name: made_by(name, mirror, str(images)) for name in names})


def mirror_at(uris: str, key: str, kind: str = "http") -> Document:
    """Return what a document says of a mirror."""
    source = {"name": "lab", "uris": uris, "suites": ["./"], "components": [], "signed_by": key}
    return {"kind": kind, "exclusive": True, "proxy": "", "sources": [source]}
