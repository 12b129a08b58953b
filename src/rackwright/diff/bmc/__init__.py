"""A server's firmware and BIOS against what they should be."""

from rackwright.diff.bmc.model import BiosChange, BiosProblem, BiosState, FirmwareState, FirmwareVerdict

__all__ = ["BiosChange", "BiosProblem", "BiosState", "FirmwareState", "FirmwareVerdict"]
