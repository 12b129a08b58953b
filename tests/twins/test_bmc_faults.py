"""Every fault of the wire does to a client what its sentence says, and the effect is there or is not (redfish.md 5)."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from pathlib import Path

import pytest

from rackwright.errors import TwinError
from rackwright.twin.bmc.service.faults import WIRE
from tests.bmcs import JOBS, SYSTEM, UPDATE, twin_of, until

RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
STAGE = {"Attributes": {"SriovGlobalEnable": "Enabled"}, "@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"}}
SETTINGS = f"{SYSTEM}/Bios/Settings"
CUT = (ConnectionError, http.client.HTTPException, ssl.SSLError, TimeoutError)


@pytest.fixture
def twin(tmp_path):
    """Run a twin of one server."""
    with twin_of(tmp_path, ("gpu01",), rate=600) as running:
        yield running


@pytest.fixture
def bmc(twin):
    """Return a client of it."""
    return twin.client()


def staged(bmc) -> list:
    """Return the jobs that stage something."""
    return bmc.get(JOBS)["Members"]


def test_each_kind_is_tried_here():
    """No wire fault is without a test in this file."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in WIRE if f'"{kind}"' not in text] == []


@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_drop(twin, bmc, when, jobs):
    """The connection is cut before the effect, or after it: then the job is there although the client saw none."""
    twin.fault("drop", at="bios-stage", when=when)
    with pytest.raises(CUT):
        bmc.patch(SETTINGS, STAGE)
    assert len(staged(bmc)) == jobs


def test_stall(twin, bmc):
    """The answer comes late, or never; the effect is there at once."""
    twin.fault("stall", at="bios-stage", duration=120)
    began = time.monotonic()
    assert bmc.patch(SETTINGS, STAGE).status == 202
    assert time.monotonic() - began > 0.19
    twin.fault("stall", at="power")
    with pytest.raises(CUT):
        bmc.ask("POST", RESET, {"ResetType": "ForceOff"}, limit_s=0.3)
    assert bmc.get(SYSTEM)["PowerState"] == "Off"


def test_truncate_garbage_and_empty(twin, bmc):
    """Half a body and a cut connection; half a body as if it were whole; nothing at all."""
    twin.fault("truncate", at="read")
    with pytest.raises(http.client.IncompleteRead):
        bmc.get(SYSTEM)
    twin.fault("garbage", at="read")
    with pytest.raises(json.JSONDecodeError):
        bmc.get(SYSTEM)
    twin.fault("empty", at="read")
    assert bmc.ask("GET", SYSTEM)[::2] == (200, b"")
    assert bmc.get(SYSTEM)["Id"] == "System.Embedded.1"


def test_html(twin, bmc):
    """500 with a page, and nothing done."""
    twin.fault("html", at="bios-stage")
    said = bmc.patch(SETTINGS, STAGE)
    assert [said.status, said.headers.get_content_type(), said.body[:6]] == [500, "text/html", b"<html>"]
    assert staged(bmc) == []


def test_too_many(twin, bmc):
    """429, with Retry-After where a number is given."""
    twin.fault("too-many", value="7")
    said = bmc.ask("GET", SYSTEM)
    assert [said.status, said.headers["Retry-After"]] == [429, "7"]


def test_drip(twin, bmc):
    """The body comes a byte at a time: slower than any limit between two bytes would notice."""
    twin.fault("drip", at="read", command="GET /redfish/v1/TaskService/Tasks")
    began = time.monotonic()
    assert bmc.get("/redfish/v1/TaskService/Tasks")["Members"] == []
    assert time.monotonic() - began > 0.15


def test_redirect(twin, bmc):
    """308 to the same host with a slash behind, or to another host."""
    twin.fault("redirect", at="read")
    assert bmc.ask("GET", SYSTEM).headers["Location"] == f"{SYSTEM}/"
    twin.fault("redirect", at="read", value="127.0.0.9:443", a="301")
    said = bmc.ask("GET", SYSTEM)
    assert [said.status, said.headers["Location"]] == [301, f"https://127.0.0.9:443{SYSTEM}/"]
    assert bmc.ask("GET", f"{SYSTEM}/").status == 200


def test_no_expand_and_paged(twin, bmc):
    """$expand is refused while plain reading goes on; collections come in pages that lead to the next."""
    twin.fault("no-expand", count=0)
    assert bmc.ask("GET", f"{UPDATE}/FirmwareInventory?$expand=.").status == 501
    assert bmc.get(f"{UPDATE}/FirmwareInventory")["Members"]
    twin.ask("clear")
    twin.fault("paged", value="5", count=0)
    whole, path = [], f"{UPDATE}/FirmwareInventory?$expand=."
    pages = 0
    while path:
        page = bmc.get(path)
        whole += [one["Id"] for one in page["Members"]]
        path, pages = page.get("Members@odata.nextLink"), pages + 1
    assert len(whole) == len(set(whole)) == page["Members@odata.count"]
    assert pages == -(-len(whole) // 5)


def test_etag_and_needs_etag(twin, bmc):
    """A right If-Match is refused once; a PATCH without one is refused while it is needed."""
    tag = bmc.ask("GET", SYSTEM).headers["ETag"]
    twin.fault("etag")
    assert bmc.ask("PATCH", SYSTEM, {"AssetTag": "a"}, If_Match=tag).status == 412
    assert bmc.ask("PATCH", SYSTEM, {"AssetTag": "a"}, If_Match=tag).status == 200
    twin.fault("needs-etag", count=0)
    assert bmc.patch(SYSTEM, {"AssetTag": "b"}).ids == ["SYS404"]
    assert bmc.ask("PATCH", SYSTEM, {"AssetTag": "b"}, If_Match="*").status == 200


def test_vanish(twin, bmc):
    """A member is gone for once; the collection still names it."""
    twin.fault("vanish", command=f"GET {UPDATE}/FirmwareInventory/")
    path = bmc.get(f"{UPDATE}/FirmwareInventory")["Members"][0]["@odata.id"]
    assert bmc.ask("GET", path).status == 404
    assert bmc.ask("GET", path).status == 200


def test_unauthorized(twin, bmc):
    """401 in the middle, and the session is gone for good."""
    token, _ = bmc.login()
    twin.fault("unauthorized", at="read")
    assert bmc.ask("GET", SYSTEM, token=token).status == 401
    assert bmc.ask("GET", SYSTEM, token=token).status == 401
    assert twin.whole()["sessions"] == 0


def test_answer_busy_and_answer_not_ready(twin, bmc):
    """503 SYS518 with or without Retry-After, 400 SWC0700: for one request, nothing done."""
    twin.fault("answer-busy", at="read", value="30")
    said = bmc.ask("GET", SYSTEM)
    assert [said.status, said.ids, said.headers["Retry-After"]] == [
        503,
        ["SYS518", "ServiceTemporarilyUnavailable"],
        "30",
    ]
    twin.fault("answer-busy", at="read")
    assert bmc.ask("GET", SYSTEM).headers["Retry-After"] is None
    twin.fault("answer-not-ready", at="bios-stage")
    assert bmc.patch(SETTINGS, STAGE).ids == ["SWC0700"]
    assert staged(bmc) == []


@pytest.mark.parametrize("how", ["expired", "self-signed", "wrong-name"])
def test_bad_certificate(twin, bmc, how):
    """A client that checks certificates refuses it; it is mended with the faults."""
    twin.fault("bad-certificate", value=how)
    with pytest.raises(ssl.SSLCertVerificationError):
        bmc.get(SYSTEM)
    twin.ask("clear")
    assert bmc.get(SYSTEM)
    with pytest.raises(TwinError, match="no certificate is bad in this way"):
        twin.fault("bad-certificate", value="ugly")


def test_a_dead_bmc_refuses_connections_until_it_is_mended(twin, bmc):
    """Nobody listens on the address of a BMC that is dead; clear brings it back, without its sessions."""
    bmc.login()
    twin.fault("bmc-dead")
    until(lambda: refused(bmc))
    twin.ask("clear")
    until(lambda: not refused(bmc))
    assert twin.whole()["sessions"] == 0


def refused(bmc) -> bool:
    """Tell whether connections are refused."""
    try:
        bmc.ask("GET", "/redfish/v1", token="")
    except ConnectionRefusedError:
        return True
    except CUT:
        return False
    return False


def test_the_nth_and_how_many_are_counted(twin, bmc):
    """A fault hits the occurrences that it names, of those that it can hit."""
    twin.fault("answer-busy", at="read", nth=2, count=2, command=f"GET {SYSTEM}")
    assert [bmc.ask("GET", SYSTEM).status for _ in range(4)] == [200, 503, 503, 200]
    assert bmc.ask("GET", "/redfish/v1/Chassis").status == 200


def test_faults_of_all_kinds_have_numbers_of_one_row(twin):
    """A rule of a switch, of the wire and of a machine have different numbers, and each can be cleared by its own."""
    ids = [
        twin.ask("fault", kind="refuse", at="apply", device="*")["id"],
        twin.fault("drop", at="read"),
        twin.fault("stuck", at="bios-stage"),
    ]
    assert len(set(ids)) == 3
    assert twin.ask("clear", ids=ids[1:2])["cleared"] == 1
    assert [one["id"] for one in twin.ask("status")["faults"]] == [ids[0], ids[2]]


def test_a_wrong_fault_is_refused_in_words(twin):
    """An operation that no BMC has, and a BMC that is not there, are named."""
    with pytest.raises(TwinError, match="no operation of a BMC is called 'teleport'"):
        twin.fault("drip", at="teleport")
    with pytest.raises(TwinError, match="no BMC of the twin is called 'nobody'"):
        twin.fault("lockdown", device="nobody")
