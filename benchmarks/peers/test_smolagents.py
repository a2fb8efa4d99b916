# pyright: basic, reportMissingImports=false
"""Checks the peer run without a model. Not part of the suite: needs the peers' own environment."""

import json
import time

import pytest

from benchmarks.peers import smolagents_model
from benchmarks.peers.smolagents_tasks import main
from benchmarks.tasks.runner import LIMIT_S

ACTION = 'Action:\n{{"name": "{}", "arguments": {}}}'


class FakeMemory:
    def __init__(self, path):
        self.path = path

    def add(self, text, source):
        return text

    def search(self, query, limit=5):
        return []

    def count(self):
        return 0


class FakeLlama:
    """Says what it was given, word by word."""

    def __init__(self, *replies, delay_s=0.0):
        self.replies, self.delay_s = list(replies), delay_s
        self.prompts = []
        self.n_tokens = 0
        self.resets = 0

    def reset(self):
        self.resets += 1

    def create_chat_completion(self, messages, stop, temperature, max_tokens, stream):
        assert stream
        assert temperature == 0.0
        self.prompts.append(messages)
        pieces = self.replies.pop(0).split(" ")
        self.n_tokens = 100 + len(pieces)
        yield {"choices": [{"delta": {"role": "assistant"}}]}
        for i, piece in enumerate(pieces):
            time.sleep(self.delay_s)
            yield {"choices": [{"delta": {"content": piece if i == 0 else f" {piece}"}}]}


def run(tmp_path, kind, llama, limit_s=LIMIT_S):
    out = tmp_path / "r.jsonl"
    arguments = ["--model", "x.gguf", "--agent", kind, "--only", "sums-hours", "--out", str(out)]
    assert main(arguments, lambda path: llama, FakeMemory, limit_s) == 0
    return json.loads(out.read_text())


def test_the_tool_calling_agent_uses_the_bundled_tools_in_the_workspace(tmp_path):
    llama = FakeLlama(
        ACTION.format("read_file", '{"path": "timesheets/week14.csv"}'),
        ACTION.format("final_answer", '{"answer": "Jonas worked 21.75 hours."}'),
    )
    record = run(tmp_path, "tool-calling", llama)
    assert record["solved"], record
    assert record["calls"] == ["read_file(path='timesheets/week14.csv')"]
    assert (record["steps"], record["prompt_tokens"]) == (2, 200)
    assert "Jonas,Fri,8.25" in str(llama.prompts[1])
    assert llama.resets == 1


def test_the_code_agent_calls_the_tools_as_functions(tmp_path):
    llama = FakeLlama(
        "Thought: I look.\n<code>\nprint(read_file('timesheets/week14.csv'))\n</code>",
        "Thought: I add.\n<code>\nprint(calculate(expression='7.5+6+8.25'))\nfinal_answer('It is 21.75.')\n</code>",
    )
    record = run(tmp_path, "code", llama)
    assert record["solved"], record
    assert len(record["calls"]) == 2


def test_an_error_of_a_tool_is_shown_to_the_model(tmp_path):
    llama = FakeLlama(
        ACTION.format("read_file", '{"path": "nothing.csv"}'),
        ACTION.format("final_answer", '{"answer": "no idea"}'),
    )
    record = run(tmp_path, "tool-calling", llama)
    assert not record["solved"]
    assert "nothing.csv" in str(llama.prompts[1][-1])
    assert "rror" in str(llama.prompts[1][-1])


@pytest.mark.parametrize("kind", ["tool-calling", "code"])
def test_a_model_that_never_ends_is_stopped_at_the_limit(tmp_path, kind):
    record = run(tmp_path, kind, FakeLlama("x " * 1000, delay_s=0.01), limit_s=0.3)
    assert record["status"] == "timeout"
    assert record["seconds"] < 5


def test_garbage_ends_the_run_at_the_step_limit(tmp_path):
    llama = FakeLlama(*["Hm, let me think."] * 20)
    record = run(tmp_path, "tool-calling", llama)
    assert not record["solved"]
    assert record["steps"] <= smolagents_model.MAX_STEPS + 1
