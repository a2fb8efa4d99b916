import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agentx.decoding.snapshots import Snapshots, SnapshotStore


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("AGENTX_KV_CACHE_BYTES")
    return tmp_path / "cache" / "kv"


@pytest.fixture
def stored(cache: Path) -> Path:
    """Two snapshots, the second used last, and what a killed writer left."""
    store = SnapshotStore(Snapshots(cache, "weights", "small-model"), {"build": "1"})
    for i, tokens in enumerate(([1] * 200, [2] * 300)):
        store.save(tokens, memoryview(bytes(1_000_000 * (i + 1))))
        os.utime(store.path(tokens), (1_700_000_000 + i, 1_700_000_000 + i))
    (cache / ".writing-abc").write_bytes(bytes(500_000))
    os.utime(cache / ".writing-abc", (1_600_000_000, 1_600_000_000))
    return cache


def test_the_list_has_a_row_for_each_file_the_latest_used_first(cli: Callable, stored: Path) -> None:
    ran = cli("cache", "list")
    rows = [line.split() for line in ran.out.splitlines()]
    assert ran.code == 0
    assert rows[0] == ["MODEL", "CONTENT", "TOKENS", "SIZE", "LAST", "USE", "FILE"]
    assert [row[:5] for row in rows[1:3]] == [
        ["small-model", "prompt", "300", "2.0", "MB"],
        ["small-model", "prompt", "200", "1.0", "MB"],
    ]
    assert rows[3][1] == "unfinished"
    assert "3.5 MB of at most 2.15 GB" in ran.err


def test_the_list_as_json_has_an_object_a_line(cli: Callable, stored: Path) -> None:
    objects = [json.loads(line) for line in cli("cache", "list", "--json").out.splitlines()]
    assert [item["tokens"] for item in objects] == [300, 200, 0]
    assert objects[0]["model"] == "small-model"
    assert objects[0]["last_use"] == "2023-11-14T22:13:21+00:00"
    assert Path(objects[0]["file"]).stat().st_size == objects[0]["bytes"]


def test_clear_deletes_all_of_it_and_tells_what_was_freed(cli: Callable, stored: Path) -> None:
    assert cli("cache", "clear").out == "Freed 3.5 MB (3 files).\n"
    assert list(stored.iterdir()) == []
    assert cli("cache", "clear").out == "Freed 0 kB (0 files).\n"


def test_clear_as_json(cli: Callable, stored: Path) -> None:
    freed = cli("cache", "clear", "--json").object
    assert freed["files"] == 3
    assert freed["bytes"] > 3_500_000


def test_looking_at_an_empty_cache_makes_no_folder(cli: Callable, cache: Path) -> None:
    ran = cli("cache", "list")
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    assert cli("cache", "list", "--json").out == ""
    assert not cache.exists()


def test_files_of_others_are_neither_shown_nor_deleted(cli: Callable, stored: Path) -> None:
    (stored / "notes.txt").write_text("mine")
    (stored / "folder.kv").mkdir()
    assert "notes" not in cli("cache", "list").out
    cli("cache", "clear")
    assert sorted(path.name for path in stored.iterdir()) == ["folder.kv", "notes.txt"]


def test_a_damaged_file_is_listed_and_cleared(cli: Callable, stored: Path) -> None:
    (stored / "0123.kv").write_bytes(b"\x1b[31mno snapshot")
    assert "?" in cli("cache", "list").out
    assert cli("cache", "clear").out == "Freed 3.5 MB (4 files).\n"


def test_a_cap_that_is_no_number_is_refused(cli: Callable, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_KV_CACHE_BYTES", "lots")
    ran = cli("cache", "list")
    assert ran.code == 78
    assert "AGENTX_KV_CACHE_BYTES is `lots`" in ran.err


def test_no_verb_shows_the_help(cli: Callable, cache: Path) -> None:
    ran = cli("cache")
    assert "clear" in ran.out + ran.err
