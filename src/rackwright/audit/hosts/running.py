"""Benchmarks on demand: what is run on which host, in which order, and the answers. It loads the machines.

Programs of one host come first: ``dcgmi diag``, NCCL's all-reduce over its GPUs, ``nvbandwidth``. Then ``ib_write_bw`` over each rail, in pairs
of hosts whose rail is on the same leaf, so that no spine is measured; each host sends and receives. A host is in one pair at a time.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rackwright.audit.evidence import Answer, Evidence
from rackwright.audit.hosts.questions import seats, texts
from rackwright.audit.hosts.secrets import scrubbed
from rackwright.audit.hosts.wanted import Wanted
from rackwright.drivers.clock import Clock
from rackwright.drivers.hosts.model import Host
from rackwright.errors import DriverError

__all__ = ["Lane", "Pair", "alone", "minutes", "pairs", "run_alone", "run_pair"]

_PORT: Final = 18515
"""perftest's own."""
_SECONDS: Final = 10
_SETTLE_S: Final = 2.0
_ALONE_S: Final[Mapping[int, float]] = {1: 300, 2: 900, 3: 3600, 4: 10800}
"""Limit of a level of ``dcgmi diag`` in s; usual are seconds, 2 and 15 minutes, and more than an hour (DCGM documentation)."""
_PROGRAM_S: Final = 900.0
_MINUTES: Final[Mapping[int, int]] = {1: 1, 2: 3, 3: 16, 4: 90}


class Lane(NamedTuple):
    """One rail between two hosts, from the one that sends to the one that receives."""

    rail: int
    sender: str
    sender_device: str
    sender_address: str
    receiver: str
    receiver_device: str
    receiver_address: str

    @property
    def listening(self) -> list[str]:
        """Return the command of the receiver, which ends by itself."""
        words = ["timeout", str(3 * _SECONDS), *_perftest(self.receiver_device, self.receiver_address)]
        return ["sh", "-c", f"nohup {shlex.join(words)} >/dev/null 2>&1 </dev/null &"]

    @property
    def sending(self) -> list[str]:
        """Return the command of the sender."""
        return [*_perftest(self.sender_device, self.sender_address), self.receiver_address]


class Pair(NamedTuple):
    """Two hosts that measure each other."""

    one: str
    two: str
    lanes: tuple[Lane, ...]


def _perftest(device: str, address: str) -> list[str]:
    return [
        "ib_write_bw", "-d", device, "-R", f"--bind_source_ip={address}", "--report_gbits", "-F", "-q", "4", "-D", str(_SECONDS),
        "-p", str(_PORT),
    ]  # fmt: skip


def alone(wanted: Wanted, level: int) -> tuple[tuple[list[str], float], ...]:
    """Return what is run on one host by itself: (command, limit in s), in order."""
    gpus = wanted.stack.gpu.count
    if wanted.stack.gpu.owner != "host" or not gpus:
        return ()
    return (
        (["dcgmi", "diag", "-r", str(level), "-j"], _ALONE_S[level]),
        (["all_reduce_perf", "-b", "8M", "-e", "16G", "-f", "2", "-g", str(gpus)], _PROGRAM_S),
        (["nvbandwidth", "-j"], _PROGRAM_S),
    )


def pairs(wanted: Mapping[str, Wanted], evidence: Mapping[str, Evidence], names: Iterable[str]) -> list[list[Pair]]:
    """Return rounds of pairs in which no host occurs twice; a host that is left over is measured by the first in a round of its own."""
    able = [
        name
        for name in names
        if name in evidence and not evidence[name].error and any(port.rail for port in wanted[name].ports)
    ]
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in able:
        groups.setdefault(tuple(port.peer for port in wanted[name].ports if port.rail), []).append(name)
    first: list[Pair] = []
    second: list[Pair] = []
    for group in groups.values():
        both = list(zip(group[::2], group[1::2], strict=False))
        first += [_pair(wanted, evidence, one, two) for one, two in both]
        if len(group) % 2 and both:
            second.append(_pair(wanted, evidence, group[-1], group[0]))
    return [[pair for pair in some if pair.lanes] for some in (first, second) if any(pair.lanes for pair in some)]


def _pair(wanted: Mapping[str, Wanted], evidence: Mapping[str, Evidence], one: str, two: str) -> Pair:
    ends = {name: dict(_ends(wanted[name], evidence[name])) for name in (one, two)}
    lanes = [
        Lane(rail, sender, *ends[sender][rail], receiver, *ends[receiver][rail])
        for rail in sorted(ends[one].keys() & ends[two].keys())
        for sender, receiver in ((one, two), (two, one))
    ]
    return Pair(one, two, tuple(lanes))


def _ends(wanted: Wanted, evidence: Evidence) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield (rail, (RDMA device, address)) of each rail whose device the host tells."""
    known = seats(wanted, texts(evidence.by_question()))
    for port in wanted.ports:
        device, address = known[port.port].rdma, port.address.partition("/")[0]
        if port.rail and device and address:
            yield port.rail, (device, address)


def minutes(wanted: Mapping[str, Wanted], names: Sequence[str], rounds: Sequence[Sequence[Pair]], level: int) -> int:
    """Say about how long it takes: hosts run beside each other, the lanes of a pair one after the other."""
    single = _MINUTES[level] + 4 if any(alone(wanted[name], level) for name in names) else 0
    lanes = sum(max((len(pair.lanes) for pair in some), default=0) for some in rounds)
    return single + round(lanes * (_SECONDS + _SETTLE_S + 3) / 60)


def run_alone(session: Host, wanted: Wanted, level: int, clock: Clock) -> tuple[Answer, ...]:
    """Run what is run on one host by itself; what goes wrong becomes the answer."""
    return tuple(_run(session, command, limit_s, clock) for command, limit_s in alone(wanted, level))


def run_pair(sessions: Mapping[str, Host], pair: Pair, clock: Clock) -> dict[str, tuple[Answer, ...]]:
    """Measure the lanes of a pair one after the other; return the answers by the host that sent."""
    found: dict[str, list[Answer]] = {pair.one: [], pair.two: []}
    for lane in pair.lanes:
        try:
            sessions[lane.receiver].run(lane.listening)
        except DriverError as error:
            found[lane.sender].append(
                Answer(shlex.join(lane.sending), error=f"{lane.receiver} does not listen: {error}")
            )
            continue
        clock.sleep(_SETTLE_S)
        found[lane.sender].append(_run(sessions[lane.sender], lane.sending, 3.0 * _SECONDS, clock))
    return {name: tuple(answers) for name, answers in found.items()}


def _run(session: Host, command: Sequence[str], limit_s: float, clock: Clock) -> Answer:
    start, text = clock.now(), shlex.join(command)
    try:
        said = session.run(command, sudo=True, limit_s=limit_s)
    except DriverError as error:
        return Answer(text, error=str(error), took_s=round(clock.now() - start, 3))
    took = round(clock.now() - start, 3)
    if said.out.strip() and (not said.status or command[0] == "dcgmi"):
        return Answer(text, scrubbed(said.out), took_s=took)
    words = " ".join((said.err.strip() or said.out.strip())[-400:].split())
    return Answer(text, error=f"it ended with {said.status}: {words or 'no word'}", took_s=took)
