"""The budgets of docs/design/house.md, held file by file: a reader must be able to read."""

import ast
import functools
import gc
import io
import re
import statistics
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("budgets")

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES, FILE_MEDIAN = 500, 200
FUNCTION_LINES, FUNCTION_P90, BRANCHES = 50, 30, 10
COMMENTS_PER_100 = 10  # over the whole tree we aim at five; one dense file may have twice that
TEMPLATE_LINES = 120
TASK_LINES = 80
NAMELESS = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}
# file -> why it may catch everything: only the outermost edge may
CATCH_ALL = {
    "src/rackwright/cli/__init__.py": "the outermost edge: a crash becomes a sentence that asks for a report",
    "src/rackwright/cli/main.py": "the outermost edge: a crash becomes a sentence that asks for a report",
    "src/rackwright/runs/fleet.py": "the edge of one device: a bug in its work must not stop the others",
    "src/rackwright/runs/work.py": "the edge of one step: whatever its work raises is the step's result",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(scope="module", autouse=True)
def _no_garbage() -> Iterator[None]:
    """Syntax is made by the million nodes and kept: to look for garbage in it takes four times as long as to read it."""
    gc.disable()
    yield
    for known in (text_of, tree_of, functions):
        known.cache_clear()
    gc.enable()


def relative(paths) -> list[str]:
    """Return the paths as texts below the checkout, sorted, so that test names read well."""
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


CODE = relative([*(ROOT / "src").rglob("*.py"), *(ROOT / "nornir_tasks").rglob("*.py")])
TOOLS = relative([*(ROOT / "scripts").glob("*.py"), *(ROOT / "bench").rglob("*.py")])
TESTS = relative((ROOT / "tests").rglob("*.py"))
TEMPLATES = relative(
    path for path in (ROOT / "templates").rglob("*") if path.is_file() and path.suffix in {".j2", ".jinja"}
)


@functools.cache
def text_of(name: str) -> str:
    """Return a file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


# --- measures, pure: text in, numbers or names out --------------------------------------------------


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and every statement, handler and case below it, without the expressions: most of a tree, and all of a walk's time."""
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        yield node
        for field in ("body", "orelse", "handlers", "finalbody", "cases"):
            nodes.extend(getattr(node, field, ()))


@functools.cache
def functions(tree: ast.AST) -> list[tuple[str, Function]]:
    """Return every function with its name and line, nested ones too."""
    return [(f"{node.name} (line {node.lineno})", node) for node in statements(tree) if isinstance(node, Function)]


def length(node: Function) -> int:
    """Count a function's lines from `def` to the end, its docstring left out."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def branches(node: Function) -> int:
    """Count a function's ways to go on, as ruff's C901 does: one, and one more for each decision."""
    count = 1
    for inner in statements(node):
        if isinstance(inner, ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler):
            count += 1
        elif isinstance(inner, ast.Match):
            count += sum(not is_wildcard(case) for case in inner.cases)
    return count


def is_wildcard(case: ast.match_case) -> bool:
    """Say whether a match case is `case _`."""
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None


def untyped(node: Function) -> list[str]:
    """Return the arguments, and `return`, that carry no annotation (self and cls need none)."""
    plain = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    every = [*plain, *(arg for arg in (node.args.vararg, node.args.kwarg) if arg)]
    bare = [arg.arg for arg in every if arg.annotation is None]
    if bare and bare[0] in {"self", "cls"} and plain[0].arg == bare[0]:
        bare = bare[1:]
    return bare + ([] if node.returns else ["return"])


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Yield each public module, class and function whose docstring is absent or starts with no sentence."""
    if not is_sentence(ast.get_docstring(tree)):
        yield "the module"
    rooms: list[tuple[str, ast.AST]] = [("", tree)]
    while rooms:
        prefix, room = rooms.pop()
        for node in ast.iter_child_nodes(room):
            if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
                continue
            if not is_overload(node) and not is_sentence(ast.get_docstring(node)):
                yield f"{prefix}{node.name} (line {node.lineno})"
            if isinstance(node, ast.ClassDef):
                rooms.append((f"{prefix}{node.name}.", node))


def is_overload(node: Function | ast.ClassDef) -> bool:
    """Say whether a definition only restates a signature for the type checker or a property's setter."""
    return any(ast.unparse(mark).endswith(("overload", ".setter")) for mark in node.decorator_list)


def is_sentence(docstring: str | None) -> bool:
    """Say whether a docstring's first paragraph is there and ends as a sentence does."""
    return bool(docstring) and docstring.strip().split("\n\n")[0].rstrip().endswith((".", ":", "?", "!", "::"))


def comments(text: str) -> list[str]:
    """Return a file's comments."""
    return [
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    ]


def unreasoned(text: str) -> list[str]:
    """Return the suppressions (`noqa`, `type: ignore`) that name no rule or give no reason."""
    found = [note for note in comments(text) if re.search(r"#\s*(noqa|type:\s*ignore)", note)]
    return [note for note in found if not re.search(r"(noqa: [A-Z]+[0-9]+|ignore\[[a-z-]+\]).*\s(#|--?)\s*\w", note)]


def catches_all(tree: ast.AST) -> list[int]:
    """Return the lines of handlers that catch everything."""
    return [
        node.lineno
        for node in statements(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
    ]


def decides(template: str) -> list[str]:
    """Return the places where a template does what Python should have done: arithmetic, `is defined`."""
    found = []
    for block in re.findall(r"\{[{%].*?[%}]\}", template, flags=re.DOTALL):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", block)
        inside = bare.strip("{}%").strip("-+ \n")
        if re.search(r"is\s+(not\s+)?defined|\bdefault\(|[\w)\]]\s*(\+|\*|/|//|%|-)\s*[\w(]", inside):
            found.append(block)
    return found


# --- the budgets -------------------------------------------------------------------------------------


@functools.cache
def tree_of(name: str) -> ast.Module:
    """Return a file's syntax."""
    return ast.parse(text_of(name))


def faults(names: Iterable[str], measure: Callable[[str], object]) -> dict[str, object]:
    """Return every file in which a measure finds something, with what it finds: all at once, in one test.

    A test a file would be seven thousand of them, and what pytest does for each takes longer than the measure.
    """
    return {name: found for name in names if (found := measure(name))}


def test_a_file_can_be_read_in_one_sitting():
    """No file is over 500 lines."""
    assert not faults([*CODE, *TOOLS, *TESTS], lambda name: len(text_of(name).splitlines()) // (FILE_LINES + 1))


def test_a_function_fits_a_screen():
    """No function is over 50 lines or has more than ten branches."""

    def large(name):
        sizes = [(label, length(node), branches(node)) for label, node in functions(tree_of(name))]
        return [size for size in sizes if size[1] > FUNCTION_LINES or size[2] > BRANCHES]

    assert not faults([*CODE, *TOOLS], large)


def test_everything_is_typed():
    """Every argument and every return value carries its type."""

    def bare(name):
        return {label: names for label, node in functions(tree_of(name)) if (names := untyped(node))}

    assert not faults([*CODE, *TOOLS], bare)


def test_everything_public_says_what_it_is():
    """Each public module, class and function has a docstring whose first line is a sentence."""
    assert not faults([*CODE, *TOOLS], lambda name: list(undocumented(tree_of(name))))


def test_a_test_states_a_fact():
    """Each test's docstring is a sentence: the fact that is broken when it fails."""

    def silent(name):
        tests = [(label, node) for label, node in functions(tree_of(name)) if node.name.startswith("test_")]
        return [label for label, node in tests if not is_sentence(ast.get_docstring(node))]

    assert not faults([name for name in TESTS if Path(name).name.startswith("test_")], silent)


def test_comments_are_few():
    """Code does not drown in comments: at most ten per hundred lines in any file of some length."""

    def drowning(name):
        text = text_of(name)
        lines = sum(1 for line in text.splitlines() if line.strip())
        return len(comments(text)) > max(6, lines * COMMENTS_PER_100 / 100)

    assert not faults([*CODE, *TOOLS], drowning)


def test_a_suppression_has_a_reason():
    """A noqa or a type: ignore names its rule and says why, after a second # or a dash."""
    suspects = [name for name in [*CODE, *TOOLS, *TESTS] if re.search(r"noqa|type:\s*ignore", text_of(name))]
    assert suspects
    assert not faults(suspects, lambda name: unreasoned(text_of(name)))


def test_nothing_is_swallowed():
    """Only the outermost edge catches everything, and it is on the list with its reason."""
    assert set(faults(CODE, lambda name: catches_all(tree_of(name)))) <= set(CATCH_ALL)


def test_no_room_is_called_nothing():
    """There is no utils, helpers, common, misc, base, manager or core."""
    rooms = {part.removesuffix(".py").strip("_") for name in CODE for part in Path(name).parts}
    assert not rooms & NAMELESS


def test_the_usual_file_and_function_are_short():
    """The median file is under 200 lines, and nine functions of ten are under 30."""
    sizes = [len(text_of(name).splitlines()) for name in CODE]
    lengths = [length(node) for name in CODE for _, node in functions(tree_of(name))]
    assert statistics.median(sizes) < FILE_MEDIAN
    assert statistics.quantiles(lengths, n=10)[-1] < FUNCTION_P90


def test_a_template_prints_and_decides_nothing():
    """A template is under 120 lines and has no arithmetic, no default() and no `is defined`."""
    assert TEMPLATES
    assert not faults(TEMPLATES, lambda name: len(text_of(name).splitlines()) // (TEMPLATE_LINES + 1))
    assert not faults(TEMPLATES, lambda name: decides(text_of(name)))


def test_a_nornir_task_file_is_thin():
    """A file of nornir_tasks is under 80 lines."""
    thin = [name for name in CODE if name.startswith("nornir_tasks/")]
    assert thin
    assert not faults(thin, lambda name: len(text_of(name).splitlines()) // (TASK_LINES + 1))


# --- the measures measure ---------------------------------------------------------------------------


def test_each_measure_sees_its_fault():
    """Every measure of this file finds the fault it is there for."""
    tree = ast.parse(
        "def f(a, *, b: int):\n    '''No end'''\n    try:\n        pass\n    except Exception:\n        pass\n"
    )
    [(_, node)] = functions(tree)
    assert (length(node), branches(node), untyped(node)) == (5, 2, ["a", "return"])
    assert list(undocumented(tree)) == ["the module", "f (line 1)"]
    assert catches_all(tree) == [5]
    assert unreasoned("x = 1  # noqa: S101\n") == ["# noqa: S101"]
    assert unreasoned("x = 1  # noqa: S101 - a reason\n") == []
    assert decides("{{ a + 1 }} {% if b is defined %} {{ c - d }}") == [
        "{{ a + 1 }}",
        "{% if b is defined %}",
        "{{ c - d }}",
    ]
    assert decides("{%- for a in b -%}{{ a.name }}{{ 'x-1' }}{# a+1 #}{%- endfor %}") == []
