"""A login on an emulated switch and the part of a shell's grammar that it reads."""

from rackwright.twin.shell.login import Login, Result, Work

__all__ = ["Login", "Result", "Work"]
