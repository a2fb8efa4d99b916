"""`agentx guard`, and guards in `agentx run`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import answer

KEY = "ghp_" + "a1B2" * 9


def test_check_tells_what_was_found_and_what_would_be_done(cli) -> None:
    ran = cli("guard", "check", f"Take {KEY} to anna@firma.de", "--guard", "secrets", "--guard", "personal")
    assert ran.code == 1
    assert ran.out.splitlines()[0].split() == ["KIND", "SCORE", "AT", "GUARD", "ACTION", "REASON"]
    assert [line.split()[:5] for line in ran.out.splitlines()[1:]] == [
        ["secret", "0.95", "5-45", "secrets", "warn"],
        ["personal", "0.90", "49-62", "personal", "allow"],
    ]
    assert KEY not in ran.out


def test_check_finds_nothing_in_an_ordinary_text(cli) -> None:
    ran = cli("guard", "check", "The quick brown fox.", "--guard", "secrets")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_check_prints_json_and_reads_stdin(cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text(f"key {KEY}\n")
    with file.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        ran = cli("guard", "check", "-", "--json", "--place", "output")
    assert ran.code == 1
    assert json.loads(ran.out.splitlines()[0]) == {
        "kind": "secret", "score": 0.95, "start": 4, "end": 44, "guard": "secrets", "action": "mask",
        "reason": "github token",
    }  # fmt: skip


def test_check_asks_those_that_are_on(cli) -> None:
    cli("config", "set", "guard.on", "personal")
    assert cli("guard", "check", f"{KEY}").code == 0
    assert cli("guard", "check", "anna@firma.de").code == 1


@pytest.mark.parametrize(
    ("argv", "code", "sentence"),
    [
        (["check", "x", "--place", "nowhere"], 2, "--place is one of input, tool_result, output"),
        (["check", "x", "--guard", "nope"], 78, "There is no guard `nope`; the guards are: "),
    ],
)
def test_what_cannot_be_checked_is_a_sentence(cli, argv: list[str], code: int, sentence: str) -> None:
    ran = cli("guard", *argv)
    assert (ran.code, ran.out) == (code, "") and sentence in ran.err


def test_the_list_says_which_are_on_and_what_they_do(cli) -> None:
    cli("config", "set", "guard.on", "secrets")
    cli("config", "set", "guard.actions.secret", "block")
    rows = [line.split() for line in cli("guard", "list").out.splitlines()]
    [row] = [row for row in rows if row[0] == "secrets"]
    assert row[1:9] == ["yes", "secret", "block", "from", "0.5", "block", "from", "0.5"]
    assert [row[1] for row in rows if row[0] == "words"] == ["no"]


def test_a_run_is_guarded_by_what_the_settings_turn_on(cli, script) -> None:
    cli("config", "set", "guard.on", "secrets")
    cli("config", "set", "guard.actions.secret", "block")
    ran = cli("run", f"Keep {KEY}", "--model", script(answer("Kept.")), "--json")
    assert ran.code == 1
    assert ran.object["status"] == "refused" and "guard.actions.secret" in ran.object["error"]
    assert "the task holds secret (github token, 0.95 by secrets), and is kept back" in ran.err
    assert KEY not in ran.out + ran.err
    [told] = ran.object["guarded"]
    assert (told["place"], told["action"]) == ("input", "block") and told["found"][0]["kind"] == "secret"


def test_a_guard_can_be_turned_on_for_one_run_and_masks_the_answer(cli, script) -> None:
    model = script(answer(f"It is {KEY}."))
    assert KEY in cli("run", "What is it?", "--model", model).out
    ran = cli("run", "What is it?", "--model", model, "--guard", "secrets", "--stream-json")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    [guarded] = [row for row in rows if row.get("kind") == "Guarded"]
    assert guarded["place"] == "output" and guarded["action"] == "mask" and KEY not in json.dumps(guarded)
    assert guarded["found"][0]["spans"] == [[6, 46]]
    assert rows[-1]["output"] == "It is [secret]."


def test_what_is_printed_of_a_run_is_as_it_came_and_what_is_kept_is_without_secrets(cli, script) -> None:
    model = script(answer(f"It is {KEY}."))
    ran = cli("run", "What is it?", "--model", model, "--guard", "secrets", "--stream-json")
    assert [row["kind"] for row in map(json.loads, ran.out.splitlines()) if KEY in json.dumps(row)] == ["ModelReplied"]
    assert KEY not in cli("sessions", "show", ran.object["session"], "--json").out
    assert cli("run", "What is it?", "--model", model, "--json").object["output"] == f"It is {KEY}."


def test_an_unknown_guard_is_refused_before_the_run(cli, script) -> None:
    ran = cli("run", "x", "--model", script(answer("y")), "--guard", "nope")
    assert ran.code == 2 and "There is no guard `nope`" in ran.err


def test_a_session_goes_on_under_the_guards_that_it_was_begun_with(cli, script) -> None:
    model = script(answer(f"It is {KEY}."), answer(f"Still {KEY}."))
    first = cli("run", "What is it?", "--model", model, "--guard", "secrets", "--json").object
    again = cli("run", "And now?", "--resume", first["session"], "--json").object
    assert again["output"] == "Still [secret]."


def test_the_trace_and_the_transcript_tell_of_a_finding(cli, script) -> None:
    model = script(answer(f"It is {KEY}."))
    session = cli("run", "What is it?", "--model", model, "--guard", "secrets", "--json").object["session"]
    told = "the answer holds secret (github token, 0.95 by secrets), and is passed on without it"
    assert told in cli("sessions", "export", session, "--format", "md").out
