import os
from pathlib import Path

import pytest

from agentx import changes
from agentx.changes import changed, look


def test_created_changed_and_deleted_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "same.txt").write_text("a")
    (tmp_path / "edited.txt").write_text("a")
    (tmp_path / "gone.txt").write_text("a")
    before = look(tmp_path)
    (tmp_path / "edited.txt").write_text("ab")
    (tmp_path / "gone.txt").unlink()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "new.txt").write_text("a")
    assert changed(before, look(tmp_path)) == ["deep/new.txt", "edited.txt", "gone.txt"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert look(tmp_path / "none").files == {}


def test_a_file_that_was_written_as_it_was_has_not_changed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    before = look(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    assert changed(before, look(tmp_path)) == []
    (tmp_path / "a.txt").write_text("b")
    assert changed(before, look(tmp_path)) == ["a.txt"]


def test_of_a_file_that_is_too_large_its_time_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_FILE_BYTES", 10)
    (tmp_path / "large").write_text("a" * 11)
    before = look(tmp_path)
    assert changed(before, look(tmp_path)) == []
    os.utime(tmp_path / "large", ns=(1, 1))
    assert changed(before, look(tmp_path)) == ["large"]


def test_what_is_beyond_the_limit_of_all_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_BYTES", 10)
    for name in "abc":
        (tmp_path / name).write_text("x" * 4)
    assert sorted(image.content or b"" for image in look(tmp_path).files.values()) == [b"", b"xxxx", b"xxxx"]


def test_links_are_seen_and_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "secret").write_text("hidden")
    (folder / "file").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    before = look(folder)
    assert {path: image.content for path, image in before.files.items()} == dict.fromkeys(["file", "folder", "pipe"])
    (folder / "file").unlink()
    (folder / "file").write_text("x" * len(str(tmp_path / "secret")))
    assert changed(before, look(folder)) == ["file"]


def test_what_was_not_touched_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    look(tmp_path)
    (tmp_path / "a.txt").write_text("c")
    read: list[str] = []
    monkeypatch.setattr(changes, "_content", lambda name, folder: read.append(name) or b"")
    assert look(tmp_path).files["b.txt"].content == b"b"
    assert read == ["a.txt"]


def test_what_was_not_looked_at_counts_as_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / f"{number}.txt").touch()
    monkeypatch.setattr(changes, "MAX_FILES", 3)
    part = look(tmp_path)
    assert len(part.files) == 3 and not part.whole
    monkeypatch.undo()
    assert changed(part, look(tmp_path)) == changed(look(tmp_path), part) == []
