"""Documentation that is not true fails the build."""

import ast
import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *DOCS.rglob("*.md")])
DESIGN = [name for name in PAGES if name.startswith("docs/design/") and not name.endswith("index.md")]

# The words that design and command line use; the glossary must know each.
WORDS = [
    "intent",
    "site",
    "plan",
    "lock",
    "release",
    "running",
    "intended",
    "drift",
    "change",
    "disruption",
    "changeset",
    "revision",
    "staged settings",
    "job",
    "pending",
    "applied",
    "finding",
    "problem",
    "rule",
    "domain",
    "stage",
    "wave",
    "gate",
    "rail",
    "plane",
    "SU",
    "link",
    "assembly",
    "cage",
    "breakout",
    "overlay",
    "twin",
    "secret reference",
]


def text_of(name: str) -> str:
    """Return a page's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def reference():
    """Load the script that writes the reference pages."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_built(module: str) -> bool:
    """Say whether a module exists (a folder without code is none)."""
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.origin is not None


def need(module: str) -> None:
    """Skip while a part is still to come."""
    if not is_built(module):
        pytest.skip(f"{module}: not built yet")


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


# --- the reference is the code ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "module"),
    [
        ("errors.md", "rackwright.errors"),
        ("rules.md", "rackwright.check"),
        ("cli.md", "rackwright.cli"),
        ("stack.md", "rackwright.catalog"),
    ],
)
def test_a_reference_page_says_what_the_code_says(page, module):
    """Verbs, errors and rules are documented in the very words of the code."""
    need(module)
    written = (DOCS / "reference" / page).read_text(encoding="utf-8") if (DOCS / "reference" / page).exists() else ""
    assert written == reference().PAGES[page](), f"docs/reference/{page} is not what the code says: make reference"


def test_the_drawn_exception_tree_is_the_real_one():
    """The tree on top of errors.py names every exception, below the one it derives from."""
    errors = importlib.import_module("rackwright.errors")
    drawn = re.findall(r"^ *((?:\|   )*)\+-- (\w+)", errors.__doc__, flags=re.MULTILINE)
    above = {0: "RackwrightError"}
    found = {}
    for bars, name in drawn:
        depth = len(bars) // 4 + 1
        found[name], above[depth] = above[depth - 1], name
    assert found == {
        name: getattr(errors, name).__base__.__name__ for name in errors.__all__ if name != "RackwrightError"
    }


# --- the glossary --------------------------------------------------------------------------------------


def glossary() -> dict[str, list[str]]:
    """Return the glossary's rows: the words of the first column, then the other cells."""
    rows = [line.strip("|").split("|") for line in text_of("docs/glossary.md").splitlines() if line.startswith("| ")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows[1:]}


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_in_the_glossary_with_an_example(word):
    """A word of the design stands in the first column, with a meaning, an example and a place."""
    rows = [cells for words, cells in glossary().items() if re.search(rf"(^|[ ,(]){re.escape(word)}($|[ ,)])", words)]
    assert rows, f"docs/glossary.md has no row for {word!r}"
    assert all(len(cells) == 3 and all(cells) for cells in rows)


def test_each_place_that_the_glossary_names_exists():
    """A dotted name in the glossary is a name in the code."""
    for words, cells in glossary().items():
        for dotted in re.findall(r"`(rackwright(?:\.\w+)+)`", cells[-1]):
            module, _, name = dotted.rpartition(".")
            if importlib.util.find_spec(dotted.rpartition(".")[0]) is None or importlib.util.find_spec(module) is None:
                pytest.fail(f"{words}: {module} is not there")
            assert hasattr(importlib.import_module(module), name), f"{words}: {dotted} is not there"


# --- the pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_plain(name):
    """Pages are ASCII, name no path of one machine and no registry, and leave nothing to be done."""
    text = text_of(name)
    assert text.isascii(), [line for line in text.splitlines() if not line.isascii()]
    assert not re.findall(r"(?<![\w.])/(?:root|work)/\S*|\bTODO\b|\bFIXME\b|pypi\.\w+/simple", text)


@pytest.mark.parametrize("name", DESIGN)
def test_a_design_page_ends_in_what_was_rejected(name):
    """Each design page closes with its rejected ways and why, so that a decision keeps its reasons."""
    headings = re.findall(r"^## (.*)$", text_of(name), flags=re.MULTILINE)
    assert headings[-1:] == ["What we rejected, and why"]


@pytest.mark.parametrize("name", PAGES)
def test_python_in_a_page_compiles_and_names_what_exists(name):
    """A Python block parses, and every `stage.function` that it calls is in the code."""
    for block in blocks(text_of(name), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                stage = f"rackwright.{node.value.id}"
                if is_built(stage):
                    assert hasattr(importlib.import_module(stage), node.attr), f"{stage}.{node.attr} is not there"


@pytest.mark.parametrize("name", PAGES)
def test_a_session_in_a_page_is_what_happens(name, tmp_path):
    """A console block is run line by line in an empty folder; what it prints is what the page shows."""
    sessions = [steps for block in blocks(text_of(name), "console") if (steps := session(block))]
    if sessions:
        need("rackwright.cli")
    folder = tmp_path
    for steps in sessions:
        for command, shown in steps:
            words = shlex.split(command)
            if words[0] == "cd":
                folder = folder / words[1]
                continue
            printed = run(words, folder)
            assert matches(shown, printed), f"$ {command}\n--- the page shows\n{shown}\n--- it prints\n{printed}"


def session(block: str) -> list[tuple[str, str]]:
    """Split a console block into commands and what is shown below each; a line that ends in a backslash goes on."""
    steps: list[tuple[str, str]] = []
    for line in block.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], ""))
        elif steps:
            steps[-1] = (steps[-1][0], steps[-1][1] + line + "\n")
    return [step for step in steps if step[0].split()[0] in {"cd", "rackwright"}]


def run(words: list[str], folder: Path) -> str:
    """Run one command line of rackwright as a user would, and return all that it printed."""
    program = "import sys; from rackwright.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "100", "HOME": str(folder)},
    )
    assert done.returncode in {0, 3, 4}, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stderr + done.stdout


def matches(shown: str, printed: str) -> bool:
    """Say whether each shown line was printed, in that order; `...` stands for lines left out."""
    lines = iter(line.rstrip() for line in printed.splitlines())
    return all(line.rstrip() in lines for line in shown.splitlines() if line.strip() not in {"", "..."})


def test_a_wrong_session_would_be_seen():
    """A line that is not printed, or printed in another order, does not match."""
    assert matches("b\n...\nd\n", "a\nb\nc\nd\n")
    assert not matches("d\nb\n", "b\nd\n")
    assert not matches("e\n", "b\nd\n")
    assert session("$ cd a\n$ rackwright plan \\\n  x\nout\n$ ls\n") == [("cd a", ""), ("rackwright plan   x", "out\n")]


# --- the building --------------------------------------------------------------------------------------


def test_the_site_asks_nothing_of_other_hosts(tmp_path):
    """The built pages load no font, script or style from anywhere else."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in tmp_path.rglob("*.html"):
        asked = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?(?:https?:)?//[^\">]+", page.read_text())
        assert not asked, f"{page.name}: {asked}"


def test_each_topic_of_the_change_log_is_one_line_for_a_user():
    """A fragment in changes/ is called TOPIC.TYPE.md and holds one line that ends as a sentence."""
    for path in sorted((ROOT / "changes").glob("*")):
        assert re.fullmatch(r"[a-z0-9-]+\.(feature|fix|doc|perf)\.md", path.name), path.name
        lines = path.read_text(encoding="utf-8").strip().splitlines()
        assert len(lines) == 1, f"{path.name}: one line"
        assert lines[0].endswith("."), f"{path.name}: a sentence"
