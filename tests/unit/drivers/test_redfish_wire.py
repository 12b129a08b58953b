"""The wire to a BMC against every fault of it: what is asked again, what never is, and what no log ever holds."""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec
import pytest
from aiohttp import web

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish import standing
from rackwright.drivers.redfish.connect import connect
from rackwright.drivers.trust import Trust
from rackwright.errors import (
    AuthRefused,
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
from tests.lone_bmc import ROOT, SESSIONS, TOKEN, lone_bmc, said

LIMITS = Limits(connect_s=5, login_s=5, answer_s=5, busy_s=180, pause_s=2)
CLOCK = ScaledClock(2000)
THING = f"{ROOT}/Thing"
RESOURCES = {
    ROOT: {"@odata.id": ROOT, "Links": {"Sessions": {"@odata.id": SESSIONS}}},
    THING: {"@odata.id": THING, "Name": "thing"},
    f"{ROOT}/Other": {"Name": "other"},
}


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def bmc(authority):
    with lone_bmc(authority.context(), resources=dict(RESOURCES)) as made:
        yield made


@pytest.fixture
def trust(authority, tmp_path):
    return Trust(tmp_path, ca=authority.path)


def session(bmc, trust, *, password="right", rate=2000, **limits):
    return closing(
        connect(
            bmc.endpoint,
            password=Secret(password),
            trust=trust,
            clock=ScaledClock(rate),
            limits=msgspec.structs.replace(LIMITS, **limits),
        )
    )


def first(times, answer):
    """Answer so the first times, and as usual afterwards; ``seen`` counts."""

    def made(request):
        made.seen += 1
        return answer(request) if made.seen <= times else None

    made.seen = 0
    return made


def said_so(status, message_id="", text="no", **headers):
    return lambda _: web.json_response(said(message_id, text), status=status, headers=headers)


def cut(request):
    """Close the connection in the middle of things."""
    request.transport.abort()
    return web.Response()


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
    with session(bmc, trust, patience_s=600, busy_s=1) as redfish:
        assert redfish.get(THING)
    assert script.seen > 9


# --- the session --------------------------------------------------------------------------------------------------


def test_a_session_is_ended_whatever_happens(bmc, trust):
    """After work, after an exception in it and after an interrupt the BMC has as many sessions as before."""
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), session(bmc, trust):
            raise error
    with session(bmc, trust) as redfish:
        redfish.close()
    assert bmc.opened == 3
    assert not bmc.sessions
    assert bmc.count("DELETE") == 3


def test_a_failed_beginning_leaves_no_session(bmc, trust):
    """What fails after the login, before anybody has the session in hand, ends it too."""
    bmc.override[f"GET {ROOT}"] = script = first(1, lambda _: web.json_response({}, status=401))
    bmc.override[f"GET {ROOT}"] = lambda request: script(request) or web.json_response(said("SYS403"), status=404)
    with pytest.raises(DeviceRefused):
        connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=ScaledClock(1000), limits=LIMITS)
    assert bmc.opened == 1
    assert not bmc.sessions


def test_a_logout_is_tried_again(bmc, trust):
    """A BMC that is busy or breaks off just then is asked once more to end the session."""
    script = first(2, lambda request: cut(request) if script.seen == 1 else web.Response(status=503))
    with session(bmc, trust):
        bmc.override[f"DELETE {SESSIONS}/1"] = script
    assert not bmc.sessions


def test_an_expired_session_is_renewed_once_for_reading(bmc, trust):
    """A 401 in the middle of a run is answered by one new login, and the question is put again."""
    with session(bmc, trust) as redfish:
        bmc.sessions.clear()
        assert redfish.get(THING)["Name"] == "thing"
        assert bmc.opened == 2
        bmc.override[f"GET {THING}"] = said_so(401)
        with pytest.raises(DeviceRefused):
            redfish.get(THING)
        assert bmc.opened == 3
    assert len(bmc.sessions) <= 1  # the one that the BMC forgot itself


def test_an_expired_session_repeats_no_action(bmc, trust):
    """A 401 to an action is told: nothing was done. The session is new, so that asking again works."""
    with session(bmc, trust) as redfish:
        bmc.sessions.clear()
        with pytest.raises(AuthRefused, match="nothing was done"):
            redfish.post(THING, {})
        assert sum(how == "POST" and path == THING for how, path, _ in bmc.asked) == 1
        redfish.post(THING, {})
    assert not bmc.sessions


def test_a_session_that_slept_is_looked_at_before_an_action(bmc, trust):
    """After a long silence the login is renewed first, so that an action does not meet an expired session."""
    with session(bmc, trust, rate=1e7) as redfish:
        bmc.sessions.clear()
        time.sleep(0.01)
        redfish.post(THING, {})
    assert bmc.opened == 2


def test_one_session_too_many_waits_and_ends(bmc, trust):
    """At the limit of sessions it backs off within a bound and makes none on the way; one that becomes free is taken."""
    bmc.most_sessions = 0
    with pytest.raises(DeviceRefused, match="number of user sessions") as caught:
        connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=ScaledClock(20_000), limits=LIMITS)
    assert caught.value.message_id == "RAC0218"
    assert 2 < bmc.count("POST") < 40
    bmc.override[f"POST {SESSIONS}"] = first(3, said_so(400, "RAC0218"))
    bmc.most_sessions = 8
    with session(bmc, trust) as redfish:
        assert redfish.get(THING)
    assert not bmc.sessions


def test_a_login_whose_answer_was_lost_leaves_no_session(bmc, trust):
    """The BMC made a session and could not tell: it is found by user, origin and time, and ended; those of others stay."""
    theirs = {f"{SESSIONS}/90": ("ops", 0), f"{SESSIONS}/91": ("root", 40)}
    for uri, (user, second) in theirs.items():
        bmc.sessions[uri] = "theirs"
        at = f"2026-01-01T00:{second:02}:00-05:00"
        bmc.resources[uri] = {"UserName": user, "ClientOriginIPAddress": "127.0.0.1", "CreatedTime": at}
    bmc.lose_logins = 1
    with session(bmc, trust) as redfish:
        assert redfish.get(THING)
        assert bmc.opened == 2
        assert sorted(bmc.sessions) == [f"{SESSIONS}/2", *theirs]
    assert sorted(bmc.sessions) == sorted(theirs)


def made_and_500(bmc):
    """Open the session that is asked for and answer that something went wrong, as a service does that is not well."""

    async def answer(request):
        bmc._login(bmc.asked[-1][2])
        return web.Response(status=500, text="<html>Internal Server Error</html>")

    return answer


def test_a_login_that_is_answered_by_a_500_leaves_no_session(bmc, trust):
    """The BMC made a session and answered 500: it was asked again as if it had made none, until all eight were gone."""
    bmc.override[f"POST {SESSIONS}"] = made_and_500(bmc)
    for _ in range(3):
        with pytest.raises(DeviceRefused, match="a login: 500"):
            connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=CLOCK, limits=LIMITS)
    assert len(bmc.sessions) == 6
    bmc.sessions[f"{SESSIONS}/90"] = "theirs"
    origin = {"UserName": "root", "ClientOriginIPAddress": "127.0.0.1"}
    bmc.resources[f"{SESSIONS}/90"] = {**origin, "CreatedTime": "2025-12-31T23:00:00-05:00"}
    del bmc.override[f"POST {SESSIONS}"]
    with closing(connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=CLOCK, limits=LIMITS)):
        assert sorted(bmc.sessions) == [f"{SESSIONS}/7", f"{SESSIONS}/90"]


def test_a_session_is_ended_by_another_thread(bmc, trust):
    """A thread that is left in the middle of a request keeps its connection: the session is ended over another, and it begins none."""
    begun, over = threading.Event(), threading.Event()

    async def slow(_):
        begun.set()
        await asyncio.to_thread(over.wait)
        return web.json_response(said("SYS403"), status=401)

    bmc.override[f"GET {THING}"] = slow
    with session(bmc, trust, answer_s=60) as redfish:
        left = ThreadPoolExecutor(1).submit(redfish.get, THING)
        begun.wait(10)
        redfish.close()
        assert not bmc.sessions
        over.set()
        with pytest.raises(Unreachable, match="was ended"):
            left.result(10)
    assert (bmc.opened, len(bmc.sessions)) == (1, 0)


def test_nothing_is_asked_in_a_session_that_was_ended(bmc, trust):
    """Neither a question nor an action: a thread that was left behind does no more."""
    with session(bmc, trust) as redfish:
        redfish.close()
        asked = len(bmc.asked)
        with pytest.raises(Unreachable, match="nothing was sent"):
            redfish.get(THING)
        with pytest.raises(Unreachable, match="nothing was sent"):
            redfish.post(THING, {})
    assert len(bmc.asked) == asked


def test_a_process_that_ends_leaves_no_session(bmc, trust, monkeypatch):
    """What a thread that nobody waits for has open is ended with the process, which begins none any more."""
    monkeypatch.setattr(standing, "_ends", threading.Event())
    connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=CLOCK, limits=LIMITS)
    assert bmc.sessions
    standing.leave()
    assert not bmc.sessions
    with pytest.raises(Unreachable):
        connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=CLOCK, limits=LIMITS)
    assert bmc.opened == 1


def test_a_wrong_password_is_offered_once(bmc, trust):
    """Accounts are locked after a few wrong ones; the error names the user and not the password."""
    with pytest.raises(AuthRefused, match="root") as caught:
        connect(bmc.endpoint, password=Secret("canary-wrong-4711"), trust=trust, limits=LIMITS)
    assert bmc.count("POST") == 1
    assert "canary" not in str(caught.value)


def test_a_service_without_sessions_gets_the_password_and_no_token(bmc, trust):
    """Basic where there are no sessions, a token where there are, never both in one request (SYS468)."""
    with session(bmc, trust) as redfish:
        redfish.get(THING)
    bmc.with_sessions = False
    with session(bmc, trust) as redfish:
        assert redfish.get(THING)
    assert not any("X-Auth-Token" in one and "Authorization" in one for one in bmc.headers)
    assert any("Authorization" in one for one in bmc.headers)


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
