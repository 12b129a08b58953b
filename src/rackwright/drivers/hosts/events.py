"""What Ansible tells while it plays, cut to what is used: raw events of ansible-runner become :class:`Told`.

Names of events and their fields are those of ansible-runner's ``awx_display`` callback. Texts are bounded here, since a
module may answer with megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

__all__ = ["Told", "told"]

_KINDS: Final = {
    "playbook_on_task_start": "task",
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
    "runner_retry": "retry",
    "playbook_on_stats": "stats",
}
_PAGE: Final = 2000
"""Characters of a message."""
_DIFFERENCE: Final = 4000
"""Characters of a difference."""
_BAD: Final = ("failures", "dark")


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event."""

    kind: Literal["task", "ok", "changed", "failed", "unreachable", "skipped", "retry", "stats"]
    host: str = ""
    role: str = ""
    task: str = ""
    action: str = ""
    text: str = ""
    difference: str = ""
    handler: bool = False
    """A handler's task begins: it runs behind the steps, for the role that called it."""
    bad: tuple[str, ...] = ()
    """Of ``stats``: the hosts that did not come through."""
    seen: tuple[str, ...] = ()
    """Of ``stats``: the hosts that took part."""


def told(raw: Mapping[str, Any]) -> Told | None:
    """Return one event of ansible-runner as a value; None for those that say nothing to us."""
    kind, data = _KINDS.get(str(raw.get("event"))), raw.get("event_data") or {}
    if kind is None:
        return None
    if kind == "stats":
        return Told(
            kind="stats",
            bad=tuple(sorted({name for word in _BAD for name in data.get(word) or ()})),
            seen=tuple(sorted(data.get("processed") or ())),
        )
    result = data.get("res")
    result = result if isinstance(result, dict) else {}
    if kind == "ok" and result.get("changed"):
        kind = "changed"
    if kind == "failed" and data.get("ignore_errors"):
        kind = "ok"
    return Told(
        kind=kind,  # type: ignore[arg-type]  # words of Told.kind
        host=str(data.get("host") or ""),
        role=str(data.get("role") or ""),
        task=str(data.get("task") or data.get("name") or ""),
        action=str(data.get("resolved_action") or data.get("task_action") or ""),
        handler=kind == "task" and bool(data.get("is_conditional")),
        text=_message(result) if kind in {"failed", "unreachable", "retry"} else "",
        difference=_difference(result) if kind == "changed" else "",
    )


# --- why a task went wrong -------------------------------------------------------------------------------------------


def _message(result: Mapping[str, Any]) -> str:
    """Put together what a module said about its failure: its own sentence first, then the end of what programs printed."""
    parts = [part for part in _words(result) if part]
    bad = [item for item in _items(result) if item.get("failed") or item.get("unreachable")]
    for item in bad[:4]:
        name = item.get("_ansible_item_label", item.get("item", ""))
        parts.append(f"{name}: {' '.join(_words(item))}" if name else " ".join(_words(item)))
    text = "\n".join(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return text if len(text) <= _PAGE else f"{text[: _PAGE // 2]}\n...\n{text[-_PAGE // 2 :]}"


def _words(result: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for key in ("msg", "stderr", "module_stderr", "stdout", "module_stdout"):
        value = result.get(key)
        text = value if isinstance(value, str) else " ".join(map(str, value)) if isinstance(value, list) else ""
        if text.strip() and not any(text.strip() in other for other in found):
            found.append(text.strip()[-_PAGE:])
    return found


def _items(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = result.get("results")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


# --- what a task changed ---------------------------------------------------------------------------------------------


def _difference(result: Mapping[str, Any]) -> str:
    text = "\n".join(line for one in (result, *_items(result)) for line in _lines(one.get("diff")))
    return text if len(text) <= _DIFFERENCE else f"{text[:_DIFFERENCE]}\n..."


def _lines(diff: Any) -> Iterator[str]:
    """Print the ``diff`` of a module's result: prepared text, or before and after."""
    for one in diff if isinstance(diff, list) else [diff]:
        if not isinstance(one, dict):
            continue
        if one.get("prepared"):
            yield str(one["prepared"]).rstrip()
            continue
        before, after = (_text(one.get(key)) for key in ("before", "after"))
        if before == after:
            continue
        header = one.get("after_header") or one.get("before_header")
        yield from [f"@ {header}"] if header else []
        old, new = before.splitlines(), after.splitlines()
        yield from (f"- {line}" for line in old if line not in new)
        yield from (f"+ {line}" for line in new if line not in old)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {one}" for key, one in value.items())
    return "" if value is None else str(value)
