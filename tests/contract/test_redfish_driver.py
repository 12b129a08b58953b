"""Our Redfish client against what we did not write: three trees of real machines, and OpenStack's emulator."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager

import pytest

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish.connect import connect
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, Unreachable
from rackwright.redfish.reading import inventory
from rackwright.secrets import Secret
from tests.lone_api import Authority
from tests.lone_bmc import lone_bmc, tree

R750, XR8620T, BLUEFIELD = "dell_r750_2xbf3_idrac7.10.30", "dell_xr8620t_16g_idrac6.10.80", "nvidia_bf3_dpu_bmc_24.10"
COMPLIANCE = ("system", "hardware", "firmware", "bios", "jobs")
"""Inventory and all that firmware and BIOS are judged by."""


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def opened(endpoint, authority, **limits):
    return closing(
        connect(
            endpoint,
            password=Secret("right"),
            trust=Trust(authority.folder, ca=authority.path),
            clock=ScaledClock(1000),
            limits=Limits(**{"busy_s": 30, **limits}),
        )
    )


def read(shared, authority, name, topics=COMPLIANCE, **how):
    """Serve a tree, read it over the wire; return the resources, what was asked, and the tree."""
    found = tree(shared("data", "redfish", name))
    with lone_bmc(authority.context(), resources=dict(found), **how) as bmc:
        with opened(bmc.endpoint, authority) as redfish:
            resources = redfish.read(topics)
        assert not bmc.sessions
        assert len(bmc.connections) == 1
        return resources, [path for _, path, _ in bmc.asked], found


def test_a_real_idrac_is_read_in_eighteen_requests(shared, authority):
    """Login, root, 15 questions and the logout tell the R750's inventory, firmware, BIOS and jobs; each is asked once.

    Two more are the ports of its two BlueField-3, whose links are down: an iDRAC tells no link for them elsewhere.
    """
    resources, asked, _ = read(shared, authority, R750)
    assert "#errors" not in resources
    assert len(asked) == 18 + 2
    assert len(set(asked)) == 20
    found = inventory(resources)
    assert (found.model, found.service_tag, found.bmc_version, found.bios_version) == (
        "PowerEdge R750", "PKDG4N5", "7.10.30.00", "1.13.2",
    )  # fmt: skip
    assert sorted(nic.part for nic in found.nics if nic.slot) == ["900-9D3B6-00CV-AA0"] * 2
    assert not found.untold


@pytest.mark.parametrize(
    ("topics", "requests"),
    [(("firmware",), 4), (("bios",), 6), (("firmware", "bios"), 7), (("jobs",), 5), (("system",), 5)],
)
def test_less_asked_is_less_sent(shared, authority, topics, requests):
    """A topic alone costs what it needs: login, root and logout are three of them."""
    _, asked, _ = read(shared, authority, R750, topics)
    assert len(asked) == requests


def test_what_things_hang_on_is_read_once_a_session(shared, authority):
    """After everything was read, supplies and attributes cost a request each, and mean what they meant; the power of the host is asked anew."""
    resources = dict(tree(shared("data", "redfish", R750)))
    with lone_bmc(authority.context(), resources=resources) as bmc, opened(bmc.endpoint, authority) as redfish:
        told = inventory(redfish.read({"supplies", "attributes"}))
        redfish.read({"system", "hardware"})
        before = len(bmc.asked)
        assert inventory(redfish.read({"supplies", "attributes"})) == told
        again = [path.partition("?")[0] for _, path, _ in bmc.asked[before:]]
        redfish.read({"bios"})
        systems = [path for _, path, _ in bmc.asked[before:] if path.partition("?")[0].endswith("/Systems")]
    assert [path.rpartition("/")[2] for path in again] == ["Power", "iDRAC.Embedded.1"]
    assert len(systems) == 1
    assert told.psus
    assert told.lockdown is not None


def test_ports_alone_cost_a_request_once_the_system_is_known(shared, authority):
    """Links that are asked for every second cost the system too, or are not those that the system tells with its power."""
    resources = dict(tree(shared("data", "redfish", R750)))
    with lone_bmc(authority.context(), resources=resources) as bmc, opened(bmc.endpoint, authority) as redfish:
        told = inventory(redfish.read({"lights"})).nics
        before = len(bmc.asked)
        assert inventory(redfish.read({"ports"})).nics == told
        redfish.read({"lights"})
        again = [path.partition("?")[0].rpartition("/")[2] for _, path, _ in bmc.asked[before:]]
    assert again == ["EthernetInterfaces", "Systems", "EthernetInterfaces"]
    assert told


@pytest.mark.parametrize("name", [R750, XR8620T, BLUEFIELD])
@pytest.mark.parametrize("expands", [True, False], ids=["expands", "refuses to expand"])
def test_what_is_read_is_what_the_machine_has(shared, authority, name, expands):
    """Every resource is the captured one, byte for byte of its JSON, whether it came expanded or member by member."""
    resources, _, captured = read(shared, authority, name, expands=expands)
    errors = resources.pop("#errors", {})
    for uri, resource in resources.items():
        if "Members" in resource:
            members = captured[uri]["Members"] or []
            assert [one["@odata.id"] for one in resource["Members"]] == [one["@odata.id"] for one in members]
        elif not expands or "/Storage/" not in uri:
            # A BlueField BMC tells of its host's ports under the URIs of its own; they are kept where they were found.
            assert {**resource, "@odata.id": uri} == {**captured[uri], "@odata.id": uri}, uri
    # What the captures lack themselves (their README names it) is told as missing, and nothing else is.
    assert all("/Jobs/" in uri or "/Tasks/" in uri for uri in errors)
    assert bool(errors) == (name != R750)


@pytest.mark.parametrize("name", [R750, XR8620T, BLUEFIELD])
def test_both_ways_of_reading_mean_the_same(shared, authority, name):
    """With and without expansion the inventory is one and the same, and equals that of the whole tree."""
    short, _, captured = read(shared, authority, name)
    long, _, _ = read(shared, authority, name, expands=False)
    assert inventory(short) == inventory(long)
    whole, ours = inventory(captured), inventory(short)
    for part in ("model", "service_tag", "bmc_version", "bios_version", "cpus", "dimms", "drives", "software"):
        assert getattr(ours, part) == getattr(whole, part), part
    assert ours.bios.attributes == whole.bios.attributes
    for mine, its in zip(ours.nics, whole.nics, strict=True):
        assert (mine.fqdd, mine.part, mine.firmware, mine.lanes) == (its.fqdd, its.part, its.firmware, its.lanes)
        assert [(one.macs, one.link, one.speed_mbps) for one in mine.ports] == [
            (one.macs, one.link, one.speed_mbps) for one in its.ports
        ]


@pytest.mark.parametrize("name", [R750, XR8620T])
def test_the_registry_of_a_bios_is_found(shared, authority, name):
    """Topic registry leads to the attributes, where an iDRAC keeps them."""
    resources, asked, _ = read(shared, authority, name, ("registry",))
    registry = next(value for uri, value in resources.items() if uri.endswith("/BiosRegistry"))
    assert len(registry["RegistryEntries"]["Attributes"]) > 300
    assert len(asked) == 6


# --- sushy-emulator ---------------------------------------------------------------------------------------------------

# Its fake machine takes up to eleven seconds to turn on, at random: that is all that is taken out of it here.
START = "import random; random.randint = lambda a, b: 0; from sushy_tools.emulator.main import main; main()"


@contextmanager
def emulator(authority):
    """Start sushy-emulator with its fake driver."""
    authority.context()
    pem = str(authority.folder / "switch.key.pem")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (authority.folder / "emulator.conf").write_text(
        f"SUSHY_EMULATOR_STATE_DIR = {str(authority.folder)!r}\n", encoding="utf-8"
    )
    line = ["--fake", "-i", "127.0.0.1", "-p", str(port), "--ssl-certificate", pem, "--ssl-key", pem]
    line += ["--config", str(authority.folder / "emulator.conf")]
    with subprocess.Popen(
        [sys.executable, "-c", START, *line], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield Endpoint(device="fake", host="127.0.0.1", redfish_port=port, user="admin")
        finally:
            process.kill()


class _Image(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"image" * 100
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def images():
    """Serve an image."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Image) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_openstacks_emulator_is_driven(authority):
    """A service by other hands, without sessions, expansion and jobs: power, boot and virtual media work as on an iDRAC.

    The fake machine has no BIOS settings (501), and a boot override of its is never ``Once``.
    """
    with emulator(authority) as endpoint, opened(endpoint, authority, patience_s=20_000) as redfish:
        resources = redfish.read(("system", "bios", "jobs"))
        assert inventory(resources).power == "Off"
        redfish.reset("On")
        assert redfish.power() == "On"
        redfish.reset("On")
        redfish.reset("ForceOff")
        assert redfish.power() == "Off"
        for target in ("Pxe", "Cd"):
            redfish.boot_once(target)
            assert (redfish.boot().target, redfish.boot().mode) == (target, "UEFI")
        with images() as url:
            name = redfish.insert(f"{url}/a.iso")
            assert {one.name: one.inserted for one in redfish.media()} == {"Cd": name == "Cd", "Floppy": False}
            assert redfish.insert(f"{url}/b.iso") == name
            assert next(one.image for one in redfish.media() if one.name == name).endswith("b.iso")
        redfish.eject()
        assert not any(one.inserted for one in redfish.media())
        assert redfish.jobs() == ()
        assert redfish.readiness().ready
        with pytest.raises(DeviceRefused, match="BIOS settings"):
            redfish.stage_bios({"ProcTurboMode": "Enabled"})


def test_the_emulator_is_not_waited_for_without_patience(authority):
    """While it starts it is unreachable, and that is what is said."""
    with emulator(authority) as endpoint, pytest.raises(Unreachable, match="refused"):
        connect(endpoint, password=Secret("x"), trust=Trust(authority.folder, ca=authority.path))


def test_real_errors_of_an_idrac_keep_their_words(shared, authority):
    """The two captured refusals become errors with Dell's id, text and remedy."""
    folder = shared("data", "redfish", "fixtures", "sushy_dell")
    from aiohttp import web

    root = {"/redfish/v1": {"@odata.id": "/redfish/v1"}}
    with lone_bmc(authority.context(), resources=root) as bmc, opened(bmc.endpoint, authority) as redfish:
        for name, message_id in (("error_pending_job", "LC068"), ("error_running_job", "RAC0679")):
            body = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            bmc.override["POST /redfish/v1/X"] = lambda _, body=body: web.json_response(body, status=400)
            with pytest.raises(DeviceRefused, match=message_id) as caught:
                redfish.post("/redfish/v1/X", {})
            entry = body["error"]["@Message.ExtendedInfo"][0]
            assert caught.value.message_id == message_id
            assert caught.value.remedy == entry["Resolution"]
            assert entry["Message"] in str(caught.value)
