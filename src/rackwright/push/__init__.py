"""Changesets applied safely: shown first, stale ones refused, commit-confirm always, never both of a pair."""

__all__: list[str] = []
