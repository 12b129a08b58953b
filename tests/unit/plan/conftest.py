"""What several tests of the planner start from."""

from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def wish(repository: Path) -> dict[str, Any]:
    """Return a reference architecture, whose ports are all pinned, as a mapping to change."""
    text = (repository / "inventory" / "era-2-8-9-400" / "site.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
