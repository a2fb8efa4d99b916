"""`agentx models calibrate`, and what `agentx doctor` says of it."""

from pathlib import Path

from agentx.planner.calibration import stored
from agentx.planner.calibration.choice import Row
from agentx.planner.probes import PROBES


def test_a_model_is_calibrated_with_a_table_and_kept(cli, small_model: Path) -> None:
    ran = cli("models", "calibrate", "smollm2-135m")
    assert ran.code == 0
    head, *rows = ran.out.splitlines()
    assert head.split() == ["PROBE", "YES", "MEANS", "AUC", "THRESHOLD", "MISSED", "NEEDLESS"]
    assert [row.split()[0] for row in rows] == list(PROBES)
    for name in PROBES:
        assert f"{name}: " in ran.err
    [path] = list((stored.path_of("x").parent).iterdir())
    assert str(path) in ran.err
    known = stored.known(path.stem)
    assert known.origin == "calibrated"
    assert set(known.values) == set(PROBES)


def test_a_backend_without_weights_cannot_be_calibrated(cli, script) -> None:
    ran = cli("models", "calibrate", script("Hi"))
    assert ran.code == 2
    assert ran.err == "error: scripted has no weights that a calibration could belong to; name a GGUF file.\n"


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
    from agentx.models import catalog

    identity = catalog.load().get("smollm2-135m").files[0].sha256
    path = stored.keep(identity, "smollm2-135m", [Row("relevance", 1.0, 0.7, 0, 1, 0, 1)])
    assert "ok    calibration: measured here" in cli("doctor").out
    path.write_text("{")
    assert f"warn  calibration: The calibration {path} cannot be read" in cli("doctor").out
