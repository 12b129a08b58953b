"""The Linux side of an emulated switch: the commands that are used on one."""

from rackwright.twin.linux.session import Session
from rackwright.twin.shell import Result

__all__ = ["Result", "Session"]
