"""Audit of hosts."""

__all__: list[str] = []
