"""A made-up run: a graph of stages over racks of servers, and what it tells on its way."""

from datetime import UTC, datetime

from rackwright.report.places import RackPlace, Stand
from rackwright.runs import Event, Graph, Task

STAGES = ("bmc", "hardware", "firmware", "os", "accept")


def graph_of(servers, stages=STAGES, *, question="", jobs=4):
    """Each server goes through the stages; a gate stands behind the first of them."""
    tasks = []
    for at, stage in enumerate(stages):
        for name in servers:
            after = (f"{stages[at - 1]}/{name}",) if at else ()
            if at == 1:
                after = (*after, f"{stages[0]}/gate")
            tasks.append(Task(name=f"{stage}/{name}", stage=stage, device=name, after=after))
        if not at:
            every = tuple(f"{stage}/{name}" for name in servers)
            tasks.append(Task(name=f"{stage}/gate", stage=stage, settled=every, question=question))
    return Graph(tasks=tuple(tasks), limits={"jobs": jobs})


def racks_of(servers, each=8):
    """Racks that are filled from below."""
    return tuple(
        RackPlace(
            f"r{at // each + 1}",
            48,
            tuple(
                Stand(name, unit=1 + 6 * place, height_u=6, role="server", model="xe9680")
                for place, name in reversed(list(enumerate(servers[at : at + each])))
            ),
        )
        for at in range(0, len(servers), each)
    )


def stamp(seconds):
    """The time of an event, so many seconds into the run."""
    return (
        datetime.fromtimestamp(1_790_000_000 + seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def now(seconds):
    """The same in seconds since 1970."""
    return 1_790_000_000 + seconds


def told(at, task, text, /, **fields):
    """An event of a task."""
    stage, _, device = task.partition("/")
    return Event(
        at=stamp(at), kind="task", text=text, subject=task, fields={"stage": stage, "device": device, **fields}
    )


def said(at, kind, text, subject="", /, **fields):
    """Any other event."""
    return Event(at=stamp(at), kind=kind, text=text, subject=subject, fields=fields)
