"""Operating systems of emulated servers: what lies on their disks, what runs, and SSH in front of it.

Each hangs on the server of its BMC: power, POST and boot are that one's. Playbooks are not run here: a role's effect is a row of
:mod:`rackwright.twin.hosts.roles`; what playbooks really do is proven on real roots (docs/design/twin-hosts.md).
"""

__all__: list[str] = []
