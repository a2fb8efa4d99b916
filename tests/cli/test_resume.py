"""`agentx run --resume`: sessions killed for real, and what goes on from them."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from agentx.cli import resuming
from agentx.cli.setup import Options
from agentx.events import RunStarted
from agentx.journal import Journal
from tests.cli.conftest import COMMAND, answer, calls, process

WRITES = 3


@pytest.fixture
def begun(script: Any, tmp_path: Path) -> Any:
    """Starts a run of several writes in a process; gives what starts it and the environment."""
    work = tmp_path / "work"
    work.mkdir()
    steps = [calls(f'write_file(path="{number}.txt", text="{number}")') for number in range(WRITES)]
    model = script(*steps, answer("All are written."))
    env = {"AGENTX_DATA_DIR": str(tmp_path / "data"), "AGENTX_STRATEGY": "react"}
    argv = ["run", "Write the files.", "--model", model, "--tool", "write_file", "--allow", "all"]
    return [*argv, "--workspace", str(work)], env, work


def session_of(env: dict[str, str]) -> str:
    return process("sessions", "list", env=env).out.splitlines()[1].split()[0]


def resumed(env: dict[str, str], work: Path, *more: str, session: str = "last") -> Any:
    return process("run", "--resume", session, "--workspace", str(work), "--json", *more, env=env)


def test_a_run_that_ended_prints_its_answer_again(begun: Any) -> None:
    argv, env, work = begun
    first = process(*argv, env=env)
    assert (first.code, first.out) == (0, "All are written.\n")
    again = process("run", "--resume", "last", "--workspace", str(work), env=env)
    assert (again.code, again.out) == (0, "All are written.\n")
    as_json = json.loads(resumed(env, work, session=session_of(env)).out)
    assert as_json["status"] == "ok" and len(as_json["calls"]) == WRITES


def test_a_run_without_an_approval_goes_on_with_it(begun: Any) -> None:
    argv, env, work = begun
    argv = [part for part in argv if part not in ("--allow", "all")]
    assert process(*argv, env=env).code == 3
    result = resumed(env, work, "--allow", "write_file")
    assert result.code == 0 and result.object["output"] == "All are written."
    assert [call["arguments"]["path"] for call in result.object["calls"]] == ["0.txt", "1.txt", "2.txt"]
    assert [path.name for path in sorted(work.iterdir())] == ["0.txt", "1.txt", "2.txt"]


def test_options_of_the_session_cannot_be_typed_anew(begun: Any) -> None:
    argv, env, work = begun
    process(*argv, env=env)
    words = [["--strategy", "direct"], ["--model", "x"], ["--instructions", "Be brief."], ["--tool", "now"]]
    for typed in [*words, ["--temperature", "0"], ["--seed", "0"], ["--instructions", ""]]:
        result = resumed(env, work, *typed)
        assert result.code == 2 and typed[0] in result.err and "leave it out" in result.err
    assert "leave --workspace out" in resumed(env, work.parent, session=session_of(env)).err


def test_a_limit_of_zero_is_no_limit_of_the_session(begun: Any) -> None:
    argv, env, work = begun
    process(*argv, env=env)
    for option, name in (("--max-steps", "max_steps"), ("--timeout", "timeout_s"), ("--threads", "threads")):
        result = resumed(env, work, option, "0")
        assert result.code == 2 and f"`{name}` must be" in result.err


def test_what_was_denied_since_a_session_began_is_denied_in_it(begun: Any) -> None:
    argv, env, work = begun
    argv = [part for part in argv if part not in ("--allow", "all")]
    assert process(*argv, "--deny", 'write_file(path="1.txt")', env=env).code == 3
    assert process("config", "set", "deny", 'write_file(path="0.txt")', env=env).code == 0
    result = resumed(env, work, "--allow", "write_file")
    assert result.code == 0 and result.object["output"] == "All are written."
    assert [path.name for path in work.iterdir()] == ["2.txt"]


def began(tools: list[str], workspace: Path, model: str = "smollm2-135m") -> Any:
    """The setup of a session that was begun with these tools and this model, and goes on."""
    with Journal.default() as journal:
        session = journal.create_session(workspace=workspace, model=model, task="t")
        journal.append(session, RunStarted(session, "t", model, "react", tools, str(workspace), {}))
    return resuming.find(session, Options()).setup


def test_a_session_goes_on_with_the_tools_that_it_was_begun_with_be_they_none(tmp_path: Path) -> None:
    assert [tool.name for tool in began(["now", "glob"], tmp_path).tools] == ["now", "glob"]
    assert began([], tmp_path).tools == []


def test_a_model_is_called_as_the_journal_calls_it(tmp_path: Path) -> None:
    for model in ("smollm2-135m", "./older.gguf", f"{tmp_path}/newer.gguf"):
        assert began([], tmp_path, model).settings.model == model


def test_what_cannot_be_resumed_is_a_sentence(begun: Any) -> None:
    _, env, work = begun
    nothing = resumed(env, work)
    assert nothing.code == 2 and "There is no session of" in nothing.err
    unknown = resumed(env, work, session="20200101-000000-abcd")
    assert unknown.code == 2 and "no session `20200101-000000-abcd`" in unknown.err
    assert json.loads(unknown.out)["status"] == "failed"
    missing = process("run", env=env)
    assert missing.code == 2 and "TASK is missing" in missing.err


def test_in_doubt_takes_two_words(begun: Any) -> None:
    argv, env, _ = begun
    result = process(*argv, "--in-doubt", "maybe", env=env)
    assert result.code == 2 and "--in-doubt is happened or again" in result.err


def test_a_session_that_a_process_is_at_work_on_is_not_resumed(script: Any, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    program = "import time\ntime.sleep(30)"
    model = script(calls(f"python(code={json.dumps(program)})"), answer("Done."))
    env = {"AGENTX_DATA_DIR": str(tmp_path / "data"), "AGENTX_STRATEGY": "react"}
    argv = ["run", "Sleep.", "--model", model, "--tool", "python", "--allow", "all", "--workspace", str(work)]
    started = subprocess.Popen(
        [*COMMAND, *argv], env=os.environ | env, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert started.stderr
        while "→ python" not in (line := started.stderr.readline()):
            assert line
        busy = resumed(env, work)
        assert busy.code == 2 and "process" in busy.err
    finally:
        started.send_signal(signal.SIGKILL)
        started.wait()
    # The program had changed nothing: it is made again, and killed again.
    time.sleep(0.2)
    again = subprocess.run(
        [*COMMAND, "run", "--resume", "last", "--workspace", str(work), "--timeout", "3"],
        env=os.environ | env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert again.returncode == 124, again.stderr
    assert "is made again: the workspace is as it was" in again.stderr


def test_a_session_is_resumed_rewound_undone_and_replayed_by_its_verbs(begun: Any) -> None:
    argv, env, work = begun
    assert process(*argv, env=env).code == 0
    name = session_of(env)
    assert process("sessions", "resume", name, env=env).out == "All are written.\n"
    replayed = process("sessions", "replay", name, "--speed", "0", env=env)
    assert (
        replayed.code == 0 and "task: Write the files." in replayed.out and "answer: All are written." in replayed.out
    )
    checked = process("sessions", "replay", name, "--check", env=env)
    assert checked.code == 0 and checked.out.startswith("1 tasks, ") and "all the same" in checked.out
    assert process("sessions", "undo", name, env=env).out == "2.txt is as it was\n"
    assert not (work / "2.txt").exists()
    rewound = process("sessions", "rewind", name, env=env)
    assert rewound.code == 0 and rewound.out.splitlines() == ["1.txt is as it was", "0.txt is as it was"]
    assert list(work.iterdir()) == []
    again = process("sessions", "undo", name, env=env)
    assert again.code == 2 and "no change that can be taken back" in again.err
    assert process("sessions", "rewind", name, "--to", "999", env=env).code == 2


def test_a_session_that_was_rewound_to_its_beginning_takes_a_task(begun: Any) -> None:
    argv, env, work = begun
    process(*argv, env=env)
    rewound = process("sessions", "rewind", "last", env=env, cwd=work)
    assert rewound.code == 0 and not list(work.iterdir())
    nothing = resumed(env, work)
    assert nothing.code == 2 and "give it a new one" in nothing.err
    again = process("run", "Write them now.", "--resume", "last", "--workspace", str(work), env=env)
    assert (again.code, again.out) == (0, "All are written.\n")


def test_an_empty_session_is_none(begun: Any) -> None:
    argv, env, work = begun
    result = process(*argv, "--resume", "", env=env)
    assert result.code == 2 and not list(work.iterdir())
    assert "no session ``" in process("run", "Do it.", "--resume", "", env=env).err
