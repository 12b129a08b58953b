"""Emulated baseboard management controllers: what a machine is (``machine``) and how it answers (``service``).

It knows what its sources say (``redfish.md``, captured trees) and refuses the rest; it shares no belief with the code that is tried on it.
"""

__all__: list[str] = []
