"""Packages with the validated names and versions and no content but stubs, newer ones beside them, in a signed repository.

A stub leaves evidence: its postinst writes down which of them were there before it, and the kernel that ran.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

UNNAMED = {
    "doca-ofed": "2.10.0-0.7.6",  # no source gives this one (host-stack.md 2)
    "ofed-scripts": "25.01-0.6.0.1",
    "datacenter-gpu-manager-4-cuda12": "1:4.1.1-1",
    "containerd.io": "1.7.27-1",
    "chrony": "4.5-1ubuntu4.2",  # Debian's libc6 breaks those before 4.2
    "lldpd": "1.0.18-1",
    "pciutils": "1:3.10.0-2build1",
    "ethtool": "1:6.7-1build1",
    "dkms": "3.0.11-1ubuntu13",
    "linux-image-generic": "6.8.0-57.59",
    "linux-headers-generic": "6.8.0-57.59",
}
"""Versions of packages that a document names without one."""

PRESENT = frozenset({"openssh-server"})
"""Packages that the root has, and that must stay the real ones."""

TOOLS = {
    "mft": ("mst", "flint", "mlxconfig", "mlxfwmanager", "mlxfwreset"),
    "mlnx-tools": ("mlnx_qos", "ibdev2netdev", "cma_roce_tos"),
    "ofed-scripts": ("ofed_info",),
    "ibverbs-utils": ("ibv_devinfo",),
    "doca-ofed": ("dmsc", "dmsd", "doca_spcx_cc"),
    "ethtool": ("ethtool",),
    "dkms": ("dkms",),
    "nvidia-utils-{branch}": ("nvidia-smi",),
    "nvidia-fabricmanager-{branch}": ("nv-fabricmanager",),
    "datacenter-gpu-manager-4-cuda12": ("dcgmi",),
}
"""Which package brings which tool."""

PLACES = {
    "doca_spcx_cc": "opt/mellanox/doca/tools",
    "dmsc": "opt/mellanox/doca/services/dms",
    "dmsd": "opt/mellanox/doca/services/dms",
}

SERVICES = {
    "chrony": ("chrony", "/bin/sleep infinity"),
    "lldpd": ("lldpd", "/bin/sleep infinity"),
    "containerd.io": ("containerd", "/bin/sleep infinity"),
    "mlnx-ofed-kernel-utils": ("openibd", "/bin/true"),
    "nvidia-fabricmanager-{branch}": ("nvidia-fabricmanager", "/usr/bin/nv-fabricmanager"),
    "datacenter-gpu-manager-4-cuda12": ("nvidia-dcgm", "/bin/sleep infinity"),
}
"""Units that packages bring: those of Ubuntu start when they are installed, NVIDIA's do not."""

STARTED = frozenset({"chrony", "lldpd", "containerd"})

PRINTS = {
    "containerd.io": ("containerd", "containerd containerd.io {version} 05044ec0a9a75232cad458027ca83437aae3f4da")
}

FILES = {"chrony": ("etc/chrony/sources.d/README",), "lldpd": ("etc/lldpd.d/README.conf",)}
"""Files for whose folders a package is known."""

DEPENDS = {
    "linux-image-generic": ("linux-image-{abi}-generic",),
    "linux-headers-generic": ("linux-headers-{abi}-generic",),
    "mlnx-ofed-kernel-dkms": ("dkms", "mlnx-ofed-kernel-utils"),
    "mlnx-ofed-kernel-utils": ("mlnx-tools",),
    "ibverbs-utils": ("rdma-core",),
    "perftest": ("rdma-core",),
    "doca-ofed": ("mlnx-ofed-kernel-dkms", "rdma-core", "ibverbs-utils", "perftest", "mft", "ofed-scripts"),
    "nvidia-dkms-{branch}-open": ("dkms", "nvidia-kernel-common-{branch}"),
    "nvidia-driver-{branch}-open": ("nvidia-dkms-{branch}-open", "nvidia-utils-{branch}", "libnvidia-compute-{branch}"),
}
"""Which package wants which, in its own version where both have the same."""

_POSTINST = """#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
mkdir -p /var/lib/lab/evidence
{{ cat /var/lib/lab/kernel; ls /var/lib/lab/evidence; }} > /var/lib/lab/evidence.new
mv /var/lib/lab/evidence.new /var/lib/lab/evidence/{name}
{more}
"""


@dataclass
class Stub:
    """One package to be built."""

    name: str
    version: str
    depends: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    postinst: str = ""

    @property
    def word(self) -> str:
        """Return ``name=version``."""
        return f"{self.name}={self.version}"

    def build(self, folder: Path, pool: Path) -> None:
        """Build the ``.deb``."""
        place = folder / self.word.replace(":", "%3a")
        control = [
            f"Package: {self.name}",
            f"Version: {self.version}",
            "Architecture: amd64",
            "Section: misc",
            "Priority: optional",
        ]
        control += [
            "Maintainer: lab <lab@example.invalid>",
            f"Description: stub of {self.name}, nothing of its maker is in it",
        ]
        if self.depends:
            control.append(f"Depends: {', '.join(self.depends)}")
        scripts = {
            "DEBIAN/control": "\n".join([*control, ""]),
            "DEBIAN/postinst": _POSTINST.format(name=self.name, more=self.postinst),
        }
        for path, text in {**scripts, **self.files}.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text)
            if text.startswith("#!"):
                (place / path).chmod(0o755)
        words = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(place), str(pool)]
        subprocess.run(words, check=True, capture_output=True)


def stub(name: str, version: str) -> Stub:
    """Return the stub of a package: its tools, its service, what it wants, as the tables above say."""
    branch = found[1] if (found := re.search(r"nvidia-.*?-(\d{3})(?:-|$)|nscq-(\d{3})", name)) and found[1] else "570"
    key = name.replace(f"-{branch}", "-{branch}")
    files, after = dict.fromkeys(FILES.get(key, ()), "# of the package\n"), []
    for tool in TOOLS.get(key, ()):
        files[f"{PLACES.get(tool, 'usr/bin')}/{tool}"] = f'#!/bin/sh\nexec /usr/lib/lab/by-name/{tool} "$@"\n'
    if key in PRINTS:
        tool, line = PRINTS[key]
        files[f"usr/bin/{tool}"] = f"#!/bin/sh\necho {line.format(version=version.rpartition('-')[0])}\n"
    if key in SERVICES:
        unit, command = SERVICES[key]
        files[f"lib/systemd/system/{unit}.service"] = _unit(unit, command)
        if unit in STARTED:
            after.append(f"[ ! -d /run/systemd/system ] || systemctl enable --now {unit}.service")
    if image := re.fullmatch(r"linux-image-(\d.*)", name):
        files[f"boot/vmlinuz-{image[1]}"] = "a kernel\n"
    if key == "nvidia-dkms-{branch}-open":
        after.append("mkdir -p /var/lib/dkms/nvidia; rm -f /var/lib/dkms/nvidia/built-*")
        after.append("if dpkg-query -W mlnx-ofed-kernel-dkms >/dev/null 2>&1; then with=against; else with=without; fi")
        after.append("uname -r > /var/lib/dkms/nvidia/built-$with-ofed")
    abi = version.rpartition(".")[0]
    depends = tuple(
        wanted.format(branch=branch, abi=abi) + (f" (= {version})" if _alike(name, wanted) else "")
        for wanted in DEPENDS.get(key, ())
    )
    return Stub(name, version, depends, files, "\n".join(after))


def _alike(name: str, wanted: str) -> bool:
    """Say whether two packages are of one source and have one version."""
    return any(name.startswith(word) and wanted.startswith(word) for word in ("nvidia-", "linux-", "mlnx-ofed")) or (
        name.startswith("nvidia-") and wanted.startswith("libnvidia-compute")
    )


def _unit(name: str, command: str) -> str:
    return (
        f"[Unit]\nDescription={name} (stub)\n[Service]\nType={'oneshot' if command.endswith('true') else 'exec'}\n"
        f"RemainAfterExit={'yes' if command.endswith('true') else 'no'}\nExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"
    )


def decoy(name: str, version: str) -> tuple[str, str]:
    """Return a newer version of a package, and its name, which holds the version for a kernel."""
    if "linux-" in name:
        return re.sub(r"6\.8\.0-\d+", "6.8.0-90", name), re.sub(r"6\.8\.0-\d+\.\d+", "6.8.0-90.91", version)
    epoch, colon, rest = version.rpartition(":")
    return name, epoch + colon + re.sub(r"\d+", lambda found: str(int(found[0]) + 1), rest, count=1)


def named(documents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return every package that documents of hosts name, with the version that it shall have."""
    words = [word for document in documents for step in document["rackwright"]["packages"].values() for word in step]
    parts = (word.partition("=") for word in words)
    return {name: version or UNNAMED.get(name, "1.0-1") for name, _, version in parts if name not in PRESENT}


def pinned(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the packages of documents whose version is told, by itself or by a preference; the others are the repository's."""
    found = set()
    for document in documents:
        host = document["rackwright"]
        patterns = [pattern for pin in host["pins"] if pin["pin"].startswith("version") for pattern in pin["packages"]]
        for name, _, version in (word.partition("=") for step in host["packages"].values() for word in step):
            if version or any(fnmatch(name, pattern) for pattern in patterns):
                found.add(name)
    return found


def stubs(documents: Iterable[Mapping[str, Any]], *, decoys: bool = True) -> list[Stub]:
    """Return stubs of what documents name, and newer ones of what they pin."""
    documents = list(documents)
    packages, pins = named(documents), pinned(documents)
    made = {one.word: one for name, version in packages.items() for one in [stub(name, version)]}
    for name in sorted(pins) if decoys else ():
        made.setdefault("=".join(decoy(name, packages[name])), stub(*decoy(name, packages[name])))
    return list(made.values())


class Repository:
    """A folder of packages that apt trusts, and a server for it."""

    def __init__(self, folder: Path, packages: Iterable[Stub]) -> None:
        """Build the packages and sign the index."""
        self.folder = folder / "repository"
        self.folder.mkdir(parents=True)
        for one in packages:
            one.build(folder / "build", self.folder)
        shutil.rmtree(folder / "build")
        self._home = folder / "keys"
        self._home.mkdir(mode=0o700)
        try:
            self._gpg(
                "--batch",
                "--passphrase",
                "",
                "--quick-generate-key",
                "lab <lab@example.invalid>",
                "ed25519",
                "sign",
                "never",
            )
            self.key = self._gpg("--armor", "--export")
            (self.folder / "key.asc").write_text(self.key)
            self.index()
        finally:
            subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "all"], check=False, capture_output=True)

    def index(self) -> None:
        """Write and sign the index of what is in the folder now."""
        for name in ("Packages", "Release", "InRelease"):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / "Packages").write_text(self._run("apt-ftparchive", "packages", "."))
        release = ["-o", "APT::FTPArchive::Release::Suite=noble", "-o", "APT::FTPArchive::Release::Label=lab"]
        (self.folder / "Release").write_text(self._run("apt-ftparchive", *release, "release", "."))
        self._gpg("--clearsign", "--output", str(self.folder / "InRelease"), str(self.folder / "Release"))

    def without(self, name: str) -> None:
        """Take a package out of it."""
        for path in self.folder.glob(f"{name}_*.deb"):
            path.unlink()
        try:
            self.index()
        finally:
            subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "all"], check=False, capture_output=True)

    def _gpg(self, *words: str) -> str:
        return self._run("gpg", "--homedir", str(self._home), "--quiet", "--yes", *words)

    def _run(self, *words: str) -> str:
        return subprocess.run(words, cwd=self.folder, check=True, capture_output=True, text=True).stdout


class Server:
    """Serves a repository over HTTP; what was asked is kept, and it can be away."""

    def __init__(self, repository: Repository, address: str) -> None:
        """Listen on an address, on a port that is free."""
        self.asked: list[str] = []
        self.away = False
        server = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                if server.away:
                    self.send_error(503)
                else:
                    super().do_GET()

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((address, 0), partial(Handler, directory=str(repository.folder)))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://{address}:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
