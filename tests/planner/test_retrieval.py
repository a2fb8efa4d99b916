"""Which tools a prompt shows, with 200 of them and a scripted model."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentx import Agent, Tool, plugins
from agentx.dialects.python_calls import PythonCalls
from agentx.journal import Journal
from agentx.models.scripted import ScriptedModel
from agentx.planner.lexical import Bm25, words
from agentx.planner.retrieval import PER_STEP, PER_TASK, SHARE
from agentx.planner.tool_index import ToolIndex, fused
from benchmarks.retrieval.data import tools

CONTEXT = 60_000
CONVERT = "Convert the amount of 100 dollars to the currency of Japan."


def named(name: str, description: str = "") -> Tool:
    return Tool.from_schema(name, description, {}, lambda **arguments: "ok")


def index(*known: Tool, embedder: Any = None) -> ToolIndex:
    return ToolIndex(known, embedder)


def answering(tool: Tool, value: Any) -> Tool:
    return Tool.from_schema(tool.name, tool.description, tool.parameters, lambda **arguments: value)


def many(**values: Any) -> list[Tool]:
    """The 200 tools; those named return the value given."""
    return [answering(tool, values.get(tool.name.replace(".", "_"), "ok")) for tool in tools()]


def agent(model: ScriptedModel, known: Sequence[Tool], **options: Any) -> Agent:
    return Agent(model, known, journal=Journal(":memory:"), **options)


def definitions(prompt: str) -> list[str]:
    """Functions that the prompt shows, but for those of worked requests."""
    lines = prompt.rpartition("Functions:\n\n")[2].splitlines()
    return [line.removeprefix("def ").partition("(")[0] for line in lines if line.startswith("def ")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calendar.listEvents", ["calendar", "list", "event"]),
        ("HTTPServer2", ["http", "server", "2"]),
        ("get_UV_index", ["get", "uv", "index"]),
        ("Where are my categories?", ["category"]),
        ("Übersetze den Brief", ["übersetze", "den", "brief"]),
        ("", []),
    ],
)
def test_names_and_texts_are_split_into_the_same_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_rare_word_counts_more_than_a_common_one_and_a_short_text_more_than_a_long_one() -> None:
    bm25 = Bm25([["send", "mail"], ["send", "invoice"], ["send", "mail", "or", "an", "old", "paper", "letter"]])
    mail, invoice, letter = bm25.scores(["send", "invoice"])
    assert invoice > mail > letter > 0
    assert bm25.scores(["unknown"]) == [0, 0, 0]
    assert bm25.scores([]) == [0, 0, 0]


def test_no_documents_are_no_failure() -> None:
    assert Bm25([]).scores(["a"]) == []


def test_what_both_rankings_have_first_is_first_and_what_one_has_is_kept() -> None:
    assert fused([[3, 1, 2], [3, 2]]) == [3, 2, 1]
    assert fused([[], []]) == []


def test_a_tool_is_found_by_a_part_of_its_name_and_by_its_parameters() -> None:
    by_parameter = Tool.from_schema("b", "", {"properties": {"iban": {"description": "bank account"}}}, lambda: None)
    found = index(named("a"), named("music.skipTrack"), by_parameter)
    assert found.rank("skip this one")[0] == "music.skipTrack"
    assert found.rank("the bank")[0] == "b"


def test_all_tools_are_ranked_those_that_have_nothing_in_common_last() -> None:
    assert index(named("a"), named("b"), named("send_mail")).rank("Send it!") == ["send_mail", "a", "b"]


class Meaning:
    """Vectors by the first letter: what begins alike means the like."""

    name = "letters"

    def load(self, progress: Any = None) -> None:
        pass

    def embed(self, texts: Sequence[str]) -> Any:
        rows = np.zeros((len(texts), 256), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[ord(text[0]) % 256] = 1
        return rows


def test_an_embedder_finds_what_shares_no_word() -> None:
    known = (named("alpha", "One."), named("beta", "Two."))
    assert index(*known).rank("bananas")[0] == "alpha"
    assert index(*known, embedder=Meaning()).rank("bananas")[0] == "beta"


def test_a_step_finds_only_what_comes_near_it() -> None:
    known = (named("convert_currency", "Dollars to yen."), named("send_mail"), named("zebra"))
    assert index(*known).near(["The currency is dollar."]) == ["convert_currency"]
    assert index(*known).near(["We send nothing.", "", "42"]) == []
    assert index(*known, embedder=Meaning()).near(["zoo"]) == ["zebra"]


def test_few_tools_all_stand_in_the_system_prompt() -> None:
    model = ScriptedModel(["# Hi.\nAnswer: ok"], context_tokens=8_000)
    agent(model, tools()[:PER_TASK]).run_sync("Hello")
    assert len(definitions(model.prompts[0].partition("User:")[0])) == PER_TASK


def test_a_task_is_shown_with_the_tools_nearest_to_it_behind_a_prompt_that_never_changes() -> None:
    model = ScriptedModel(["# Hi.\nAnswer: ok"] * 2, context_tokens=CONTEXT)
    known = many()
    agent(model, known).run_sync(CONVERT)
    agent(model, known).run_sync("Set an alarm clock for six.")
    (system, _, task), (other_system, _, other_task) = (prompt.partition("User: ") for prompt in model.prompts)
    assert system == other_system
    assert definitions(system) == []
    assert len(definitions(task)) == len(definitions(other_task)) == PER_TASK
    assert "convert_currency" in definitions(task)
    assert "set_alarm" in definitions(other_task)
    assert task.index("def convert_currency") < task.index("Task: Convert")


@pytest.mark.parametrize("strategy", ["react", "direct"])
def test_the_grammar_allows_the_tools_that_are_shown_and_no_other(strategy: str) -> None:
    reply = {"react": '# I set it.\nset_alarm(time="6:00")\n->', "direct": 'set_alarm(time="6:00")'}[strategy]
    answer = {"react": "# Done.\nAnswer: ok", "direct": "ok"}[strategy]
    model = ScriptedModel([reply, answer], context_tokens=CONTEXT)
    result = agent(model, many(), strategy=strategy).run_sync("Set an alarm clock for six.")
    assert [call.name for call in result.calls] == ["set_alarm"]
    grammar = model.constraints[0]
    assert grammar is not None
    allowed = [tool.name for tool in tools() if f'"{tool.name.replace(".", "_")}(' in grammar.lark]
    assert len(allowed) == PER_TASK
    assert sorted(name.replace(".", "_") for name in allowed) == sorted(definitions(model.prompts[0]))


def test_a_tool_that_is_not_shown_cannot_be_called() -> None:
    model = ScriptedModel(['# Mail.\nsend_mail(to="a", subject="b", body="c")\n->', "# No.\nAnswer: no"])
    model.context_tokens = CONTEXT
    result = agent(model, many()).run_sync(CONVERT)
    assert result.calls == []
    assert "`send_mail` is no tool" in model.prompts[1]


def test_what_a_step_calls_for_is_appended_and_stays() -> None:
    call = 'convert_currency(amount=100, source="USD", target="JPY")'
    model = ScriptedModel(
        [
            f"# After this I have to send an e-mail message to an address.\n{call}\n->",
            '# Now the e-mail.\nsend_mail(to="a", subject="b", body="c")\n->',
            "# Done.\nAnswer: ok",
        ],
        context_tokens=CONTEXT,
    )
    result = agent(model, many(convert_currency="15,000 yen")).run_sync(CONVERT)
    assert [made.name for made in result.calls] == ["convert_currency", "send_mail"]
    first, second, third = model.prompts
    assert second.startswith(first)
    assert third.startswith(second)
    assert "send_mail" not in definitions(first)
    added = second.removeprefix(first)
    assert "-> 15,000 yen\nMore functions that may help:\n\ndef " in added
    assert "send_mail" in definitions(added)
    assert 1 <= len(definitions(added)) <= PER_STEP
    assert len(set(definitions(third))) == len(definitions(third))
    assert '"send_mail("' in model.constraints[1].lark  # type: ignore[union-attr]


def test_a_follow_up_shows_only_what_was_not_shown_before() -> None:
    model = ScriptedModel(["# Hi.\nAnswer: ok"] * 3, context_tokens=CONTEXT)

    async def talk() -> None:
        session = agent(model, many()).session()
        for task in (CONVERT, CONVERT, "Set an alarm clock for six."):
            await session.run(task)

    asyncio.run(talk())
    first, second, third = model.prompts
    assert definitions(second.removeprefix(first)) == []
    assert "set_alarm" in definitions(third.removeprefix(second))
    assert len(set(definitions(third))) == len(definitions(third))


def test_tools_are_added_only_as_long_as_there_is_room() -> None:
    wanted = ["send_mail", "git_commit", "book_flight", "find_recipe", "log_weight", "freeze_card", "crop_image"]
    by_name = {tool.name: tool for tool in tools()}
    replies = [
        f'# Then {" ".join(words(name))}: {by_name[name].description}\nset_alarm(time="{i}:00")\n->'
        for i, name in enumerate(wanted)
    ]
    model = ScriptedModel([*replies, "# Done.\nAnswer: ok"], context_tokens=10_000)
    assert agent(model, many(set_alarm=None)).run_sync("Set an alarm clock for six.").status == "ok"
    shown = definitions(model.prompts[-1])
    sizes = [len(PythonCalls().show_tools([tool])) for tool in tools() if tool.name.replace(".", "_") in shown]
    assert len(sizes) == len(shown)
    assert sum(sizes) <= 10_000 // SHARE < sum(sizes) + 500
    assert not set(wanted) <= set(shown)


def test_programs_are_shown_the_functions_for_the_task_and_for_what_they_lacked(tmp_path: Path) -> None:
    (tmp_path / "shopping.txt").write_text("milk\n")
    runner = plugins.load("agentx.tools", "python")
    replies = ["print(list_of_events(day='Monday'))", "print(calendar_listEvents(day='Monday'))"]
    model = ScriptedModel(replies, context_tokens=CONTEXT)
    options = {"workspace": tmp_path, "allow": ["python"], "max_steps": 1 + len(replies)}
    result = agent(model, [runner, *many()], **options).run_sync(CONVERT)
    assert [call.name for call in result.calls] == ["python", "python", "python", "calendar.listEvents"]
    task = model.prompts[0].partition("User: ")[2]
    assert "convert_currency" in definitions(task)
    assert "python" not in definitions(model.prompts[0])
    assert "name 'list_of_events' is not defined" in model.prompts[1]
    assert "calendar_listEvents" in definitions(model.prompts[1].removeprefix(model.prompts[0]))


def test_a_proposal_and_the_hermes_dialect_have_the_nearest_tools_too() -> None:
    model = ScriptedModel(['<tool_call>\n{"name": "set_alarm", "arguments": {"time": "6:00"}}\n</tool_call>'])
    model.context_tokens = CONTEXT
    proposal = asyncio.run(agent(model, many(), dialect="hermes").propose("Set an alarm clock for six."))
    assert [call.name for call in proposal.calls] == ["set_alarm"]
    assert model.prompts[0].count('"description"') > PER_TASK
    assert '"name": "set_alarm"' in model.prompts[0]
    assert '"name": "git_log"' not in model.prompts[0]


class Scored(ScriptedModel):
    """Keeps what probes were asked on."""

    asked: str = ""

    async def score(self, prompt: Any, continuations: Any) -> Any:
        self.asked = "".join(fragment.text for fragment in prompt)
        return await super().score(prompt, continuations)


def test_a_probe_about_the_tools_is_asked_on_what_the_prompt_shows() -> None:
    model = Scored(['set_alarm(time="6:00")', "ok"], context_tokens=CONTEXT)
    agent(model, many(), strategy="direct").run_sync("Set an alarm clock for six.")
    functions = model.prompts[0].partition("Set an alarm clock for six.")[0]
    assert model.asked.startswith(functions)
    assert len(definitions(functions)) == PER_TASK
