"""Where Yes begins for a model: chosen from cases, kept, and laid over what ships."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent
from agentx.errors import StorageError
from agentx.events import Event, Notice
from agentx.journal import Journal
from agentx.models import catalog
from agentx.models.scripted import ScriptedModel
from agentx.planner.calibration import stored
from agentx.planner.calibration.cases import Case, cases
from agentx.planner.calibration.choice import Row, auc, chosen
from agentx.planner.calibration.run import measure
from agentx.planner.probes import ASKS_FOR_CHANGE, ASKS_FOR_EFFECT, PROBES, Probe

# The questions that the thresholds of catalog.toml were measured with. After a change of one, the new thresholds of
# `agentx models calibrate` belong into catalog.toml, and the new digest here. One that is left out has its default.
MEASURED = {
    "relevance": "473febe81255",
    "needs_look": "74d20aabf41e",
    "asks_for_change": "8946f9e280c9",
    "asks_for_effect": "e54ca22b2004",
}

EVEN = Probe("even", None, "", 0.5, missed_cost=1, needless_cost=1)
ROW = Row("asks_for_change", 0.9, 0.25, 1, 18, 2, 18)


@pytest.mark.parametrize(
    ("yes", "no", "area"),
    [([0.9, 0.8], [0.1, 0.2], 1.0), ([0.1], [0.9], 0.0), ([0.5], [0.5], 0.5), ([0.9, 0.3], [0.5, 0.1], 0.75)],
)
def test_the_auc_is_the_share_of_pairs_in_order(yes: list[float], no: list[float], area: float) -> None:
    assert auc(yes, no) == area


def test_cases_that_are_far_apart_are_parted_in_the_middle() -> None:
    assert chosen(EVEN, [0.99] * 50, [0.01] * 50) == pytest.approx(0.5, abs=0.05)


def test_the_threshold_moves_to_where_the_model_s_answers_part() -> None:
    assert 0.05 < chosen(EVEN, [0.3, 0.25, 0.2] * 20, [0.02, 0.03, 0.01] * 20) < 0.15


def test_the_dearer_error_is_made_less_often() -> None:
    yes, no = [0.3, 0.5, 0.7, 0.9] * 10, [0.1, 0.3, 0.5, 0.7] * 10
    dear_miss = Probe("x", None, "", 0.5, missed_cost=4, needless_cost=1)
    dear_stray = Probe("x", None, "", 0.5, missed_cost=1, needless_cost=4)
    assert chosen(dear_miss, yes, no) < chosen(EVEN, yes, no) < chosen(dear_stray, yes, no)


def test_few_cases_move_the_default_less_than_many() -> None:
    few, many = chosen(EVEN, [0.2], [0.01]), chosen(EVEN, [0.2] * 100, [0.01] * 100)
    assert many < few < 0.5


def test_certain_answers_are_no_trouble() -> None:
    assert 0 < chosen(EVEN, [1.0, 1.0], [0.0, 0.0]) < 1


@pytest.mark.parametrize("probe", PROBES.values(), ids=list(PROBES))
def test_every_probe_has_thirty_cases_and_more_as_many_yes_as_no(probe: Probe) -> None:
    made = cases(probe)
    assert len(made) >= 30
    assert sum(case.yes for case in made) * 2 == len(made)
    assert len({(case.task, *case.values.values()) for case in made}) == len(made)


@pytest.mark.parametrize("probe", PROBES.values(), ids=list(PROBES))
def test_no_case_is_a_task_of_the_benchmarks(probe: Probe) -> None:
    from benchmarks.tasks import EVERYDAY, TASKS

    tasks = {" ".join(task.text.lower().split()) for task in (*TASKS, *EVERYDAY)}
    assert not tasks & {" ".join(case.task.lower().split()) for case in cases(probe)}


@pytest.mark.parametrize("probe", PROBES.values(), ids=list(PROBES))
def test_a_model_that_knows_the_answers_is_measured_without_error(probe: Probe) -> None:
    def knows(text: str) -> float:
        return 0.6 if shown(text, [case for case in cases(probe) if case.yes]) else 0.4

    row = asyncio.run(measure(ScriptedModel(yes=knows), probe))
    assert (row.auc, row.missed, row.needless) == (1.0, 0, 0)
    assert 0.4 < row.threshold < 0.6


def shown(text: str, some: list[Case]) -> bool:
    return any(case.task in text and all(value in text for value in case.values.values()) for case in some)


def test_a_model_that_guesses_keeps_the_default(tmp_path: Path) -> None:
    row = asyncio.run(measure(ScriptedModel(yes=0.9), ASKS_FOR_EFFECT))
    assert (row.auc, row.threshold) == (0.5, ASKS_FOR_EFFECT.threshold)


def test_a_model_that_nothing_is_known_of_has_the_defaults() -> None:
    assert stored.known("abc") == stored.Thresholds({}, "default")
    assert stored.known("") == stored.Thresholds({}, "default")


def test_a_calibration_is_laid_over_what_ships() -> None:
    entry = catalog.load().default
    identity = entry.files[0].sha256
    assert stored.known(identity) == stored.Thresholds(entry.thresholds, "shipped")
    stored.keep(identity, entry.name, [ROW])
    known = stored.known(identity)
    assert known.values == {**entry.thresholds, "asks_for_change": 0.25}
    assert known.origin == "calibrated"


def test_the_shipped_thresholds_are_of_probes_that_there_are() -> None:
    for entry in catalog.load():
        assert set(entry.thresholds) <= set(PROBES)
    assert set(catalog.load().default.thresholds) == set(MEASURED)


def test_models_do_not_share_a_calibration() -> None:
    stored.keep("one", "one", [ROW])
    assert stored.known("two").origin == "default"


def test_a_threshold_of_a_question_that_was_worded_otherwise_is_left_out() -> None:
    path = stored.keep("abc", "mine", [ROW])
    path.write_text(path.read_text().replace(stored.fingerprint("asks_for_change"), "0" * 12))
    assert stored.known("abc") == stored.Thresholds({}, "default")


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"probes": 3}', '{"probes": {"relevance": {}}}', b"\xff\xfe",
     '{"probes": {"relevance": {"threshold": 2.0, "prompt": ""}}}',
     '{"probes": {"relevance": {"threshold": NaN, "prompt": ""}}}'],
)  # fmt: skip
def test_a_corrupt_calibration_is_one_sentence_and_the_defaults(content: str | bytes) -> None:
    path = stored.keep("abc", "mine", [ROW])
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    known = stored.known("abc", "mine.gguf")
    assert (known.values, known.origin) == ({}, "default")
    assert known.problem == (
        f"The calibration {path} cannot be read and is left out; `agentx models calibrate mine.gguf` makes it anew."
    )


def test_a_data_folder_that_cannot_be_written_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="set AGENTX_DATA_DIR to another folder"):
        stored.keep("abc", "mine", [ROW])


def run(task: str = "Hi", **options: Any) -> tuple[list[str], Any]:
    model = ScriptedModel(["It is 7."], yes=0.6, identity="abc")
    made = Agent(model, [], journal=Journal(":memory:"), strategy="direct", **options)

    async def all_events() -> list[Event]:
        return [event async for event in made.stream(task)]

    events = asyncio.run(all_events())
    return [event.text for event in events if isinstance(event, Notice)], events[-1]


def test_a_run_uses_the_thresholds_of_its_model(tmp_path: Path) -> None:
    from agentx import tool

    @tool
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    def proposal() -> Any:
        model = ScriptedModel(["add(a=1, b=2)"] if not known else ["Three."], yes=0.6, identity="abc")
        return asyncio.run(Agent(model, [add]).propose("Add 1 and 2."))

    known = False
    assert [call.name for call in proposal().calls] == ["add"]
    stored.keep("abc", "mine", [Row("relevance", 1.0, 0.7, 0, 1, 0, 1)])
    known = True
    assert proposal().answer == "Three."


def test_a_run_says_that_the_calibration_is_corrupt_and_goes_on() -> None:
    path = stored.keep("abc", "mine", [ROW])
    path.write_text("{")
    notices, last = run()
    assert notices == [
        f"The calibration {path} cannot be read and is left out; `agentx models calibrate scripted` makes it anew."
    ]
    assert last.output == "It is 7."


def test_what_is_kept_says_how_well_the_model_did() -> None:
    row = json.loads(stored.keep("abc", "mine", [ROW]).read_text())["probes"]["asks_for_change"]
    assert (row["auc"], row["missed"], row["yes_cases"], row["needless"], row["no_cases"]) == (0.9, 1, 18, 2, 18)
    assert row["prompt"] == stored.fingerprint(ASKS_FOR_CHANGE.name)


def test_the_shipped_thresholds_were_measured_with_the_questions_as_they_are_worded() -> None:
    assert {name: stored.fingerprint(name) for name in MEASURED} == MEASURED
