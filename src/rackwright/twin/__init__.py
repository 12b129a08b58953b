"""The emulated rack: real protocols on loopback, state computed from cabling and configuration.

It knows what its sources say and refuses the rest; it shares no belief with the code that is tried on it.
"""

__all__: list[str] = []
