#!/usr/bin/python3
"""The hardware of a node, behind the names and in the words of the real tools: none of it is there, all of it is remembered.

State is /var/lib/lab/hardware.json; every call is a line of calls.jsonl beside it. What is written to a card becomes live as
with the real one: firmware and parameters at a reset or a power-on, what the driver was told is gone at any start.
"""

import fcntl
import json
import os
import re
import subprocess
import sys

LAB = "/var/lib/lab"
RESET_ONLY_COLD = ("INTERNAL_CPU_OFFLOAD_ENGINE",)


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


# --- firmware and parameters of the adapters (mft) ---------------------------------------------------


def mst(state, args):
    if "status" in args:
        print("MST modules:\n------------\n    MST PCI module is not loaded\n    MST PCI configuration module loaded\n")
        print("MST devices:\n------------")
        for place, adapter in enumerate(state["adapters"]):
            print(f"/dev/mst/mt41692_pciconf{place}         - PCI configuration cycles access.")
            print(f"                                   domain:bus:dev.fn={adapter['bdf']} addr.reg=88 data.reg=92")
    else:
        print("Starting MST (Mellanox Software Tools) driver set\nLoading MST PCI module - Success")


def flint(state, args):
    if not option(args, "-d", "--device"):
        psid, wanted = image(option(args, "-i", "--image"))
        print(f"Image type:            FS4\nFW Version:            {wanted}\nPSID:                  {psid}")
        return
    adapter = card(state, option(args, "-d", "--device"))
    if {"b", "burn"} & set(args):
        burn(adapter, option(args, "-i", "--image"))
        print("Restoring signature                     - OK")
        return
    print("Image type:            FS4")
    print(f"FW Version:            {adapter['flash']}")
    if adapter["flash"] != adapter["running"]:
        print(f"FW Version(Running):   {adapter['running']}")
    print(f"Product Version:       {adapter['flash']}")
    print("Description:           UID                GuidsNumber")
    mac = adapter["mac"].replace(":", "")
    print(f"Base GUID:             {mac[:6]}0300{mac[6:]}        38\nBase MAC:              {mac}            38")
    print(f"Image VSD:             N/A\nDevice VSD:            N/A\nPSID:                  {adapter['psid']}")
    print("Security Attributes:   secure-fw")


def image(path):
    """Read an image: a text of ours, ``PSID VERSION``."""
    try:
        with open(path) as text:
            psid, wanted = text.read().split()
    except (OSError, ValueError) as why:
        raise Refused(f"-E- Image file open failed: {why}") from None
    return psid, wanted


def burn(adapter, path):
    """Write an image."""
    psid, wanted = image(path)
    if psid != adapter["psid"]:
        raise Refused(
            f"-E- PSID mismatch. The PSID on flash ({adapter['psid']}) differs from the PSID in the given image ({psid})."
        )
    adapter["flash"] = wanted


def mlxfwmanager(state, args):
    print("Querying Mellanox devices firmware ...\n")
    for place, adapter in enumerate(state["adapters"]):
        if option(args, "-d", "--dev") not in ("", adapter["bdf"]):
            continue
        print(
            f"Device #{place + 1}:\n----------\n\n  Device Type:      BlueField3\n  Part Number:      {adapter['part']}_Ax"
        )
        print(
            f"  Description:      NVIDIA BlueField-3\n  PSID:             {adapter['psid']}\n  PCI Device Name:  {adapter['bdf']}"
        )
        print(f"  Base MAC:         {adapter['mac'].replace(':', '')}\n  Versions:         Current        Available")
        print(f"     FW             {adapter['flash']:<15}N/A\n\n  Status:           No matching image found\n")


def mlxconfig(state, args):
    adapter = card(state, option(args, "-d", "--dev"))
    pairs = [word.split("=", 1) for word in args if re.fullmatch(r"[A-Z0-9_]+=\S+", word)]
    unknown = [name for name, _ in pairs if name not in adapter["nvconfig"]]
    if unknown:
        raise Refused(f"-E- The Device doesn't support {unknown[0]} parameter")
    head = "\nDevice #1:\n----------\n\nDevice type:        BlueField3          \n"
    print(
        f"{head}Name:               {adapter['part']}_Ax\nDescription:        NVIDIA BlueField-3\nDevice:             {adapter['bdf']}\n"
    )
    if "set" in args or "s" in args:
        print("Configurations:                                          Next Boot       New")
        for name, value in pairs:
            row = adapter["nvconfig"][name]
            print(f"        {name:<44}{shown(row, row['next']):<16}{shown(row, int(value, 0))}")
            row["next"] = int(value, 0)
        print(
            "\n Apply new Configuration? (y/n) [n] : y\nApplying... Done!\n-I- Please reboot machine to load new configurations."
        )
        return
    print("Configurations:                                          Default             Current             Next Boot")
    wanted = [word for word in args if word in adapter["nvconfig"]] or list(adapter["nvconfig"])
    for name in wanted:
        row = adapter["nvconfig"][name]
        star = "*" if row["next"] not in (row["default"],) or row["next"] != row["current"] else " "
        print(
            f"{star}       {name:<44}"
            + "".join(f"{shown(row, row[key]):<20}" for key in ("default", "current", "next"))
        )
    print("The '*' shows parameters with next value different from default/current value.")


def shown(row, value):
    """Print a value as mlxconfig does: an enumeration with its word and its number."""
    words = row.get("words")
    return f"{words[str(value)]}({value})" if words and str(value) in words else str(value)


def mlxfwreset(state, args):
    adapter = card(state, option(args, "-d", "--device"))
    if "reset" not in args and "r" not in args:
        print('Reset-levels:\n0: Driver, PCI link, network link will remain up ("live-Patch")  -Not Supported')
        print("3: Driver restart and PCI reset                                     -Supported     (default)")
        print("4: Warm Reboot                                                      -Supported")
        return
    start(adapter, cold=False)
    print(
        "Minimal reset level for device, "
        + adapter["bdf"]
        + ":\n\n3: Driver restart and PCI reset\nContinue with reset?[y/N] y"
    )
    print("-I- Sending Reset Command To Fw             -Done\n-I- Stopping Driver                         -Done")
    print("-I- Resetting PCI                           -Done\n-I- Starting Driver                         -Done")
    print("-I- FW was loaded successfully.")


def start(adapter, *, cold):
    """Let an adapter start anew."""
    adapter["running"] = adapter["flash"]
    for name, row in adapter["nvconfig"].items():
        if cold or name not in RESET_ONLY_COLD:
            row["current"] = row["next"]
    adapter["qos"] = {"trust": "pcp", "pfc": "0,0,0,0,0,0,0,0"}
    adapter["tos"], adapter["dms"] = 0, {}


# --- what the driver of the adapters is told (OFED) ---------------------------------------------------


def ofed_info(state, args):
    print("OFED-internal-25.01-0.6.0:" if "-s" in args else "OFED-internal-25.01-0.6.0:\n\nmlnx-ofed-kernel:\n...")


def ibdev2netdev(state, args):
    for adapter in state["adapters"]:
        print(f"{adapter['rdma']} port 1 ==> {adapter['netdev']} ({'Up' if adapter['link'] else 'Down'})")


def ibv_devinfo(state, args):
    for adapter in state["adapters"]:
        if option(args, "-d") not in ("", adapter["rdma"]):
            continue
        print(f"hca_id:\t{adapter['rdma']}\n\ttransport:\t\t\tInfiniBand (0)\n\tfw_ver:\t\t\t\t{adapter['running']}")
        print(
            f"\tvendor_id:\t\t\t0x02c9\n\tvendor_part_id:\t\t\t41692\n\tboard_id:\t\t\t{adapter['psid']}\n\tphys_port_cnt:\t\t\t1"
        )
        state_of = "PORT_ACTIVE (4)" if adapter["link"] else "PORT_DOWN (1)"
        print(
            f"\t\tport:\t1\n\t\t\tstate:\t\t\t{state_of}\n\t\t\tmax_mtu:\t\t4096 (5)\n\t\t\tlink_layer:\t\tEthernet\n"
        )


def mlnx_qos(state, args):
    qos = card(state, option(args, "-i", "--interface"))["qos"]
    qos["trust"] = option(args, "--trust") or qos["trust"]
    qos["pfc"] = option(args, "--pfc", "-f") or qos["pfc"]
    print(f"DCBX mode: OS controlled\nPriority trust state: {qos['trust']}")
    if qos["trust"] == "dscp":
        print("dscp2prio mapping:")
        for priority in range(8):
            print(f"\tprio:{priority} dscp:" + ",".join(f"{8 * priority + low:02}" for low in range(7, -1, -1)) + ",")
    print(
        "Receive buffer size (bytes): 130944,130944,0,0,0,0,0,0,max_buffer_size=262016\nCable len: 7\nPFC configuration:"
    )
    flags = qos["pfc"].split(",")
    print("\tpriority    0   1   2   3   4   5   6   7")
    print("\tenabled     " + "   ".join(flags) + "   \n\tbuffer      " + "   ".join(flags) + "   ")
    for number in range(8):
        print(f"tc: {number} ratelimit: unlimited, tsa: vendor\n\t priority:  {number}")


def cma_roce_tos(state, args):
    adapter = card(state, option(args, "-d"))
    adapter["tos"] = int(option(args, "-t") or adapter["tos"])
    print(adapter["tos"])


def doca_spcx_cc(state, args):
    card(state, option(args, "--device", "-d"))["congestion"] = "doca_spcx_cc"
    sys.stdout.flush()
    save(state)
    os.execv("/bin/sleep", ["sleep", "infinity"])


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


# --- the machine itself -------------------------------------------------------------------------------


def uname(state, args):
    words = subprocess.run(["/usr/lib/lab/uname", *args], capture_output=True, text=True).stdout
    print(words.rstrip("\n").replace(os.uname().release, state["kernel"]))


def dmidecode(state, args):
    print(
        {"system-serial-number": state["service_tag"], "system-product-name": state["model"]}.get(
            option(args, "-s"), ""
        )
    )


def lspci(state, args):
    for adapter in state["adapters"]:
        print(f"{adapter['bdf']} 0200: 15b3:a2dc (rev 01)")
    for place in range(state["switches"]):
        print(f"0000:{0x80 + place:02x}:00.0 0604: 1000:c030 (rev b0)")


def setpci(state, args):
    device = option(args, "-s") or option(args, "-d")
    for word in args:
        if not re.match(r"(ECAP_|CAP_)", word):
            continue
        register, _, value = word.partition("=")
        known = state["pci"].setdefault(device, {})
        if value:
            new, _, mask = value.partition(":")
            mask, old = int(mask or "ffff", 16), int(known.get(register, preset(register)), 16)
            known[register] = f"{old & ~mask | int(new, 16) & mask:04x}"
        else:
            print(known.get(register, preset(register)))


def preset(register):
    return "001d" if register.startswith("ECAP_ACS") else "2936"


def modprobe(state, args):
    names = [word.replace("-", "_") for word in args if not word.startswith("-")]
    for name in names:
        if "-r" in args:
            state["modules"] = [one for one in state["modules"] if one != name]
            continue
        reason = missing_for(state, name)
        if reason:
            raise Refused(f"modprobe: {reason}")
        if name == "nvidia":
            state["gpu"]["loaded"] = state["gpu"]["loaded"] or version("nvidia-dkms-570-open")
        state["modules"] = sorted({*state["modules"], name})


def missing_for(state, name):
    if name == "nvidia" and not installed("nvidia-dkms-570-open"):
        return "FATAL: Module nvidia not found in directory /lib/modules/" + state["kernel"]
    if name == "nvidia_peermem":
        if not os.path.exists("/var/lib/dkms/nvidia/built-against-ofed"):
            return "ERROR: could not insert 'nvidia_peermem': Invalid argument"
        if "nvidia" not in state["modules"]:
            return "ERROR: could not insert 'nvidia_peermem': Unknown symbol in module"
    return ""


def lsmod(state, args):
    print("Module                  Size  Used by")
    for name in state["modules"]:
        print(f"{name:<22}{16384:>6}  0")


def modinfo(state, args):
    name = args[-1].replace("-", "_")
    reason = missing_for(state, name)
    if "not found" in reason:
        raise Refused(f"modinfo: ERROR: Module {name} not found.")
    if "-F" in args and option(args, "-F") == "version":
        print(version("nvidia-dkms-570-open") if name.startswith("nvidia") else "25.01-0.6.0")


def sysctl(state, args):
    if {"-p", "--system", "-q"} & set(args) and not any("=" in word for word in args):
        files = [word for word in args if word.startswith("/")] or []
        if "--system" in args:
            files = sorted(f"/etc/sysctl.d/{name}" for name in os.listdir("/etc/sysctl.d"))
        for path in files:
            for line in open(path).read().splitlines():
                if "=" in line and not line.startswith(("#", ";")):
                    name, value = (part.strip() for part in line.split("=", 1))
                    state["sysctl"][name.lstrip("-")] = value
        return
    for word in args:
        if word.startswith("-"):
            continue
        name, given, value = word.partition("=")
        if given:
            state["sysctl"][name] = value
        elif "-n" in args:
            print(state["sysctl"].get(name, "0"))
        else:
            print(f"{name} = {state['sysctl'].get(name, '0')}")


def update_grub(state, args):
    words = ""
    for name in ["/etc/default/grub", *sorted(f"/etc/default/grub.d/{one}" for one in listed("/etc/default/grub.d"))]:
        if os.path.exists(name):
            script = f'GRUB_CMDLINE_LINUX="{words}"; . {name}; printf %s "$GRUB_CMDLINE_LINUX"'
            words = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True).stdout
    state["next_cmdline"] = words.strip()
    os.makedirs("/boot/grub", exist_ok=True)
    with open("/boot/grub/grub.cfg", "w") as file:
        file.write(f"linux /boot/vmlinuz root=/dev/mapper/root ro {words}\n")
    print("Sourcing file `/etc/default/grub'\nGenerating grub configuration file ...\ndone")


def listed(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []


def boot(state, args):
    """The machine starts: the newest kernel that is installed runs, modules are those that load by themselves."""
    with open(f"{LAB}/started") as text:
        cold = text.read().strip() == "cold"
    state["starts"].append("cold" if cold else "warm")
    for adapter in state["adapters"]:
        if cold:
            start(adapter, cold=True)
        adapter["qos"], adapter["tos"], adapter["dms"] = {"trust": "pcp", "pfc": "0,0,0,0,0,0,0,0"}, 0, {}
    kernels = [name.removeprefix("vmlinuz-") for name in listed("/boot") if name.startswith("vmlinuz-")]
    state["kernel"] = max(
        kernels, key=lambda name: [int(part) for part in re.findall(r"\d+", name)], default=state["kernel"]
    )
    state["cmdline"], state["pci"], state["sysctl"], state["modules"] = state.get("next_cmdline", ""), {}, {}, []
    with open(f"{LAB}/cmdline", "w") as file:
        file.write(f"BOOT_IMAGE=/vmlinuz-{state['kernel']} root=/dev/mapper/root ro {state['cmdline']}\n")
    subprocess.run(["mount", "--bind", f"{LAB}/cmdline", "/proc/cmdline"])
    state["gpu"]["loaded"] = ""
    wanted = ["nvidia"] if installed("nvidia-dkms-570-open") else []
    for name in sorted(listed("/etc/modules-load.d")):
        wanted += [line.strip() for line in open(f"/etc/modules-load.d/{name}") if line.strip() and line[0] != "#"]
    for name in wanted:
        try:
            modprobe(state, [name])
        except Refused as why:
            print(why, file=sys.stderr)
    sysctl(state, ["--system"])


def save(state):
    with open(f"{LAB}/hardware.json.part", "w") as file:
        json.dump(state, file)
    os.replace(f"{LAB}/hardware.json.part", f"{LAB}/hardware.json")


def main():
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
            globals()[name.replace("-", "_")](state, sys.argv[1:])
        except Refused as why:
            print(why, file=sys.stderr)
            sys.exit(1)
        if json.dumps(state) != before:
            save(state)


main()
