"""Which machine stands where: from forwarding tables, neighbours, leases, and what switches say of themselves.

Everything is matched with the plan's cabling: a MAC address behind ``oob01 swp1`` is the BMC's that is planned there. What
two things contradict is told and not decided.
"""

from rackwright.audit.discovery.controllers import controllers
from rackwright.audit.discovery.leases import Lease, read_leases
from rackwright.audit.discovery.match import Discovery, Unclear, discovered
from rackwright.audit.discovery.seen import Seen, looked

__all__ = ["Discovery", "Lease", "Seen", "Unclear", "controllers", "discovered", "looked", "read_leases"]
