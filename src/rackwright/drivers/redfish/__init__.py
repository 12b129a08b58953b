"""BMCs over Redfish, on DMTF's ``redfish`` library, held on a short rein (redfish.md 3.1)."""

__all__: list[str] = []
