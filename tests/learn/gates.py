"""What the tests of the gate share: cases whose outcomes are given, and an adapter's folder as `tune sft` leaves it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentx_learn.gating.cases import Part, Seen
from agentx_learn.gating.held_out import Subject
from agentx_learn.gating.run import Plan
from agentx_learn.tuning.card import sha256_of
from agentx_learn.tuning.kept_traces import HELD_OUT, digest_of, write_kept
from agentx_learn.tuning.traces import Result, Round, Task, Trace

from agentx.model import Model
from agentx.models.scripted import ScriptedModel
from agentx.tool import Tool
from tests.decoding.lora_files import write_adapter

GOOD, BAD, STRAY = Seen(True), Seen(False, told="wrong"), Seen(False, ("changed plan.txt",), "changed plan.txt")
LATE = Seen(False, told="no answer (timeout)", status="timeout")
FAILED = Seen(False, told="no answer (failed)", status="failed")
BASE = ScriptedModel(name="base", identity="weights")
ADAPTER = ScriptedModel(name="base + adapter", identity="weights-adapter")
PRESENT = ScriptedModel(name="base + present", identity="weights-present")
WEATHER = Tool.from_schema(
    "get_weather",
    "Weather of a city.",
    {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string", "default": "C"}},
     "required": ["city"]},
    lambda **_: None,
)  # fmt: skip


@dataclass(frozen=True)
class Given:
    """A case whose outcomes are given; `runs` tells who has run it.

    `present` is that of the adapter which is the default so far.
    """

    part: Part
    id: str
    base: Seen
    adapter: Seen
    runs: list[str] = field(default_factory=list[str], compare=False)
    present: Seen = BAD

    @property
    def content(self) -> Any:
        return self.id

    async def run(self, model: Model) -> Seen:
        self.runs.append(f"{self.id} {model.identity}")
        return {BASE.identity: self.base, PRESENT.identity: self.present}.get(model.identity, self.adapter)


def given(part: Part, *outcomes: tuple[Seen, Seen], runs: list[str] | None = None) -> list[Given]:
    told: list[str] = [] if runs is None else runs
    return [Given(part, f"{part} {number}", *pair, told) for number, pair in enumerate(outcomes)]


def better(parts: tuple[Part, ...] = ("traces", "tasks"), runs: list[str] | None = None) -> list[Given]:
    """Cases by which an adapter passes."""
    return [case for part in parts for case in given(part, *[(BAD, GOOD)] * 5, runs=runs)]


def plan(folder: Path, cases: list[Any]) -> Plan:
    path = folder / "adapter.gguf"
    path.write_bytes(b"adapter")
    return Plan(Subject(path, sha256_of(path), "smollm2-135m", []), "smollm2-135m", cases, "tasks")


def trace(number: int, city: str, *, ok: bool = True, calls: bool = True) -> Trace:
    rounds = (Round((("get_weather", {"city": city}),), (Result("sunny", ok),)),) if calls else ()
    return Trace(number, (WEATHER,), (Task(f"How is the weather in {city}?", rounds, "Sunny."),))


def trained(folder: Path, traces: list[Trace], **card: Any) -> Path:
    """A folder as `agentx tune sft` leaves it; the adapter changes nothing but what one layer says."""
    folder.mkdir(exist_ok=True)
    path = write_adapter(folder / "adapter.gguf", layers=1)
    write_kept(traces, folder / HELD_OUT)
    told = {
        "files": {path.name: sha256_of(path)},
        "parameters": {"model": "smollm2-135m", "seed": 0},
        "data": {"evaluation": {"held_out_sha256": digest_of(traces), "evaluation_share": 0.5, "sha256": "x"}},
    }
    (folder / "card.json").write_text(json.dumps({**told, **card}))
    return folder
