"""The loop, told what to say by a scripted model."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pydantic
import pytest

from agentx import Agent, ApprovalRequest, Decision, Tool, ToolContext, ToolError, tool
from agentx.errors import ContextOverflow, ModelError, SchemaError, UsageError
from agentx.events import (
    ApprovalAsked,
    ApprovalGiven,
    CallFinished,
    CallProgress,
    CallStarted,
    Event,
    Notice,
    RunFinished,
    RunStarted,
    StepStarted,
    TextDelta,
    from_json,
    to_json,
)
from agentx.journal import Journal
from agentx.messages import ToolCall
from agentx.models.scripted import ScriptedModel
from agentx.planner.react import MAX_TRIES


@tool
def add(a: int, b: int) -> int:
    """Adds.

    Args:
        a: first.
        b: second.
    """
    return a + b


@tool(capabilities=["writes"])
def save(text: str, context: ToolContext) -> str:
    """Saves a text."""
    (context.workspace / "saved.txt").write_text(text)
    return "saved"


def agent(*replies: Any, tools: Any = (add, save), **options: Any) -> Agent:
    journal = options.pop("journal", None) or Journal(":memory:")
    return Agent(ScriptedModel(replies), tools, journal=journal, **options)


def collect(made: Agent, task: str = "Add 3 and 4.") -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in made.stream(task)]

    return asyncio.run(all_events())


def results(events: list[Event]) -> list[Any]:
    return [event.result for event in events if isinstance(event, CallFinished)]


def test_a_task_is_run_to_its_answer() -> None:
    result = agent("# I add.\nadd(a=3, b=4)\n->", "# I know it.\nAnswer: It is 7.").run_sync("Add 3 and 4.")
    assert (result.status, result.output, result.steps) == ("ok", "It is 7.", 2)
    assert [(call.name, call.arguments) for call in result.calls] == [("add", {"a": 3, "b": 4})]
    assert result.error is None


def test_the_prompt_only_grows_and_holds_the_result() -> None:
    model = ScriptedModel(["# I add.\nadd(a=3, b=4)\n->", "# I know it.\nAnswer: It is 7."])
    Agent(model, [add], journal=Journal(":memory:")).run_sync("Add 3 and 4.")
    first, second = model.prompts
    assert second == first + "# I add.\nadd(a=3, b=4)\n-> 7\n"


def test_events_tell_the_run_in_order() -> None:
    events = collect(agent("# I add.\nadd(a=3, b=4)\n->", "# I know it.\nAnswer: It is 7."))
    kinds = [type(event).__name__ for event in events if not isinstance(event, TextDelta)]
    assert kinds == [
        "RunStarted", "ModelLoaded", "Surveyed",
        "StepStarted", "ModelReplied", "Thought", "CallDecoded", "CallStarted", "CallFinished", "StepFinished",
        "StepStarted", "ModelReplied", "Thought", "StepFinished", "Answered",
        "RunFinished",
    ]  # fmt: skip


def test_every_event_survives_json(tmp_path: Path) -> None:
    events = collect(agent('# Save.\nsave(text="x")\n->', "# Done.\nAnswer: ok", allow=["all"], workspace=tmp_path))
    assert [from_json(json.loads(json.dumps(to_json(event)))) for event in events] == events


def test_the_journal_keeps_what_was_streamed() -> None:
    journal = Journal(":memory:")
    events = collect(agent("# I add.\nadd(a=3, b=4)\n->", "# I know.\nAnswer: 7", journal=journal))
    [row] = journal.sessions()
    assert isinstance(events[0], RunStarted)
    assert row.id == events[0].session_id
    assert row.status == "ok"
    assert journal.events(row.id) == events


def test_the_session_is_in_the_journal_before_the_model_loads() -> None:
    journal = Journal(":memory:")
    failing = Agent("no-such-model-at-all", [add], journal=journal)
    with pytest.raises(Exception, match="no-such-model-at-all"):
        failing.run_sync("Add.")
    [row] = journal.sessions()
    assert row.status == "failed"
    assert isinstance(journal.events(row.id)[0], RunStarted)


def test_what_a_tool_raises_goes_to_the_model_as_one_line() -> None:
    @tool
    def broken(x: int) -> int:
        """Breaks."""
        raise KeyError("a\nb")

    model = ScriptedModel(["# Try.\nbroken(x=1)\n->", "# It broke.\nAnswer: no"])
    journal = Journal(":memory:")
    made = Agent(model, [broken], journal=journal)
    assert made.run_sync("Go").output == "no"
    assert "-> KeyError: 'a\\nb'\n" in model.prompts[1]
    [result] = results(journal.events(journal.sessions()[0].id))
    assert result.status == "error"
    assert "Traceback" in result.traceback


def test_a_tool_error_is_passed_on_word_for_word() -> None:
    @tool
    def broken() -> int:
        """Breaks."""
        raise ToolError("The lamp is off; switch it on.")

    model = ScriptedModel(["# Try.\nbroken()\n->", "# Hm.\nAnswer: no"])
    Agent(model, [broken], journal=Journal(":memory:")).run_sync("Go")
    assert "-> The lamp is off; switch it on.\n" in model.prompts[1]


def test_what_looks_like_a_result_is_no_part_of_an_answer() -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    model = ScriptedModel(["# Easy.\nAnswer: I am fine.\n-> error: nothing says so", "# And.\nAnswer: Yes."])
    session = Agent(model, [add], strategy="react", journal=Journal(":memory:")).session()

    async def both() -> list[str]:
        return [str((await session.run(task)).output) for task in ("How are you?", "Sure?")]

    assert asyncio.run(both()) == ["I am fine.", "Yes."]
    assert "I am fine." in model.prompts[1] and "nothing says" not in model.prompts[1]


def test_a_tool_that_hangs_is_given_up() -> None:
    @tool(timeout_s=0.1)
    def hang() -> None:
        """Hangs."""
        time.sleep(30)

    started = time.perf_counter()
    events = collect(agent("# Try.\nhang()\n->", "# Hm.\nAnswer: no", tools=[hang]))
    assert time.perf_counter() - started < 5
    [result] = results(events)
    assert (result.status, result.text) == ("timeout", "hang was given up after 0.1 seconds.")


def test_an_output_that_is_too_long_is_cut_for_the_model_and_kept_in_the_journal() -> None:
    @tool(max_output_bytes=1000)
    def shout() -> str:
        """Shouts."""
        return "é" * 5_000_000

    events = collect(agent("# Try.\nshout()\n->", "# Hm.\nAnswer: loud", tools=[shout]))
    [result] = results(events)
    assert len(result.text.encode()) < 1100
    assert "9,999,000 bytes left out" in result.text
    assert len(result.full_text) == 5_000_000


def test_calls_of_one_reply_run_at_once() -> None:
    meeting = asyncio.Barrier(2)

    @tool(timeout_s=10)
    async def meet(n: int) -> int:
        """Waits for the other."""
        await meeting.wait()
        return n

    model = ScriptedModel(["# Both.\nmeet(n=1)\nmeet(n=2)\n->", "# Done.\nAnswer: ok"])
    Agent(model, [meet], journal=Journal(":memory:")).run_sync("Go")
    assert model.prompts[1].endswith("meet(n=2)\n-> 1\n-> 2\n")


def test_calls_with_effects_run_one_after_the_other() -> None:
    running: list[int] = []
    most: list[int] = []

    @tool(capabilities=["writes"])
    async def write(n: int) -> int:
        """Writes."""
        running.append(n)
        most.append(len(running))
        await asyncio.sleep(0.02)
        running.remove(n)
        return n

    collect(agent("# Both.\nwrite(n=1)\nwrite(n=2)\n->", "# Done.\nAnswer: ok", tools=[write], allow=["all"]))
    assert most == [1, 1]


def test_the_same_call_again_is_refused_with_its_reason() -> None:
    again = "# I add.\nadd(a=3, b=4)\n->"
    events = collect(agent(again, *[again] * MAX_TRIES, "# I know it.\nAnswer: 7"))
    first, second = results(events)
    assert (first.status, second.status) == ("ok", "refused")
    assert "you made this very call before; it gave: 7" in second.text
    assert len([event for event in events if isinstance(event, CallStarted)]) == 1


def test_a_reply_that_repeats_a_call_is_taken_back_and_decoded_anew() -> None:
    again = "# I add.\nadd(a=3, b=4)\n->"
    model = ScriptedModel([again, again, "# I know it.\nAnswer: 7"])
    result = Agent(model, [add], journal=Journal(":memory:")).run_sync("Add 3 and 4.")
    assert (result.output, result.steps) == ("7", 2)
    assert model.prompts[1] == model.prompts[2]


def test_a_run_that_only_repeats_itself_has_to_answer() -> None:
    again = "# I add.\nadd(a=3, b=4)\n->"
    events = collect(agent(again, *[again] * 2 * MAX_TRIES, "# I know it.\nAnswer: 7"))
    assert any(isinstance(event, Notice) and "repeats itself" in event.text for event in events)
    assert events[-1].status == "ok"


def test_a_call_may_be_repeated_after_a_change(tmp_path: Path) -> None:
    @tool
    def look(context: ToolContext) -> str:
        """Looks."""
        return str(sorted(path.name for path in context.workspace.iterdir()))

    replies = ["# Look.\nlook()\n->", '# Save.\nsave(text="x")\n->', "# Look.\nlook()\n->", "# Done.\nAnswer: ok"]
    events = collect(agent(*replies, tools=[look, save], workspace=tmp_path, allow=["all"]))
    assert [result.text for result in results(events)] == ["[]", "saved", "['saved.txt']"]


def test_arguments_are_validated_before_the_call_starts() -> None:
    events = collect(agent('# I add.\nadd(a=3, b="four")\n->', "# Hm.\nAnswer: no"))
    [result] = results(events)
    assert result.status == "error"
    assert "add: argument `b`" in result.text


def test_an_effect_without_an_approval_and_nobody_to_ask_ends_the_run(tmp_path: Path) -> None:
    result = agent('# Save.\nsave(text="x")\n->', workspace=tmp_path).run_sync("Save x.")
    assert result.status == "denied"
    assert result.error == (
        "save needs an approval (save changes files) and nobody can be asked; allow it in advance with --allow save."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("allowed", [True, False])
def test_a_person_is_asked_and_obeyed(tmp_path: Path, allowed: bool) -> None:
    asked: list[ApprovalRequest] = []

    async def approve(request: ApprovalRequest) -> Decision:
        asked.append(request)
        return Decision(allowed, "not today")

    made = agent('# Save.\nsave(text="x")\n->', "# Done.\nAnswer: ok", workspace=tmp_path, approve=approve)
    events = collect(made)
    assert [request.call.arguments for request in asked] == [{"text": "x"}]
    assert any(isinstance(event, ApprovalAsked) for event in events)
    [result] = results(events)
    assert result.text == ("saved" if allowed else "denied by the user: not today")
    assert (tmp_path / "saved.txt").exists() is allowed


def test_a_person_may_change_the_arguments_and_the_model_is_told(tmp_path: Path) -> None:
    async def approve(request: ApprovalRequest) -> Decision:
        return Decision(True, arguments={"text": "y"})

    made = agent('# Save.\nsave(text="x")\n->', "# Done.\nAnswer: ok", workspace=tmp_path, approve=approve)
    events = collect(made)
    [result] = results(events)
    assert result.text == '(the user changed the arguments to {"text": "y"})\nsaved'
    assert (tmp_path / "saved.txt").read_text() == "y"
    assert [event.arguments for event in events if isinstance(event, ApprovalGiven)] == [{"text": "y"}]
    assert [event.call.arguments for event in events if isinstance(event, CallStarted)] == [{"text": "y"}]


def test_changed_arguments_are_held_to_what_is_denied(tmp_path: Path) -> None:
    async def approve(request: ApprovalRequest) -> Decision:
        return Decision(True, arguments={"text": "secret"})

    replies = ['# Save.\nsave(text="x")\n->', "# Done.\nAnswer: ok"]
    events = collect(agent(*replies, workspace=tmp_path, approve=approve, deny=['save(text="secret")']))
    assert [result.text for result in results(events)] == ['denied: the pattern save(text="secret") forbids it.']
    assert list(tmp_path.iterdir()) == []


def test_a_grant_is_asked_for_once_a_session(tmp_path: Path) -> None:
    asked: list[ApprovalRequest] = []

    async def approve(request: ApprovalRequest) -> Decision:
        asked.append(request)
        return Decision(True, grant="save")

    twice = ['# Save.\nsave(text="x")\n->', '# Save.\nsave(text="y")\n->', "# Done.\nAnswer: ok"]
    made = agent(*twice, workspace=tmp_path, approve=approve)
    assert [result.text for result in results(collect(made))] == ["saved", "saved"]
    assert len(asked) == 1
    assert made.policy.judge(save, ToolCall("1", "save", {"text": "x"}), tmp_path).answer == "ask"


def test_what_is_denied_or_read_only_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    replies = ['# Save.\nsave(text="x")\n->', "# Done.\nAnswer: ok"]
    for options, reason in (
        ({"deny": ["save"]}, "denied: the pattern save forbids it."),
        ({"mode": "read-only"}, "denied: save changes files, and the mode is read-only."),
    ):
        events = collect(agent(*replies, workspace=tmp_path, allow=["all"], **options))
        assert [result.text for result in results(events)] == [reason]
        assert list(tmp_path.iterdir()) == []


def test_what_was_allowed_in_advance_is_not_asked(tmp_path: Path) -> None:
    result = agent('# Save.\nsave(text="x")\n->', "# Done.\nAnswer: ok", workspace=tmp_path, allow=["save"]).run_sync(
        "x"
    )
    assert result.status == "ok"
    assert (tmp_path / "saved.txt").read_text() == "x"


def test_the_step_limit_ends_a_run() -> None:
    replies = [f"# I add.\nadd(a=3, b={i})\n->" for i in range(5)]
    result = agent(*replies, max_steps=3).run_sync("Add.")
    assert (result.status, result.steps, result.cause) == ("failed", 3, "model")
    assert result.error == "No answer within 3 steps; raise --max-steps."


def test_the_time_limit_ends_a_run_and_its_tools() -> None:
    cancelled: list[bool] = []

    @tool
    async def wait() -> None:
        """Waits."""
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    result = agent("# Wait.\nwait()\n->", tools=[wait], timeout_s=0.2).run_sync("Wait.")
    assert result.status == "timeout"
    assert cancelled == [True]


def test_cancelling_a_run_is_journalled_as_interrupted() -> None:
    journal = Journal(":memory:")
    seen: list[bool] = []

    @tool
    def wait(context: ToolContext) -> None:
        """Waits."""
        while not context.cancelled:
            time.sleep(0.01)
        seen.append(True)

    async def cancel() -> None:
        task = asyncio.ensure_future(agent("# Wait.\nwait()\n->", tools=[wait], journal=journal).run("Wait."))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)

    asyncio.run(cancel())
    [row] = journal.sessions()
    assert row.status == "interrupted"
    assert seen == [True]
    assert isinstance(journal.events(row.id)[-1], RunFinished)


def test_a_reader_who_leaves_early_leaves_a_closed_session() -> None:
    journal = Journal(":memory:")
    made = agent("# I know it.\nAnswer: 7", journal=journal)

    async def leave() -> None:
        stream = made.stream("Add.")
        async for event in stream:
            if isinstance(event, StepStarted):
                await asyncio.sleep(0.1)
                break
        await stream.aclose()

    asyncio.run(leave())
    assert journal.sessions()[0].status == "ok"


def test_progress_of_a_tool_is_an_event() -> None:
    @tool
    def work(context: ToolContext) -> str:
        """Works."""
        context.progress("half way")
        time.sleep(0.05)
        return "done"

    events = collect(agent("# Go.\nwork()\n->", "# Ok.\nAnswer: ok", tools=[work]))
    assert [event.text for event in events if isinstance(event, CallProgress)] == ["half way"]


def test_a_tool_that_was_given_up_is_not_heard_any_more() -> None:
    said: list[str] = []

    @tool(timeout_s=1)
    def slow(context: ToolContext) -> None:
        """Takes its time."""
        context.progress("early")
        while not context.cancelled:
            time.sleep(0.01)
        time.sleep(0.05)
        context.progress("late")
        said.append("late")

    @tool
    async def wait() -> None:
        """Waits for the other."""
        while not said:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    replies = ["# Slow.\nslow()\n->", "# Wait.\nwait()\n->", "# Done.\nAnswer: ok"]
    events = collect(agent(*replies, tools=[slow, wait]))
    assert [result.status for result in results(events)] == ["timeout", "ok"]
    assert [event.text for event in events if isinstance(event, CallProgress)] == ["early"]


def test_an_unusable_reply_is_told_to_the_model_and_not_forever() -> None:
    cut = "# I add.\nadd(a=3, b="
    events = collect(agent(cut, "# Now right.\nadd(a=3, b=4)\n->", "# I know.\nAnswer: 7"))
    assert events[-1].status == "ok"
    assert any(isinstance(event, Notice) for event in events)
    given_up = agent(cut, cut, cut, cut).run_sync("Add.")
    assert given_up.error.startswith("The model gave 3 unusable replies in a row") and given_up.cause == "model"


@pytest.mark.parametrize(
    ("error", "cause"), [(ContextOverflow("It is full."), "model"), (ModelError("It died."), None)]
)
def test_a_failure_that_is_the_models_doing_is_told_from_others(error: Exception, cause: str | None) -> None:
    result = agent(error).run_sync("Add.")
    assert (result.status, result.error, result.cause) == ("failed", str(error), cause)


class Invoice(pydantic.BaseModel):
    number: int
    total: float


def test_a_typed_answer_is_an_instance() -> None:
    result = agent('# I know it.\nAnswer: {"number": 7, "total": 12.5}').run_sync("Which invoice?", output=Invoice)
    assert result.output == Invoice(number=7, total=12.5)


def test_plain_types_can_be_asked_for() -> None:
    assert agent("# I know it.\nAnswer: [1, 2]").run_sync("Which?", output=list[int]).output == [1, 2]


def test_an_agent_without_tools_simply_answers() -> None:
    assert agent("Hello!", tools=[]).run_sync("Hi").output == "Hello!"


def test_a_conversation_shares_one_growing_prompt_and_one_session() -> None:
    model = ScriptedModel(["# A greeting.\nAnswer: Hello Ada.", "# I know it.\nAnswer: You are Ada."])
    journal = Journal(":memory:")
    session = Agent(model, [add], journal=journal).session()

    async def talk() -> list[str]:
        return [(await session.run(text)).output for text in ("I am Ada.", "Who am I?")]

    assert asyncio.run(talk()) == ["Hello Ada.", "You are Ada."]
    assert model.prompts[1].startswith(model.prompts[0] + "# A greeting.\nAnswer: Hello Ada.")
    assert len(journal.sessions()) == 1


def test_run_sync_works_under_a_running_event_loop() -> None:
    async def inside() -> Any:
        return agent("# I know it.\nAnswer: 7").run_sync("Add.").output

    assert asyncio.run(inside()) == "7"


def test_a_prompt_longer_than_the_context_fails_with_a_sentence() -> None:
    model = ScriptedModel(["# Hi\nAnswer: x"], context_tokens=100)
    result = Agent(model, [add], journal=Journal(":memory:")).run_sync("word " * 100)
    assert result.status == "failed"
    assert "choose a larger context" in result.error


def test_an_exception_of_the_core_ends_the_run_cleanly() -> None:
    result = agent(ContextOverflow("The context is full; shorten the task.")).run_sync("Add.")
    assert (result.status, result.error) == ("failed", "The context is full; shorten the task.")


def test_an_empty_task_is_refused() -> None:
    with pytest.raises(UsageError, match="The task is empty"):
        agent("x").run_sync("  ")


def test_a_tool_that_no_grammar_can_hold_is_named_before_the_run() -> None:
    bad = Tool.from_schema("look", "", {"properties": {"x": {"type": "string", "pattern": "("}}}, lambda x: x)
    with pytest.raises(SchemaError, match="Tool `look`: The schema cannot be made a grammar"):
        agent("x", tools=[bad]).run_sync("Look.")


def test_a_proposal_carries_nothing_out(tmp_path: Path) -> None:
    made = Agent(ScriptedModel(['save(text="x")']), [add, save], journal=Journal(":memory:"), workspace=tmp_path)
    proposal = asyncio.run(made.propose("Save x."))
    assert [(call.name, call.arguments) for call in proposal.calls] == [("save", {"text": "x"})]
    assert proposal.answer is None
    assert list(tmp_path.iterdir()) == []


def test_a_proposal_holds_arguments_as_their_schema_declares_them() -> None:
    scale = Tool.from_schema("scale", "", {"properties": {"by": {"type": "number"}}, "required": ["by"]}, lambda by: by)
    proposal = asyncio.run(Agent(ScriptedModel(["scale(by=3)"]), [scale]).propose("Scale by 3."))
    [call] = proposal.calls
    assert isinstance(call.arguments["by"], float)


def test_a_proposal_is_an_answer_where_no_tool_is_relevant() -> None:
    proposal = asyncio.run(Agent(ScriptedModel(["Hello!"], yes=0.1), [add]).propose("Hi"))
    assert (proposal.calls, proposal.answer) == ([], "Hello!")


def test_strategy_direct_answers_after_one_round_of_calls() -> None:
    result = agent("add(a=3, b=4)", "It is 7.", strategy="direct").run_sync("Add 3 and 4.")
    assert (result.output, result.steps) == ("It is 7.", 2)


def test_the_hermes_dialect_runs_the_same_loop() -> None:
    call = '# I add.\n<tool_call>\n{"name": "add", "arguments": {"a": 3, "b": 4}}\n</tool_call>\n<tool_response>'
    model = ScriptedModel([call, "# I know it.\nAnswer: 7"])
    assert Agent(model, [add], dialect="hermes", journal=Journal(":memory:")).run_sync("Add.").output == "7"
    assert model.prompts[1].endswith("<tool_response>\n7\n</tool_response>\n")


def test_instructions_stand_in_the_system_prompt() -> None:
    model = ScriptedModel(["# Hi.\nAnswer: x"])
    Agent(model, [add], instructions="Answer like a pirate.", journal=Journal(":memory:")).run_sync("Hi")
    assert "Answer like a pirate." in model.prompts[0]
