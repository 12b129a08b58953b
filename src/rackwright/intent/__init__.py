"""What the operator wrote: ``site.yaml`` and what stands beside it, as frozen values.

``load(path)`` gives a :class:`Loaded`: the site, every problem at once with file, line, column and
remedy, the catalog with the site's own rows, overlays and public keys. ``Loaded.require()`` gives
the :class:`Site` or raises; ``Loaded.locate(path)`` finds where a later problem stands.
"""

from __future__ import annotations

from rackwright.intent.models import Site
from rackwright.intent.overlays import Overlay
from rackwright.intent.reading import Loaded, load, load_text
from rackwright.intent.writing import defaults, dump, json_schema

__all__ = ["Loaded", "Overlay", "Site", "defaults", "dump", "json_schema", "load", "load_text"]
