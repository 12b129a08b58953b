"""What a BMC says over Redfish, without I/O: resources as read, and the values that they mean.

The path: ``resources (URI -> JSON) -> inventory, software, BIOS, jobs -> what diff, push and audit compare``. The driver,
a snapshot and a DMTF mockup tree all give the same resources, so all are judged alike.
"""

__all__: list[str] = []
