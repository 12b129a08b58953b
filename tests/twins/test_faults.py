"""Every fault does what its name says, at the operation and the moment that it was set for, over both wires."""

import io
import time

import paramiko
import pytest
import requests

from rackwright.errors import TwinError
from rackwright.twin.box import Dropped
from rackwright.twin.faults import ALIASES, FAULTS, OPERATIONS, Faults, read
from rackwright.twin.linux import Session
from tests.twins.test_rest_wire import APPLY, NEW, Client, with_password
from tests.twins.test_ssh_wire import paramiko_of, ssh


@pytest.fixture
def up(twin):
    """Return a twin whose be01 has a password of its own."""
    return twin(startup={"be01": with_password()})


def swp1(up, which="applied"):
    """Tell whether the change of these tests is in a configuration of be01."""
    return "swp1" in up.ask("tree", device="be01")[which]["interface"]


STAGE = "nv set interface swp1 link mtu 9000"


def test_every_fault_and_operation_has_its_words():
    """Unknown names are refused with what there is; a fault that needs an operation says so."""
    for row in (
        {"kind": "frob"},
        {"kind": "drop", "at": "frob"},
        {"kind": "drop"},
        {"kind": "stall", "frob": 1, "count": "x"},
    ):
        with pytest.raises(TwinError, match=r"no fault|no operation|waits for an operation"):
            read(row)
    for kind in (*FAULTS, *ALIASES):
        assert read({"kind": kind, "at": "apply", "a": "be01:swp1"}).kind in FAULTS
    assert set(OPERATIONS) >= {"connect", "stage", "diff", "apply", "confirm", "confirm-status", "save", "show", "sftp"}


def test_a_rule_hits_when_it_says():
    """The nth occurrence and as many as counted, for the switches that it names, each counted for itself."""
    faults = Faults()
    faults.add(read({"kind": "drop", "at": "show", "device": "be*", "nth": 2, "count": 2}))
    hits = [bool(list(faults.hits("be01", "show", "before"))) for _ in range(5)]
    assert hits == [False, True, True, False, False]
    assert not list(faults.hits("be02", "show", "before"))
    assert list(faults.hits("be02", "show", "before"))
    assert not list(faults.hits("oob1", "show", "before"))
    assert faults.clear() == 1


@pytest.mark.parametrize(("when", "applied"), [("before", False), ("during", True), ("after", True)])
def test_a_dropped_apply_leaves_before_or_after(up, when, applied):
    """A connection that is cut before an apply leaves the switch as it was; cut in it or after it, the switch goes on alone."""
    ssh(up, "be01", STAGE)
    up.ask("fault", kind="drop", at="apply", when=when, device="be01")
    result = ssh(up, "be01", "nv config apply -y")
    assert result.returncode == 255
    deadline = time.monotonic() + 5
    while swp1(up) != applied and time.monotonic() < deadline:
        time.sleep(0.02)
    assert swp1(up) == applied
    assert ssh(up, "be01", "nv config show").returncode == 0


def test_a_drop_over_rest_is_a_lost_connection(up):
    """Over the API a drop is a connection that ends without an answer."""
    with Client(up, "be01") as client:
        name = client.revision()
        up.ask("fault", kind="drop", at="stage", when="after", device="be01")
        with pytest.raises(requests.ConnectionError):
            client.call("PATCH", f"/?rev={name}", json=NEW)
        assert client.call("GET", f"/interface/swp1?rev={name}")["link"] == {"mtu": 9000}


def test_a_refused_apply_is_invalid_on_both_wires(up):
    """refuse-apply makes the next apply invalid with its reason, once."""
    up.ask("fault", kind="refuse-apply", device="be01", value="planted reason", count=2)
    ssh(up, "be01", STAGE)
    result = ssh(up, "be01", "nv config apply -y")
    assert (result.returncode, result.stderr) == (1, "Invalid config [rev_id: 1]\n  planted reason\n")
    with Client(up, "be01") as client:
        name = client.revision()
        client.call("PATCH", f"/revision/{name}", json=APPLY)
        assert client.until(name, "invalid")["transition"]["issue"]["0"]["message"] == "planted reason"
        client.call("PATCH", f"/revision/{name}", json=APPLY)
        client.until(name, "applied_and_saved")


def test_a_stall_takes_its_time(up):
    """A stalled operation answers after its duration on the twin's clock."""
    up.ask("fault", kind="stall", at="show", device="be01", duration=120)
    start = time.monotonic()
    assert ssh(up, "be01", "nv config show").returncode == 0
    assert time.monotonic() - start >= 0.2


def test_nvued_that_crashes_comes_back_or_not(up):
    """Without nvued nv and API say so; it is back after its time, or never, until a reboot."""
    up.ask("fault", kind="crash-nvued", device="be01", duration=0)
    result = ssh(up, "be01", "nv config show")
    assert (result.returncode, result.stderr) == (1, "Error: Could not connect to nvued\n")
    assert ssh(up, "be01", "systemctl is-active nvued").stdout == "inactive\n"
    with Client(up, "be01") as client:
        client.call("GET", "/revision", status=502)
    up.ask("clear")
    assert ssh(up, "be01", "nv config show").returncode == 0


def test_a_crash_in_an_apply_leaves_what_was(up):
    """nvued that dies in an apply leaves the configuration of before."""
    ssh(up, "be01", STAGE)
    up.ask("fault", kind="crash-nvued", at="apply", when="during", device="be01", duration=15)
    assert ssh(up, "be01", "nv config apply -y").returncode == 1
    assert not swp1(up)


def test_a_reboot_in_an_apply_comes_up_as_before(twin):
    """reboot-during-apply cuts the session and boots the startup configuration."""
    up = twin(rate=20.0)
    ssh(up, "be01", STAGE)
    up.ask("fault", kind="reboot-during-apply", device="be01")
    assert ssh(up, "be01", "nv config apply -y").returncode == 255
    assert up.ask("status")["devices"]["be01"]["powered"] is False
    assert not swp1(up, "startup")


def test_lost_management_lets_nobody_in(up):
    """lose-management cuts what is open and refuses what comes, for its time; the switch itself goes on."""
    with paramiko_of(up, "be01") as client:
        up.ask("fault", kind="lose-management", device="be01", duration=60)
        try:
            ended = client.exec_command("true")[1].channel.recv_exit_status()
        except (paramiko.SSHException, EOFError, OSError):
            ended = -1
        assert ended == -1
    assert "refused" in ssh(up, "be01", "true").stderr
    deadline = time.monotonic() + 5
    while ssh(up, "be01", "true").returncode and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ssh(up, "be01", "true").returncode == 0


def test_a_full_disk_is_met_everywhere(up):
    """With a full disk nothing is uploaded, written or staged."""
    up.ask("fault", kind="full-disk", device="be01")
    with (
        paramiko_of(up, "be01") as client,
        client.open_sftp() as files,
        pytest.raises(OSError, match=r"No space|Failure"),
    ):
        files.open("new.yaml", "w")
    assert "No space left" in ssh(up, "be01", "echo a > f").stderr
    assert "No space left" in ssh(up, "be01", STAGE).stderr
    up.ask("clear")
    assert ssh(up, "be01", STAGE).returncode == 0


def test_a_wrong_version_and_serial_are_shown(up):
    """wrong-version and wrong-serial are what the switch says of itself, until they are cleared."""
    up.ask("fault", kind="wrong-version", device="be01", value="5.9.2")
    up.ask("fault", kind="wrong-serial", device="be01", value="OTHER1")
    assert "VERSION_ID=5.9.2" in ssh(up, "be01", "cat /etc/os-release").stdout
    assert '"product-release": "5.9.2"' in ssh(up, "be01", "nv show system -o json").stdout
    assert ssh(up, "be01", "decode-syseeprom -e").stdout == "OTHER1\n"
    up.ask("clear")
    assert ssh(up, "be01", "decode-syseeprom -e").stdout != "OTHER1\n"


def test_a_refused_login_is_refused_on_both_wires(up):
    """refuse-auth lets nobody log in, by key or password, as often as it counts."""
    up.ask("fault", kind="refuse-auth", device="be01", count=2)
    assert "Permission denied" in ssh(up, "be01", "true").stderr
    with Client(up, "be01") as client:
        client.call("GET", "/revision", status=401)
        client.call("GET", "/revision")
    assert ssh(up, "be01", "true").returncode == 0


def test_a_command_can_be_named(up):
    """A fault with a command prefix waits for that command only."""
    up.ask("fault", kind="drop", at="run", when="before", device="be01", command="hostname")
    assert ssh(up, "be01", "pwd").returncode == 0
    assert ssh(up, "be01", "hostname").returncode == 255
    assert ssh(up, "be01", "hostname").returncode == 0


def test_an_operation_can_be_refused(up):
    """`refuse` at another operation than apply makes that one fail with the reason."""
    up.ask("fault", kind="refuse", at="confirm", device="be01", value="planted")
    ssh(up, "be01", STAGE)
    ssh(up, "be01", "nv config apply -y --confirm 600s")
    result = ssh(up, "be01", "nv config apply --confirm-yes")
    assert (result.returncode, result.stderr) == (1, "Error: planted\n")
    assert ssh(up, "be01", "nv config apply --confirm-yes").returncode == 0


def test_the_log_tells_what_changed_and_no_secret(up):
    """Every command stands in the log with its result and what it changed; a password given to one does not."""
    ssh(up, "be01", "nv set system aaa user ops password Secret-word-1")
    ssh(up, "be01", "echo Secret-word-1 > f")
    ssh(up, "be01", "nv config apply -y")
    with Client(up, "be01") as client:
        name = client.revision()
        client.call("PATCH", f"/system/aaa/user/ops2?rev={name}", json={"password": "Secret-word-1"})
    lines = up.ask("log", device="be01")["lines"]
    text = (up.state / "twin/log").read_text()
    assert "Secret-word-1" not in str(lines) + text
    assert sum(line["operation"] == "connect" for line in lines) == 3, "each login over SSH has a line"
    lines = [line for line in lines if line["operation"] != "connect"]
    assert [line["operation"] for line in lines] == ["stage", "run", "apply", "stage", "stage"]
    assert set(lines[2]["changed"]) == {"applied", "startup", "revisions"}
    assert (lines[3]["wire"], lines[3]["result"]) == ("rest", "200")


@pytest.mark.parametrize("operation", ["confirm", "stage", "save", "detach", "confirm-status", "diff", "show"])
@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_every_nv_operation_can_lose_its_connection(bench, operation, when):
    """A drop hits each operation at each moment; before it nothing has happened, during and after it the effect is there."""
    lines = {
        "stage": "nv set interface swp9", "diff": "nv config diff", "save": "nv config save", "detach": "nv config detach",
        "confirm": "nv config apply --confirm-yes", "confirm-status": "nv config revision", "show": "nv config show",
    }  # fmt: skip

    async def work(box):
        session = Session(box, "cumulus")
        await session.line(STAGE)
        if operation == "confirm":
            await session.line("nv config apply -y --confirm 600s")
        before = box.marks()
        box.faults.add(read({"kind": "drop", "at": operation, "when": when}))
        with pytest.raises(Dropped):
            await session.line(lines[operation])
        return before != box.marks()

    changes = operation in ("confirm", "stage", "detach") and when != "before"
    assert bench(work) == changes


@pytest.mark.parametrize("when", ["before", "during"])
def test_an_upload_can_break(up, when):
    """A connection that is cut at an upload leaves no file, or the whole one."""
    up.ask("fault", kind="drop", at="sftp", when=when, device="be01")
    with (
        paramiko_of(up, "be01") as client,
        client.open_sftp() as files,
        pytest.raises((OSError, EOFError, paramiko.SSHException)),
    ):
        files.putfo(io.BytesIO(b"- set: {}\n"), "new.yaml")
    assert ssh(up, "be01", "ls").stdout == ("" if when == "before" else "new.yaml\n")


def test_a_stalled_apply_goes_on_without_its_client(up):
    """A stall in an apply holds the answer, not the switch; and a twin with a stall in hand goes down."""
    ssh(up, "be01", STAGE)
    up.ask("fault", kind="stall", at="apply", when="during", device="be01")
    with paramiko_of(up, "be01") as client:
        client.exec_command("nv config apply -y")
        deadline = time.monotonic() + 5
        while not swp1(up) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert swp1(up)
        up.background.__exit__(None, None, None)
    assert not up.state.exists()
