"""The software of hosts brought to what the plan says: stage by stage, with the restarts between them."""

__all__: list[str] = []
