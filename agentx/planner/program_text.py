"""What the text of a Python program tells without its being run."""

import ast
from collections.abc import Sequence

from agentx.planner.program_names import parsed, prepares
from agentx.planner.showing import one_line

MAX_GOAL_CHARACTERS = 300

MAX_ALIKE = 4
"""Programs of a task that may be the same but for the values in them: a few files can be read one by one, but a model
that goes on so counts up for ever."""


def goal(task: str) -> str:
    """The first line of a program: the task as a comment."""
    printable = "".join(letter if letter.isprintable() else " " for letter in task)
    return f"# {one_line(printable, MAX_GOAL_CHARACTERS)}\n"


def repeats(code: str, earlier: Sequence[tuple[str, bool]]) -> bool:
    """Whether a program can bring nothing new: an earlier one did all of it, or failed at the very same, and none since
    has set a variable that it needs; or too many differ from it in their values alone.

    Args:
        earlier: programs of this task, each with whether it ran to its end.
    """
    steps, form = statements(code), statements(code, values=False)
    for other, ran in reversed(earlier):
        known = statements(other)
        if known == steps or (ran and set(known).issuperset(steps)):
            return True
        if prepares(other, code):
            break
    return [statements(other, values=False) for other, _ in earlier].count(form) >= MAX_ALIKE


def statements(code: str, values: bool = True) -> list[str]:
    """The program's statements as syntax trees, without comments, and without values where these do not count; the
    text itself where it does not parse."""
    tree = parsed(code)
    if tree is None:
        return [code]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and not values:
            node.value = None
    try:
        return [ast.dump(statement) for statement in tree.body]
    except RecursionError:  # `dump` goes less deep than the parser
        return [code]
