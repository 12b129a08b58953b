"""The Linux side of an emulated switch."""

import json

import pytest


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("echo a; echo b", 0, "a\nb\n"),
        ("false && echo no || echo yes", 0, "yes\n"),
        ("true && echo yes || echo no", 0, "yes\n"),
        ("false; echo $?", 0, "1\n"),
        ("echo 'one two' three\\ four", 0, "one two three four\n"),
        ('echo "$USER at $HOME"', 0, "cumulus at /home/cumulus\n"),
        ("echo text > f && cat f && rm f && test -e f", 1, "text\n"),
        ("echo a > f; echo b >> f; cat f | grep b", 0, "b\n"),
        ("cat nothing 2>/dev/null", 1, ""),
        ("cat nothing 2>&1", 1, "cat: nothing: No such file or directory\n"),
        ("mkdir -p a/b && ls a", 0, "b\n"),
        ("hostname", 0, "cumulus\n"),
        ("pwd; cd /etc && pwd", 0, "/home/cumulus\n/etc\n"),
        ("systemctl is-active nvued", 0, "active\n"),
        ("[ -f /etc/os-release ]", 0, ""),
        ("# a comment", 0, ""),
    ],
)
def test_a_line_runs_as_in_a_shell(typed, line, code, out):
    """Words, quotes, joints and redirections mean what they mean in bash."""
    [result] = typed(line)
    assert (result.code, result.out) == (code, out)


@pytest.mark.parametrize("line", ["id", "python3 -V", "head f", "mlxlink", "/usr/bin/foo --help"])
def test_an_unknown_command_is_refused(typed, line):
    """A real switch may have any command that the twin has not: it says so with 127, and not that there is none."""
    [result] = typed(line)
    assert (result.code, result.out, result.err) == (127, "", f"{line.split()[0]}: not emulated by this twin\n")


def test_sudo_without_a_password_is_refused(typed):
    """A sudo that may not ask ends with 1."""
    assert typed("sudo -n foo")[0].code == 1


@pytest.mark.parametrize("line", ["ntpq -p", "ping 10.0.0.1"])
def test_what_the_data_plane_does_not_know_is_refused(typed, line):
    """What reads state and is not known fails with a word."""
    [result] = typed(line)
    assert result.code
    assert result.err


@pytest.mark.parametrize(
    "line",
    [
        *("echo $(date)", "echo `date`", "echo 'open", "echo a >", "| cat", "echo $PATH", "echo a &"),
        *("for i in 1 2; do touch $USER; done", "while true; do true; done", "until true; do true; done"),
        *(
            "if true; then echo a; fi",
            "case a in a) echo;; esac",
            "function f { echo; }",
            "select a in b; do true; done",
        ),
        *("{ echo a; }", "( echo a )", "true && for i in a; do echo a; done", "! true", "[[ -e f ]]"),
        *("cat /etc/shadow", "ls /opt", "ls /", "ls /etc", "cd /opt", "rm -rf /", "rm -f /etc/foo", "rm -r a"),
        *("test -e /etc/shadow", "[ -d /opt ]", "cat < /etc/motd", "echo a > /opt/x", "mkdir /opt", "md5sum /bin/sh"),
        *("ls -l", "cat -n f", "uname -r", "hostname -f", "echo -e a", "mkdir -m 700 a"),
        *("nv config patch /etc/foo.yaml", "find /etc -maxdepth 1 -name a -mmin +1 -delete"),
    ],
)
def test_what_is_not_emulated_says_so(typed, line):
    """What the shell, the folders and the commands do not know is refused before anything is done, never made up."""
    [result] = typed(line)
    assert result.code
    assert result.out == ""
    assert "not emulated by this twin" in result.err
    assert "No such file" not in result.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cat /tmp/a", "cat: /tmp/a: No such file or directory\n"),
        ("ls ~/a", "ls: cannot access '~/a': No such file or directory\n"),
        ("cd a", "-bash: cd: a: No such file or directory\n"),
        ("echo a > f; cd f", "-bash: cd: f: Not a directory\n"),
        ("rm a", "rm: cannot remove 'a': No such file or directory\n"),
        ("rm /etc/hostname", "rm: cannot remove '/etc/hostname': Permission denied\n"),
        ("cat /etc", "cat: /etc: Is a directory\n"),
    ],
)
def test_what_the_twin_knows_whole_answers_as_files_do(typed, line, said):
    """In home and the temporary folders nothing is but what was written: what is missing there is missing."""
    [result] = typed(line)
    assert (result.code > 0, result.err) == (True, said)


def test_the_eeprom_tells_who_it_is(typed):
    """decode-syseeprom gives serial number and MAC as text, as JSON and alone."""
    table, value, serial = typed("decode-syseeprom", "decode-syseeprom -j", "decode-syseeprom -e")
    assert "Serial Number        0x23   6 MT0001" in table.out
    assert json.loads(value.out)["tlv"]["Base MAC Address"]["value"] == "02:00:00:00:00:01"
    assert serial.out == "MT0001\n"


def test_rights_count(typed):
    """A user writes below home and /tmp only; reboot, cl-support and onie-install want root."""
    results = typed(
        "echo a > /etc/x", "echo a > /tmp/x", "reboot", "cl-support", "onie-install -fa -i cumulus-5.14.0.bin"
    )
    assert [one.code for one in results] == [1, 0, 1, 1, 1]
