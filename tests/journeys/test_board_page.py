"""The live view in a real browser: it updates by itself, fits a phone, asks nobody else, and shows no secret."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from rackwright.findings import finding
from rackwright.report.certificates import documents
from rackwright.report.records import record
from rackwright.runs import Outcome, Report
from rackwright.runs.folder import RunFolder
from rackwright.runs.redaction import Redactor
from rackwright.secrets import Secret
from rackwright.serve.board import BoardPage
from rackwright.serve.following import Following
from tests.boards import graph_of, racks_of
from tests.browser import browser, find_chromium
from tests.plans import rails

pytestmark = [pytest.mark.xdist_group("chromium")]

SERVERS = [f"gpu{number:02}" for number in range(1, 17)]
SECRET = "Tr0ub4dor-and-3"
MARKUP = "<img src=x onerror=\"document.title='owned'\">"
OUTSIDE = """[...document.querySelectorAll('body *')].filter(
  found => found.getBoundingClientRect().right > innerWidth + 1).map(found => found.tagName + '.' + found.className)"""
SMALL = """[...document.querySelectorAll('body *')].filter(found => found.firstChild && found.firstChild.nodeType == 3
  && found.firstChild.data.trim() && parseFloat(getComputedStyle(found).fontSize) < 13).map(found => found.textContent)"""
LOW = """[...document.querySelectorAll('.unit, #filter button, #close, summary')].filter(
  found => found.offsetParent && found.getBoundingClientRect().height < 38).map(found => found.textContent)"""
PALE = """(() => {
  const part = text => text.match(/[0-9.]+/g).slice(0, 3).map(Number).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = text => { const [r, g, b] = part(text); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  return [...document.querySelectorAll('.unit')].filter(found => {
    const ink = light(getComputedStyle(found).color), ground = light(getComputedStyle(found).backgroundColor);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < 4.5;
  }).map(found => found.className);
})()"""


VERDICTS = """[...document.querySelectorAll("td")].filter(cell => ["accepted", "failed"].includes(cell.textContent))
  .map(cell => { const range = document.createRange(); range.selectNodeContents(cell); return range.getBoundingClientRect().right; })"""


class Site:
    """A run that tells more when it is asked to, and a server that shows it."""

    def __init__(self, state: Path, servers=SERVERS, question="") -> None:
        self.graph = graph_of(servers, question=question)
        self.folder = RunFolder.made(
            state, b"{}", self.graph, program="bringup", version="1", engine="1", jobs=4, waves=()
        )
        self.events = self.folder.events(Redactor([Secret(SECRET)]))
        self.page = BoardPage(Following(state, lambda _names: racks_of(servers), site="demo"), poll_s=0.02)
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._up.wait(20)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self.page.application())
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        self._up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def end(self) -> None:
        self.events.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def tell(self, task, text, **fields) -> None:
        stage, _, device = task.partition("/")
        self.events.tell("task", text, task, stage=stage, device=device, **fields)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    program = find_chromium()
    if program is None:
        missing = "Chromium is not here: scripts/apt-packages.sh installs it"
        if os.environ.get("CI") or os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    with browser(program, tmp_path_factory.mktemp("chromium")) as made:
        yield made


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path / ".rackwright")
    yield made
    made.end()


def becomes(page, expression, wanted, patience_s=10.0):
    """Wait until the page says what it should."""
    end = time.monotonic() + patience_s
    while (found := page.evaluate(expression)) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    assert found == wanted


def opened(page, site, width, **options):
    page.go(f"{site.url}?token={site.page.token}", width, **options)
    becomes(page, "document.querySelectorAll('.unit').length", len(SERVERS))


def test_the_page_follows_the_run_by_itself(page, site):
    """A server that fails is seen to fail, with its reason, without a reload; the token is out of the address bar."""
    opened(page, site, 1440)
    assert page.evaluate("location.href") == site.url
    assert "token" not in page.evaluate("document.documentElement.outerHTML")
    assert page.evaluate("document.querySelectorAll('.rack').length") == 2
    site.tell("bmc/gpu03", "begins")
    becomes(page, "document.querySelector('.unit.running .who span')?.textContent", "gpu03")
    site.tell("bmc/gpu03", "failed", cause="no answer", remedy="look at its cable\nlook at its power")
    told = "gpu03 at bmc: no answer\nremedy: look at its cable\nremedy: look at its power"
    becomes(page, "document.querySelector('#failed li')?.innerText", told)
    becomes(page, "document.querySelector('.unit.failed .mark')?.textContent", "BM !")
    becomes(page, "document.querySelectorAll('.unit.running').length", 0)
    assert page.complaints == []


@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (1440, False), (1440, True)])
def test_the_page_is_readable_in_the_aisle(page, site, width, dark, tmp_path):
    """At 390 px nothing is cut off, nothing is smaller than 13 px, what is touched is high enough, text stands out."""
    for at, state in enumerate(("done", "unchanged", "failed", "skipped", "waived", "cancelled", "begins")):
        site.tell(f"bmc/{SERVERS[at]}", "begins")
        site.tell(f"bmc/{SERVERS[at]}", state, cause="a long cause without any end " * 6 if state == "failed" else "")
    opened(page, site, width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate(PALE) == []
    if width < 600:
        assert page.evaluate(LOW) == []
    page.screenshot(tmp_path / "board.png")
    assert (tmp_path / "board.png").stat().st_size > 10_000


def test_a_record_says_on_a_phone_who_is_accepted(page, tmp_path):
    """At 390 px the verdict of every device stands there whole, without a finger."""
    plan = rails(spines=2)
    names = [device.name for device in plan.devices if device.role == "server"]
    graph = graph_of(names)
    failed = {f"accept/{names[0]}": Outcome(subject="", state="failed", cause="a long cause without any end " * 6)}
    outcomes = {task.name: Outcome(subject=task.name, state="done") for task in graph.tasks} | failed
    report = Report(run="r", program="bringup", state="failed", outcomes=outcomes, gates={})
    for name, data in documents(record(plan, graph, report, (), tmp_path, run="r", who="me"), signed=False):
        path = tmp_path / "record" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    pages = [tmp_path / "record/index.html", *sorted(tmp_path.glob("record/racks/*.html"))]
    assert len(pages) > 1
    for path in pages:
        page.go(path.as_uri(), 390)
        edges = page.evaluate(VERDICTS)
        assert edges, path.name
        assert max(edges) <= 390, path.name
    page.screenshot(tmp_path / "record.png")


def test_one_server_can_be_looked_into(page, site):
    """A touch on it opens its tasks, findings and log, which go on by themselves; its close button closes them."""
    site.tell("bmc/gpu01", "begins")
    site.tell("bmc/gpu01", "failed", cause="no answer", remedy="look at its cable")
    opened(page, site, 390)
    page.evaluate("document.querySelector('.unit.failed').click()")
    becomes(page, "document.querySelector('#device').open", True)
    assert "remedy: look at its cable" in page.evaluate("document.querySelector('#device-body')?.textContent")
    site.tell("bmc/gpu01", "begins")
    becomes(page, "document.querySelector('#device-name')?.textContent", "gpu01: at work")
    page.evaluate("document.querySelector('#close').click()")
    becomes(page, "document.querySelector('#device').open", False)


@pytest.mark.parametrize(("name", "head"), [("gpu05", "gpu05: firmware comes next"), ("gpu06", "gpu06: not begun")])
def test_a_server_between_two_stages_is_headed_by_what_comes_next(page, site, name, head):
    """A server whose firmware was done was headed "not begun"."""
    for task in ("bmc/gpu05", "hardware/gpu05"):
        site.tell(task, "begins")
        site.tell(task, "done")
    opened(page, site, 390)
    page.evaluate(
        f"[...document.querySelectorAll('.unit')].find(unit => unit.textContent.startsWith('{name}')).click()"
    )
    becomes(page, "document.querySelector('#device').open", True)
    assert page.evaluate("document.querySelector('#device-name').textContent") == head


def test_servers_are_found_by_name_and_state(page, site):
    """In a hall of a thousand, one is found by its name, and those that failed alone."""
    site.tell("bmc/gpu05", "failed", cause="no")
    opened(page, site, 1440)
    becomes(page, "document.querySelectorAll('.unit.failed').length", 1)
    page.evaluate("document.querySelector('[data-filter=failed]').click()")
    shown = "[...document.querySelectorAll('.unit')].filter(one => one.offsetParent).map(one => one.stand.name).join()"
    assert page.evaluate(shown) == "gpu05"
    page.evaluate("document.querySelector('[data-filter=all]').click()")
    page.evaluate(
        "(() => { const box = document.querySelector('#find'); box.value = 'GPU1'; box.dispatchEvent(new Event('input')); })()"
    )
    assert sorted(page.evaluate(shown).split(",")) == [f"gpu{number}" for number in range(10, 17)]


def test_a_hall_is_folded_into_its_racks(page, tmp_path):
    """With many racks each says in a line how it is, on a phone too; the one with what is looked for unfolds."""
    names = [f"node{number:04}" for number in range(400)]
    site = Site(tmp_path / ".rackwright", names)
    try:
        site.tell("bmc/node0123", "failed", cause="no answer")
        page.go(f"{site.url}?token={site.page.token}", 390)
        becomes(page, "document.querySelectorAll('.unit').length", 400)
        assert page.evaluate("document.querySelectorAll('.rack[open]').length") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate(OUTSIDE) == []
        becomes(page, "document.querySelector('.rack.wrong summary').textContent", "r16 0/8, 1 failed....!...")
        page.evaluate("document.querySelector('[data-filter=failed]').click()")
        assert page.evaluate("document.querySelectorAll('.rack[open]').length") == 1
        page.evaluate("document.querySelector('[data-filter=all]').click()")
        assert page.evaluate("document.querySelectorAll('.rack[open]').length") == 0
    finally:
        site.end()


def test_nothing_is_asked_of_anybody_else(page, site):
    """Every request goes to this server, and none of its style or script is refused by its own policy."""
    opened(page, site, 1440)
    page.evaluate("document.querySelector('.unit').click()")
    becomes(page, "document.querySelector('#device').open", True)
    assert {url.split("?")[0].removeprefix(site.url) for url in page.requests} == {"", "events", "devices/gpu08"}
    assert page.complaints == []


def test_a_wrong_token_shows_nothing(page, site):
    """Neither the page nor what is behind it."""
    page.call("Network.clearBrowserCookies")
    page.go(f"{site.url}?token=wrong", 390)
    text = page.evaluate("document.body.textContent")
    assert "whoever has its token" in text
    assert "gpu" not in text
    assert page.evaluate("fetch('/state').then(answer => answer.status)") == 403


def test_what_devices_say_is_text(page, site):
    """Markup in a cause, a note or a finding is shown as it is and does nothing; a secret is not shown at all."""
    opened(page, site, 1440)
    one = msgspec.to_builtins(finding("a", "gpu01", MARKUP, remedy=MARKUP))
    site.events.tell("note", f"{MARKUP} {SECRET}", "bmc/gpu01", findings=[one], password=SECRET)
    site.tell("bmc/gpu01", "failed", cause=MARKUP)
    becomes(page, f"document.querySelector('#failed li')?.textContent.includes({MARKUP!r})", True)
    page.evaluate("document.querySelector('.unit.failed').click()")
    becomes(page, "document.querySelector('#device').open", True)
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.title") != "owned"
    assert SECRET not in page.evaluate("document.documentElement.outerHTML")
    assert SECRET not in page.evaluate("fetch('/state').then(answer => answer.text())")


def test_what_a_former_try_found_goes_from_the_page(page, site):
    """A cable is mended and its task tried again: its finding goes without a reload, and others stay."""
    opened(page, site, 1440)
    for device in ("gpu01", "gpu02"):
        one = msgspec.to_builtins(finding("a", device, "wrong", remedy="mend it"))
        site.events.tell("note", "1 finding", f"bmc/{device}", findings=[one])
    becomes(page, "document.querySelector('#findings-count').textContent", "2")
    site.tell("bmc/gpu01", "begins")
    becomes(page, "document.querySelector('#findings-count').textContent", "1")
    assert page.evaluate("document.querySelector('#findings').textContent.includes('gpu01')") is False
    site.tell("bmc/gpu02", "begins")
    becomes(page, "document.querySelector('#no-findings').hidden", False)
    assert page.complaints == []


def test_a_question_says_how_it_is_answered(page, tmp_path):
    """Whoever stands in the aisle sees that the run waits for a person."""
    site = Site(tmp_path / ".rackwright", question="cables checked?")
    try:
        site.tell("bmc/gate", "begins")
        opened(page, site, 390)
        becomes(page, "document.querySelector('#state')?.textContent", "waits for you")
        assert "rackwright bringup --approve bmc/gate" in page.evaluate("document.querySelector('#asks')?.textContent")
    finally:
        site.end()
