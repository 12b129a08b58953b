"""Write ``data/catalog.json`` anew from the YAML rows: ``python -m rackwright.catalog``."""

from __future__ import annotations

from rackwright.catalog.loading import COMPILED, compile_shipped

if __name__ == "__main__":
    COMPILED.write_bytes(compile_shipped())
