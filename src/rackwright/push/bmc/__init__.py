"""Firmware and BIOS brought to what they should be, with the fewest restarts."""

__all__: list[str] = []
