"""What a host is like before anything is changed, and what a push would do to it: facts over SSH, then ``--check --diff``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from rackwright import secrets
from rackwright.drivers.hosts.batches import Batches
from rackwright.drivers.hosts.model import Host, HostFacts, HostResult, Play, Played, Target
from rackwright.errors import DriverError, SecretUnresolved
from rackwright.plan.stack_model import HostStack
from rackwright.push.bmc.darkness import LIT_AGAIN, dark_since
from rackwright.push.hosts.causes import AGAIN, cause_of, sentence
from rackwright.push.hosts.changeset import HostChanges, Problem, Unread
from rackwright.push.hosts.contact import Way, asked, batches_of
from rackwright.push.hosts.order import HostOrder, StageOrder, stages_of
from rackwright.push.hosts.procedure import Playbooks
from rackwright.push.identity import stranger
from rackwright.push.idle import Sessions
from rackwright.secrets import Secret

__all__ = ["Surveyor", "host_order"]

_DUE = "a restart is outstanding since an earlier run"
_IDENTITY = "see the service tags of nodes.csv, the address of the host and where it stands"


@dataclass
class Surveyor:
    """Reads hosts; those that are asked about at the same time, each in a thread, share their plays."""

    way: Way
    playbooks: Playbooks
    stacks: Mapping[str, HostStack]
    variables: Mapping[str, Mapping[str, Any]]
    """What the playbooks are told, by host."""
    jobs: int = 1
    gather_s: float | None = None
    """How long the first who asks for a play waits for others; None: as the way has it."""
    idle: Sessions[Host] | None = field(default=None, repr=False)
    """Where the session with a host that has something before it is left to whoever works on it; None: it is ended."""
    batches: Batches = field(init=False)

    def __post_init__(self) -> None:
        """Open the place where hosts that want the same meet."""
        self._idle = Sessions[Host]() if self.idle is None else self.idle
        self.batches = batches_of(self.way, self._play, self.jobs, self.gather_s)

    def survey(self, device: str) -> HostChanges | Unread:
        """Read one host and compare it; what the wire or the host refuses is told in the value."""
        left = False
        try:
            found = self._read(device)
            left = self.idle is not None and isinstance(found, HostChanges)
        finally:
            if not left:
                self._idle.drop(device)
        return found

    def _read(self, device: str) -> HostChanges | Unread:
        stack = self.stacks[device]
        try:
            facts = asked(self.way.host, self._idle, device, lambda session: session.facts(), looks=True)
            if wrong := stranger(facts.service_tag, stack.service_tag):
                return Unread(device, wrong, _IDENTITY)
            return self._compared(stack, facts)
        except (DriverError, SecretUnresolved) as error:
            runs = dark_since(self.way.state, device, power="", twin=self.way.twin)
            dark = f"; run {runs[0]} cut its power and did not see it on again" if runs else ""
            remedy = LIT_AGAIN if runs else getattr(error, "remedy", "") or AGAIN
            return Unread(device, f"{error}{dark}", remedy, getattr(error, "passing", False))

    def _compared(self, stack: HostStack, facts: HostFacts) -> HostChanges | Unread:
        stages, problem, unproven = stages_of(stack), None, ""
        result = self._asked(stack, "main")
        if result.state in ("unreachable", "lost"):
            where = f" in the role {result.role}" if result.role else ""
            said = f": {result.message}" if result.message else ""
            return Unread(stack.name, f"it was lost{where}{said}", AGAIN, passing=True)
        begin = _first(stages, {change.role for change in result.changes})
        if not result.well:
            kind, remedy = cause_of(result)
            problem = Problem(role=result.role, kind=kind, cause=sentence(result), remedy=remedy)
            begin = min(begin, _first(stages, {result.role}))
        elif begin == len(stages) and stages and facts.restart_due:
            unproven, begin = _DUE, _restarting(stages)
        elif begin == len(stages) and self.playbooks.verify is not None:
            proof = self._asked(stack, "verify")
            if not proof.well:
                unproven = f"{proof.role}: {proof.message.splitlines()[0] if proof.message else proof.state}"
                begin = min(_first(stages, {proof.role}), len(stages) - 1)
        return HostChanges(
            device=stack.name,
            model=stack.model,
            tag=stack.service_tag,
            facts=facts,
            changes=result.changes,
            unproven=unproven,
            stages=stages[begin:],
            problem=problem,
        )

    def _play(self, play: Play) -> Played:
        return self.way.play(play, ask=partial(asked, self.way.host, self._idle))

    def _asked(self, stack: HostStack, word: Literal["main", "verify"]) -> HostResult:
        book = self.playbooks.main if word == "main" else self.playbooks.verify
        assert book is not None  # noqa: S101 - asked by whoever proves
        variables = self.variables[stack.name]
        target = Target(self.way.host_endpoint(stack.name), tuple(step.name for step in stack.steps), variables)
        play = Play(book, (target,), check=word == "main", secrets=self._secrets(variables))
        return self.batches.ask(play)

    def _secrets(self, variables: Mapping[str, Any]) -> dict[str, Secret]:
        return {ref.path: secrets.resolve(ref, self.way.resolvers) for ref in secrets.references(variables)}


def host_order(changes: HostChanges, variables: Mapping[str, Any], stack: HostStack) -> HostOrder:
    """Return what a host is to become, from what it has before it."""
    adapters = stack.bluefield.adapters
    return HostOrder(
        device=changes.device,
        tag=changes.tag,
        stages=changes.stages,
        variables=dict(variables),
        macs=tuple(adapter.macs[0].lower() for adapter in adapters if adapter.macs and adapter.macs[0]),
    )


def _first(stages: tuple[StageOrder, ...], roles: set[str]) -> int:
    """Return the number of the first stage in which one of the roles is a step; of the one behind the last where none is."""
    return next((at for at, stage in enumerate(stages) if roles & set(stage.steps)), len(stages))


def _restarting(stages: tuple[StageOrder, ...]) -> int:
    """Return the number of the first stage that a restart ends; of the last one where none does."""
    return next((at for at, stage in enumerate(stages) if stage.reboot != "none"), len(stages) - 1)
