"""`agentx tune gate` and `agentx tune rollback` as a person types them, up to where a model would be loaded."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from agentx_learn.gating.held_out import read_subject
from agentx_learn.gating.run import planned
from agentx_learn.tuning.kept_traces import HELD_OUT
from agentx_learn.tuning.sft_data import read_traces

from agentx.models.default_adapters import Passed, identity_of, known, put
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.gates import trace, trained

CITIES = ("Oslo", "Rome", "Bonn", "Lima", "Kyiv", "Bern")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return trained(tmp_path / "out", [trace(number, city) for number, city in enumerate(CITIES)])


def test_the_traces_beside_an_adapter_are_read_with_their_tools_as_they_were(folder: Path) -> None:
    subject = read_subject(folder)
    assert [each.tasks[0].request for each in subject.traces] == [f"How is the weather in {city}?" for city in CITIES]
    assert subject.traces[0].tools[0].parameters["properties"]["unit"]["default"] == "C"
    plan = planned(subject, "smollm2-135m", 2)
    assert [case.part for case in plan.cases] == ["traces"] * 2 + ["tasks"] * 2 + ["attacks"] * 2
    assert not plan.whole and planned(subject, "smollm2-135m").whole


def test_what_cannot_be_gated_is_one_sentence_before_a_model_is_looked_for(
    cli: Callable[..., Ran], folder: Path, tmp_path: Path
) -> None:
    def refused(sentence: str, *more: str, path: Path = folder) -> None:
        ran = cli("tune", "gate", str(path), "--model", "smollm2-135m", *more)
        assert ran.code in (2, 4) and ran.out == ""
        assert sentence in ran.err and ran.err.count("\n") == 1, ran.err

    refused("cannot be read: No such file", path=tmp_path / "none.gguf")
    (empty := tmp_path / "empty").mkdir()
    refused("holds no adapter.gguf", path=empty)
    (note := tmp_path / "note.gguf").write_text("Buy milk.")
    refused("is not a GGUF", path=note)
    held_out, card = folder / HELD_OUT, folder / "card.json"
    kept, told = held_out.read_text(), card.read_text()
    held_out.write_text(kept.replace("Oslo", "Oulu"))
    refused("is not what the card tells of")
    held_out.unlink()
    refused("There are no held-out traces beside the adapter")
    held_out.write_text(kept)
    card.write_text(told.replace('"adapter.gguf": "', '"adapter.gguf": "0'))
    refused("is not the adapter that the card.json beside it tells of")
    card.unlink()
    refused("There is no card.json beside")


def test_too_few_held_out_traces_are_refused(cli: Callable[..., Ran], tmp_path: Path) -> None:
    few = trained(tmp_path / "few", [trace(number, city) for number, city in enumerate(CITIES[:4])])
    ran = cli("tune", "gate", str(few))
    assert ran.code == 2 and "has 4 held-out traces that differ, and nothing can be shown on fewer than 5" in ran.err


def test_an_adapter_of_another_model_is_refused(cli: Callable[..., Ran], folder: Path) -> None:
    ran = cli("tune", "gate", str(folder), "--model", "qwen2.5-coder-1.5b")
    assert ran.code == 2 and "was trained on smollm2-135m and not on qwen2.5-coder-1.5b" in ran.err


def test_the_data_itself_gives_the_traces_where_it_is_what_it_was(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    data = tmp_path / "rows.jsonl"
    rows = [{"messages": [{"role": "user", "content": f"Say {word}."}, {"role": "assistant", "content": word}]}
            for word in CITIES]  # fmt: skip
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = read_traces(str(data), 0.5, 7)
    told = {"evaluation": {"evaluation_share": 0.5, "sha256": read.described["sha256"]}}
    parameters = {"model": "smollm2-135m", "seed": 7}
    folder = trained(tmp_path / "out", [], data=told, parameters=parameters)
    subject = read_subject(folder, str(data))
    assert [each.number for each in subject.traces] == [each.number for each in read.evaluation]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows[:-1]))
    ran = cli("tune", "gate", str(folder), "--data", str(data))
    assert ran.code == 2 and "is not what the adapter was trained on" in ran.err


def test_rolling_back_puts_back_what_was_there_until_nothing_is_left(
    cli: Callable[..., Ran], tmp_path: Path, own_folders: None
) -> None:
    assert "nothing to roll back: smollm2-135m has no default" in cli("tune", "rollback", "smollm2-135m").err
    identity = identity_of("smollm2-135m")
    for name in ("a", "b"):
        (path := tmp_path / f"{name}.gguf").write_text(name)
        digest = {"a": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                  "b": "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"}[name]  # fmt: skip
        put(identity, "smollm2-135m", Passed(str(path), digest, "2026-01-01T00:00:00+00:00"))
    first = cli("tune", "rollback", "smollm2-135m")
    assert first.code == 0 and first.err == (
        f"{tmp_path}/b.gguf is no longer the default adapter of smollm2-135m, which runs under {tmp_path}/a.gguf "
        "again, which was its default before.\n"
    )
    assert known(identity).adapter.path == str(tmp_path / "a.gguf")  # type: ignore[union-attr]
    assert "runs without an adapter again" in cli("tune", "rollback", "smollm2-135m").err
    third = cli("tune", "rollback", "smollm2-135m")
    assert third.code == 2 and "There is nothing to roll back" in third.err


def test_rolling_back_a_model_that_is_none_is_a_sentence(cli: Callable[..., Ran], own_folders: None) -> None:
    ran = cli("tune", "rollback", "no-such-model")
    assert ran.code == 2 and "no-such-model is no model of this machine" in ran.err
