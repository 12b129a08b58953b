"""The state of one emulated iDRAC9, or of the BMC of a BlueField-3, without HTTP.

:class:`~rackwright.twin.bmc.machine.idrac.Machine` is the whole; its parts are ``bmc`` (restarts, readiness, lockdown), ``host`` (power,
POST, boot), ``bios``, ``queue`` (jobs), ``firmware``, ``media``, ``accounts``, ``settings``, ``profiles``, ``certificate``, ``bench`` (logs,
deeds, faults). Call ``tick()`` before looking: time is caught up then.
"""

__all__: list[str] = []
