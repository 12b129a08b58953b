"""Who logs in to switches: what no switch takes is told at its place, and a password is never printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rackwright.intent.reading import load_text

LDAP = {
    "base_dn": "dc=example,dc=com", "bind_dn": "cn=admin", "secret": "secret:bind", "servers": ["10.10.0.9"],
    "port": 389, "scope": "subtree", "version": 3, "vrf": "mgmt", "timeout_bind_s": 5, "timeout_search_s": 5,
    "ssl": {"mode": "start-tls", "port": 636, "cert_verify": True},
}  # fmt: skip


def told(repository: Path, **change: Any) -> list[tuple[str, str]]:
    """Return path and text of the problems that other sections make in the guide's site."""
    wish = yaml.safe_load((repository / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text(encoding="utf-8"))
    wish["site"].pop("nodes")
    wish["access"] = {}
    found = load_text(yaml.safe_dump(wish | change), "site.yaml").problems
    return [(item.path, str(item)) for item in found if item.severity == "error"]


def test_all_keys_of_ldap_are_known(repository: Path) -> None:
    """Whatever the switches' configuration has a place for is taken."""
    assert told(repository, aaa={"order": ["local", "ldap"], "ldap": LDAP}) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"servrs": ["10.10.0.9"]}, "servrs"),
        ({"servers": "10.10.0.9"}, "servers"),
        ({"servers": [""]}, "servers.0"),
        ({"port": "389"}, "port"),
        ({"version": True}, "version"),
        ({"ssl": "start-tls"}, "ssl"),
        ({"ssl": {"certificate": False}}, "ssl.certificate"),
        ({"ssl": {"cert_verify": 1}}, "ssl.cert_verify"),
    ],
)
def test_what_ldap_does_not_have_is_told_where_it_stands(repository: Path, change: dict[str, Any], path: str) -> None:
    """A key that no switch reads, or a value of another kind, is a problem of the site file and not of the rendering."""
    assert [place for place, _ in told(repository, aaa={"ldap": LDAP | change})] == [f"aaa.ldap.{path}"]


@pytest.mark.parametrize("secret", ["Hunter2", "$6$hunter2", 7, ["Hunter2"]])
def test_a_password_of_ldap_is_refused_and_not_printed(repository: Path, secret: Any) -> None:
    """NVUE's own ``secret`` holds the password: written so, it would lie in every kept file as the name of a secret."""
    [(path, text)] = told(repository, aaa={"ldap": LDAP | {"secret": secret}})
    assert path == "aaa.ldap.secret"
    assert "unter2" not in text


@pytest.mark.parametrize(
    ("section", "value", "path"),
    [
        ("aaa", {"order": ["local", "ldp"]}, "aaa.order.1"),
        ("aaa", {"order": ["local", "local"]}, "aaa.order.1"),
        ("access", {"user": "Bob Smith"}, "access.user"),
        ("access", {"user": ""}, "access.user"),
    ],
)
def test_an_order_or_a_name_that_no_switch_takes_is_told(repository: Path, section: str, value: Any, path: str) -> None:
    """Sources of log-in that NVUE does not know, and names that Linux does not."""
    assert [place for place, _ in told(repository, **{section: value})] == [path]
