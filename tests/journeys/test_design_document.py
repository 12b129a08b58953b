"""The design document in a real browser: it opens alone, fits a phone, and its pictures show what the plan says."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rackwright import catalog, intent
from rackwright import plan as planning
from rackwright.plan.model import Plan
from rackwright.render import everything, write
from tests.browser import Page, browser, find_chromium
from tests.plans import rails

pytestmark = [pytest.mark.xdist_group("chromium")]

MADE = {
    "small": lambda: rails(spines=2),
    "192 switches": lambda: rails(units=16, nodes=64, per_leaf=1, spines=64),
}
SITES = [*MADE, "xe9680-spectrum-x", "r760xa-converged", "xe9680-two-racks", "era-2-8-9-400", "rail-1024"]
LINKS = """[...document.querySelectorAll('svg[data-fabric] path[data-links]')].map(
  line => [line.closest('svg').dataset.fabric, line.dataset.kind, line.dataset.speed, +line.dataset.links]).concat(
  [...document.querySelectorAll('svg[data-fabric] g[data-inner]')].flatMap(box => box.dataset.inner.split(' ').map(
    inner => [box.closest('svg').dataset.fabric, ...inner.split(':')]).map(([a, b, c, d]) => [a, b, c, +d])))"""
BOXES = """[...document.querySelectorAll('svg[data-fabric] g[data-devices]')].flatMap(
  box => box.dataset.devices.split(' ').map(name => [box.closest('svg').dataset.fabric, name]))"""
RACKS = "[...document.querySelectorAll('svg[data-racks]')].flatMap(rack => rack.dataset.racks.split(' '))"
UNITS = """[...document.querySelectorAll('svg[data-racks] g[data-device]')].map(
  box => [box.dataset.rack, box.dataset.device, box.dataset.unit])"""
OUTSIDE = """[...document.querySelectorAll('body *')].filter(
  found => found.getBoundingClientRect().right > innerWidth + 1 && !found.closest('.scroll'))
  .map(found => found.tagName + '.' + found.className)"""
SMALL = """[...document.querySelectorAll('body *')].filter(found => !found.closest('svg') && found.firstChild
  && found.firstChild.nodeType == 3 && found.firstChild.data.trim() && parseFloat(getComputedStyle(found).fontSize) < 13)
  .map(found => found.textContent)"""
DIM = """(() => {
  const part = text => text.match(/[0-9.]+/g).slice(0, 3).map(Number).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = text => { const [r, g, b] = part(text); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return ['h1', 'p', '.soft', 'td', 'figcaption', 'dt', 'a'].filter(name => {
    const found = document.querySelector(name);
    const ink = light(getComputedStyle(found).color);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < 4.5;
  });
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator[Page]:
    program = find_chromium()
    if program is None:
        missing = "Chromium is not here: scripts/apt-packages.sh installs it"
        if os.environ.get("CI") or os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    with browser(program, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def plan_of(name: str, repository: Path) -> Plan:
    """Return the plan of a reference site, or one made by hand."""
    if name in MADE:
        return MADE[name]()
    loaded = intent.load(repository / "inventory" / name / "site.yaml")
    return planning.build(loaded.require(), None, catalog=loaded.catalog, keys=loaded.keys)[0]


@pytest.fixture(scope="module", params=SITES, ids=lambda name: name.replace(" ", "-"))
def built(request, repository, tmp_path_factory) -> tuple[Plan, Path]:
    """Build the documents of one site, of rack pages, faces and labels one each; return its plan and folder."""
    made = plan_of(request.param, repository)
    out = tmp_path_factory.mktemp("built")
    files = [file for file in everything(made, catalog=catalog.load()) if file.path.startswith(("docs", "labels"))]
    pages = {file.path.rpartition("/")[0]: file for file in files if file.path.endswith(".html")}
    top = {file.path: file for file in files if file.path.rpartition("/")[0] == "docs"}
    write((top | {file.path: file for file in pages.values()}).values(), out)
    return made, out


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_document_opens_alone_and_fits(page, built, width, dark):
    """No request but the page itself, no word on the console, no sideways scrolling, no tiny or dim text."""
    page.open(built[1] / "docs/design.html", width, dark=dark)
    assert page.complaints == []
    assert page.requests == [(built[1] / "docs/design.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate(DIM) == []


def test_a_table_scrolls_inside_its_own_box_on_a_phone(page, built):
    """On a phone the table of switches is wider than its box, and the box scrolls."""
    page.open(built[1] / "docs/design.html", 390)
    box = "document.querySelector('[aria-label=Switches]')"
    assert page.evaluate(f"{box}.scrollWidth > {box}.clientWidth")
    assert page.evaluate(f"({box}.scrollLeft = 50, {box}.scrollLeft)") == 50
    assert page.evaluate("scrollX") == 0


def test_the_fabrics_show_the_links_and_devices_of_the_plan(page, built):
    """Read from the picture: links by fabric, kind and speed, and devices by fabric, are those of the plan."""
    plan = built[0]
    page.open(built[1] / "docs/design.html", 1440)
    shown: Counter[tuple[str, str, str]] = Counter()
    for fabric, kind, speed, count in page.evaluate(LINKS):
        shown[fabric, kind, speed] += count
    assert shown == Counter((link.fabric, link.kind, f"{link.speed_gbps:g}") for link in plan.links)
    linked = {(link.fabric, end.device) for link in plan.links for end in (link.a, link.b)}
    boxes = [tuple(box) for box in page.evaluate(BOXES)]
    assert len(boxes) == len(set(boxes))
    assert set(boxes) == linked | {(switch.fabric, switch.name) for switch in plan.switches}


def test_the_racks_show_what_stands_in_them(page, built):
    """Read from the picture: every rack is drawn or stood for, and what is drawn stands where the plan says."""
    plan = built[0]
    page.open(built[1] / "docs/design.html", 1440)
    assert sorted(page.evaluate(RACKS)) == sorted(rack.name for rack in plan.racks)
    placed = {(place.rack, place.device, str(place.unit)) for place in plan.placements}
    drawn = {tuple(found) for found in page.evaluate(UNITS)}
    assert bool(drawn) == bool(placed)
    assert drawn <= placed
    racks = {rack for rack, _, _ in drawn}
    assert drawn == {found for found in placed if found[0] in racks}


def test_text_in_the_fabric_picture_stays_in_its_box(page, built):
    """No name is wider than the box it stands in, in the real typeface."""
    page.open(built[1] / "docs/design.html", 1440)
    wide = """[...document.querySelectorAll('svg[data-fabric] g.box')].flatMap(box => {
      const room = box.querySelector('rect').getBoundingClientRect();
      return [...box.querySelectorAll('text')].filter(text => {
        const found = text.getBoundingClientRect();
        return found.left < room.left - 1 || found.right > room.right + 1 || found.bottom > room.bottom + 1;
      }).map(text => text.textContent);
    })"""
    assert page.evaluate(wide) == []


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(
    "kind", ["docs/racks/*.html", "labels/*.html", "docs/faceplates/*.html", "docs/fabric.svg", "docs/racks.svg"]
)
def test_the_other_pages_open_alone_too(page, built, kind, width):
    """Rack pages, labels, faces and pictures ask for nothing, complain of nothing, and pages fit the width."""
    path = min(built[1].glob(kind))
    page.open(path, width)
    assert page.complaints == []
    assert page.requests == [path.as_uri()]
    if path.suffix == ".html":
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(OUTSIDE) == []


def test_the_document_of_a_large_site_stays_small(built):
    """Eight thousand GPUs fit into a document far below three megabytes."""
    assert (built[1] / "docs/design.html").stat().st_size < 1_000_000
