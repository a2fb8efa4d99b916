"""The house rules that a machine can check."""

import ast
import gc
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = [
    "agentx",
    "tools/agentx_tools",
    "memory/agentx_memory",
    "tui/agentx_tui",
    "learn/agentx_learn",
    "benchmarks",
]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_MODULE_LINES = 400
MAX_CLASS_LINES = 250
MAX_FUNCTION_LINES = 60


def parsed(source: str) -> ast.Module:
    # Whatever the garbage collector finalizes meanwhile may be told with a traceback, which parses source too: Python
    # 3.11's parser does not bear that ("AST constructor recursion depth mismatch").
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_classes_and_functions_stay_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_MODULE_LINES, "a module this long has two ideas in it: split it"
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            limit = MAX_CLASS_LINES if isinstance(node, ast.ClassDef) else MAX_FUNCTION_LINES
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= limit, f"{node.name} has {length} lines: split it"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    tree = parsed(path.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree), "a module begins with a sentence on what it is for"


def test_nothing_is_importable_as_a_component_folder() -> None:
    for folder in ("tools", "memory", "tui", "learn"):
        assert not (ROOT / folder / "__init__.py").exists()
