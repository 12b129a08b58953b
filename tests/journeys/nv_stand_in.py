"""The `nv` of a switch that boots in a root of its own: pending and applied in a file, and it refuses what the twin's table refuses.

Each command is a process, as on a switch, so that state lives through one that is killed, and through a boot.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from rackwright.twin.engine.factory import factory
from rackwright.twin.engine.ranges import expanded
from rackwright.twin.engine.refusals import refused
from rackwright.twin.engine.trees import compare, laid_over
from rackwright.twin.texts.reading import read_document

RECORD = Path("/record")
STATE = RECORD / "nvued.json"
DIES_BEHIND = RECORD / "dies-behind"
"""The word of `nv config` behind which the first-boot script is killed, once."""


def main(words: list[str]) -> int:
    """Run one command and return its exit code."""
    with (RECORD / "calls").open("a") as calls:
        calls.write(f"nv {' '.join(words)}\n")
    if words[0] != "config":
        return 0
    state = json.loads(STATE.read_text()) if STATE.exists() else {"applied": factory(), "pending": None}
    code = config(state, *words[1:])
    STATE.write_text(json.dumps(state))
    if DIES_BEHIND.exists() and DIES_BEHIND.read_text() == words[1]:
        DIES_BEHIND.unlink()
        kill_script(os.getppid())
    return code


def config(state: dict, word: str, name: str = "") -> int:
    """Run `nv config WORD …` on the state."""
    pending = state["pending"] or state["applied"]
    if word == "detach":
        state["pending"] = None
    elif word == "patch":
        state["pending"] = laid_over(pending, tree(name))
    elif word == "replace":
        (RECORD / "replaced").write_bytes(Path(name).read_bytes())
        state["pending"] = tree(name)
    elif word == "diff":
        step = compare(state["applied"], pending)
        sys.stdout.write(f"{json.dumps(step)}\n" if step else "")
        return 1 if step else 0
    elif word == "apply":
        return applied(state, pending)
    else:
        sys.stderr.write(f"Error: nv config {word} is not known here\n")
        return 1
    return 0


def tree(name: str) -> dict:
    """Read a configuration file."""
    return expanded(read_document(Path(name).read_text(), name).tree)


def applied(state: dict, pending: dict) -> int:
    """Apply what is pending, unless NVUE would refuse it; a refused revision stays pending."""
    issues = refused(state["applied"], pending)
    if issues:
        sys.stderr.write("\n  ".join(["Invalid config [rev_id: 2]", *(issue.message for issue in issues)]) + "\n")
        return 1
    state.update(applied=pending, pending=None)
    subprocess.run(["hostname", pending["system"]["hostname"]], check=True)
    sys.stdout.write("applied [rev_id: 2]\n")
    return 0


def kill_script(pid: int) -> None:
    """End the script above this process as a power cut does."""
    while pid > 1:
        said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        above = int(said[1])
        if words[:2] == [b"/bin/bash", b"/ztp.sh"]:
            os.kill(pid, signal.SIGKILL)
        pid = above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
