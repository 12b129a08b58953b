"""What runs on each host, in which order and why: ``stack(plan, site, catalog)``, one value a host, in the order of the plan.

The order is that of the catalog's graph for the steps that the host has, as :mod:`rackwright.catalog.graph` gives it; what
contradicts is refused by :mod:`rackwright.plan.stack_wishes` before there is a plan. Storage nodes have none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from rackwright.catalog import graph
from rackwright.catalog.models import Catalog
from rackwright.catalog.stack import Condition, StepRow
from rackwright.errors import PlanError
from rackwright.intent.models import Site
from rackwright.plan import stack_adapters, stack_system
from rackwright.plan.machines import Machine, machines
from rackwright.plan.model import HostNetwork, Plan
from rackwright.plan.stack_frame import Frame, Host, conditions, filled, frame, missing, packages
from rackwright.plan.stack_model import HostStack, Reason, Reboot, Stage, Step

__all__ = ["Course", "course", "stack", "stages"]

_STRENGTH: Final[Mapping[str, int]] = {"none": 0, "fwreset": 1, "warm": 2, "cold": 3}


class Course(NamedTuple):
    """The steps of one sort of host in order, how they share restarts, and what it does not have."""

    steps: tuple[Step, ...]
    stages: tuple[Stage, ...]
    left_out: tuple[tuple[str, str], ...]


def stack(plan: Plan, site: Site, catalog: Catalog, servers: Iterable[Machine] | None = None) -> tuple[HostStack, ...]:
    """Return the stack of every server. Raises :class:`~rackwright.errors.PlanError` when steps go in a circle.

    ``servers`` is what :func:`~rackwright.plan.machines.machines` gives, for those who have it already.
    """
    shared = frame(plan, site, catalog)
    networks = {network.name: network for network in plan.hosts}
    devices = {device.name: device for device in plan.devices}
    courses: dict[frozenset[Condition], Course] = {}
    found = []
    ntp = stack_system.servers(shared, site.services.ntp)
    for machine in machines(plan, site, catalog) if servers is None else servers:
        device = devices[machine.name]
        has = conditions(shared, device, machine)
        if has not in courses:
            courses[has] = course(shared, has)
        network = networks.get(machine.name) or HostNetwork(machine.name)
        found.append(_stack(shared, Host(device, machine, network, has), courses[has], ntp))
    return tuple(found)


def course(shared: Frame, has: Collection[Condition]) -> Course:
    """Return the steps of hosts that have these things. Raises PlanError when the graph has a circle."""
    rows = shared.catalog.steps
    left = {key: why for key, row in rows.items() if (why := _left_out(shared, has, row))}
    restarts = [key for key, row in rows.items() if row.reboot != "none" and key not in left]
    try:
        # The whole graph is ordered, so that what stands behind a step that this host lacks stays behind those before it.
        order, stage = graph.order(rows, restarts), graph.levels(rows, restarts)
    except ValueError as error:
        raise PlanError(f"{error}; mend the rows of the site's catalog") from error
    kept = [key for key in order if key not in left]
    steps = tuple(_step(shared, rows[key], kept) for key in kept)
    return Course(steps, stages(steps, stage), tuple(sorted(left.items())))


def _left_out(shared: Frame, has: Collection[Condition], row: StepRow) -> str:
    if shared.site.hosts.installer == "bcm" and row.place == "disk":
        return "it changes the disk, which BCM writes from its software image: it belongs into the image"
    return missing(shared, has, row.when, row.owner)


def _step(shared: Frame, row: StepRow, kept: Collection[str]) -> Step:
    words = shared.words(row.component)
    removed = (filled(entry.name, words) for entry in row.remove)
    return Step(
        name=row.key,
        title=row.name,
        reasons=tuple(
            Reason(edge.step, edge.needs, edge.reason, edge.source) for edge in row.after if edge.step in kept
        ),
        reboot=row.reboot,
        reboot_reason=row.reboot_reason,
        packages=packages(shared, row),
        hold=row.hold,
        remove=tuple(name for name in removed if name),
        component=row.component or "",
        version=shared.version(row.component),
    )


def stages(steps: tuple[Step, ...], stage: Mapping[str, int]) -> tuple[Stage, ...]:
    """Return the steps by stage, each with the strongest restart that one of its steps asks for.

    A power cycle does what a warm restart does, and resets the adapters; a warm restart does not reset them, so the two
    together take a power cycle.
    """
    found: list[Stage] = []
    for level in sorted({stage[step.name] for step in steps}):
        inside = [step for step in steps if stage[step.name] == level]
        wanted = {step.reboot for step in inside}
        reboot: Reboot = max(wanted, key=lambda word: _STRENGTH[word])
        if {"fwreset", "warm"} <= wanted:
            reboot = "cold"
        why = tuple(f"{step.name}: {step.reboot_reason}" for step in inside if step.reboot != "none")
        found.append(Stage(tuple(step.name for step in inside), reboot, why))
    return tuple(found)


def _stack(shared: Frame, host: Host, way: Course, ntp: tuple[str, ...]) -> HostStack:
    """Return the stack of one host: what its like have too is worked out once."""
    device = host.device
    rails = tuple(port.name for port in host.network.interfaces if port.rail)
    return msgspec.structs.replace(
        shared.once(("alike", host.has, device.group), lambda: _alike(shared, host, way)),
        name=device.name,
        roles=device.roles,
        service_tag=device.serial,
        ntp=tuple(word for word in ntp if word != shared.addresses.get(device.name)),
        sysctl=shared.once(("sysctl", host.has, rails), lambda: stack_system.sysctl(shared, host)),
        bluefield=stack_adapters.bluefield(shared, host),
        pair=shared.heads if device.name in shared.heads and shared.site.hosts.bcm.pair is not None else (),
    )


def _alike(shared: Frame, host: Host, way: Course) -> HostStack:
    """Return what all hosts of a group that have the same things share."""
    site, device = shared.site, host.device
    return HostStack(
        name="",
        role=device.role,
        group=device.group,
        model=device.model,
        release=site.site.release,
        profile=site.hosts.driver_profile,
        installer=site.hosts.installer,
        user=site.hosts.user,
        timezone=site.site.timezone,
        domain=site.site.domain,
        steps=way.steps,
        stages=way.stages,
        left_out=way.left_out,
        pins=stack_system.pins(shared, tuple(shared.catalog.steps[step.name] for step in way.steps)),
        mirror=stack_system.mirror(shared, host),
        kernel=stack_system.kernel(shared, host),
        ofed=stack_system.ofed(shared),
        gpu=stack_system.gpu(shared, host),
        pcie=stack_system.pcie(shared, host),
        environment=stack_system.environment(shared, host),
        bcm=stack_system.agent(shared, host),
        expected=stack_system.expected(shared, host, site),
    )
