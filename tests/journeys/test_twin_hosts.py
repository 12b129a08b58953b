"""Servers of the emulated rack from an empty disk to their stack through the command: installed, pushed once, audited, broken."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rackwright.cli import main
from rackwright.cli.twins import spec_of
from rackwright.plan import workspace
from rackwright.twin.process import Background

pytestmark = [pytest.mark.slow(40), pytest.mark.xdist_group("twin-hosts")]

SITE = Path(__file__).resolve().parents[2] / "inventory" / "xe9680-spectrum-x"
RATE = 500.0
"""A host has five minutes of this clock to go down: a loaded machine needs some of the wall's."""
YES = ("--yes", "--allow-disruption")
COMMAND = [sys.executable, "-c", "from rackwright.cli import main; main()"]
HOSTS = ("gpu01", "mgmt01")


def rw(*words):
    """Run a command line in this process; return its exit code, stdout as JSON, and stderr."""
    result = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert not (result.exception and not isinstance(result.exception, SystemExit)), result.output
    return SimpleNamespace(code=result.exit_code, data=json.loads(result.stdout or "null"), talk=result.stderr)


@contextmanager
def rack(folder: Path, state: str, names=HOSTS, *, more=(), bmcs="planned"):
    """Run a twin of some servers, without the switches between them, and return what there is to ask it."""
    site = Path(shutil.copytree(SITE, folder / "site", ignore=shutil.ignore_patterns(".rackwright")))
    opened = workspace.open_site(site)
    spec = spec_of(opened, workspace.planned(opened).plan, rate=RATE, only=(*names, *more), bmcs=bmcs, hosts=state)
    with Background(spec) as twin:
        limits = tuple(word for name in names for word in ("--limit", name))

        def push(*words):
            return rw("push", site, "--only", "host", "--twin", *YES, *limits, *words)

        def deeds(name, *kinds):
            told = twin.ask("host", device=name)["deeds"]
            return [one["what"] for one in told if one["kind"] in kinds]

        yield SimpleNamespace(site=site, twin=twin, push=push, deeds=deeds, limits=limits)


@contextmanager
def serving(site: Path, folder: Path):
    """Run ``rackwright serve`` for the hosts of a site; yields its plain door once that is open."""
    boot = folder / "boot"
    boot.mkdir()
    for name in ("vmlinuz", "initrd", "bootx64.efi"):
        (boot / name).write_text("a stand-in: the emulated installer reads its command line alone\n")
    words = ["serve", site, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--boot", boot]
    environment = {**os.environ, "RACKWRIGHT_SECRET_SWITCH_HASH": "$6$twin$twin"}
    with subprocess.Popen(
        [*COMMAND, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        said = []
        for line in server.stderr:
            said.append(line)
            if " serving " in line:
                break
        assert server.poll() is None, said
        try:
            yield re.search(r"http://[0-9.:]+", said[-1])[0]
        finally:
            server.terminate()
            server.communicate(timeout=20)


def test_installed_hosts_are_brought_to_their_stack_once(tmp_path):
    """A push on the twin does not come to its end, does something twice, or leaves what an audit finds wrong."""
    with rack(tmp_path, "installed", more=("gpu01.*",), bmcs="behind") as there:
        card = {"device": "gpu01.b3220l-1"}
        assert there.twin.ask("bmc", **card)["firmware"]["DPU_NIC"] != "32.44.1036"
        told = there.push()
        assert told.code == 0, told.talk
        assert there.twin.ask("bmc", **card)["firmware"]["DPU_NIC"] == "32.44.1036", (
            "the card's own BMC tells another firmware"
        )
        plays = {name: there.deeds(name, "play") for name in HOSTS}
        assert all(len(found) == len(set(found)) for found in plays.values()), plays
        assert {"ofed", "bluefield_config", "gpu_driver", "bluefield_runtime"} <= set(plays["gpu01"])
        assert there.deeds("gpu01", "boot") == ["warm", "cold"]
        again = there.push()
        assert (again.code, [one["state"] for one in again.data["devices"]]) == (0, ["unchanged", "unchanged"])
        assert {name: there.deeds(name, "play") for name in HOSTS} == plays
        audit = rw("audit", there.site, "--only", "host", "--twin", *there.limits)
        assert audit.code == 0, audit.data


def test_bare_servers_are_installed_over_the_network(tmp_path):
    """A bare server is not installed by its own seed, or twice, or not known again afterwards."""
    with rack(tmp_path, "bare") as there, serving(there.site, tmp_path):
        assert there.twin.ask("status")["hosts"]["gpu01"]["state"] == "bare"
        told = there.push("--installer", "http")
        assert told.code == 0, told.talk
        for name in HOSTS:
            assert there.deeds(name, "install") == [name]
        again = there.push("--installer", "http")
        assert [one["state"] for one in again.data["devices"]] == ["unchanged", "unchanged"]
        assert there.deeds("gpu01", "install") == ["gpu01"]


@contextmanager
def disc(folder: Path, door: str):
    """Offer a file that stands for an installer's ISO with a universal command line; yields its address."""
    words = f"linux /casper/vmlinuz autoinstall ds=nocloud\\;s={door}/seed/__dmi.system-serial-number__/ ---"
    (folder / "ubuntu.iso").write_text(f"a stand-in for an ISO\n\t{words}\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/ubuntu.iso"
        server.shutdown()


def test_a_bare_server_is_installed_from_a_virtual_cd(tmp_path):
    """What lies in the virtual drive is not booted, or its seed is not found by the service tag."""
    with (
        rack(tmp_path, "bare", ("mgmt01",)) as there,
        serving(there.site, tmp_path) as door,
        disc(tmp_path, door) as image,
    ):
        told = there.push("--installer", image)
        assert told.code == 0, told.talk
        assert there.deeds("mgmt01", "install") == ["mgmt01"]
        assert there.twin.ask("host", device="mgmt01")["state"] == "up"


def test_another_machine_gets_no_seed(tmp_path):
    """A machine that stands in the place of the planned one is wiped with the planned one's seed."""
    with rack(tmp_path, "bare", ("mgmt01",)) as there, serving(there.site, tmp_path):
        there.twin.ask("fault", kind="swap-machine", device="mgmt01", value="OTHER99")
        told = there.push("--installer", "http")
        assert told.code == 1
        assert "unheard" in told.data["devices"][0]["cause"]
        assert there.deeds("mgmt01", "install", "installer") == []


def test_an_installer_that_gives_up_is_told_with_its_reason(tmp_path):
    """An installation that failed is waited for, or told without its cause."""
    with rack(tmp_path, "bare", ("mgmt01",)) as there, serving(there.site, tmp_path):
        there.twin.ask("fault", kind="fail", at="host-install", device="mgmt01", value="extract")
        told = there.push("--installer", "http")
        assert told.code == 1
        assert "the installation failed: extract" in told.data["devices"][0]["cause"]
        assert there.deeds("mgmt01", "install") == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "crash"}, "it restarted by itself"),
        ({"kind": "drop", "at": "host-play", "when": "during"}, "it was cut off"),
        ({"kind": "package-refused", "value": "nvidia-driver-*"}, ": nvidia-driver-570-open (Depends: "),
        ({"kind": "no-boot"}, "does not come back"),
        ({"kind": "gpu-lost"}, "if GPUs are missing, look into the BMC's log"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_what_is_planted_is_the_reason_that_is_told(tmp_path, fault, words):
    """A host that cannot be brought up is told as done, or for another reason than the planted one."""
    with rack(tmp_path, "installed", ("gpu01",)) as there:
        there.twin.ask("fault", device="gpu01", **fault)
        told = there.push()
        assert told.code == 1
        (outcome,) = told.data["devices"]
        assert outcome["state"] == "failed"
        assert words in outcome["cause"]
        there.twin.ask("clear")
        if fault["kind"] != "no-boot":
            assert there.push().code == 0
