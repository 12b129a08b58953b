"""Channels for commands against paramiko's own server: refused, said no to, large both ways, and keys that change in between."""

import socket
import threading
import time
import weakref
from contextlib import contextmanager, suppress

import paramiko
import pytest

from rackwright.drivers.nvue.doors import Hall, asked

MOST = 1 << 26


class Server(paramiko.ServerInterface):
    """Lets everybody in; what it does with a command is a function of the test's."""

    def __init__(self, answer):
        self.answer = answer
        self.refusals = 0
        self.says_no = False
        self.threads = []

    def check_auth_password(self, _username, _password):
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, _username):
        return "password"

    def check_channel_request(self, _kind, _number):
        if self.refusals:
            self.refusals -= 1
            return paramiko.OPEN_FAILED_RESOURCE_SHORTAGE
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        if self.says_no:
            return False
        thread = threading.Thread(target=self.answer, args=(channel, command.decode()))
        self.threads.append(thread)
        thread.start()
        return True


def echo(channel, command):
    """Say the command on both streams, and what was read on stdin where it asks for that."""
    said = b"".join(iter(lambda: channel.recv(1 << 15), b"")) if command == "cat" else command.encode()
    channel.sendall(said)
    channel.sendall_stderr(b"heard")
    channel.send_exit_status(3)
    channel.close()


@contextmanager
def connected(answer=echo):
    """Yield a logged-in transport of ours and the server at its other end."""
    ours, theirs = socket.socketpair()
    server, there, here = Server(answer), paramiko.Transport(theirs), Hall(ours)
    there.add_server_key(paramiko.ECDSAKey.generate())
    there.start_server(event=threading.Event(), server=server)
    try:
        here.connect(username="ops", password="right")
        yield here, server
    finally:
        here.close()
        there.close()
        for thread in server.threads:
            thread.join(10)


def heard(here, command, stdin=b"", most=MOST):
    """Run one command and return what came of it."""
    door = asked(here)
    door.order(command, stdin, most)
    try:
        return door.heard(10)
    finally:
        door.close()


def test_a_command_is_heard_to_its_end():
    """Both streams and the exit status come apart, whether the channel is open by then or not."""
    with connected() as (here, _):
        assert heard(here, "one")[:4] == (3, b"one", b"heard", True)
        late = asked(here)
        until = time.monotonic() + 10
        while not late.active and time.monotonic() < until:
            time.sleep(0.01)
        late.order("two", b"", MOST)
        assert late.heard(10)[:4] == (3, b"two", b"heard", True)


def test_a_command_reads_what_it_is_given():
    """What a command reads is sent once it has begun, and then its end."""
    with connected() as (here, _):
        assert heard(here, "cat", stdin=b"word\n").out == b"word\n"


def test_a_channel_that_is_refused_is_told_from_a_lost_command():
    """Nothing was sent on it, so that the command may be sent on another."""
    with connected() as (here, server):
        server.refusals = 1
        refused = heard(here, "one")
        assert (refused.refused, refused.sent, refused.status) == (True, False, -1)
        assert heard(here, "one").out == b"one"


def test_a_command_that_is_refused_has_no_exit_status():
    """What the server does not begin is not taken for done."""
    with connected() as (here, server):
        server.says_no = True
        assert heard(here, "one").status < 0


def test_an_answer_without_end_is_cut():
    """More than may be is not gathered."""
    with connected(lambda channel, _: _flood(channel)) as (here, _):
        assert heard(here, "flood", most=1 << 20).endless


def _flood(channel):
    with suppress(OSError, EOFError):
        while True:
            channel.sendall(b"x" * 30_000)


def test_a_large_answer_arrives_whole_while_keys_change():
    """Nothing is sent while keys are exchanged, least of all by the thread that exchanges them."""

    def large(channel, _command):
        for _ in range(400):
            channel.sendall(b"x" * 30_000)
        channel.send_exit_status(0)
        channel.close()

    with connected(large) as (here, _):
        here.packetizer.REKEY_BYTES = 1 << 20
        told = heard(here, "large")
        assert (told.status, len(told.out)) == (0, 12_000_000)


def test_an_end_of_the_session_ends_the_wait():
    """Whoever waits hears at once that nothing will come, and no exit status."""

    def gone(channel, _command):
        channel.transport.close()

    with connected(gone) as (here, _):
        begun = time.monotonic()
        assert heard(here, "one").status < 0
        assert time.monotonic() - begun < 5
        with pytest.raises(paramiko.SSHException):
            asked(here)


def test_a_limit_ends_the_wait():
    """A command that says nothing is waited for as long as it may take."""
    over = threading.Event()
    with connected(lambda _channel, _command: over.wait(10)) as (here, _):
        door = asked(here)
        door.order("sleep", b"", MOST)
        with pytest.raises(TimeoutError):
            door.heard(0.2)
        over.set()


def test_what_was_told_is_let_go_with_the_door():
    """A door is part of no cycle: an answer of a megabyte does not wait for the collector."""
    with connected() as (here, _):
        door = asked(here)
        door.order("one", b"", MOST)
        door.heard(10)
        door.close()
        gone = weakref.ref(door)
        del door
        # paramiko's thread keeps the channel that it heard last.
        heard(here, "two")
        until = time.monotonic() + 5
        while gone() is not None and time.monotonic() < until:
            time.sleep(0.01)
        assert gone() is None
