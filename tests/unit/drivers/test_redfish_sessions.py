"""The session with a BMC: one at a time, ended whatever happens, and begun anew only where nothing is repeated by it."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from aiohttp import web

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.redfish import standing
from rackwright.drivers.redfish.connect import connect
from rackwright.errors import (
    AuthRefused,
    DeviceRefused,
    Unreachable,
)
from rackwright.secrets import Secret
from tests.lone_bmc import ROOT, SESSIONS, said
from tests.unit.drivers.wired import CLOCK, LIMITS, THING, cut, first, said_so, session


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
    theirs = {f"{SESSIONS}/90": ("ops", 2026), f"{SESSIONS}/91": ("root", 2025)}
    for uri, (user, year) in theirs.items():
        bmc.sessions[uri] = "theirs"
        at = f"{year}-01-01T00:00:00-05:00"
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
    bmc.resources[f"{SESSIONS}/90"] = {**origin, "CreatedTime": "2025-01-01T00:00:00-05:00"}
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
