"""What a program leaves for the next one, told from their texts."""

import json
from pathlib import Path

import pytest

from agentx import Agent, plugins
from agentx.events import CallFinished
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from agentx.planner.program_names import bound, needed, prepares
from agentx.planner.program_text import repeats
from tests.planner.runs import collect


def test_names_are_set_by_values_definitions_and_imports() -> None:
    code = "import os.path as p, json.decoder\nfrom re import sub\n"
    code += "n += 1\nfor i in []: pass\ndef f(a): pass\nclass C: pass"
    assert bound(code) == {"p", "json", "sub", "n", "i", "f", "C"}
    assert bound("no program (") == set()


def test_what_a_program_sets_itself_it_does_not_need() -> None:
    assert needed("total = 0\ntotal += x\nprint(total)") == {"x", "print"}
    assert needed("n += 1") == {"n"}
    assert needed("def f(a): return a + b") == {"b"}


@pytest.mark.parametrize(
    ("code", "earlier"),
    [
        ("print(n)", ["n = 1\nprint(n)", "n = n * 10"]),
        ("print(clean(1))", ["print(clean(1))", "def clean(x): return x"]),
        ("n += 1\nprint(n)", ["n = 0", "n += 1\nprint(n)", "n *= 10"]),
    ],
)
def test_a_program_behind_one_that_sets_what_it_needs_is_no_repetition(code: str, earlier: list[str]) -> None:
    assert not repeats(code, [(program, True) for program in earlier])
    assert repeats(code, [*((program, True) for program in earlier), (code, True)])


def test_a_program_that_sets_all_it_reads_is_a_repetition_whatever_came_between() -> None:
    code = "total = 0\nfor line in open('a'):\n    total += 1\nprint(total)"
    assert repeats(code, [(code, True), ("total = 5\nprint(total)", True)])
    assert not prepares("total = 5", code)


def test_a_call_may_be_made_again_once_what_it_lacked_is_there(tmp_path: Path) -> None:
    programs = ["print(clean(' a '))", "def clean(text): return text.strip()", "print(clean(' a '))"]
    replies = [f"# I compute.\npython(code={json.dumps(code)})\n->" for code in programs]
    model = ScriptedModel([*replies, "# Done.\nAnswer: a"])
    tools = [plugins.load("agentx.tools", "python")]
    made = Agent(model, tools, strategy="react", allow=["all"], workspace=tmp_path, journal=MemoryJournal())
    results = [event.result for event in collect(made, "Clean it.") if isinstance(event, CallFinished)]
    assert [(result.status, result.text) for result in results[1:]] == [
        ("ok", "(no output; print what you want to see)"),
        ("ok", "a"),
    ]
