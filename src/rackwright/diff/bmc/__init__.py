"""A BMC compared with what its machine should be: settings, BIOS, firmware."""

__all__: list[str] = []
