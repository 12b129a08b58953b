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


@pytest.mark.parametrize("line", ["foo", "/usr/bin/foo --help", "sudo -n foo"])
def test_what_is_not_there_is_not_found(typed, line):
    """An unknown command ends with 127, a refused sudo with 1."""
    [result] = typed(line)
    assert result.code == (1 if line.startswith("sudo") else 127)


@pytest.mark.parametrize(
    "line", ["echo $(date)", "echo `date`", "echo 'open", "echo a >", "| cat", "ntpq -p", "ping 10.0.0.1"]
)
def test_what_is_not_emulated_says_so(typed, line):
    """What the shell or the data plane does not know is refused, never made up."""
    [result] = typed(line)
    assert result.code
    assert result.err


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
