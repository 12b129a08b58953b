"""The wire to a BMC against every fault of it: what is asked again, what never is, and what no log ever holds."""

import asyncio
import logging
import time

import msgspec
import pytest
from aiohttp import web

from rackwright.drivers.redfish.connect import connect
from rackwright.drivers.trust import Trust
from rackwright.errors import (
    DeviceRefused,
    DeviceTimeout,
    IdentityChanged,
    IdentityUnknown,
    LostMidCommand,
    Unreachable,
)
from rackwright.secrets import Secret
from tests.canary import Canary, watched
from tests.lone_api import Authority
from tests.lone_bmc import ROOT, TOKEN, lone_bmc, said
from tests.unit.drivers.wired import LIMITS, RESOURCES, THING, cut, first, said_so, session

# --- what is asked again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        said_so(503, "SYS518"),
        said_so(503, **{"Retry-After": "3"}),
        said_so(400, "SWC0700", "iDRAC is not ready."),
        said_so(429),
        lambda _: web.Response(status=500, text="<html>Internal Server Error</html>"),
        lambda _: web.Response(text='{"Name": "thi', content_type="application/json"),
        lambda _: web.Response(text="<html>starting</html>"),
        lambda _: web.Response(text=""),
        cut,
    ],
    ids=["SYS518", "Retry-After", "SWC0700", "429", "500 in HTML", "half JSON", "HTML", "empty", "reset"],
)
def test_reading_is_asked_again(bmc, trust, answer):
    """A BMC that is busy, breaks off or answers nonsense is asked once more, and what it then says counts."""
    bmc.override[f"GET {THING}"] = script = first(2, answer)
    with session(bmc, trust) as redfish:
        assert redfish.get(THING)["Name"] == "thing"
    assert script.seen == 3


@pytest.mark.parametrize(
    "answer",
    [
        said_so(503, "SYS518"),
        said_so(400, "SWC0700"),
        said_so(429),
        lambda _: web.Response(status=500, text="<html>"),
        cut,
    ],
    ids=["SYS518", "SWC0700", "429", "500", "reset"],
)
def test_what_changes_something_is_sent_once(bmc, trust, answer):
    """Whatever the BMC answers to an action, and whether it answers at all: it is not sent again."""
    bmc.override[f"POST {THING}"] = script = first(9, answer)
    with session(bmc, trust) as redfish, pytest.raises((DeviceRefused, LostMidCommand)):
        redfish.post(THING, {"a": 1})
    assert script.seen == 1


def test_a_lost_answer_to_an_action_says_that_it_may_have_been_done(bmc, trust):
    """The BMC did it and the connection broke: the error is the one that means look first."""
    bmc.override[f"POST {THING}"] = cut
    with session(bmc, trust) as redfish, pytest.raises(LostMidCommand, match=r"gpu01.*not known"):
        redfish.post(THING, {})


def test_busy_for_ever_ends(bmc, trust):
    """A BMC that stays busy is given up after the bound, with its own words."""
    bmc.override[f"GET {THING}"] = script = first(10_000, said_so(503, "SYS518", "The data sources are unavailable."))
    with session(bmc, trust) as redfish, pytest.raises(DeviceRefused, match="data sources") as caught:
        redfish.get(THING)
    assert (caught.value.message_id, caught.value.status) == ("SYS518", 503)
    assert 3 <= script.seen < 40


def test_retry_after_is_honoured_and_bounded(bmc, trust):
    """It waits as long as it is told to, on the driver's clock; a wish of a day is not granted."""
    bmc.override[f"GET {THING}"] = first(1, said_so(503, **{"Retry-After": "40"}))
    with session(bmc, trust, rate=400) as redfish:
        began = time.monotonic()
        redfish.get(THING)
        assert 0.1 <= time.monotonic() - began < 1
        bmc.override[f"GET {THING}"] = first(1, said_so(503, **{"Retry-After": "86400"}))
        redfish.get(THING)
    assert time.monotonic() - began < 2


def test_an_answer_that_is_no_json_is_told_as_such(bmc, trust):
    """When it never becomes JSON the error says so and quotes nothing."""
    bmc.override[f"GET {THING}"] = lambda _: web.Response(text="<html>nonsense</html>")
    with session(bmc, trust) as redfish, pytest.raises(DeviceRefused, match="no JSON") as caught:
        redfish.get(THING)
    assert "nonsense" not in str(caught.value)


def test_a_refusal_is_told_with_id_and_resolution(bmc, trust):
    """What the BMC says reaches the user: text, id without the prefix that every firmware changes, and the remedy."""
    answer = said("SYS011", "A job is there already.", "Wait for it.")
    bmc.override[f"POST {THING}"] = lambda _: web.json_response(answer, status=400)
    with session(bmc, trust) as redfish, pytest.raises(DeviceRefused, match="A job is there already") as caught:
        redfish.post(THING, {})
    assert (caught.value.message_id, caught.value.remedy, caught.value.status) == ("SYS011", "Wait for it.", 400)


# --- limits -------------------------------------------------------------------------------------------------------


async def _drip(request):
    response = web.StreamResponse(headers={"Content-Length": "500"})
    await response.prepare(request)
    for _ in range(500):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def _drip_headers(request):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n{}":
        if request.transport is None or request.transport.is_closing():
            break
        request.transport.write(bytes([byte]))
        await asyncio.sleep(0.05)
    return web.Response()


@pytest.mark.parametrize("drip", [_drip, _drip_headers], ids=["body", "headers"])
def test_a_slow_drip_is_cut(bmc, trust, drip):
    """A byte at a time, in the body or in the headers, keeps nobody longer than the limit for the whole answer."""
    bmc.override[f"GET {THING}"] = drip
    with session(bmc, trust, answer_s=0.2) as redfish:
        began = time.monotonic()
        with pytest.raises(DeviceTimeout, match="gpu01"):
            redfish.get(THING)
        assert time.monotonic() - began < 1.5


def test_an_answer_without_end_is_cut(bmc, trust):
    """No answer fills the memory."""
    bmc.override[f"GET {THING}"] = lambda _: web.Response(body=b" " * (1 << 20))
    with session(bmc, trust, largest_bytes=1 << 16) as redfish, pytest.raises(DeviceRefused, match="without end"):
        redfish.get(THING)


def test_nobody_there(bmc, trust):
    """Where nothing listens nothing was sent, and the error says where it tried."""
    endpoint = msgspec.structs.replace(bmc.endpoint, redfish_port=1)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 port 1"):
        connect(endpoint, password=Secret("right"), trust=trust, limits=LIMITS)


def test_one_that_is_on_its_way_up_is_waited_for(bmc, trust):
    """With patience a BMC that breaks off and is not ready yet is tried again."""
    script = first(9, lambda request: cut(request) if script.seen < 7 else web.Response(status=503))
    bmc.override[f"GET {ROOT}"] = script
    # Six seconds of ours, of which the pauses take one: nine tries beside other load took longer than a third of one.
    with session(bmc, trust, rate=100, patience_s=600, busy_s=1) as redfish:
        assert redfish.get(THING)
    assert script.seen > 9


def test_all_goes_over_one_connection(bmc, trust):
    """One handshake a session."""
    with session(bmc, trust) as redfish:
        redfish.get(THING)
        redfish.post(THING, {})
    assert len(bmc.connections) == 1


# --- whom it goes to ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_at_home_alone(bmc, trust, authority, status):
    """Within the BMC it is followed, without losing the session; to another host it is refused and nothing is sent there."""
    bmc.override[f"GET {THING}"] = lambda _: web.Response(status=status, headers={"Location": f"{ROOT}/Other"})
    with lone_bmc(authority.context(), resources=RESOURCES) as other, session(bmc, trust) as redfish:
        assert redfish.get(THING)["Name"] == "other"
        away = f"https://127.0.0.1:{other.endpoint.redfish_port}{THING}"
        bmc.override[f"GET {THING}"] = lambda _: web.Response(status=status, headers={"Location": away})
        with pytest.raises(DeviceRefused, match="another host"):
            redfish.get(THING)
        with pytest.raises(DeviceRefused, match="another host"):
            redfish.get(away)
        assert not other.asked


def test_a_redirect_in_a_circle_ends(bmc, trust):
    """It is followed a few times."""
    bmc.override[f"GET {THING}"] = script = first(99, lambda _: web.Response(status=307, headers={"Location": THING}))
    with session(bmc, trust) as redfish, pytest.raises(DeviceRefused, match="307"):
        redfish.get(THING)
    assert script.seen < 6


def test_no_proxy_and_nothing_of_the_environment(bmc, trust, monkeypatch, tmp_path):
    """What the environment says of proxies, certificates and logins does not count."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", encoding="utf-8")
    for name, value in {
        "HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "NETRC": str(tmp_path / "netrc"),
        "REQUESTS_CA_BUNDLE": "/nowhere", "SSL_CERT_FILE": "/nowhere", "CURL_CA_BUNDLE": "/nowhere",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with session(bmc, trust) as redfish:
        assert redfish.get(THING)
    assert not any("Authorization" in one for one in bmc.headers)


# --- certificates -------------------------------------------------------------------------------------------------


def test_an_unknown_certificate_is_refused_before_the_password(bmc, tmp_path):
    """Without a CA and a pin nothing is sent; a first contact that is allowed pins, and what is pinned is asked for."""
    folder = tmp_path / "state"
    folder.mkdir()
    with pytest.raises(IdentityUnknown, match="trust-on-first-use"):
        connect(bmc.endpoint, password=Secret("right"), trust=Trust(folder), limits=LIMITS)
    assert not bmc.asked
    with session(bmc, Trust(folder, first_use=True)) as redfish:
        assert redfish.get(THING)
    with session(bmc, Trust(folder)) as redfish:
        assert redfish.get(THING)


def test_another_certificate_than_the_pinned_one_is_refused(authority, tmp_path):
    """Whoever answers in its place gets nothing, and the error tells how the pin is dropped."""
    folder = tmp_path / "state"
    folder.mkdir()
    with lone_bmc(authority.context(), resources=RESOURCES) as bmc, session(bmc, Trust(folder, first_use=True)):
        pass
    with lone_bmc(authority.context(name="other"), resources=RESOURCES) as bmc:
        pins = folder / "tls-pins.json"
        old = next(iter(msgspec.json.decode(pins.read_bytes()).values()))
        pins.write_bytes(msgspec.json.encode({f"127.0.0.1:{bmc.endpoint.redfish_port}": old}))
        for first_use in (False, True):
            with pytest.raises(IdentityChanged, match=r"tls-pins\.json"):
                connect(bmc.endpoint, password=Secret("right"), trust=Trust(folder, first_use=first_use), limits=LIMITS)
        assert not bmc.asked


@pytest.mark.parametrize(
    ("fault", "wrong", "first"),
    [
        ("wrong name", "that is not for 127.0.0.1", "renew it"),
        ("wrong CA", "does not vouch", "give it a certificate"),
        ("expired", "that has expired", "look at the clock of this machine; if it is right, renew it"),
        ("early", "that is not valid yet", "look at the clock of this machine"),
    ],
)
def test_a_certificate_that_the_ca_does_not_vouch_for_is_refused(tmp_path, authority, fault, wrong, first):
    """Nothing is sent, and what is wrong is said: who renews it must not be told to pin it. Where a first contact is allowed it is pinned, as a factory's own is."""
    context = {
        "wrong name": lambda: authority.context(address="127.9.9.9"),
        "wrong CA": lambda: Authority(tmp_path, name="other-ca").context(),
        "expired": lambda: authority.context(days=-9),
        "early": lambda: authority.context(days=9),
    }[fault]()
    folder = tmp_path / "state"
    folder.mkdir()
    with lone_bmc(context, resources=RESOURCES) as bmc:
        with pytest.raises(IdentityUnknown, match=wrong) as refused:
            connect(bmc.endpoint, password=Secret("right"), trust=Trust(folder, ca=authority.path), limits=LIMITS)
        assert refused.value.remedy.startswith(first)
        assert ("trust-on-first-use" in str(refused.value)) == (fault == "wrong CA")
        assert not bmc.asked
        with session(bmc, Trust(folder, ca=authority.path, first_use=True)) as redfish:
            assert redfish.get(THING)
        with session(bmc, Trust(folder, ca=authority.path)) as redfish:
            assert redfish.get(THING)


def test_no_tls_is_no_session(trust):
    """A service that speaks no TLS gets nothing."""
    with lone_bmc(None, resources=RESOURCES) as bmc:
        with pytest.raises(Unreachable):
            connect(bmc.endpoint, password=Secret("right"), trust=trust, limits=LIMITS)
        assert not bmc.asked


# --- secrets ------------------------------------------------------------------------------------------------------


def test_nothing_secret_is_logged_or_raised(bmc, trust):
    """Password, new password and token are in no log at DEBUG level and in no exception, whatever the BMC quotes."""
    old, new = Canary("canary-old-password-4711"), Canary("canary-new-password-0815")
    bmc.password = old.secret
    quoting = said("SYS426", f"Unable to set the attribute Password to {new.secret}, was {old.secret}.", new.secret)
    bmc.resources = {
        **RESOURCES,
        f"{ROOT}/AccountService/Accounts": {"Members": [{"@odata.id": f"{ROOT}/AccountService/Accounts/2"}]},
        f"{ROOT}/AccountService/Accounts/2": {"@odata.id": f"{ROOT}/AccountService/Accounts/2", "UserName": "root"},
    }
    bmc.override[f"PATCH {ROOT}/AccountService/Accounts/2"] = lambda _: web.json_response(quoting, status=400)
    with watched() as seen, session(bmc, trust, password=old.secret) as redfish:
        logging.getLogger("somebody").debug("the ear hears")
        with pytest.raises(DeviceRefused, match="SYS426") as caught:
            redfish.set_password("root", new.secret)
        bmc.override[f"GET {THING}"] = cut
        with pytest.raises(LostMidCommand) as lost:
            redfish.get(THING)
    seen.caught(caught.value)
    seen.caught(lost.value)
    assert seen.log
    for canary in (old, new, Canary(f"{TOKEN}-1")):
        assert not seen.leaks(canary)
