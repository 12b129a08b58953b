"""One check a class over evidence: links, sessions, settings and versions as they are against what is planned."""

__all__: list[str] = []
