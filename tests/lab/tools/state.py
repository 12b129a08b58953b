"""What the tools share: where state is, refusals, packages, options, cards."""

import json
import os
import subprocess

LAB = "/var/lib/lab"


class Refused(Exception):
    """What the tool says on stderr before it exits with 1."""


def installed(package):
    """Say whether dpkg has a package."""
    words = ["dpkg-query", "--show", "--showformat=${Status}", package]
    return subprocess.run(words, capture_output=True, text=True).stdout.endswith(" installed")


def version(package):
    """Return the installed upstream version of a package."""
    words = ["dpkg-query", "--show", "--showformat=${Version}", package]
    text = subprocess.run(words, capture_output=True, text=True).stdout
    return text.partition(":")[2].rpartition("-")[0] if ":" in text else text.rpartition("-")[0] or text


def option(args, *names):
    """Return what follows an option, or nothing."""
    for place, word in enumerate(args):
        if word in names and place + 1 < len(args):
            return args[place + 1]
        for name in names:
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
    return ""


def card(state, name):
    """Find an adapter by PCI address, mst device, RDMA device or interface."""
    for place, adapter in enumerate(state["adapters"]):
        mst = f"/dev/mst/mt41692_pciconf{place}"
        short = adapter["bdf"].partition(":")[2]
        if name in (adapter["bdf"], short, mst, adapter["rdma"], adapter["netdev"]):
            return adapter
    raise Refused(f"-E- Failed to open device: {name}. No such device")


def save(state):
    with open(f"{LAB}/hardware.json.part", "w") as file:
        json.dump(state, file)
    os.replace(f"{LAB}/hardware.json.part", f"{LAB}/hardware.json")
