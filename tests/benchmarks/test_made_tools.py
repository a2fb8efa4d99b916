"""The made-up tools of `benchmarks.learn.sft`: what is learnt, what judges, and when a reply counts."""

import json
from pathlib import Path

from agentx_learn.tuning.messages_data import traces_of
from agentx_learn.tuning.rows import read_file
from agentx_learn.tuning.traces import Trace

from agentx.dialects.python_calls import PythonCalls
from benchmarks.learn.made_tools import LEARNT, UNSEEN, Side, rows
from benchmarks.learn.sft import calls_of, written


def read(folder: Path, side: Side, count: int, **options: float) -> list[Trace]:
    return traces_of(read_file(written(folder, "rows.jsonl", rows(side, count, 1, **options))))


def test_what_judges_shares_no_tool_word_and_no_value_with_what_is_learnt() -> None:
    for words in ("verbs", "things", "places", "people", "texts", "questions"):
        assert not set(getattr(LEARNT, words)) & set(getattr(UNSEEN, words))


def test_every_row_is_one_that_is_learnt_from(tmp_path: Path) -> None:
    traces = read(tmp_path, LEARNT, 300)
    assert 0.65 < sum(trace.uses_tools for trace in traces) / len(traces) < 0.95
    assert any(trace.uses_tools and trace.tasks[0].answer for trace in traces)
    assert json.dumps(rows(LEARNT, 20, 1)) == json.dumps(rows(LEARNT, 20, 1)) != json.dumps(rows(LEARNT, 20, 2))


def test_a_reply_counts_that_calls_tools_at_hand_in_the_dialect(tmp_path: Path) -> None:
    for trace in read(tmp_path, UNSEEN, 30, refused=0.0):
        [(name, arguments)] = trace.tasks[0].rounds[0].calls
        call = PythonCalls().show_call(name, arguments)
        for reply in (f"Yes\n{call}", call, f"Yes\n{call}<|im_end|>"):
            assert calls_of(reply, trace) == [(name, arguments)]
        for reply in ("No\nI cannot do that.", "", f"```python\n{call}\n```", call[:-2], f"other_{call}"):
            assert calls_of(reply, trace) == []
