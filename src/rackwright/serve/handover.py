"""When our DHCP ends: the head nodes stand, and one of them answers in our place.

Two servers that give leases on one network contradict each other; none leaves a rack without addresses. So ours ends when, and
only when, the plan's own successor was heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from rackwright.report.board import Board
from rackwright.runs.model import GOOD

__all__ = ["POLL_S", "Handover", "heads_stand"]

POLL_S: Final = 3.0


def heads_stand(board: Board) -> bool | None:
    """Say whether the head nodes of a bring-up have come through their stage; None: none is in it, and nothing speaks against them."""
    heads = [task.name for task in board.graph.tasks if task.stage == "head" and task.device]
    return all(board.mark(name) in GOOD for name in heads) if heads else None


@dataclass(frozen=True)
class Handover:
    """Waits until a head node answers."""

    heads: Mapping[str, str]
    """Address -> head node of the plan."""
    stand: Callable[[], bool | None]
    """Says whether they have come through their stage; None: nobody knows, and the one that answers decides."""
    answering: Callable[[Collection[str]], Collection[str]]
    """Asks the network; returns the addresses of who answered."""
    tell: Callable[[str], None]
    poll_s: float = POLL_S

    def taken(self) -> str:
        """Return who answers in our place, as a word for people; empty: nobody may, or does."""
        if not self.heads or self.stand() is False:
            return ""
        try:
            heard = self.answering(tuple(self.heads))
        except OSError:
            return ""
        return ", ".join(f"{self.heads[one]} ({one})" for one in sorted(heard) if one in self.heads)

    async def wait(self) -> str:
        """Return who took over once somebody did; say once that they stand and do not answer."""
        told = not self.heads
        while not (who := await asyncio.to_thread(self.taken)):
            if not told and self.stand():
                told = True
                names = ", ".join(dict.fromkeys(self.heads.values()))
                self.tell(
                    f"{names} would take over, and does not answer for DHCP: it is served from here until it does"
                )
            await asyncio.sleep(self.poll_s)
        return who
