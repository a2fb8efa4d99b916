"""The parts that know no screen: completions, history, preferences, decisions, diffs, what the status bar says."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import card_text, completion, decisions, diffs, palette, preferences, status, theme
from agentx_tui.glyphs import ASCII, UNICODE
from agentx_tui.history import History
from agentx_tui.view import Card, View
from textual.app import App

from agentx import folders, plugins
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.policy import ApprovalRequest, Decision, Pattern

WRITE = plugins.load("agentx.tools", "write_file")
EDIT = plugins.load("agentx.tools", "edit_file")
CALL = ToolCall("1", "write_file", {"path": "out/a.txt", "text": "x\n"})


def offered(before: str, *files: str, first: bool = True) -> list[str]:
    return [offer.shown for offer in completion.offers(before, first, files)]


def test_commands_are_offered_at_the_start_of_the_text_alone() -> None:
    assert offered("/th") == ["/theme"]
    assert len(offered("/")) > 8
    assert offered("see /th") == offered("/th", first=False) == []


def test_files_are_offered_by_name_before_path_before_letters() -> None:
    files = ["src/deep/util.py", "util.py", "src/utilities/x.py", "u/t/i/l.md", "other.py"]
    assert offered("see @util", *files) == ["util.py", "src/deep/util.py", "src/utilities/x.py", "u/t/i/l.md"]
    assert offered("mail me@util", *files) == []


def test_hidden_and_built_files_are_not_offered(tmp_path: Path) -> None:
    for name in ("a.py", ".git/config", "src/b.py", "node_modules/c.js", ".env", "__pycache__/d.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert completion.files_below(tmp_path) == ["a.py", "src/b.py"]


def test_an_at_sign_before_a_file_that_is_there_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    text = "@a.py and x@a.py and @b.py"
    assert completion.without_marks(text, tmp_path) == "a.py and x@a.py and @b.py"


def test_history_is_kept_and_survives_a_damaged_line_and_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.jsonl"
    history = History(path)
    for text in ("one", "two\nlines", "two\nlines", " "):
        history.add(text)
    assert path.stat().st_mode & 0o077 == 0
    with path.open("a") as file:
        file.write("{damaged\n")
    again = History(path)
    assert again.entries == ["one", "two\nlines"]
    assert [again.previous("draft"), again.previous(""), again.previous("")] == ["two\nlines", "one", None]
    assert [again.next(), again.next(), again.next()] == ["two\nlines", "draft", None]
    assert again.search("TWO") == ["two\nlines"]
    long = "a line of a log\n" * 2_000
    again.add(long)
    assert again.previous("") == long and History(path).entries == ["one", "two\nlines"]
    lost = History(path / "below a file")
    lost.add("x")
    assert lost.entries == ["x"]


def test_preferences_are_read_and_what_is_off_in_them_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folders.config_dir()
    folder.mkdir(parents=True, exist_ok=True)
    assert preferences.load() == preferences.Preferences()
    (folder / "ui.toml").write_text('theme = "light"\nglyphs = "runes"\nreduced_motion = true\nfont = "x"\n')
    (folder / "keymap.toml").write_text('fold = "ctrl+t"\n')
    found = preferences.load()
    assert (found.theme, found.glyphs, found.reduced_motion, found.keys) == ("light", "auto", True, {"fold": "ctrl+t"})
    assert len(found.problems) == 2 and "glyphs = 'runes'" in found.problems[0]
    (folder / "ui.toml").write_text("theme =")
    assert "ui.toml cannot be read" in preferences.load().problems[0]
    monkeypatch.setenv("AGENTX_UI_THEME", "dark")
    assert preferences.load().theme == "dark"


def test_the_theme_is_what_was_chosen_or_what_the_terminal_says() -> None:
    assert theme.wanted("auto", {"COLORFGBG": "0;15"}) == theme.wanted("light", {}) == "agentx-light"
    assert theme.wanted("auto", {}) == theme.wanted("auto", {"COLORFGBG": "15;0"}) == "agentx-dark"


def said(id: str, entered: str = "", alone: bool = False) -> Any:
    request = ApprovalRequest(CALL, WRITE, "write_file changes files", alone)
    choice = next(choice for choice in decisions.choices(request) if choice.id == id)
    return choice.decided(request, entered or choice.beginning(request))


def test_each_choice_makes_its_decision() -> None:
    assert said("once") == Decision(True, "allowed")
    assert said("session") == Decision(True, "allowed for this session", grant="write_file")
    pattern = said("pattern")
    assert pattern.allowed and pattern.keep and Pattern.parse(pattern.grant).matches(CALL)
    assert said("edit", json.dumps({"path": "b", "text": "y"})).arguments == {"path": "b", "text": "y"}
    assert said("deny") == Decision(False, "the user said no")
    assert said("why", "not there").reason == "the user said no: not there"


@pytest.mark.parametrize(
    ("id", "entered", "problem"),
    [
        ("pattern", "read_file", "does not mean this call"),
        ("pattern", "a b c", "is no pattern"),
        ("edit", "{", "no JSON"),
        ("edit", '{"path": 1}', "do not fit"),
        ("edit", "[]", "do not fit"),
        ("why", "  ", "Say why not"),
    ],
)
def test_what_was_entered_and_is_no_decision_is_a_sentence(id: str, entered: str, problem: str) -> None:
    with pytest.raises(decisions.NotYet, match=problem):
        said(id, entered)


def test_where_only_the_very_call_can_be_allowed_nothing_else_is_offered() -> None:
    ids = [choice.id for choice in decisions.choices(ApprovalRequest(CALL, WRITE, "r", alone=True))]
    assert ids == ["once", "edit", "deny", "why"]


def test_a_question_is_answered_or_not() -> None:
    answer, nothing = decisions.choices("Which?")
    assert answer.decided("Which?", " the second ") == "the second"
    assert answer.decided("Which?", " ") is nothing.decided("Which?") is None


def test_a_diff_is_found_in_a_result_and_foreseen_from_arguments(tmp_path: Path) -> None:
    found = diffs.find("Wrote x:\n--- x\n+++ x\n@@ -1 +1 @@\n-a\n--- b\n+c\n")
    assert found is not None
    head, lines = found
    assert head == "Wrote x:"
    assert [(line.kind, line.text) for line in lines[3:]] == [("removed", "a"), ("removed", "-- b"), ("added", "c")]
    assert diffs.find("--- no diff\n+++ at all") is None
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("w\n")
    assert diffs.count(diffs.foreseen(WRITE, CALL.arguments, tmp_path) or []) == (1, 1)
    assert diffs.count(diffs.foreseen(EDIT, {"path": "a", "old": "1\n2", "new": "1\n3"}, tmp_path) or []) == (1, 1)
    assert diffs.foreseen(plugins.load("agentx.tools", "read_file"), {"path": "a"}, tmp_path) is None
    outside = diffs.foreseen(WRITE, {"path": "../secret", "text": "x"}, tmp_path / "out")
    assert outside is not None and diffs.count(outside) == (1, 0)


def test_a_pipe_that_is_to_be_written_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found: list[Any] = []

    def look() -> None:
        found.append(diffs.foreseen(WRITE, {"path": "pipe", "text": "x\n"}, tmp_path))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(10)
    assert [diffs.count(lines) for lines in found] == [(1, 0)]


def test_a_card_says_how_much_there_is_and_how_long_it_took() -> None:
    def card(text: str) -> Card:
        return Card(CALL, "success", result=ToolResult("1", "ok", text))

    assert card_text.size(card("a\nb\nc")) == "3 lines"
    assert card_text.size(card("--- a\n+++ a\n@@ -1 +1 @@\n-x\n+y\n+z")) == "+2 -1"
    assert not card_text.is_long(card("short")) and card_text.is_long(card("\n" * 30 + "x"))
    assert [card_text.elapsed(s) for s in (0.12, 9.96, 59.4, 125)] == ["0.1s", "10s", "59s", "2:05"]
    assert card_text.summary({"path": "a.py", "n": 3, "text": "x\ny"}) == "a.py  n=3  text=x y"


def test_the_status_tells_what_was_measured_and_nothing_else() -> None:
    view = View(used_tokens=3_100, context_tokens=8_192)
    assert status.context(view, UNICODE, bar=True)[0] == "ctx ▰▰▰▱▱▱▱▱ 3.1k/8.2k"
    assert status.context(view, ASCII, bar=False)[0] == "3.1k/8.2k"
    assert status.context(View(), UNICODE, bar=True) == ("", 0.0)
    usage = Usage(prompt_tokens=920, sampled_tokens=142, prompt_s=10, decode_s=10)
    assert status.speeds(usage) == ("pp 92 t/s", "tg 14.2 t/s")
    assert status.speeds(Usage(prompt_tokens=9)) == ("", "")
    assert [status.thousands(n) for n in (812, 3_100, 131_072, 1_000_000)] == ["812", "3.1k", "131k", "1.0M"]
    assert (status.clock(83), status.gigabytes(1_900_000_000)) == ("01:23", "1.9G")
    assert status.doing(View(), status.Status(loading="fetching", fraction=0.4)) == "fetching 40%"
    assert status.doing(View(), status.Status(failed="no")) == "no model"
    assert status.doing(View(phase="tool"), status.Status(stopping=True)) == "stopping"


def test_the_palette_names_the_keys_that_reach_a_command_from_the_prompt_and_no_others() -> None:
    told = {entry.title: entry.help for entry in palette.offered(App(), {"editor": "f9,ctrl+g"})}
    assert told["/help"].endswith(" (F1)") and told["/editor"].endswith(" (f9)")
    # Here `f` and `e` are letters, and keys on the page of sessions alone.
    assert "(" not in told["/fork"] and "(" not in told["/export"]
