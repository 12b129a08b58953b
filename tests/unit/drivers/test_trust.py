"""Pins are kept whole, whoever writes at the same time."""

import base64
import multiprocessing
import threading

import pytest

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.trust import HostKey, Trust, certificate_fingerprint, host_name
from rackwright.errors import IdentityChanged, IdentityUnknown


def key(number: int) -> HostKey:
    return HostKey("ssh-ed25519", base64.b64encode(b"key %d" % number).decode())


def end(number: int, port: int = 22) -> Endpoint:
    return Endpoint(device=f"leaf{number}", host=f"10.0.0.{number}", ssh_port=port)


def pin(folder, first: int) -> None:
    trust = Trust(folder, first_use=True)
    for number in range(first, first + 20):
        trust.meet_host(end(number), key(number))
        trust.certificate(end(number), lambda number=number: b"certificate %d" % number)


def test_several_threads_and_processes_lose_no_pin(tmp_path):
    """Two processes and two threads in each pin eighty devices; all are there, in whole files of mode 0600."""

    def both(first):
        threads = [threading.Thread(target=pin, args=(tmp_path, first + 20 * half)) for half in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    other = multiprocessing.get_context("fork").Process(target=both, args=(40,))
    other.start()
    both(0)
    other.join()
    trust = Trust(tmp_path)
    for number in range(80):
        assert trust.host_keys(end(number)) == (key(number),)
        expected = certificate_fingerprint(b"certificate %d" % number)
        assert trust.certificate(end(number), lambda: b"never fetched") == expected
    for name in ("known_hosts", "tls-pins.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")} == {
        "known_hosts",
        "tls-pins.json",
    }


def test_who_came_first_decides(tmp_path):
    """A key that another process pinned in the meantime wins; ours is then another one."""
    one, two = Trust(tmp_path, first_use=True), Trust(tmp_path, first_use=True)
    assert two.host_keys(end(1)) == ()
    one.meet_host(end(1), key(1))
    with pytest.raises(IdentityChanged):
        two.meet_host(end(1), key(2))


def test_known_hosts_is_that_of_openssh(tmp_path):
    """Ports, lists of names, several keys a host, comments; what is not ours is passed over and kept."""
    text = f"# mine\n10.0.0.1,leaf1 {key(1).kind} {key(1).base64} comment\n10.0.0.1 ssh-rsa AAAA\n@revoked x y z\n|1|a|b x y\n"
    (tmp_path / "known_hosts").write_text(text, encoding="ascii")
    trust = Trust(tmp_path, first_use=True)
    assert trust.host_keys(end(1)) == (key(1), HostKey("ssh-rsa", "AAAA"))
    trust.meet_host(end(2, 2222), key(2))
    kept = (tmp_path / "known_hosts").read_text(encoding="ascii")
    assert kept == f"{text}[10.0.0.2]:2222 ssh-ed25519 {key(2).base64}\n"
    assert host_name(end(2)) == "10.0.0.2"


def test_pins_that_cannot_be_read_are_no_empty_pins(tmp_path):
    """A torn file does not make everybody a stranger that may be pinned anew."""
    (tmp_path / "tls-pins.json").write_text("{", encoding="ascii")
    with pytest.raises(IdentityUnknown, match="cannot be read"):
        Trust(tmp_path, first_use=True).certificate(end(1), lambda: b"x")


def test_only_one_device_is_forgotten(tmp_path):
    """Forgetting a device drops its key and certificate, and nobody else's: shared lines keep their other names, comments stay."""
    hosts = tmp_path / "known_hosts"
    hosts.write_text(
        f"# ours\n192.0.2.1,192.0.2.2 {key(1).kind} {key(1).base64}\n192.0.2.1 {key(2).kind} {key(2).base64}\n"
    )
    trust = Trust(tmp_path, first_use=True)
    for number in (1, 2):
        trust.certificate(Endpoint(device="x", host=f"192.0.2.{number}"), lambda: b"der")
    gone = Endpoint(device="be01", host="192.0.2.1")
    assert trust.host_keys(gone)
    assert trust.forget(gone)
    assert trust.host_keys(gone) == ()
    assert hosts.read_text() == f"# ours\n192.0.2.2 {key(1).kind} {key(1).base64}\n"
    assert trust.tls_pins.read_text() == '{\n "192.0.2.2:8765": "' + certificate_fingerprint(b"der") + '"\n}\n'
    assert not trust.forget(gone)
    trust.meet_host(gone, key(3))
    assert trust.host_keys(gone) == (key(3),)
