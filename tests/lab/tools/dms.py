#!/usr/bin/python3
"""NVIDIA's DOCA Management Service, as far as one adapter's settings go, and what finds an adapter and takes its link down and up.

Words as NVIDIA's nic-configuration-operator v1.3.1 (pkg/dms) uses them: one server for one adapter, one address.
"""

import fcntl
import json
import os
import re
import signal
import sys

LAB = "/var/lib/lab"


def adapter(state, name):
    """Find an adapter by its interface or PCI address."""
    found = [one for one in state["adapters"] if name in (one["netdev"], one["bdf"])]
    if not found:
        sys.exit(f"no adapter {name}")
    return found[0]


def option(args, name):
    """Return what follows an option."""
    return args[args.index(name) + 1] if name in args else ""


def served(address):
    """Return where it is kept whom a server at an address serves."""
    return f"{LAB}/dms-{address.replace(':', '-')}"


def ethtool(state, args):
    one = adapter(state, args[-1])
    print(f"driver: mlx5_core\nversion: 25.01-0.6.0\nfirmware-version: {one['running']}\nbus-info: {one['bdf']}")


def ip(state, args):
    if args[:2] != ["link", "set"] or not any(args[2] == one["netdev"] for one in state["adapters"]):
        os.execv("/sbin/ip", ["ip", *args])
    adapter(state, args[2]).setdefault("bounced", []).append(args[3])


def dmsd(state, args):
    path = served(option(args, "-bind_address"))
    with open(path, "w") as file:
        file.write(adapter(state, option(args, "-target_pci"))["bdf"])
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    os.unlink(path)
    os._exit(0)


def dmsc(state, args):
    path = served(option(args, "-a"))
    if not os.path.exists(path):
        sys.exit("rpc error: code = Unavailable desc = connection error: connection refused")
    with open(path) as file:
        one = adapter(state, file.read())
    for word in args:
        if word.count(":::") == 2:
            where, _, value = word.split(":::")
            one["dms"][plain(where, one)] = value
    asked = option(args, "--path")
    if asked:
        values = {asked: one["dms"].get(plain(asked, one), "")}
        print(json.dumps([{"source": option(args, "-a"), "updates": [{"Path": asked, "values": values}]}], indent=2))


def plain(path, one):
    """Return a path without its interface, which must be the adapter's."""
    name = re.search(r"/interface\[name=([^]]+)\]", path)
    if not name or name[1] != one["netdev"]:
        sys.exit(f"rpc error: code = NotFound desc = {path}")
    return path.replace(f"[name={name[1]}]", "", 1)


def main():
    """Read the hardware, do one thing, write it."""
    name, args = os.path.basename(sys.argv[0]), sys.argv[1:]
    with open(f"{LAB}/calls.jsonl", "a") as log:
        if name == "dmsd":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        fcntl.flock(log, fcntl.LOCK_EX)
        log.write(json.dumps([name, *args]) + "\n")
        log.flush()
        with open(f"{LAB}/hardware.json") as file:
            state = json.load(file)
        if name == "dmsd":
            fcntl.flock(log, fcntl.LOCK_UN)
        globals()[name](state, args)
        with open(f"{LAB}/hardware.json.part", "w") as file:
            json.dump(state, file)
        os.replace(f"{LAB}/hardware.json.part", f"{LAB}/hardware.json")


main()
