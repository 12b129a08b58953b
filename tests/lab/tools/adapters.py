"""NVIDIA adapters: firmware and parameters (MFT), and what their driver is told (OFED)."""

import os
import re
import sys

from state import Refused, card, option, save

NAMES = (
    "mst",
    "flint",
    "mlxfwmanager",
    "mlxconfig",
    "mlxfwreset",
    "ofed_info",
    "ibdev2netdev",
    "ibv_devinfo",
    "mlnx_qos",
    "cma_roce_tos",
    "doca_spcx_cc",
)
RESET_ONLY_COLD = ("INTERNAL_CPU_OFFLOAD_ENGINE",)


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
