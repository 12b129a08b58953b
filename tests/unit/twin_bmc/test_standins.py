"""The reference sites' images are stand-ins of the emulated rack, byte for byte those that images.yaml names."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from rackwright import intent
from rackwright.catalog.images import Image
from rackwright.errors import DocumentError
from rackwright.twin.bmc.machine.image import parse
from rackwright.twin.bmc.standins import FOLDER, make_images, stand_in

ROOT = Path(__file__).resolve().parents[3]
SITES = sorted(path.parent.name for path in (ROOT / "inventory").glob("*/images.yaml"))


@pytest.mark.parametrize("site", SITES)
def test_the_files_are_those_that_the_site_names(site, tmp_path):
    """Each image of a reference site is made in the twin's folder, with the SHA-256 of images.yaml and what the entry says in it."""
    loaded = intent.load(ROOT / "inventory" / site)
    wrong = {
        image.file: hashlib.sha256(stand_in(image, loaded.catalog)).hexdigest()
        for image in loaded.images
        if hashlib.sha256(stand_in(image, loaded.catalog)).hexdigest() != image.sha256
    }
    assert wrong == {}, "write these into images.yaml"
    made = make_images(tmp_path, loaded.images, loaded.catalog)
    assert len(made) == len(loaded.images) > 0
    for image, path in zip(loaded.images, made, strict=True):
        assert path == tmp_path / image.file
        assert image.file.startswith(FOLDER)
        assert parse(path.read_bytes()).version == image.version


def test_nothing_is_written_outside_the_twins_folder(tmp_path):
    """An image that the site has elsewhere is left alone, there or not."""
    loaded = intent.load(ROOT / "inventory" / SITES[0])
    other = msgspec.structs.replace(loaded.images[0], file="images/real.exe")
    assert make_images(tmp_path, [other], loaded.catalog) == ()
    assert list(tmp_path.iterdir()) == []


def test_another_hash_is_said(tmp_path):
    """A stand-in that is not what the site expects is no silent change of the site."""
    loaded = intent.load(ROOT / "inventory" / SITES[0])
    wrong = Image(component="bios", version="1.0.0", file=f"{FOLDER}x.bin", sha256="0" * 64)
    with pytest.raises(DocumentError, match="the stand-in for"):
        make_images(tmp_path, [wrong], loaded.catalog)


def test_made_twice_is_made_once(tmp_path):
    """What is there and right is not written again."""
    loaded = intent.load(ROOT / "inventory" / SITES[0])
    (first, *_) = make_images(tmp_path, loaded.images, loaded.catalog)
    before = first.stat().st_mtime_ns
    make_images(tmp_path, loaded.images, loaded.catalog)
    assert first.stat().st_mtime_ns == before
