"""DHCP, TFTP and time beside the doors, until head nodes stand: begun last, so that who gets an address finds everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rackwright.errors import ServeError
from rackwright.serve import daemons
from rackwright.serve.answering import answering
from rackwright.serve.children import Child, Program
from rackwright.serve.handover import POLL_S, Handover
from rackwright.serve.lan import Lan, lan_of

__all__ = ["DayZero", "prepared"]

Tell = Callable[[Literal["dhcp", "tftp", "time", "warning"], str], None]


@dataclass(frozen=True)
class DayZero:
    """What serves DHCP and time, looked over and ready to be started."""

    lan: Lan
    dhcp: Program
    time: Program | None
    silent: str
    """Why time is not served."""
    boot: Path | None
    """What firmware that boots by PXE fetches over TFTP; None: nothing is handed out so."""
    heads: Mapping[str, str]
    """Address -> head node that takes over."""
    stand: Callable[[], bool | None]
    """Says whether the head nodes have come through their stage; None: nobody knows."""
    tell: Tell
    poll_s: float = POLL_S

    async def up(self, stack: AsyncExitStack) -> None:
        """Start what is to be started; ``stack`` ends it.

        Raises :class:`~rackwright.errors.ServeError` where a stranger gives leases on the network, or a program does not work.
        """
        if self.time is not None:
            await self._kept(stack, Child(self.time, lambda text: self.tell("warning", text)))
            self.tell("time", f"chronyd tells this machine's own time at {self.lan.address}: see that it is right")
        else:
            self.tell("time", self.silent)
        if who := await self._taken():
            self.tell("dhcp", f"{who} answers for DHCP already: it is not served from here")
            return
        program = stack.enter_context(self._with_tftp())
        child = Child(program, lambda text: self.tell("warning", f"{text}; without it nobody gets an address"))
        await self._kept(stack, child)
        self.tell("dhcp", f"dnsmasq gives leases at {self.lan.interface}, {self.lan.address}: {self.dhcp.log}")
        stack.callback(self._last_words, child)
        await _beside(stack, self._handed(child))

    @contextmanager
    def _with_tftp(self) -> Iterator[Program]:
        """Lend dnsmasq as it is to be started."""
        if self.boot is None:
            yield self.dhcp
        elif why := daemons.no_tftp(self.lan):
            self.tell("tftp", why)
            yield self.dhcp
        else:
            with daemons.tftp(self.dhcp, self.boot) as program:
                self.tell(
                    "tftp", f"{self.boot.name} is handed out to firmware that boots by PXE, at {self.lan.address}"
                )
                yield program

    async def _taken(self) -> str:
        """Return the head nodes that give leases already."""
        heard = await asyncio.to_thread(answering, self.lan, tuple(self.heads))
        if strangers := sorted(heard - self.heads.keys()):
            raise ServeError(
                f"{', '.join(strangers)} gives leases at {self.lan.interface} already, and is no head node of the plan: end that "
                "server, or leave out --dhcp"
            )
        return ", ".join(f"{self.heads[one]} ({one})" for one in sorted(heard))

    async def _handed(self, child: Child) -> None:
        waits = Handover(
            self.heads, self.stand, lambda heads: answering(self.lan, heads), lambda text: self.tell("dhcp", text),
            self.poll_s,
        )  # fmt: skip
        who = await waits.wait()
        await child.end()
        self.tell("dhcp", f"handed over: {who} answers for DHCP, ours has ended")

    def _last_words(self, child: Child) -> None:
        if child.working:
            self.tell("dhcp", "no leases are given from here any more, and no head node has taken over")

    async def _kept(self, stack: AsyncExitStack, child: Child) -> None:
        stack.push_async_callback(child.end)
        await child.start()
        await _beside(stack, child.watch())


async def _beside(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)

    async def ended() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(ended)


def prepared(
    folder: Path, address: str, config: Callable[[bool], bytes], networks: tuple[str, ...], heads: Mapping[str, str],
    stand: Callable[[], bool | None], tell: Tell, boot: Path | None = None,
) -> DayZero:  # fmt: skip
    """Look over everything before anything listens; ``config`` is asked with whether time is served from here.

    ``boot`` is what firmware that boots by PXE is handed over TFTP.

    Raises :class:`~rackwright.errors.ServeError` where the address is not this machine's, a port is taken, or dnsmasq is missing or
    refuses its configuration.
    """
    lan = lan_of(address)
    silent = daemons.no_time(lan)
    dhcp = daemons.dhcp(folder, lan, config(not silent))
    time = None if silent else daemons.time(folder, lan, networks)
    return DayZero(lan, dhcp, time, silent, boot, heads, stand, tell)
