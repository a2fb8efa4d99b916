"""Any order of what can be done with sessions, against a model of dicts."""

import itertools
import json
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from agentx.errors import UsageError
from agentx.events import (
    Answered,
    CallFinished,
    CallStarted,
    Event,
    Notice,
    RunFinished,
    RunStarted,
    StepStarted,
    TextDelta,
)
from agentx.journal import Journal
from agentx.messages import ToolCall, ToolResult, Usage

WORDS = ["apple", "pear", "plum", "quince"]
STEPS = 2_000
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
events: st.SearchStrategy[Event] = st.one_of(
    words.map(lambda text: RunStarted("s", text, "m", "auto", [], "/w")),
    words.map(Answered),
    words.map(lambda text: CallFinished(ToolResult("c", "ok", text))),
    words.map(lambda text: CallStarted(ToolCall("c", "t", {"text": text}))),
    words.map(Notice),
    st.text(alphabet="ab\ud800\0é ", max_size=3).map(lambda text: TextDelta("answer", text)),
    st.just(StepStarted(1)),
    words.map(lambda text: RunFinished("ok", text, None, 1, Usage())),
)


class Sessions(RuleBasedStateMachine):
    ids = Bundle("ids")
    steps = itertools.count()
    taken = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="agentx-machine-"))
        self.journal = Journal(self.folder / "j.sqlite3")
        self.rows: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[Event]] = {}
        self.leases: dict[str, ExitStack] = {}

    def teardown(self) -> None:
        for stack in self.leases.values():
            stack.close()
        self.journal.close()
        connection = sqlite3.connect(self.folder / "j.sqlite3")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
        shutil.rmtree(self.folder)

    @invariant()
    def count(self) -> None:
        Sessions.taken = next(Sessions.steps)

    @rule(target=ids, task=words, place=st.sampled_from(["/a", "/b"]))
    def create(self, task: str, place: str) -> str:
        name = self.journal.create_session(workspace=place, model="m", task=task)
        assert name not in self.rows
        self.rows[name] = {"task": task, "workspace": place, "status": "running", "title": "", "parent": None,
                           "parent_event": None, "result": None}  # fmt: skip
        self.events[name] = []
        return name

    @rule(name=ids, new=st.lists(events, min_size=1, max_size=4))
    def append(self, name: str, new: list[Event]) -> None:
        for event in new:
            self.events[name].append(event)
            assert self.journal.append(name, event) == len(self.events[name])

    @rule(name=ids, status=st.sampled_from(["ok", "failed"]), result=st.one_of(st.none(), words, st.integers()))
    def finish(self, name: str, status: str, result: object) -> None:
        self.journal.finish(name, status, result)
        self.rows[name] |= {"status": status, "result": result}

    @rule(name=ids)
    def reopen_session(self, name: str) -> None:
        self.journal.reopen(name)
        self.rows[name]["status"] = "running"

    @rule(name=ids, title=words)
    def rename(self, name: str, title: str) -> None:
        self.journal.rename(name, title)
        self.rows[name]["title"] = title

    @rule(target=ids, name=ids, share=st.floats(0, 1))
    def fork(self, name: str, share: float) -> Any:
        number = round(share * len(self.events[name]))
        if number == 0:
            with pytest.raises(UsageError, match="cannot be forked|no event yet"):
                self.journal.fork(name, 0)
            return multiple()
        copy = self.journal.fork(name, number)
        last = self.events[name][number - 1]
        ended = isinstance(last, RunFinished)
        self.rows[copy] = self.rows[name] | {
            "parent": name, "parent_event": number, "title": "", "status": last.status if ended else "running",
            "result": last.output if ended else None,
        }  # fmt: skip
        self.events[copy] = self.events[name][:number]
        return copy

    @rule(target=ids, name=ids)
    def export_and_import(self, name: str) -> Any:
        [(old, copy)] = self.journal.read_in(list(self.journal.export(name)))
        assert old == name != copy
        self.rows[copy], self.events[copy] = dict(self.rows[name]), list(map(_imported, self.events[name]))
        return copy

    @rule(name=consumes(ids))
    def remove(self, name: str) -> None:
        if name in self.leases:
            with pytest.raises(UsageError, match="Another process works"):
                self.journal.remove(name)
            self.leases.pop(name).close()
        self.journal.remove(name)
        del self.rows[name], self.events[name]

    @rule(name=consumes(ids), keep_days=st.integers(1, 300))
    def purge(self, name: str, keep_days: int) -> None:
        """The session is made old, by way of a file."""
        lines = list(self.journal.export(name))
        if name in self.leases:
            self.leases.pop(name).close()
        self.journal.remove(name)
        before = (datetime.now(UTC) - timedelta(days=keep_days + 1)).isoformat()
        head = json.loads(lines[0]) | {"created": before, "ended": before}
        assert self.journal.read_in([json.dumps(head), *lines[1:]]) == [(name, name)]
        assert self.journal.purge(keep_days) == [name]
        del self.rows[name], self.events[name]

    @rule(name=ids)
    def lease(self, name: str) -> None:
        if name in self.leases:
            self.leases.pop(name).close()
        else:
            stack = self.leases[name] = ExitStack()
            stack.enter_context(self.journal.lease(name))

    @rule(query=words)
    def search(self, query: str) -> None:
        expected = {
            (name, number, kind)
            for name, found in self.events.items()
            for number, event in enumerate(found, 1)
            for kind, text in [_text(event)]
            if set(query.split()) <= set(text.split())
        }
        hits = self.journal.search(query, limit=10_000)
        assert {(hit.session.id, hit.number, hit.kind) for hit in hits} == expected
        assert len(hits) == len(expected)

    @rule(again=st.booleans())
    def open_again(self, again: bool) -> None:
        """As after a crash: nothing was finished, and the old connection may live on."""
        old, self.journal = self.journal, Journal(self.folder / "j.sqlite3")
        if again:
            old.close()

    @invariant()
    def journal_and_model_are_the_same(self) -> None:
        rows = {row.id: row for row in self.journal.sessions(10_000)}
        assert rows.keys() == self.rows.keys()
        for name, model in self.rows.items():
            row = rows[name]
            assert replace(row, **{key: model[key] for key in model if key != "result"}) == row
            assert row.steps == sum(isinstance(event, StepStarted) for event in self.events[name])
            assert self.journal.is_held(name) == (name in self.leases)
            assert self.journal.result(name) == model["result"]
            assert self.journal.numbered(name) == list(enumerate(self.events[name], 1))
        for place in ("/a", "/b"):
            latest = self.journal.latest(place)
            assert (latest is None) == all(model["workspace"] != place for model in self.rows.values())


def _imported(event: Event) -> Event:
    return replace(event, settings={"imported": True}) if isinstance(event, RunStarted) else event


def _text(event: Event) -> tuple[str, str]:
    match event:
        case RunStarted():
            return "task", event.task
        case Answered():
            return "answer", event.text
        case CallFinished():
            return "result", event.result.text
        case _:
            return "", ""


def test_sessions_are_what_a_model_of_dicts_says() -> None:
    rounds = settings(
        max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    while Sessions.taken < STEPS:
        run_state_machine_as_test(Sessions, settings=rounds)
    assert Sessions.taken >= STEPS
