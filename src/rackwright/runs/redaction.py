"""What may be written down: JSON values and texts in which no secret is left.

Three nets, since each has holes: the values of the secrets that the caller names, in every form in which
they may stand in a text; keys of mappings that look secret; and shapes that are secret wherever they stand.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

import msgspec

from rackwright.secrets import Secret, is_mapping, is_reference

__all__ = ["MASK", "Redactor", "looks_secret"]

MASK: Final = "***"
"""What stands where a secret stood."""

_SECRET_KEY: Final = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|authorization|cookie|private[-_ ]?key|api[-_ ]?key|"
    r"community|shared[-_ ]?key|pre[-_]?shared",
    re.IGNORECASE,
)
_SHAPES: Final = (
    # crypt(3): $6$salt$hash and its kin
    (re.compile(r"\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|argon2[id]{1,2})\$[^\s'\"\\,]{8,}"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9+/=_.~-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    # user:password@ of an address
    (re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+@"), rf"\1:{MASK}@"),
    (re.compile(r"(?i)\b(password|passwd|passphrase)(\s*[=:]\s*)(?!\*\*\*)[^\s,;\"']+"), rf"\1\2{MASK}"),
)
# What each shape needs: most texts have none of it, and one look is cheaper than five, most of all without regard to case.
_SUSPECT: Final = re.compile(r"[$]|-----begin|basic\s|bearer\s|://|passw|passphrase")
_NAME: Final = re.compile(r"(?:[a-z]+/)?[A-Za-z][A-Za-z0-9_.-]*")
_SHORTEST: Final = 4
"""A secret shorter than this would mask half of every text."""


class Redactor:
    """Masks what must not be written, knowing the secrets in use."""

    def __init__(self, hide: Iterable[Secret] = ()) -> None:
        """Know these secrets in every form that a text may hold them in."""
        found = {form for secret in hide for form in _forms(secret.reveal())}
        # The longest first: a form may be part of another.
        ordered = sorted(found, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        # The same few keys stand in every value.
        self._key = lru_cache(maxsize=4096)(lambda key: (self.text(key), looks_secret(key)))

    def text(self, text: str) -> str:
        """Return ``text`` with everything masked that is known or looks secret."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if _SUSPECT.search(text.casefold()):
            for shape, instead in _SHAPES:
                text = shape.sub(instead, text)
        return text

    def value(self, value: Any) -> Any:
        """Return a JSON value, masked; the value itself is not changed.

        Raises :class:`TypeError` for a :class:`~rackwright.secrets.Secret`, and for what JSON cannot hold.
        """
        return self._value(msgspec.to_builtins(value, enc_hook=_refuse, str_keys=True))

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                word: self._hidden(inner, value) if hides else self._value(inner)
                for (word, hides), inner in zip(map(self._key, value), value.values(), strict=True)
            }
        if isinstance(value, list | tuple):
            return [self._value(inner) for inner in value]
        return value

    def _hidden(self, value: Any, mapping: dict[str, Any]) -> Any:
        """Return what stands below a key that looks secret: only references and flags stay."""
        # {"secret": NAME} is the kept form of a reference: a name, and no secret.
        if value is None or isinstance(value, bool) or is_reference(value) or is_mapping(value):
            return value
        if is_mapping(mapping) and _NAME.fullmatch(value):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(inner): self._hidden(below, {}) for inner, below in value.items()}
        return [self._hidden(inner, {}) for inner in value] if isinstance(value, list) else MASK


def looks_secret(key: str) -> bool:
    """Say whether what stands below ``key`` in a mapping would be masked."""
    return _SECRET_KEY.search(key) is not None


def _refuse(value: object) -> Any:
    raise TypeError(f"a {type(value).__name__} is never written down: return names, numbers and texts")


def _forms(secret: str) -> Iterator[str]:
    """Yield the texts in which a secret may stand: as it is, escaped, and inside base64 at each alignment."""
    for line in {secret, *secret.splitlines()}:
        if len(line) < _SHORTEST:
            continue
        yield from (line, quote(line), quote(line, safe=""), quote_plus(line), json.dumps(line)[1:-1], repr(line)[1:-1])
        raw = line.encode()
        yield raw.hex()
        for before in range(3):
            code = base64.b64encode(b"\0" * before + raw).decode()
            # Characters that hold bits of a neighbour differ from text to text: only the inner ones are ours.
            inner = code[(0, 2, 3)[before] : (len(raw) + before) * 8 // 6]
            if len(inner) > _SHORTEST:
                yield from (inner, inner.replace("+", "-").replace("/", "_"))
