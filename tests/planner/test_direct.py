"""Strategy `direct`: what the model is shown before it calls."""

import asyncio
from typing import Any

import pytest

from agentx import Agent, plugins, tool
from agentx.dialects.base import Dialect
from agentx.dialects.hermes import HermesJson
from agentx.dialects.python_calls import PythonCalls
from agentx.journal import Journal
from agentx.model import Fragment
from agentx.models.chat_format import PlainFormat, TemplateFormat
from agentx.models.scripted import ScriptedModel
from agentx.planner.requests import WORKED, conversation, functions, keeping

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def greet(name: str) -> str:
    """Greet somebody."""
    return f"Hello, {name}!"


def shown(model: ScriptedModel, *tools: Any, task: str = "Add 3 and 4.", **options: Any) -> list[str]:
    """The prompts of a run."""
    asyncio.run(Agent(model, tools, strategy="direct", journal=Journal(":memory:"), **options).run(task))
    return model.prompts


def test_the_worked_requests_stand_before_the_users_functions() -> None:
    first, *_ = shown(ScriptedModel(["add(a=3, b=4)", "7"]), add)
    other, *_ = shown(ScriptedModel(['greet(name="Bo")', "Hello"]), greet)
    before, found, _ = first.partition("Functions:\n\ndef add(a: int, b: int) -> int:")
    assert found
    assert other.startswith(before)
    assert all(worked.request in before for worked in WORKED)


def test_what_is_the_same_in_each_run_is_marked_to_be_kept() -> None:
    head = functions(PythonCalls(), [add])
    prompt = keeping(TemplateFormat(CHATML).next_turn(f"{head} Add 3 and 4."), head)
    assert [fragment.text for fragment in prompt if fragment.snapshot] == [head]
    assert Fragment(" Add 3 and 4.") in prompt
    assert prompt[-1] == Fragment("<|im_end|>\n<|im_start|>assistant\n", markup=True)


def test_a_template_without_a_place_for_the_functions_is_left_as_it_is() -> None:
    prompt = PlainFormat().next_turn("Functions: Request: Add.")
    assert keeping(prompt, "Functions: Request:") == prompt


@pytest.mark.parametrize("dialect", [PythonCalls(), HermesJson()], ids=lambda dialect: dialect.name)
def test_the_worked_calls_are_calls_of_the_functions_beside_them(dialect: Dialect) -> None:
    fragments = conversation(PlainFormat(), dialect, "Rules.")
    assert len(fragments) == 3 * len(WORKED)
    for worked, judgement, reply in zip(WORKED, fragments[1::3], fragments[2::3], strict=True):
        assert judgement.text == ("Yes\n" if worked.calls else "No\n")
        if not worked.calls:
            assert reply.text == worked.answer
            continue
        tools = [tool(function) for function in worked.functions]
        assert dialect.parse(reply.text, tools) == list(worked.calls)
        for name, arguments in worked.calls:
            next(made for made in tools if made.name == name).validate(arguments)


def test_the_calls_are_written_after_yes() -> None:
    first, _ = shown(ScriptedModel(["add(a=3, b=4)", "It is 7."]), add)
    assert first.endswith("Request: Add 3 and 4.\nAssistant: Yes\n")


def test_a_request_that_no_function_serves_is_answered_in_words_after_no() -> None:
    [prompt] = shown(ScriptedModel(["I do not know."], yes=0.1), add, task="Which bus goes to town?")
    assert prompt.endswith("Request: Which bus goes to town?\nAssistant: No\n")


def test_results_are_answered_in_words() -> None:
    first, second = shown(ScriptedModel(["add(a=3, b=4)", "It is 7."]), add)
    assert second.startswith(f"{first}add(a=3, b=4)\nUser: Results:\n-> 7\n\n")


def test_a_reply_that_holds_no_call_is_asked_for_again() -> None:
    _, second, _ = shown(ScriptedModel(["add(a=3", "add(a=3, b=4)", "It is 7."]), add)
    assert "That could not be used: " in second
    assert second.count("Request: Add 3 and 4.") == 2


def test_a_follow_up_does_not_show_the_functions_again() -> None:
    model = ScriptedModel(["add(a=3, b=4)", "It is 7.", "add(a=7, b=1)", "It is 8."])
    session = Agent(model, [add], strategy="direct", journal=Journal(":memory:")).session()
    asyncio.run(session.run("Add 3 and 4."))
    asyncio.run(session.run("And 1 more?"))
    assert model.prompts[2].startswith(f"{model.prompts[1]}It is 7.\nUser: Request: And 1 more?")
    assert model.prompts[2].count("def add(") == 1


def test_without_tools_the_task_stands_alone() -> None:
    assert shown(ScriptedModel(["Hello!"]), task="Hi") == ["You are a helpful assistant.\n\nUser: Hi\nAssistant: "]


def test_the_strategy_is_found_by_its_name() -> None:
    assert plugins.load("agentx.strategies", "direct")().name == "direct"


def test_who_may_not_call_any_more_is_not_told_to_find_something_out() -> None:
    model = ScriptedModel(["add(a=3, b=4)", "It is 7, and 99 with tax.", "It is 7."])
    *_, last = shown(model, add)
    assert "nothing you have seen says 99; answer again and say only what you have seen" in last
    assert "compute it" not in last


def test_a_call_that_is_written_twice_is_made_once() -> None:
    model = ScriptedModel(["add(a=3, b=4)\nadd(a=5, b=6)\nadd(a=3, b=4)"])
    proposal = asyncio.run(Agent(model, [add]).propose("Add 3 and 4, and 5 and 6.", strategy="direct"))
    assert [str(call) for call in proposal.calls] == ["add(a=3, b=4)", "add(a=5, b=6)"]


def test_a_change_that_is_written_twice_is_made_twice() -> None:
    @tool(capabilities=["writes"])
    def turn_page() -> str:
        """Turn one page on."""
        return "turned"

    model = ScriptedModel(["turn_page()\nturn_page()"])
    proposal = asyncio.run(Agent(model, [turn_page]).propose("Turn two pages on.", strategy="direct"))
    assert [call.name for call in proposal.calls] == ["turn_page", "turn_page"]
