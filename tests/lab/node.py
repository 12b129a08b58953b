"""One node of the lab: its namespaces, its disk, its power, and the way to it over SSH."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.packages import TOOLS

HERE = Path(__file__).parent
USER = "rackwright"
DISK_MIB = 512


@dataclass
class Node:
    """A machine that can be booted, cycled, cut off and filled up; ``name`` and ``address`` are how it is reached."""

    name: str
    address: str
    kind: str
    place: Path
    hardware: dict[str, Any]
    process: subprocess.Popen[bytes] = field(init=False, repr=False)

    # --- its life ----------------------------------------------------------------------------------

    def prepare(self, root: Path, key: str, mask: int, gateway: str) -> None:
        """Lay out what makes this node differ from the base: names, keys, tools, and the hardware that it believes in."""
        seed = self.place / "seed"
        for folder in ("disk", "seed/etc/ssh", "seed/usr/lib/lab", "seed/var/lib/lab"):
            (self.place / folder).mkdir(parents=True)
        for folder, owner in (("root", 0), ("home/rackwright", 1000)):
            place = seed / folder / ".ssh"
            place.mkdir(parents=True, mode=0o700)
            (place / "authorized_keys").write_text(key)
            for path in (seed / folder, place, place / "authorized_keys"):
                os.chown(path, owner, owner)
            (seed / folder).chmod(0o700)
        (seed / "etc/hostname").write_text(f"{self.name}\n")
        (seed / "etc/hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        (seed / "etc/machine-id").write_text(f"{os.urandom(16).hex()}\n")
        keygen(seed / "etc/ssh/ssh_host_ed25519_key")
        for tool in sorted((HERE / "tools").iterdir()):
            if tool.is_file():
                shutil.copy(tool, seed / "usr/lib/lab" / tool.name)
        for path, tool in BUILT_IN.items():
            if tool != "reboot" or self.kind != "systemd":
                (seed / path).parent.mkdir(parents=True, exist_ok=True)
                (seed / path).symlink_to(f"/usr/lib/lab/{tool}")
        (seed / "usr/lib/lab/boot").symlink_to("tool.py")
        shutil.copy(root / "usr/bin/uname", seed / "usr/lib/lab/uname")
        self._quicken(seed)
        (seed / "usr/lib/lab/by-name").mkdir()
        for tool in BEHIND_PACKAGES:
            (seed / "usr/lib/lab/by-name" / tool).symlink_to(f"../{'dms.py' if tool in MANAGEMENT else 'tool.py'}")
        (seed / "var/lib/lab/hardware.json").write_text(json.dumps(self.hardware))
        for path in (seed / "var/lib/lab", seed / "var/lib/lab/hardware.json"):
            path.chmod(0o777)
        shutil.copy(HERE / "boot.sh", self.place / "boot.sh")
        self._network = (mask, gateway)

    @staticmethod
    def _quicken(seed: Path) -> None:
        """Lay out what saves time and changes nothing else: compiled modules are kept, dpkg does not wait for a disk that is memory."""
        for folder in ("usr/lib/python3/dist-packages", "var/cache/lab-python", "etc/dpkg/dpkg.cfg.d"):
            (seed / folder).mkdir(parents=True)
        packages = seed / "usr/lib/python3/dist-packages"
        (packages / "lab_python.py").symlink_to("/usr/lib/lab/lab_python.py")
        (packages / "lab.pth").write_text("import lab_python\n")
        (seed / "var/cache/lab-python").chmod(0o777)
        (seed / "etc/dpkg/dpkg.cfg.d/lab").write_text("force-unsafe-io\n")

    def start(self, base: Path, wire: Callable[[Node], None]) -> None:
        """Make the namespaces, plug the cable and turn the power on."""
        (self.place / "off").touch()
        # It ends with this process, however this process ends; and all of the node ends with it.
        words = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
        ]
        words += [
            "--mount-proc",
            "/bin/sh",
            str(HERE / "node.sh"),
            self.kind,
            str(self.place),
            str(base),
            f"{DISK_MIB}m",
            self.group,
        ]
        with (self.place / "log").open("wb") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        eventually(lambda: children.exists() and children.read_text().split())
        self.pid = int(children.read_text().split()[0])
        eventually(lambda: self.path("/var/lib/lab/hardware.json").exists())
        wire(self)
        mask, gateway = self._network
        self.inside(
            f"ip addr add {self.address}/{mask} dev eth0; ip link set eth0 up; ip route add default via {gateway}"
        )
        (self.place / "off").unlink()

    def close(self) -> None:
        """End the node; its namespaces, mounts and disk go with it."""
        if hasattr(self, "process"):
            self.process.kill()
            self.process.wait()
            # The child of unshare is killed by the kernel; its mounts are gone a moment later.
            eventually(lambda: not Path(f"/proc/{self.pid}").exists() if hasattr(self, "pid") else True)
            for tree in ("systemd", "unified", "."):
                for folder, _, _ in os.walk(Path("/sys/fs/cgroup", tree, self.group), topdown=False):
                    with contextlib.suppress(OSError):
                        Path(folder).rmdir()

    @property
    def group(self) -> str:
        """Return the name of its control group, by its address, which no two nodes of this machine have at once."""
        return f"rwlab-{self.address}"

    # --- its power and its cable ---------------------------------------------------------------------

    def on(self) -> None:
        """Turn the power on, and wait until it answers."""
        (self.place / "off").unlink(missing_ok=True)
        self.reachable()

    def off(self) -> None:
        """Take the power away, at once."""
        (self.place / "off").touch()
        self._kill()

    def power_cycle(self) -> None:
        """Take the power away and give it back: the only start after which all firmware is live."""
        before = self.boot_id()
        (self.place / "cycle").touch()
        self._kill()
        self.reachable(before)

    def _kill(self) -> None:
        self.inside("kill -9 -1")  # everything but the supervisor, which is the first process

    def cut(self) -> None:
        """Pull the cable."""
        self.inside("ip link set eth0 down")

    def plug(self) -> None:
        """Plug the cable in again."""
        self.inside("ip link set eth0 up; ip route replace default via " + self._network[1])

    def fill(self, left_kib: int = 64) -> None:
        """Fill the disk until this much is left."""
        stat = os.statvfs(self.path("/"))
        size = stat.f_bavail * stat.f_bsize - left_kib * 1024
        self.inside(f"fallocate -l {size} {self.place}/disk/root/var/filler")

    def drain(self) -> None:
        """Make room again."""
        self.path("/var/filler").unlink(missing_ok=True)

    def reachable(self, before: str = "", limit_s: float = 30) -> None:
        """Wait until SSH answers on a boot other than ``before``."""
        eventually(lambda: (found := self.boot_id()) and found != before, limit_s, lambda: self.console()[-2000:])

    # --- looking into it ------------------------------------------------------------------------------

    def path(self, path: str) -> Path:
        """Return where a file of the node is seen from here, whether or not it runs."""
        return Path(f"/proc/{self.pid}/root{self.place}/disk/root{path}")

    def read(self, path: str) -> str:
        """Read a file of the node."""
        return self.path(path).read_text()

    def console(self) -> str:
        """Return what the node printed."""
        return (self.place / "console").read_text(errors="replace") if (self.place / "console").exists() else ""

    def inside(self, script: str) -> str:
        """Run a shell script in the namespaces that surround the machine (not in its root)."""
        words = ["nsenter", "-t", str(self.pid), "--all", "/bin/sh", "-ec", script]
        done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode in {0, -9, 137}, f"{self.name}: {script}: {done.stderr}"
        return done.stdout

    def ssh(self, command: str, *, check: bool = True, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Run a command over SSH."""
        words = [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self.place.parent / "key"),
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=3",
        ]
        words += ["-o", f"UserKnownHostsFile={self.place.parent / 'known_hosts'}", "-o", "StrictHostKeyChecking=yes"]
        return subprocess.run(
            [*words, f"{user}@{self.address}", command],
            capture_output=True,
            text=True,
            check=check,
            stdin=subprocess.DEVNULL,
        )

    def boot_id(self) -> str:
        """Return what the kernel calls this boot; empty while it does not answer."""
        return self.ssh("cat /proc/sys/kernel/random/boot_id", check=False).stdout.strip()

    def state(self) -> dict[str, Any]:
        """Return what the emulated hardware is in now."""
        return json.loads(self.read("/var/lib/lab/hardware.json"))

    def change(self, work: Callable[[dict[str, Any]], None]) -> None:
        """Change the emulated hardware from outside."""
        state = self.state()
        work(state)
        self.path("/var/lib/lab/hardware.json").write_text(json.dumps(state))

    def calls(self, tool: str = "") -> list[list[str]]:
        """Return the calls of the emulated tools, oldest first."""
        path = self.path("/var/lib/lab/calls.jsonl")
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if not tool or line[0] == tool]

    def installed(self) -> list[str]:
        """Return the packages that dpkg says it installed, as ``name=version`` in that order."""
        path = self.path("/var/log/dpkg.log")
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [f"{row[3].partition(':')[0]}={row[5]}" for row in rows if row[2] == "install"]


BUILT_IN = {
    **{f"usr/{folder}/{name}": "tool.py" for folder, names in {
        "bin": ("uname",),
        "sbin": ("dmidecode", "lsmod", "lspci", "modinfo", "modprobe", "setpci", "sysctl", "update-grub"),
    }.items() for name in names},
    "usr/local/bin/ip": "dms.py",
    **{f"usr/sbin/{name}": "reboot" for name in ("shutdown", "reboot", "poweroff")},
}  # fmt: skip
"""What a machine has without any package of ours: path in the node -> what answers there."""


MANAGEMENT = frozenset({"dmsc", "dmsd", "ethtool"})
"""Tools that ``dms.py`` answers for."""

BEHIND_PACKAGES = sorted(tool for tools in TOOLS.values() for tool in tools)


def keygen(path: Path) -> str:
    """Make a key pair and return its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(path)], check=True)
    return Path(f"{path}.pub").read_text()


def eventually(there: Callable[[], Any], limit_s: float = 30, told: Callable[[], str] = str) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + limit_s
    while not (found := there()):
        assert time.monotonic() < end, f"not within {limit_s} s: {told()}"
        time.sleep(0.02)
    return found


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that we started."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.wait()
