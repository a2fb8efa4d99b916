"""Read before write: calls with effects that the task does not ask for."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, Decision, ToolContext, plugins, tool
from agentx.events import ApprovalAsked, CallFinished, CallStarted, Event
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.planner.evidence import changes_files

SAVE = '# Save.\nsave(text="x")\n->'
ANSWER = "# I know it.\nAnswer: ok"


@tool(capabilities=["writes"])
def save(text: str, context: ToolContext) -> str:
    """Saves a text."""
    (context.workspace / "saved.txt").write_text(text)
    return "saved"


@tool(capabilities=["egress"])
def search(words: str) -> str:
    """Searches."""
    return words


def asked_for(*words: str) -> Callable[[str], float]:
    """Yes to questions that hold one of these words, No to the others."""
    return lambda text: 0.99 if any(word in text for word in words) else 0.01


def agent(folder: Path, *replies: Any, yes: Any = 0.01, tools: Any = (save, search), **options: Any) -> Agent:
    model = ScriptedModel(replies, yes=yes)
    return Agent(model, tools, workspace=folder, journal=Journal(":memory:"), **{"allow": ["all"], **options})


def collect(made: Agent, task: str = "How many are there?") -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in made.stream(task)]

    return asyncio.run(all_events())


def results(events: list[Event]) -> list[Any]:
    return [event.result for event in events if isinstance(event, CallFinished)]


def test_a_write_that_the_task_does_not_ask_for_is_refused_with_a_reason_for_the_model(tmp_path: Path) -> None:
    made = agent(tmp_path, SAVE, ANSWER)
    events = collect(made)
    [result] = results(events)
    assert result.status == "refused"
    assert "the task does not ask for a change" in result.text
    assert not [event for event in events if isinstance(event, CallStarted)]
    assert list(tmp_path.iterdir()) == []
    assert events[-1].output == "ok"


def test_the_model_is_shown_the_refusal(tmp_path: Path) -> None:
    model = ScriptedModel([SAVE, ANSWER], yes=0.01)
    Agent(model, [save], workspace=tmp_path, allow=["all"], journal=Journal(":memory:")).run_sync("How many?")
    assert "-> refused: the task does not ask for a change" in model.prompts[1]


def test_a_write_that_the_task_asks_for_is_made(tmp_path: Path) -> None:
    events = collect(agent(tmp_path, SAVE, ANSWER, yes=asked_for("Keep")), "Keep x for me.")
    assert [result.text for result in results(events)] == ["saved"]


def test_a_model_that_insists_has_to_answer(tmp_path: Path) -> None:
    events = collect(agent(tmp_path, SAVE, SAVE, ANSWER))
    assert [result.status for result in results(events)] == ["refused", "refused"]
    assert events[-1].output == "ok"


def test_a_call_that_changes_nothing_is_never_asked_about(tmp_path: Path) -> None:
    events = collect(agent(tmp_path, '# Search.\nsearch(words="x")\n->', ANSWER))
    assert [result.status for result in results(events)] == ["ok"]


def test_a_person_who_is_asked_anyway_decides_and_is_told_of_the_doubt(tmp_path: Path) -> None:
    reasons: list[str] = []

    async def approve(request: Any) -> Decision:
        reasons.append(request.reason)
        return Decision(True)

    events = collect(agent(tmp_path, SAVE, ANSWER, allow=[], approve=approve))
    assert reasons == ["save changes files, which the task does not seem to ask for"]
    assert [result.text for result in results(events)] == ["saved"]


def test_an_unasked_write_that_nobody_could_approve_does_not_end_the_run(tmp_path: Path) -> None:
    events = collect(agent(tmp_path, SAVE, ANSWER, allow=[]))
    assert events[-1].status == "ok"
    assert not [event for event in events if isinstance(event, ApprovalAsked)]


def test_a_follow_up_is_judged_with_what_was_said_before(tmp_path: Path) -> None:
    yes = asked_for("Shall I save it?")
    session = agent(tmp_path, "# I ask.\nAnswer: It is x. Shall I save it?", SAVE, ANSWER, yes=yes).session()

    async def talk() -> list[Any]:
        return [await session.run(task) for task in ("What is it?", "Yes, please.")]

    assert [call.name for call in asyncio.run(talk())[1].calls] == ["save"]


def test_a_proposal_leaves_out_what_the_task_does_not_ask_for(tmp_path: Path) -> None:
    yes = asked_for("say whether one of the functions")
    proposal = asyncio.run(agent(tmp_path, 'save(text="x")\nsearch(words="x")', yes=yes).propose("Find x."))
    assert [call.name for call in proposal.calls] == ["search"]


def test_a_proposal_of_nothing_else_is_an_answer(tmp_path: Path) -> None:
    made = agent(tmp_path, 'save(text="x")', "There are two.", yes=asked_for("say whether one of the functions"))
    proposal = asyncio.run(made.propose("How many are there?"))
    assert (proposal.calls, proposal.answer) == ([], "There are two.")


def test_a_program_may_read_and_not_write_where_nothing_is_to_be_changed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("7")
    python = plugins.load("agentx.tools", "python")
    read, write = 'print(open("a.txt").read())', 'open("b.txt", "w").write("7")'
    steps = [f"# Go.\npython(code={json.dumps(code)})\n->" for code in (read, write)]
    events = collect(agent(tmp_path, *steps, ANSWER, tools=[python], strategy="react"))
    assert [(result.status, result.text[:7]) for result in results(events)] == [("ok", "7"), ("refused", "refused")]
    assert not (tmp_path / "b.txt").exists()


def test_a_function_of_a_program_is_held_to_the_same(tmp_path: Path) -> None:
    python = plugins.load("agentx.tools", "python")
    step = f"# Go.\npython(code={json.dumps('save(text=1)')})\n->"
    events = collect(agent(tmp_path, step, ANSWER, tools=[python, save], strategy="react"))
    inner, outer = results(events)
    assert inner.status == "refused"
    assert "the task does not ask for a change" in outer.text


@pytest.mark.parametrize(
    "program",
    [
        "open('a.txt', 'w').write('x')",
        "with open('a.txt', mode='a') as f: f.write('x')",
        "Path('a').open('r+')",
        "open('a', kind)",
        "Path('a.txt').write_text('x')",
        "import os\nos.remove('a.txt')",
        "shutil.copy('a', 'b')",
        "frame.to_csv('a.csv')",
        "def f():\n    Path('a').unlink()",
    ],
)
def test_a_program_that_changes_files_is_told_from_its_text(program: str) -> None:
    assert changes_files(program)


@pytest.mark.parametrize(
    "program",
    [
        "print(open('a.txt').read())",
        "open('a.txt', 'rb').read()",
        "open('a.txt', encoding='utf-8')",
        "Path('a').open()",
        "print('x'.replace('a', 'b'), rows.copy(), names.remove('a'))",
        "text = 'write_text and os.remove'",
        "subprocess.run([sys.executable, 'sums.py', '4'])",
        "print(",
        "",
    ],
)
def test_a_program_that_only_reads_is_not_taken_for_one(program: str) -> None:
    assert not changes_files(program)
