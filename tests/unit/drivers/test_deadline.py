"""A TLS socket whose peer is gone before it began."""

import gc
import socket
import ssl
import struct
import time
import warnings

import pytest

from rackwright.drivers.deadline import DeadlineSocket

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: the connection is reset and not ended."""


def test_a_connection_that_is_reset_before_the_handshake_is_closed():
    """The socket that Python makes for TLS does not stay open when the peer reset the connection first."""
    context = ssl.create_default_context()
    context.sslsocket_class = DeadlineSocket
    with socket.create_server(("127.0.0.1", 0)) as server:
        plain = socket.create_connection(server.getsockname(), timeout=5)
        peer, _ = server.accept()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        peer.close()
        time.sleep(0.05)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            with pytest.raises(ConnectionResetError):
                context.wrap_socket(plain, server_hostname="bmc")
            gc.collect()
    assert [str(one.message) for one in seen if one.category is ResourceWarning] == []
