"""Which adapter a model runs under by default: bound to its weights and to the adapter's bytes, and taken back."""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from agentx.cli.models import app
from agentx.errors import StorageError, UsageError
from agentx.models import default_adapters
from agentx.models.default_adapters import Passed, history, identity_of, known, of_model, path_of, put, roll_back


def passed(path: Path, text: str = "adapter") -> Passed:
    path.write_text(text)
    return Passed(
        str(path), hashlib.sha256(text.encode()).hexdigest(), "2026-01-01T00:00:00+00:00", "tasks 0 to 5 of 5"
    )


@pytest.fixture
def adapter(tmp_path: Path, own_folders: None) -> Passed:
    made = passed(tmp_path / "a.gguf")
    put("weights", "m", made)
    return made


def test_a_default_belongs_to_the_weights_it_was_set_for(adapter: Passed) -> None:
    assert known("weights").adapter == adapter
    assert known("other").adapter is None and known("").adapter is None


def test_a_file_that_has_changed_or_is_gone_is_left_out_and_told_of(adapter: Passed) -> None:
    Path(adapter.path).write_text("another")
    changed = known("weights", "m")
    assert changed.adapter is None and changed.problem == (
        f"The default adapter {adapter.path} has changed since it passed the gate, and is left out; run the gate on it "
        "again or `agentx tune rollback m`."
    )
    Path(adapter.path).unlink()
    assert "is gone, and is left out" in (known("weights").problem or "")
    Path(adapter.path).write_text("adapter")
    assert known("weights").adapter == adapter


def test_rolling_back_keeps_what_was_undone(adapter: Passed, tmp_path: Path) -> None:
    second = passed(tmp_path / "b.gguf", "second")
    put("weights", "m", second)
    put("weights", "m", second)
    assert roll_back("weights", "m") == (second, adapter)
    assert known("weights").adapter == adapter
    assert roll_back("weights", "m") == (adapter, None)
    assert known("weights").adapter is None
    assert history("weights") == ([], [second, adapter])
    with pytest.raises(UsageError, match="nothing to roll back: m has no default adapter"):
        roll_back("weights", "m")


def test_two_that_set_a_default_at_once_undo_nothing_of_each_other(
    adapter: Passed, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = default_adapters._read

    def slowly(identity: str) -> Any:
        record = read(identity)
        time.sleep(0.05)
        return record

    monkeypatch.setattr(default_adapters, "_read", slowly)
    others = [replace(adapter, sha256=f"{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: put("weights", "m", each), others))
    assert {each.sha256 for each in history("weights")[0]} == {adapter.sha256, *"0123"}


def test_a_record_that_another_process_holds_for_long_is_told_of(
    adapter: Passed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_adapters, "_LOCK_S", 0.1)
    with (
        FileLock(path_of("weights").with_suffix(".lock")),
        pytest.raises(StorageError, match="Another process changes the default adapter"),
    ):
        roll_back("weights", "m")
    assert roll_back("weights", "m") == (adapter, None)


def test_a_record_that_is_damaged_is_told_of_and_not_written_over(adapter: Passed) -> None:
    path_of("weights").write_text("{")
    assert "cannot be read" in (known("weights").problem or "")
    with pytest.raises(StorageError, match="mend or delete it"):
        put("weights", "m", adapter)
    assert path_of("weights").read_text() == "{"


def test_a_model_is_known_by_what_a_user_calls_it(adapter: Passed, tmp_path: Path) -> None:
    identity = identity_of("smollm2-135m")
    assert len(identity) == 64 and identity_of(None) != identity
    put(identity, "smollm2-135m", adapter)
    assert of_model("smollm2-135m").adapter == adapter
    assert of_model(None).adapter is None
    assert identity_of("no-such-model") == identity_of("scripted:x.json") == identity_of(str(tmp_path / "x.gguf")) == ""


def test_the_list_of_models_shows_it(make_store, adapter: Passed) -> None:
    store = make_store()

    def listed() -> list[str]:
        return CliRunner().invoke(app, ["list"], obj=store).stdout.splitlines()

    assert "ADAPTER" not in listed()[0]
    put(store.catalog.default.files[0].sha256, "tiny", adapter)
    assert "ADAPTER" in listed()[0] and listed()[1].split()[-1] == adapter.path
    Path(adapter.path).unlink()
    assert listed()[1].split()[-1] == "unusable"


def test_what_is_kept_is_plain_json(adapter: Passed) -> None:
    assert json.loads(path_of("weights").read_text())["stack"][0]["sha256"] == adapter.sha256
