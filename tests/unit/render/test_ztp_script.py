"""The first-boot script: what NVIDIA's ZTP demands of it, and what it does when run against stand-ins."""

import hashlib
import os
import shutil
import subprocess

import msgspec
import pytest

from rackwright.errors import RenderError
from rackwright.render.nvue import ztp
from tests.unit.render.nvue_switches import oob, rail_leaf

SERIAL = "MT2412X00001"
SERVER = "https://ztp.example:8443"
IMAGE = b"image"
FILLED = {
    "image_sha256": hashlib.sha256(IMAGE).hexdigest(),
    "server": SERVER,
    "address": "ztp.example:8443:192.0.2.1",
    "token": "0123-token",
    "ca": "-----BEGIN CERTIFICATE-----",
}


def test_it_is_what_ztp_takes():
    """It has the flag, is pure ASCII with Unix line ends, and stays within the length a reader bears."""
    text = ztp.script(rail_leaf(), serial=SERIAL)
    assert text.startswith("#!/bin/bash\n# CUMULUS-AUTOPROVISIONING\n")
    assert text.isascii()
    assert "\r" not in text
    assert "\t" not in text
    assert text.endswith("exit 0\n")
    assert len(text.splitlines()) <= 120


def test_it_holds_no_secret():
    """Neither the password's reference nor its value stands in the script: it fetches what it applies."""
    text = ztp.script(rail_leaf())
    assert "switch_hash" not in text
    assert "secret" not in text.lower()


def test_the_kept_file_names_no_server():
    """The rendered file has every place open, so that equal plans give equal files and no token is ever kept."""
    text = ztp.script(rail_leaf())
    assert [text.count(f"@{name}@") for name in ztp.PLACES] == [1] * len(ztp.PLACES)
    assert "@" not in ztp.filled(text, FILLED).replace("two @", "").replace('"$@"', "").replace("  @*)", "").replace(
        "@-", ""
    )


def test_a_template_without_a_place_is_refused():
    """A site's own template that has no place for the token is refused, since its script could fetch nothing."""
    with pytest.raises(RenderError, match="@token@"):
        ztp.filled(ztp.script(rail_leaf()).replace("@token@", ""), FILLED)


def test_only_a_static_address_drops_the_lease():
    """A switch with a static address lets the lease of its first boot go; one that stays with DHCP keeps it."""
    assert "dhclient -r\nifreload -fa\n" in ztp.script(rail_leaf())
    assert "dhclient" not in ztp.script(oob())


def test_a_site_may_bring_its_own_template(tmp_path):
    """A site's template stands in for ours and gets the same values."""
    (tmp_path / "ztp").mkdir()
    (tmp_path / "ztp" / "ztp.sh.j2").write_text("{{ name }} {{ nos }} {{ serial }} {{ image }} {{ static }}")
    text = ztp.script(rail_leaf(), serial=SERIAL, templates=tmp_path)
    assert text == f"be01 5.12.1 {SERIAL} cumulus-linux-5.12.1-mlx-amd64.bin True\n"


@pytest.mark.parametrize("switch", [rail_leaf(), oob()], ids=["static", "leased"])
def test_shells_take_it(switch, tmp_path):
    """Bash reads it without running it; shellcheck has nothing to say."""
    script = tmp_path / "ztp.sh"
    script.write_text(ztp.script(switch, serial=SERIAL))
    for tool in (["bash", "-n"], ["shellcheck"]):
        if not shutil.which(tool[0]):
            pytest.skip(f"{tool[0]} is not on this machine: scripts/apt-packages.sh installs it")
        done = subprocess.run([*tool, script], capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("", "")


# --- run against stand-ins --------------------------------------------------------------------------

NV = """#!/bin/bash
echo "nv $*" >> calls
case "$*" in
  "config patch "*) cat "$3" > ahead ;;
  "config diff") cat ahead; exit 1 ;;
  "config replace "*) cat "$3" > applied; {replace} ;;
  "config apply -y") {apply} ;;
esac
"""


CURL = """#!/bin/bash
echo "curl $*" >> calls
cat >> headers
url="${@: -1}"
while [ "$1" != --output ]; do shift; done
case "$url" in
  */breakouts.yaml) cat breakouts > "$2" ;;
  */startup.yaml) echo "- set: {}" > "$2" ;;
  */images/*) printf image > "$2" ;;
esac
"""


class Booth:
    """A folder of stand-in commands that the script runs against; `calls` has what was asked of them."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        (folder / "bin").mkdir()
        (folder / "breakouts").touch()
        (folder / "os-release").write_text('NAME="Cumulus Linux"\nVERSION_ID=5.12.1\n')
        self.tool("nv", NV.format(replace="true", apply="echo applied [rev_id: 2]"))
        self.tool("decode-syseeprom", f"#!/bin/bash\necho {SERIAL}\n")
        self.tool("curl", CURL)
        self.tool("hostname", "#!/bin/bash\necho be01\n")
        self.tool(
            "ip", '#!/bin/bash\n[ "$2" = exec ] && { shift 3; exec "$@"; }\n[ "$2" = show ] && echo "mgmt 1001"\ntrue\n'
        )
        for name in ("onie-install", "reboot", "dhclient", "ifreload", "sleep"):
            self.tool(name, f'#!/bin/bash\necho "{name} $*" >> calls\n')

    def tool(self, name: str, text: str) -> None:
        """Put a stand-in for a command in the booth."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, switch=None, serial=SERIAL, text=""):
        """Run the script of a switch; return its exit code, its calls and its log."""
        text = text or ztp.filled(ztp.script(switch or rail_leaf(), serial=serial), FILLED)
        for path in ("/var/log/autoprovision", "/var/lib/rackwright", "/etc/os-release", "/tmp/rackwright"):
            text = text.replace(path, str(self.folder / path.replace("/tmp/rackwright", "work").rpartition("/")[2]))
        script = self.folder / "ztp.sh"
        script.write_text(text)
        search = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(["bash", script], cwd=self.folder, env={"PATH": search}, check=False, capture_output=True)
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        return done.returncode, calls, (self.folder / "autoprovision").read_text()


@pytest.fixture
def booth(tmp_path):
    """Return a booth whose stand-ins all do what they should."""
    return Booth(tmp_path)


def fetched(calls):
    return [call.split()[-1] for call in calls if call.startswith("curl")]


def test_a_good_first_boot(booth):
    """It fetches over TLS with the site's CA, replaces, applies, drops the lease, says so, and leaves no file behind."""
    code, calls, log = booth.run()
    assert code == 0, log
    assert fetched(calls) == [
        f"{SERVER}/devices/be01/{what}" for what in ("breakouts.yaml", "startup.yaml", "provisioned")
    ]
    first = next(call for call in calls if call.startswith("curl"))
    for word in ("--proto =https", "--resolve ztp.example:8443:192.0.2.1", "/ca.pem", f"CUMULUS-SERIAL: {SERIAL}"):
        assert word in first
    assert [call.split()[:3] for call in calls if "config" in call] == [
        ["nv", "config", "replace"],
        ["nv", "config", "apply"],
    ]
    assert calls[-3:-1] == ["dhclient -r", "ifreload -fa"]
    assert (booth.folder / "applied").read_text() == "- set: {}\n"
    assert not list(booth.folder.glob("work.*"))
    assert log.startswith("ztp be01: start\n")


def test_breakouts_go_first(booth):
    """What is to go first is applied before the configuration, which spends the token, is asked for."""
    (booth.folder / "breakouts").write_text("- set: {interface: {}}\n")
    code, calls, log = booth.run()
    assert code == 0, log
    assert [call.split("/")[-1] for call in calls if "config" in call or "yaml" in call] == [
        "breakouts.yaml", "nv config detach", "breakouts.yaml", "nv config diff", "nv config apply -y",
        "startup.yaml", "startup.yaml", "nv config apply -y",
    ]  # fmt: skip
    assert (booth.folder / "ahead").read_text() == "- set: {interface: {}}\n"
    assert (booth.folder / "applied").read_text() == "- set: {}\n"


@pytest.mark.parametrize(("word", "said"), [("patch", "exit 1"), ("apply", "echo 'Invalid config'; exit 1")])
def test_breakouts_that_are_refused_end_it(booth, word, said):
    """Where the breakouts are not taken, no configuration is asked for, and the switch is not done."""
    (booth.folder / "breakouts").write_text("- set: {}\n")
    booth.tool(
        "nv", NV.format(replace="true", apply="true").replace("esac", f'esac\n[ "$2" != {word} ] || {{ {said}; }}')
    )
    code, calls, log = booth.run()
    assert code == 1
    assert f"nv config {word}" in log
    assert not any("startup.yaml" in call for call in calls)
    assert not (booth.folder / "rackwright").exists()


def test_breakouts_that_are_there_are_not_applied_again(booth):
    """A switch that was cut off behind its breakouts finds no difference, and goes on."""
    (booth.folder / "breakouts").write_text("- set: {}\n")
    booth.tool("nv", NV.format(replace="true", apply="true").replace("cat ahead; exit 1", "true"))
    code, calls, log = booth.run()
    assert code == 0, log
    assert sum(call.startswith("nv config apply") for call in calls) == 1


def test_the_token_is_no_argument(booth):
    """The token goes to curl by stdin: neither its arguments nor the log have it."""
    _, calls, log = booth.run()
    assert "Authorization: Bearer 0123-token\n" in (booth.folder / "headers").read_text()
    assert "0123-token" not in "".join(calls) + log


def test_a_second_run_is_harmless(booth):
    """A switch that was provisioned is left alone; one that lost its name since, after a factory reset, is not."""
    booth.run()
    before = booth.calls.read_text()
    code, _, log = booth.run()
    assert (code, booth.calls.read_text()) == (0, before)
    assert "nothing to do" in log
    booth.tool("hostname", "#!/bin/bash\necho cumulus\n")
    booth.run()
    assert booth.calls.read_text() != before


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("nv", NV.format(replace="exit 1", apply="true")),
        ("nv", NV.format(replace="true", apply="echo Error; exit 1")),
        ("nv", NV.format(replace="true", apply="echo 'apply failed'")),
        ("nv", NV.format(replace="echo 'Invalid config'", apply="true")),
        ("nv", "#!/bin/bash\nexit 1\n"),
        ("curl", "#!/bin/bash\nexit 22\n"),
        ("decode-syseeprom", "#!/bin/bash\nexit 1\n"),
        ("decode-syseeprom", "#!/bin/bash\necho OTHER\n"),
        ("ifreload", "#!/bin/bash\nexit 1\n"),
    ],
)
def test_what_goes_wrong_is_told(booth, tool, text):
    """Whatever fails, by exit code or by word, ends the script with an error and a line in the log."""
    booth.tool(tool, text)
    code, _, log = booth.run()
    assert code == 1
    assert "ERROR" in log
    assert not list(booth.folder.glob("work.*"))


def test_the_wrong_switch_is_left_alone(booth):
    """A switch with another serial number is neither reinstalled nor configured."""
    booth.tool("decode-syseeprom", "#!/bin/bash\necho OTHER\n")
    code, calls, log = booth.run()
    assert code == 1
    assert fetched(calls) == [f"{SERVER}/devices/be01/failed"]
    assert len(calls) == 1
    assert "OTHER" in log


def test_run_by_hand_it_stops(booth):
    """The file that is kept holds no token; run by hand it says so and changes nothing."""
    code, calls, log = booth.run(text=ztp.script(rail_leaf(), serial=SERIAL))
    assert code == 1
    assert calls == []
    assert "rackwright serve" in log


def test_another_version_is_installed_first(booth):
    """A switch with another version fetches the image of its plan over TLS, installs it and reboots, no more."""
    (booth.folder / "os-release").write_text('VERSION_ID="5.9.2"\n')
    code, calls, log = booth.run()
    assert code == 0, log
    image = "cumulus-linux-5.12.1-mlx-amd64.bin"
    assert fetched(calls) == [f"{SERVER}/images/{image}", f"{SERVER}/devices/be01/installing"]
    installed = next(call for call in calls if call.startswith("onie-install"))
    assert installed.startswith("onie-install -fa -i ")
    assert installed.endswith(f"/{image}")
    assert calls[-1] == "reboot "
    assert not any(call.startswith("nv ") for call in calls)


def test_another_image_is_not_installed(booth):
    """An image that is not, bit for bit, the one that the server has is not installed."""
    (booth.folder / "os-release").write_text('VERSION_ID="5.9.2"\n')
    booth.tool("curl", CURL.replace("printf image", "printf other"))
    code, calls, log = booth.run()
    assert code == 1
    assert not any(call.startswith(("onie-install", "reboot")) for call in calls)
    assert "is not what the server has" in log


def test_a_plan_without_serial_checks_none(booth):
    """Where nodes.csv gives no serial number, any switch at that place is taken."""
    code, _, log = booth.run(msgspec.structs.replace(rail_leaf(), name="be02"), serial="")
    assert code == 0, log
