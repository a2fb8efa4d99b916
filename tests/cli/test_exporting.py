"""Sessions as files: every format by its names, and no file written over another."""

import json
from pathlib import Path

import pytest

from agentx.cli import exporting
from agentx.errors import UsageError
from agentx.events import Answered, RunFinished, RunStarted
from agentx.journal import Journal
from agentx.messages import Usage


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "sessions.sqlite3")


def session(journal: Journal, session_id: str | None = None) -> str:
    name = journal.create_session(workspace="/w", model="m", task="say <b>hi</b>", session_id=session_id)
    journal.append(name, RunStarted(name, "say <b>hi</b>", "m", "auto", [], "/w"))
    journal.append(name, Answered("hi \ud800"))
    journal.append(name, RunFinished("ok", "hi", None, 1, Usage()))
    return name


def test_json_means_json_lines_and_there_is_no_other_format() -> None:
    assert [exporting.named(word) for word in ("md", "html", "jsonl", "json", "markdown")] == [
        "md", "html", "jsonl", "jsonl", "md",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="no format `pdf`; the formats are: jsonl, md, html"):
        exporting.named("pdf")


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_a_second_export_stands_beside_the_first(form: str, journal: Journal, tmp_path: Path) -> None:
    name = session(journal)
    first, second = (exporting.new_file(journal, name, form, tmp_path) for _ in range(2))
    assert first.name == f"session-{name}{exporting.FORMATS[form][0]}" and first != second
    assert first.read_bytes() == second.read_bytes() == exporting.encoded(exporting.lines(journal, name, form))
    if form == "jsonl":
        assert [json.loads(line)["number"] for line in first.read_text().splitlines()[1:]] == [1, 2, 3]
    if form == "html":
        assert "<b>hi" not in first.read_text()


def test_an_odd_id_is_no_path(journal: Journal, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = exporting.new_file(journal, session(journal, "../x/y"), "md", folder)
    assert path.parent == folder and path.exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(journal: Journal, tmp_path: Path) -> None:
    name = session(journal)
    with pytest.raises(UsageError, match="cannot be written"):
        exporting.new_file(journal, name, "md", tmp_path / "none")
