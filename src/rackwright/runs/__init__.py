"""Durable runs: the only door to the engine that outlives a killed process (design.md, decision 9)."""

__all__: list[str] = []
