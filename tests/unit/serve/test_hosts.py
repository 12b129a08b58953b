"""Seeds, boot scripts and installers' reports: what is given to whom, what is refused, what is kept. Over HTTP, in this process."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from rackwright.drivers.hosts.installs import Installs
from rackwright.drivers.hosts.progress import ProgressLimits
from rackwright.plan.install import BootDisk, Install
from rackwright.plan.model import HostInterface, HostNetwork
from rackwright.serve.authority import Authority
from rackwright.serve.boots import Boots
from rackwright.serve.events import Events
from rackwright.serve.hosts import Hosts
from rackwright.serve.seeds import Media, Seed
from rackwright.serve.tokens import Tokens
from tests.unit.push.bmcs import Clock

MAC = "02:00:00:00:01:01"
DONE = {
    "name": "subiquity/Shutdown/shutdown",
    "event_type": "finish",
    "result": "SUCCESS",
    "description": "mode=REBOOT",
}
BEGUN = {"name": "subiquity/Early/run", "event_type": "start"}


def install(name="gpu01", tag="TAG0001"):
    port = HostInterface(name="lom1", port="lom1", mac=MAC, address="10.0.0.21/24")
    network = HostNetwork(name, (port,))
    keys = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx ops",)
    return Install(
        name=name, service_tag=tag, keys=keys, disk=BootDisk("Dell BOSS-N1*"), network=network, entrance=network
    )


class Bench:
    """Answers for two hosts, and what they said."""

    def __init__(self, folder: Path) -> None:
        self.heard = []
        self.folder = folder
        self.installs = Installs(folder / "installs")
        self.clock = Clock()
        events = Events(folder, self.heard.append)
        boot = folder / "boot"
        boot.mkdir()
        for name in ("vmlinuz", "initrd", "bootx64.efi", "secret"):
            (boot / name).write_bytes(name.encode())
        seeds = {"gpu01": Seed(install(), frozenset({MAC})), "gpu02": Seed(install("gpu02", "TAG0002"))}
        self.hosts = Hosts(
            seeds, self.installs, events, "PEM", Media(boot), clock=self.clock, limits=ProgressLimits(100, 50, 1000)
        )
        self.boots = Boots({}, Tokens(folder), Authority(folder), events, None, hosts=self.hosts)

    def ask(self, work):
        async def main():
            async with TestClient(TestServer(self.boots.open())) as client:
                return await work(client)

        return asyncio.run(main())

    def get(self, path):
        async def work(client):
            answer = await client.get(path)
            return answer.status, await answer.text()

        return self.ask(work)

    def post(self, token, *bodies):
        async def work(client):
            return [(await client.post(f"/progress/{token}", data=io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode()))).status
                    for body in bodies]  # fmt: skip

        return self.ask(work)

    def kinds(self):
        return [event.kind for event in self.heard]

    def last(self):
        return self.heard[-1].text


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_nothing_for_who_is_not_to_be_installed(bench):
    """A server that happens to boot an installer gets a seed and is wiped."""
    for name in ("meta-data", "user-data", "vendor-data"):
        assert bench.get(f"/seed/TAG0001/{name}")[0] == 403
    status, script = bench.get(f"/boot/node.ipxe?serial=TAG0001&mac={MAC}")
    assert status == 200
    assert "kernel" not in script
    assert script.rstrip().endswith("exit 1")
    assert "'rackwright serve SITE --install gpu01' lets its next boot wipe it" in bench.last()


def test_a_seed(bench):
    """A host that is to be installed gets less than a seed, another's, or one that reports elsewhere than it came from."""
    bench.installs.arm("gpu01")
    assert "instance-id: gpu01" in bench.get("/seed/tag0001/meta-data")[1]
    status, text = bench.get("/seed/TAG0001/user-data")
    assert status == 200
    token = bench.installs.token("gpu01")
    assert text.startswith("#cloud-config\n")
    assert f"/progress/{token}" in text
    assert "http://127.0.0.1:" in text
    assert "ca_certs" not in text
    assert bench.get("/seed/TAG0001/vendor-data")[0] == 200
    assert bench.get("/seed/TAG0001/network-config")[0] == 404
    assert bench.get("/seed/TAG0002/user-data")[0] == 403
    assert bench.get("/seed/NOBODY/user-data")[0] == 403
    assert bench.kinds()[0] == "seed"


def test_a_seed_by_its_token(bench):
    """A medium of one machine, whose address of the seed names its attempt and no service tag, gets none."""
    bench.installs.arm("gpu01")
    assert bench.get(f"/seed/{bench.installs.token('gpu01')}/user-data")[0] == 200
    assert bench.get("/seed/gpu01.0000/user-data")[0] == 403


def test_a_seed_is_given_again_until_the_first_word(bench):
    """A lost answer costs the installation, or a seed is given while an installer is at work."""
    bench.installs.arm("gpu01")
    first, second = (bench.get("/seed/TAG0001/user-data") for _ in range(2))
    assert first[0] == second[0] == 200
    bench.post(bench.installs.token("gpu01"), BEGUN)
    assert bench.get("/seed/TAG0001/user-data")[0] == 403
    assert "asked for again after its installer had begun" in bench.last()


def test_what_an_installer_says(bench):
    """Events are lost, the end is not told, or is told twice; an attempt that ended still gives a seed."""
    bench.installs.arm("gpu01")
    bench.get("/seed/TAG0001/user-data")
    token = bench.installs.token("gpu01")
    assert bench.post(token, BEGUN, BEGUN, DONE, DONE) == [200, 200, 200, 200]
    assert bench.kinds() == ["seed", "installing", "rebooting"]
    assert bench.installs.attempt("gpu01").why == "rebooting"
    verdict = bench.installs.verdict("gpu01")
    assert (verdict.state, verdict.heard, verdict.repeated) == ("rebooting", 2, 2)
    assert bench.get("/seed/TAG0001/user-data")[0] == 403
    # A late word is kept, and changes nothing.
    assert bench.post(token, {**BEGUN, "name": "subiquity/Late/run"}) == [200]
    assert bench.installs.verdict("gpu01").heard == 3


def test_a_failure_is_told_with_its_way_out(bench):
    """Whoever watches is not told what failed and what to do."""
    bench.installs.arm("gpu01")
    bench.get("/seed/TAG0001/user-data")
    words = "{'match': {'model': 'Dell BOSS-N1*'}} matched no disk"
    failed = {
        "name": "subiquity/apply_autoinstall_config",
        "event_type": "finish",
        "result": "FAIL",
        "description": words,
    }
    bench.post(bench.installs.token("gpu01"), BEGUN, failed)
    assert bench.kinds()[-1] == "failed"
    assert "matched no disk" in bench.last()
    assert "BOSS-N1 mirror is there and healthy" in bench.last()


def test_wrong_tokens_are_refused_and_counted(bench):
    """A stranger's report is believed, or a thousand of them fill the disk with lines."""
    bench.installs.arm("gpu01")
    old = bench.installs.token("gpu01")
    bench.installs.end("gpu01", "given up")
    bench.installs.arm("gpu01")
    assert bench.installs.token("gpu01") != old
    assert bench.post(old, DONE) == [403]
    assert bench.post("nobody.0", DONE) == [403]
    assert bench.post("..%2f..%2fx.1", DONE) == [403]
    assert bench.installs.verdict("gpu01").state == "waiting"
    before = len(bench.heard)
    assert set(bench.post("gpu01.1", *[DONE] * 99)) == {403}
    told = "gpu01: a token that is none of its own, or of an older attempt"
    assert [event.text for event in bench.heard[before:]] == [f"{told} (10 times)", f"{told} (100 times)"]


def test_what_is_no_event(bench):
    """Something that is no event is kept as one, or ends the receiver."""
    bench.installs.arm("gpu01")
    token = bench.installs.token("gpu01")
    strange = [b"", b"[]", b"{", b'{"name": 1}', b"\xff\xfe", b"x" * (1 << 21)]
    assert bench.post(token, *strange) == [400] * 6
    more = {**BEGUN, "origin": "curtin", "files": [{"content": "x"}], "description": "a\x1b[31m\nb"}
    assert bench.post(token, more) == [200]
    [said] = bench.installs.said("gpu01")
    assert said.description == "a [31m b"


def test_silence_and_the_deadline(bench):
    """An installer that hangs, or never speaks, is waited for for ever."""
    for name in ("gpu01", "gpu02"):
        bench.installs.arm(name)
        bench.get(f"/seed/TAG000{name[-1]}/user-data")
    bench.hosts.look()
    bench.clock.sleep(40)
    bench.post(bench.installs.token("gpu01"), BEGUN)
    bench.hosts.look()
    bench.clock.sleep(49)
    bench.hosts.look()
    assert "failed" not in bench.kinds()
    bench.clock.sleep(20)
    bench.hosts.look()
    told = {event.device: event.text for event in bench.heard if event.kind == "failed"}
    assert "silent: no word for 69 s" in told["gpu01"]
    assert "unheard: no word of the installer in 109 s" in told["gpu02"]
    bench.hosts.look()
    assert bench.kinds().count("failed") == 2


def test_one_record_that_cannot_be_read_leaves_the_others_watched(bench):
    """The watch ended with the first such host, without a word: an installer that hangs was listened to for ever."""
    for name in ("gpu01", "gpu02"):
        bench.installs.arm(name)
        bench.installs.give(name)
    (bench.folder / "installs" / "gpu01.json").write_text("{")
    bench.hosts.look()
    bench.clock.sleep(101)
    bench.hosts.look()
    told = [(event.kind, event.device) for event in bench.heard]
    assert told == [("warning", "gpu01"), ("failed", "gpu02")]
    assert "gpu01.json cannot be read" in bench.heard[0].text


def test_boot_files(bench):
    """A file that is not of the boot is handed out, a script sends a machine elsewhere than to its own kernel and seed."""
    assert bench.get("/boot/vmlinuz") == (200, "vmlinuz")
    assert bench.get("/boot/bootx64.efi")[0] == 200
    for name in ("secret", "..%2ftokens.json", "other.iso"):
        assert bench.get(f"/boot/{name}")[0] in (403, 404)
    assert "node.ipxe?serial=${serial:uristring}" in bench.get("/boot/boot.ipxe")[1]
    bench.installs.arm("gpu01")
    script = bench.get(f"/boot/node.ipxe?serial=TAG0001&mac={MAC.replace(':', '-')}")[1]
    assert "autoinstall ds=nocloud;s=http://127.0.0.1:" in script
    assert "/seed/TAG0001/" in script
    other = bench.get("/boot/node.ipxe?serial=TAG0001&mac=02-00-00-00-00-99")[1]
    assert "kernel" not in other
    assert "none of its own" in bench.last()


def test_a_thousand_at_once(bench, monkeypatch):
    """A thousand installers that speak at once wait for each other, or one of their words is lost: a receiver that hangs stalls them all."""
    names = [f"n{number:04d}" for number in range(1000)]
    bench.hosts.seeds = {name: Seed(install(name, f"T{name}")) for name in names}
    monkeypatch.setattr("rackwright.drivers.keeping.os.fsync", lambda _: None)
    for name in names:
        bench.installs.arm(name)
    tokens = {name: bench.installs.token(name) for name in names}

    async def work(client):
        async def one(name):
            for body in (BEGUN, {**BEGUN, "event_type": "finish", "result": "SUCCESS"}, DONE):
                # A connection each, as curtin's reporter makes.
                async with client.post(
                    f"/progress/{tokens[name]}", json=body, headers={"Connection": "close"}
                ) as answer:
                    assert answer.status == 200

        await asyncio.gather(*map(one, names))

    began = time.process_time()
    bench.ask(work)
    # Of both ends together, and not by the wall: other work on the machine is none of ours.
    assert time.process_time() - began < 3000 * 0.01
    assert {bench.installs.verdict(name).state for name in names} == {"rebooting"}
    assert [event.kind for event in bench.heard].count("rebooting") == 1000


KILLED = """
import asyncio, sys
from pathlib import Path
from rackwright.drivers.hosts.installs import Installs
from rackwright.serve.events import Events
from rackwright.serve.hosts import Hosts
from aiohttp import web
folder = Path(sys.argv[1])
async def main():
    hosts = Hosts({}, Installs(folder / "installs"), Events(folder, lambda event: None))
    door = web.Application(); hosts.add(door)
    runner = web.AppRunner(door); await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0); await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_a_kill_loses_nothing_that_was_answered(tmp_path):
    """The receiver says "noted" before it has kept what it heard: a kill loses it."""
    import http.client

    installs = Installs(tmp_path / "installs")
    installs.arm("gpu01")
    token, answered = installs.token("gpu01"), 0
    for life in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            port = int(process.stdout.readline())
            for number in range(20 + life):
                wire = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                wire.request("POST", f"/progress/{token}", json.dumps({**BEGUN, "timestamp": answered + 1}))
                if number == 19 + life:
                    os.kill(process.pid, signal.SIGKILL)
                    wire.close()
                    break
                assert wire.getresponse().status == 200
                wire.close()
                answered += 1
    stamps = {said.timestamp for said in installs.said("gpu01")}
    assert set(range(1, answered + 1)) <= stamps


def test_reports_over_tls(bench):
    """An installer that trusts the CA of its seed, and knows the server by its address alone, cannot report; or one that does not trust it can."""

    def post(url, context):
        request = urllib.request.Request(url, json.dumps(DONE).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status

    async def main():
        server = TestServer(bench.boots.secure(), host="127.0.0.1", scheme="https")
        await server.start_server(ssl=bench.boots.authority.context(["127.0.0.1", "10.0.0.5"]))
        try:
            text = await asyncio.to_thread(
                _fetched, f"https://127.0.0.1:{server.port}/seed/TAG0001/user-data", trusting
            )
            url = re.search(r"endpoint: ['\"]?(https://\S+?)['\"]?\n", text)[1]
            status = await asyncio.to_thread(post, url, trusting)
            with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
                await asyncio.to_thread(post, url, ssl.create_default_context())
            return text, status
        finally:
            await server.close()

    trusting = ssl.create_default_context(cadata=bench.boots.authority.pem)
    bench.hosts.ca = bench.boots.authority.pem
    bench.installs.arm("gpu01")
    text, status = asyncio.run(main())
    assert status == 200
    assert "BEGIN CERTIFICATE" in text
    assert bench.kinds()[-1] == "rebooting"


def _fetched(url, context):
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:
        return answer.read().decode()
