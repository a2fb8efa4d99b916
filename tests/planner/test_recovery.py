"""What follows from calls that fail, told to a scripted model."""

import asyncio
from pathlib import Path
from typing import Any, Literal

import pytest

from agentx import Agent, Tool, ToolError, plugins, tool
from agentx.events import CallFinished, Event, Notice
from agentx.journal import Journal
from agentx.messages import ToolResult
from agentx.models.scripted import ScriptedModel

CITIES = ["Oslo", "Bergen", "Tromsø"]
ANSWER = "# Done.\nAnswer: ok"


@tool
def weather(city: str, kind: Literal["rain", "wind"] = "rain") -> str:
    """Weather of a city."""
    if city not in CITIES:
        raise ToolError(f"There is no city `{city}`.", argument="city", valid=CITIES)
    return "dry"


@tool
def climate(city: str) -> str:
    """Climate of a city."""
    raise ToolError("No climate is known there.", argument="city")


@tool
def clock() -> str:
    """The time."""
    return "noon"


@tool
def broken(x: int) -> str:
    """Breaks."""
    raise RuntimeError("out of paper")


def step(call: str) -> str:
    return f"# I try.\n{call}\n->"


def asked(model: ScriptedModel, *tools: Any, **options: Any) -> list[Event]:
    made = Agent(model, tools, journal=Journal(":memory:"), **options)

    async def all_events() -> list[Event]:
        return [event async for event in made.stream("How is the weather in Osolo?")]

    return asyncio.run(all_events())


def results(events: list[Event]) -> list[ToolResult]:
    return [event.result for event in events if isinstance(event, CallFinished)]


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def allows(model: ScriptedModel, step: int, name: str) -> bool:
    """Whether the grammar of a step has the tool in it."""
    constraint = model.constraints[step]
    return constraint is not None and f'"{name}(' in constraint.lark


def test_an_error_comes_back_with_the_nearest_valid_value_and_once_with_the_signature() -> None:
    model = ScriptedModel([step('weather(city="Osolo")'), step('weather(city="Bergn")'), ANSWER])
    first, second = results(asked(model, weather, clock))
    signature = 'weather(city: str, kind: Literal["rain", "wind"] = "rain") -> str'
    assert first.text == f"There is no city `Osolo`. Did you mean `Oslo`? The function is {signature}."
    assert second.text == "There is no city `Bergn`. Did you mean `Bergen`?"
    assert (first.argument, first.status) == ("city", "error")
    assert f"-> {first.text}\n" in model.prompts[1]


def test_where_no_value_is_near_the_valid_ones_are_listed() -> None:
    [result] = results(asked(ScriptedModel([step('weather(city="Lima")'), ANSWER]), weather))
    assert "It can be: Oslo, Bergen, Tromsø." in result.text


@pytest.mark.parametrize(
    ("given", "text", "argument"),
    [
        ('kind="rian", city="Oslo"', "should be 'rain' or 'wind' (got 'rian'). Did you mean `rain`?", "kind"),
        ('cty="Oslo"', "needs the argument `city`", "city"),
        ('kinds="rain", city="Oslo"', "argument `kinds`; its arguments are: city, kind. Did you mean `kind`?", "kinds"),
        ("city=7", "argument `city`: Input should be a valid string (got 7).", "city"),
    ],
)
def test_arguments_that_do_not_fit_are_named(given: str, text: str, argument: str) -> None:
    [result] = results(asked(ScriptedModel([step(f"weather({given})"), ANSWER]), weather))
    assert text in result.text
    assert result.argument == argument
    assert "The function is weather(city: str" in result.text


def test_a_foreign_schema_names_the_nearest_of_its_values_too() -> None:
    schema = {"properties": {"color": {"enum": ["red", "green"]}}, "required": ["color"]}
    paint = Tool.from_schema("paint", "", schema, lambda color: color)
    model = ScriptedModel([step('paint(color="gren")'), step("paint()"), ANSWER])
    wrong, missing = results(asked(model, paint))
    assert "argument `color`: 'gren' is not one of ['red', 'green']. Did you mean `green`?" in wrong.text
    assert (wrong.argument, missing.argument) == ("color", "color")


def test_a_missing_file_is_answered_with_the_nearest_path(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "october.csv").write_text("pen,3\n")
    read_file, list_files = (plugins.load("agentx.tools", name) for name in ("read_file", "list_files"))
    model = ScriptedModel([step('read_file(path="octobr.csv")'), step('list_files(folder="order")'), ANSWER])
    file, folder = results(asked(model, read_file, list_files, workspace=tmp_path))
    assert file.text.startswith(
        "There is no `octobr.csv` in the workspace. Did you mean `orders/october.csv`? The function is read_file(path"
    )
    assert folder.text.startswith("There is no `order` in the workspace. Did you mean `orders`?")
    assert (file.argument, folder.argument) == ("path", "folder")


def test_an_error_that_names_no_argument_is_passed_on_as_it_is() -> None:
    [result] = results(asked(ScriptedModel([step("broken(x=1)"), ANSWER]), broken))
    assert result.text == "RuntimeError: out of paper"


def test_after_a_failed_retry_the_tool_is_masked_and_the_model_told_so() -> None:
    tries = [step('weather(city="A")'), step('weather(city="B")')]
    model = ScriptedModel([*tries, step("clock()"), ANSWER])
    events = asked(model, weather, clock)
    note = "weather failed twice on `city`: use another function."
    assert notices(events) == [note]
    assert f"-> {note}\n" in model.prompts[2]
    assert note not in model.prompts[1]
    assert [allows(model, i, "weather") for i in range(4)] == [True, True, False, True]
    assert all(allows(model, i, "clock") for i in range(4))


def test_a_masked_tool_that_is_called_all_the_same_is_not_carried_out() -> None:
    tries = [step(f'weather(city="{city}")') for city in "ABC"]
    events = asked(ScriptedModel([*tries, ANSWER]), weather, clock)
    assert len(results(events)) == 2
    assert "The reply could not be used: `weather` is no tool." in notices(events)


def test_another_argument_is_another_failure_and_a_success_between_starts_anew() -> None:
    other = [step('weather(city="A")'), step('weather(city="Oslo", kind="x")'), ANSWER]
    assert notices(asked(ScriptedModel(other), weather, clock)) == []
    between = [step('weather(city="A")'), step("clock()"), step('weather(city="B")'), ANSWER]
    assert notices(asked(ScriptedModel(between), weather, clock)) == []


def test_calls_of_one_reply_are_one_try() -> None:
    both = '# Both.\nweather(city="A")\nweather(city="B")\n->'
    assert notices(asked(ScriptedModel([both, ANSWER]), weather, clock)) == []


def test_a_tool_that_breaks_whatever_it_is_given_is_masked_too() -> None:
    model = ScriptedModel([step("broken(x=1)"), step("broken(x=2)"), ANSWER])
    assert notices(asked(model, broken, clock)) == ["broken failed twice: use another function."]
    assert not allows(model, 2, "broken")


def test_after_two_tools_have_failed_the_model_is_told_to_take_another_way() -> None:
    calls = ['weather(city="A")', 'weather(city="B")', 'climate(city="A")', 'climate(city="B")']
    model = ScriptedModel([*map(step, calls), ANSWER])
    events = asked(model, weather, climate, clock)
    way = "climate failed twice on `city`: take another way, or say in the answer what could not be done."
    assert notices(events) == ["weather failed twice on `city`: use another function.", way]
    assert f"-> {way}\n" in model.prompts[4]
    assert [allows(model, 4, name) for name in ("weather", "climate", "clock")] == [False, False, True]


def test_the_only_tool_is_never_masked() -> None:
    model = ScriptedModel([step('weather(city="A")'), step('weather(city="B")'), ANSWER])
    [notice] = notices(asked(model, weather))
    assert notice.startswith("weather failed twice on `city`: take another way")
    assert allows(model, 2, "weather")


def test_strategy_direct_calls_again_what_failed_and_then_answers() -> None:
    model = ScriptedModel(['weather(city="Osolo")', 'weather(city="Oslo")', "It is dry."])
    events = asked(model, weather, clock, strategy="direct")
    assert [result.status for result in results(events)] == ["error", "ok"]
    assert "Did you mean `Oslo`?" in model.prompts[1]
    assert "Call again what failed, corrected: How is the weather" in model.prompts[1]
    assert "Answer the request from these results" in model.prompts[2]
    assert events[-1].output == "It is dry."  # type: ignore[union-attr]


def test_strategy_direct_gives_up_after_two_tools_have_failed() -> None:
    calls = ['weather(city="A")', 'weather(city="B")', 'climate(city="A")', 'climate(city="B")']
    model = ScriptedModel([*calls, "I could not find it."])
    events = asked(model, weather, climate, clock, strategy="direct")
    assert [allows(model, i, "weather") for i in range(4)] == [True, True, False, False]
    assert model.constraints[4] is None
    assert "take another way" in model.prompts[4]
    assert events[-1].output == "I could not find it."  # type: ignore[union-attr]


class Program(ScriptedModel):
    """Writes programs until they are at an end, then answers."""

    def __init__(self, *programs: str) -> None:
        super().__init__([*programs, " ok"])
        self._left = len(programs)

    async def score(self, prompt: Any, continuations: Any) -> Any:
        answering = continuations[-1] == "DONE:"
        self._yes = 0.9 if not answering or len(self.prompts) < self._left else 0.1
        if "write or edit a file" in prompt[0].text:
            self._yes = 0.1
        return await super().score(prompt, continuations)


def programmed(model: ScriptedModel, folder: Path, *tools: Any) -> list[Event]:
    runner = plugins.load("agentx.tools", "python")
    return asked(model, runner, *tools, workspace=folder, allow=["python"])


def test_a_function_that_fails_in_two_programs_is_told_of(tmp_path: Path) -> None:
    model = Program('weather(city="A")', 'weather(city="B")', "clock()")
    events = programmed(model, tmp_path, weather, clock)
    assert notices(events) == ["weather failed twice on `city`: use another function."]
    assert "It can be: Oslo, Bergen, Tromsø. The function is weather(city: str" in model.prompts[1]
    assert "weather failed twice on `city`: use another function.\n" in model.prompts[2]


def test_an_unknown_function_in_a_program_is_answered_with_the_nearest(tmp_path: Path) -> None:
    model = Program('wether(city="Oslo")', 'weather(city="Oslo")')
    programmed(model, tmp_path, weather, clock)
    assert "name 'wether' is not defined" in model.prompts[1]
    assert "did you mean weather(city, kind)?" in model.prompts[1]


def test_an_unknown_name_that_is_like_no_function_is_left_alone(tmp_path: Path) -> None:
    model = Program("print(total)", "clock()")
    programmed(model, tmp_path, weather, clock)
    assert "did you mean" not in model.prompts[1].lower()


def test_a_file_that_a_program_misses_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "october.csv").write_text("pen,3\n")
    model = Program("open('octobr.csv')", "clock()")
    programmed(model, tmp_path, clock)
    assert "did you mean 'orders/october.csv'?" in model.prompts[1]


def test_programs_that_fail_are_no_failures_of_one_tool(tmp_path: Path) -> None:
    model = Program("print(1 / 0)", "print(2 / 0)", "clock()")
    assert notices(programmed(model, tmp_path, clock)) == []


def test_strategy_direct_calls_again_what_failed_beside_what_worked() -> None:
    model = ScriptedModel(['clock()\nweather(city="Osolo")', 'weather(city="Oslo")', "Dry at noon."])
    events = asked(model, weather, clock, strategy="direct")
    # The first two are made at once, and either may be done first.
    statuses = [result.status for result in results(events)]
    assert (sorted(statuses[:2]), statuses[2:]) == (["error", "ok"], ["ok"])
    assert "Call again what failed, corrected" in model.prompts[1]
    assert events[-1].output == "Dry at noon."  # type: ignore[union-attr]
