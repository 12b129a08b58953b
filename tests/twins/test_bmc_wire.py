"""Redfish of an emulated BMC as a client sees it: sessions, errors, queries, ETags, what may be written."""

from __future__ import annotations

import pytest

from tests.bmcs import CHASSIS, JOBS, MANAGER, SESSIONS, SYSTEM, UPDATE, twin_of, until

ROOT = "/redfish/v1"


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """Run a twin with two iDRACs and the BMC of a card; tests that leave something behind use devices of their own."""
    with twin_of(tmp_path_factory.mktemp("wire"), ("gpu0*", "mgmt0*")) as running:
        yield running


@pytest.fixture
def bmc(twin):
    """Return a client of the iDRAC that every test may read from."""
    return twin.client()


def links(value):
    """Yield every link of a resource."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "@odata.id":
                yield inner
            else:
                yield from links(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from links(inner)


@pytest.mark.parametrize("device", ["gpu02", "mgmt01", "gpu01.b3220l-1"])
def test_every_link_leads_somewhere(twin, device):
    """No resource names another that is not there, and each says its own URI."""
    client = twin.client(device)
    token, _ = client.login()
    todo, seen = [ROOT], set()
    while todo:
        path = todo.pop()
        seen.add(path)
        said = client.ask("GET", path, token=token)
        assert said.status == 200, path
        assert said.json["@odata.id"] == path
        todo += [link for link in set(links(said.json)) - seen - set(todo) if "#" not in link]
    assert len(seen) > 30


def test_the_root_is_open_and_everything_else_is_not(bmc):
    """Anybody reads the root, which names the service tag; nobody else reads anything without a login."""
    open_paths = ["/redfish", ROOT, f"{ROOT}/", f"{ROOT}/odata", f"{ROOT}/$metadata"]
    assert {bmc.ask("GET", path, token="").status for path in open_paths} == {200}
    assert bmc.ask("GET", ROOT, token="").json["Oem"]["Dell"]["ServiceTag"]
    said = bmc.ask("GET", f"{ROOT}/Systems", token="")
    assert (said.status, said.ids) == (401, ["AccessDenied"])
    assert said.headers["WWW-Authenticate"].startswith("Basic")


def test_a_session_opens_serves_and_ends(twin):
    """POST gives token and place, the token opens, DELETE ends it and it opens no more."""
    client = twin.client("mgmt02")
    token, place = client.login()
    assert place.startswith(SESSIONS)
    assert client.ask("GET", SYSTEM, token=token).status == 200
    assert client.ask("GET", place, token=token).json["UserName"] == "root"
    assert client.ask("DELETE", place, token=token).status == 200
    assert client.ask("GET", SYSTEM, token=token).status == 401
    assert twin.whole("mgmt02")["sessions"] == 0


def test_a_ninth_session_is_refused(twin):
    """Eight sessions are the most: the ninth gets 503 RAC0218, and one that ends makes room."""
    client = twin.client("mgmt03")
    places = [client.login() for _ in range(8)]
    said = client.ask("POST", SESSIONS, {"UserName": "root", "Password": client.password}, token="")
    assert (said.status, said.ids) == (503, ["RAC0218"])
    token, place = places.pop()
    client.ask("DELETE", place, token=token)
    client.login()


def test_a_wrong_password_opens_nothing(twin):
    """A wrong login gets 401 whichever way it comes, and leaves no session."""
    client = twin.client("mgmt01")
    opened = twin.whole("mgmt01")["opened"]
    assert client.ask("POST", SESSIONS, {"UserName": "root", "Password": "wrong"}, token="").status == 401
    client.password = "wrong"
    assert client.ask("GET", SYSTEM).status == 401
    assert twin.whole("mgmt01")["opened"] == opened


def test_token_and_password_together_are_refused(bmc):
    """Basic authentication beside a token gets SYS468 (redfish.md 2.1)."""
    said = bmc.ask("GET", SYSTEM, X_Auth_Token="whatever")
    assert said.ids == ["SYS468"]


def test_what_is_not_there_and_what_cannot_be_done_are_told_apart(bmc):
    """404, 405 with Allow, 412, 415 and 400 each have their own message id."""
    assert bmc.ask("GET", f"{ROOT}/Nothing").ids == ["ResourceMissingAtURI"]
    said = bmc.ask("DELETE", SYSTEM)
    assert (said.status, said.ids) == (405, ["OperationNotAllowed"])
    assert set(said.headers["Allow"].split(", ")) == {"GET", "HEAD", "PATCH"}
    assert bmc.ask("PUT", SYSTEM, {}).status == 405
    assert bmc.ask("GET", SYSTEM, OData_Version="3.0").status == 412
    assert bmc.ask("PATCH", SYSTEM, b"x", Content_Type="text/plain").ids == ["UnsupportedMediaType"]
    assert bmc.ask("PATCH", SYSTEM, b"{", Content_Type="application/json").ids == ["MalformedJSON"]
    assert bmc.patch(SYSTEM, {"Model": "other"}).ids == ["PropertyNotWritable"]
    assert bmc.patch(SYSTEM, {"Colour": "red"}).ids == ["PropertyUnknown"]


def test_head_is_get_without_a_body(bmc):
    """HEAD gives the headers of GET and nothing else."""
    head, got = bmc.ask("HEAD", SYSTEM), bmc.ask("GET", SYSTEM)
    assert (head.status, head.body) == (200, b"")
    for name in ("ETag", "OData-Version", "Allow", "Link"):
        assert head.headers[name] == got.headers[name]


def test_expand_puts_members_in_their_places(bmc):
    """One request gives every member of a collection whole, and only one level deep."""
    listed = bmc.get(f"{UPDATE}/FirmwareInventory")
    whole = bmc.get(f"{UPDATE}/FirmwareInventory?$expand=*($levels=1)")
    assert [one["@odata.id"] for one in listed["Members"]] == [one["@odata.id"] for one in whole["Members"]]
    assert all(one["Version"] for one in whole["Members"])
    assert bmc.ask("GET", f"{SYSTEM}?$expand=*($levels=2)").status == 400
    assert "Name" not in bmc.get(f"{SYSTEM}/Processors?$expand=~")["Members"][0]
    assert "Model" in bmc.get(f"{SYSTEM}/Processors?$expand=.")["Members"][0]


def test_select_filter_only_skip_and_top(bmc):
    """The queries that the root promises are kept; an unknown one is 501."""
    assert set(bmc.get(f"{SYSTEM}?$select=Model,Boot/BootOrder")) >= {"Model", "Boot"}
    assert "SKU" not in bmc.get(f"{SYSTEM}?$select=Model")
    found = bmc.get(f"{UPDATE}/FirmwareInventory?$filter=SoftwareId%20eq%20'159'&$expand=.")
    assert {one["SoftwareId"] for one in found["Members"]} == {"159"}
    assert bmc.get(f"{ROOT}/Systems?only")["Model"] == "PowerEdge XE9680"
    two = bmc.get(f"{SYSTEM}/Processors?$skip=1&$top=2")
    assert [len(two["Members"]), two["Members@odata.count"]] == [2, 10]
    assert bmc.ask("GET", f"{SYSTEM}?$orderby=Name").status == 501


def test_etags_guard_a_change(twin):
    """If-None-Match spares a body, If-Match guards a change, and an ETag changes with the resource and not with the time."""
    client = twin.client("mgmt04")
    first = client.ask("GET", SYSTEM)
    tag = first.headers["ETag"]
    assert client.ask("GET", SYSTEM, If_None_Match=tag).status == 304
    assert client.ask("GET", MANAGER).headers["ETag"] == client.ask("GET", MANAGER).headers["ETag"]
    assert client.ask("PATCH", SYSTEM, {"AssetTag": "a"}, If_Match='"other"').status == 412
    assert client.ask("PATCH", SYSTEM, {"AssetTag": "a"}, If_Match=tag).status == 200
    assert client.ask("GET", SYSTEM).headers["ETag"] != tag


def test_roles_may_what_they_may(twin):
    """A reader reads and changes only its own password; an operator changes the host and not the iDRAC."""
    client = twin.client("gpu03")
    for place, user, role in (("3", "eyes", "ReadOnly"), ("4", "hands", "Operator")):
        body = {"UserName": user, "Password": "long enough", "RoleId": role, "Enabled": True}
        assert client.patch(f"{ROOT}/AccountService/Accounts/{place}", body).status == 200
    eyes, hands = twin.client("gpu03"), twin.client("gpu03")
    eyes.user, eyes.password, hands.user, hands.password = "eyes", "long enough", "hands", "long enough"
    assert eyes.get(SYSTEM)
    assert eyes.patch(SYSTEM, {"AssetTag": "x"}).ids == ["InsufficientPrivilege"]
    assert eyes.patch(f"{ROOT}/AccountService/Accounts/2", {"Password": "stolen"}).status == 403
    assert eyes.patch(f"{ROOT}/AccountService/Accounts/3", {"Password": "my own one"}).status == 200
    assert hands.patch(SYSTEM, {"AssetTag": "x"}).status == 200
    assert hands.post(f"{MANAGER}/Actions/Manager.Reset").status == 403
    assert client.get(f"{ROOT}/AccountService/Accounts/3")["Password"] is None


def test_a_task_turns_into_the_profile_that_was_exported(twin):
    """An export is a job; when it has ended its task is the profile, without a password in it."""
    client = twin.client("gpu04")
    said = client.post(
        f"{MANAGER}/Actions/Oem/EID_674_Manager.ExportSystemConfiguration",
        {"ExportFormat": "JSON", "ShareParameters": {"Target": "ALL"}},
    )
    assert said.status == 202
    place = said.headers["Location"]
    text = until(lambda: (found := client.ask("GET", place)).json.get("SystemConfiguration") and found.body)
    assert client.password.encode() not in text
    assert client.get(f"{JOBS}/{said.job}")["JobState"] == "Completed"


def test_ntp_is_the_same_in_both_ways(twin):
    """What is set as NetworkProtocol is read as an attribute."""
    client = twin.client("mgmt04")
    wanted = {"NTP": {"ProtocolEnabled": True, "NTPServers": ["10.0.0.1", "10.0.0.2"]}}
    assert client.patch(f"{MANAGER}/NetworkProtocol", wanted).status == 200
    told = client.get(f"{MANAGER}/Oem/Dell/DellAttributes/iDRAC.Embedded.1")["Attributes"]
    assert [told["NTPConfigGroup.1.NTPEnable"], told["NTPConfigGroup.1.NTP2"]] == ["Enabled", "10.0.0.2"]
    client.patch(f"{MANAGER}/NetworkProtocol", {"NTP": {"NTPServers": [None, {}]}})
    assert client.get(f"{MANAGER}/NetworkProtocol")["NTP"]["NTPServers"] == ["10.0.0.2"]


def test_a_gpu_a_card_and_the_mirror_are_where_the_catalog_puts_them(bmc):
    """Eight GPUs, ten cards with their ordering numbers, and the BOSS mirror of two drives are told."""
    kinds = [one["ProcessorType"] for one in bmc.get(f"{SYSTEM}/Processors?$expand=.")["Members"]]
    assert [kinds.count("CPU"), kinds.count("GPU")] == [2, 8]
    cards = bmc.get(f"{CHASSIS}/NetworkAdapters?$expand=.")["Members"]
    assert {one["PartNumber"] for one in cards if "Slot" in one["Id"]} == {"900-9D3D4-00EN-HA0", "900-9D3B4-00CV-EA0"}
    (boss,) = bmc.get(f"{SYSTEM}/Storage?$expand=.")["Members"]
    (volume,) = bmc.get(f"{boss['Volumes']['@odata.id']}?$expand=.")["Members"]
    assert [volume["RAIDType"], len(volume["Links"]["Drives"])] == ["RAID1", 2]


def test_no_secret_is_in_the_log(twin):
    """The log of the twin holds methods and paths, never a password or a token."""
    client = twin.client("mgmt01")
    token, _ = client.login()
    client.patch(
        f"{ROOT}/AccountService/Accounts/5", {"UserName": "x", "Password": "planted secret", "RoleId": "Operator"}
    )
    text = (twin.state / "twin" / "log").read_text(encoding="utf-8")
    assert "AccountService/Accounts/5" in text
    for secret in (client.password, token, "planted secret"):
        assert secret not in text
