"""Plugins of Ansible's kind, which plays are given by their folder."""

__all__: list[str] = []
