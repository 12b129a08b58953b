"""Devices as they are: what is there now, and the calls that change it. They collect evidence and judge nothing.

Each kind of device has a package; :mod:`rackwright.drivers.endpoint` says how one is reached.
"""

__all__: list[str] = []
