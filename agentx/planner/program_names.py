"""Which variables a Python program sets and which it needs, told from its syntax tree: they outlive it, so that the
next one may build on them."""

import ast

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def parsed(code: str) -> ast.Module | None:
    """The syntax tree; None for a text that is no program, or one that is nested too deeply for Python's parser."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def prepares(earlier: str, code: str) -> bool:
    """Whether a program sets a variable that another one reads and does not set itself, so that the other may give
    something new behind it."""
    return not needed(code).isdisjoint(bound(earlier))


def bound(code: str) -> set[str]:
    """The names that a program sets: values, functions, classes, modules; empty for what is no program."""
    nodes = _nodes(code)
    return _set(nodes) | _added(nodes)


def needed(code: str) -> set[str]:
    """The names that a program reads and does not set; what it only adds to is read too."""
    nodes = _nodes(code)
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return (read | _added(nodes)) - _set(nodes) - {node.arg for node in nodes if isinstance(node, ast.arg)}


def _set(nodes: list[ast.AST]) -> set[str]:
    names: set[str] = set()
    added_to = {id(node.target) for node in nodes if isinstance(node, ast.AugAssign)}
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in added_to:
            names.add(node.id)
        elif isinstance(node, _DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return names


def _added(nodes: list[ast.AST]) -> set[str]:
    return {node.target.id for node in nodes if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)}


def _nodes(code: str) -> list[ast.AST]:
    tree = parsed(code)
    return [] if tree is None else list(ast.walk(tree))
