"""The one script that installs the daemons of the tests installs each of them."""

import subprocess

_ROW = "#   "
"""How a line of the script's head begins that names packages; what they are for follows after two spaces, or on a line further in."""


def test_each_package_that_the_script_explains_is_installed_by_it(repository):
    """The packages at the script's head, which say what they are for, are those that it installs."""
    script = repository / "scripts" / "apt-packages.sh"
    lines = script.read_text(encoding="utf-8").splitlines()
    rows = [line.removeprefix(_ROW) for line in lines if line.startswith(_ROW)]
    explained = {name for row in rows if not row.startswith(" ") for name in row.partition("  ")[0].split()}
    listed = subprocess.run(["sh", script, "--list"], capture_output=True, text=True, check=True).stdout.split()
    assert explained
    assert explained == set(listed)
