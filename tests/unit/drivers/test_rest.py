"""The REST driver against one scripted API: what it sends, exact states, and how it fails."""

import asyncio
import time
from contextlib import contextmanager

import msgspec
import pytest
from aiohttp import web

from rackwright import documents
from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.connect import connect
from rackwright.drivers.nvue.patching import difference_text
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
from tests.lone_api import Authority, LoneApi, lone_api

LIMITS = Limits(connect_s=5, login_s=5, answer_s=5, apply_s=5, boot_s=2000, pause_s=2)
USER = {"cumulus": {"hashed-password": "*", "role": "system-admin"}}
APPLIED = {"system": {"hostname": "old", "aaa": {"user": USER}}, "interface": {"swp1": {"link": {"state": {"up": {}}}}}}


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def api(authority):
    with lone_api(authority.context(), applied=APPLIED) as made:
        yield made


@contextmanager
def session(api: LoneApi, trust: Trust, *, password="right", **limits):
    made = connect(
        api.endpoint,
        login=Login(password=Secret(password)),
        trust=trust,
        transport="rest",
        clock=ScaledClock(1000),
        limits=msgspec.structs.replace(LIMITS, **limits),
    )
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def nvue(api, authority, tmp_path):
    with session(api, Trust(tmp_path, ca=authority.path)) as made:
        yield made


def sent(api: LoneApi, method: str) -> list[tuple[str, object]]:
    return [(path, body) for how, path, body in api.asked if how == method]


def test_reading_goes_over_one_connection(api, nvue):
    """Facts, running and a show take four requests and one TLS handshake."""
    facts = nvue.facts()
    assert (facts.hostname, facts.model, facts.serial, facts.version) == ("be-leaf01", "SN5600", "MT01", "5.12.1")
    assert nvue.running() == APPLIED
    assert nvue.show("system")["hostname"] == "be-leaf01"
    assert len(api.asked) == 4
    assert len(api.connections) == 1
    assert ("GET", "/?rev=applied&filled=false", None) in api.asked
    with pytest.raises(DeviceRefused, match="something else"):
        nvue.show("system", dict[str, int])


def test_unset_and_set_go_apart_and_no_hash_goes_at_all(api, nvue):
    """A resource is never set and unset in one payload, and a masked password stays what it is."""
    user = {"cumulus": {"hashed-password": "$6$canary", "role": "nvue-admin"}}
    wanted = {
        "system": {"hostname": "new", "aaa": {"user": user}},
        "interface": {"swp1": {"link": {"state": {"down": {}}}}},
    }
    assert nvue.stage(wanted) == "1"
    unset, change = [body for path, body in sent(api, "PATCH") if path == "/?rev=1"]
    assert unset == {"interface": {"swp1": {"link": {"state": {"up": None}}}}}
    assert change["system"] == {"hostname": "new", "aaa": {"user": {"cumulus": {"role": "nvue-admin"}}}}
    assert change["interface"] == {"swp1": {"link": {"state": {"down": {}}}}}
    assert "canary" not in str(api.asked)


@pytest.mark.parametrize(
    "user",
    [
        {**USER, "ops": {"hashed-password": "$6$canary"}},
        {"cumulus": {"role": "system-admin"}},
        {"cumulus": {**USER["cumulus"], "password": "canary"}},
    ],
)
def test_a_password_that_would_change_is_refused(api, nvue, user):
    """New users and passwords need SSH: over the API their hash would be broken (RN-3341214). Nothing is sent."""
    with pytest.raises(DeviceRefused, match="--transport ssh") as caught:
        nvue.stage({**APPLIED, "system": {"hostname": "old", "aaa": {"user": user}}})
    assert "canary" not in str(caught.value)
    assert not sent(api, "POST")


def test_a_user_goes_and_a_public_key_comes(api, nvue):
    """What holds no password may change: a user that is removed, an authorized key."""
    key = {"ssh": {"authorized-key": {"ops": {"key": "AAAA", "type": "ssh-ed25519"}}}}
    api.applied = {"system": {"aaa": {"user": {**USER, "old": {"hashed-password": "*"}}}}}
    nvue.stage({"system": {"aaa": {"user": {"cumulus": {**USER["cumulus"], **key}}}}})
    unset, change = [body for path, body in sent(api, "PATCH") if path == "/?rev=1"]
    assert unset["system"]["aaa"]["user"] == {"old": None}
    assert change["system"]["aaa"]["user"] == {"cumulus": key}


def test_apply_waits_for_the_exact_state(api, nvue):
    """``ays`` waits to be confirmed; the way there is asked for again."""
    revision = nvue.stage({**APPLIED, "bridge": {}})
    api.after["apply"] = ["apply", "apply", "reloading", "ays"]
    nvue.apply(revision, confirm_s=300)
    order = sent(api, "PATCH")[-1][1]
    assert order["state-controls"] == {"confirm": 300}
    assert nvue.confirmation().revision == revision


@pytest.mark.parametrize("state", ["ays_fail", "invalid", "ignore_fail", "confirm_fail", "somehow"])
def test_a_failed_state_is_no_waiting_one(api, nvue, state):
    """A state that only begins like a good one, or that nobody knows, is a failure, with the switch's own words."""
    revision = nvue.stage({**APPLIED, "bridge": {}})
    api.revisions[revision]["transition"] = {"issue": {"0": {"message": "remote-as must be internal"}}}
    api.after["apply"] = ["apply", state]
    with pytest.raises(DeviceRefused, match=f"{state}: remote-as must be internal"):
        nvue.apply(revision, confirm_s=300)


@pytest.mark.parametrize(("state", "answer"), [("ays", "apply"), ("confirm", "confirm_yes")])
def test_confirming_answers_the_state_that_waits(api, nvue, state, answer):
    """Two ways to wait are known, each with its own answer."""
    api.revisions["7"] = {"state": state}
    nvue.confirm()
    assert sent(api, "PATCH") == [("/revision/7", {"state": answer, "auto-prompt": {"ays": "ays_yes"}})]


@pytest.mark.parametrize(("state", "answer"), [("ays", "ays_no"), ("confirm", "confirm_no")])
def test_rolling_back_answers_no(api, nvue, state, answer):
    """Refusing the waiting apply is the answer no; nothing is sent when none waits."""
    nvue.rollback()
    assert not sent(api, "PATCH")
    api.revisions["7"] = {"state": state}
    api.after[answer] = ["confirm_fail"]
    nvue.rollback()
    assert sent(api, "PATCH") == [("/revision/7", {"state": answer})]


def test_difference_save_and_run(api, nvue):
    """A difference reads as nv's own; save patches what is applied; Linux commands need SSH."""
    assert nvue.difference("1") == "- set:\n    system:\n      hostname: x"
    api.revisions["applied"] = {"state": "applied"}
    nvue.save()
    assert sent(api, "PATCH")[-1][0] == "/revision/applied"
    with pytest.raises(DeviceRefused, match="--transport ssh"):
        nvue.run("uptime")


def test_a_difference_tells_what_is_set_and_what_goes():
    """Both directions make one document; a changed leaf is set, a secret is masked, nothing is nothing."""
    user = {"system": {"aaa": {"user": {"ops": {"hashed-password": "$6$canary"}}}}}
    text = difference_text({"a": {"mtu": 9000, "gone": None}, **user}, {"a": {"mtu": 1500, "down": {}}})
    assert documents.load(text, "diff", top="any").value == [
        {"unset": {"a": {"gone": None, "down": None}}},
        {"set": {"a": {"mtu": 9000}, "system": {"aaa": {"user": {"ops": {"hashed-password": "*"}}}}}},
    ]
    assert difference_text({}, {}) == difference_text(None, None) == ""


def test_a_wrong_password_and_the_factory_one(api, authority, tmp_path):
    """401 and 403 are told with what to do, before any work."""
    trust = Trust(tmp_path, ca=authority.path)
    with pytest.raises(AuthRefused, match="switch_password"), session(api, trust, password="canary"):
        pass
    api.override["GET /system"] = lambda _request: web.json_response({}, status=403)
    with pytest.raises(AuthRefused, match="factory password"), session(api, trust):
        pass
    with pytest.raises(AuthRefused, match="takes a password"):
        connect(api.endpoint, login=Login(agent=True), trust=trust, transport="rest")


def test_a_switch_that_boots_is_asked_again(api, nvue):
    """502 of the proxy means that nvued is not there yet."""
    answers = [502, 503]
    api.override["GET /platform"] = lambda _request: (
        web.Response(status=answers.pop()) if answers else web.json_response({"product-name": "SN5600"})
    )
    assert nvue.facts().model == "SN5600"


def test_an_order_is_never_sent_twice(api, nvue):
    """A connection that breaks during an apply or a confirm leaves it open whether it was done; reading is repeated."""

    def cut(request):
        request.transport.abort()
        return web.Response()

    api.override["PATCH /revision/7"] = cut
    with pytest.raises(LostMidCommand):
        nvue.apply("7", confirm_s=300)
    assert len(sent(api, "PATCH")) == 1
    api.override["GET /platform"] = cut
    with pytest.raises(LostMidCommand):
        nvue.facts()
    assert len([path for path, _ in sent(api, "GET") if path.startswith("/platform")]) == 2


def test_stalls_and_trickles_end_in_time(api, authority, tmp_path):
    """Neither silence nor an answer that trickles for ever holds us longer than the limit."""

    async def silence(_request):
        await asyncio.sleep(30)

    async def trickle(request):
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    with session(api, Trust(tmp_path, ca=authority.path), answer_s=0.15) as nvue:
        for answer in (silence, trickle):
            api.override["GET /platform"] = answer
            begun = time.monotonic()
            with pytest.raises(DeviceTimeout):
                nvue.facts()
            assert time.monotonic() - begun < 2


def test_what_is_no_json_is_refused(api, nvue):
    """Malformed JSON and JSON of another shape are the switch's fault, said as such."""
    api.override["GET /platform"] = lambda _request: web.Response(text='{"serial": ', content_type="application/json")
    with pytest.raises(DeviceRefused, match="no JSON"):
        nvue.facts()
    api.override["GET /platform"] = lambda _request: web.json_response([])
    with pytest.raises(DeviceRefused, match="something else"):
        nvue.facts()
    api.override["GET /"] = lambda _request: web.json_response("text")
    with pytest.raises(DeviceRefused, match="something else"):
        nvue.running()


def test_a_refused_patch_is_told_without_the_secret(api, nvue):
    """The words of a 400 are passed on, but for values of ours."""
    refusal = {"title": "Bad Request", "detail": "'canary-community' is not valid"}
    api.override["PATCH /"] = lambda _request: web.json_response(refusal, status=400)
    with pytest.raises(DeviceRefused, match="400 Bad Request '\\*\\*\\*' is not valid"):
        nvue.stage({**APPLIED, "x": {"password": "canary-community"}})


def test_an_answer_without_end_is_cut(api, authority, tmp_path):
    """A switch cannot fill our memory."""
    api.override["GET /platform"] = lambda _request: web.Response(text="x" * 300_000)
    trust = Trust(tmp_path, ca=authority.path)
    with session(api, trust, largest_bytes=100_000) as nvue, pytest.raises(DeviceRefused, match="without end"):
        nvue.facts()


def test_a_certificate_of_another_ca_gets_no_password(api, tmp_path):
    """The CA of the site decides; an address that the certificate does not bear is refused too."""
    other = Authority(tmp_path, "other")
    with pytest.raises(IdentityUnknown, match=r"other\.pem"), session(api, Trust(tmp_path, ca=other.path)):
        pass
    with (
        lone_api(other.context("127.0.0.9"), applied=APPLIED) as elsewhere,
        pytest.raises(IdentityUnknown, match=r"that is not for 127\.0\.0\.1: renew it"),
        session(elsewhere, Trust(tmp_path, ca=other.path)),
    ):
        pass
    with (
        lone_api(other.context(days=-9), applied=APPLIED) as expired,
        pytest.raises(IdentityUnknown, match="that has expired: look at the clock"),
        session(expired, Trust(tmp_path, ca=other.path)),
    ):
        pass
    assert not api.asked


def test_a_certificate_is_pinned_when_asked_and_a_change_is_refused(api, authority, tmp_path):
    """First contact needs --trust-on-first-use; another certificate at the same address never gets the password."""
    with pytest.raises(IdentityUnknown, match="trust-on-first-use"), session(api, Trust(tmp_path)):
        pass
    with session(api, Trust(tmp_path, first_use=True)) as nvue:
        assert nvue.facts().serial == "MT01"
    assert (tmp_path / "tls-pins.json").stat().st_mode & 0o777 == 0o600
    with session(api, Trust(tmp_path)) as nvue:
        assert nvue.facts().serial == "MT01"
    asked = len(api.asked)
    pins = msgspec.json.decode((tmp_path / "tls-pins.json").read_bytes())
    (tmp_path / "tls-pins.json").write_bytes(msgspec.json.encode(dict.fromkeys(pins, "ab" * 32)))
    with pytest.raises(IdentityChanged, match=r"tls-pins\.json") as caught, session(api, Trust(tmp_path)):
        pass
    assert "ab" * 32 in str(caught.value)
    assert next(iter(pins.values())) in str(caught.value)
    assert len(api.asked) == asked


def test_a_dead_address_is_unreachable(api, authority, tmp_path):
    """A refused connection is no lost command: nothing was sent."""
    api.endpoint = msgspec.structs.replace(api.endpoint, rest_port=1)
    for trust in (Trust(tmp_path, ca=authority.path), Trust(tmp_path, first_use=True)):
        with pytest.raises(Unreachable, match="refused"), session(api, trust):
            pass
