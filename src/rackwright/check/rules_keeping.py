"""What a kept file may hold: secrets and snippets: items 41 and 43 of the validator list."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from rackwright.check.agreement import grouped
from rackwright.check.interfaces import section
from rackwright.check.model import Fabric, FileRule, Path, Tree
from rackwright.check.view import View
from rackwright.check.view_l3 import joined
from rackwright.findings import Finding

__all__ = ["SecretMasked", "SnippetTwice"]

_SECRETS = frozenset(
    {"hashed-password", "password", "secret", "auth-key", "priv-key", "key", "auth-password", "encrypted-password"}
)
"""Leaves that hold a secret, or a public key that an export masks like one."""


class SecretMasked(FileRule):
    """Secrets are ones that the switch can use.

    Passes: a hash, a key, or a reference that is resolved when the file is pushed. Fails: a mask (``*``) or
    a value that another switch encrypted (``$nvsec$``): applied as it stands, nobody logs in with it.
    """

    id = "NVUE-SECRET-MASKED"
    item = "nvue.md 8.41"
    title = "Secret is masked or another switch's"
    severity = "error"
    remedy = "put a reference to the secret, or the hash itself, in its place; an export cannot be applied as it is"
    source = "nvue.md 8.41, 4.2"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Walk the two places that hold secrets: the system section and BGP."""
        yield from self._walk(view, view.section("system"), ("system",))
        for instance in view.bgp.values():
            for kind, found in (("peer-group", instance.groups), ("neighbor", instance.neighbors)):
                for name in found:
                    path = (*instance.path, kind, name)
                    leaf = {"password": section(instance.tree, kind, name).get("password")}
                    yield from self._walk(view, leaf, path)

    def _walk(self, view: View, tree: Tree, path: Path) -> Iterator[Finding]:
        """Report every masked or foreign secret below a path."""
        for key, value in tree.items():
            if type(value) is dict:
                yield from self._walk(view, value, (*path, key))
            elif key in _SECRETS and isinstance(value, str):
                what = "masked" if value.strip("*") == "" else "encrypted by another switch"
                if what == "masked" or value.startswith("$nvsec$"):
                    yield self.fail(view, (*path, key), f"{' '.join((*path[-1:], key))} is {what}")


class SnippetTwice(FileRule):
    """Each file has one snippet, and none rewrites ``traffic.conf``.

    Passes: snippets of different files. Fails: two snippets for one file (one is lost), or a snippet for
    ``traffic.conf``, which NVUE writes itself.
    """

    id = "NVUE-SNIPPET-TWICE"
    item = "nvue.md 8.43"
    title = "Snippet clashes"
    severity = "error"
    remedy = "join the snippets of one file; set QoS through qos instead of traffic.conf"
    source = "nvue.md 8.43, 3.1, RN-4328029"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Group the snippets by the file they go to."""
        snippets = view.section("system", "config", "snippet")
        targets = [(_target(name, body), name) for name, body in snippets.items()]
        for target, names in grouped(targets).items():
            for name in names:
                path = ("system", "config", "snippet", name)
                if len(names) > 1:
                    yield self.fail(view, path, f"snippets {joined(names)} all go to {target}", actual=target)
                elif basename(target) == "traffic.conf":
                    yield self.fail(view, path, f"snippet {name} rewrites {target}", actual=target)


def _target(name: str, body: object) -> str:
    """Give the file of a snippet: as it states, else its name, which is then the file's."""
    return str(section(body).get("file", name))
