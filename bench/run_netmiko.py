"""Nornir with nornir-netmiko, as their documentation shows it: ``netmiko_send_command`` for each command, a thread a switch.

Arguments: the inventory (``hosts.yaml``), a JSON file of switch -> commands, and how many workers. Run by the interpreter
of the peer's own environment; prints how many answers came and their bytes.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main(hosts: str, commands: str, workers: int) -> int:
    """Ask every switch its commands; 1 when one of them failed."""
    # Not dependencies of this repository: the peer lives in an environment of its own.
    nornir: Any = importlib.import_module("nornir")
    send: Any = importlib.import_module("nornir_netmiko").netmiko_send_command
    asked: dict[str, list[str]] = json.loads(Path(commands).read_text())
    nr = nornir.InitNornir(
        runner={"plugin": "threaded", "options": {"num_workers": workers}},
        inventory={"plugin": "SimpleInventory", "options": {"host_file": hosts}},
        logging={"enabled": False},
    )

    def state(task: Any) -> None:
        for command in asked[task.host.name]:
            task.run(task=send, command_string=command)

    results = nr.run(task=state)
    nr.close_connections()
    answers = [one.result for multi in results.values() for one in multi[1:]]
    print(len(answers), sum(len(answer) for answer in answers))
    for name in results.failed_hosts:
        print(f"{name}: {results[name].exception}", file=sys.stderr)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
