"""The way to a server that is far away: the server hears late, in order, and all of it."""

from __future__ import annotations

import asyncio

from rackwright.twin.sockets import Far

ROUND_TRIP_S = 0.05


class Heard(asyncio.Protocol):
    """Writes down what it hears, and when."""

    def __init__(self) -> None:
        self.words: list[tuple[str, float]] = []

    def note(self, word: str) -> None:
        self.words.append((word, asyncio.get_running_loop().time()))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.note("made")

    def data_received(self, data: bytes) -> None:
        self.note(data.decode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.note("lost")


def test_what_is_said_arrives_a_round_trip_later_in_its_order_and_the_end_comes_last():
    """A server far away hears every piece late and in order, also what was sent just before the connection went."""

    async def run() -> tuple[list[tuple[str, float]], float]:
        server = Heard()
        way = Far(server, ROUND_TRIP_S)
        began = asyncio.get_running_loop().time()
        way.connection_made(asyncio.Transport())
        for word in (b"one", b"two"):
            way.data_received(word)
            await asyncio.sleep(ROUND_TRIP_S / 5)
        way.connection_lost(None)
        await asyncio.sleep(3 * ROUND_TRIP_S)
        return server.words, began

    words, began = asyncio.run(run())
    assert [word for word, _ in words] == ["made", "one", "two", "lost"]
    late = [when - began for _, when in words]
    assert late[0] < ROUND_TRIP_S
    assert all(each >= ROUND_TRIP_S for each in late[1:])
