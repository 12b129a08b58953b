"""Namespaces with daemons: one for each switch and each host, joined by veth pairs as the cables are.

Everything of one device hangs on one process, the first of its own PID namespace: when that process ends, its daemons, its
network and its mounts are gone. It waits on the machine's ``hold``, so that nothing outlives the twin.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rackwright.errors import TwinError
from rackwright.twin.frr.machine import Machine

__all__ = ["Cell", "Lab"]

_DAEMONS: Final = {"mgmtd": "", "zebra": "", "bgpd": "", "bfdd": " bfd", "staticd": "\nip route "}
"""What is started, in order, where it is there and the configuration holds the words; mgmtd is of FRR 10 (twin.md 1)."""

_PRIVATE: Final = """
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/frr /run/lldpd /run/sshd /run/ssh /run/bin /run/agent
{shared}
for place in /etc/frr /home /var/log; do mkdir -p $place; mount -t tmpfs -o mode=755 tmpfs $place; done
for file in passwd group; do cp /etc/$file /run/ssh/$file; done
echo 'cumulus:x:6001:6001:cumulus,,,:/home/cumulus:/bin/sh' >> /run/ssh/passwd
echo 'cumulus:x:6001:' >> /run/ssh/group
for file in passwd group; do mount --bind /run/ssh/$file /etc/$file; done
mkdir /home/cumulus; chown 6001:6001 /home/cumulus
chown frr:frr /run/frr /etc/frr
hostname {name}
ip link set lo up
sysctl -qw {sysctls}
echo ready > /run/ready
{hold}
"""

_SYSCTLS: Final = (
    "net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.fib_multipath_hash_policy=1"
    " net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0"
    " net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.keep_addr_on_down=1"
)
"""As twin.md 1 has them; duplicate address detection would cost a second a port."""

AGENT_COMMANDS: Final = ("nv", "sudo", "vtysh", "lldpctl", "decode-syseeprom", "cl-support", "onie-install", "reboot")
"""Commands that the twin answers: those of its engine, and what reads state with more rights than a login has."""

RELOAD: Final = "/usr/lib/frr/frr-reload.py --reload --stdout /etc/frr/frr.conf"
"""The engine behind ``nv config apply``: FRR's own difference and reload (twin.md 1)."""


class Cell:
    """The namespaces of one device."""

    def __init__(self, machine: Machine, name: str, pid: int) -> None:
        self.machine = machine
        self.name = name
        self.pid = pid

    def words(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` inside."""
        return ["nsenter", "-t", str(self.pid), "-a", *argv]

    def sh(self, script: str) -> str:
        """Run a shell script inside; raises :class:`~rackwright.errors.TwinError` with what it said."""
        return self.machine.run(f"{shlex.join(self.words(['/bin/sh', '-e']))} <<'INSIDE'\n{script}\nINSIDE\n")

    def write(self, path: str, text: str) -> None:
        """Write a small file inside."""
        self.sh(f"cat > {shlex.quote(path)} <<'CONTENT'\n{text}\nCONTENT")


class Lab:
    """Devices of a rack as namespaces of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.cells: dict[str, Cell] = {}

    def add(self, names: Iterable[str]) -> None:
        """Bring up namespaces, all at once."""
        wanted = [name for name in names if name not in self.cells]
        lines = []
        for name in wanted:
            inside = shlex.quote(
                _PRIVATE.format(name=shlex.quote(name), hold=self.machine.hold, shared=self._shared(), sysctls=_SYSCTLS)
            )
            lines.append(
                "unshare --net --mount --uts --ipc --pid --fork --kill-child --mount-proc"
                f" /bin/sh -ec {inside} </dev/null >/dev/null 2>&1 & echo {shlex.quote(name)} $!"
            )
        started = [line.split() for line in self.machine.run("\n".join([*lines, ""])).splitlines()]
        for name, outer in started:
            self.cells[name] = Cell(self.machine, name, self._inner(int(outer)))

    def _shared(self) -> str:
        """Return the words that show a cell the folder of the agent's socket, which other mounts may hide."""
        folder = self.machine.agent
        return f"mount --bind {shlex.quote(folder)} /run/agent" if folder else ":"

    def _inner(self, outer: int) -> int:
        """Return the first process of the PID namespace that ``unshare`` made, once it is ready."""
        script = f"""
for n in $(seq 500); do
  child=$(cat /proc/{outer}/task/{outer}/children 2>/dev/null | cut -d' ' -f1)
  if [ -n "$child" ] && [ -e /proc/$child/root/run/ready ]; then echo $child; exit 0; fi
  [ -d /proc/{outer} ] || exit 1
  sleep 0.02
done
exit 1
"""
        try:
            return int(self.machine.run(script))
        except (TwinError, ValueError):
            raise TwinError("a namespace did not come up: is this root, with unshare and nsenter?") from None

    def cable(self, cables: Mapping[str, tuple[str, str]]) -> None:
        """Plug cables: name -> the two cells; the ends are called as the cable with ``a`` and ``b`` behind."""
        lines = [
            f"ip link add {name}a netns {self.cells[a].pid} type veth peer name {name}b netns {self.cells[b].pid}"
            for name, (a, b) in cables.items()
        ]
        self.machine.run("\n".join(lines))

    def move(self, plug: str, source: str, target: str) -> None:
        """Carry the end of a cable from one device to another."""
        self.machine.run(f"nsenter -t {self.cells[source].pid} -n ip link set {plug} netns {self.cells[target].pid}")

    def fetch(self, plug: str, target: str) -> None:
        """Find the end of a cable, wherever it is, and carry it to a device."""
        for name, cell in self.cells.items():
            if name != target and plug in cell.sh("ls /sys/class/net").split():
                self.move(plug, name, target)

    def frr(self, name: str, conf: str, *, vrf_namespaces: bool) -> None:
        """Bring FRR of a cell to a configuration; ``vrf_namespaces`` takes each network namespace in it for a VRF.

        What runs is reloaded by FRR's own difference (``frr-reload``); the first configuration is merely read.
        """
        lines = ["mkdir -p /etc/frr; : >> /etc/frr/vtysh.conf", f"cat > /etc/frr/frr.conf <<'CONF'\n{conf}CONF"]
        lines += ["chown frr:frr /etc/frr/*", "fresh=y; [ ! -e /run/frr/zebra.pid ] || fresh="]
        for daemon, words in _DAEMONS.items():
            if words not in conf:
                continue
            flag = " -n" if daemon == "zebra" and vrf_namespaces else ""
            started = f"/usr/lib/frr/{daemon} -d{flag} </dev/null >/dev/null 2>>/var/log/frr-start"
            lines.append(f"[ ! -x /usr/lib/frr/{daemon} ] || [ -e /run/frr/{daemon}.pid ] || {started}")
        lines.append(
            f'if [ -n "$fresh" ]; then vtysh -b; else {RELOAD}; fi >/run/reload.log 2>&1 || {{ tail -5 /run/reload.log >&2; exit 1; }}'
        )
        self.cells[name].sh("\n".join(lines))

    def openssh(self, name: str, host_key: str) -> list[str]:
        """Prepare OpenSSH in a cell and return the words that serve one connection on standard streams (``sshd -i``).

        Commands that are no program of Linux but of the switch are the agent's client by another name.
        """
        client = (Path(__file__).with_name("client.py")).read_text(encoding="utf-8")
        config = "\n".join(
            (
                "HostKey /run/ssh/host_key", "AuthorizedKeysFile /run/ssh/keys", "PasswordAuthentication no", "UsePAM no",
                "Subsystem sftp internal-sftp", "PidFile none", "PrintMotd no", "UseDNS no",
                f"SetEnv PATH=/run/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin RACKWRIGHT_SWITCH={name}",
            )
        )  # fmt: skip
        cell = self.cells[name]
        cell.write("/run/bin/client", client)
        cell.write("/run/ssh/config", config)
        cell.write("/run/ssh/host_key", host_key)
        links = "; ".join(f"ln -sf client /run/bin/{command}" for command in AGENT_COMMANDS)
        cell.sh(f"chmod 600 /run/ssh/host_key; chmod 755 /run/bin/client; {links}")
        return cell.words(["/usr/sbin/sshd", "-i", "-f", "/run/ssh/config"])

    def lldpd(self, descriptions: Mapping[str, str]) -> None:
        """Start lldpd in cells, all at once: what each calls its system, port names as port ids, sending every 2 s (twin.md 2)."""
        lines = []
        for name, description in descriptions.items():
            # It starts paused and is woken by a helper of its own, which may come before it listens.
            inside = (
                f"lldpd -S {shlex.quote(description)} </dev/null >/dev/null 2>&1; "
                "printf '%s\\n' 'configure lldp tx-interval 2' 'configure lldp portidsubtype ifname' resume | lldpcli >/dev/null"
            )
            lines.append(f"{shlex.join(self.cells[name].words(['/bin/sh', '-ec', inside]))} &")
        self.machine.run("\n".join([*lines, "wait"]))

    def close(self) -> None:
        """End every cell; what ran in it ends with it."""
        pids = " ".join(str(cell.pid) for cell in self.cells.values())
        if pids:
            self.machine.run(f"kill -9 {pids} 2>/dev/null || :")
        self.cells.clear()
