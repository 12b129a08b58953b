"""The files of one server on two switches, kept whole, so that a change of any byte is seen in review."""

from __future__ import annotations

import pytest

from rackwright import catalog
from rackwright.render import everything
from tests.plans import rails

KEPT = (
    "cabling.csv",
    "assemblies.csv",
    "bom.csv",
    "dhcp/dnsmasq.conf",
    "devices/gpu01/netplan.yaml",
    "ansible/inventory.yaml",
    "docs/design.md",
)


@pytest.mark.parametrize("path", KEPT)
def test_a_file_of_the_smallest_site_is_as_it_was(golden, path):
    """The bytes of each kept file are those of the committed one."""
    files = {file.path: file for file in everything(rails(nodes=1), catalog=catalog.load())}
    golden(f"render/{path.replace('/', '-')}", files[path].data.decode())
