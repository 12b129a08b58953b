"""The ``nv`` command of Cumulus Linux 5.12 (NVUE-CLI, Config-Commands), as far as sources tell it."""

from rackwright.twin.nv.command import operation_of, run_nv

__all__ = ["operation_of", "run_nv"]
