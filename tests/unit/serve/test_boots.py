"""The two doors: what stands behind each, and what is answered to whom. Over HTTP, without TLS, in this process."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from rackwright.nvue.document import read as read_nvue
from rackwright.secrets import Environment
from rackwright.serve.authority import Authority
from rackwright.serve.boots import Boots
from rackwright.serve.events import Events
from rackwright.serve.offer import Offer
from rackwright.serve.tokens import Tokens
from tests.unit.render.nvue_switches import rail_leaf

HEADERS = {"CUMULUS-SERIAL": "X1", "CUMULUS-MGMT-MAC": "02:00:00:00:00:01"}
HASH = "$6$planted$hash"
TREE = {"system": {"aaa": {"user": {"cumulus": {"hashed-password": {"secret": "switch_hash"}}}}}}
SPLIT = {"interface": {"swp1": {"type": "swp", "link": {"breakout": {"2x": {"lanes-per-port": "4"}}}}}}


@pytest.fixture
def boots(tmp_path):
    """Return answers for one switch; its events lie in ``boots.heard``."""
    heard = []
    made = Boots(
        {"be01": Offer("be01", "X1", "", rail_leaf(), TREE, None, (Environment({"RACKWRIGHT_SECRET_SWITCH_HASH": HASH}),))},
        Tokens(tmp_path), Authority(tmp_path), Events(tmp_path, heard.append), None, 8443,
    )  # fmt: skip
    return made, heard


def asked(door, work):
    """Run some requests against a door."""

    async def main():
        async with TestClient(TestServer(door)) as client:
            return await work(client)

    return asyncio.run(main())


def test_the_plain_door_hands_out_no_secret(boots):
    """Without TLS there is the script; configurations and reports are not there, whatever token comes."""
    made, _ = boots
    bearer = {**HEADERS, "Authorization": f"Bearer {made.tokens.issue('be01')}"}

    async def work(client):
        script = await client.get("/devices/be01/ztp.sh", headers=HEADERS)
        startup = await client.get("/devices/be01/startup.yaml", headers=bearer)
        report = await client.post("/devices/be01/failed", headers=bearer, data="x")
        return script.status, startup.status, report.status

    assert asked(made.open(), work) == (200, 404, 404)


def test_only_a_get_with_a_token_uses_it(boots):
    """A HEAD, no token and a token of nobody bring nothing and use nothing up; then the configuration comes once, with its secret."""
    made, heard = boots
    token = made.tokens.issue("be01")
    bearer = {**HEADERS, "Authorization": f"Bearer {token}"}
    path = "/devices/be01/startup.yaml"

    async def work(client):
        early = [
            (await client.head(path, headers=bearer)).status,
            (await client.get(path, headers=HEADERS)).status,
            (await client.get(path, headers={**HEADERS, "Authorization": "Bearer nobody"})).status,
            (await client.get(path, headers={**bearer, "CUMULUS-SERIAL": "X2"})).status,
        ]
        good = await client.get(path, headers=bearer)
        return (
            early,
            good.status,
            good.headers["Cache-Control"],
            await good.text(),
            (await client.get(path, headers=bearer)).status,
        )

    early, status, cached, text, again = asked(made.secure(), work)
    assert early == [405, 403, 403, 403]
    assert (status, cached, again) == (200, "no-store", 403)
    assert HASH in text
    assert not any(HASH in event.text or token in event.text for event in heard)


def test_breakouts_go_to_the_token_and_leave_it_good(boots):
    """Breakouts come to who has the token, on the door with TLS, without a secret and as often as it is asked; then the configuration comes."""
    made, heard = boots
    offer = made.offers["be01"]
    split = replace(offer, tree={**TREE, **SPLIT})
    answers = replace(made, offers={"be01": split})
    bearer = {**HEADERS, "Authorization": f"Bearer {made.tokens.issue('be01')}"}
    path = "/devices/be01/breakouts.yaml"

    async def work(client):
        refused = [
            (await client.head(path, headers=bearer)).status,
            (await client.get(path, headers=HEADERS)).status,
            (await client.get(path, headers={**bearer, "CUMULUS-SERIAL": "X2"})).status,
        ]
        texts = [await (await client.get(path, headers=bearer)).text() for _ in range(2)]
        whole = await (await client.get("/devices/be01/startup.yaml", headers=bearer)).text()
        return refused, texts, whole, (await client.get(path, headers=bearer)).status

    refused, texts, whole, late = asked(answers.secure(), work)
    assert refused == [405, 403, 403]
    assert [read_nvue(text).tree for text in texts] == [SPLIT, SPLIT]
    assert HASH in whole
    assert "breakout" in whole
    assert late == 403
    assert [event.kind for event in heard] == [*["refused"] * 2, *["breakouts"] * 2, "startup", "refused"]

    async def plain(client):
        return (await client.get(path, headers=bearer)).status

    assert asked(answers.open(), plain) == 404


def test_nothing_goes_ahead_where_one_apply_takes_all(boots):
    """A switch without breakouts is told so, by nothing."""
    made, heard = boots
    bearer = {**HEADERS, "Authorization": f"Bearer {made.tokens.issue('be01')}"}

    async def work(client):
        answer = await client.get("/devices/be01/breakouts.yaml", headers=bearer)
        return answer.status, await answer.text()

    assert asked(made.secure(), work) == (200, "")
    assert heard == []


def test_strangers_learn_nothing(boots):
    """Unknown names, images that are not served and reports without a token get the same short answer; the event says all."""
    made, heard = boots

    async def work(client):
        answers = [
            await client.get("/devices/nobody/ztp.sh", headers=HEADERS),
            await client.get("/images/x.bin"),
            await client.post("/devices/be01/provisioned", data="x"),
        ]
        return {(one.status, await one.text()) for one in answers}

    assert asked(made.secure(), work) == {(403, "refused: see what rackwright serve says\n")}
    assert [event.kind for event in heard] == ["refused"] * 3


def test_what_is_missing_costs_no_token(boots, tmp_path):
    """A secret that cannot be resolved is told, and the same token works once it is there."""
    made, heard = boots
    offer = made.offers["be01"]
    found = {}
    late = Offer("be01", offer.serial, "", offer.switch, TREE, None, (Environment(found),))
    answers = Boots({"be01": late}, made.tokens, made.authority, made.events, None, 8443)
    bearer = {**HEADERS, "Authorization": f"Bearer {made.tokens.issue('be01')}"}

    async def work(client):
        first = await client.get("/devices/be01/startup.yaml", headers=bearer)
        found["RACKWRIGHT_SECRET_SWITCH_HASH"] = HASH
        return first.status, (await client.get("/devices/be01/startup.yaml", headers=bearer)).status

    assert asked(answers.secure(), work) == (500, 200)
    assert "switch_hash" in heard[0].text
