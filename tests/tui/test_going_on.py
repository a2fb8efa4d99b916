"""The conversation goes on as a fork, or from an earlier turn; its session gets a name, or a file."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import going_on
from agentx_tui.archive import PastTurn
from agentx_tui.glyphs import UNICODE
from agentx_tui.going_on import Resume
from agentx_tui.reducer import fold
from agentx_tui.screens.rewind import RewindPage, files_told
from agentx_tui.view import Answer

from agentx.events import Rewound, RunStarted
from agentx.history import in_force
from agentx.journal import Journal
from agentx.models.default_adapters import Passed, identity_of, put
from tests.tui import snapshots
from tests.tui.pages import SIZES, answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until

WRITE = calls('write_file(path="notes.txt", text="one\\n")')
MORE = calls('write_file(path="more.txt", text="two\\n")')
PLAYED = answer("never said")
"""A script goes on by one reply for each that is played back of a session."""


def told(app: Any) -> str:
    return "\n".join(note.message for note in app._notifications)


def kept(session_id: str) -> list[Any]:
    with Journal.default() as journal:
        return [event for _, event in in_force(journal.numbered(session_id))]


async def chosen(app: Any, pilot: Any) -> RewindPage:
    """The page of turns, once it has read them."""
    await until(pilot, lambda: isinstance(app.screen, RewindPage) and not app.screen.workers._workers)
    return app.screen


async def two_files(app: Any, pilot: Any) -> None:
    """Two turns, each of which writes a file."""
    for text in ("write one", "write more"):
        await say(pilot, text)
        await asked(pilot)
        await pilot.press("alt+y")
        await done(pilot)


def test_esc_twice_goes_back_to_before_a_turn_and_its_files_with_it(tmp_path: Path) -> None:
    async def test() -> None:
        replies = [WRITE, answer("One."), MORE, answer("More."), PLAYED, PLAYED, answer("Otherwise, then.")]
        setup = setup_of(tmp_path, *replies)
        async with running(setup) as (app, pilot):
            await two_files(app, pilot)
            assert (setup.workspace / "more.txt").exists()
            await pilot.press("escape", "escape")
            page = await chosen(app, pilot)
            assert [turn.task for turn in page._turns] == ["write one", "write more"]
            assert "go back too: more.txt" in screen_text(app)
            await pilot.press("enter")
            await until(pilot, lambda: len(app.conversation.view.turns) == 1)
            await done(pilot)
            assert app.prompt.text == "write more"
            assert "As they were: more.txt." in told(app)
            assert not (setup.workspace / "more.txt").exists() and (setup.workspace / "notes.txt").exists()
            assert "More." not in screen_text(app) and "One." in screen_text(app)
            app.prompt.replace_all("")
            await say(pilot, "say something")
            await done(pilot)
            turns = app.conversation.view.turns
            assert [(turn.task, turn.status) for turn in turns] == [("write one", "ok"), ("say something", "ok")]
            assert fold(kept(app.conversation.view.session_id)).turns == app.conversation.view.turns

    run(test)


def test_one_can_go_back_twice_and_to_the_beginning(tmp_path: Path) -> None:
    async def test() -> None:
        replies = [answer("One."), answer("Two."), PLAYED, answer("Three."), answer("Four.")]
        async with running(setup_of(tmp_path, *replies)) as (app, pilot):
            for text in ("one", "two"):
                await say(pilot, text)
                await done(pilot)
            session_id = app.conversation.view.session_id
            await say(pilot, "/rewind")
            await chosen(app, pilot)
            await pilot.press("enter")
            await until(pilot, lambda: len(app.conversation.view.turns) == 1)
            await done(pilot)
            app.prompt.replace_all("")
            await say(pilot, "three")
            await done(pilot)
            await say(pilot, "/rewind")
            await chosen(app, pilot)
            # What was begun right behind a rewind can be gone back before too.
            await pilot.press("enter")
            await until(pilot, lambda: [turn.task for turn in app.conversation.view.turns] == ["one"])
            await done(pilot)
            assert app.prompt.text == "three"
            app.prompt.replace_all("")
            await say(pilot, "/rewind")
            await chosen(app, pilot)
            await pilot.press("up", "up", "enter")
            await until(pilot, lambda: not app.conversation.view.turns and app.transcript.mounted_blocks == 0)
            await done(pilot)
            app.prompt.replace_all("")
            await say(pilot, "four")
            await done(pilot)
            [turn] = app.conversation.view.turns
            assert (turn.task, turn.status, app.conversation.view.session_id) == ("four", "ok", session_id)
            with Journal.default() as journal:
                assert sum(isinstance(event, Rewound) for event in journal.events(session_id)) == 3

    run(test)


def test_what_has_changed_since_a_session_was_begun_is_told_when_it_is_taken_up(tmp_path: Path) -> None:
    setup = setup_of(tmp_path)
    with Journal.default() as journal:
        begun = journal.create_session(workspace=setup.workspace, model="smollm2-135m", task="t")
        started = RunStarted(begun, "t", "smollm2-135m", "react", [], str(setup.workspace), {"adapter": None})
        journal.append(begun, started)
    assert going_on.found(Resume(begun), setup, "").told == ""
    (path := tmp_path / "a.gguf").write_bytes(b"adapter")
    digest = hashlib.sha256(b"adapter").hexdigest()
    put(identity_of("smollm2-135m"), "smollm2-135m", Passed(str(path), digest, "2026-01-01T00:00:00+00:00"))
    found = going_on.found(Resume(begun), setup, "")
    assert found.told.startswith(f"The default adapter of the model is {path} by now; the session goes on without")
    assert found.setup.settings.adapter is None


def test_a_file_that_was_changed_since_stays_and_the_person_is_told(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, answer("One."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write one")
            await asked(pilot)
            await pilot.press("alt+y")
            await done(pilot)
            (setup.workspace / "notes.txt").write_text("mine\n")
            await say(pilot, "/rewind")
            await chosen(app, pilot)
            await pilot.press("enter")
            await until(pilot, lambda: not app.conversation.view.turns)
            assert "Not taken back" in told(app)
            assert (setup.workspace / "notes.txt").read_text() == "mine\n"

    run(test)


@pytest.mark.parametrize("width", SIZES)
def test_the_turns_to_go_back_before(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path, WRITE, answer("One."), MORE, answer("More."))
        async with running(setup, SIZES[width]) as (app, pilot):
            await two_files(app, pilot)
            await pilot.press("escape", "escape")
            await chosen(app, pilot)
            await settled(pilot)
            snapshots.check(f"rewind.{width}", screen_text(app))
            await pilot.press("up")
            await settled(pilot)
            assert "more.txt" in screen_text(app) and "notes.txt" in screen_text(app)
            await pilot.press("escape")
            assert app.screen is app.main and len(app.conversation.view.turns) == 2

    run(look)


def test_of_many_files_some_are_named() -> None:
    gone = [PastTurn(1, "t", 9, tuple(f"{n}.txt" for n in range(9))), PastTurn(5, "t", 1, ("0.txt",))]
    assert files_told(gone, UNICODE).endswith("4.txt, 5.txt and 3 more")
    assert files_told([PastTurn(1, "t")], UNICODE) == ""


def test_before_anything_was_said_there_is_nothing_to_go_back_to_or_to_name(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("escape", "escape")
            for command in ("/rename x", "/fork", "/rewind", "/export"):
                await say(pilot, command)
                await settled(pilot)
            assert told(app).count("Nothing was said yet") == 5 and app.screen is app.main

    run(test)


def test_while_the_agent_works_it_neither_forks_nor_goes_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE)) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            for command in ("/fork", "/rewind"):
                await say(pilot, command)
                await settled(pilot)
            assert told(app).count("The agent works") == 2 and app.screen is app.main
            await pilot.press("escape")
            await done(pilot)

    run(test)


def test_a_fork_goes_on_and_the_session_before_stays_as_it_was(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Ada."), PLAYED, answer("Still Ada."))) as (app, pilot):
            await say(pilot, "who?")
            await done(pilot)
            first = app.conversation.view
            await say(pilot, "/fork")
            await until(pilot, lambda: app.conversation.view.session_id != first.session_id)
            await done(pilot)
            assert app.conversation.view.turns == first.turns and "goes on from here" in told(app)
            await say(pilot, "and now?")
            await done(pilot)
            last = app.conversation.view.turns[-1]
            assert [str(item.text) for item in last.items if isinstance(item, Answer)] == ["Still Ada."]
            assert len(kept(first.session_id)) < len(kept(app.conversation.view.session_id))

    run(test)


def test_the_mode_that_was_chosen_holds_in_a_fork_and_not_in_another_session(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("1"), answer("2"))) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            first = app.conversation.view.session_id
            await say(pilot, "/mode read-only")
            await say(pilot, "/fork")
            await until(pilot, lambda: app.conversation.view.session_id != first)
            await done(pilot)
            assert app.conversation.mode == "read-only"
            assert app.conversation.engine._agent is not None
            assert app.conversation.engine._agent.policy.mode == "read-only"
            await pilot.press("f4")
            await until(pilot, lambda: getattr(app.screen, "current", None) is not None)
            page: Any = app.screen
            page._rows.highlighted = [entry.id for entry in page._shown].index(first)
            await pilot.press("enter")
            await until(pilot, lambda: app.conversation.view.session_id == first)
            await done(pilot)
            assert app.conversation.mode == "ask" and app.conversation.engine._agent.policy.mode == "ask"

    run(test)


def test_rename_and_export_are_commands_too(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, answer("Hello."))
        async with running(setup) as (app, pilot):
            await say(pilot, "hi")
            await done(pilot)
            session_id = app.conversation.view.session_id
            await say(pilot, "/rename greeting [b]x")
            await until(pilot, lambda: "is called greeting" in told(app))
            with Journal.default() as journal:
                assert journal.session(session_id).title == "greeting [b]x"
            await say(pilot, "/rename")
            assert app.prompt.text == "/rename "
            for form, ending in (("", ".md"), ("html", ".html"), ("json", ".jsonl"), ("svg", ".svg")):
                await say(pilot, f"/export {form}".strip())
                path = setup.workspace / f"session-{session_id}{ending}"
                await until(pilot, lambda path=path: path.exists() and str(path) in told(app))
            assert "Hello." in (setup.workspace / f"session-{session_id}.svg").read_text()
            await say(pilot, "/export pdf")
            await until(pilot, lambda: "no format `pdf`" in told(app))

    run(test)


def test_what_waits_for_a_model_keeps_the_conversation_where_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello."))) as (app, pilot):
            await say(pilot, "hi")
            await done(pilot)
            app.conversation._ready = False
            app.conversation.queue.append("later")
            await say(pilot, "/fork")
            await settled(pilot)
            assert "waits for the model" in told(app)

    run(test)
