"""One play by our driver on many names: ``python -m bench.run_hosts HOSTS FORKS TASKS``; what a task costs the controller.

Every task is ``raw: true`` over the connection ``local``: what a module does runs on the host, and is none of the figure.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.model import Event, Play, Settings, Target
from rackwright.drivers.hosts.playing import play
from rackwright.drivers.login import Login


def main(hosts: int, forks: int, tasks: int) -> int:
    """Play, and print what came of it as JSON."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        role = folder / "roles" / "step" / "tasks"
        role.mkdir(parents=True)
        lines = [f"- name: Task {at}\n  ansible.builtin.raw: 'true'\n  changed_when: false\n" for at in range(tasks)]
        (role / "main.yml").write_text("".join(lines))
        book = folder / "site.yml"
        book.write_text("- hosts: all\n  gather_facts: false\n  roles: [{role: step, tags: [step]}]\n")
        # As much as the document of a real host holds.
        variables = {"ansible_connection": "local", "document": {f"key{at}": "x" * 40 for at in range(200)}}
        targets = tuple(
            Target(Endpoint(device=f"gpu{at:04}", host="127.0.0.1"), ("step",), variables) for at in range(hosts)
        )
        heard: set[str] = set()

        def progress(event: Event) -> None:
            heard.add(event.task)
            if event.kind == "task":
                print(f"{event.role}: {event.task} on {hosts} hosts", file=sys.stderr)

        done = play(
            Play(book, targets, settings=Settings(forks=forks)),
            login=Login(),
            known_hosts=folder / "none",
            heard=progress,
        )
        well = sum(one.well for one in done.hosts.values())
    print(json.dumps({"well": well, "told": len(heard), "seconds": done.seconds}))
    return 0 if well == hosts and len(heard) >= tasks else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:4])))
