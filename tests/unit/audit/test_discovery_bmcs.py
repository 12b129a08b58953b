"""BMCs on a range of addresses: what they tell anybody, matched with nodes.csv."""

import json
import socket
import ssl
import threading
from pathlib import Path

import msgspec
import pytest

from rackwright.audit.discovery import controllers
from rackwright.drivers.redfish.probing import Root, probe, probed
from rackwright.plan import workspace
from tests.certificates import pair

SITE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-two-racks"


@pytest.fixture(scope="module")
def plan():
    return workspace.planned(workspace.open_site(SITE)).plan


def without(plan, name, *, serial=True, macs=True):
    """Return the plan with a machine of which nodes.csv tells less."""
    devices = [
        device
        if device.name != name
        else msgspec.structs.replace(
            device, serial=device.serial if serial else "", macs=device.macs if macs else ()
        )
        for device in plan.devices
    ]  # fmt: skip
    return msgspec.structs.replace(plan, devices=tuple(devices))


def root(plan, name, host="10.10.0.23", **other):
    device = next(one for one in plan.devices if one.name == name)
    told = {"service_tag": device.serial, "mac": dict(device.macs)["bmc"], "fingerprint": "ab" * 32, **other}
    return Root(host=host, vendor="Dell", product="iDRAC", **told)


def test_tag_by_mac_and_mac_by_tag(plan):
    """A tag whose BMC's MAC is known is not found, nor a MAC whose tag is."""
    found = controllers(without(plan, "gpu01", serial=False), [root(plan, "gpu01")])
    assert found.wishes["gpu01"]["service_tag"] == "5H0G6D4"
    found = controllers(without(plan, "gpu01", macs=False), [root(plan, "gpu01")])
    assert found.wishes["gpu01"]["bmc"] == "02:44:d5:ed:a5:de"
    assert not found.unclear
    assert "gpu02" in found.silent
    assert "gpu01" not in found.silent


def test_swapped(plan):
    """Two machines in each other's place are written down as if they were right."""
    other = root(plan, "gpu02")
    found = controllers(plan, [root(plan, "gpu01", mac=other.mac)])
    assert not found.wishes
    assert "gpu01" in found.unclear[0].text
    assert "gpu02" in found.unclear[0].text


def test_unknown(plan):
    """A BMC that nodes.csv does not know is given a name by its address."""
    found = controllers(plan, [root(plan, "gpu01", service_tag="NOBODY1", mac="02:00:00:00:00:99")])
    assert not found.wishes
    assert "gpu01 is planned at this address" in found.unclear[0].text


def test_twice_and_elsewhere(plan):
    """One machine at two addresses, or at another's, is passed over."""
    found = controllers(plan, [root(plan, "gpu01", host="10.10.0.25"), root(plan, "gpu01", host="10.10.3.1")])
    texts = [one.text for one in found.unclear]
    assert any("planned for gpu02" in text for text in texts)
    assert any("answers at 10.10.0.25 too" in text for text in texts)


@pytest.fixture
def service(tmp_path):
    """Return a function that answers one request with given bytes over TLS, and gives its port."""
    key, cert = pair(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    threads = []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))

        def once():
            with listener, listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as stream:
                stream.recv(4096)
                stream.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        threads.append(thread)
        return listener.getsockname()[1]

    yield start
    for thread in threads:
        thread.join(5)


ROOT = {
    "RedfishVersion": "1.18.0", "Vendor": "Dell", "Product": "Integrated Dell Remote Access Controller",
    "Oem": {"Dell": {"ServiceTag": "abc1234", "ManagerMACAddress": "02:00:00:AA:BB:CC"}},
}  # fmt: skip


@pytest.mark.parametrize("chunked", [False, True])
def test_probe(service, chunked):
    """What a service root tells anybody is not read, or not for a body in chunks."""
    body = json.dumps(ROOT).encode()
    if chunked:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = b"HTTP/1.1 200 OK\r\n" + (b"Transfer-Encoding: chunked\r\n" if chunked else b"") + b"\r\n"
    found = probe("127.0.0.1", service(head + body), 5)
    assert (found.service_tag, found.mac, found.vendor) == ("ABC1234", "02:00:00:aa:bb:cc", "Dell")
    assert len(found.fingerprint) == 64


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\n\r\n<html>", b"HTTP/1.1 200 OK\r\n\r\n[]", b"HTTP/1.1 503 Busy\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n\r\n{}"],
)  # fmt: skip
def test_probe_of_something_else(service, answer):
    """A web server that is no BMC is taken for one, or ends the whole search."""
    assert probe("127.0.0.1", service(answer), 5) is None


def test_probe_of_nobody():
    """An address where nobody answers ends the search, or is not counted."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    counted = []
    assert probed([("127.0.0.1", port)] * 3, jobs=2, seconds=1, heard=counted.append) == ()
    assert len(counted) == 3
