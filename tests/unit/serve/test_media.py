"""Media for hosts: a seed ISO and a remastered stock ISO, read back by programs of others."""

from __future__ import annotations

import stat

import pytest

from rackwright.errors import ServeError
from rackwright.render.hosts.autoinstall import SEED, seed
from rackwright.serve import media
from tests.installs import REPORT, install
from tests.journeys.test_foreign_tools import run

STOCK = """set timeout=30
menuentry "Try or Install Ubuntu Server" {
\tset gfxpayload=keep
\tlinux\t/casper/vmlinuz  ---
\tinitrd\t/casper/initrd
}
menuentry "Ubuntu Server with the HWE kernel" {
\tlinux\t/casper/hwe-vmlinuz quiet ---
\tinitrd\t/casper/hwe-initrd
}
"""


@pytest.fixture
def stock(tmp_path):
    """A small ISO laid out as Ubuntu's: GRUB's configuration, a kernel, an EFI boot image in the El Torito catalog."""
    tree = tmp_path / "tree"
    for path, text in {
        "boot/grub/grub.cfg": STOCK, "casper/vmlinuz": "kernel", "casper/initrd": "initrd",
        ".disk/info": "a self-made stand-in", "EFI/boot/efi.img": "\0" * 65536,
    }.items():  # fmt: skip
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    made = tmp_path / "stock.iso"
    done = run(
        "xorriso", "-as", "mkisofs", "-quiet", "-V", "Ubuntu-Server 24.04", "-r", "-J", "-e", "EFI/boot/efi.img", "-no-emul-boot",
        "-o", made, tree,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return made


def read(iso, place, folder) -> str:
    """Read one file out of an ISO with xorriso."""
    out = folder / place.strip("/").replace("/", "-")
    done = run("xorriso", "-no_rc", "-osirrox", "on", "-indev", iso, "-extract", place, out)
    assert done.returncode == 0, done.stderr
    return out.read_text()


def test_a_seed_iso_is_what_cloud_init_looks_for(tmp_path):
    """blkid sees the label CIDATA, xorriso the three files byte for byte, and nobody else may read it."""
    files = seed(install(), REPORT)
    path = tmp_path / "media" / "gpu01-seed.iso"
    media.write_seed(path, files)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = run("blkid", "--probe", "--output", "export", path).stdout.splitlines()
    assert "LABEL=CIDATA" in told
    assert "TYPE=iso9660" in told
    for name in SEED:
        assert read(path, f"/{name}", tmp_path) == files[name].decode()


def test_a_seed_iso_has_its_names_for_every_reader(tmp_path):
    """Rock Ridge (Linux) and Joliet (others) both give the names with their dashes."""
    path = tmp_path / "seed.iso"
    media.write_seed(path, seed(install(), REPORT))
    for volume in ("nojoliet", "norock"):
        done = run("xorriso", "-no_rc", "-read_fs", volume, "-indev", path, "-find", "/", "-type", "f")
        assert sorted(done.stdout.replace("'", "").split()) == ["/meta-data", "/user-data", "/vendor-data"], volume


def test_the_stock_iso_asks_nobody(stock, tmp_path):
    """Every kernel line gets the words before ---, with the semicolon that GRUB would end the line at escaped; the rest is as it was."""
    out = tmp_path / "universal.iso"
    media.remaster(stock, out, media.universal("http://10.10.0.5"))
    words = "autoinstall ds=nocloud\\;s=http://10.10.0.5/seed/__dmi.system-serial-number__/"
    text = read(out, "/boot/grub/grub.cfg", tmp_path)
    assert f"\tlinux\t/casper/vmlinuz {words} ---" in text
    assert f"\tlinux\t/casper/hwe-vmlinuz quiet {words} ---" in text
    assert text.replace(f" {words}", "").split() == STOCK.split()
    assert read(out, "/casper/vmlinuz", tmp_path) == "kernel"
    assert read(out, "/.disk/info", tmp_path) == "a self-made stand-in"


def test_the_stock_iso_boots_as_it_did(stock, tmp_path):
    """xorriso finds the same volume label and the same EFI boot image in the El Torito catalog of both ISOs."""
    out = tmp_path / "installer.iso"
    media.remaster(stock, out, [media.AUTOINSTALL], {"/nocloud/user-data": b"#cloud-config\n"})

    def catalog(iso) -> list[str]:
        told = run("xorriso", "-no_rc", "-indev", iso, "-report_el_torito", "plain").stdout.splitlines()
        kept = [line.split() for line in told if line.startswith(("El Torito boot img", "El Torito img path"))]
        # The last word of an image's line is the block that it lies at.
        return [" ".join(words[:-1] if words[2] == "boot" else words) for words in kept]

    assert catalog(out) == catalog(stock)
    assert any("UEFI" in line for line in catalog(out))
    assert "LABEL=Ubuntu-Server 24.04" in run("blkid", "-p", "-o", "export", out).stdout.replace("\\ ", " ")
    assert read(out, "/nocloud/user-data", tmp_path) == "#cloud-config\n"
    assert "autoinstall ---" in read(out, "/boot/grub/grub.cfg", tmp_path)


def test_a_kernel_line_gets_each_word_once():
    """A stock ISO that has the word already, or no ---, gets what it lacks and no more."""
    assert media.patched("linux /casper/vmlinuz autoinstall --- quiet\n", ["autoinstall"]) == (
        "linux /casper/vmlinuz autoinstall --- quiet\n"
    )
    assert media.patched("  linux /casper/vmlinuz console=ttyS0\n", ["autoinstall"]) == (
        "  linux /casper/vmlinuz console=ttyS0 autoinstall\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("menuentry x {\n chainloader /EFI/x\n}\n", "no line of its grub.cfg starts a vmlinuz"),
        ("linux /casper/vmlinuz ds=nocloud\\;s=/cdrom/nocloud/ ---\n", "names a seed already"),
    ],
)
def test_what_is_no_stock_iso_is_refused(text, message):
    """An ISO without a live kernel, and one that was remastered before, are refused with the reason."""
    with pytest.raises(ServeError, match=message):
        media.patched(text, ["autoinstall"])


def test_a_stock_iso_that_is_not_there_is_told(stock, tmp_path, monkeypatch):
    """A missing file, the stock ISO as its own output, a file that is no ISO and a machine without xorriso are each told in a sentence."""
    with pytest.raises(ServeError, match="is not there"):
        media.remaster(tmp_path / "none.iso", tmp_path / "out.iso", ["autoinstall"])
    with pytest.raises(ServeError, match="is the stock ISO itself"):
        media.remaster(stock, stock, ["autoinstall"])
    wrong = tmp_path / "wrong.iso"
    wrong.write_bytes(b"no ISO" * 4096)
    with pytest.raises(ServeError, match="xorriso refuses: "):
        media.remaster(wrong, tmp_path / "out.iso", ["autoinstall"])
    assert not list(tmp_path.glob("*out.iso*"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServeError, match="xorriso is not installed"):
        media.remaster(stock, tmp_path / "out.iso", ["autoinstall"])
