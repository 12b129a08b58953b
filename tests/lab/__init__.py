"""Hosts that are real Linux roots: what the playbooks, the driver and the audit of hosts are tried on."""
