"""HTTP/1.1 as it comes from BMCs: whole, in chunks, packed, cut, endless, and what is no HTTP."""

import gzip
import select
import socket
import ssl
import threading

import pytest
from urllib3.exceptions import NewConnectionError, ProtocolError, SSLError

from rackwright.drivers.redfish.line import Endless, Headers, Line
from tests.certificates import pair

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def talk(tmp_path):
    """Return a function that serves answers, one a request, and gives a line to them and what was asked."""
    key, cert = pair(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    threads, lines = [], []

    def start(*connections, pin="", largest=1 << 20):
        listener = socket.create_server(("127.0.0.1", 0))
        asked = []

        def run():
            with listener:
                for answers in connections:
                    try:
                        with listener.accept()[0] as plain, server.wrap_socket(plain, server_side=True) as wire:
                            for answer in answers:
                                asked.append(wire.recv(1 << 16))
                                wire.sendall(answer)
                    except (ssl.SSLError, OSError):
                        continue

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        line = Line("127.0.0.1", listener.getsockname()[1], client, pin, largest)
        lines.append(line)
        return line, asked

    yield start
    for line in lines:
        line.close()
    for thread in threads:
        thread.join(5)


def get(line, target="/redfish/v1"):
    return line.ask("GET", target, None, {}, (5, 5))


def test_one_connection_for_many(talk):
    """Each request opens a connection of its own, a field is lost, or a name of one has a case."""
    line, asked = talk(
        [OK + b'Content-Length: 2\r\nETag: "a"\r\n\r\n{}', OK + b"content-length: 4\r\nX: 1\r\nx: 2\r\n\r\nnull"]
    )
    first, second = get(line), line.ask("POST", "/redfish/v1/x", b"{}", {"X-Auth-Token": "t"}, (5, 5))
    assert (first.status_code, first.content, first.headers.get("etag"), first.reason) == (200, b"{}", '"a"', "OK")
    assert (second.content, second.headers.get("X")) == (b"null", "1, 2")
    assert b"X-Auth-Token: t\r\n" in asked[1]
    assert asked[1].endswith(b"Content-Length: 2\r\n\r\n{}")
    assert b"Content-Length" not in asked[0]


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n", b"abc0123456789"),
        (OK + b"\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\n1", b"1"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b""),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(gzip.compress(b"zip", mtime=0)), gzip.compress(b"zip", mtime=0)), b"zip"),
    ],
)  # fmt: skip
def test_bodies(talk, answer, content):
    """A body in one of its forms is not read as it is."""
    assert get(talk([answer])[0]).content == content


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", OK, OK + b"Content-Length: 9\r\n\r\nshort",
        OK + b"Content-Length: -1\r\n\r\n", OK + b"no field\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", OK + b"X: 1\r\n" * 300,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    ],
)  # fmt: skip
def test_nonsense(talk, answer):
    """What is cut off or no HTTP is taken for an answer, or ends in an exception that nobody knows."""
    with pytest.raises(ProtocolError):
        get(talk([answer])[0])


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 99999\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFF\r\n", OK + b"\r\n" + b"x" * 2000,
        OK + b"X: " + b"y" * 70000, OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"0" * 5000, mtime=0),
    ],
)  # fmt: skip
def test_without_end(talk, answer):
    """An answer that is longer than any is kept in memory."""
    with pytest.raises(Endless):
        get(talk([answer], largest=1000)[0])


def test_after_it_hung_up(talk):
    """A connection that was closed in between is an error, or is written to."""
    line, asked = talk(
        [OK + b"Content-Length: 2\r\n\r\n{}"], [OK + b"Content-Length: 1\r\nConnection: close\r\n\r\n1"], [OK + b"\r\n"]
    )
    assert get(line).content == b"{}"
    for _ in range(100):
        if line._socket is not None and select.select([line._socket], [], [], 0.05)[0]:
            break
    assert get(line).content == b"1"
    assert line._socket is None
    assert get(line).content == b""
    assert len(asked) == 3


def test_what_a_link_may_hold(talk):
    """A link of a BMC puts a field of its own into our request."""
    line, asked = talk([OK + b"\r\n"])
    get(line, "/redfish/v1/a b\r\nX-Auth-Token: mine/$x?$expand=*($levels=1)")
    assert asked[0].startswith(b"GET /redfish/v1/a%20b%0D%0AX-Auth-Token:%20mine/$x?$expand=*($levels=1) HTTP/1.1\r\n")
    with pytest.raises(ProtocolError):
        line.ask("GET", "/", None, {"X-Auth-Token": "a\r\nb: c"}, (5, 5))


def test_nobody_and_another(talk):
    """Nobody there is told as a broken request, or another certificate is asked all the same."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NewConnectionError):
        get(Line("127.0.0.1", port, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    line, asked = talk([OK + b"\r\n"], pin="ab" * 32)
    with pytest.raises(SSLError, match="Fingerprints did not match"):
        get(line)
    assert asked in ([], [b""])


def test_headers():
    """A name that is not there is an exception, or a case makes another name."""
    headers = Headers({"location": "/x"})
    assert (headers.get("Location"), headers.get("LOCATION"), headers.get("none"), headers.get("none", "x")) == (
        "/x",
        "/x",
        None,
        "x",
    )


def test_a_body_where_there_is_none(talk):
    """What is sent with a 204 all the same is taken for the beginning of the next answer."""
    no_content = b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nnull"
    line, _ = talk([no_content], [OK + b"Content-Length: 2\r\n\r\n{}"])
    assert get(line).content == b""
    assert get(line).content == b"{}"
