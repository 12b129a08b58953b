"""An NVUE document without I/O: tree, ranges, commands, printing, reading, the schema table.

``document.read`` takes an export apart, ``emit.dump`` prints a tree, ``schema.load`` checks it.
"""

from rackwright.nvue import commands, document, emit, ranges, schema, tree

__all__ = ["commands", "document", "emit", "ranges", "schema", "tree"]
