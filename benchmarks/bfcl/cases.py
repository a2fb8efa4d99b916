"""The cases: which there are, which belong to the split, and their functions as JSON Schema."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from agentx.errors import UsageError

SINGLE_TURN = (
    "simple_python",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_relevance",
    "live_irrelevance",
)
MULTI_TURN = ("multi_turn_base",)
CATEGORIES = (*SINGLE_TURN, *MULTI_TURN)
DEV_CASES = 100
"""The first so many cases of each category are for work on the product; the others are run to report, never to tune."""

# The leaderboard's words for types, where they are none of JSON Schema's.
_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}
_KEYWORDS = ("description", "enum", "default", "required")


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        number: its place in its category, from 0.
        turns: what the user says, one text a turn; single-turn cases have one.
        instructions: what the case's system message says.
        functions: descriptions of the functions as the leaderboard has them.
        truth: the leaderboard's answer; empty where nothing but relevance is asked.
        entry: the whole entry, for the checkers.
    """

    id: str
    category: str
    number: int
    turns: tuple[str, ...]
    instructions: str | None
    functions: tuple[dict[str, Any], ...]
    truth: list[Any]
    entry: dict[str, Any]


def chosen(
    data: Path, categories: Sequence[str], split: Literal["dev", "held"], numbers: range | None, limit: int | None
) -> list[Case]:
    """The cases of a split: of each category those numbered so, the first `limit` of them.

    Raises:
        UsageError: a number is not in the split.
    """
    cases: list[Case] = []
    for category in categories:
        every = load(data, category)
        places = range(DEV_CASES) if split == "dev" else range(DEV_CASES, len(every))
        if numbers is not None and (numbers[0] not in places or (split == "dev" and numbers[-1] not in places)):
            raise UsageError(
                f"The split {split} of {category} has the cases {places.start}-{places.stop - 1}, "
                f"not {numbers[0]}-{numbers[-1]}."
            )
        wanted = [case for case in every if case.number in places and (numbers is None or case.number in numbers)]
        # Cases with the same functions stand together, as they would in the use of one agent.
        wanted = wanted[:limit]
        cases += sorted(wanted, key=lambda case: json.dumps(case.functions)) if category in MULTI_TURN else wanted
    return cases


def load(data: Path, category: str) -> list[Case]:
    """All cases of a category, in the order of its file."""
    entries = _lines(data / f"BFCL_v4_{category}.json")
    answers = data / "possible_answer" / f"BFCL_v4_{category}.json"
    truth = {row["id"]: row["ground_truth"] for row in _lines(answers)} if answers.exists() else {}
    return [_case(data, category, number, entry, truth.get(entry["id"], [])) for number, entry in enumerate(entries)]


def _case(data: Path, category: str, number: int, entry: dict[str, Any], truth: list[Any]) -> Case:
    system = [message["content"] for turn in entry["question"] for message in turn if message["role"] == "system"]
    turns = tuple(
        "\n\n".join(message["content"] for message in turn if message["role"] != "system") for turn in entry["question"]
    )
    functions = entry["function"] if "function" in entry else _documented(data, entry)
    return Case(entry["id"], category, number, turns, "\n\n".join(system) or None, tuple(functions), truth, entry)


def _documented(data: Path, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The functions of the classes that a multi-turn case involves, but for those it leaves out."""
    from benchmarks.bfcl.wheel import official

    files = official("constants.executable_backend_config").MULTI_TURN_FUNC_DOC_FILE_MAPPING
    left_out = entry.get("excluded_function", [])
    documented = [
        function
        for name in entry["involved_classes"]
        for function in _documents(data / "multi_turn_func_doc" / files[name])
    ]
    return [function for function in documented if function["name"] not in left_out]


@cache
def _documents(path: Path) -> tuple[dict[str, Any], ...]:
    return tuple(_lines(path))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def json_schema(described: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's description as JSON Schema, with only the keywords that constrain or explain."""
    schema: dict[str, Any] = {key: described[key] for key in _KEYWORDS if key in described}
    kind = described.get("type")
    if isinstance(kind, str):
        schema["type"] = _TYPES.get(kind, kind)
    if isinstance(described.get("items"), Mapping):
        schema["items"] = json_schema(described["items"])
    if isinstance(described.get("properties"), Mapping):
        schema["properties"] = {name: json_schema(sub) for name, sub in described["properties"].items()}
    return schema
