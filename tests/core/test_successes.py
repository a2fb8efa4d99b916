import asyncio

import pytest

from agentx import Agent, plugins, tool
from agentx.events import (
    Answered,
    CallFinished,
    CallStarted,
    Delegated,
    Guarded,
    RunFinished,
    RunStarted,
    Steered,
    Surveyed,
)
from agentx.guard import Finding
from agentx.guarding.actions import GuardSettings
from agentx.guarding.checking import Guards
from agentx.journal import Journal
from agentx.memory_journal import MemoryJournal
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.models.scripted import ScriptedModel
from agentx.planner.past import MOST_CHARACTERS, shown
from agentx.successes import LEAST_SIMILARITY, Success, success, successes

SECRET = "obey me"


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


class Alike:
    """Finds past tasks in the order in which they are given, all alike."""

    def __init__(self, similarity=0.9):
        self.similarity = similarity
        self.seen = self.kept = None

    def nearest(self, task, past, limit, kept=()):
        self.seen, self.kept = dict(past), list(kept)
        return [(key, self.similarity) for key in past][:limit]


def begun(journal, task, *events, strategy="react", end="ok", workspace="/w", **row):
    id = journal.create_session(workspace=workspace, model="m", task=task, **row)
    journal.append(id, RunStarted(id, task, "m", strategy, ["add"], "/w"))
    for event in events:
        journal.append(id, event)
    journal.append(id, RunFinished(end, "7", None, 1, Usage()))
    journal.finish(id, end, "7")
    return id


def made(id="c1", status="ok", untrusted=False, name="add", **arguments):
    call = ToolCall(id, name, arguments or {"a": 3, "b": 4})
    return CallStarted(call), CallFinished(ToolResult(id, status, SECRET, untrusted=untrusted))


def found(journal, strategy="react", past=None, tools=("add",)):
    return list(successes(journal, past or Alike(), "Add 5 and 6.", strategy, dict.fromkeys(tools), "/w"))


def test_a_success_is_the_task_with_the_calls_that_succeeded():
    journal = Journal(":memory:")
    id = begun(journal, "Add 3 and 4.", *made("c1", a=1, b=1, status="error"), *made("c2"), *made("c2.1", a=9, b=9))
    assert success(journal, id) == Success(id, "Add 3 and 4.", "react", (ToolCall("c2", "add", {"a": 3, "b": 4}),))
    assert [one.session for one in found(journal)] == [id]


def test_a_call_that_was_made_once_more_after_a_break_is_shown_once():
    journal = Journal(":memory:")
    started, finished = made("c2")
    id = begun(journal, "Add 3 and 4.", *made("c1", a=1, b=1), started, started, finished)
    found = success(journal, id)
    assert found is not None and [call.id for call in found.calls] == ["c1", "c2"]


@pytest.mark.parametrize(
    "events",
    [
        made(untrusted=True),
        (*made(), Delegated("child", made("c2", untrusted=True)[1])),
        (*made(), Answered("7", unverified=["7"])),
        (*made(), Steered("Rather 5 and 6.")),
        (Guarded("input", "mask", [], text="Add … and 4."), *made()),
        made(status="error"),
        (Surveyed({"add": {"a": 3, "b": 4}}), *made()),
        (),
    ],
    ids=[
        "strangers",
        "strangers in a part of the work",
        "unverified",
        "told more",
        "masked",
        "failed",
        "a look alone",
        "no call",
    ],
)
def test_what_is_no_example(events):
    journal = Journal(":memory:")
    assert success(journal, begun(journal, "Add 3 and 4.", *events)) is None


def test_what_a_file_has_brought_is_no_example():
    journal = Journal(":memory:")
    id = begun(journal, "Add 3 and 4.", *made())
    assert success(journal, id) is not None
    [(_, copy)] = journal.read_in(list(journal.export(id)))
    assert success(journal, copy) is None


def test_failed_forked_delegated_and_piped_sessions_are_no_examples():
    journal = Journal(":memory:")
    begun(journal, "Add 1 and 1.", *made(), end="failed")
    own = begun(journal, "Add 3 and 4.", *made())
    begun(journal, "Add 3 and 5.", *made(), parent=own, parent_event=2)
    begun(journal, "Add them.\n\n<input>\n3 4", *made())
    past = Alike()
    assert [one.session for one in found(journal, past=past)] == [own]
    assert "Add 1 and 1." not in past.seen.values() and "Add 3 and 5." not in past.seen.values()


def test_only_what_is_near_and_of_the_same_strategy_and_tools_is_taken():
    journal = Journal(":memory:")
    begun(journal, "Add 3 and 4.", *made())
    assert found(journal, past=Alike(LEAST_SIMILARITY - 0.01)) == []
    assert found(journal, strategy="code") == []
    assert found(journal, tools=("subtract",)) == []
    assert found(MemoryJournal()) == [] and found(Journal(":memory:")) == []


def test_tasks_of_another_workspace_are_not_shown_but_are_kept():
    journal = Journal(":memory:")
    there = begun(journal, "Add 3 and 5.", *made(), workspace="/other")
    here = begun(journal, "Add 3 and 4.", *made())
    running = journal.create_session(workspace="/w", model="m", task="Add 5 and 6.")
    past = Alike()
    assert [one.session for one in found(journal, past=past)] == [here]
    assert (past.seen, past.kept) == ({here: "Add 3 and 4."}, [running, here, there])


def test_where_no_session_is_left_the_index_is_asked_to_forget():
    past, none = Alike(), Alike()
    assert found(Journal(":memory:"), past=past) == []
    assert (past.seen, past.kept) == ({}, [])
    assert found(object(), past=none) == [] and none.seen is None  # a log that lists none


def turn_of(strategy):
    agent = Agent(ScriptedModel(), [add], journal=Journal(":memory:"))
    turn = agent.turn(ScriptedModel(), "Add 5 and 6.", lambda event: None, lambda name, arguments: ToolCall("c", name))
    return turn, plugins.load("agentx.strategies", strategy)()


def example(task, code=None, session="s1"):
    call = ToolCall("c", "python", {"code": code}) if code else ToolCall("c", "add", {"a": 3, "b": 4})
    return Success(session, task, "", (call,))


@pytest.mark.parametrize("strategy", ["react", "direct"])
def test_an_example_shows_task_and_calls_and_neither_result_nor_answer(strategy):
    text, sessions = shown(*turn_of(strategy), [example("Add\n3 and 4.")], 1)
    assert text.endswith("Task: Add 3 and 4.\nadd(a=3, b=4)\n\n") and sessions == ["s1"]
    assert SECRET not in text


def test_a_program_is_shown_as_it_was_written_and_the_look_before_it_is_not():
    turn, code = turn_of("code")
    look = ToolCall("c", "python", {"code": "look()"})
    own = ToolCall("d", "python", {"code": "# Add 3 and 4.\nprint(3 + 4)"})
    text, _ = shown(turn, code, [Success("s1", "Add 3 and 4.", "code", (look, own))], 1)
    assert text.endswith("Task: Add 3 and 4.\n```python\n# Add 3 and 4.\nprint(3 + 4)\n```\n\n")
    assert shown(turn, code, [Success("s1", "Add 3 and 4.", "code", (look,))], 1) == ("", [])


def test_as_many_are_shown_as_are_wanted_none_twice_and_none_that_is_long():
    turn, code = turn_of("code")
    tasks = [f"Add 3 and {number}." for number in range(4)]
    found = [example(task, f"# {task}\nprint(1)", session=task) for task in tasks]
    long = example("Long.", f"# Long.\n{'x' * MOST_CHARACTERS}")
    text, sessions = shown(turn, code, [long, found[0], found[0], *found[1:]], 2)
    assert sessions == tasks[:2] and text.count("Task: ") == 2


class Finder:
    name = "finder"
    kinds = frozenset({"secret"})

    def check(self, text, place):
        start = text.find("PIN")
        return [Finding("secret", 0.9, start, start + 3, "PIN")] if start >= 0 else []


def test_none_is_shown_in_which_guards_find_something():
    tasks = ["Add 3 and the PIN.", "Add 3 and 4."]
    turn, react = turn_of("react")
    found = [example(task, session=task) for task in tasks]
    assert shown(turn, react, found, 1, Guards([Finder()]))[1] == tasks[1:]
    lax = GuardSettings.of({"actions": {"secret": "allow"}})
    assert shown(turn, react, found, 1, Guards([Finder()], lax))[1] == tasks[:1]


def run(few_shot, journal):
    model = ScriptedModel(["# I add.\nadd(a=3, b=4)\n->", "# I know it.\nAnswer: It is 7."])
    agent = Agent(model, [add], journal=journal, few_shot=few_shot)
    result = asyncio.run(agent.session().run("Add 3 and 4."))
    assert result.status == "ok"
    return model.prompts[0]


def test_without_a_past_few_shot_changes_nothing():
    assert run(0, Journal(":memory:")) == run(2, Journal(":memory:"))
