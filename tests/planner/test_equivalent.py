"""Calls that ask for more of what there is no more of."""

import asyncio

import pytest

from agentx import Agent, tool
from agentx.events import CallFinished, Notice
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult
from agentx.models.scripted import ScriptedModel
from agentx.planner.equivalent import nothing_new
from agentx.planner.react import MAX_TRIES
from agentx.replaying import replay
from agentx.toolbox import Toolbox

NOTES = ["Grandma likes orchids.", "Grandma likes tea."]


@tool
def notes(query: str, most: int = 1, exact: bool = False) -> str:
    """Finds notes."""
    return "\n".join(NOTES[:most]) if "Grandma" in query else "no match"


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@tool(capabilities=["writes"])
def log(text: str, times: int = 1) -> str:
    """Logs."""
    return "logged"


@tool(language="python", capabilities=["executes"])
def program(code: str) -> str:
    """Runs."""
    return code


TOOLS = Toolbox([notes, add, log, program])


def told(tool, first, second, *, before="a\nb", now="a", changed_before=(), changed=(), status="ok"):
    done = [(ToolCall("1", tool.name, first), ToolResult("1", "ok", before, changed=list(changed_before)))]
    return nothing_new(
        TOOLS, ToolCall("2", tool.name, second), ToolResult("2", status, now, changed=list(changed)), done
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"query": "x", "most": 2}, {"query": "x", "most": 9}),
        ({"query": "x"}, {"query": "x", "most": 9}),
        ({"query": "x", "most": 2.5}, {"query": "x"}),
    ],
)
def test_more_of_what_there_is_no_more_of_is_nothing_new(first, second):
    sentence = told(notes, first, second)
    assert sentence is not None and sentence.startswith("nothing new: notes(query='x'") and "\n" not in sentence


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [
        ({"query": "x", "most": 2}, {"query": "y", "most": 9}, {}),
        ({"query": "x"}, {"query": "x", "exact": True}, {}),
        ({"query": "x", "most": 2}, {"query": "x", "most": 9}, {"now": "a\nc"}),
        ({"query": "x", "most": 2}, {"query": "x", "most": 9}, {"now": "b"}),
        ({"query": "x", "most": 2}, {"query": "x", "most": 9}, {"status": "error"}),
        ({"query": "x", "most": 2}, {"query": "x", "most": 9}, {"changed": ["a.txt"]}),
        ({"query": "x"}, {"query": "x"}, {}),  # the very same call is refused before it is made
    ],
    ids=["other question", "other switch", "a new line", "another page", "failed", "changed a file", "the same"],
)
def test_what_may_be_new_is_shown(first, second, more):
    assert told(notes, first, second, **more) is None


def test_a_tool_that_does_something_does_it_each_time():
    assert told(log, {"text": "x", "times": 1}, {"text": "x", "times": 2}, before="logged", now="logged") is None


def test_a_number_that_must_be_given_is_part_of_the_question():
    assert told(add, {"a": 3, "b": 4}, {"a": 5, "b": 2}, before="7", now="7") is None


def test_a_program_counts_without_the_optional_numbers_that_it_gives_to_tools_by_name():
    first = {"code": 'print(notes(query="x", most=5))'}
    assert told(program, first, {"code": '# more\nprint(notes(query="x"))'})
    assert told(program, first, {"code": 'print(notes(query="y", most=5))'}) is None
    assert told(program, {"code": "print(("}, {"code": "print(3"}) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("print(3 + 4)", "print(5 + 2)"),
        ("print(add(a=3, b=4))", "print(add(a=5, b=2))"),
        ("print(is_prime(n=7))", "print(is_prime(n=11))"),
        ("print(table.head(most=7))", "print(table.head(most=11))"),
    ],
    ids=["no call", "what a tool must be given", "a function of its own", "a method"],
)
def test_any_other_number_of_a_program_is_part_of_the_question(first, second):
    assert told(program, {"code": first}, {"code": second}, before="7", now="7") is None


def test_what_a_program_says_after_one_that_changed_a_file_may_be_news():
    first, second = {"code": "print(notes(query='x', most=1))"}, {"code": "print(notes(query='x', most=2))"}
    assert told(program, first, second)
    assert told(program, first, second, changed_before=["a.txt"]) is None


def test_after_a_change_of_files_the_same_may_be_news():
    done = [
        (ToolCall("1", "notes", {"query": "x", "most": 1}), ToolResult("1", "ok", "a")),
        (ToolCall("2", "log", {"text": "x"}), ToolResult("2", "ok", "logged", changed=["a.txt"])),
    ]
    again = ToolCall("3", "notes", {"query": "x", "most": 2})
    assert nothing_new(TOOLS, again, ToolResult("3", "ok", "a"), done) is None


def run(*replies):
    model = ScriptedModel(replies)
    journal = Journal(":memory:")
    session = Agent(model, [notes], journal=journal, strategy="react").session()
    result = asyncio.run(session.run("What does Grandma like?"))
    return model, journal, session.id, result


def call(most):
    return f'# I look.\nnotes(query="Grandma", most={most})\n->'


def test_a_run_that_asks_for_more_and_more_is_told_once_and_then_has_to_answer():
    model, journal, id, result = run(call(2), call(5), call(9), "# I know it.\nAnswer: Orchids and tea.")
    assert (result.status, result.output) == ("ok", "Orchids and tea.")
    assert "-> nothing new: notes(query='Grandma', most=2) gave all of this before" in model.prompts[2]
    assert model.prompts[2].count(NOTES[0]) == 1
    events = journal.events(id)
    # What came of the calls is recorded as it came.
    assert [event.result.text for event in events if isinstance(event, CallFinished)] == ["\n".join(NOTES)] * 3
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices == [
        "notes gave nothing new, and the model is told so.",
        "notes gave nothing new, and the model is told so.",
        "The run repeats itself; the model has to answer now.",
    ]
    assert "calls" not in model.constraints[3].lark.partition("\n")[0]
    again = Agent(ScriptedModel(), [notes], journal=journal, strategy="react")
    assert asyncio.run(replay(again, id)).differences == []


def test_a_run_that_finds_more_goes_on():
    model, journal, id, _ = run(call(1), call(2), "# I know it.\nAnswer: Orchids and tea.")
    assert NOTES[1] in model.prompts[2] and "nothing new" not in model.prompts[2]
    assert not any(isinstance(event, Notice) for event in journal.events(id))


def shopping():
    items = []

    @tool
    def list_items(most: int = 9) -> str:
        """Lists."""
        return str(items[:most])

    @tool(capabilities=["writes"])
    def add_item(name: str) -> str:
        """Adds."""
        items.append(name)
        return "added"

    @tool(capabilities=["egress"])
    def tell(text: str) -> str:
        """Tells."""
        return "told"

    @tool(capabilities=["keeps"])
    def note(text: str) -> str:
        """Notes."""
        items.append(text)
        return "noted"

    return [list_items, add_item, tell, note]


def results_of(folder, *calls, tools):
    *first, last = [f"# I go on.\n{call}\n->" for call in calls]

    def says(prompt):
        done = prompt.rpartition("Task:")[2].count("# I go on.")
        return first[done] if done < len(first) else last if done == len(first) else "# So.\nAnswer: ok"

    model = ScriptedModel([says] * MAX_TRIES * len(calls))
    journal = Journal(":memory:")
    made = Agent(model, tools, journal=journal, strategy="react", allow=["all"], workspace=folder)
    result = made.run_sync("Add milk to the list.")
    return [event.result for event in journal.events(result.session_id) if isinstance(event, CallFinished)]


@pytest.mark.parametrize("change", ['add_item(name="milk")', 'note(text="milk")'])
def test_a_look_after_something_was_done_may_show_something_new(change, tmp_path):
    before, _, after = results_of(tmp_path, "list_items()", change, "list_items()", tools=shopping())
    assert (before.text, after.text) == ("[]", "['milk']")


def test_a_look_after_something_was_done_is_shown_in_full_though_it_looks_the_same():
    done = [
        (ToolCall("1", "notes", {"query": "x", "most": 1}), ToolResult("1", "ok", "a")),
        (ToolCall("2", "log", {"text": "x"}), ToolResult("2", "ok", "logged")),
    ]
    again = ToolCall("3", "notes", {"query": "x", "most": 2})
    assert nothing_new(TOOLS, again, ToolResult("3", "ok", "a"), done) is None
    failed = [done[0], (done[1][0], ToolResult("2", "denied", "denied"))]
    assert nothing_new(TOOLS, again, ToolResult("3", "ok", "a"), failed)


def test_a_look_after_something_was_sent_can_show_nothing_new(tmp_path):
    *_, after = results_of(tmp_path, "list_items()", 'tell(text="x")', "list_items()", tools=shopping())
    assert after.status == "refused"


def test_what_was_done_is_not_done_twice_in_a_row(tmp_path):
    *_, again = results_of(tmp_path, 'add_item(name="milk")', "list_items()", 'add_item(name="milk")', tools=shopping())
    assert again.status == "refused"


def test_what_was_undone_is_done_again(tmp_path):
    lamp = []

    @tool(capabilities=["writes"])
    def switch(on: bool) -> str:
        """Switches."""
        lamp.append(on)
        return "switched"

    calls = [f"switch(on={on})" for on in (True, False, True)]
    assert [result.status for result in results_of(tmp_path, *calls, tools=[switch])] == ["ok"] * 3
    assert lamp == [True, False, True]


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_call_that_ran_out_of_time_is_made_once_more_where_twice_does_no_harm(idempotent, tmp_path):
    @tool(timeout_s=0.05, idempotent=idempotent)
    async def status() -> str:
        """Asks."""
        await asyncio.sleep(5)
        return "up"

    found = [result.status for result in results_of(tmp_path, "status()", "status()", tools=[status])]
    assert found == ["timeout", "timeout" if idempotent else "refused"]


def test_a_call_that_ran_out_of_time_twice_is_given_up(tmp_path):
    @tool(timeout_s=0.05, idempotent=True)
    async def status() -> str:
        """Asks."""
        await asyncio.sleep(5)
        return "up"

    found = [result.status for result in results_of(tmp_path, "status()", "status()", "status()", tools=[status])]
    assert found == ["timeout", "timeout", "refused"]
