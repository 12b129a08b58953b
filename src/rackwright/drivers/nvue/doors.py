"""Channels for one command each, over paramiko's transport, that cost who asks one waking.

paramiko wakes who asks for the channel, for the yes to the command, for each piece of its answer, for both ends and for the
exit status: a change of threads each, and more than what it does in between. Here all of that happens in the thread that reads.
"""

# ruff: noqa: SLF001 - paramiko's own engine
from __future__ import annotations

import threading
import time
from typing import Any, Final, NamedTuple

import paramiko
from paramiko import Message
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    cMSG_CHANNEL_OPEN,
    cMSG_CHANNEL_REQUEST,
    cMSG_CHANNEL_WINDOW_ADJUST,
)

__all__ = ["Door", "Hall", "Heard", "asked"]

_LOOK_S: Final = 1.0
"""How long who waits sleeps before it sees to what the thread that reads could not do."""


class Heard(NamedTuple):
    """What came of a command."""

    status: int
    """Exit status; less than nothing: it was not heard to its end."""
    out: bytes
    err: bytes
    sent: bool
    refused: bool
    """The peer opened no channel, so that nothing was sent."""
    endless: bool


class Door(paramiko.Channel):
    """A channel for one command; an ordinary one until a command is ordered."""

    def __init__(self, number: int) -> None:
        """Stand for the channel of that number, which is asked for."""
        super().__init__(number)
        self._command = ""
        self._stdin = b""
        self._ordered = False
        self._most = 0
        self._parts: tuple[list[bytes], list[bytes]] = ([], [])
        self._size = 0
        self._sent = False
        self._endless = False
        self._refused = False
        self._over = threading.Event()

    @property
    def _inner(self) -> Any:
        # No attribute: who holds itself, and what it was told, waits for the collector of cycles.
        return self

    # --- who asks -------------------------------------------------------------------------------------------------

    def order(self, command: str, stdin: bytes, most: int) -> None:
        """Have a command sent as soon as the channel is open; what it says may be ``most`` bytes."""
        with self._inner.lock:
            self._command, self._most, self._stdin, self._ordered = command, most, stdin, True
        self._send_if_open()

    def heard(self, limit_s: float) -> Heard:
        """Wait for the end of the command. Raises TimeoutError after ``limit_s``."""
        until = time.monotonic() + limit_s
        if self._stdin:
            # A peer may have room for what a command reads only once that has begun.
            if not self._inner.event.wait(limit_s):
                raise TimeoutError
            self.settimeout(max(0.001, until - time.monotonic()))
            self.sendall(self._stdin)
            self.shutdown_write()
        while not self._over.wait(min(_LOOK_S, max(0.0, until - time.monotonic()))):
            if self._inner.eof_received and self._inner.status_event.is_set():
                break
            self._send_if_open()
            self._make_room(0)
            if time.monotonic() >= until:
                raise TimeoutError
        out, err = (b"".join(parts) for parts in self._parts)
        return Heard(self.exit_status, out, err, self._sent, self._refused, self._endless)

    # --- the thread that reads ------------------------------------------------------------------------------------

    def set(self) -> None:
        """Hear that the peer has answered whether it opens the channel, or that there is no peer any more."""
        if self._inner.active:
            self._send_if_open()
        else:
            self._refused = True
            self._over.set()

    def _send_if_open(self) -> None:
        transport = self._inner.transport
        with self._inner.lock:
            # While keys are exchanged nothing may be sent, and the thread that reads must not wait: who asks sees to it.
            ready = self._ordered and not self._sent and self._inner.active and transport.clear_to_send.is_set()
            if not ready or self._inner.closed:
                return
            self._sent = True
        request = Message()
        request.add_byte(cMSG_CHANNEL_REQUEST)
        request.add_int(self._inner.remote_chanid)
        request.add_string("exec")
        request.add_boolean(True)
        request.add_string(self._command)
        transport._send_user_message(request)

    def gather(self, part: bytes, *, err: bool) -> None:
        """Keep a piece of the answer, and let the peer send as much more."""
        self._parts[err].append(part)
        self._size += len(part)
        if self._size > self._most:
            self._endless = True
            self._over.set()
            return
        self._make_room(len(part))

    def _make_room(self, size: int) -> None:
        """Let the peer send as much more as was taken in, once that is a tenth of what it may send."""
        room = self._inner._check_add_window(size)
        if not room:
            return
        if not self._inner.transport.clear_to_send.is_set():
            # While keys are exchanged nothing may be sent: with the next piece, or when who asks looks up.
            with self._inner.lock:
                self._inner.in_window_sofar += room
            return
        more = Message()
        more.add_byte(cMSG_CHANNEL_WINDOW_ADJUST)
        more.add_int(self._inner.remote_chanid)
        more.add_int(room)
        self._inner.transport._send_user_message(more)

    def ended(self, message: Message) -> None:
        """Close what the peer has closed."""
        # Who closes says no more: an end of our own before it is a packet for nothing.
        self._inner.eof_sent = self._inner.eof_sent or self._ordered
        self._inner._handle_close(message)

    def _set_closed(self) -> None:
        super()._set_closed()  # type: ignore[misc]  # the stubs leave out what is inside
        self._over.set()

    @property
    def ordered(self) -> bool:
        """Whether it has a command, and gathers what that says."""
        return self._ordered


class Hall(paramiko.Transport):
    """paramiko's transport, which hands what comes for a :class:`Door` to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a transport as paramiko does."""
        super().__init__(*args, **kwargs)
        inner: Any = self
        inner._channel_handler_table = {
            **inner._channel_handler_table,
            MSG_CHANNEL_DATA: _data,
            MSG_CHANNEL_EXTENDED_DATA: _extended,
            MSG_CHANNEL_CLOSE: _close,
        }


def asked(transport: paramiko.Transport) -> Door:
    """Ask for a channel as ``Transport.open_channel`` does, and do not wait for it. Raises SSHException where there is no session any more."""
    inner: Any = transport
    if not inner.active:
        raise paramiko.SSHException("SSH session not active")
    with inner.lock:
        window = inner._sanitize_window_size(None)
        packet = inner._sanitize_packet_size(None)
        number = inner._next_channel()
        door: Any = Door(number)
        inner._channels.put(number, door)
        # What paramiko sets there once the peer has answered is the door itself.
        inner.channel_events[number] = door
        inner.channels_seen[number] = True
        door._set_transport(transport)
        door._set_window(window, packet)
    request = Message()
    request.add_byte(cMSG_CHANNEL_OPEN)
    request.add_string("session")
    request.add_int(number)
    request.add_int(window)
    request.add_int(packet)
    inner._send_user_message(request)
    made: Door = door
    return made


def _data(channel: Any, message: Message) -> None:
    if isinstance(channel, Door) and channel.ordered:
        channel.gather(message.get_binary(), err=False)
    else:
        channel._feed(message)


def _extended(channel: Any, message: Message) -> None:
    if isinstance(channel, Door) and channel.ordered:
        if message.get_int() == 1:
            channel.gather(message.get_binary(), err=True)
    else:
        channel._feed_extended(message)


def _close(channel: Any, message: Message) -> None:
    if isinstance(channel, Door):
        channel.ended(message)
    else:
        channel._handle_close(message)
