"""Start Ubuntu's installer in dry-run on a machine that is no Ubuntu; run by its own Python, never by ours.

What it asks of the machine and a container does not have is answered here: that systemd runs, which release this is, and Ubuntu's
crash reporter, of which the dry-run needs the class only.
"""

from __future__ import annotations

import os
import sys
import types

_exists = os.path.exists


def _seen(path: str) -> bool:
    return path == "/run/systemd/system" or _exists(path)


class Report(dict):
    """A crash report that keeps nothing."""

    def __getattr__(self, name: str):
        if name.startswith("add_") or name == "load":
            return lambda *_, **__: None
        raise AttributeError(name)

    def write(self, stream, *_, **__) -> None:
        """Write a line, so that there is a file."""
        stream.write(b"failed\n")


def _module(name: str, **content: object) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__dict__.update(content)
    sys.modules[name] = made
    return made


def main() -> int:
    """Run the installer's server with the words of this command line."""
    os.path.exists = _seen
    parts = {name: _module(f"apport.{name}") for name in ("crashdb", "hookutils")}
    _module("apport", Report=Report, __path__=[], **parts)
    import subiquitycore.lsb_release as release

    release.LSB_RELEASE_FILE = os.environ["RACKWRIGHT_LSB_RELEASE"]
    from subiquity.cmd.server import main as server

    return server()


if __name__ == "__main__":
    sys.exit(main())
