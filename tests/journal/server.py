"""A PostgreSQL server of the test's own, from Debian's package: in a new folder, reached by a socket there."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SUPERUSER = "agentx"


def programs() -> Path | None:
    """The folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


class Server:
    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self._folder, self._programs, self._user = folder, programs, user
        self._count = 0

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            user=self._user,
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=150,
        )

    def start(self) -> None:
        # A test's machine is not switched off.
        options = f"-c fsync=off -c listen_addresses= -c unix_socket_directories={self._folder} -c max_connections=40"
        data, log = str(self._folder / "data"), str(self._folder / "log")
        self.run("pg_ctl", "-D", data, "-w", "-t", "120", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")

    def new_database(self) -> str:
        """The URL of an empty one: a schema, which costs less than a database."""
        self._count += 1
        name = f"journal_{self._count}"
        self.run("psql", "-h", str(self._folder), "-U", SUPERUSER, "-d", "postgres", "-c", f"CREATE SCHEMA {name}")
        return f"postgresql+psycopg://{SUPERUSER}@/postgres?host={self._folder}&options=-csearch_path%3D{name}"


@contextmanager
def serving() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL server; Debian's package `postgresql` brings one")
    user = _unprivileged() if os.getuid() == 0 else None
    if os.getuid() == 0 and user is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no other user")
    # Not pytest's own folder: root's may be closed to the server's user, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="agentx-postgresql-"))
    server = Server(folder, found, user)
    try:
        if user:
            shutil.chown(folder, user)
        server.run("initdb", "-D", str(folder / "data"), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None
