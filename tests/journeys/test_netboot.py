"""Hosts that boot for real: UEFI firmware under QEMU, the rendered dnsmasq.conf, `rackwright serve`, and in the installer's place an initrd that seeks its seed and reports.

A network namespace is the in-band network. KVM is not used, so a boot takes ten to twenty seconds of one processor. Not proven here: Ubuntu's own kernel, initrd
and installer, which fit into no test; what they ask for and say is held against its captured dry run elsewhere.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rackwright.drivers.hosts.installs import FOLDER, Installs
from rackwright.drivers.hosts.progress import ProgressLimits
from rackwright.push.bmc import boot
from rackwright.push.hosts.installing import Installing, Medium
from rackwright.render.netboot import kernel_words
from rackwright.twin.bmc.guest import Guest, GuestHardware
from tests.guests import media
from tests.namespaces import must
from tests.twins.bmc_lanes import BmcLanes

SITES = Path(__file__).resolve().parents[2] / "inventory"
COMMAND = [sys.executable, "-c", "from rackwright.cli import main; main()"]
SERVER = "10.10.0.5"
GPU01 = {"serial": "BCYWXS4", "mac": "02:80:3f:b5:df:15"}
TFTP_NOT_FOUND = 68
"""How curl ends where a TFTP server has no such file."""
_NUMBERS = itertools.count()

pytestmark = [pytest.mark.slow(70), pytest.mark.xdist_group("netboot")]


class Network:
    """The in-band network with DHCP as it is rendered, the server, and a port for one machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = Path(
            shutil.copytree(SITES / "xe9680-spectrum-x", folder / "site", ignore=shutil.ignore_patterns(".rackwright"))
        )
        shutil.rmtree(self.site / ".rackwright", ignore_errors=True)
        self.processes: list[subprocess.Popen] = []
        self.space = f"rwb{os.getpid():x}{next(_NUMBERS)}"
        self.talk = folder / "talk"

    def up(self) -> None:
        must("ip", "netns", "add", self.space)
        for words in (
            "link set lo up", "link add lan type bridge", f"addr add {SERVER}/22 dev lan", "addr add 10.20.0.1/22 dev lan", "addr add fd00:77::1/64 dev lan nodad",
            "link set lan up", "tuntap add tap0 mode tap", "link set tap0 master lan up",
        ):  # fmt: skip
            must("ip", "-n", self.space, *words.split())
        must(*COMMAND, "render", self.site, "--out", self.folder / "build", cwd=self.folder)
        # A router that is heard: iPXE asks for IPv6 too, and waits fifteen seconds where nobody answers.
        self.start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--enable-ra", "--interface=lan",
                   "--dhcp-range=fd00:77::,ra-only", "--user=root", f"--pid-file={self.folder / 'router.pid'}")  # fmt: skip

    def lease(self) -> None:
        """Give leases by what is rendered, without our server."""
        conf = self.folder / "build/dhcp/dnsmasq.conf"
        must("dnsmasq", "--test", "-C", conf)
        self.start("dnsmasq", "--keep-in-foreground", f"--conf-file={conf}", "--interface=lan", "--bind-interfaces", "--user=root",
                   f"--dhcp-leasefile={self.folder / 'leases'}", f"--pid-file={self.folder / 'dnsmasq.pid'}", "--log-dhcp",
                   f"--log-facility={self.folder / 'dnsmasq.log'}")  # fmt: skip

    def start(self, *words, **more) -> subprocess.Popen:
        with (self.folder / "noise").open("ab") as noise:
            streams = {"stdout": noise, "stderr": noise, **more}
            made = subprocess.Popen(["ip", "netns", "exec", self.space, *map(str, words)], **streams)
        self.processes.append(made)
        return made

    def serve(self, *words) -> subprocess.Popen:
        if "--dhcp" not in words:
            self.lease()
        with self.talk.open("ab") as talk:
            doors = ("--listen", f"{SERVER}:8443", "--http", f"{SERVER}:80", "--limit", "gpu0*")
            server = self.start(*COMMAND, "serve", self.site, *doors, *words, stderr=talk)
        until = time.monotonic() + 30
        while b"serving" not in self.talk.read_bytes():
            assert server.poll() is None, self.talk.read_text()
            assert time.monotonic() < until, self.talk.read_text()
            time.sleep(0.05)
        return server

    def guest(self, **hardware) -> Guest:
        return Guest(self.folder, GuestHardware(tap="tap0", space=self.space, **{**GPU01, **hardware}))

    def events(self, kind: str = "") -> list[dict]:
        lines = (self.site / ".rackwright/serve/events.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if kind in ("", event["kind"])]

    def await_event(self, kind: str, guest: Guest, limit_s: float = 240) -> None:
        until = time.monotonic() + limit_s
        while not self.events(kind):
            assert time.monotonic() < until, (guest.trouble, guest.console[-1500:], self.talk.read_text())
            time.sleep(0.1)

    def down(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait(10)
        for space in re.findall(rf"^({self.space})\b", must("ip", "netns", "list"), re.MULTILINE):
            must("ip", "netns", "del", space)


@pytest.fixture
def network(tmp_path):
    """Return a network that is up; nothing of it is left behind."""
    missing = media.missing()
    if missing or os.geteuid():
        pytest.skip(f"needs root and {', '.join(missing or media.TOOLS)}: scripts/apt-packages.sh installs them")
    made = Network(tmp_path)
    try:
        made.up()
        yield made
    finally:
        made.down()


@contextlib.contextmanager
def files(folder: Path):
    """Serve a folder on loopback; yield its URL."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def own(guest: Guest, host) -> None:
    """Hook a guest to an emulated host, in the loop of the BMCs."""
    guest.own(host)


@pytest.fixture
def boot_folder(tmp_path):
    """Return a folder for ``--boot``, which nobody else may read."""
    folder = tmp_path / "boot"
    folder.mkdir(mode=0o700)
    made = media.kernel_and_initrd()
    for name in ("vmlinuz", "initrd"):
        (folder / name).symlink_to(made / name)
    (folder / "bootx64.efi").symlink_to(media.IPXE)
    return folder


def test_uefi_http_boot(network, boot_folder, tmp_path):
    """Firmware gets iPXE's address by the rendered DHCP, iPXE its script, the kernel its words, and what runs finds its seed by service tag and reports to the end."""
    network.serve("--boot", boot_folder, "--install", "gpu01")
    with contextlib.closing(network.guest()) as guest:
        guest.boot("UefiHttp", "")
        network.await_event("rebooting", guest)
        kinds = [event["kind"] for event in network.events()]
        assert kinds == ["armed", "serving", "script", "seed", "installing", "rebooting"]
        assert {
            event.get("peer") for event in network.events() if event.get("device") and event["kind"] != "armed"
        } == {"10.20.0.10"}
        until = time.monotonic() + 10
        while guest.on and time.monotonic() < until:
            time.sleep(0.1)
        assert "guest: seed http://10.10.0.5/seed/BCYWXS4/" in guest.console
        assert "was lost" not in guest.console
    log = (tmp_path / "dnsmasq.log").read_text()
    assert "bootx64.efi" in log
    assert "boot.ipxe" in log


def test_uefi_pxe_boot(network, boot_folder):
    """Firmware that speaks PXE and no HTTP fetches iPXE over TFTP from ``serve --dhcp``, and goes the same way; nothing else lies there."""
    server = network.serve("--dhcp", "--boot", boot_folder, "--install", "gpu01")
    fetch = ("ip", "netns", "exec", network.space, "curl", "--silent", "--max-time", "5", f"tftp://{SERVER}/vmlinuz")
    assert subprocess.run(fetch, capture_output=True, check=False).returncode == TFTP_NOT_FOUND
    with contextlib.closing(network.guest()) as guest:
        guest.boot("Pxe", "")
        network.await_event("rebooting", guest)
    assert "tftp" in [event["kind"] for event in network.events()]
    log = network.site / ".rackwright/serve/dhcp/dnsmasq.log"
    assert re.search(r"dnsmasq-tftp.*sent .*/bootx64\.efi to ", log.read_text())
    (lent,) = re.findall(r"sent (/.*)/bootx64\.efi to ", log.read_text())[:1]
    assert [path.name for path in Path(lent).iterdir()] == ["bootx64.efi"]
    server.send_signal(signal.SIGTERM)
    assert server.wait(15) == 0
    assert not Path(lent).exists()


def test_a_virtual_cd(network, tmp_path):
    """One disc for every machine: what it boots finds its own seed by the service tag that its firmware tells."""
    words = kernel_words(f"http://{SERVER}", more="console=ttyS0 no_timer_check")
    disc = media.disc(tmp_path, media.unified(tmp_path, media.kernel_and_initrd(), words))
    network.serve("--install", "gpu01")
    with contextlib.closing(network.guest()) as guest:
        guest.boot("Cd", disc.as_uri())
        network.await_event("rebooting", guest)
    assert "guest: seed http://10.10.0.5/seed/BCYWXS4/" in guest.console
    assert [event["kind"] for event in network.events()] == ["armed", "serving", "seed", "installing", "rebooting"]


def test_a_bmc_boots_its_machine(network, tmp_path):
    """Medium in, one boot from it, power on, all over Redfish by our own driver: the machine behind the emulated BMC really boots it, and off is off."""
    words = kernel_words(f"http://{SERVER}", more="console=ttyS0 no_timer_check")
    disc = media.disc(tmp_path, media.unified(tmp_path, media.kernel_and_initrd(), words))
    network.serve()
    with (
        contextlib.closing(network.guest()) as guest,
        BmcLanes(tmp_path / "bmc", names=("gpu01",)) as rack,
        files(disc.parent) as url,
    ):
        rack.call(own(guest, rack.fleet.bmcs["gpu01"].machine.host))
        installs = Installs(network.site / ".rackwright/serve" / FOLDER)
        # The clock of the BMC runs 1500 times as fast as the guest's: limits of that clock are of no use here.
        patient = ProgressLimits(first_s=1e6, silence_s=1e6, deadline_s=1e6)
        work = Installing(rack.way, installs, Medium("Cd", f"{url}/{disc.name}"), patient, poll_s=300)
        verdict = work.install("gpu01", work.begin("gpu01"))
        assert verdict.state == "rebooting", (verdict.sentence, guest.console[-1500:], guest.trouble)
        assert guest.boots == [("Cd", f"{url}/{disc.name}")]
        with contextlib.closing(rack.way.bmc("gpu01")) as session:
            assert not any(drive.inserted for drive in session.media())
            boot.power_off(session, "gpu01", rack.way.clock)
        assert not guest.on
    assert [event["kind"] for event in network.events()] == ["serving", "seed", "installing", "rebooting"]
