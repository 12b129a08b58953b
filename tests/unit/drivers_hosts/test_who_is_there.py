"""Who is silent and who hangs: an address where nobody is, and one that takes a connection and gives no session."""

from __future__ import annotations

import socket
import threading

import pytest

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.ssh import connect
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.trust import Trust
from rackwright.errors import NoSession, Unreachable
from rackwright.push.hosts.installing import nobody
from rackwright.secrets import Secret

LIMITS = Limits(connect_s=1, login_s=1, answer_s=1)


def reached(port, tmp_path):
    return connect(
        Endpoint(device="gpu01", host="127.0.0.1", user="rackwright", ssh_port=port),
        login=Login(password=Secret("right")), trust=Trust(tmp_path), limits=LIMITS,
    )  # fmt: skip


@pytest.mark.parametrize("says", [None, b"", b"220 mail\r\n"])
def test_a_system_that_hangs_is_there(tmp_path, says):
    """A kernel that takes connections over a dead sshd is told to be an empty disk."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            wire, _ = server.accept()
            if says is None:
                threading.Event().wait(4)
            elif says:
                wire.sendall(says)
            wire.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(NoSession) as told:
            reached(server.getsockname()[1], tmp_path)
    assert not nobody(told.value)


def test_a_closed_port_is_nobodys(tmp_path):
    """An empty machine is never installed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable) as told:
        reached(port, tmp_path)
    assert nobody(told.value)
