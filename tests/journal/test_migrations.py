import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agentx.errors import StorageError
from agentx.events import StepStarted
from agentx.journal import SCHEMA_VERSION, Journal
from agentx.journal.schema import POSTGRESQL_STEPS, SQLITE_STEPS
from tests.core.test_journal import EVENTS
from tests.journal.conftest import open_at
from tests.journal.server import Server

V1 = Path(__file__).with_name("v1.sql")
ENDED, CRASHED, EMPTY = "20260101-000000-aaaa", "20260101-000001-bbbb", "trip"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript(V1.read_text("utf-8"))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return path


def ask(path: Path, sql: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def is_whole(path: Path) -> None:
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "PRAGMA foreign_key_check") == []
    with Journal(path) as journal:
        assert [row.id for row in journal.sessions()] == [EMPTY, CRASHED, ENDED]
        assert [row.status for row in journal.sessions()] == ["failed", "running", "ok"]
        assert [row.steps for row in journal.sessions()] == [0, 1, 1]
        assert [bool(row.ended) for row in journal.sessions()] == [True, False, True]
        assert journal.session(ENDED).task == "odd \\ud800 täsk"
        assert journal.events(ENDED) == EVENTS
        assert journal.events(CRASHED) == EVENTS[:9]
        assert [journal.result(name) for name in (ENDED, CRASHED, EMPTY)] == [{"a": [1, None]}, None, None]
        assert {hit.session.id for hit in journal.search("the whole text")} == {ENDED}


def test_each_released_version_has_a_file_here() -> None:
    released = sorted(path.stem for path in Path(__file__).parent.glob("v*.sql"))
    assert released == [f"v{number}" for number in range(1, SCHEMA_VERSION)]
    assert len(POSTGRESQL_STEPS) == len(SQLITE_STEPS) == SCHEMA_VERSION


def test_a_journal_of_version_1_is_brought_up_to_date(old: Path) -> None:
    Journal(old).close()
    assert ask(old, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    is_whole(old)


def test_a_migrated_file_is_laid_out_as_a_new_one(old: Path, tmp_path: Path) -> None:
    Journal(old).close()
    Journal(tmp_path / "new.sqlite3").close()
    layout = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"
    migrated, fresh = (
        [(*names, " ".join(str(sql).split())) for *names, sql in ask(path, layout)]
        for path in (old, tmp_path / "new.sqlite3")
    )
    assert migrated == fresh


def test_an_older_process_that_has_the_file_open_can_go_on(old: Path) -> None:
    older = sqlite3.connect(old, isolation_level=None)
    assert older.execute("SELECT count(*) FROM events").fetchone() == (24,)
    Journal(old).close()
    older.execute(
        "INSERT INTO sessions (id, created, workspace, model, task) VALUES ('x', '2026-01-02', '/w', 'm', 't')"
    )
    older.execute("INSERT INTO events SELECT 'x', 1, '', 'StepStarted', ?", ('{"kind": "StepStarted", "number": 1}',))
    older.execute("UPDATE sessions SET steps = steps + 1, status = 'ok', result = '1' WHERE id = 'x'")
    older.close()
    with Journal(old) as journal:
        assert (journal.events("x"), journal.session("x").steps, journal.result("x")) == ([StepStarted(1)], 1, 1)


def test_many_processes_migrate_one_file(old: Path) -> None:
    code = "import sys; from agentx.journal import Journal; print(len(Journal(sys.argv[1]).sessions()))"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(old)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [run.communicate() for run in runs] == [("3\n", "")] * 4
    is_whole(old)


def reached(path: Path, at: str) -> list[str]:
    """The points that a migration has come by, in a process of its own that is killed at one of them."""
    code = (
        "import os, sys; from agentx.journal.sqlite import SqliteDatabase\n"
        "def reached(label):\n"
        "    print(label, flush=True)\n"
        "    if label == sys.argv[2]: os.kill(os.getpid(), 9)\n"
        "SqliteDatabase(sys.argv[1], reached=reached)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path), at], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (-9 if at else 0, "")
    return ran.stdout.splitlines()


def test_whoever_is_killed_in_a_migration_leaves_one_version_or_the_other(old: Path, tmp_path: Path) -> None:
    content = old.read_bytes()
    labels = reached(old, "")
    assert [labels[0], *labels[-2:]] == ["before migration", "before the migration's commit", "after migration"]
    assert len(labels) == 3 + len(SQLITE_STEPS[1])
    for number, label in enumerate(labels):
        path = tmp_path / f"{number}.sqlite3"
        path.write_bytes(content)
        assert reached(path, label)[-1] == label
        assert ask(path, "PRAGMA user_version") == [(2 if label == "after migration" else 1,)]
        is_whole(path)


def test_a_newer_schema_on_a_server_is_refused(server: Server) -> None:
    url = server.new_database()
    with open_at(url) as journal, journal.database.writing(durable=True) as run:
        run("UPDATE agentx_schema SET version = 99")
    with pytest.raises(StorageError, match=r"newer AgentX \(schema 99.*AGENTX_JOURNAL_URL"):
        open_at(url)
