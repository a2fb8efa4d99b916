from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentx.journal import Journal
from tests.journal.server import Server, serving

BACKENDS = ["sqlite", "sqlalchemy-sqlite", "sqlalchemy-postgresql"]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


@pytest.fixture(params=BACKENDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A path or a URL at which there is no journal yet."""
    path = tmp_path / "data" / "sessions.sqlite3"
    if request.param == "sqlite":
        return str(path)
    if request.param == "sqlalchemy-sqlite":
        return f"sqlite:///{path}"
    return request.getfixturevalue("server").new_database()


def open_at(where: str) -> Journal:
    return Journal.at(where) if "://" in where else Journal(where)


@pytest.fixture
def opened(where: str) -> Iterator[Callable[[], Journal]]:
    """Opens the journal, once more each time."""
    journals: list[Journal] = []

    def open_journal() -> Journal:
        journals.append(open_at(where))
        return journals[-1]

    yield open_journal
    for journal in journals:
        journal.close()


@pytest.fixture
def journal(opened: Callable[[], Journal]) -> Journal:
    return opened()
