"""What a push keeps of a device before it changes it."""

from __future__ import annotations

from pathlib import Path

from rackwright.push import artifacts


def test_what_ran_first_is_never_written_over(tmp_path):
    """A second try, or the configuration after an installation, must not take the place of what somebody has lost."""
    first, second = {"system": {"hostname": "fe01"}}, {"system": {"hostname": "cumulus"}}
    kept = [artifacts.backup(tmp_path, "fe01", tree, "5.12.1") for tree in (first, second, first, second)]
    assert [Path(one).name for one in kept] == ["fe01.yaml", "fe01~2.yaml", "fe01.yaml", "fe01~2.yaml"]
    assert "hostname: fe01" in Path(kept[0]).read_text()
