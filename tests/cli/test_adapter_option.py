"""`--adapter`: what is said of a file that is none, and what is kept of one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent
from agentx.errors import UsageError
from agentx.events import ModelLoaded, RunStarted
from agentx.memory_journal import MemoryJournal
from agentx.models.scripted import ScriptedModel
from tests.cli.conftest import answer
from tests.decoding.lora_files import write_adapter


def test_a_file_that_is_no_adapter_is_refused_before_the_model_is_looked_for(cli: Any, tmp_path: Path) -> None:
    (note := tmp_path / "note.txt").write_text("Buy milk.")
    for path, sentence in {note: "is not a GGUF", tmp_path / "none.gguf": "cannot be read: No such file"}.items():
        ran = cli("run", "t", "--model", "no-such-model", "--adapter", str(path))
        assert ran.code != 0
        assert sentence in ran.err and ran.err.count("\n") == 1


def test_a_backend_without_adapters_says_so(cli: Any, script: Any, tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "a.gguf", layers=1)
    ran = cli("run", "t", "--model", script(answer("Hello.")), "--adapter", str(path))
    assert ran.code != 0
    assert "An adapter needs a model that llama.cpp runs" in ran.err
    with pytest.raises(UsageError, match="needs a model that llama.cpp runs"):
        asyncio.run(Agent(ScriptedModel(["x"]), adapter=path, journal=MemoryJournal()).load())


def test_doctor_looks_at_the_adapter_that_is_set(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "adapter:" not in cli("doctor").out
    monkeypatch.setenv("AGENTX_ADAPTER", str(write_adapter(tmp_path / "a.gguf", layers=1)))
    assert f"ok    adapter: {tmp_path / 'a.gguf'}, for llama" in cli("doctor").out
    assert "ok    calibration: safe defaults: what was measured without the adapter" in cli("doctor").out
    monkeypatch.setenv("AGENTX_ADAPTER", str(tmp_path / "none.gguf"))
    ran = cli("doctor")
    assert ran.code == 1 and "bad   adapter:" in ran.out and "cannot be read: No such file" in ran.out


def test_a_session_keeps_which_adapter_it_ran_under(small_model: Path, tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "tools.gguf")

    async def go() -> list[Any]:
        options = {"threads": 1, "context_tokens": 1024, "adapter": path, "workspace": tmp_path, "max_steps": 1}
        agent = Agent(str(small_model), strategy="direct", journal=MemoryJournal(), **options)
        base = Agent(str(small_model), threads=1, context_tokens=1024, journal=MemoryJournal())
        events = [event async for event in agent.stream("Say hello.")]
        assert (await base.load()).adapted(path) is await agent.load()
        (await base.load()).close()
        return events

    events = asyncio.run(go())
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    (loaded,) = [event for event in events if isinstance(event, ModelLoaded)]
    assert started.settings["adapter"] == str(path)
    assert loaded.name.endswith(" + tools")
    assert len(loaded.build["adapter"]) == 64
