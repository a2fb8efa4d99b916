"""Reads the strings of a foreign module without running it: constants, and f-strings over names that are known."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path


def module(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def text_of(node: ast.AST, names: Mapping[str, str]) -> str | None:
    """The value of an expression of strings; None where something in it is not known."""
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.Constant(value=int() | float() as value):
            return str(value)
        case ast.JoinedStr(values=parts) | ast.Tuple(elts=parts):
            found = [text_of(part, names) for part in parts]
            return "".join(found) if all(part is not None for part in found) else None  # type: ignore[arg-type]
        case ast.FormattedValue(value=value):
            return text_of(value, names)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return names.get(name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = text_of(left, names), text_of(right, names)
            return None if first is None or second is None else first + second
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)):
            once = text_of(left, names)
            return None if once is None else once * times
        case _:
            return None


def assigned(scope: ast.Module | ast.ClassDef, names: Mapping[str, str]) -> dict[str, str]:
    """Strings that a module or a class gives names to, in order, over those that are known already."""
    known = dict(names)
    for item in scope.body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            value = text_of(item.value, known)
            if value is not None:
                known[item.targets[0].id] = value
    return known


def lists(scope: ast.Module | ast.ClassDef, name: str, names: Mapping[str, str]) -> list[str]:
    """The strings of the list that a scope gives that name."""
    for item in scope.body:
        match item:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.List(elts=parts)) if target == name:
                found = [text_of(part, names) for part in parts]
                return [each for each in found if each is not None]
            case _:
                continue
    return []


def classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    return (item for item in tree.body if isinstance(item, ast.ClassDef))
