"""What a host is installed and configured from: seeds, the document of the playbooks, the script for BCM."""

from __future__ import annotations

__all__: list[str] = []
