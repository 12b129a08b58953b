"""Chaos: a rack is brought up over faults and kills at random moments, and every run ends as it must.

A usual run of the tests does one; ``make chaos`` does a hundred (``RACKWRIGHT_CHAOS=100``). A seed gives the same run again:
``RACKWRIGHT_CHAOS_SEED=17``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from rackwright.twin import process

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]

ROOT = Path(__file__).resolve().parents[2]
RACKWRIGHT = Path(sys.executable).parent / "rackwright"
RUNS = int(os.environ.get("RACKWRIGHT_CHAOS", "1"))
FIRST = int(os.environ.get("RACKWRIGHT_CHAOS_SEED", "0"))
RATE = 100
LONGEST_S = 500
ROUNDS = 4
"""How often an operator brings up again what failed for a reason that passes."""


class Trouble(NamedTuple):
    """A fault that may be planted."""

    row: dict
    on: str
    """``switch``, ``server``, or ``host``."""
    told: str = ""
    """What the failure of a permanent fault must say; empty: it passes by itself."""


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
    Trouble({"kind": "gpu-lost"}, "server", "GPUs"),
    Trouble({"kind": "psu-lost", "value": "PSU.Slot.1"}, "server", "power supplies"),
    Trouble({"kind": "package-refused", "value": "doca-*"}, "host", "doca"),
)
SERVERS = ("gpu01", "gpu02", "gpu03", "gpu04")
"""Where servers' faults are planted: those that have GPUs."""


class Rack:
    """A site, its twin, and the command."""

    def __init__(self, place: Path, dice: random.Random) -> None:
        self.site = place / "site"
        self.dice = dice
        self.state = self.site / ".rackwright"
        shutil.copytree(ROOT / "inventory/xe9680-spectrum-x", self.site, ignore=shutil.ignore_patterns(".rackwright"))
        old = dice.sample(SERVERS, dice.randint(0, 2))
        words = [word for name in old for word in ("--old", name)]
        self.ask("twin", "up", self.site, "--detach", "--rate", str(RATE), "--bmcs", "planned", "--installed", *words)

    def ask(self, *words):
        """Run our command to its end."""
        done = subprocess.run([RACKWRIGHT, *words], capture_output=True, text=True, timeout=LONGEST_S, check=False)
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

    def bring(self, *, kills):
        """Bring the rack up, killed ``kills`` times at random moments and resumed; return the exit code of the end."""
        words = [RACKWRIGHT, "bringup", self.site, "--twin", "--yes", "--allow-disruption", "--quiet"]
        for number in range(kills):
            again = ["--resume"] if number else []
            with subprocess.Popen([*words, *again], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
                until = time.monotonic() + self.dice.uniform(0.5, 40)
                while child.poll() is None and time.monotonic() < until:
                    time.sleep(0.05)
                if child.poll() is None:
                    child.send_signal(signal.SIGKILL)
        return self.ask(*words[1:], *(["--resume"] if kills else [])).returncode

    def record(self):
        """Return the newest record."""
        return json.loads(max(self.state.glob("runs/*/record/record.json")).read_text())

    def deeds(self, op, device):
        """Return what was really done to a BMC or a host, as its twin wrote it down."""
        return process.request(self.state, {"op": op, "device": device})["deeds"]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_every_run_ends_as_it_must(seed, tmp_path):
    """Over faults and kills a device was accepted that must not be, lost, done twice, or failed for another reason than the planted one."""
    dice = random.Random(seed)
    rack = Rack(tmp_path, dice)
    try:
        planted = rack.plant()
        kills = dice.choice((0, 1, 1, 2, 3))
        code = rack.bring(kills=kills)
        rounds = 1
        lasting = {device: trouble for device, trouble in planted.items() if trouble.told}
        while code and rounds < ROUNDS and len(planted) > len(lasting) and _open(rack) - set(lasting):
            code = rack.bring(kills=0)
            rounds += 1
        story = (seed, kills, {device: trouble.row for device, trouble in planted.items()})
        _judge_record(rack.record(), lasting, story)
        _judge_twin(rack, story)
    finally:
        rack.ask("twin", "down", rack.site)


def _open(rack):
    return {one["device"] for one in rack.record()["devices"] if one["verdict"] != "accepted"}


def _judge_record(record, lasting, story):
    """Accepted are all but those with a lasting fault, and these failed for it; every task is told of."""
    verdicts = {one["device"]: one["verdict"] for one in record["devices"]}
    assert {name for name, verdict in verdicts.items() if verdict != "accepted"} == set(lasting), (story, verdicts)
    for device, trouble in lasting.items():
        tasks = next(one["tasks"] for one in record["devices"] if one["device"] == device)
        causes = [task.get("cause", "") + str(task.get("findings", "")) for task in tasks if task["state"] == "failed"]
        assert causes, (story, device)
        assert any(trouble.told in cause for cause in causes), (story, device, causes)
    for device in record["devices"]:
        assert all(task["state"] in {"done", "unchanged", "failed", "skipped"} for task in device["tasks"]), story
        assert len(device["tasks"]) >= 3, (story, device["device"])


def _judge_twin(rack, story):
    """Nothing was flashed or installed twice, and everything can be reached."""
    status = process.request(rack.state, {"op": "status"})
    for name, one in status["devices"].items():
        assert one["powered"], (story, name)
        assert one["ssh"] or one["nvued"], (story, name)
        assert not one["busy"], (story, name)
    for name, one in status["bmcs"].items():
        assert (one["state"], one["power"], one["sessions"]) in {("up", "On", 0), ("up", "", 0)}, (story, name, one)
        flashed = Counter(deed["what"] for deed in rack.deeds("bmc", name) if deed["kind"] == "flash")
        assert set(flashed.values()) <= {1}, (story, name, flashed)
    for name in status["hosts"]:
        done = Counter((deed["kind"], deed["what"]) for deed in rack.deeds("host", name))
        twice = [key for key, count in done.items() if key[0] in {"install", "package", "flash"} and count > 1]
        assert not twice, (story, name, twice)
