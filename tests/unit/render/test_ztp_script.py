"""The first-boot script: what NVIDIA's ZTP demands of it, and what it does when run against stand-ins."""

import os
import shutil
import subprocess

import msgspec
import pytest

from rackwright.render.nvue import ztp
from tests.unit.render.nvue_switches import oob, rail_leaf

SERIAL = "MT2412X00001"


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
  "config replace "*) cat "$3" > applied; {replace} ;;
  "config apply -y") {apply} ;;
esac
"""


class Booth:
    """A folder of stand-in commands that the script runs against; `calls` has what was asked of them."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        (folder / "bin").mkdir()
        (folder / "ztp.dhcp").write_text('url = "http://192.0.2.1/ztp/be01/ztp.sh"\n')
        (folder / "os-release").write_text('NAME="Cumulus Linux"\nVERSION_ID=5.12.1\n')
        self.tool("nv", NV.format(replace="true", apply="echo applied [rev_id: 2]"))
        self.tool("decode-syseeprom", f"#!/bin/bash\necho {SERIAL}\n")
        self.tool("curl", '#!/bin/bash\necho "curl $*" >> calls\necho "- set: {}" > "${@: -2:1}"\n')
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

    def run(self, switch=None, serial=SERIAL, **environment):
        """Run the script of a switch; return its exit code, its calls and its log."""
        text = ztp.script(switch or rail_leaf(), serial=serial)
        for path in ("/var/log/autoprovision", "/var/run/ztp.dhcp", "/etc/os-release", "/tmp/startup"):
            text = text.replace(path, str(self.folder / path.rpartition("/")[2]))
        script = self.folder / "ztp.sh"
        script.write_text(text)
        search = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", script], cwd=self.folder, env={"PATH": search, **environment}, check=False, capture_output=True
        )
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        return done.returncode, calls, (self.folder / "autoprovision").read_text()


@pytest.fixture
def booth(tmp_path):
    """Return a booth whose stand-ins all do what they should."""
    return Booth(tmp_path)


def test_a_good_first_boot(booth):
    """It fetches from the folder of its own URL, replaces, applies, drops the lease, and leaves no file behind."""
    code, calls, log = booth.run()
    assert code == 0, log
    fetched = next(call for call in calls if call.startswith("curl"))
    assert fetched.endswith("http://192.0.2.1/ztp/be01/startup.yaml")
    assert f"CUMULUS-SERIAL: {SERIAL}" in fetched
    assert [call.split()[:3] for call in calls if "config" in call] == [
        ["nv", "config", "replace"],
        ["nv", "config", "apply"],
    ]
    assert calls[-2:] == ["dhclient -r", "ifreload -fa"]
    assert (booth.folder / "applied").read_text() == "- set: {}\n"
    assert not list(booth.folder.glob("startup.*"))
    assert log.startswith("ztp be01: start\n")


def test_the_environment_names_the_server(booth):
    """A server URL in the environment goes before the one of DHCP."""
    _, calls, _ = booth.run(RACKWRIGHT_URL="http://198.51.100.7/x/ztp.sh")
    assert any(call.endswith("http://198.51.100.7/x/startup.yaml") for call in calls)


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
    assert not list(booth.folder.glob("startup.*"))


def test_the_wrong_switch_is_left_alone(booth):
    """A switch with another serial number is neither reinstalled nor configured."""
    booth.tool("decode-syseeprom", "#!/bin/bash\necho OTHER\n")
    code, calls, log = booth.run()
    assert code == 1
    assert calls == []
    assert "OTHER" in log


def test_without_a_server_it_stops(booth):
    """Without a URL from the environment or from DHCP it says so and changes nothing."""
    (booth.folder / "ztp.dhcp").write_text("nothing here\n")
    code, calls, log = booth.run()
    assert code == 1
    assert calls == []
    assert "option 239" in log


def test_another_version_is_installed_first(booth):
    """A switch with another version installs the image of its plan from the same server, where DHCP sends ONIE too, and reboots, no more."""
    (booth.folder / "os-release").write_text('VERSION_ID="5.9.2"\n')
    code, calls, log = booth.run()
    assert code == 0, log
    assert calls == ["onie-install -fa -i http://192.0.2.1/images/cumulus-linux-5.12.1-mlx-amd64.bin", "reboot "]


def test_a_plan_without_serial_checks_none(booth):
    """Where nodes.csv gives no serial number, any switch at that place is taken."""
    code, _, log = booth.run(msgspec.structs.replace(rail_leaf(), name="be02"), serial="")
    assert code == 0, log
