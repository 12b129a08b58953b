"""Chromium, headless, spoken to over the DevTools protocol on a pipe: no driver, no port, no package.

``--remote-debugging-pipe`` reads commands on descriptor 3 and answers on descriptor 4, each message a JSON
text that ends with a zero byte.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Page", "browser", "find_chromium"]

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-default-apps", "--no-proxy-server",
    "--disable-extensions", "--metrics-recording-only", "--remote-debugging-pipe",
)  # fmt: skip
_PATIENCE_S = 60
# Puts the two pipe ends where Chromium wants them. They are moved up first: either may be 3 or 4 itself.
_WIRE = """
import fcntl, os, sys
high = [fcntl.fcntl(int(number), fcntl.F_DUPFD_CLOEXEC, 20) for number in sys.argv[1:3]]
os.dup2(high[0], 3)
os.dup2(high[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page:
    """One tab: what it asked of the network, what it complained of, and what it can be asked."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self._events: list[dict] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params) -> dict:
        """Send one command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            found = self._read()
            if found.get("id") == self._number:
                if "error" in found:
                    raise AssertionError(f"{method}: {found['error']}")
                return found["result"]
            self._events.append(found)

    def _read(self) -> dict:
        end = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._back], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"Chromium said nothing for {_PATIENCE_S} s")
            chunk = os.read(self._back, 1 << 20)
            if not chunk:
                raise AssertionError("Chromium ended")
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)

    def open(self, path: Path, width: int, *, dark: bool = False) -> None:
        """Load a file in a window of that width and wait until it has loaded."""
        self.go(path.resolve().as_uri(), width, dark=dark)

    def go(self, url: str, width: int, *, dark: bool = False) -> None:
        """Load an address in a window of that width and wait until it has loaded."""
        # What the page before still asks for, and complains of when its server ends, is not what this one is judged by.
        self._load("about:blank")
        self._events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        self._load(url)

    def _load(self, url: str) -> None:
        self._events[:] = [event for event in self._events if event.get("method") != "Page.loadEventFired"]
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._read())

    def evaluate(self, expression: str):
        """Return the value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    @property
    def complaints(self) -> list[str]:
        """What the console got: errors, warnings, exceptions."""
        wanted = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(event["params"]) for event in self._events if event.get("method") in wanted]

    @property
    def requests(self) -> list[str]:
        """Every address that was asked for."""
        sent = (event for event in self._events if event.get("method") == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the whole page."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        path.write_bytes(base64.b64decode(found["data"]))


@contextlib.contextmanager
def browser(program: str, folder: Path) -> Iterator[Page]:
    """Run Chromium with a profile of its own and give a page in it."""
    read, to = os.pipe()
    back, write = os.pipe()

    process = subprocess.Popen(
        [sys.executable, "-S", "-c", _WIRE, str(read), str(write), program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        pass_fds=(read, write), start_new_session=True,
    )  # fmt: skip
    os.close(read)
    os.close(write)
    try:
        yield Page(to, back)
    finally:
        os.close(to)
        os.close(back)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
