"""A data plane that holds what it is given and says next to nothing."""

from __future__ import annotations

from rackwright.twin.dataplane import NotEmulated


class Blank:
    """Remembers every call; refuses what is in ``refuse``."""

    slow = False

    def __init__(self) -> None:
        self.trees = {}
        self.calls = []
        self.refuse = ""

    def applied(self, switch, tree, restarted):
        if self.refuse:
            raise RuntimeError(self.refuse)
        self.trees[switch] = tree
        self.calls.append(("applied", switch, restarted))

    def power(self, switch, *, on):
        self.calls.append(("power", switch, on))

    def show(self, switch, path):
        if path == ("system",):
            return {"hostname": "", "product-release": "", "build": "", "uptime": ""}
        if path == ("platform",):
            return {"product-name": "SN5600", "serial-number": "", "system-mac": ""}
        if path == ("interface",):
            return {name: {"link": {"state": {"up": {}}, "mtu": 9216}, "type": "swp"} for name in ("swp1", "swp2")}
        if path == ("interface", "swp99"):
            raise LookupError
        raise NotEmulated(" ".join(path))

    def run(self, switch, argv):
        raise NotEmulated(" ".join(argv))
