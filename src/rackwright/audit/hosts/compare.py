"""How a version that was read is compared with the validated one: the ``compare`` of the matrix of version facts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rackwright.redfish.versions import same

__all__ = ["holds"]


def holds(compare: str, found: str | Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether a version is one of the wanted spellings; of several that were read each must be, with ``any-of`` one.

    ``equal``: the same in any spelling that means the same; ``series``: the same up to the last number that is stated;
    ``prefix``: the text begins with it.
    """
    texts = [found] if isinstance(found, str) else list(found)
    one = [any(_is(compare, text, word) for word in wanted) for text in texts]
    return bool(one) and (any(one) if compare == "any-of" else all(one))


def _is(compare: str, found: str, wanted: str) -> bool:
    if compare == "prefix":
        return found.startswith(wanted)
    if compare == "series":
        return re.match(rf"{re.escape(wanted)}(?![\d])", found) is not None
    return found == wanted or same(found, wanted)
