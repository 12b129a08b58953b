"""Kernel and initrd of the stand-in for an installer, a UEFI image of both, and an ISO that firmware boots: made once, cached."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = (
    "apt-get",
    "dpkg-deb",
    "objcopy",
    "mkfs.vfat",
    "mcopy",
    "xorrisofs",
    "busybox",
    "qemu-system-x86_64",
    "dnsmasq",
    "ip",
)
STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
IPXE = Path("/usr/lib/ipxe/ipxe.efi")
META = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_net")


def missing() -> list[str]:
    """Return what is not here and would be needed."""
    return [tool for tool in TOOLS if not shutil.which(tool)] + [
        str(path) for path in (STUB, FIRMWARE, IPXE) if not path.exists()
    ]


def run(*words: object, **more) -> str:
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, timeout=300, **more
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


@contextmanager
def alone(path: Path):
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def kernel_and_initrd() -> Path:
    """Return a folder with ``vmlinuz`` and ``initrd``; the former is Debian's cloud kernel, taken out of its package and not installed."""
    recipe = b"".join((HERE / name).read_bytes() for name in ("init.sh", "lease.sh", "media.py"))
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rackwright"
    kept.mkdir(parents=True, exist_ok=True)
    folder = kept / f"netboot-{hashlib.sha256(recipe).hexdigest()[:12]}"
    with alone(kept / f"{folder.name}.lock"):
        if not (folder / "initrd").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _make(folder, kept)
    return folder


def _make(folder: Path, kept: Path) -> None:
    tree = _package(kept)
    shutil.copyfile(next((tree / "boot").glob("vmlinuz-*")), folder / "vmlinuz")
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    (root / "modules").mkdir()
    shutil.copyfile(shutil.which("busybox"), root / "bin/busybox")
    (root / "bin/busybox").chmod(0o755)
    wanted: list[Path] = []
    for name in MODULES:
        _with_what_it_needs(tree / "lib/modules", name, wanted)
    for found in wanted:
        shutil.copyfile(found, root / "modules" / found.name)
    (root / "order").write_text("".join(f"{found.name}\n" for found in wanted))
    for source, name in (("init.sh", "init"), ("lease.sh", "lease")):
        shutil.copyfile(HERE / source, root / name)
        (root / name).chmod(0o755)
    run("sh", "-ec", f"find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 > {folder}/initrd.part", cwd=root)
    shutil.rmtree(root)
    (folder / "initrd.part").rename(folder / "initrd")


def _with_what_it_needs(tree: Path, name: str, wanted: list[Path]) -> None:
    found = next(path for path in tree.rglob("*.ko") if path.stem.replace("-", "_") == name)
    if found not in wanted:
        for other in re.search(rb"\0depends=([^\0]*)", found.read_bytes())[1].decode().split(","):
            if other:
                _with_what_it_needs(tree, other.replace("-", "_"), wanted)
        wanted.append(found)


def _package(kept: Path) -> Path:
    place = kept / "netboot-kernel"
    if not (place / "tree").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if not _depended():
            run("apt-get", "update", "-qq")
        run("apt-get", "download", "-qq", _depended(), cwd=place)
        run("dpkg-deb", "-x", next(place.glob("*.deb")), place / "part")
        (place / "part").rename(place / "tree")
    return place / "tree"


def _depended() -> str:
    lines = subprocess.run(
        ["apt-cache", "depends", META], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    return next((line.split()[-1] for line in lines if "Depends: linux-image" in line), "")


def unified(folder: Path, media: Path, words: str) -> Path:
    """Make one EFI program of kernel, initrd and the kernel's words below ``folder``; return it."""
    (folder / "words").write_text(words + "\0")
    made = folder / "bootx64.efi"
    sections = (
        ("cmdline", folder / "words", 0x30000),
        ("linux", media / "vmlinuz", 0x2000000),
        ("initrd", media / "initrd", 0x3000000),
    )
    options = [word for name, path, at in sections
               for word in ("--add-section", f".{name}={path}", "--change-section-vma", f".{name}={at:#x}")]  # fmt: skip
    run("objcopy", *options, STUB, made)
    return made


def disc(folder: Path, program: Path) -> Path:
    """Make an ISO with an El Torito system partition that holds an EFI program; return it."""
    partition = folder / "esp.img"
    size_k = program.stat().st_size // 1024 + 2048
    run("mkfs.vfat", "-C", partition, size_k)
    run("mmd", "-i", partition, "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", partition, program, "::/EFI/BOOT/BOOTX64.EFI")
    tree = folder / "tree"
    tree.mkdir()
    partition.rename(tree / "esp.img")
    made = folder / "disc.iso"
    run("xorrisofs", "-quiet", "-o", made, "-V", "STANDIN", "-e", "esp.img", "-no-emul-boot", tree)
    return made
