"""Hosts: what an installer says, what a playbook does, what a host tells."""

__all__: list[str] = []
