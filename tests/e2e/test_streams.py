import subprocess
from pathlib import Path

import pytest

from agentx.journal import Journal
from tests.cli.conftest import COMMAND, Ran, answer, environment, process
from tests.e2e.conftest import fails

CLOSED = "error: stdout is closed, so that nothing can be written there; send it to a file or to /dev/null\n"


def shell(redirections: str, *argv: str, **env: str) -> Ran:
    """The command with these redirections behind it, as a shell makes them; fd 3 is the stdout of the whole."""
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; {{ "$@" {redirections}; }} 3>&1', "bash", *COMMAND, *argv],
        capture_output=True,
        text=True,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("form", [[], ["--json"], ["--stream-json"]])
def test_a_closed_stdout_is_a_sentence(script, form: list[str]) -> None:
    fails(shell(">&-", "run", "t", "--model", script(answer("fine")), *form), 1, CLOSED.strip())


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["tools", "list"], ["models", "list"], ["config", "show"]])
def test_every_verb_tells_of_a_closed_stdout(argv: list[str]) -> None:
    ran = shell(">&-", *argv)
    assert (ran.code, ran.err) == (1, CLOSED)


def test_what_writes_nothing_to_stdout_does_not_miss_it(tmp_path: Path) -> None:
    ran = shell(">&-", "config", "set", "max_steps", "3", AGENTX_CONFIG_DIR=str(tmp_path))
    assert ran.code == 0
    assert "max_steps = 3" in (tmp_path / "config.toml").read_text()


@pytest.mark.parametrize("redirections", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_an_answer_does_not_depend_on_who_hears_the_narration(script, redirections: str) -> None:
    ran = shell(redirections, "run", "t", "--model", script(answer("fine")))
    assert (ran.code, ran.out, ran.err) == (0, "fine\n", "")


def test_a_reader_of_the_narration_may_leave(script) -> None:
    ran = shell("2>&1 >&3 3>&- | head -1 >/dev/null", "run", "t", "--model", script(answer("fine")), "--json")
    assert ran.object["output"] == "fine"


def test_all_streams_closed_harm_no_file(script) -> None:
    assert shell("<&- >&- 2>&-", "run", "t", "--model", script(answer("fine"))).code == 1
    with Journal.default() as journal:
        [row] = journal.sessions()
        assert row.status == "ok"


def test_a_reader_that_leaves_a_stream_of_events_ends_the_run_without_a_word(script) -> None:
    ran = shell("| head -1", "run", "t", "--model", script(answer("fine")), "--stream-json")
    assert ran.code == 1
    assert ran.out.count("\n") == 1
    assert "error" not in ran.err


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "no_SUCH", "LANG": "no_SUCH"},
        {"TERM": ""},
        {"HOME": ""},
        {"NO_COLOR": "1"},
        {"COLUMNS": "1", "LINES": "1"},
    ],
    ids=str,
)
def test_odd_surroundings_change_nothing(script, env: dict[str, str]) -> None:
    ran = process("run", "é → ü", "--model", script(answer("fine é")), env=env)
    assert (ran.code, "error" in ran.err) == (0, False)
    assert ran.out in ("fine é\n", "fine \\xe9\n")
    assert "\x1b" not in ran.err


def test_an_empty_environment_is_enough(script, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "run", "t", "--model", script(answer("fine"))],
        capture_output=True,
        text=True,
        # Not the user's own journal.
        env={"AGENTX_DATA_DIR": str(tmp_path), "AGENTX_STRATEGY": "react"},
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_bytes_that_are_no_text_are_a_task_like_any_other(script) -> None:
    model = script(answer("fine"))
    done = subprocess.run(
        [*map(str.encode, [*COMMAND, "run"]), b"caf\xe9", b"--model", model.encode(), b"--stream-json"],
        capture_output=True,
        env=environment(),
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    with Journal.default() as journal:
        assert [row.status for row in journal.sessions()] == ["ok"]


def test_a_current_folder_that_is_gone_is_a_sentence(script, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = 'cd "$0" && rmdir "$0" && exec "$@"'
    done = subprocess.run(
        ["bash", "-c", command, str(gone), *COMMAND, "run", "t", "--model", script(answer("x")), "--json"],
        capture_output=True,
        text=True,
        env=environment(),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    fails(Ran(done.returncode, done.stdout, done.stderr), 2, "The workspace cannot be found", "--workspace")
