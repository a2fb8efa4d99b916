import json
import math
from datetime import date
from pathlib import Path

import pytest

from agentx.cli.output import to_line
from tests.cli.conftest import answer, calls

OK = {"status", "output", "error", "steps", "calls", "citations", "unverified", "usage", "session"}


def test_stdout_carries_the_answer_and_stderr_the_story(cli, script) -> None:
    model = script(calls('calculate(expression="2*3")'), answer("It is 6."))
    ran = cli("run", "what is 2*3?", "--model", model, "--tool", "calculate")
    assert (ran.code, ran.out) == (0, "It is 6.\n")
    assert "calculate(expression='2*3')" in ran.err
    assert ": 6" in ran.err
    assert "I look at this first." in ran.err


def test_json_is_one_object_on_one_line(cli, script) -> None:
    model = script(calls('calculate(expression="2*3")'), answer("6"))
    ran = cli("run", "t", "--model", model, "--tool", "calculate", "--json")
    assert ran.out.count("\n") == 1
    assert set(ran.object) == OK
    assert (ran.object["status"], ran.object["output"], ran.object["error"], ran.object["steps"]) == (
        "ok",
        "6",
        None,
        2,
    )
    [call] = ran.object["calls"]
    assert set(call) == {"id", "name", "arguments"}
    assert (call["name"], call["arguments"]) == ("calculate", {"expression": "2*3"})
    assert set(ran.object["usage"]) == {
        *("prompt_tokens", "reused_tokens", "forced_tokens", "sampled_tokens", "masked_tokens", "probe_tokens"),
        *("drafted_tokens", "accepted_tokens", "prompt_s", "decode_s"),
    }
    assert ran.object["usage"]["sampled_tokens"] > 0
    assert ran.object["session"]


def test_stream_json_is_an_event_a_line_and_the_object_last(cli, script) -> None:
    model = script(calls('calculate(expression="2*3")'), answer("6"))
    ran = cli("run", "t", "--model", model, "--tool", "calculate", "--stream-json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    kinds = [line.get("kind") for line in lines]
    assert kinds[0] == "RunStarted"
    assert kinds[-2:] == ["RunFinished", None]
    assert {"CallStarted", "CallFinished", "Answered"} <= set(kinds)
    assert set(lines[-1]) == OK


def test_what_supports_the_answer_and_what_nothing_does_is_told(cli, script) -> None:
    replies = calls('calculate(expression="2*3")'), answer("It is 6, not 7."), answer("It is 6, not 7.")
    ran = cli("run", "t", "--model", script(*replies), "--tool", "calculate", "--json")
    [call] = ran.object["calls"]
    assert ran.object["unverified"] == ["7"]
    assert ran.object["citations"] == [
        {
            "claim": "6", "start": 6, "end": 7,
            "call_id": call["id"], "excerpt": "6", "excerpt_start": 0, "excerpt_end": 1,
        }
    ]  # fmt: skip
    assert "\nunverified: 7\n" in ran.err


def test_an_answer_against_a_principle_is_refused_with_the_reason(cli, script, tmp_path: Path) -> None:
    # The scripted model says Yes to every probe.
    rules = tmp_path / "rules.txt"
    rules.write_text("# ours\n\nNever say six.\n")
    model = script(answer("It is six."), "It says six.", "It is VI.", "That is six too.")
    ran = cli("run", "t", "--model", model, "--tool", "calculate", "--principle", f"@{rules}", "--json")
    assert (ran.code, ran.object["status"], ran.object["output"]) == (1, "refused", None)
    assert ran.object["error"] == "No answer is given: it would go against “Never say six.”. That is six too."
    assert "note: the draft goes against “Never say six.”: It says six." in ran.err


def test_a_call_nobody_can_approve_ends_with_3_and_does_nothing(cli, script, workspace: Path) -> None:
    model = script(calls('write_file(path="x.txt", text="y")'), answer("done"))
    ran = cli("run", "t", "--model", model, "--tool", "write_file", "--json")
    assert ran.code == 3
    assert (ran.object["status"], ran.object["calls"]) == ("denied", [])
    assert "--allow write_file" in ran.object["error"]
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize("pattern", ["all", "write_file", 'write_file(path="x*")'])
def test_a_call_allowed_in_advance_is_carried_out(cli, script, workspace: Path, pattern: str) -> None:
    model = script(calls('write_file(path="x.txt", text="y")'), answer("done"))
    ran = cli("run", "t", "--model", model, "--tool", "write_file", "--allow", pattern)
    assert ran.code == 0
    assert (workspace / "x.txt").read_text() == "y"


def test_allow_does_not_reach_beyond_its_pattern(cli, script, workspace: Path) -> None:
    model = script(calls('write_file(path="y.txt", text="y")'), answer("done"))
    assert cli("run", "t", "--model", model, "--tool", "write_file", "--allow", 'write_file(path="x*")').code == 3
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "policy", "written"),
    [
        (["--mode", "auto-edit"], "", True),
        (["--mode", "full"], "", True),
        (["--mode", "read-only", "--allow", "all"], "", False),
        (["--allow", "all", "--deny", 'write_file(path="*.txt")'], "", False),
        (["--allow", "all"], 'deny = ["write_file"]', False),
        (["--mode", "auto-edit"], 'mode = "read-only"', True),
    ],
)
def test_modes_and_denials_decide(cli, script, workspace: Path, options, policy: str, written: bool) -> None:
    (workspace / ".agentx").mkdir()
    (workspace / ".agentx" / "policy.toml").write_text(policy)
    model = script(calls('write_file(path="a.txt", text="x")'), answer("the end"))
    ran = cli("run", "t", "--model", model, "--tool", "write_file", "--workspace", str(workspace), *options)
    assert (ran.code, ran.out) == (0, "the end\n")
    assert (workspace / "a.txt").exists() is written
    assert ("is not trusted" in ran.err) is policy.startswith("mode")


def test_what_is_typed_as_denied_lifts_nothing_that_was_denied_before(cli, script, workspace: Path) -> None:
    assert cli("config", "set", "deny", "write_file").code == 0
    model = script(calls('write_file(path="a.txt", text="x")'), answer("the end"))
    ran = cli("run", "t", "--model", model, "--tool", "write_file", "--allow", "all", "--deny", "shell")
    assert (ran.code, ran.out) == (0, "the end\n")
    assert "denied: the pattern write_file forbids it" in ran.err
    assert list(workspace.iterdir()) == []


def test_a_trusted_policy_allows(cli, script, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "config"))
    (workspace / ".agentx").mkdir()
    (workspace / ".agentx" / "policy.toml").write_text('mode = "auto-edit"')
    model = script(calls('write_file(path="a.txt", text="x")'), answer("the end"))
    argv = ("run", "t", "--model", model, "--tool", "write_file", "--workspace", str(workspace))
    assert cli(*argv).code == 3
    trusted = cli("config", "trust", "--workspace", str(workspace))
    assert (trusted.code, "policy.toml is trusted" in trusted.err) == (0, True)
    assert cli(*argv).code == 0
    assert (workspace / "a.txt").exists()


def test_a_mode_or_pattern_that_is_none_is_refused(cli, script) -> None:
    for option, value in (("--mode", "yolo"), ("--deny", "save(")):
        ran = cli("run", "t", "--model", script(answer("x")), option, value)
        assert ran.code == 2 and value in ran.err


def test_too_many_steps_fail(cli, script) -> None:
    model = script(calls('calculate(expression="1")'), calls('calculate(expression="2")'), answer("x"))
    ran = cli("run", "t", "--model", model, "--tool", "calculate", "--max-steps", "2")
    assert (ran.code, ran.out) == (1, "")
    assert "error: No answer within 2 steps" in ran.err


def test_the_time_limit_ends_with_124(cli, script) -> None:
    model = script(calls('python(code="import time; time.sleep(60)")'), answer("x"))
    ran = cli("run", "t", "--model", model, "--tool", "python", "--allow", "all", "--timeout", "0.5", "--json")
    assert (ran.code, ran.object["status"]) == (124, "timeout")


@pytest.mark.parametrize(
    ("argv", "code", "sentence"),
    [
        (["--model", "no-such-model"], 4, "no-such-model"),
        (["--model", "/nowhere/m.gguf"], 4, "/nowhere/m.gguf"),
        (["--model", "scripted:/nowhere/replies.json"], 4, "/nowhere/replies.json"),
        (["--tool", "no_such_tool"], 2, "There is no tool `no_such_tool`; the tools are: "),
        (["--workspace", "/nowhere/at/all"], 2, "The workspace /nowhere/at/all is no folder"),
        (["--max-steps", "0"], 2, "`max_steps` must be a whole number from 1 up"),
        (["--max-steps", "many"], 2, "max-steps"),
        (["--timeout", "-1"], 2, "`timeout_s` must be seconds"),
        (["--allow", "a b c"], 2, "`a b c` is no pattern"),
        (["--instructions", "@/nowhere/i.md"], 2, "cannot be read from /nowhere/i.md"),
        (["--principle", "@/nowhere/p.txt"], 2, "The principles cannot be read from /nowhere/p.txt"),
        (["--principle", " "], 2, "--principle is empty"),
        (["--no-such-option"], 2, "no-such-option"),
    ],
)
def test_each_failure_is_a_sentence_a_code_and_an_object(cli, argv: list[str], code: int, sentence: str) -> None:
    ran = cli("run", "t", *argv, "--json")
    assert (ran.code, ran.object["status"], ran.object["output"]) == (code, "failed", None)
    assert sentence in ran.object["error"]
    assert sentence in ran.err
    assert ran.out.count("\n") == 1


def test_a_file_that_is_no_model_is_refused(cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"this is no model")
    ran = cli("run", "t", "--model", str(path), "--json")
    assert ran.code == 4
    assert str(path) in ran.object["error"]


def test_a_bad_settings_file_ends_with_78(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text("max_steps = 'x'")
    ran = cli("run", "t", "--json")
    assert ran.code == 78
    assert "config.toml, line 1: `max_steps` must be" in ran.object["error"]


def test_a_missing_task_is_a_usage_error_with_an_object(cli) -> None:
    ran = cli("run", "--json")
    assert (ran.code, ran.object["status"]) == (2, "failed")
    assert "TASK" in ran.object["error"]


def test_an_empty_task_is_a_usage_error(cli) -> None:
    assert cli("run", "  ").code == 2


def test_settings_reach_the_run(cli, script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_MODEL", script(answer("from the settings")))
    monkeypatch.setenv("AGENTX_ENABLED_TOOLS", "calculate,read_file")
    ran = cli("run", "t", "--stream-json")
    assert json.loads(ran.out.splitlines()[0])["tools"] == ["calculate", "read_file"]
    assert ran.object["output"] == "from the settings"


def test_an_untrusted_project_file_is_told_of_and_ignored(cli, script, workspace: Path) -> None:
    (workspace / ".agentx").mkdir()
    (workspace / ".agentx" / "config.toml").write_text('allow = ["all"]')
    model = script(calls('write_file(path="x.txt", text="y")'), answer("done"))
    ran = cli("run", "t", "--model", model, "--tool", "write_file")
    assert ran.code == 3
    assert "is not trusted and was ignored" in ran.err
    model = script(calls('write_file(path="x.txt", text="y")'), answer("done"))
    assert cli("config", "trust").code == 0
    assert cli("run", "t", "--model", model, "--tool", "write_file").code == 0


def test_a_journal_that_cannot_be_opened_is_a_sentence(cli, script, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "file"))
    ran = cli("run", "t", "--model", script(answer("x")), "--json")
    assert ran.code == 1
    assert "AGENTX_DATA_DIR" in ran.object["error"]


def test_the_session_can_be_looked_at_afterwards(cli, script) -> None:
    model = script(calls('calculate(expression="2*3")'), answer("It is 6."))
    session = cli("run", "the task", "--model", model, "--tool", "calculate", "--json").object["session"]
    listed = cli("sessions", "list")
    assert session in listed.out
    assert " ok " in listed.out
    for name in (session, "last"):
        shown = cli("sessions", "show", name)
        assert "task: the task" in shown.out
        assert "answer: It is 6." in shown.out
    lines = [json.loads(line) for line in cli("sessions", "show", session, "--json").out.splitlines()]
    assert lines[-1]["kind"] == "RunFinished"


def test_looking_at_sessions_makes_no_journal(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "data"))
    assert cli("sessions", "list").code == 0
    assert cli("sessions", "show", "nil").code == 2
    assert "There is no session yet" in cli("sessions", "show", "last").err
    assert not (tmp_path / "data").exists()


def test_values_that_json_does_not_know_stay_valid_json() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    value = {"a": math.nan, 1: [math.inf, None, Odd()], "d": date(2026, 1, 2), "s": "\ud800 \x1b", "t": (1, {2})}
    line = to_line(value)
    assert "\n" not in line
    assert json.loads(line) == {
        "a": None,
        "1": [None, None, "odd"],
        "d": "2026-01-02",
        "s": "\ud800 \x1b",
        "t": [1, [2]],
    }


def test_a_truncated_model_file_is_refused(cli, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    # Magic, version 3, one tensor, one entry of metadata, and nothing of either.
    path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + (1).to_bytes(8, "little") * 2)
    ran = cli("run", "t", "--model", str(path), "--json")
    assert (ran.code, ran.object["status"]) == (4, "failed")
    assert str(path) in ran.object["error"]


def test_a_prompt_longer_than_the_context_is_a_sentence(cli, script, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("word " * 250_000)
    ran = cli("run", "t", "--model", script(answer("x")), "--instructions", f"@{tmp_path / 'long.txt'}", "--json")
    assert (ran.code, ran.object["status"]) == (1, "failed")
    assert "the model's context holds" in ran.object["error"]


def test_a_file_that_is_not_text_does_not_end_the_run(cli, script, workspace: Path) -> None:
    (workspace / "a.bin").write_bytes(bytes(range(256)))
    ran = cli("run", "t", "--model", script(calls('read_file(path="a.bin")'), answer("it is binary")))
    assert (ran.code, ran.out) == (0, "it is binary\n")


def test_an_unknown_strategy_names_those_that_are_there(cli, script) -> None:
    ran = cli("run", "t", "--model", script(answer("x")), "--strategy", "guess", "--json")
    assert ran.code != 0
    assert "`guess`" in ran.object["error"]
    assert "react" in ran.object["error"]
