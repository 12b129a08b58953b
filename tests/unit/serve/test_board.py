"""The live view over HTTP: who is let in, what is streamed, and what never is."""

import asyncio
import contextlib
import json

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from rackwright.runs.folder import RunFolder
from rackwright.serve.board import BoardPage
from rackwright.serve.following import Following, stage_times
from tests.boards import graph_of, racks_of

SERVERS = ["gpu01", "gpu02"]
TOKEN = "open-sesame"


@pytest.fixture
def state(tmp_path):
    return tmp_path / ".rackwright"


def begun(state, servers=SERVERS):
    """A run that lies there, and the way to tell more of it."""
    graph = graph_of(servers)
    folder = RunFolder.made(state, b"{}", graph, program="bringup", version="1", engine="1", jobs=4, waves=())
    return folder, folder.events()


@contextlib.asynccontextmanager
async def client(state, **options):
    """A client of the page that has no token yet."""
    page = BoardPage(
        Following(state, lambda _names: racks_of(SERVERS), site="demo"), token=TOKEN, poll_s=0.01, **options
    )
    async with TestClient(TestServer(page.application()), cookie_jar=aiohttp.CookieJar(unsafe=True)) as made:
        yield made


def run(work):
    return asyncio.run(work)


async def streamed(answer):
    """The next event of a stream: its kind and its value."""
    kind = (await answer.content.readline()).decode().removeprefix("event: ").strip()
    value = json.loads((await answer.content.readline()).decode().removeprefix("data: "))
    await answer.content.readline()
    return kind, value


async def until(answer, wanted):
    """The first event that is wanted; on a slow machine a tick may come between."""
    while True:
        kind, value = await streamed(answer)
        if wanted(value):
            return kind, value


@pytest.mark.parametrize("path", ["/", "/state", "/events", "/devices/gpu01", "/nowhere", "/?token=wrong", "/?token="])
def test_nobody_is_let_in_without_the_token(state, path):
    """Every address is shut, also those that do not exist, and the answer says nothing of the site."""

    async def work():
        async with client(state) as one:
            answer = await one.get(path)
            assert answer.status == 403
            text = await answer.text()
            assert "token" in text
            assert "demo" not in text
            assert "gpu" not in text

    run(work())


@pytest.mark.parametrize("header", [b"Authorization: Bearer \xff\xfe", b"Cookie: %s=\xff"])
def test_bytes_that_are_no_text_are_a_wrong_token_and_no_fault_of_ours(state, header):
    """Whoever knocks with rubbish gets a no, and no traceback is left in the log of the server."""

    async def work():
        async with client(state) as one:
            first = await one.get(f"/?token={TOKEN}", allow_redirects=False)
            (cookie,) = first.cookies
            reading, writing = await asyncio.open_connection("127.0.0.1", one.server.port)
            line = header.replace(b"%s", cookie.encode())
            writing.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + line + b"\r\n\r\n")
            assert (await reading.readline()).startswith(b"HTTP/1.1 403 ")
            writing.close()
            await writing.wait_closed()

    run(work())


def test_the_token_is_taken_once_and_leaves_the_address(state):
    """A browser gets a cookie that no script reads and no other site sends, and is sent to a clean address."""

    async def work():
        async with client(state) as one:
            answer = await one.get(f"/?token={TOKEN}", allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert TOKEN not in cookie
            assert (await one.get("/")).status == 200

    run(work())


def test_a_token_is_good_at_the_front_door_only(state):
    """In the address of anything else it is refused: it would stay in logs and histories."""

    async def work():
        async with client(state) as one:
            assert (await one.get(f"/state?token={TOKEN}")).status == 403
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            assert (await one.get("/state", headers=bearer)).status == 200
            assert (await one.get("/state", headers={"Authorization": "Bearer nope"})).status == 403

    run(work())


def test_nothing_can_be_changed_from_the_page(state):
    """There is no way in but GET."""

    async def work():
        async with client(state) as one:
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                answer = await one.request(method, "/state", headers={"Authorization": f"Bearer {TOKEN}"})
                assert answer.status == 405

    run(work())


def test_the_page_asks_for_nothing_from_elsewhere(state):
    """Its policy forbids it, and no address stands in it but its own."""

    async def work():
        async with client(state) as one:
            answer = await one.get(f"/?token={TOKEN}")
            policy = answer.headers["Content-Security-Policy"]
            text = await answer.text()
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "http://" not in text
            assert "https://" not in text
            assert "@" + "NONCE" not in text
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"

    run(work())


def test_what_a_run_tells_is_streamed(state):
    """First everything, then what is new, as soon as it is told."""
    _, events = begun(state)

    async def work():
        async with client(state) as one:
            await one.get(f"/?token={TOKEN}")
            answer = await one.get("/events")
            kind, value = await until(answer, lambda value: value["devices"])
            assert kind == "whole"
            assert list(value["devices"]) == SERVERS
            assert value["site"] == "demo"
            events.tell("task", "begins", "bmc/gpu02", stage="bmc", device="gpu02")
            kind, value = await until(answer, lambda value: value["devices"])
            assert kind == "news"
            assert value["devices"]["gpu02"]["state"] == "running"
            assert "gpu01" not in value["devices"]
            answer.close()

    run(work())


def test_a_newer_run_takes_the_page_over(state):
    """A page that is open shows it without being asked for anew."""
    begun(state)

    async def work():
        async with client(state) as one:
            await one.get(f"/?token={TOKEN}")
            answer = await one.get("/events")
            await until(answer, lambda value: value["devices"])
            begun(state, ["gpu01"])
            kind, value = await until(answer, lambda value: value["devices"])
            assert (kind, list(value["devices"])) == ("whole", ["gpu01"])
            answer.close()

    run(work())


def test_a_page_without_news_still_hears_that_it_is_connected(state):
    """And how long the run still takes."""
    begun(state)

    async def work():
        async with client(state, tick_s=0.05) as one:
            await one.get(f"/?token={TOKEN}")
            answer = await one.get("/events")
            kinds = [(await streamed(answer))[0] for _ in range(4)]
            assert kinds[-1] == "news"
            answer.close()

    run(work())


def test_one_device_can_be_looked_at(state):
    """Its tasks and its log; one that is none is not found."""
    _, events = begun(state)
    events.tell(
        "task", "failed", "bmc/gpu01", stage="bmc", device="gpu01", cause="no answer", remedy="look at its cable"
    )

    async def work():
        async with client(state) as one:
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            await asyncio.sleep(0.05)
            found = await (await one.get("/devices/gpu01", headers=bearer)).json()
            assert found["tasks"][0]["cause"] == "no answer"
            assert (await one.get("/devices/..%2f..%2fetc", headers=bearer)).status == 404

    run(work())


def test_an_open_page_does_not_hold_up_the_end(state):
    """Ctrl-C ends the server though pages are listening."""
    begun(state)

    async def work():
        async with client(state) as one:
            await one.get(f"/?token={TOKEN}")
            answer = await one.get("/events")
            await streamed(answer)
            async with asyncio.timeout(5):
                await one.server.close()

    run(work())


def test_pushes_are_passed_over(state):
    """A run in waves has no graph: the newest that has one is shown."""
    folder, _ = begun(state)
    RunFolder.made(state, b"{}", program="push", version="1", engine="1", jobs=1, waves=())
    following = Following(state)
    assert following.poll()
    assert following.board.run == folder.run
    assert not following.poll()


def test_earlier_runs_say_how_long_things_take(state):
    """The page of a second run knows the times of the first; the first knows none."""
    first, events = begun(state)
    assert stage_times(state, first.run) == {}
    events.tell("task", "begins", "bmc/gpu01")
    events.tell("task", "done", "bmc/gpu01")
    second, _ = begun(state)
    RunFolder.made(state, b"{}", program="push", version="1", engine="1", jobs=1, waves=())
    assert list(stage_times(state, second.run)) == ["bmc"]
    following = Following(state)
    following.poll()
    assert "bmc" not in following.estimate().unmeasured


def test_only_news_goes_on_to_others(state):
    """What was told before anybody followed is not posted again."""
    _, events = begun(state)
    events.tell("run", "begins")
    heard = []
    following = Following(state, heard=heard.append)
    following.poll()
    events.tell("note", "hello")
    following.poll()
    assert [event.text for event in heard] == ["hello"]
