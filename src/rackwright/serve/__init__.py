"""What Rackwright answers: the first boot of a switch, its files with secrets resolved per request, and what it reports."""

__all__: list[str] = []
