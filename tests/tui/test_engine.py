"""The agent's thread: what reaches the screen is what the journal has, whatever ends a turn."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentx_tui.reducer import fold
from agentx_tui.view import Answer

from agentx.errors import ConfigError
from agentx.events import RunFinished
from agentx.journal import Journal
from tests.tui.pages import answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until

WRITE = calls('write_file(path="notes.txt", text="one\\n")')


def kept(session_id: str) -> list[Any]:
    with Journal.default() as journal:
        return journal.events(session_id)


@pytest.mark.parametrize("ending", ["ok", "interrupted", "failed", "denied once"])
def test_a_live_session_and_the_same_read_back_are_one_view(ending: str, tmp_path: Path) -> None:
    async def test() -> None:
        replies = [WRITE, answer("Done.")] if ending in ("ok", "interrupted", "denied once") else [WRITE]
        async with running(setup_of(tmp_path, *replies)) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press({"interrupted": "escape", "denied once": "alt+n"}.get(ending, "alt+y"))
            await done(pilot)
            live = app.conversation.view
            events = kept(live.session_id)
            assert isinstance(events[-1], RunFinished)
            again = fold(events)
            assert again.turns == live.turns

    run(test)


def test_a_model_that_cannot_be_had_is_told_of_and_the_next_message_tries_again(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, answer("Now."))
        script = tmp_path / "replies.json"
        text = script.read_text()
        script.unlink()
        async with running(setup) as (app, pilot):
            await until(pilot, lambda: bool(app.conversation.failed))
            assert app.main.query_one("#problem").display
            await say(pilot, "hello?")
            await until(pilot, lambda: app.prompt.text == "hello?" and bool(app.conversation.failed))
            script.write_text(text)
            await say(pilot, "and now?")
            await until(pilot, lambda: app.conversation.view.turn is not None)
            await done(pilot)
            assert not app.conversation.failed and not app.main.query_one("#problem").display

    run(test)


def test_a_run_that_fails_leaves_the_chat_open(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("First."))) as (app, pilot):
            for text in ("one", "two"):
                await say(pilot, text)
                await done(pilot)
            statuses = [turn.status for turn in app.conversation.view.turns]
            assert statuses == ["ok", "failed"]
            assert "no reply left" in str(app.conversation.view.turns[-1].error)

    run(test)


def test_a_journal_that_cannot_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("AGENTX_DATA_DIR", str(blocked))

    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello."))) as (app, pilot):
            await say(pilot, "hi")
            await until(pilot, lambda: bool(app.conversation.failed))
            assert "journal" in app.conversation.failed or "sessions" in app.conversation.failed
            await until(pilot, lambda: app.prompt.text == "hi")

    run(test)


def test_a_conversation_goes_on_after_a_turn_was_stopped(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE, answer("Hello."))) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("escape")
            await done(pilot)
            await say(pilot, "hi")
            await done(pilot)
            turn = app.conversation.view.turn
            assert turn is not None and turn.status == "ok"
            assert [str(item.text) for item in turn.items if isinstance(item, Answer)] == ["Hello."]

    run(test)


def test_the_thread_ends_with_the_screen(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE)) as (_, pilot):
            await say(pilot, "write")
            await asked(pilot)
        assert not [thread for thread in threading.enumerate() if thread.name == "agentx-engine"]

    run(test)


def test_a_path_after_an_at_sign_reaches_the_agent_as_a_path(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, answer("Read."))
        (setup.workspace / "notes.md").write_text("")
        async with running(setup) as (app, pilot):
            await say(pilot, "read @notes.md, mail me@example.org and @nothing")
            await done(pilot)
            assert app.conversation.view.turns[-1].task == "read @notes.md, mail me@example.org and @nothing"

    run(test)


def test_a_session_that_goes_on_shows_what_was_said_and_knows_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("You are Ada."))) as (app, pilot):
            await say(pilot, "I am Ada")
            await done(pilot)
            session_id = app.conversation.view.session_id
        again = replace(setup_of(tmp_path, answer("Ada, as you said.")), resumed=session_id)
        async with running(again) as (app, pilot):
            await until(pilot, lambda: app.conversation.view.turn is not None)
            assert [turn.task for turn in app.conversation.view.turns] == ["I am Ada"]
            await say(pilot, "who am I?")
            await done(pilot)
            assert [turn.task for turn in app.conversation.view.turns] == ["I am Ada", "who am I?"]
            assert fold(kept(session_id)).turns == app.conversation.view.turns

    run(test)


def test_a_session_that_broke_off_says_so_and_goes_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE)) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("alt+y")
            await done(pilot)
            session_id = app.conversation.view.session_id
            assert app.conversation.view.turns[-1].status == "failed"
        again = replace(setup_of(tmp_path, WRITE, answer("Went on.")), resumed=session_id)
        async with running(again) as (app, pilot):
            await until(pilot, lambda: app.main.query_one("#problem").display)
            assert "/resume goes on with it" in screen_text(app)
            await say(pilot, "/resume")
            await until(pilot, lambda: not app.conversation.broken_off)
            await done(pilot)
            [turn] = app.conversation.view.turns
            assert (turn.task, turn.status) == ("write", "ok")
            assert [str(item.text) for item in turn.items if isinstance(item, Answer)] == ["Went on."]
            assert not app.main.query_one("#problem").display
            assert fold(kept(session_id)).turns == app.conversation.view.turns
            await say(pilot, "/resume")
            await settled(pilot)
            assert any("No task broke off" in note.message for note in app._notifications)

    run(test)


def test_a_message_in_place_of_resume_gives_the_task_up(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            session_id = app.conversation.view.session_id
        again = replace(setup_of(tmp_path, answer("Two.")), resumed=session_id)
        async with running(again) as (app, pilot):
            await until(pilot, lambda: bool(app.conversation.broken_off))
            await say(pilot, "two")
            await done(pilot)
            assert [turn.status for turn in app.conversation.view.turns] == ["failed", "ok"]
            assert not app.conversation.broken_off

    run(test)


def test_settings_that_cannot_be_read_end_the_screen_with_their_own_error(tmp_path: Path) -> None:
    from agentx_tui.app import AgentXApp

    def broken() -> Any:
        raise ConfigError("config.toml, line 1: there is no setting `x`.")

    async def test() -> None:
        app = AgentXApp(broken)
        async with app.run_test() as pilot:
            await until(pilot, lambda: app.conversation.broken is not None)
            assert isinstance(app.conversation.broken, ConfigError) and app._exit

    run(test)
