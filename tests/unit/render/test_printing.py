"""Printing: templates print complete values; a mistake in one is told with its place."""

from __future__ import annotations

import re

import pytest

from rackwright.assets import folder
from rackwright.errors import RenderError
from rackwright.render.printing import Printer

PARTS = ("dhcp", "docs")
TEMPLATES = sorted(path for part in PARTS for path in (folder("templates") / part).iterdir())


def printer(tmp_path, text: str, name: str = "docs/x.html.j2") -> Printer:
    """Make a printer with one template of a site."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return Printer(tmp_path)


def test_a_name_that_is_not_there_is_an_error_with_template_and_line(tmp_path):
    """An undefined name is no empty text: template and line are named."""
    with pytest.raises(RenderError, match=r"docs/x\.html\.j2:2: 'nothing' is undefined"):
        printer(tmp_path, "one\n{{ nothing }}\n").print("docs/x.html.j2")


def test_a_mistake_of_syntax_is_an_error_with_template_and_line(tmp_path):
    """A template that cannot be read is told with its line."""
    with pytest.raises(RenderError, match=r"docs/x\.html\.j2:3"):
        printer(tmp_path, "one\ntwo\n{% if %}\n").print("docs/x.html.j2")


def test_html_and_svg_are_escaped_and_plain_text_is_not(tmp_path):
    """A name with markup in it stays text in a page, and is itself in a configuration."""
    for name in ("docs/x.html.j2", "docs/x.svg.j2"):
        assert printer(tmp_path, "{{ a }}", name).print(name, a="<b>&") == b"&lt;b&gt;&amp;"
    assert printer(tmp_path, "{{ a }}", "dhcp/x.conf.j2").print("dhcp/x.conf.j2", a="<b>&") == b"<b>&"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_templates_print_and_decide_nothing(path):
    """A template is at most 120 lines, without arithmetic, without asking what is defined, without setting values."""
    text = path.read_text()
    assert len(text.splitlines()) <= 120
    for inside in re.findall(r"{[{%](.*?)[%}]}", text):
        code = re.sub(r'"[^"]*"', '""', inside).strip("-+ ")
        assert "is defined" not in code
        assert "default(" not in code
        assert not code.startswith(("set ", "do ")), code
        assert not re.search(r"[\w)]\s*[-+*/%]\s*[\w(]|//|~", code), code


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_templates_fetch_nothing_and_run_nothing(path):
    """No template has a script or an address that a browser would ask for."""
    text = path.read_text()
    assert "<script" not in text
    assert not re.search(r"(src|href)\s*=\s*[\"'](https?:)?//", text)
    assert "@import" not in text
    assert "url(" not in text
