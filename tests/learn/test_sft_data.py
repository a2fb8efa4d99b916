"""What DATA of `agentx tune sft` may be: the journal, an export of it, rows of messages; and what is refused of it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from agentx_learn.tuning import encoder_sources
from agentx_learn.tuning.journal_data import read_export, read_journal
from agentx_learn.tuning.kept_traces import digest_of, read_kept, write_kept
from agentx_learn.tuning.messages_data import traces_of
from agentx_learn.tuning.rows import DataError, read_file
from agentx_learn.tuning.sft_data import read_traces
from agentx_learn.tuning.sft_rendering import opening, rendered, tokenized
from agentx_learn.tuning.traces import Result, Task, Trace, unseen_split

from agentx import Agent
from agentx.cli.exporting import encoded, lines
from agentx.dialects.python_calls import PythonCalls
from agentx.journal import Journal
from agentx.models.chat_format import TemplateFormat
from agentx.models.scripted import ScriptedModel
from agentx.plugins import load
from agentx.tool import tool
from tests.cli.conftest import answer, calls
from tests.learn.conftest import CHATML

WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALL = {"name": "get_weather", "arguments": {"city": "Oslo"}}
USER = {"role": "user", "content": "How is the weather in Oslo?"}
ROW = {
    "tools": [WEATHER],
    "messages": [
        USER,
        {"role": "assistant", "calls": [CALL]},
        {"role": "tool", "content": "sunny"},
        {"role": "assistant", "content": "It is sunny."},
        {"role": "user", "content": "Who founded it?"},
        {"role": "assistant", "content": "I cannot look that up."},
    ],
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Trace]]:
    def go(*rows: dict[str, Any]) -> list[Trace]:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return traces_of(read_file(path))

    return go


def conversation(trace: Trace) -> str:
    """All that is sent and replied, the replies in brackets: square ones where they are learnt."""
    parts = rendered(trace, PythonCalls(), TemplateFormat(CHATML))
    sent = ("".join(fragment.text for fragment in part.asked) for part in parts)
    replies = (f"[[{part.reply}]]" if part.learnt else f"(({part.reply}))" for part in parts)
    return "".join(asked + reply for asked, reply in zip(sent, replies, strict=True))


def test_a_row_is_rendered_as_the_strategy_sends_it_and_the_replies_are_learnt(
    read: Callable[..., list[Trace]],
) -> None:
    [trace] = read(ROW)
    text = conversation(trace)
    assert text.startswith("<|im_start|>system\nYou help with Python functions.")
    assert 'def get_weather(city: str):\n    """Weather of a city."""\n\nRequest: How is the weather in Oslo?' in text
    assert '[[Yes\nget_weather(city="Oslo")]]' in text
    assert "Results:\n-> sunny\n\nAnswer the request from these results in words: How is the weather in Oslo?" in text
    assert "[[It is sunny.]]" in text
    assert "user\nRequest: Who founded it?<|im_end|>" in text
    assert text.endswith("[[No\nI cannot look that up.]]")


def test_what_is_sent_first_is_what_the_strategy_sends_behind_its_worked_requests(
    read: Callable[..., list[Trace]],
) -> None:
    [trace] = read(ROW)
    sent: list[str] = []

    class Watching(ScriptedModel):
        async def score(self, prompt: Any, continuations: Any) -> Any:
            sent.append("".join(fragment.text for fragment in prompt))
            return await super().score(prompt, continuations)

    model = Watching(["It is fine."])
    model.chat = TemplateFormat(CHATML)
    asyncio.run(Agent(model, list(trace.tools), strategy="direct").propose(trace.tasks[0].request))
    ours = "".join(fragment.text for fragment in opening(trace, trace.tasks[0], PythonCalls(), TemplateFormat(CHATML)))
    head, _, asked = ours.partition("<|im_start|>user\n")
    assert sent[0].startswith(head)
    assert asked in sent[0]


def test_calls_of_chat_servers_are_read_too(read: Callable[..., list[Trace]]) -> None:
    function = {"name": "get_weather", "arguments": json.dumps(CALL["arguments"])}
    row = {
        "tools": [{"type": "function", "function": WEATHER}],
        "messages": [
            {"role": "system", "content": "Be brief."},
            USER,
            {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": function}]},
        ],
    }
    [trace] = read(row)
    assert trace.instructions == "Be brief."
    assert "Yes or No." in (text := conversation(trace)) and "Be brief.<|im_end|>" in text
    assert text.endswith('[[Yes\nget_weather(city="Oslo")]]')


def test_results_that_name_their_call_may_come_in_any_order(read: Callable[..., list[Trace]]) -> None:
    cities = ("Oslo", "Rome")
    asked = [{"id": city, "function": {"name": "get_weather", "arguments": {"city": city}}} for city in cities]

    def results(*told: dict[str, Any]) -> list[str]:
        messages = [USER, {"role": "assistant", "tool_calls": asked}, *({"role": "tool", **each} for each in told)]
        [trace] = read({"tools": [WEATHER], "messages": [*messages, {"role": "assistant", "content": "So it is."}]})
        return [result.text for result in trace.tasks[0].rounds[0].results]

    oslo, rome = ({"content": f"Weather in {city}", "tool_call_id": city} for city in cities)
    assert results(rome, oslo) == results(oslo, rome) == ["Weather in Oslo", "Weather in Rome"]
    unnamed = [{"content": each["content"]} for each in (rome, oslo)]
    assert results(*unnamed) == ["Weather in Rome", "Weather in Oslo"], "in the order of the calls"
    assert results(rome, {**oslo, "tool_call_id": "other"}) == ["Weather in Rome", "Weather in Oslo"]


def test_a_failed_call_is_followed_by_its_correction(read: Callable[..., list[Trace]]) -> None:
    wrong = {"role": "assistant", "calls": [{"name": "get_weather", "arguments": {"city": "Olso"}}]}
    failed = {"role": "tool", "content": "no such city", "ok": False}
    more = [{"role": "assistant", "calls": [CALL]}, {"role": "tool", "content": "sunny", "ok": None}]
    end = {"role": "assistant", "content": "It is sunny."}
    [mended] = read({"tools": [WEATHER], "messages": [USER, wrong, failed, *more, end]})
    text = conversation(mended)
    assert "Call again what failed, corrected: How is the weather in Oslo?" in text
    assert '((Yes\nget_weather(city="Olso")))' in text  # to be seen, and not learnt
    assert text.count("[[") == 2 and '[[get_weather(city="Oslo")]]' in text
    [other_way] = read({"tools": [WEATHER], "messages": [USER, *more, *more, end]})
    assert conversation(other_way).count("[[") == 1  # the strategy never asks for a second round


def test_only_replies_and_what_ends_them_are_learnt(read: Callable[..., list[Trace]]) -> None:
    class Letters:
        bos = 1

        def tokenize(self, text: str, markup: bool) -> list[int]:
            end = "<|im_end|>"
            if markup and text.startswith(end):
                return [2, *map(ord, text.removeprefix(end))]
            return list(map(ord, text))

    [trace] = read(ROW)
    example = tokenized(rendered(trace, PythonCalls(), TemplateFormat(CHATML)), Letters(), end=2)
    learnt = "".join("|" if token == 2 else chr(token) for token in example.labels if token != -100)
    assert learnt == 'Yes\nget_weather(city="Oslo")|It is sunny.|No\nI cannot look that up.|'
    assert example.ids[0] == 1 and not example.learnt[0]
    # Behind the system prompt, three requests and three replies: what ends a reply begins the next prompt too, once.
    assert example.ids.count(2) == 7
    assert len(example.ids) == len(example.labels)


WRONG = {
    "no list": ({"messages": "hello"}, "`messages` is no list of objects"),
    "no user": ({"messages": [{"role": "assistant", "content": "Hello."}]}, "stands where a user's should"),
    "no reply": ({"messages": [USER]}, "the assistant says nothing to a user's message"),
    "an empty reply": ({"messages": [USER, {"role": "assistant", "content": " "}]}, "an assistant's message is empty"),
    "an unknown tool": (
        {"messages": [USER, {"role": "assistant", "calls": [CALL]}]},
        "`get_weather`, which is not among",
    ),
    "a missing result": (
        {"tools": [WEATHER], "messages": [USER, {"role": "assistant", "calls": [CALL]}, USER]},
        "have not one result each",
    ),
    "broken arguments": (
        {"tools": [WEATHER], "messages": [USER, {"role": "assistant", "calls": [{**CALL, "arguments": "{"}]}]},
        "the arguments of a call are no JSON",
    ),
    "two tools of a name": ({**ROW, "tools": [WEATHER, WEATHER]}, "two tools are named `get_weather`"),
    "an unknown argument": (
        {"tools": [WEATHER], "messages": [USER, {"role": "assistant", "calls": [{**CALL, "arguments": {"x": "y"}}]}]},
        "a call does not fit its tool",
    ),
    "a wrong argument": (
        {"tools": [WEATHER], "messages": [USER, {"role": "assistant", "calls": [{**CALL, "arguments": {"city": 3}}]}]},
        "a call does not fit its tool",
    ),
    "no schema": (
        {
            "tools": [{**WEATHER, "parameters": {"type": "object", "properties": {"city": {"$ref": "#/none"}}}}],
            "messages": [USER, {"role": "assistant", "calls": [CALL]}],
        },
        "the parameters of `get_weather` are no JSON Schema",
    ),
    "a nameless tool": ({"tools": [{}], "messages": [USER]}, "a tool is not described"),
    "a picture": ({"messages": [{"role": "user", "content": [{}]}]}, "the content of a message is no text"),
    "no messages": ({"text": "hello"}, "has no column `messages`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_row_that_is_no_conversation_is_refused_by_its_number(case: str, read: Callable[..., list[Trace]]) -> None:
    row, sentence = WRONG[case]
    with pytest.raises(DataError, match="rows.jsonl") as raised:
        read(ROW, row) if case != "no messages" else read(row)
    assert sentence in str(raised.value)
    assert case == "no messages" or "line 2" in str(raised.value)


def test_too_few_traces_are_refused_and_the_same_request_is_not_on_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + json.dumps(ROW))
    with pytest.raises(DataError, match="there have to be two that differ"):
        read_traces(str(path), 0.1, 0)
    others = [{**ROW, "messages": [{**USER, "content": f"Weather of {i}?"}, *ROW["messages"][1:]]} for i in range(20)]
    path.write_text("\n".join(json.dumps(row) for row in [*others, *others, ROW]))
    found = read_traces(str(path), 0.2, 0)
    sides = [{trace.tasks[0].request for trace in side} for side in (found.training, found.evaluation)]
    assert not sides[0] & sides[1]
    assert len(found.training) + len(found.evaluation) == 41 and 8 <= len(found.evaluation) <= 10
    assert found.described["with_calls"] == 41


def test_a_call_that_failed_may_be_one_that_does_not_fit(read: Callable[..., list[Trace]]) -> None:
    wrong = {"role": "assistant", "calls": [{"name": "get_weather", "arguments": {"town": "Oslo"}}]}
    failed = {"role": "tool", "content": "`town` is no argument", "ok": False}
    [trace] = read({"tools": [WEATHER], "messages": [USER, wrong, failed, *ROW["messages"][1:4]]})
    assert len(trace.tasks[0].rounds) == 2


def test_a_large_group_does_not_judge_where_smaller_ones_do() -> None:
    def traces(*sizes: int) -> list[Trace]:
        requests = [f"request {group}" for group, size in enumerate(sizes) for _ in range(size)]
        return [Trace(i, (), (Task(request, (), "Yes."),)) for i, request in enumerate(requests)]

    many = traces(90, *[1] * 10)
    for seed in range(20):
        order = list(range(len(many)))
        Random(seed).shuffle(order)
        training, evaluation = unseen_split(many, 0.05, order)
        assert (len(training), len(evaluation)) == (95, 5)
    assert [len(side) for side in unseen_split(traces(60, 40), 0.05, range(100))] == [60, 40]
    assert [len(side) for side in unseen_split(traces(5), 0.5, range(5))] == [5, 0]


def test_traces_are_kept_with_all_that_is_learnt_from(journal: Journal, tmp_path: Path) -> None:
    read = read_journal(journal)
    write_kept(read.traces, tmp_path / "kept.jsonl")
    tools = {each.name: each for trace in read.traces for each in trace.tools}
    assert read_kept(tmp_path / "kept.jsonl", tools.get) == read.traces
    assert digest_of(read_kept(tmp_path / "kept.jsonl", {}.get)) != read.sha256, "a tool that is gone is told"
    (first, *_) = read.traces
    [task] = first.tasks
    [one] = task.rounds
    others = [
        replace(first, instructions="Be brief."),
        replace(first, tools=(replace(first.tools[0], description="Other."),)),
        replace(first, tasks=(replace(task, answer="It is 7."),)),
        replace(first, tasks=(replace(task, rounds=(replace(one, results=(Result("7"),)),)),)),
    ]
    assert len({digest_of([each]) for each in (first, *others)}) == 5
    (tmp_path / "kept.jsonl").write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        read_kept(tmp_path / "kept.jsonl", tools.get)


@pytest.mark.parametrize("write", [write_kept, encoder_sources.write_kept])
def test_what_a_run_keeps_is_for_its_owner_alone(write: Callable[..., None], tmp_path: Path) -> None:
    kept, left = tmp_path / "kept.jsonl", tmp_path / "kept.jsonl.new"
    for path in (kept, left):
        path.write_text("of a run that was killed")
        path.chmod(0o644)
    write([], kept)
    assert kept.read_text() == "" and kept.stat().st_mode & 0o777 == 0o600 and not left.exists()


@tool
def fails(what: str) -> str:
    """Fails."""
    raise ValueError("it broke")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Four runs: one that used a tool, one without, one that failed, and one with a tool that nobody has installed."""
    kept = Journal(tmp_path / "sessions.sqlite3")
    calculate = load("agentx.tools", "calculate")
    for task, tools, replies in (
        ("What is 2*3?", [calculate], [calls('calculate(expression="2*3")'), answer("It is 6.")]),
        ("Say hello.", [calculate], [answer("Hello.")]),
        ("Break.", [calculate], [calls('calculate(expression="2*3")')]),
        ("Fail.", [fails], [calls('fails(what="x")'), answer("It broke.")]),
    ):
        agent = Agent(ScriptedModel(replies), tools, strategy="react", journal=kept, max_steps=len(replies))
        agent.run_sync(task)
    return kept


def test_the_journal_gives_the_runs_that_ended_well_and_their_calls(journal: Journal) -> None:
    read = read_journal(journal)
    assert [trace.tasks[0].request for trace in read.traces] == ["What is 2*3?", "Say hello."]
    assert [trace.uses_tools for trace in read.traces] == [True, False]
    assert sum(read.left_out.values()) == 2
    text = conversation(read.traces[0])
    assert '[[Yes\ncalculate(expression="2*3")]]' in text and "Results:\n-> 6" in text and "[[It is 6.]]" in text
    assert "[[No\nHello.]]" in conversation(read.traces[1])
    assert read_journal(journal).sha256 == read.sha256


def test_what_a_fork_has_copied_counts_once(journal: Journal) -> None:
    before = read_journal(journal)
    [first] = [row.id for row in journal.sessions() if row.task == "What is 2*3?"]
    fork = journal.fork(journal.fork(first))
    replies = [calls('calculate(expression="2*3")'), answer("It is 6.")]
    agent = Agent(ScriptedModel(replies), [load("agentx.tools", "calculate")], strategy="react", journal=journal)
    agent.run_sync("What is 2*3?")  # as another session may ask, and be answered
    after = read_journal(journal)
    assert [trace.tasks[0].request for trace in after.traces] == ["What is 2*3?", "Say hello.", "What is 2*3?"]
    assert after.left_out["are copies in forked sessions"] == 2
    journal.remove(first)
    assert len(read_journal(journal).traces) == len(before.traces) + 1, "the copies are all that there is"
    assert journal.session(fork).parent


def test_an_export_gives_the_same(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    ids = [row.id for row in reversed(journal.sessions())]
    path.write_bytes(b"".join(encoded(lines(journal, name, "jsonl")) for name in ids))
    told = [conversation(trace) for trace in read_journal(journal).traces]
    assert [conversation(trace) for trace in read_export(path).traces] == told
    found = read_traces(str(path), 0.5, 0)
    assert (len(found.training), len(found.evaluation), sum(found.left_out.values())) == (1, 1, 2)


def test_an_empty_journal_is_refused(own_folders: None) -> None:
    with pytest.raises(DataError, match="The journal has no run that an assistant could learn from: it holds no runs"):
        read_traces("journal", 0.1, 0)
