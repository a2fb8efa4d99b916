"""What is particular to a journal at a URL."""

import threading
from pathlib import Path

import pytest

from agentx.errors import ConfigError, StorageError
from agentx.events import CallStarted, Notice
from agentx.journal import Journal
from agentx.messages import ToolCall
from tests.journal.server import Server, serving


def new(journal: Journal) -> str:
    return journal.create_session(workspace="/w", model="m", task="t")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("not a url", "journal_url cannot be read"),
        ("mysql://u@h/d", "of kind `mysql`; a journal can be on postgresql or sqlite"),
        ("postgresql+nosuch://u@h/d", "journal_url cannot be used"),
    ],
)
def test_a_url_that_names_no_journal_is_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Journal.at(url)


def test_a_server_that_is_not_there_is_one_sentence_without_the_password() -> None:
    with pytest.raises(StorageError, match="check the server, or set AGENTX_JOURNAL_URL") as failed:
        Journal.at("postgresql://me:hunter2@127.0.0.1:1/d")
    assert "hunter2" not in str(failed.value)


def test_a_file_is_the_same_by_its_path_and_by_its_url(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    with Journal(path) as direct, Journal.at(f"sqlite:///{path}") as other:
        session = new(direct)
        assert other.append(session, Notice("a")) == 1
        assert direct.append(session, Notice("b")) == 2
        assert other.events(session) == direct.events(session) == [Notice("a"), Notice("b")]
        with other.lease(session):
            assert direct.is_held(session)


def test_postgresql_without_a_driver_means_the_one_of_the_extra(server: Server) -> None:
    with Journal.at(server.new_database().replace("+psycopg", "")) as journal:
        assert journal.sessions() == []


def test_a_server_that_was_away_is_reached_again() -> None:
    with serving() as server, Journal.at(server.new_database()) as journal:
        session = new(journal)
        journal.append(session, CallStarted(ToolCall("c", "t", {})))
        server.stop()
        with pytest.raises(StorageError, match="check the server"):
            journal.append(session, Notice("lost"))
        server.start()
        assert journal.append(session, Notice("again")) == 2
        assert journal.events(session) == [CallStarted(ToolCall("c", "t", {})), Notice("again")]


def test_intent_and_result_rows_wait_for_the_disk(server: Server) -> None:
    with Journal.at(server.new_database()) as journal:
        for durable in (True, False):
            with journal.database.writing(durable=durable) as run:
                assert run("SHOW synchronous_commit") == [("on" if durable else "off",)]


def test_one_session_is_written_by_many_connections(server: Server) -> None:
    url = server.new_database()
    with Journal.at(url) as journal:
        session = new(journal)

    def write() -> None:
        with Journal.at(url) as mine:
            for _ in range(50):
                mine.append(session, Notice("n"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Journal.at(url) as journal:
        assert [number for number, _ in journal.numbered(session)] == list(range(1, 201))
