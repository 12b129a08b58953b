"""The real data plane: each switch a namespace with FRR, Linux bridges and VXLAN, lldpd and OpenSSH.

``routing`` and ``kernel`` translate an applied NVUE tree, printing only; ``machine`` runs commands here or in a
guest; ``lab`` brings namespaces up; ``shows`` reads state back; ``plane`` is the :class:`~rackwright.twin.dataplane.DataPlane`.
"""

from rackwright.twin.frr.guest import Guest, cache, prepare
from rackwright.twin.frr.machine import Local
from rackwright.twin.frr.plane import FrrPlane

__all__ = ["FrrPlane", "Guest", "Local", "cache", "prepare"]
