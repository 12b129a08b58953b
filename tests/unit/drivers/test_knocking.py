"""Whether anybody is at a door at all."""

import socket

from rackwright.drivers.knocking import silent


def test_who_listens_is_not_silent_and_who_does_not_is_told_with_the_reason():
    """A device that is passed over though it answers is not shown; one that is asked though it is dark costs a session's patience."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        assert silent("127.0.0.1", port, 1.0) == ""
    assert silent("127.0.0.1", port, 1.0) == f"nobody listens at 127.0.0.1 port {port}: connection refused"


def test_a_door_that_swallows_is_given_up_soon():
    """A thousand dark devices are asked one after the other in some seconds each, not in a minute."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        assert silent("127.0.0.1", port, 0.1) == f"no answer at 127.0.0.1 port {port} in 0.1 s"
