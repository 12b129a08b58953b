"""Firmware and BIOS wishes and image catalogues: every mistake with its place, and Dell's own files read."""

import shutil
import zipfile
from pathlib import Path

import pytest

from rackwright import intent

ROOT = Path(__file__).resolve().parents[3]
BASE = (ROOT / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text()
BARE = BASE.partition("# The site's own choice")[0]
SHA = "0123456789abcdef" * 4


@pytest.fixture
def site(tmp_path):
    """Write a site with these sections and these images, and load it."""

    def write(sections="", images=None, name="images.yaml"):
        for file in ("nodes.csv", "ops.pub"):
            shutil.copy(ROOT / "inventory" / "xe9680-spectrum-x" / file, tmp_path / file)
        (tmp_path / "site.yaml").write_text(BARE.replace("groups:\n", f"{sections}\ngroups:\n", 1))
        if images is not None:
            data = images if isinstance(images, bytes) else images.encode()
            (tmp_path / name).write_bytes(data)
        return intent.load(tmp_path)

    return write


def texts(loaded):
    """Return the problems without the folder."""
    return [
        f"{Path(p.location.file).name}:{p.location.line}:{p.location.column}: {p.message}; {p.remedy}"
        for p in loaded.problems
    ]


LISTED = "firmware: {images: [images.yaml]}"


@pytest.mark.parametrize(
    ("sections", "message", "remedy"),
    [
        ("firmware: {versions: {biosx: 2.7.4}}", "'biosx' is no component of the catalog", "did you mean 'bios'?"),
        ("firmware: {versions: {bios: {xe968: 2.7.4}}}", "'xe968' is no group, server model or NIC model", "xe9680"),
        ("firmware: {versions: {bios: 7.1}}", "7.1, expected text", "quotes"),
        ("firmware: {versions: {bios: ''}}", "the version is empty", "write it"),
        ("firmware: {versions: {bios-settings: 1.0.0}}", "'bios-settings' is no component", "bios"),
        ("bios: {profiles: {gpuu: gpu-node}}", "'gpuu' is no group or server model", "did you mean 'gpu'?"),
        ("bios: {profiles: {gpu: gpunode}}", "'gpunode' is no BIOS profile", "did you mean 'gpu-node'?"),
        ("bios: {overrides: [{attribute: A, value: B}]}", "'reason' is missing", "add 'reason'"),
        ("bios: {overrides: [{attribute: A, reason: x}]}", "no value is given for A", "need: free"),
        ("bios: {overrides: [{attribute: A, value: B, reason: x, groups: [gp]}]}", "'gp' is no group", "gpu"),
        ("bios: {overrides: [{attribute: A, value: B, reason: x, models: [r66]}]}", "'r66' is no server model", "r660"),
        ("bios: {overides: []}", "unknown key 'overides'", "did you mean 'overrides'?"),
        ("firmware: {images: [nowhere.yaml]}", "there is no file 'nowhere.yaml'", "remove it here"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_told_with_place_and_remedy(site, sections, message, remedy):
    """A mistake in firmware or bios names the place in site.yaml, what is wrong and what to do."""
    (found,) = site(sections).problems
    assert found.location.file.endswith("site.yaml")
    assert (found.location.line, found.location.column) > (1, 1)
    assert message in found.message
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("entry", "message", "place"),
    [
        ("{component: boiz, version: 1.2.3, file: a.exe}", "'boiz' is no component", "boiz"),
        ("{component: bios, version: 1.2.3}", "neither a file nor a url", "{"),
        ("{component: bios, version: 1.2.3, file: /a.exe}", "leads out of the site's folder", "/a.exe"),
        ("{component: bios, version: 1.2.3, file: ../a.exe}", "leads out of the site's folder", "../a.exe"),
        ("{component: bios, version: 1.2.3, file: a.exe, sha256: abc}", "is no SHA-256", "abc"),
        (
            "{component: bios, version: 1.2.3, file: a.exe, models: [xe968]}",
            "'xe968' is no server or NIC model",
            "xe968",
        ),
        ("{component: bios, version: 1.2.3, file: a.exe, needs: {idrak: 7.0.0}}", "'idrak' is no component", "7.0.0"),
        ("{component: bios, version: 7.1, file: a.exe}", "expected text", "7.1"),
        ("{component: bios, version: 1.2.3, file: a.exe, colour: red}", "unknown key 'colour'", "colour"),
    ],
)
def test_a_wrong_image_is_told_at_its_place_in_images_yaml(site, entry, message, place):
    """A mistake in images.yaml stands at its line and column there."""
    loaded = site(LISTED, f"images:\n  - {entry}\n")
    (found,) = loaded.problems
    assert message in found.message
    assert found.location.file.endswith("images.yaml")
    assert (found.location.line, found.location.column) == (2, len("  - ") + entry.index(place) + 1)
    assert loaded.site is None


def test_an_image_is_read_whole(site):
    """Every key of an entry arrives; paths begin at the folder of the file that lists them."""
    text = (
        f"images:\n  - {{component: bios, version: 2.7.4, equal: ['2.7.04'], models: [xe9680], file: a/b.exe, sha256: {SHA.upper()},\n"
        "     needs: {idrac: 7.10.30.00}, changes: [PcieResizBar], minutes: 12}\n"
        "  - {component: cpld, version: 1.6.0, url: 'https://images.example/cpld.exe', changes: '*'}\n"
    )
    bios, cpld = site(LISTED, text).images
    assert (bios.file, bios.sha256, bios.needs, bios.changes) == (
        "a/b.exe",
        SHA,
        (("idrac", "7.10.30.00"),),
        ("PcieResizBar",),
    )
    assert (bios.equal, bios.models, bios.minutes, bios.source) == (("2.7.04",), ("xe9680",), 12, "images.yaml:2")
    assert (cpld.url, cpld.file, cpld.changes, cpld.id) == ("https://images.example/cpld.exe", "", ("*",), "cpld 1.6.0")


def test_a_package_that_no_idrac_takes_is_a_warning(site):
    """A Linux package is refused by every iDRAC: it is told before it is sent, at the file."""
    loaded = site(LISTED, f"images:\n  - {{component: bios, version: 2.7.4, file: BIOS.BIN, sha256: {SHA}}}\n")
    (found,) = loaded.problems
    assert (found.severity, found.location.line) == ("warning", 2)
    assert ".exe" in found.remedy
    assert len(loaded.images) == 1


def test_one_image_twice_with_two_hashes_is_a_problem(site):
    """Two entries for the same version and model that disagree on the file are told."""
    text = f"images:\n  - {{component: cpld, version: 1.6.0, file: a.exe, sha256: {SHA}}}\n  - {{component: cpld, version: 1.6.0, file: b.exe, sha256: {SHA[::-1]}}}\n"
    (found,) = site(LISTED, text).problems
    assert "stands in images.yaml:2 too" in found.message


def test_the_images_count_in_the_digest(site):
    """Another image is another intent."""
    one = site(LISTED, f"images:\n  - {{component: cpld, version: 1.6.0, file: a.exe, sha256: {SHA}}}\n").digest
    assert one
    assert (
        site(LISTED, f"images:\n  - {{component: cpld, version: 1.6.0, file: a.exe, sha256: {SHA[::-1]}}}\n").digest
        != one
    )


PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<SoftwareComponent schemaVersion="2.0" packageID="AAAAA" vendorVersion="2.7.4" dellVersion="2.7.4" path="F1/bios.exe" hashMD5="00">
  <Name><Display lang="en"><![CDATA[A BIOS]]></Display></Name>
  <SupportedDevices><Device componentID="159" embedded="1"><Display lang="en"><![CDATA[BIOS]]></Display></Device></SupportedDevices>
  <SupportedSystems><Brand><Display lang="en"><![CDATA[PowerEdge]]></Display>
    <Model systemID="0ABC"><Display lang="en"><![CDATA[XE9680]]></Display></Model></Brand></SupportedSystems>
</SoftwareComponent>
"""
CATALOG = f"""<?xml version="1.0" encoding="utf-16"?>
<Manifest xmlns="openmanage/cm/dm" baseLocation="repo.example/dell" version="1">
  <SoftwareBundle><Contents><Package path="x"/></Contents></SoftwareBundle>
  <SoftwareComponent vendorVersion="7.20.60.50" path="F1/idrac.EXE">
    <Cryptography><Hash algorithm="MD5">00</Hash><Hash algorithm="SHA256">{SHA.upper()}</Hash></Cryptography>
    <SupportedDevices><Device componentID="25227"><Display><![CDATA[iDRAC]]></Display></Device></SupportedDevices>
    <SupportedSystems><Brand><Model><Display><![CDATA[R660]]></Display></Model><Model><Display>PowerEdge XE9680</Display></Model></Brand></SupportedSystems>
  </SoftwareComponent>
  <SoftwareComponent vendorVersion="22.44.1036" path="F2/nic.EXE">
    <SupportedDevices><Device componentID="0"><PCIInfo vendorID="15b3" deviceID="101d" subVendorID="15B3" subDeviceID="0042"/></Device></SupportedDevices>
  </SoftwareComponent>
  <SoftwareComponent vendorVersion="1.0" path="F3/other.EXE">
    <SupportedDevices><Device componentID="159"/></SupportedDevices>
    <SupportedSystems><Brand><Model><Display><![CDATA[R6615]]></Display></Model></Brand></SupportedSystems>
  </SoftwareComponent>
  <SoftwareComponent vendorVersion="1.0" path="F4/fan.EXE"><SupportedDevices><Device componentID="99999"/></SupportedDevices></SoftwareComponent>
</Manifest>
"""


def test_a_package_tells_what_it_is_for(site):
    """package.xml of an extracted package: component by Dell's number, models by the systems' names, no hash that counts."""
    (found,) = site("firmware: {images: [package.xml]}", PACKAGE, "package.xml").images
    assert (found.component, found.version, found.models) == ("bios", "2.7.4", ("xe9680",))
    assert found.file == "F1/bios.exe"
    assert found.sha256 == ""


def test_a_package_inside_its_zip_is_read(site, tmp_path):
    """A package as zip is its own file, whatever path it has at the vendor's."""
    with zipfile.ZipFile(tmp_path / "bios.EXE", "w") as packed:
        packed.writestr("payload/package.xml", PACKAGE)
    (found,) = site("firmware: {images: [bios.EXE]}").images
    assert (found.component, found.file) == ("bios", "bios.EXE")


def test_a_catalogue_tells_of_many_packages(site):
    """Catalog.xml in UTF-16 with a namespace: what rows recognise for models that rows know, with path, URL and SHA-256."""
    loaded = site("firmware: {images: [Catalog.xml]}", CATALOG.encode("utf-16"), "Catalog.xml")
    assert loaded.problems == ()
    idrac, nic = loaded.images
    assert (idrac.component, idrac.models, idrac.sha256) == ("idrac", ("r660", "xe9680"), SHA)
    assert (idrac.file, idrac.url) == ("F1/idrac.EXE", "https://repo.example/dell/F1/idrac.EXE")
    assert (nic.component, nic.models, nic.version) == ("cx6dx-firmware", (), "22.44.1036")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "declares a document type"),
        (b"<a><b></a>", "no XML"),
        (b"", "no XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "no XML"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a/>', "no XML"),
        (b"<a>" * 100 + b"</a>" * 100, "nested deeper"),
        (b"MZ\x90\x00 a program", "no XML"),
    ],
)
def test_dangerous_or_broken_xml_is_refused(site, data, message):
    """Entities, document types, endless depth and what is no XML are a problem at the place that names the file."""
    (found,) = site("firmware: {images: [package.xml]}", data, "package.xml").problems
    assert message in found.message
    assert found.location.file.endswith("site.yaml")


def test_a_program_that_is_no_zip_is_refused(site, tmp_path):
    """A file without a package.xml in it is said to be none."""
    (tmp_path / "x.EXE").write_bytes(b"MZ")
    (found,) = site("firmware: {images: [x.EXE]}").problems
    assert "cannot be read" in found.message
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as packed:
        packed.writestr("readme", "x")
    (found,) = site("firmware: {images: [y.zip]}").problems
    assert "no package.xml" in found.message


def test_a_file_that_tells_of_nothing_known_is_a_warning(site):
    """A package for a component that no row knows leaves a warning with what to do."""
    text = PACKAGE.replace('"159"', '"99999"').replace("CDATA[BIOS]", "CDATA[Fan]")
    loaded = site("firmware: {images: [package.xml]}", text, "package.xml")
    (found,) = loaded.problems
    assert found.severity == "warning"
    assert loaded.site is not None
