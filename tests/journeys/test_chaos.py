"""Chaos: a rack is brought up over faults and kills at random moments, and every run ends as it must.

Some of the runs begin with bare disks, so that a kill may hit an installer. A usual run of the tests does one; ``make chaos`` does a hundred (``RACKWRIGHT_CHAOS=100``). A seed gives the same run again:
``RACKWRIGHT_CHAOS_SEED=17``.
"""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from rackwright.bringup.submitting import interrupted
from rackwright.push.order import decode
from rackwright.secrets import variable
from rackwright.twin import process

pytestmark = [pytest.mark.slow(70), pytest.mark.xdist_group("chaos")]

ROOT = Path(__file__).resolve().parents[2]
RACKWRIGHT = Path(sys.executable).parent / "rackwright"
RUNS = int(os.environ.get("RACKWRIGHT_CHAOS", "1"))
FIRST = int(os.environ.get("RACKWRIGHT_CHAOS_SEED", "0"))
TIMEOUT_S = 60
"""Longer than any BMC of the twin keeps a session that nobody uses: 1800 s of its clock, and 30 s of ours."""
RATE = 100
BARE_RATE = 150
"""Of a run that installs: half an hour of an installer for each server, some one after the other."""
LONGEST_S = 500
BARE = 0.2
"""Of the runs, how many begin with bare disks."""
RESTART = re.compile(r"restart( \d+)?$")
"""Names of steps that restart a host."""
ROUNDS = 4
"""How often an operator brings up again what failed for a reason that passes."""


class Trouble(NamedTuple):
    """A fault that may be planted."""

    row: dict
    on: str
    """``switch``, ``server``, or ``host``."""
    check: str = ""
    """Whose finding of that very device tells of a permanent fault; empty: none does."""
    stage: str = ""
    """Where a permanent fault makes its device fail; empty: it passes by itself."""
    cause: str = ""
    """What the cause of that failure names."""


TROUBLES = (
    Trouble({"kind": "drop", "at": "apply", "when": "during"}, "switch"),
    Trouble({"kind": "drop", "at": "stage", "when": "after"}, "switch"),
    Trouble({"kind": "refuse", "at": "apply", "value": "planted"}, "switch"),
    Trouble({"kind": "crash-nvued", "at": "apply", "when": "during", "duration": 60}, "switch"),
    Trouble({"kind": "reboot", "at": "apply", "when": "during"}, "switch"),
    Trouble({"kind": "lose-management", "at": "apply", "when": "after", "duration": 120}, "switch"),
    Trouble({"kind": "stall", "at": "save", "duration": 30}, "switch"),
    Trouble({"kind": "busy", "duration": 120}, "server"),
    Trouble({"kind": "expire-sessions"}, "server"),
    Trouble({"kind": "bmc-dead", "duration": 300}, "server"),
    Trouble({"kind": "drop", "at": "update", "when": "after"}, "server"),
    Trouble({"kind": "drop", "at": "bios-stage", "when": "after"}, "server"),
    Trouble({"kind": "task-late", "at": "update", "duration": 60}, "server"),
    Trouble({"kind": "drop", "at": "host-play"}, "host"),
    Trouble({"kind": "gpu-lost"}, "server", "SERVER-GPUS", "hardware", "SERVER-GPUS"),
    Trouble({"kind": "psu-lost", "value": "PSU.Slot.1"}, "server", "POWER-SUPPLIES", "hardware", "PSU.Slot.1"),
    Trouble({"kind": "package-refused", "value": "doca-*"}, "host", "", "stack", "doca-ofed (Depends: "),
)
SERVERS = ("gpu01", "gpu02", "gpu03", "gpu04")
"""Where servers' faults are planted: those that have GPUs."""


class Rack:
    """A site, its twin, and the command."""

    def __init__(self, place: Path, dice: random.Random, *, bare: bool) -> None:
        self.site = place / "site"
        self.dice = dice
        self.state = self.site / ".rackwright"
        self.env = dict(os.environ)
        shutil.copytree(ROOT / "inventory/xe9680-spectrum-x", self.site, ignore=shutil.ignore_patterns(".rackwright"))
        old = dice.sample(SERVERS, dice.randint(0, 2))
        words = [word for name in old for word in ("--old", name)]
        self.more: list[str] = []
        self.killed = 0
        disks, rate = ("bare", BARE_RATE) if bare else ("installed", RATE)
        self.ask(
            "twin", "up", self.site, "--detach", "--rate", str(rate), "--bmcs", "planned", "--hosts", disks, *words
        )
        if bare:
            self._serve()

    def _serve(self):
        """Have installers served beside each bring-up, with stand-ins for what Ubuntu's ISO brings, as the demo has."""
        boot = self.state / "twin" / "boot"
        boot.mkdir()
        for name in ("vmlinuz", "initrd", "bootx64.efi"):
            (boot / name).write_text("a stand-in")
        for secret in (self.state / "twin" / "secrets").iterdir():
            self.env[variable(secret.name)] = secret.read_text().strip()
        # The same doors in every life: an installer at work goes on telling the one that it began with.
        tls, plain = _free_port(), _free_port()
        words = ["--listen", f"127.0.0.1:{tls}", "--http", f"127.0.0.1:{plain}", "--boot", str(boot)]
        self.more = ["--installer", "http", "--serve", shlex.join(words)]

    def ask(self, *words):
        """Run our command to its end."""
        done = subprocess.run(
            [RACKWRIGHT, *words], capture_output=True, text=True, timeout=LONGEST_S, check=False, env=self.env
        )
        assert done.returncode in (0, 1), (words, done.returncode, done.stderr[-2000:])
        return done

    def plant(self):
        """Plant up to three faults, at most one a device, and return them by device."""
        switches = sorted(process.request(self.state, {"op": "status"})["devices"])
        found = {}
        for trouble in self.dice.sample(TROUBLES, self.dice.randint(0, 3)):
            device = self.dice.choice(switches if trouble.on == "switch" else SERVERS)
            if device not in found:
                process.request(self.state, {"op": "fault", "device": device, **trouble.row})
                found[device] = trouble
        return found

    def resumed(self):
        """Return what goes on with a bring-up that was killed; one that had not begun, or had ended, is begun anew."""
        return ["--resume"] if interrupted(self.state) else []

    def bring(self, *, kills):
        """Bring the rack up, killed ``kills`` times at random moments and resumed; return the exit code of the end."""
        words = [RACKWRIGHT, "bringup", self.site, "--twin", "--yes", "--allow-disruption", "--quiet", *self.more]
        for number in range(kills):
            again = self.resumed() if number else []
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            with subprocess.Popen([*words, *again], **quiet, env=self.env) as child:
                until = time.monotonic() + self.dice.uniform(0.5, 40)
                while child.poll() is None and time.monotonic() < until:
                    time.sleep(0.05)
                if child.poll() is None:
                    child.send_signal(signal.SIGKILL)
                    self.killed += 1
        done = self.ask(*words[1:], *(self.resumed() if kills else []))
        # A bring-up that failed says why in its record; one that could not begin, or broke, says it here alone.
        assert "error:" not in done.stderr, done.stderr[-2000:]
        return done.returncode

    def records(self):
        """Return the records of all runs, the newest last."""
        return [json.loads(path.read_text()) for path in sorted(self.state.glob("runs/*/record/record.json"))]

    def record(self):
        """Return the newest record."""
        return self.records()[-1]

    def begun_again(self):
        """Return by device how often a restart was begun anew, since a kill fell into its step."""
        begun = Counter()
        for path in self.state.glob("runs/*/events.jsonl"):
            for event in map(json.loads, path.read_text().splitlines()):
                if event["kind"] == "step" and event["fields"]["state"] == "begun" and RESTART.search(event["text"]):
                    begun[path, event["subject"], event["text"]] += 1
        found = Counter()
        for (_, task, _), count in begun.items():
            found[task.partition("/")[2]] += count - 1
        return found

    def steps(self, switch):
        """Return how many applies the first order of a switch has."""
        paths = self.state.glob(f"runs/*/orders/*/{switch}-*.json")
        first = min(paths, key=lambda path: path.stat().st_mtime_ns)
        return len(decode(first.read_bytes()).of[switch].changes.steps)

    def deeds(self, op, device):
        """Return what was really done to a switch, a BMC or a host, as its twin wrote it down."""
        return process.request(self.state, {"op": op, "device": device})["deeds"]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_every_run_ends_as_it_must(seed, tmp_path):
    """Over faults and kills a device was accepted that must not be, lost, done twice, or failed for another reason than the planted one."""
    dice = random.Random(seed)
    # Of dice of their own, so that a seed plants what it always did; the single round of a usual run (seed 0) installs nothing.
    rack = Rack(tmp_path, dice, bare=bool(seed) and random.Random(f"bare {seed}").random() < BARE)
    try:
        planted = rack.plant()
        kills = dice.choice((0, 1, 1, 2, 3))
        code = rack.bring(kills=kills)
        rounds = 1
        lasting = {device: trouble for device, trouble in planted.items() if trouble.stage}
        # A bring-up serves its installers itself: one that asks for its seed while that is dead waits for an operator.
        passing = len(planted) > len(lasting) or bool(rack.more and rack.killed)
        while code and rounds < ROUNDS and passing and _open(rack) - set(lasting):
            code = rack.bring(kills=0)
            rounds += 1
        story = (seed, kills, {device: trouble.row for device, trouble in planted.items()})
        _judge_record(rack.record(), lasting, story)
        _judge_switches(rack, story)
        _judge_servers(rack, lasting, story)
    finally:
        rack.ask("twin", "down", rack.site)


def _free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def _open(rack):
    return {one["device"] for one in rack.record()["devices"] if one["verdict"] != "accepted"}


def _judge_record(record, lasting, story):
    """Accepted are all but those with a lasting fault, and these failed for it; every task is told of."""
    verdicts = {one["device"]: one["verdict"] for one in record["devices"]}
    assert {name for name, verdict in verdicts.items() if verdict != "accepted"} == set(lasting), (story, verdicts)
    for device, trouble in lasting.items():
        tasks = next(one["tasks"] for one in record["devices"] if one["device"] == device)
        (failed,) = [task for task in tasks if task["state"] == "failed"]
        assert failed["stage"] == trouble.stage, (story, device, failed)
        assert trouble.cause in failed["cause"], (story, device, failed)
        found = {(one["check"], one["subject"]) for one in failed.get("findings", ()) if one["status"] == "fail"}
        assert found == ({(trouble.check, device)} if trouble.check else set()), (story, device, failed)
    for device in record["devices"]:
        assert all(task["state"] in {"done", "unchanged", "failed", "skipped"} for task in device["tasks"]), story
        assert len(device["tasks"]) >= 3, (story, device["device"])


def _judge_switches(rack, story):
    """Every switch is there, and got each configuration of its push once: again only where it had lost it by itself."""
    for name, one in process.request(rack.state, {"op": "status"})["devices"].items():
        assert one["powered"], (story, name)
        # What a fault takes away it gives back within two minutes of the twin's clock: that is over by now.
        assert one["ssh"], (story, name)
        assert one["nvued"], (story, name)
        assert one["api"], (story, name)
        assert not one["busy"], (story, name)
        assert one["saved"], (story, name)
        deeds = rack.deeds("switch", name)
        held = []
        for deed in deeds:
            if deed["kind"] == "applied":
                assert deed["digest"] not in held, (story, name, deeds)
                held.append(deed["digest"])
            else:
                # It went back, or booted: what it has now it has not lost.
                held = held[: held.index(deed["digest"]) + 1] if deed["digest"] in held else []
        assert len(held) == rack.steps(name), (story, name, deeds)


def _with_ended_sessions(rack):
    """Return how the twin stands; after a kill, once the BMCs have ended by their own timeout what a killed process could not."""
    until = time.monotonic() + (TIMEOUT_S if rack.killed else 0)
    while True:
        status = process.request(rack.state, {"op": "status"})
        if time.monotonic() >= until or not any(one["sessions"] for one in status["bmcs"].values()):
            return status
        time.sleep(1)


def _judge_servers(rack, lasting, story):
    """Nothing was flashed or installed twice, nothing restarted more often than was told, and everything can be reached."""
    status = _with_ended_sessions(rack)
    for name, one in status["bmcs"].items():
        if one["state"] == "not asked yet":
            # Of a server that failed before anybody came to its card.
            assert name.partition(".")[0] in lasting, (story, name)
            continue
        assert (one["state"], one["power"], one["sessions"]) in {("up", "On", 0), ("up", "", 0)}, (story, name, one)
        flashed = Counter(deed["what"] for deed in rack.deeds("bmc", name) if deed["kind"] == "flash")
        assert set(flashed.values()) <= {1}, (story, name, flashed)
    doors = {one["device"]: one for one in json.loads((rack.state / "twin.json").read_text())["hosts"]}
    told = Counter()
    for record in rack.records():
        for device in record["devices"]:
            told[device["device"]] += sum(task.get("restarts", 0) for task in device["tasks"])
    again = rack.begun_again()
    for name in status["hosts"]:
        deeds = rack.deeds("host", name)
        done = Counter((deed["kind"], deed["what"]) for deed in deeds)
        twice = [key for key, count in done.items() if key[0] in {"install", "package", "flash"} and count > 1]
        assert not twice, (story, name, twice)
        installs = sum(deed["kind"] == "install" for deed in deeds)
        if rack.more and name in lasting and lasting[name].stage == "hardware":
            assert status["hosts"][name]["state"] == "bare", (story, name)
            continue
        with socket.create_connection((doors[name]["host"], doors[name]["ssh_port"]), timeout=10) as wire:
            assert wire.recv(4) == b"SSH-", (story, name)
        # A restart takes place before its step is journalled: one that a kill fell into is begun again, and may be asked for again.
        boots = sum(deed["kind"] == "boot" for deed in deeds)
        assert boots - installs <= told[name] + again[name], (story, name, boots, told[name], again[name], deeds)
