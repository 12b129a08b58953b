"""Ubuntu's installer in dry-run: what it is given, what it says, what it leaves.

``RACKWRIGHT_SUBIQUITY`` names a checkout of canonical/subiquity, branch ubuntu/noble, with curtin/ and probert/ in it;
``RACKWRIGHT_SUBIQUITY_PYTHON`` a Python that has what they import (the checkout's ``venv/bin/python`` when absent). Nothing of it is ours.
What a machine without systemd lacks (journal, timedatectl, transient units) is stood in for by small programs on PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from rackwright.plan.install import Install
from rackwright.render.hosts.autoinstall import Report, seed

DRIVER = Path(__file__).with_name("installing_driver.py")
LIMIT_S = 60
PROGRAMS = {
    "systemd-cat": 'while [ "${1#--}" != "$1" ]; do shift; done\nexec "$@"',
    "systemd-run": 'while [ "$1" != -- ]; do shift; done\nshift\nexec "$@"',
    "timedatectl": '[ "${1:-}" != list-timezones ] || echo Etc/UTC',
    "curtin": 'while [ "$1" != -- ]; do shift; done\nshift\necho "$*" >> "$RACKWRIGHT_IN_TARGET"',
}
RELEASE = 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=24.04\nDISTRIB_CODENAME=noble\nDISTRIB_DESCRIPTION="Ubuntu 24.04 LTS"\n'


@dataclass
class Done:
    """What one dry-run came to."""

    root: Path
    events: list[dict[str, Any]]
    told: str
    in_target: list[str]

    @property
    def last(self) -> dict[str, Any]:
        """Return the event that ended it: the first failure, or the last that there was."""
        return next((event for event in self.events if event.get("result") == "FAIL"), self.events[-1])

    @property
    def disks(self) -> list[dict[str, Any]]:
        """Return the disks that curtin was told to write on."""
        path = self.root / "var/log/installer/curtin-install/subiquity-partitioning.conf"
        actions = yaml.safe_load(path.read_text())["storage"]["config"] if path.exists() else []
        return [action for action in actions if action["type"] == "disk" and not action.get("preserve")]

    def target(self, path: str) -> str:
        """Read a file of the installed system."""
        return (self.root / path).read_text()


@dataclass
class Installer:
    """The installer, a machine as it would find it, and a folder to work in."""

    checkout: str
    machine: dict[str, Any]
    folder: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    def run(self, one: Install, token: str, *, service_tag: str | None = None) -> Done:
        """Install a host in dry-run until the installer ends or says that it failed, after which it would wait for ever."""
        heard = self.events
        ended = threading.Event()

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.append(body | {"path": self.path})
                self.send_response(200)
                self.end_headers()
                if body.get("result") == "FAIL" or body["name"].startswith("subiquity/Error/run"):
                    ended.set()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            report = Report(endpoint=f"http://127.0.0.1:{server.server_port}/progress/{token}", token=token)
            return self._played(one, report, one.service_tag if service_tag is None else service_tag, ended)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _played(self, one: Install, report: Report, tag: str, ended: threading.Event) -> Done:
        root = self.folder / "target"
        root.mkdir()
        (self.folder / "user-data").write_bytes(seed(one, report)["user-data"])
        (self.folder / "machine.json").write_text(json.dumps(self.machine))
        log = self.folder / "log"
        with log.open("wb") as stream:
            child = subprocess.Popen(self._words(root), cwd=self.checkout, env=self._around(tag), stdin=subprocess.DEVNULL,
                                     stdout=stream, stderr=stream)  # fmt: skip
            try:
                limit = time.monotonic() + LIMIT_S
                while child.poll() is None and not ended.wait(0.1) and time.monotonic() < limit:
                    pass
            finally:
                child.kill()
                child.wait()
        said = self.folder / "in-target"
        return Done(
            root, self.events, log.read_text(errors="replace"), said.read_text().splitlines() if said.exists() else []
        )

    def _words(self, root: Path) -> list[str]:
        python = os.environ.get("RACKWRIGHT_SUBIQUITY_PYTHON") or str(Path(self.checkout, "venv/bin/python"))
        return [
            python, str(DRIVER), "--dry-run", "--output-base", str(root), "--bootloader", "uefi",
            "--machine-config", str(self.folder / "machine.json"), "--autoinstall", str(self.folder / "user-data"),
            "--kernel-cmdline", "autoinstall", "--source-catalog", "examples/sources/install.yaml",
        ]  # fmt: skip

    def _around(self, tag: str) -> dict[str, str]:
        """Make the programs and files that stand in for the machine, and return the environment that finds them."""
        programs = self.folder / "bin"
        programs.mkdir()
        for name, text in PROGRAMS.items():
            path = programs / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        (self.folder / "lsb-release").write_text(RELEASE)
        (self.folder / "dmi").mkdir()
        (self.folder / "dmi/product_serial").write_text(f"{tag}\n")
        top = Path(self.checkout)
        return {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, (top, top / "probert", top / "curtin"))),
            "LANG": "C.UTF-8",
            "SUBIQUITY_REPLAY_TIMESCALE": "100",
            "RACKWRIGHT_LSB_RELEASE": str(self.folder / "lsb-release"),
            "RACKWRIGHT_DMI": str(self.folder / "dmi"),
            "RACKWRIGHT_IN_TARGET": str(self.folder / "in-target"),
        }
