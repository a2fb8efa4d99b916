from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_CACHE_DIR", str(tmp_path / "cache"))


def test_a_sound_machine_is_told_so(cli, tmp_path: Path) -> None:
    ran = cli("doctor")
    assert ran.code == 0
    for subject in (
        "python",
        "cpu",
        "memory",
        "llama-cpp-python",
        "compiler",
        "cache folder",
        "model",
        "sandbox",
        "plugins",
    ):
        assert f" {subject}: " in ran.out
    assert "AgentX can run here." in ran.out
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written_blocks(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "file"))
    ran = cli("doctor")
    assert ran.code == 1
    assert f"bad   data folder: {tmp_path / 'file'} cannot be written; set AGENTX_DATA_DIR to another." in ran.out


def test_bad_settings_block_and_are_told_of_once(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_MAX_STEPS", "many")
    ran = cli("doctor")
    assert ran.code == 1
    assert ran.out.count("must be a whole number") == 1


def test_a_model_that_is_not_there_blocks(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_MODEL", "/nowhere/m.gguf")
    ran = cli("doctor")
    assert ran.code == 1
    assert "bad   model: " in ran.out
    assert "/nowhere/m.gguf" in ran.out


def test_a_damaged_journal_blocks(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path))
    (tmp_path / "sessions.sqlite3").write_bytes(b"no database" * 1000)
    ran = cli("doctor")
    assert ran.code == 1
    assert "bad   journal: " in ran.out


def test_where_a_model_can_be_had_is_told_so_that_it_can_be_copied(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setenv("HOME", str(Path.cwd()))
    monkeypatch.setenv("AGENTX_MODEL", "qwen3-1.7b")
    shown = cli("doctor").out
    assert "warn  model: qwen3-1.7b is not here" in shown
    assert "ok    source: hub: " in shown and "/Qwen/Qwen3-1.7B-GGUF/resolve/main/Qwen3-1.7B-Q8_0.gguf" in shown
    assert "ok    source: a GGUF file of yours: `agentx config set model PATH`" in shown
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example.org")
    assert "source: mirror (HF_ENDPOINT): https://mirror.example.org/Qwen/" in cli("doctor").out
