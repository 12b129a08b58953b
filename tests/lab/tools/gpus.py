"""GPUs, their driver, Fabric Manager and DCGM."""

import json
import os
import subprocess

from state import Refused, option, save, version

NAMES = ("nvidia-smi", "nv-fabricmanager", "dcgmi")


# --- GPUs ---------------------------------------------------------------------------------------------


def loaded_driver(state):
    if not state["gpu"]["count"] or "nvidia" not in state["modules"]:
        raise Refused(
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA "
            "driver is installed and running."
        )
    return state["gpu"]["loaded"]


def nvidia_smi(state, args):
    loaded, gpu = loaded_driver(state), state["gpu"]
    query = option(args, "--query-gpu")
    if not query:
        print(
            f"Driver Version                            : {loaded}\nAttached GPUs                             : {gpu['count']}"
        )
        for place in range(gpu["count"]):
            fabric = ("Completed", "Success") if fabric_stands() else ("In Progress", "N/A")
            print(
                f"\nGPU 00000000:{0x19 + place:02X}:00.0\n    Product Name                          : {gpu['name']}\n    Fabric"
            )
            print(
                f"        State                             : {fabric[0]}\n        Status                            : {fabric[1]}"
            )
        return
    if "noheader" not in option(args, "--format"):
        print(", ".join(query.split(",")))
    for place in range(gpu["count"]):
        row = {
            "index": place,
            "name": gpu["name"],
            "driver_version": loaded,
            "uuid": f"GPU-{place:08x}",
            "count": gpu["count"],
            "pci.bus_id": f"00000000:{0x19 + place:02X}:00.0",
            "pstate": "P0",
        }
        print(", ".join(str(row.get(name, "[N/A]")) for name in query.split(",")))


def fabric_stands():
    words = ["systemctl", "is-active", "nvidia-fabricmanager"]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip() == "active"


def nv_fabricmanager(state, args):
    own = version("nvidia-fabricmanager-570")
    if "--version" in args:
        print(f"Fabric Manager version is : {own}")
        return
    if loaded_driver(state) != own:
        raise Refused(
            f"fabric manager NVIDIA GPU driver interface version {own} don't match with driver version {state['gpu']['loaded']}"
        )
    save(state)
    os.execv("/bin/sleep", ["sleep", "infinity"])


def dcgmi(state, args):
    if "--version" in args or "-v" in args:
        print(f"\ndcgmi  version: {version('datacenter-gpu-manager-4-cuda12')}\n")
    elif "discovery" in args:
        print(f"{state['gpu']['count']} GPUs found.")
    else:
        print(json.dumps({"DCGM GPU Diagnostic": {"test_categories": []}}))
