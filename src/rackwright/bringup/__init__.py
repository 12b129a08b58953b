"""The whole rack: stages, gates and the work of each task, in one durable run."""

__all__: list[str] = []
