"""A server's firmware and BIOS against what they should be."""

from rackwright.diff.bmc.bios import bios_state
from rackwright.diff.bmc.firmware import firmware_states
from rackwright.diff.bmc.model import BiosChange, BiosProblem, BiosState, FirmwareState, FirmwareVerdict

__all__ = [
    "BiosChange",
    "BiosProblem",
    "BiosState",
    "FirmwareState",
    "FirmwareVerdict",
    "bios_state",
    "firmware_states",
]
