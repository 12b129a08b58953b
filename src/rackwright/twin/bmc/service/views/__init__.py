"""The resources of an emulated BMC, each made when somebody asks for it and kept by nobody."""

__all__: list[str] = []
