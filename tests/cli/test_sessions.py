import html.parser
import json
import re
from pathlib import Path

import pytest

from agentx.cli.sessions_transcript import html as html_of
from agentx.cli.sessions_transcript import markdown, summary
from agentx.errors import StorageError
from agentx.events import Answered, CallDecoded, CallFinished, CallStarted, Notice, RunFinished, RunStarted, Thought
from agentx.journal import Journal, SessionRow
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.models.catalog import load
from tests.cli.conftest import answer, calls
from tests.core.test_journal import EVENTS


@pytest.fixture
def session(cli, script) -> str:
    model = script(calls('calculate(expression="2*3")'), answer("It is 6."))
    return cli("run", "multiply two numbers", "--model", model, "--tool", "calculate", "--json").object["session"]


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_sessions_are_listed_by_workspace_and_as_json(cli, session: str, tmp_path: Path) -> None:
    [row] = lines(cli("sessions", "list", "--json").out)
    assert (row["id"], row["status"], row["task"], row["title"]) == (session, "ok", "multiply two numbers", "")
    assert session in cli("sessions", "list", "--workspace", row["workspace"]).out
    assert session not in cli("sessions", "list", "--workspace", str(tmp_path)).out
    assert cli("sessions", "list", "--workspace", str(tmp_path / "no")).code == 2


def test_the_default_model_is_listed_by_its_name(cli) -> None:
    with Journal.default() as journal:
        journal.create_session(workspace="/w", model="default", task="t")  # as older versions have kept it
    name = load().default.name
    assert name in cli("sessions", "list").out
    assert [row["model"] for row in lines(cli("sessions", "list", "--json").out)] == [name]


def test_a_session_whose_process_is_dead_is_listed_as_stopped(cli) -> None:
    with Journal.default() as journal:
        name = journal.create_session(workspace="/w", model="m", task="t")
        assert [row["status"] for row in lines(cli("sessions", "list", "--json").out)] == ["stopped"]
        with journal.lease(name):
            assert [row["status"] for row in lines(cli("sessions", "list", "--json").out)] == ["running"]


def test_the_end_of_a_session_and_the_numbers_of_its_events_are_shown(cli, session: str) -> None:
    assert cli("sessions", "show", "last", "--last", "1", "--json").out.count("\n") == 1
    shown = cli("sessions", "show", session, "--numbers").out.splitlines()
    assert re.fullmatch(r" +1  RunStarted +multiply two numbers", shown[0])
    assert any(re.fullmatch(r" +\d+  CallFinished +ok: 6", line) for line in shown)


def test_sessions_are_found_by_their_words(cli, session: str) -> None:
    assert session in cli("sessions", "search", "numbers", "multi").out
    [hit] = lines(cli("sessions", "search", "numbers", "--json").out)
    assert (hit["session"]["id"], hit["kind"], hit["number"]) == (session, "task", 1)
    assert "No session has" in cli("sessions", "search", "elephant").err
    assert cli("sessions", "search", "--", "--").code == 2


def test_a_session_is_renamed_forked_and_deleted(cli, session: str) -> None:
    assert cli("sessions", "rename", "last", "six").code == 0
    assert " six\n" in cli("sessions", "list").out
    forked = cli("sessions", "fork", session, "--at", "2", "--title", "again")
    name = forked.out.strip()
    [newest, _] = lines(cli("sessions", "list", "--json").out)
    assert (newest["id"], newest["parent"], newest["parent_event"], newest["title"]) == (name, session, 2, "again")
    assert "cannot be forked at 99" in cli("sessions", "fork", session, "--at", "99").err
    assert cli("sessions", "rm", name, "nil").code == 2
    assert len(lines(cli("sessions", "list", "--json").out)) == 2
    assert f"{name} was deleted" in cli("sessions", "rm", name, name).err
    assert [row["id"] for row in lines(cli("sessions", "list", "--json").out)] == [session]


def test_what_worked_for_a_session_goes_with_it_and_may_be_named_too(cli, session: str) -> None:
    with Journal.default() as journal:
        helper = journal.create_session(workspace="/w", model="m", task="part", parent=session)
        other = journal.create_session(workspace="/w", model="m", task="other")
    ran = cli("sessions", "rm", session, helper, other)
    assert (ran.code, ran.err) == (0, "".join(f"{name} was deleted\n" for name in (session, helper, other)))
    assert cli("sessions", "list", "--json").out == ""


def test_the_journal_is_compacted_once_and_what_was_deleted_is_told_where_that_fails(
    cli, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compacted: list[Journal] = []

    def compact(journal: Journal) -> None:
        compacted.append(journal)
        raise StorageError("The disk is full.")

    monkeypatch.setattr(Journal, "compact", compact)
    with Journal.default() as journal:
        one, two, three = (journal.create_session(workspace="/w", model="m", task="t") for _ in range(3))
        ran = cli("sessions", "rm", one, two)
        note = "note: words of deleted sessions may be left in the journal's files for now: The disk is full.\n"
        assert (ran.code, ran.err) == (0, f"{one} was deleted\n{two} was deleted\n{note}")
        with journal.lease(three):
            ran = cli("sessions", "rm", session, three)
            assert ran.code == 2 and ran.err.startswith(f"{session} was deleted\n{note}")
            assert cli("sessions", "rm", three).code == 2
        assert len(compacted) == 2, "where nothing was deleted there is nothing to be cleared out"
    assert cli("sessions", "purge", "--days", "0").err == f"1 session was deleted\n{note}"


def test_nothing_of_what_was_deleted_stays_in_the_journals_files(cli, session: str) -> None:
    journal = Journal.default_path()
    assert any(b"two numbers" in file.read_bytes() for file in journal.parent.glob(f"{journal.name}*"))
    cli("sessions", "rm", session)
    assert not any(b"two numbers" in file.read_bytes() for file in journal.parent.glob(f"{journal.name}*"))


def test_a_check_tells_what_it_has_not_compared(cli, script) -> None:
    broken = cli("run", "t", "--model", script("neither"), "--max-steps", "1", "--json")
    assert broken.object["status"] not in ("ok", "refused")
    checked = cli("sessions", "replay", broken.object["session"], "--check")
    assert checked.out == ("0 tasks, 0 events, 1 not compared (unfinished, or another model's): nothing to compare\n")


def test_a_session_goes_to_a_file_and_comes_back(cli, session: str, tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    assert cli("sessions", "export", session, "-o", str(file)).code == 0
    assert cli("sessions", "export", "last").out == file.read_text()
    again = cli("sessions", "import", str(file))
    assert again.out.strip() != session
    assert f"there was a session {session} already" in again.err
    assert "what was permitted in what was read in does not hold here" in again.err
    before = cli("sessions", "show", session, "--json").out
    cli("sessions", "rm", session)
    assert cli("sessions", "import", str(file)).out.strip() == session
    # Only that a file has brought it is new.
    assert lines(cli("sessions", "show", session, "--json").out)[1:] == lines(before)[1:]


def test_the_format_is_that_of_the_ending(cli, session: str, tmp_path: Path) -> None:
    for name, begin in (("s.md", "# multiply"), ("s.html", "<!doctype html>"), ("s", '{"agentx_session"')):
        assert cli("sessions", "export", session, "-o", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_text().startswith(begin)
    assert cli("sessions", "export", session, "--format", "md").out.startswith("# multiply")
    assert "There is no format `pdf`" in cli("sessions", "export", session, "--format", "pdf").err
    assert "cannot be written" in cli("sessions", "export", session, "-o", str(tmp_path / "no" / "s.md")).err


def test_a_file_that_is_no_session_is_one_sentence(cli, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "text").write_text("hello\n")
    for name, sentence in (("binary", "not UTF-8"), ("text", "Line 1 is not"), ("none", "cannot be read")):
        ran = cli("sessions", "import", str(tmp_path / name))
        assert ran.code == 2
        assert sentence in ran.err


def test_old_sessions_are_purged_by_days_or_by_the_setting(cli, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Say how old with --days" in cli("sessions", "purge").err
    monkeypatch.setenv("AGENTX_SESSIONS_KEEP_DAYS", "3")
    assert "0 sessions were deleted" in cli("sessions", "purge").err
    assert "1 session was deleted" in cli("sessions", "purge", "--days", "0").err
    assert lines(cli("sessions", "list", "--json").out) == []


def test_the_journal_is_where_the_setting_says(cli, script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_JOURNAL_URL", f"sqlite:///{tmp_path}/elsewhere/j.sqlite3")
    session = cli("run", "t", "--model", script(answer("x")), "--json").object["session"]
    assert session in cli("sessions", "list").out
    assert (tmp_path / "elsewhere" / "j.sqlite3").exists()
    assert not Journal.default_path().exists()
    monkeypatch.setenv("AGENTX_JOURNAL_URL", "mysql://u@h/d")
    assert "postgresql or sqlite" in cli("sessions", "list").err
    monkeypatch.setenv("AGENTX_JOURNAL_URL", "postgresql://u:hunter2@h/d")
    assert 'journal_url = "postgresql://u:[redacted: password]@h/d"' in cli("config", "show").out


HOSTILE = [
    "<script>alert(1)</script>",
    "</pre></section><img src=x onerror=alert(1)>",
    "```\n# heading\n[link](javascript:alert(1)) ![x](http://tracker/x.png)\n`````",
    "\x1b[31m\x00\u202e[/] [link=x] &amp; \" '",
    "--> ]]> {{7*7}} ${7*7} <!-- -->",
    "\ud800",
]
ROW = SessionRow("i", "2026-01-01", "/w", "m", "t", "ok", 1)


def session_of(text: str) -> list:
    call = ToolCall("c", text, {text: text})
    return [
        RunStarted("i", text, text, "auto", [], "/w"),
        Thought(text),
        CallDecoded(call),
        CallStarted(call),
        CallFinished(ToolResult("c", "ok", text)),
        Notice(text),
        Answered(text, unverified=[text]),
        RunFinished("failed", None, text, 1, Usage()),
    ]


class Seen(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_a_page(text: str) -> None:
    def seen(text: str) -> Seen:
        parser = Seen()
        parser.feed("\n".join(html_of(SessionRow("i", "c", text, text, text, "ok", 1, text), session_of(text))))
        return parser

    hostile, harmless = seen(text), seen("harmless")
    assert (hostile.tags, hostile.attributes) == (harmless.tags, harmless.attributes)
    assert "script" not in hostile.tags
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", "".join(hostile.texts))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_markdown(text: str) -> None:
    written = "\n".join(markdown(SessionRow("i", "c", text, text, text, "ok", 1, text), session_of(text)))
    outside, fence = [], ""
    for line in written.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif opening := re.fullmatch("(`{3,})text", line):
            fence = opening[1]
        else:
            outside.append(line)
    assert fence == ""
    assert len(outside) == len([line for line in outside if not line or re.match("# |## |- [A-Z]", line)])
    assert not re.search(r"(?<!\\)[<>\[\]`!]", "\n".join(outside))


def test_each_event_has_a_summary_on_one_line() -> None:
    for event in [*EVENTS, *session_of(HOSTILE[2])]:
        assert "\n" not in summary(event)
