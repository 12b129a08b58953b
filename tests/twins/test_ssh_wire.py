"""SSH against an emulated switch with other people's clients: netmiko, paramiko, OpenSSH."""

import json
import subprocess

import netmiko
import paramiko
import pytest


def netmiko_of(twin, name, device_type="cumulus_linux", **rest):
    """Open a netmiko session with the operator's key."""
    end = twin.ends[name]
    return netmiko.ConnectHandler(
        device_type=device_type,
        host=end["host"],
        port=end["ssh_port"],
        username="cumulus",
        **{"use_keys": True, "key_file": str(twin.state / "twin/id_ed25519"), **rest},
    )


def ssh(twin, name, *command, options=(), text=None):
    """Run a command by OpenSSH's client."""
    end = twin.ends[name]
    known = f"UserKnownHostsFile={twin.state}/twin/known_hosts"
    line = [
        "ssh",
        "-F",
        "none",
        "-o",
        known,
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "BatchMode=yes",
        "-p",
        str(end["ssh_port"]),
    ]
    line += [*options, "-i", str(twin.state / "twin/id_ed25519"), f"cumulus@{end['host']}", *command]
    given = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run(line, capture_output=True, text=True, timeout=30, check=False, **given)


def paramiko_of(twin, name, **rest):
    """Open a paramiko client that knows the host keys."""
    client = paramiko.SSHClient()
    client.load_host_keys(str(twin.state / "twin/known_hosts"))
    end = twin.ends[name]
    key = {} if "password" in rest else {"key_filename": str(twin.state / "twin/id_ed25519")}
    client.connect(end["host"], end["ssh_port"], "cumulus", look_for_keys=False, allow_agent=False, **key, **rest)
    return client


@pytest.mark.parametrize("device_type", ["linux", "cumulus_linux"])
def test_netmiko_works_as_on_a_switch(twin, device_type):
    """netmiko finds the prompt, runs nv, becomes root and saves with the very commands that it has for the platform."""
    up = twin()
    password = (up.state / "twin/secrets/switch_password").read_text().strip()
    hashed = (up.state / "twin/secrets/switch_hash").read_text().strip()
    with netmiko_of(up, "be01", device_type, secret=password) as session:
        assert session.find_prompt() == "cumulus@cumulus:mgmt:~$"
        session.send_command(f"nv set system aaa user cumulus hashed-password '{hashed}'")
        assert "applied_and_saved" in session.send_command("nv config apply -y")
        assert json.loads(session.send_command("nv show system -o json"))["hostname"] == "cumulus"
        assert session.send_command("nv set interface swp1-4 link state up").strip() == "created [rev_id: 2]"
        assert "swp1-4" in session.send_command("nv config diff")
        if device_type == "cumulus_linux":
            assert "applied_and_saved [rev_id: 2]" in session.save_config()
        session.enable()
        assert session.send_command("whoami").strip() == "root"
        session.exit_enable_mode()
        assert session.send_command("whoami").strip() == "cumulus"
        session.send_command("nv set system hostname fe01")
        answer = session.send_command("nv config apply", expect_string=r"y/N")
        assert "`cumulus` will be replaced with `fe01`" in answer
        assert "applied_and_saved" in session.send_command("y", expect_string=r"\$ $")


def test_openssh_runs_commands_with_their_exit_code(twin):
    """Plain `ssh` with the pinned host key runs a command, gives its streams apart, and its exit code."""
    up = twin()
    shown = ssh(up, "be01", "nv config show -o json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout)[1]["set"]["system"]["hostname"] == "cumulus"
    assert ssh(up, "be01", "nv set interface swp1; nv config diff").returncode == 1
    missing = ssh(up, "be01", "foo")
    assert (missing.returncode, missing.stderr) == (127, "foo: not emulated by this twin\n")


def test_openssh_sees_another_host_key(twin):
    """Each switch has a host key of its own, which stays while the twin is up: the wrong one is refused."""
    up = twin()
    known = up.state / "twin/known_hosts"
    first, second = known.read_text().splitlines()[:2]
    assert first.split()[2] != second.split()[2]
    known.write_text(f"{first.split()[0]} {' '.join(second.split()[1:])}\n")
    result = ssh(up, "be01", "true")
    assert result.returncode == 255
    assert "Host key verification failed" in result.stderr


def test_sftp_brings_a_file_that_nv_reads(twin):
    """A file that comes by SFTP, of mode 0600, is there for `nv config replace`; what is written can be read, listed and removed."""
    up = twin()
    with paramiko_of(up, "be01") as client, client.open_sftp() as files:
        with files.open("new.yaml", "wx") as stream:
            files.chmod("new.yaml", 0o600)
            stream.write(b"- set:\n    interface:\n      swp7:\n        type: swp\n" * 1)
        assert files.stat("new.yaml").st_mode & 0o777 == 0o600
        assert files.listdir(".") == ["new.yaml"]
        assert files.normalize(".") == "/home/cumulus"
        _, out, _ = client.exec_command("nv config replace new.yaml && nv config diff -o commands")
        assert "nv set interface swp7 type swp" in out.read().decode()
        with files.open("new.yaml") as stream:
            assert stream.read().startswith(b"- set:")
        files.remove("new.yaml")
        with pytest.raises(FileNotFoundError):
            files.stat("new.yaml")
        with pytest.raises(PermissionError):
            files.open("/etc/shadow.new", "w")


def test_the_factory_password_must_be_changed_first(twin):
    """With the password 'cumulus' a command is refused, and a terminal asks for a new one and disconnects (Quick-Start-Guide)."""
    up = twin()
    with paramiko_of(up, "be01", password="cumulus") as client:
        _, out, err = client.exec_command("nv config show")
        assert out.read() == b""
        assert b"password has expired" in err.read()
        assert out.channel.recv_exit_status() == 1
    with paramiko_of(up, "be01", password="cumulus") as client:
        channel = client.invoke_shell()
        for word, answer in (("Current", "cumulus"), ("New", "Rack-wright-1"), ("Retype", "Rack-wright-1")):
            read_until(channel, word)
            channel.send(f"{answer}\n")
        assert "updated successfully" in read_until(channel, "updated successfully")
        assert channel.recv_exit_status() == 0
    with pytest.raises(paramiko.AuthenticationException):
        paramiko_of(up, "be01", password="cumulus")
    with paramiko_of(up, "be01", password="Rack-wright-1") as client:
        assert client.exec_command("whoami")[1].read() == b"cumulus\n"


def read_until(channel, word):
    """Read what a terminal shows until a word stands there."""
    channel.settimeout(10)
    text = ""
    while word not in text:
        piece = channel.recv(4096).decode()
        assert piece, text
        text += piece
    return text


def test_configured_keys_open_the_account(twin):
    """A key that the applied configuration names logs in; one that it does not name is refused; another user's as well."""
    key = paramiko.ECDSAKey.generate()
    users = {
        "ops": {
            "role": "system-admin",
            "ssh": {"authorized-key": {"k": {"type": key.get_name(), "key": key.get_base64()}}},
        }
    }
    startup = {
        "system": {"aaa": {"user": users}},
        "interface": {"eth0": {"ip": {"vrf": "mgmt", "address": {"dhcp": {}}}}},
    }
    up = twin(startup={"be01": startup})
    end = up.ends["be01"]
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(up.state / "twin/known_hosts"))
        client.connect(end["host"], end["ssh_port"], "ops", pkey=key, look_for_keys=False, allow_agent=False)
        assert client.exec_command("whoami")[1].read() == b"ops\n"
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(up.state / "twin/known_hosts"))
        with pytest.raises(paramiko.AuthenticationException):
            client.connect(end["host"], end["ssh_port"], "cumulus", pkey=key, look_for_keys=False, allow_agent=False)


def test_root_commands_over_exec_want_the_password(twin):
    """`sudo -S` reads the password from stdin, and cl-support leaves a bundle that SFTP fetches."""
    up = twin()
    password = (up.state / "twin/secrets/switch_password").read_text().strip()
    hashed = (up.state / "twin/secrets/switch_hash").read_text().strip()
    assert (
        ssh(up, "be01", f"nv set system aaa user cumulus hashed-password '{hashed}' && nv config apply -y").returncode
        == 0
    )
    made = ssh(up, "be01", "sudo -S cl-support", text=f"{password}\n")
    assert made.returncode == 0
    assert "/var/support/cl_support_be01" in made.stdout
    assert ssh(up, "be01", "sudo -S whoami", text="wrong\n").returncode == 1


def test_a_reboot_cuts_and_comes_back(twin):
    """A reboot cuts the session, refuses connections while the switch boots, and answers with another boot id; nvued comes later than SSH."""
    up = twin(rate=1500.0)
    before = ssh(up, "be01", "cat /proc/sys/kernel/random/boot_id").stdout
    ssh(up, "be01", "nv action reboot system no-confirm")
    refused = ssh(up, "be01", "true")
    assert (refused.returncode, "refused" in refused.stderr) == (255, True)
    late = False
    for _ in range(200):
        result = ssh(up, "be01", "cat /proc/sys/kernel/random/boot_id; nv config show")
        late = late or "Could not connect to nvued" in result.stderr
        if result.returncode == 0:
            break
    assert result.stdout.splitlines()[0] != before.strip()
