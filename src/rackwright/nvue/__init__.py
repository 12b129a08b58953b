"""An NVUE document without I/O: tree, ranges, commands, printing, reading, the schema table."""
