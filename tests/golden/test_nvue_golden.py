"""Whole configurations as committed text, so that a review sees what a change of the emitter does to a switch."""

import pytest

from rackwright.nvue.commands import set_lines
from rackwright.render import nvue
from rackwright.render.nvue import ztp
from tests.unit.render.nvue_switches import evpn_leaf, oob, rail_leaf, startup_yaml

SMALL = {"rail-leaf": rail_leaf, "evpn-leaf": evpn_leaf, "oob": oob}


@pytest.mark.parametrize("kind", sorted(SMALL))
def test_a_whole_startup_file(kind, golden):
    """The startup file of a small switch is, byte for byte, the committed one."""
    golden(f"nvue/{kind}.startup.yaml", startup_yaml(SMALL[kind]()))


def test_a_whole_command_list(golden):
    """The command list of a small switch is, line for line, the committed one."""
    golden("nvue/oob.commands.txt", "\n".join(set_lines(nvue.tree(oob()))) + "\n")


@pytest.mark.parametrize("kind", ["evpn-leaf", "oob"])
def test_a_whole_ztp_script(kind, golden):
    """The script of the first boot, with a static and with a leased address, is the committed one."""
    golden(f"nvue/{kind}.ztp.sh", ztp.script(SMALL[kind](), serial="MT2412X00001"))
