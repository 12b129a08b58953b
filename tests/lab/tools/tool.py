#!/usr/bin/python3
"""The hardware of a node, behind the names and in the words of the real tools: none of it is there, all of it is remembered.

State is /var/lib/lab/hardware.json; every call is a line of calls.jsonl beside it. What is written to a card becomes live as
with the real one: firmware and parameters at a reset or a power-on, what the driver was told is gone at any start. It runs
in a node and must need nothing but Python.
"""

import fcntl
import json
import os
import sys

import adapters
import box
import gpus
from state import LAB, Refused, save

TOOLS = {name: module for module in (adapters, box, gpus) for name in module.NAMES}


def main():
    """Answer one call."""
    name = os.path.basename(sys.argv[0])
    with open(f"{LAB}/calls.jsonl", "a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.write(json.dumps([name, *sys.argv[1:]]) + "\n")
        log.flush()
        with open(f"{LAB}/hardware.json") as file:
            state = json.load(file)
        fault = state.get("faults", {}).get(name)
        if fault:
            sys.exit(fault)
        before = json.dumps(state)
        try:
            getattr(TOOLS[name], name.replace("-", "_"))(state, sys.argv[1:])
        except Refused as why:
            print(why, file=sys.stderr)
            sys.exit(1)
        if json.dumps(state) != before:
            save(state)


main()
