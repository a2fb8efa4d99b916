"""`agentx models calibrate`, and what `agentx doctor` says of it."""

from pathlib import Path

import pytest

from agentx.cli.calibrate import calibrate
from agentx.models import catalog
from agentx.models.scripted import ScriptedModel
from agentx.planner.calibration import stored
from agentx.planner.calibration.choice import Row
from agentx.planner.probes import PROBES


def test_a_model_is_calibrated_with_a_table_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    calibrate(ScriptedModel(yes=0.6, name="mine", identity="abc"))
    out, err = capsys.readouterr()
    head, *rows = out.splitlines()
    assert head.split() == ["PROBE", "YES", "MEANS", "AUC", "THRESHOLD", "MISSED", "NEEDLESS"]
    assert [row.split()[0] for row in rows] == list(PROBES)
    assert [line.partition(":")[0] for line in err.splitlines()] == [*PROBES, "mine is calibrated"]
    assert str(stored.path_of("abc")) in err
    assert set(stored.known("abc").values) == set(PROBES)


@pytest.mark.soak
def test_a_real_model_is_calibrated(cli, small_model: Path) -> None:
    ran = cli("models", "calibrate", "smollm2-135m")
    assert ran.code == 0
    [path] = stored.path_of("").parent.iterdir()
    assert stored.known(path.stem).origin == "calibrated"


def test_a_backend_without_weights_cannot_be_calibrated(cli, script) -> None:
    ran = cli("models", "calibrate", script("Hi"))
    assert ran.code == 2
    assert ran.err == "error: scripted has no weights that a calibration could belong to; name a GGUF file.\n"


def test_without_a_name_the_model_that_is_set_is_calibrated(cli, script, monkeypatch) -> None:
    monkeypatch.setenv("AGENTX_MODEL", script("Hi"))
    ran = cli("models", "calibrate")
    assert (ran.code, "scripted has no weights" in ran.err) == (2, True)


def test_an_unknown_model_is_a_sentence(cli) -> None:
    ran = cli("models", "calibrate", "no-such-model")
    assert ran.code == 4
    assert ran.err.startswith("error: No model `no-such-model`")


def test_the_doctor_says_whether_a_model_is_calibrated(cli, monkeypatch) -> None:
    assert "ok    calibration: shipped" in cli("doctor").out
    monkeypatch.setenv("AGENTX_MODEL", "smollm2-135m")
    ran = cli("doctor")
    assert ran.code == 0
    assert (
        "warn  calibration: none for this model, safe defaults are used; run `agentx models calibrate smollm2-135m`."
        in ran.out
    )
    identity = catalog.load().get("smollm2-135m").files[0].sha256
    path = stored.keep(identity, "smollm2-135m", [Row("relevance", 1.0, 0.7, 0, 1, 0, 1)])
    assert "ok    calibration: measured here" in cli("doctor").out
    path.write_text("{")
    assert f"warn  calibration: The calibration {path} cannot be read" in cli("doctor").out
