"""The machine itself: names, buses, modules, settings of the kernel, the boot loader, and its start."""

import os
import re
import subprocess
import sys

from adapters import start
from state import LAB, Refused, installed, option, version

NAMES = (
    "uname",
    "dmidecode",
    "lspci",
    "setpci",
    "modprobe",
    "lsmod",
    "modinfo",
    "sysctl",
    "update-grub",
    "boot",
    "dkms",
)


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


def dkms(state, args):
    """Only ``dkms status``: what was built when the package was installed, for the kernel that ran then."""
    for package, modules in (
        ("mlnx-ofed-kernel-dkms", ("iser", "isert", "mlnx-ofed-kernel", "srp")),
        ("nvidia-dkms-570-open", ("nvidia",)),
    ):
        if not installed(package):
            continue
        with open(f"{LAB}/evidence/{package}") as file:
            kernel = file.readline().strip()
        for module in modules:
            print(f"{module}/{version(package)}, {kernel}, x86_64: installed")


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
    with open(f"{LAB}/kernel", "w") as file:
        file.write(f"{state['kernel']}\n")
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
