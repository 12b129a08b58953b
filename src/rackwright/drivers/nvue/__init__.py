"""A Cumulus switch through NVUE, over SSH or REST: read, stage, apply with commit-confirm, confirm, roll back."""

__all__: list[str] = []
