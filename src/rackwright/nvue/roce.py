"""How ``qos roce`` marks traffic: the one place of these numbers, for the switches' rules and for the hosts.

Cumulus Linux, RDMA over Converged Ethernet (5.12): RoCE is marked 26, and DSCP 24 to 31 go to priority 3, which PFC
protects in the lossless modes; congestion notifications are marked 48 and go to the strict priority 6.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CNP_DSCP", "CNP_PRIORITY", "ROCE_DSCP", "ROCE_PRIORITY"]

ROCE_DSCP: Final = 26
ROCE_PRIORITY: Final = 3
CNP_DSCP: Final = 48
CNP_PRIORITY: Final = 6
