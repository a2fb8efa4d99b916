"""Source code by syntax: a section for each function, and for what lies between, named like `Class.method`."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from agentx_memory.chunks import Section
from agentx_memory.ingest.readers import Text
from agentx_memory.ingest.readers.text import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_PARSED = 2**20
"""Characters of a file that is parsed, since its tree takes some 100 times as much memory. A longer one is a program's
output, and taken as text."""

_GRAMMARS = {
    ".py .pyi": "python",
    ".js .mjs .cjs .jsx": "javascript",
    ".ts .mts .cts": "typescript",
    ".tsx": "tsx",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    ".c .h": "c",
    ".cc .cpp .cxx .hh .hpp .hxx": "cpp",
}
_SCOPES = (
    "class_definition class_declaration abstract_class_declaration interface_declaration enum_declaration"
    " record_declaration internal_module impl_item trait_item mod_item class_specifier namespace_definition"
)
"""What holds further definitions, by the names that the grammars have for it."""

_UNITS = (
    "function_definition function_declaration generator_function_declaration method_definition method_declaration"
    " constructor_declaration function_item struct_item enum_item macro_definition type_declaration"
    " type_alias_declaration lexical_declaration struct_specifier enum_specifier"
)
"""What is one piece of knowledge: what it holds in turn is not named by itself."""

_WRAPPERS = (
    "decorated_definition export_statement ambient_declaration template_declaration linkage_specification"
    " declaration_list block class_body interface_body enum_body field_declaration_list statement_block"
    " preproc_ifdef preproc_if enum_body_declarations expression_statement"
)
_LEADING = ("comment", "line_comment", "block_comment", "attribute_item", "decorator")
"""What stands above a definition and belongs to it."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """Lines of a definition, from 0, the end excluded."""

    first: int
    end: int
    name: tuple[str, ...]


def read(file: BinaryIO, name: str) -> Text:
    """Source code that is long, or in a language without a grammar here, is one section."""
    text = text_of(file)
    suffix = PurePath(name).suffix.lower()
    grammar = next((grammar for suffixes, grammar in _GRAMMARS.items() if suffix in suffixes.split()), None)
    if grammar is None or len(text) > MAX_PARSED:
        return Text([Section(text, line=1)])
    return Text(_sections(text, list(_owners(_parsed(text, grammar), ()))))


def _parsed(text: str, grammar: str) -> "Node":
    from tree_sitter import Language, Parser

    if grammar in ("typescript", "tsx"):
        import tree_sitter_typescript as module

        language = module.language_tsx() if grammar == "tsx" else module.language_typescript()
    else:
        language = import_module(f"tree_sitter_{grammar}").language()
    return Parser(Language(language)).parse(text.encode()).root_node


def _sections(text: str, owners: list[_Owner]) -> Iterator[Section]:
    """The lines in runs that the same definition holds, the innermost one."""
    lines = text.split("\n")
    held: list[tuple[str, ...]] = [()] * len(lines)
    for owner in owners:
        # Outer ones come first.
        held[owner.first : owner.end] = [owner.name] * (owner.end - owner.first)
    begins = [0, *(line for line in range(1, len(lines)) if held[line] != held[line - 1])]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        part = "\n".join(lines[begin:end])
        if part.strip():
            yield Section(part + "\n", (".".join(held[begin]),) if held[begin] else (), begin + 1)


def _owners(root: "Node", scope: tuple[str, ...]) -> Iterator[_Owner]:
    """Definitions under a node, outer ones first. A stack of its own: code may be nested deeper than Python's."""
    waiting: list[tuple[Node, tuple[str, ...]]] = [(root, scope)]
    while waiting:
        parent, scope = waiting.pop()
        for child in parent.named_children:
            if child.type in _WRAPPERS.split() or child.type in ("translation_unit", "program", "module"):
                waiting.append((child, scope))
            elif (child.type in _SCOPES.split() or child.type in _UNITS.split()) and (name := _name(child)):
                owner = _Owner(_first_line(child), child.end_point[0] + 1, (*scope, *name))
                yield owner
                if child.type in _SCOPES.split():
                    waiting.append((child, owner.name))


def _first_line(node: "Node") -> int:
    """With the comments and decorators right above it."""
    while node.parent is not None and node.parent.type in (
        "decorated_definition",
        "export_statement",
        "template_declaration",
    ):
        node = node.parent
    first = node.start_point[0]
    above = node.prev_named_sibling
    while above is not None and above.type in _LEADING and first - 1 <= _last_line(above) < first:
        # A remark behind code is that code's.
        if above.prev_named_sibling is not None and above.prev_named_sibling.end_point[0] == above.start_point[0]:
            break
        first, above = above.start_point[0], above.prev_named_sibling
    return first


def _last_line(node: "Node") -> int:
    row, column = node.end_point
    return row - 1 if column == 0 else row


def _name(node: "Node") -> tuple[str, ...]:
    """The name that a definition gives; empty for one without."""
    if node.type == "lexical_declaration":
        named = node.named_children[0] if node.named_children else node
        value = named.child_by_field_name("value")
        if value is None or value.type not in ("arrow_function", "function_expression", "class"):
            return ()
        return _words(named.child_by_field_name("name"))
    if node.type == "type_declaration":
        return _words(node.named_children[0].child_by_field_name("name") if node.named_children else None)
    if node.type == "impl_item":
        return _words(node.child_by_field_name("type"))
    if node.type == "method_declaration" and (receiver := node.child_by_field_name("receiver")) is not None:
        holder = _text(receiver).strip("()").split()[-1:] if _text(receiver).strip("()") else []
        return (*(word.lstrip("*").partition("[")[0] for word in holder), *_words(node.child_by_field_name("name")))
    name = node.child_by_field_name("name")
    inner = node.child_by_field_name("declarator")
    while name is None and inner is not None:
        name, inner = (inner, None) if "identifier" in inner.type else (None, _declared(inner))
    return _words(name)


def _declared(node: "Node") -> "Node | None":
    """What a declarator of C declares; one of a reference has no field for it."""
    found = node.child_by_field_name("declarator")
    return found or (node.named_children[-1] if node.type == "reference_declarator" and node.named_children else None)


def _words(node: "Node | None") -> tuple[str, ...]:
    return tuple(_text(node).replace("::", ".").split(".")) if node is not None and _text(node) else ()


def _text(node: "Node") -> str:
    return (node.text or b"").decode("utf-8", "replace")[:200]
