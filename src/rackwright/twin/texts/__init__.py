"""Configurations as text: NVUE's YAML read and written, commands, JSON."""

__all__: list[str] = []
