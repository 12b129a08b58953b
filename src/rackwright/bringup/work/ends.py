"""Stage ``handover``: who was accepted, at the end of everything."""

from __future__ import annotations

from rackwright.bringup.job import Job, ended
from rackwright.runs.model import GOOD, Outcome

__all__ = ["handed_over"]

_SHOWN = 8


def handed_over(job: Job) -> Outcome:
    """Say who was accepted; the site is handed over where everybody was."""
    bad = {job.tasks[name].device: one for name, one in job.before.items() if one.state not in GOOD}
    if not bad:
        changed = any(one.state == "done" for one in job.before.values())
        return ended(job, "done" if changed else "unchanged", accepted=len(job.before))
    named = ", ".join(list(bad)[:_SHOWN]) + (f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else "")
    return ended(
        job, "failed", stage="judge", cause=f"not accepted: {named}",
        remedy="see what each of them says, mend it, and run 'rackwright bringup' again: it does what is left",
    )  # fmt: skip
