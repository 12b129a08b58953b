"""HTTP of the emulated BMCs: Redfish over TLS, one loopback address each."""

__all__: list[str] = []
