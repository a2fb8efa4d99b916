from pathlib import Path

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
    assert look(tmp_path / "none") == {}
