"""One module a verb, of its name, with its click command as ``command``; imported when the verb is run."""

__all__: list[str] = []
