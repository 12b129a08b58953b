"""The work of each stage's tasks, built of push and audit."""

__all__: list[str] = []
