"""What an emulated BMC does on the wire that is not plain from DSP0266, each with where it is known from."""

from __future__ import annotations

from typing import Final

from rackwright.twin.bmc.machine.behaviours import ASSUMED, Behaviour

__all__ = ["BEHAVIOURS"]

BEHAVIOURS: Final = (
    Behaviour("wire-shape", "resources have the property names and types of the captured ones; what a captured one has beyond them is left out", "three captured trees; tests/contract/bmc-shape.yaml lists what differs"),
    Behaviour("wire-versions", "schema versions and RedfishVersion 1.18.0 are those of iDRAC 7.10.30, whatever version runs", "captured R750"),
    Behaviour("wire-both", "a token beside Authorization is refused with SYS468", "Dell's message id; the status 400 [assumed]"),
    Behaviour("wire-sessions", "the ninth session gets 503 RAC0218; a session that nobody uses ends after 1,800 s, and after 30 real seconds at least, unless a ninth is asked for", "redfish.md 2.1; the floor of 30 s [assumed], so that a fast clock ends none under a busy client"),
    Behaviour("wire-restart", "a BMC that restarts or is dead refuses connections and cuts those that are open; its sessions are gone", "redfish.md 5 row 13"),
    Behaviour("wire-expand", "$expand goes one level deep on an iDRAC, six on a BlueField's BMC; the links of both kinds are told apart by Links", "captured ProtocolFeaturesSupported"),
    Behaviour("wire-etag", "every GET has an ETag, DateTime left out of it; If-Match is held against it where it is sent", "DSP0266; whether an iDRAC has one everywhere [assumed]"),
    Behaviour("wire-done", "a change that is done at once gets 200 with SYS413, an action 204", "dell/iDRAC-Redfish-Scripting; each case [assumed]"),
    Behaviour("wire-job", "a change that becomes a job gets 202 and the task as Location; a job that is asked for gets 200 and Dell's job as Location", "redfish.md 2.3; the status 200 [assumed]"),
    Behaviour("wire-privileges", "Operator may change the host, ReadOnly itself alone", "DMTF's privilege registry; that an iDRAC follows it [assumed]"),
    Behaviour("wire-profile", "the task of an export turns into the profile when it has ended", "redfish.md 2.6; dell/iDRAC-Redfish-Scripting"),
    Behaviour("wire-fetch", "SimpleUpdate fetches from loopback alone: another address is one that the BMC has no way to (RED132)", "a twin stays on its machine"),
    Behaviour("wire-pcie", "PCIe devices have made-up bus numbers; cards run at their full width", ASSUMED),
    Behaviour("wire-redundancy", "the redundancy of power supplies is told in DellPowerSupplyView alone, Fully Redundant or Redundancy Lost", "captured place; the captured word is Unknown, these are [assumed]"),
    Behaviour("wire-boot", "the override's mode is changed in Settings or in the system, at once", "captured R750 has it in both; that it is at once [assumed]"),
    Behaviour("wire-dpu", "the BMC of a BlueField is reached where the plan cables its port; a card's new NIC firmware runs after its host was cold", "redfish.md 2.5; Mellanox/dpu-update PR 97"),
    Behaviour("wire-dpu-refused", "SCP updates and resets of the card's own processor are answered 501", "no source tells enough"),
)  # fmt: skip
"""The wire's behaviours; those of the machine are in ``rackwright.twin.bmc.machine.behaviours``."""
