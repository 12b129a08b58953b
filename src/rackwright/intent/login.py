"""Rules over who logs in to switches: the administrator, the sources of log-in, the LDAP servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from rackwright.catalog.faults import nearest
from rackwright.documents import Path
from rackwright.intent.context import Context

__all__ = ["USER", "check"]

USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
"""What Linux takes as the name of an account (useradd)."""

_SOURCES: Final = ("local", "ldap", "radius", "tacacs")
"""Sources of log-in that NVUE 5.12 knows."""

_Form = Mapping[str, Any]
_SSL: Final[_Form] = {"mode": str, "port": int, "cert_verify": bool}
_LDAP: Final[_Form] = {
    "base_dn": str, "bind_dn": str, "secret": object, "servers": list, "port": int, "scope": str, "version": int, "vrf": str,
    "timeout_bind_s": int, "timeout_search_s": int, "ssl": _SSL,
}  # fmt: skip
"""Keys of ``aaa.ldap``, and what stands at each; of a secret its own rule speaks."""

_WORDS: Final = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of servers"}


def check(context: Context) -> None:
    """Report what no switch takes of ``access.user`` and ``aaa``."""
    user, aaa = context.site.access.user, context.site.aaa
    if not USER.fullmatch(user):
        remedy = "use small letters, digits, '-' and '_', e.g. cumulus"
        context.wrong("value", ("access", "user"), f"{user!r} is no name of an account", remedy)
    for at, word in enumerate(aaa.order):
        context.known(("aaa", "order", at), word, _SOURCES, "source of log-in")
        if word in aaa.order[:at]:
            context.wrong("value", ("aaa", "order", at), f"{word} stands in the order twice", "name it once")
    _formed(context, ("aaa", "ldap"), aaa.ldap, _LDAP)


def _formed(context: Context, place: Path, given: Mapping[str, Any], form: _Form) -> None:
    """Report keys that the form does not have, and values of another kind; values are not printed, one may be a secret."""
    for key, value in given.items():
        path, kind = (*place, key), form.get(key)
        if kind is None:
            context.wrong("value", path, f"unknown key {key!r}", nearest(key, form), at_key=True)
        elif isinstance(kind, Mapping):
            if isinstance(value, Mapping):
                _formed(context, path, value, kind)
            else:
                context.wrong("value", path, f"{key} is no mapping", f"write {{{', '.join(kind)}}}")
        elif kind is list and isinstance(value, list):
            for at, server in enumerate(value):
                if not isinstance(server, str) or not server:
                    context.wrong("value", (*path, at), f"{server!r} is no server", "write its address or its name")
        elif kind is not object and type(value) is not kind:
            context.wrong("value", path, f"{key} is not {_WORDS[kind]}", f"write {_WORDS[kind]}")
