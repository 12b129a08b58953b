"""What each request of the NVUE API does; the wire around it is :mod:`rackwright.twin.rest`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rackwright.twin.box import Box
from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.engine import Applying, Revision
from rackwright.twin.engine.factory import factory
from rackwright.twin.engine.masking import masked
from rackwright.twin.engine.trees import Path, compare, picked
from rackwright.twin.nv.show import configured, operational

__all__ = ["Call", "Problem", "answer", "included", "operation_of"]


class Problem(Exception):
    """A request is not done; ``status`` and ``detail`` go to the client."""

    def __init__(self, status: int, detail: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = dict(more or {})


class Call(NamedTuple):
    """A request, read."""

    method: str
    path: Path
    query: Mapping[str, list[str]]
    body: Any
    user: str

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of a query parameter."""
        return self.query.get(name, [default])[-1]

    @property
    def state(self) -> str:
        """Return the state that a PATCH of a revision asks for."""
        return str(self.body.get("state", "")) if isinstance(self.body, Mapping) else ""


_CONFIRMING = frozenset({"confirm_yes"})
_REFUSING = frozenset({"confirm_no", "confirm_fail", "ays_no"})


def operation_of(call: Call) -> str:
    """Return the operation that a request is, for faults and the log."""
    if call.path[:1] == ("revision",):
        if call.method == "PATCH":
            named = {"save": "save", **dict.fromkeys(_CONFIRMING, "confirm"), **dict.fromkeys(_REFUSING, "refuse")}
            return named.get(call.state, "apply")
        return "stage" if call.method == "POST" else "confirm-status"
    if call.method == "POST":
        return "reboot"
    if call.method in ("PATCH", "DELETE"):
        return "stage"
    return "diff" if "diff" in call.query else "show"


async def answer(box: Box, call: Call) -> tuple[int, Any]:
    """Do what a request asks for; returns status and JSON value.

    Raises :class:`Problem`, ``Refused``, ``Absent`` and ``NotEmulated``.
    """
    if call.path[:1] == ("revision",):
        return await _revision(box, call)
    if call.method == "GET":
        return 200, _get(box, call)
    if call.method == "PATCH":
        return 200, _patch(box, call)
    if call.method == "DELETE":
        box.switch.clear(_to_edit(box, call), call.path)
        return 204, None
    if call.method == "POST":
        return _action(box, call)
    raise Problem(405, f"{call.method} is not allowed")


# --- configuration ---------------------------------------------------------------------------------


def _to_edit(box: Box, call: Call) -> Revision:
    name = call.one("rev")
    if not name:
        raise Problem(400, "rev names no revision")
    return box.switch.revision(name)


def _patch(box: Box, call: Call) -> Any:
    if not isinstance(call.body, Mapping):
        raise Problem(400, "the body must be an object: the inner 'set', without list and header")
    taken = box.switch.patch(_to_edit(box, call), call.body, call.path, via="REST")
    return picked(masked(taken, box.switch.who.serial), call.path, {})


def _get(box: Box, call: Call) -> Any:
    if call.one("filled").lower() in ("true", "1"):
        raise NotEmulated("filled=true: NVUE's defaults")
    revision = call.one("rev", "operational")
    if revision == "operational" and "diff" not in call.query:
        if not call.path:
            raise NotEmulated("the operational state as a whole; name a resource")
        views = (f"--view={call.one('view')}",) if call.one("view") else ()
        value = operational(box, (*call.path, *views))
    elif "diff" in call.query:
        value = _diff(box, call, revision)
    else:
        value = configured(box, revision, call.path, call.user)
    patterns = call.query.get("include", [])
    return included(value, patterns) if patterns else value


def _diff(box: Box, call: Call, revision: str) -> Any:
    """Return what one revision has otherwise than another, and null where only the other has something."""
    mine = box.switch.tree_of("applied" if revision == "operational" else revision, call.user)
    other = box.switch.tree_of(call.one("diff"), call.user)
    step = compare(other, mine)
    salt = box.switch.who.serial
    nulls, additions = masked(step.unset, salt), masked(step.set, salt)
    return picked(_together(nulls, additions), call.path, {})


def _together(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(first)
    for key, value in second.items():
        below = both.get(key)
        both[key] = _together(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return both


def included(value: Any, patterns: list[str]) -> Any:
    """Return only what the patterns of ``include`` name: ``/*/link/state``, ``*`` being any key."""
    kept: dict[str, Any] = {}
    for pattern in patterns:
        kept = _together(kept, _kept(value, [part for part in pattern.split("/") if part]) or {})
    return kept


def _kept(value: Any, parts: list[str]) -> Any:
    if not parts:
        return value
    if not isinstance(value, Mapping):
        return None
    found = {key: _kept(below, parts[1:]) for key, below in value.items() if parts[0] in ("*", key)}
    return {key: below for key, below in found.items() if below is not None} or None


# --- revisions --------------------------------------------------------------------------------------


async def _revision(box: Box, call: Call) -> tuple[int, Any]:
    switch = box.switch
    if len(call.path) == 1:
        if call.method == "POST":
            made = switch.begin(call.user, "REST")
            return 200, {made.id: made.value()}
        if call.method == "GET":
            return 200, {name: held.value() for name, held in switch.revisions.items()}
        raise Problem(405, f"{call.method} is not allowed")
    name = call.path[1]
    if len(call.path) > 2:
        raise NotEmulated(f"/{'/'.join(call.path)}")
    if call.method == "GET":
        return 200, _state_of(box, name)
    if call.method == "PATCH":
        return 200, await _change(box, call, name)
    raise Problem(405, f"{call.method} is not allowed")


def _state_of(box: Box, name: str) -> Any:
    switch = box.switch
    if name in ("applied", "startup"):
        held = switch.revisions.get(switch.applied_id)
        saved = "applied_and_saved" if switch.applied == switch.startup else "applied"
        return held.value() if held is not None and name == "applied" else _idle(saved)
    return switch.revision(name).value()


def _idle(state: str) -> dict[str, Any]:
    return {"state": state, "transition": {"issue": {}, "progress": ""}}


async def _change(box: Box, call: Call, name: str) -> Any:
    if not isinstance(call.body, Mapping) or not call.state:
        raise Problem(400, "the body must be an object with a state")
    switch = box.switch
    if call.state == "save":
        switch.save()
        return _idle("save")
    revision = switch.revision(name)
    if call.state in _REFUSING:
        switch.answer(revision, yes=False)
    elif call.state in _CONFIRMING or (call.state == "apply" and revision.asks):
        switch.answer(revision, yes=True)
    elif call.state == "apply":
        await box.apply(revision, _how(call))
    elif call.state != "pending":
        raise Problem(400, f"state cannot be set to {call.state!r}")
    await box.settle()
    return revision.value()


def _how(call: Call) -> Applying:
    prompts = call.body.get("auto-prompt", {})
    wait = call.body.get("state-controls", {}).get("confirm")
    if wait is not None and (isinstance(wait, bool) or not isinstance(wait, int) or wait <= 0):
        raise Problem(400, "state-controls.confirm must be a number of seconds")
    return Applying(
        yes=prompts.get("ays") == "ays_yes",
        confirm_s=wait,
        auto_confirm=prompts.get("confirm") == "confirm_yes",
        message=str(call.body.get("message", "")),
        user=call.user,
        via="REST",
    )


# --- actions ----------------------------------------------------------------------------------------


def _action(box: Box, call: Call) -> tuple[int, Any]:
    """Run an action: ``@reboot`` of the system, ``@reset`` to the factory's configuration (nvue.md 4.1)."""
    name = next(iter(call.body), "") if isinstance(call.body, Mapping) else ""
    if (call.path, name) == (("system",), "@reboot"):
        box.reboot()
    elif (call.path, name) == (("system", "factory-default"), "@reset"):
        box.switch.startup = factory()
        box.reboot()
    else:
        raise NotEmulated(f"POST /{'/'.join(call.path)} {name}".rstrip())
    return 201, {"state": "start"}
