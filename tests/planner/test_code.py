"""Strategy `code`, with a scripted model and the real `python` tool."""

import asyncio
from pathlib import Path

import pytest

from agentx import Agent, plugins, tool
from agentx.errors import UsageError
from agentx.events import CallFinished, CallStarted, Event, TextDelta
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.planner.code import MAX_FAILURES, MAX_TRIES
from agentx.planner.program_text import MAX_ALIKE, MAX_GOAL_CHARACTERS, goal, repeats
from agentx.policy import ApprovalRequest, Decision
from tests.planner.runs import ANSWER, CHANGE, LOOKS, NO_CHANGE, PROGRAM, Deciding, agent, collect, results

ADD = "print(1 + 1)"


@tool
def double(n: int) -> int:
    """Doubles."""
    return 2 * n


@tool(capabilities=["egress"])
def send(text: str) -> str:
    """Sends."""
    return "sent"


def test_a_task_begins_with_a_look_and_ends_with_what_was_seen(tmp_path: Path) -> None:
    (tmp_path / "prices.txt").write_text("pen 3\n")
    model = Deciding(["print(3 * 2)", " Two pens cost 6."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path), "What do two pens cost?")
    assert results(events) == ["prices.txt:\n  pen 3", "6"]
    assert events[-1].output == "Two pens cost 6."
    assert "```python\nlook()\n```\nOutput:\nprices.txt:\n  pen 3\n```python\n" in model.prompts[0]


def test_a_task_that_the_first_look_answers_needs_no_program(tmp_path: Path) -> None:
    (tmp_path / "prices.txt").write_text("pen 3\n")
    model = Deciding([" A pen costs 3."], [LOOKS, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path), "What does a pen cost?")
    assert results(events) == ["prices.txt:\n  pen 3"]
    assert events[-1].output == "A pen costs 3."


def test_small_talk_is_answered_at_once(tmp_path: Path) -> None:
    events = collect(agent(Deciding([" Hello!"], [0.01, NO_CHANGE]), tmp_path), "Hi")
    assert events[-1].output == "Hello!"
    assert results(events) == []


def test_every_other_tool_is_a_function_under_the_same_journal(tmp_path: Path) -> None:
    model = Deciding(["print(double(n=4))", " It is 8."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path, double))
    started = [event.call.name for event in events if isinstance(event, CallStarted)]
    assert started == ["python", "python", "double"]
    assert "def double(n: int) -> int:" in model.prompts[0]


def test_a_function_that_needs_an_approval_ends_the_run_like_a_call_of_its_own(tmp_path: Path) -> None:
    events = collect(agent(Deciding(["send('x')"], [LOOKS, PROGRAM]), tmp_path, send))
    assert events[-1].status == "denied"
    assert "send needs an approval" in events[-1].error


def test_a_program_that_failed_is_followed_by_another(tmp_path: Path) -> None:
    model = Deciding(["print(1 / 0)", ADD, " It is 2."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path))
    assert "ZeroDivisionError" in results(events)[1]
    assert events[-1].output == "It is 2."


def test_a_program_with_a_syntax_error_is_taken_back(tmp_path: Path) -> None:
    model = Deciding(["print(", ADD, " It is 2."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path))
    assert results(events)[1:] == ["2"]
    assert model.prompts[0] == model.prompts[1]


def test_a_program_that_was_run_before_is_taken_back(tmp_path: Path) -> None:
    model = Deciding([ADD, ADD, "print(3)", " It is 3."], [LOOKS, PROGRAM, PROGRAM, ANSWER, NO_CHANGE])
    assert results(collect(agent(model, tmp_path)))[1:] == ["2", "3"]


def test_a_model_without_a_new_program_has_to_answer(tmp_path: Path) -> None:
    model = Deciding([ADD, *[ADD] * MAX_TRIES, " It is 2."], [LOOKS, PROGRAM, PROGRAM, NO_CHANGE])
    assert collect(agent(model, tmp_path))[-1].output == "It is 2."


def test_a_change_that_no_program_made_is_not_told_as_made(tmp_path: Path) -> None:
    model = Deciding(["1 / 0", *["1 / 0"] * MAX_TRIES, " write it."], [LOOKS, PROGRAM, CHANGE])
    assert collect(agent(model, tmp_path))[-1].output == "I could not write it."


def test_a_change_whose_program_failed_on_the_way_is_not_told_as_made(tmp_path: Path) -> None:
    half = "open('x.txt', 'w').write('1')\n1 / 0"
    model = Deciding([half, *[half] * MAX_TRIES, " write it."], [LOOKS, PROGRAM, CHANGE])
    events = collect(agent(model, tmp_path), "Write it to x.txt.")
    assert (tmp_path / "x.txt").read_text() == "1"
    assert events[-1].output == "I could not write it."


def test_nobody_is_asked_about_the_first_look_which_no_model_has_written(tmp_path: Path) -> None:
    (tmp_path / "prices.txt").write_text("pen 3\n")
    asked: list[str] = []

    async def approve(request: ApprovalRequest) -> Decision:
        asked.append(request.call.arguments["code"])
        return Decision(False)

    model = Deciding(["print(3 * 2)", " A pen costs 3."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    made = Agent(
        model,
        [plugins.load("agentx.tools", "python")],
        strategy="code",
        workspace=tmp_path,
        journal=Journal(":memory:"),
        approve=approve,
    )
    events = collect(made, "What do two pens cost?")
    assert results(events)[0] == "prices.txt:\n  pen 3"
    assert asked == ["# What do two pens cost?\nprint(3 * 2)"]
    denied = Agent(
        Deciding([" I cannot look."], [LOOKS, ANSWER, NO_CHANGE]),
        [plugins.load("agentx.tools", "python")],
        strategy="code",
        workspace=tmp_path,
        journal=Journal(":memory:"),
        deny=["python"],
    )
    assert results(collect(denied, "What does a pen cost?"))[0].startswith("denied")


def test_an_answer_with_a_figure_that_nobody_has_seen_leads_to_another_program(tmp_path: Path) -> None:
    model = Deciding(
        [ADD, " It is 17.", "print(5)", " It is 5."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE, ANSWER, NO_CHANGE]
    )
    assert collect(agent(model, tmp_path))[-1].output == "It is 5."


def test_a_task_that_asks_for_a_change_is_not_over_before_one_was_made(tmp_path: Path) -> None:
    write = "open('x.txt', 'w').write('2')"
    model = Deciding([ADD, write, " It is in x.txt."], [LOOKS, PROGRAM, ANSWER, CHANGE, ANSWER])
    events = collect(agent(model, tmp_path), "Write it to x.txt.")
    assert events[-1].output == "It is in x.txt."
    [last] = [event.result for event in events if isinstance(event, CallFinished)][-1:]
    assert last.changed == ["x.txt"]
    assert "(wrote x.txt)" in model.prompts[-1]


def test_the_strategy_needs_a_tool_that_runs_programs(tmp_path: Path) -> None:
    made = Agent(ScriptedModel(), [double], strategy="code", workspace=tmp_path, journal=Journal(":memory:"))
    with pytest.raises(UsageError, match="add the tool `python`"):
        made.run_sync("Go")


def test_a_program_begins_with_the_task(tmp_path: Path) -> None:
    model = Deciding([ADD, " It is 2."], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path), "What is\none and\0one?")
    [_, program] = [event.call for event in events if isinstance(event, CallStarted)]
    assert program.arguments["code"] == f"# What is one and one?\n{ADD}"
    assert model.prompts[0].endswith("```python\n# What is one and one?\n")


def test_of_a_long_task_a_program_repeats_the_beginning() -> None:
    line = goal("word " * 1000)
    assert line.startswith("# word word")
    assert line.endswith("…\n")
    assert len(line) == len("# \n") + MAX_GOAL_CHARACTERS


def test_programs_that_only_count_up_come_to_an_end(tmp_path: Path) -> None:
    counting = [f"print({number})" for number in range(MAX_ALIKE + MAX_TRIES)]
    yes = [LOOKS, *[PROGRAM] * (MAX_ALIKE + 1), NO_CHANGE]
    events = collect(agent(Deciding([*counting, " I saw 0 to 3."], yes), tmp_path), "Count from 0 to 3.")
    assert results(events)[1:] == ["0", "1", "2", "3"]
    assert events[-1].output == "I saw 0 to 3."


def ran(*programs: str) -> list[tuple[str, bool]]:
    return [(program, True) for program in programs]


def test_programs_that_differ_in_their_values_alone_are_alike() -> None:
    alike = ran(*(f"print({number})" for number in range(MAX_ALIKE)))
    assert repeats("print(9)", alike)
    assert not repeats("print(9)", alike[1:])
    assert not repeats("open(9)", alike)
    assert not repeats("print(nine)", alike)
    assert not repeats("print(1)\nprint(2)", ran("print(1)", "print(2)"))


def test_a_program_that_does_part_of_what_was_done_is_a_repeat() -> None:
    assert repeats("# Where is it?\nlook()", ran("look()"))
    assert repeats("print(f('x'))", ran("look()\nprint(f('x'))"))
    assert repeats("# pip install it", ran("look()"))
    assert not repeats("print(f('y'))", ran("look()\nprint(f('x'))"))


def test_a_part_of_what_failed_was_not_done() -> None:
    assert repeats("# again\nf()\nprint(1)", [("f()\nprint(1)", False)])
    assert not repeats("print(1)", [("f()\nprint(1)", False)])


def test_a_text_that_is_no_program_is_compared_as_it_is() -> None:
    assert repeats("print(", ran("print("))
    assert not repeats("print(", ran("print(1", "print(2"))
    deep = f"{'-' * 5_000}1"
    assert repeats(deep, ran(deep))
    assert not repeats(deep, ran("print(1)", "print(2)"))


def test_a_change_that_is_there_already_is_no_failure_and_no_deed(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("5")
    write = "open('x.txt', 'w').write('5')"
    model = Deciding([write, *[write] * MAX_TRIES, ": x.txt held 5 before."], [LOOKS, *[PROGRAM] * 2, CHANGE])
    events = collect(agent(model, tmp_path), "Write 5 to x.txt.")
    assert events[-1].output == "Nothing has changed: x.txt held 5 before."
    assert "\n(no file has changed)\n" in model.prompts[-1]


def test_in_a_workspace_too_large_to_tell_a_program_that_writes_has_changed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentx.changes.MAX_FILES", 1)
    for name in "abc":
        (tmp_path / name).write_text("")
    model = Deciding(["open('x.txt', 'w').write('5')", " 5 is in x.txt."], [LOOKS, PROGRAM, CHANGE, ANSWER])
    events = collect(agent(model, tmp_path), "Write 5 to x.txt.")
    assert events[-1].output == "5 is in x.txt."
    assert "no file has changed" not in model.prompts[-1]


def test_a_program_that_was_to_write_and_failed_has_made_no_change(tmp_path: Path) -> None:
    write = "open('no/x.txt', 'w').write('5')"
    model = Deciding([write, *[write] * MAX_TRIES, " write it."], [LOOKS, PROGRAM, CHANGE])
    assert collect(agent(model, tmp_path), "Write 5 to x.txt.")[-1].output == "I could not write it."


def test_without_programs_a_change_is_not_told_as_made(tmp_path: Path) -> None:
    async def events() -> list[Event]:
        model = Deciding([" write 5 to x.txt."], [CHANGE])
        session = agent(model, tmp_path).session()
        return [event async for event in session.stream("Write 5 to x.txt.", without=["python"])]

    assert asyncio.run(events())[-1].output == "I could not write 5 to x.txt."


def test_an_order_to_write_that_needs_no_look_is_carried_out(tmp_path: Path) -> None:
    (tmp_path / "y.txt").write_text("")
    write = "open('x.txt', 'w').write('5')"
    events = collect(agent(Deciding([write, " Done."], [0.01, CHANGE, ANSWER]), tmp_path), "Write 5 to x.txt.")
    assert (events[-1].output, (tmp_path / "x.txt").read_text()) == ("Done.", "5")


def test_without_files_the_functions_stand_before_the_task_and_the_first_program_is_the_models(tmp_path: Path) -> None:
    model = Deciding(["print(double(n=4))", " It is 8."], [LOOKS, ANSWER, NO_CHANGE])
    made = agent(model, tmp_path, double)
    (tmp_path / "shopping.txt").unlink()
    events = collect(made, "What is twice 4?")
    assert results(events) == ["8", "8"]
    system, _, user = model.prompts[0].partition("User: ")
    assert "look()" not in system and "def double" not in system
    assert user.startswith('Functions:\n\ndef double(n: int) -> int:\n    """Doubles."""\n\nTask: What is twice 4?')


def test_an_empty_folder_is_not_looked_at_and_neither_are_hidden_files(tmp_path: Path) -> None:
    made = agent(Deciding(["print(double(n=4))", " It is 8."], [LOOKS, ANSWER, NO_CHANGE]), tmp_path, double)
    (tmp_path / "shopping.txt").unlink()
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x").write_text("")
    (tmp_path / "empty").mkdir()
    calls = [event.call for event in collect(made) if isinstance(event, CallStarted)]
    assert [call.name for call in calls] == ["python", "double"]


@tool(capabilities=["writes"])
def switch(state: str) -> str:
    """Switches the lamp."""
    return f"it is {state}"


def test_a_change_that_a_program_made_by_a_function_is_made(tmp_path: Path) -> None:
    model = Deciding(["switch('off')", " It is off."], [LOOKS, CHANGE, CHANGE, ANSWER])
    made = agent(model, tmp_path, switch, allow=["all"])
    (tmp_path / "shopping.txt").unlink()
    events = collect(made, "Switch the lamp off.")
    assert [event.call.name for event in events if isinstance(event, CallStarted)] == ["python", "switch"]
    assert events[-1].output == "It is off."


def test_a_task_that_a_reading_program_has_answered_asks_for_no_change(tmp_path: Path) -> None:
    """The question whether it does errs now and then; the program that the model has written knows better."""
    model = Deciding([ADD, " It is 2."], [LOOKS, PROGRAM, ANSWER, 0.6])
    assert collect(agent(model, tmp_path), "List the sum of 1 and 1.")[-1].output == "It is 2."


LIST = "print('Glass Orchard\\nNight Ferry')"


@pytest.mark.parametrize(
    ("program", "answer", "told"),
    [
        (LIST, " The films are listed.", "The films are listed.\n\nGlass Orchard\nNight Ferry"),
        (LIST, " The films are Glass Orchard and Night Ferry.", "The films are Glass Orchard and Night Ferry."),
        (LIST, " The first is the ferry.", "The first is the ferry."),
        ("print('1200\\n1300')", " From 1,200 on.", "From 1,200 on."),
        ("print('Ferry')", " It is there.", "It is there."),
        ("print('row\\n' * 100)", " The lines are shown.", "The lines are shown."),
    ],
)
def test_lines_that_the_answer_only_speaks_of_are_told(tmp_path: Path, program: str, answer: str, told: str) -> None:
    model = Deciding([program, answer], [LOOKS, PROGRAM, ANSWER, NO_CHANGE])
    events = collect(agent(model, tmp_path), "List the films.")
    assert events[-1].output == told
    shown = "".join(event.text for event in events if isinstance(event, TextDelta) and event.channel == "answer")
    assert shown.strip() == told


def test_after_a_failure_the_next_program_begins_with_what_was_lacking(tmp_path: Path) -> None:
    (tmp_path / "editor.ini").write_text("[look]\ntheme = dark\n")
    model = Deciding(
        ["print(editor.ini['look'])", "print(editor['look']['theme'])", " It is dark."],
        [LOOKS, PROGRAM, ANSWER, NO_CHANGE],
    )
    events = collect(agent(model, tmp_path), "Which theme?")
    assert results(events)[-1] == "dark"
    assert model.prompts[1].endswith(
        "# Which theme?\neditor = configparser.ConfigParser()\neditor.read('editor.ini')\n"
    )


def test_a_model_whose_programs_all_fail_has_to_answer(tmp_path: Path) -> None:
    model = Deciding([*(f"1 / 0 + {name}" for name in "abcdefgh"), " I cannot."], [LOOKS, PROGRAM, NO_CHANGE])
    events = collect(agent(model, tmp_path), "How much?")
    assert sum("ZeroDivisionError" in text for text in results(events)) == MAX_FAILURES
