"""The NOS brought to the planned version before a push: a program of its own, in the waves of the plan."""

__all__: list[str] = []
