"""Zero-touch provisioning for real: a DHCP client asks the rendered dnsmasq.conf, the script comes from `rackwright serve` and runs in a root of its own.

A network namespace is the out-of-band network, another the switch. The switch's root is the host's own programs, read-only, with stand-ins
for what only Cumulus Linux has: `nv`, `decode-syseeprom`, `onie-install`, `ifreload`, `dhclient`, `reboot`. There is no other network in it.
`nv` keeps what is pending and applied, and refuses what the twin's table refuses.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rackwright
from rackwright import secrets
from rackwright.audit.discovery import read_leases
from rackwright.diff import between
from rackwright.plan import workspace
from rackwright.render import switch_tree
from rackwright.serve.authority import Authority
from rackwright.twin.engine.factory import factory
from tests.canary import Canary
from tests.namespaces import insist, must, run

SITES = Path(__file__).resolve().parents[2] / "inventory"
COMMAND = [sys.executable, "-c", "from rackwright.cli import main; main()"]
NEEDED = ("ip", "unshare", "dnsmasq", "udhcpc", "curl", "xxd", "bash")
SECRET = "$6$canary$Zm9vYmFyYmF6cXV4Y29ycmVjdGhvcnNl/planted"
SERVER = "10.10.0.5"
BE01 = {"name": "be01", "serial": "X78DR64", "mac": "02:67:1d:6a:d8:96"}
_NUMBERS = itertools.count()

pytestmark = [pytest.mark.xdist_group("ztp")]

BOX = r"""
set -e
R=$1; shift
mount --make-rprivate /
mount --bind "$R" "$R"
mount --rbind -o ro /usr "$R/usr"
for P in $LENT; do mkdir -p "$R$P"; mount --rbind -o ro "$P" "$R$P"; done
mount --bind /dev "$R/dev"
mount --bind /proc "$R/proc"
hostname "$(cat "$R/was-hostname")"
set +e
env -i PATH=/stand-ins:/usr/sbin:/usr/bin chroot "$R" /bin/bash "$@"
code=$?
hostname > "$R/was-hostname"
exit $code
"""

STAND_IN = Path(__file__).with_name("nv_stand_in.py")
SOURCE = Path(rackwright.__file__).parents[1]
LENT = tuple(
    path for path in dict.fromkeys([str(STAND_IN.parent), str(SOURCE), sys.prefix, sys.base_prefix])
    if not path.startswith("/usr/")
)  # fmt: skip
"""What Python needs in the switch's root for its `nv`."""
NV = f"""#!/bin/bash
exec env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={SOURCE} {sys.executable} {STAND_IN} "$@"
"""

HOOK = r"""#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
printf '%s\n%s\n' "$ip" "$(printf %s "$opt239" | xxd -r -p)" > "$LEASE"
"""


class Switch:
    """A switch in a namespace of its own: it asks for an address, fetches its script as ZTP does, and runs it in its own root."""

    def __init__(self, folder: Path, space: str, serial: str, *, version: str = "5.12.1") -> None:
        self.folder, self.space, self.serial = folder, space, serial
        self.root = folder / "root"
        for name in ("usr", "dev", "proc", "etc", "tmp", "var/log", "var/lib", "run", "record", "stand-ins"):
            (self.root / name).mkdir(parents=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.root / name).symlink_to(f"usr/{name}")
        (self.root / "etc/os-release").write_text(f'NAME="Cumulus Linux"\nVERSION_ID={version}\n')
        (self.root / "was-hostname").write_text("cumulus\n")
        self.tool("nv", NV)
        self.tool("decode-syseeprom", f"#!/bin/bash\necho {serial}\n")
        for name in ("onie-install", "reboot", "dhclient", "ifreload"):
            self.tool(name, f'#!/bin/bash\necho "{name} $*" >> /record/calls\n')

    def tool(self, name: str, text: str) -> None:
        path = self.root / "stand-ins" / name
        path.write_text(text)
        path.chmod(0o755)

    def inside(self, *words):
        return run("ip", "netns", "exec", self.space, *words, env={**os.environ, "LEASE": str(self.folder / "lease")})

    def lease(self) -> tuple[str, str]:
        """Ask for an address as Cumulus Linux does; return it and what option 239 says."""
        hook = self.folder / "hook"
        hook.write_text(HOOK)
        hook.chmod(0o755)
        asked = self.inside(
            "udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "5", "-O", "239", "-V", "cumulus-linux  x86_64", "-s", hook
        )
        assert asked.returncode == 0, asked.stderr
        address, url = (self.folder / "lease").read_text().splitlines()
        return address, url

    def fetch(self, url: str, serial: str = "", mac: str = BE01["mac"]) -> str:
        """Fetch the script with ZTP's headers; return it, or the HTTP status where it is refused."""
        done = self.inside(
            "curl", "-sS", "-o", self.folder / "script", "-w", "%{http_code}", "-H", f"CUMULUS-SERIAL: {serial or self.serial}",
            "-H", f"CUMULUS-MGMT-MAC: {mac}", "-H", "CUMULUS-VERSION: 5.12.1", url,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return (self.folder / "script").read_text() if done.stdout == "200" else done.stdout

    def boot(self, script: str) -> int:
        """Run a script as ZTP does, in this switch's own root; return its exit code."""
        assert "# CUMULUS-AUTOPROVISIONING" in script
        (self.root / "ztp.sh").write_text(script)
        space = ("ip", "netns", "exec", self.space, "unshare", "--mount", "--uts", "--fork")
        lent = {**os.environ, "LENT": " ".join(LENT)}
        return run(*space, "bash", "-c", BOX, "box", self.root, "/ztp.sh", env=lent).returncode

    def dies_behind(self, word: str) -> None:
        """Have the script killed right behind the next `nv config WORD`."""
        (self.root / "record/dies-behind").write_text(word)

    @property
    def applied(self) -> dict:
        """What `nv` says is applied."""
        return json.loads((self.root / "record/nvued.json").read_text())["applied"]

    @property
    def configured(self) -> list[str]:
        """The words of `nv config` so far."""
        return [call.split()[2] for call in self.calls if call.startswith("nv config ")]

    @property
    def calls(self) -> list[str]:
        path = self.root / "record/calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def log(self) -> str:
        return (self.root / "var/log/autoprovision").read_text()


class Network:
    """Out-of-band network, dnsmasq with the rendered configuration, and the server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = Path(
            shutil.copytree(SITES / "xe9680-spectrum-x", folder / "site", ignore=shutil.ignore_patterns(".rackwright"))
        )
        shutil.rmtree(self.site / ".rackwright", ignore_errors=True)
        self.plan = workspace.planned(workspace.open_site(self.site)).plan
        self.processes: list[subprocess.Popen] = []
        self.mark = f"rwz{os.getpid():x}{next(_NUMBERS)}"
        self.talk = folder / "talk"

    def up(self, *words: str) -> None:
        must("ip", "netns", "add", self.mark)
        must(*COMMAND, "render", self.site, "--out", self.folder / "build", cwd=self.folder)
        must("ip", "-n", self.mark, "link", "add", "lan", "type", "bridge")
        must("ip", "-n", self.mark, "addr", "add", f"{SERVER}/22", "dev", "lan")
        must("ip", "-n", self.mark, "link", "set", "lan", "up")
        conf = self.folder / "build/dhcp/dnsmasq.conf"
        self.start("dnsmasq", "--keep-in-foreground", f"--conf-file={conf}", "--interface=lan", "--bind-interfaces", "--user=root",
                   f"--dhcp-leasefile={self.folder / 'leases'}", f"--pid-file={self.folder / 'dnsmasq.pid'}")  # fmt: skip
        self.serve(*words)

    def start(self, *words, **more) -> subprocess.Popen:
        with (self.folder / "noise").open("ab") as noise:
            streams = {"stdout": noise, "stderr": noise, **more}
            made = subprocess.Popen(["ip", "netns", "exec", self.mark, *map(str, words)], **streams)
        self.processes.append(made)
        return made

    def serve(self, *words: str) -> None:
        names = {ref.name for one in self.plan.switches for ref in secrets.references(switch_tree(one))}
        environment = {**os.environ, **{secrets.variable(name): SECRET for name in names}}
        with self.talk.open("ab") as talk:
            doors = ("--listen", f"{SERVER}:8443", "--http", f"{SERVER}:80")
            server = self.start(*COMMAND, "serve", self.site, *doors, *words, stderr=talk, env=environment)
        until = time.monotonic() + 30
        while b"serving" not in self.talk.read_bytes():
            assert server.poll() is None, self.talk.read_text()
            assert time.monotonic() < until, self.talk.read_text()
            time.sleep(0.05)

    def again(self, name: str) -> None:
        """End the server, and begin one that lets a switch boot anew."""
        server = self.processes.pop()
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        self.talk.write_bytes(b"")
        self.serve("--again", name)

    def switch(self, serial: str, mac: str, **more) -> Switch:
        number = next(_NUMBERS)
        space, port = f"{self.mark}s{number}", f"p{number}"
        must("ip", "netns", "add", space)
        must(
            "ip",
            "-n",
            self.mark,
            "link",
            "add",
            port,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "address",
            mac,
            "netns",
            space,
        )
        must("ip", "-n", self.mark, "link", "set", port, "master", "lan", "up")
        for name in ("lo", "eth0"):
            must("ip", "-n", space, "link", "set", name, "up")
        folder = self.folder / space
        folder.mkdir()
        return Switch(folder, space, serial, **more)

    def events(self, kind: str = "") -> list[dict]:
        lines = (self.site / ".rackwright/serve/events.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if kind in ("", event["kind"])]

    def down(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait(10)
        for space in re.findall(rf"^({self.mark}\w*)", must("ip", "netns", "list"), re.MULTILINE):
            must("ip", "netns", "del", space)


def planned(network: Network, name: str = "be01") -> dict:
    """Return what a switch is to run, secrets as references."""
    return switch_tree(next(one for one in network.plan.switches if one.name == name))


@pytest.fixture
def network(tmp_path):
    """Return an out-of-band network that is not up yet; nothing of it is left behind."""
    insist(NEEDED)
    made = Network(tmp_path)
    try:
        yield made
    finally:
        made.down()


def leaks(network: Network, *switches: Switch) -> list[str]:
    """Return where the secret is, but for what `nv` was given."""
    canary = Canary(SECRET)
    return canary.in_folder(
        network.folder, but=[one.root / "record" / name for one in switches for name in ("replaced", "nvued.json")]
    )


def test_a_first_boot(network):
    """Option 239 arrives, the script comes and runs, `nv` gets the planned configuration with its secrets, which are nowhere else; nothing works twice."""
    network.up()
    switch = network.switch(BE01["serial"], BE01["mac"])
    address, url = switch.lease()
    assert (address, url) == ("10.10.0.10", f"http://{SERVER}/devices/be01/ztp.sh")
    lease = read_leases((network.folder / "leases").read_text(), "leases")
    assert [(one.mac, one.address) for one in lease] == [(BE01["mac"], address)]
    script = switch.fetch(url)
    assert script.isascii()
    assert switch.boot(script) == 0, switch.log
    assert [" ".join(call.split()[:3]) for call in switch.calls] == [
        "nv show system", "nv config detach", "nv config patch", "nv config diff", "nv config apply",
        "nv config replace", "nv config apply", "dhclient -r", "ifreload -fa",
    ]  # fmt: skip
    assert not between(switch.applied, planned(network))
    replaced = (switch.root / "record/replaced").read_text()
    assert SECRET in replaced
    assert "secret:" not in replaced
    kinds = [event["kind"] for event in network.events()]
    assert kinds == ["serving", "script", "breakouts", "startup", "provisioned"]
    assert network.events("provisioned")[0]["text"] == f"be01: {BE01['serial']}"

    # Once more: the script leaves the switch alone, its token opens nothing, and no other script is given.
    before = switch.calls
    assert switch.boot(script) == 0
    assert "nothing to do" in switch.log
    assert switch.calls == before
    (switch.root / "var/lib/rackwright/provisioned").unlink()
    assert switch.boot(script) == 1
    assert switch.calls == before
    assert "used a second time" in network.events("refused")[0]["text"]
    assert switch.fetch(url) == "403"
    assert "--again be01" in network.events("refused")[-1]["text"]
    assert leaks(network, switch) == []
    state = network.site / ".rackwright/serve"
    assert {
        path.stat().st_mode & 0o777 for path in state.rglob("*") if path.is_file() and path.name != ".gitignore"
    } == {0o600}
    token = re.search(r'^TOKEN="(.+)"$', script, re.MULTILINE)[1]
    assert not Canary(token).in_folder(network.site)
    assert not list((switch.root / "tmp").glob("rackwright.*"))


def test_a_switch_without_breakouts_applies_once(network):
    """A switch that splits no cage gets its configuration in one apply."""
    oob = next(device for device in network.plan.devices if device.name == "oob01")
    network.up()
    switch = network.switch(oob.serial, dict(oob.macs)["eth0"])
    _, url = switch.lease()
    assert switch.boot(switch.fetch(url, mac=dict(oob.macs)["eth0"])) == 0, switch.log
    assert switch.configured == ["replace", "apply"]
    assert not between(switch.applied, planned(network, "oob01"))


def test_killed_between_the_two_applies(network):
    """A switch that dies behind the breakouts is not taken for done: its next boot gets a new script, and does what is left."""
    network.up()
    switch = network.switch(BE01["serial"], BE01["mac"])
    _, url = switch.lease()
    first = switch.fetch(url)
    switch.dies_behind("apply")
    assert switch.boot(first) != 0
    assert switch.configured[-1] == "apply"
    halfway = switch.applied
    assert halfway["interface"]["swp1"]["link"]["breakout"]
    assert halfway["interface"]["eth0"] == factory()["interface"]["eth0"]
    assert halfway["system"] == factory()["system"]
    assert not (switch.root / "var/lib/rackwright/provisioned").exists()
    assert [event["kind"] for event in network.events()] == ["serving", "script", "breakouts"]
    before = len(switch.configured)
    second = switch.fetch(url)
    # The token of the killed boot is worth nothing any more.
    assert switch.boot(first) == 1
    assert SECRET not in json.dumps(switch.applied)
    assert switch.boot(second) == 0, switch.log
    assert switch.configured[before:] == ["detach", "patch", "diff", "replace", "apply"]
    assert not between(switch.applied, planned(network))
    assert network.events()[-1]["kind"] == "provisioned"
    assert leaks(network, switch) == []


def test_killed_with_its_configuration(network):
    """A switch that dies with its configuration fetched and not applied is not done, and nobody gets another script in its name by asking."""
    network.up()
    switch = network.switch(BE01["serial"], BE01["mac"])
    _, url = switch.lease()
    switch.dies_behind("replace")
    assert switch.boot(switch.fetch(url)) != 0
    assert not (switch.root / "var/lib/rackwright/provisioned").exists()
    assert switch.fetch(url) == "403"
    assert "has not reported since" in network.events("refused")[0]["text"]
    network.again("be01")
    assert switch.boot(switch.fetch(url)) == 0, switch.log
    assert not between(switch.applied, planned(network))


def test_the_wrong_machine(network):
    """A machine with another serial number gets no script; one that comes by the script of another stops before anything, and the server says so."""
    network.up()
    switch = network.switch("OTHER99", BE01["mac"])
    _, url = switch.lease()
    assert switch.fetch(url) == "403"
    assert "serial number OTHER99 asks where X78DR64 is planned" in network.events("refused")[0]["text"]
    assert switch.fetch(url, serial=BE01["serial"], mac="02:00:00:00:00:99") == "403"
    script = switch.fetch(url, serial=BE01["serial"])
    assert switch.boot(script) == 1
    assert switch.calls == []
    assert "has serial number OTHER99" in network.events("failed")[0]["text"]
    assert leaks(network) == []


def test_another_server_is_not_believed(network, tmp_path):
    """A switch talks to the server of the CA in its script and to no other at that address: it sends no token and gets no configuration."""
    network.up()
    switch = network.switch(BE01["serial"], BE01["mac"])
    _, url = switch.lease()
    script = switch.fetch(url)
    ours = (network.site / ".rackwright/serve/ca.pem").read_text().strip()
    assert ours in script
    assert switch.boot(script.replace(ours, Authority(tmp_path / "other").pem.strip())) == 1
    assert "nv config" not in "".join(switch.calls)
    assert "certificate" in switch.log
    assert [event["kind"] for event in network.events()] == ["serving", "script"]


def test_what_nvue_says_is_told_without_secrets(network):
    """A configuration that NVUE refuses is reported in NVUE's words but without the secret it repeats, and a new boot gets a new token."""
    network.up()
    switch = network.switch(BE01["serial"], BE01["mac"])
    switch.tool(
        "nv",
        NV.replace(
            "exec ",
            """[ "$2" = replace ] && cat "$3" > /record/replaced && echo "Invalid config: $(grep hashed "$3")" && exit 1\nexec """,
        ),
    )
    _, url = switch.lease()
    assert switch.boot(switch.fetch(url)) == 1
    told = network.events("failed")[0]["text"]
    assert "Invalid config" in told
    assert "***" in told
    assert not Canary(SECRET).in_folder(network.site)
    assert not Canary(SECRET).found_in(network.talk.read_bytes())
    switch.tool("nv", NV)
    assert switch.boot(switch.fetch(url)) == 0
    assert network.events()[-1]["kind"] == "provisioned"


def test_another_version_is_replaced(network, tmp_path):
    """A switch with another version fetches the image over TLS, holds it against its SHA-256, installs it and reboots; its next boot is configured."""
    image = tmp_path / "cumulus.bin"
    image.write_bytes(b"#!/bin/bash\nCL_INSTALLER_QUIET=''\n" + b"an image of the NOS\n" * 1000)
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    network.up("--image", str(image), "--image-sha256", digest)
    switch = network.switch(BE01["serial"], BE01["mac"], version="5.9.2")
    switch.tool("onie-install", '#!/bin/bash\necho "onie-install $1 $2 $(sha256sum < "$3")" >> /record/calls\n')
    _, url = switch.lease()
    assert switch.boot(switch.fetch(url)) == 0, switch.log
    assert switch.calls == [f"onie-install -fa -i {digest}  -", "reboot "]
    (switch.root / "etc/os-release").write_text("VERSION_ID=5.12.1\n")
    assert switch.boot(switch.fetch(url)) == 0, switch.log
    kinds = [event["kind"] for event in network.events()]
    assert kinds == ["serving", "script", "image", "installing", "script", "breakouts", "startup", "provisioned"]
