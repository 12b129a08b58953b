"""Events to a webhook: in order, tried again, never waited for."""

import inspect
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rackwright.errors import ServeError
from rackwright.serve.webhook import Webhook
from tests.boards import said


class Receiver:
    """Somebody who takes posts, after as many refusals as he is told."""

    def __init__(self, refuses=(), moves_to=""):
        self.refuses = list(refuses)
        self.bodies = []
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(self.path)
                status = outer.refuses.pop(0) if outer.refuses else 204
                if status < 300:
                    outer.bodies.append(body)
                self.send_response(status)
                if moves_to:
                    self.send_header("Location", moves_to)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/secret-part"

    @property
    def texts(self):
        return [event["text"] for body in self.bodies for event in body["events"]]

    def end(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(autouse=True)
def directly(monkeypatch):
    """A proxy of the machine that runs the tests is not for this one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def receiver():
    made = []

    def make(**options):
        made.append(Receiver(**options))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_every_event_arrives_in_its_order(receiver):
    """Closing waits for what is still to be posted."""
    there = receiver()
    posts = Webhook(there.url)
    for number in range(500):
        posts.post(said(number, "note", str(number)))
    posts.close()
    assert there.texts == [str(number) for number in range(500)]
    assert all(body["dropped"] == 0 for body in there.bodies)


def test_a_server_that_stumbles_is_asked_again(receiver):
    """What it refused for a while arrives all the same, and is complained of once."""
    there = receiver(refuses=[503, 429, 500])
    said_so = []
    posts = Webhook(there.url, said_so.append, pauses_s=(0.01,))
    posts.post(said(1, "note", "hello"))
    while not there.bodies:
        time.sleep(0.005)
    posts.close()
    assert there.texts == ["hello"]
    assert len(said_so) == 1
    assert "secret-part" not in said_so[0]


def test_what_will_never_be_taken_is_not_tried_for_ever(receiver):
    """An address that refuses for good gets the next events all the same."""
    there, complaints = receiver(refuses=[400]), []
    posts = Webhook(there.url, complaints.append, pauses_s=(0.01,))
    posts.post(said(1, "note", "one"))
    while not there.asked:
        time.sleep(0.005)
    posts.post(said(2, "note", "two"))
    posts.close()
    assert there.texts == ["two"]
    assert complaints[-1] == "1 event was not delivered to the webhook at 127.0.0.1"


def test_nobody_is_sent_elsewhere(receiver):
    """A redirect is not followed: the address, and a token in it, are for one host."""
    other = receiver()
    there = receiver(refuses=[307], moves_to=other.url)
    posts = Webhook(there.url, pauses_s=(0.01,))
    posts.post(said(1, "note", "one"))
    posts.close()
    assert other.asked == []


def test_an_address_that_does_not_answer_holds_nobody_up():
    """Posting returns at once and closing after the time that it was given; the complaint names no path."""
    complaints = []
    posts = Webhook("http://127.0.0.1:9/hook/secret-part", complaints.append, pauses_s=(0.01,))
    begun = time.monotonic()
    for number in range(11_000):
        posts.post(said(number, "note", "x"))
    posts.close(0.2)
    assert time.monotonic() - begun < 5
    assert len(complaints) == 2
    assert "127.0.0.1" in complaints[0]
    assert complaints[1] == "11000 events were not delivered to the webhook at 127.0.0.1"
    assert "secret-part" not in complaints[0]


def test_an_address_that_hangs_holds_nobody_up():
    """A server that accepts and never answers costs the end of a run the time it was given, and not that of its request."""
    complaints = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        posts = Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/hook/secret-part", complaints.append)
        posts.post(said(1, "note", "one"))
        begun = time.monotonic()
        posts.post(said(2, "note", "two"))
        posts.close(0.1)
        assert time.monotonic() - begun < 2
    # Its thread may complain once more by now, since nobody listens there any longer.
    assert "2 events were not delivered to the webhook at 127.0.0.1" in complaints


def test_the_last_words_take_two_seconds():
    """Whoever has brought a rack up does not wait longer for somebody else's server."""
    assert inspect.signature(Webhook.close).parameters["seconds"].default <= 2


@pytest.mark.parametrize("url", ["ftp://host/x", "a-token", "http://", "file:///etc/passwd", ""])
def test_what_is_no_address_is_refused(url):
    """And not repeated: it may be a token that was pasted into the wrong place."""
    with pytest.raises(ServeError, match="is no address") as refused:
        Webhook(url)
    assert not url.strip("htp:/") or url not in str(refused.value)
