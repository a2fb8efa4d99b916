"""Every key does what the table of keys says."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import keymap, preferences, theme
from agentx_tui.screens.history import HistoryPage
from agentx_tui.screens.page import Page
from agentx_tui.signals import Asking
from agentx_tui.view import Answer, Card
from textual import events
from textual.command import CommandPalette

from agentx import events as ev
from agentx import folders
from agentx.messages import ToolCall
from tests.tui.pages import answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.states import BEGUN, LONG, READ, STATES, finished

WRITE = calls('write_file(path="notes.txt", text="one\\n")')


def outcome(app: Any) -> Card:
    [card] = [item for turn in app.conversation.view.turns for item in turn.items if isinstance(item, Card)]
    return card


async def working(app: Any, pilot: Any) -> None:
    """As if the agent worked, for as long as the test likes."""
    for event in BEGUN:
        app.conversation.inbox.put(event)
    await until(pilot, lambda: app.conversation.view.busy)


def test_enter_sends_and_the_answer_comes(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello **Ada**."))) as (app, pilot):
            await pilot.press(*"hi", "enter")
            await done(pilot)
            turn = app.conversation.view.turn
            assert turn is not None and (turn.task, turn.status) == ("hi", "ok")
            [said] = [item for item in turn.items if isinstance(item, Answer)]
            assert str(said.text) == "Hello **Ada**."
            assert app.prompt.text == ""

    run(test)


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter"])
def test_a_new_line_is_written(key: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("a", key, "b")
            assert app.prompt.text == "a\nb"

    run(test)


def test_a_backslash_at_the_end_of_a_line_makes_enter_a_new_line(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("a", "backslash", "enter", "b")
            assert app.prompt.text == "a\nb"

    run(test)


def test_what_is_sent_while_the_agent_works_is_queued_and_sent_after(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, answer("Done."), answer("And that."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await say(pilot, "and then")
            assert app.conversation.queue == ["and then"]
            await pilot.pause(0.45)
            await pilot.press("alt+y")
            await done(pilot)
            assert [turn.task for turn in app.conversation.view.turns] == ["write", "and then"]

    run(test)


def test_ctrl_s_adds_to_the_task_that_is_under_way(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE, answer("Done, in German."))) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            app.prompt.replace_all("in German")
            await pilot.press("ctrl+s")
            await until(pilot, lambda: bool(app.conversation.view.turn.steering))
            assert "in German (at the next step)" in screen_text(app)
            assert app.prompt.text == "" and app.conversation.queue == []
            await pilot.pause(0.45)
            await pilot.press("alt+y")
            await done(pilot)
            [turn] = app.conversation.view.turns
            assert turn.status == "ok" and turn.steering == ()
            kinds = [type(item).__name__ for item in turn.items]
            assert kinds[-2:] == ["Added", "Answer"] or kinds[-3:] == ["Added", "Thought", "Answer"]
            shown = screen_text(app)
            assert shown.index("write_file") < shown.index("in German") < shown.index("Done, in German.")
            assert "at the next step" not in shown

    run(test)


def test_what_a_task_ends_before_it_could_heed_is_the_next_task(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, answer("And that."), max_steps=1)
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            app.prompt.replace_all("and that")
            await pilot.press("ctrl+s")
            await until(pilot, lambda: bool(app.conversation.view.turn.steering))
            await pilot.pause(0.45)
            await pilot.press("alt+y")
            await until(pilot, lambda: len(app.conversation.view.turns) == 2)
            await done(pilot)
            assert [(turn.task, turn.status) for turn in app.conversation.view.turns] == [
                ("write", "failed"),
                ("and that", "ok"),
            ]

    run(test)


def test_what_was_added_to_a_turn_that_is_stopped_comes_back_into_the_prompt(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE)) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            app.prompt.replace_all("and that")
            await pilot.press("ctrl+s")
            await until(pilot, lambda: bool(app.conversation.view.turn.steering))
            await pilot.press("escape")
            await done(pilot)
            await until(pilot, lambda: app.prompt.text == "and that")
            assert app.conversation.view.turn.steering == ()

    run(test)


def test_ctrl_s_sends_where_no_task_is_under_way(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello."))) as (app, pilot):
            await pilot.press(*"hi", "ctrl+s")
            await done(pilot)
            assert [(turn.task, turn.status) for turn in app.conversation.view.turns] == [("hi", "ok")]

    run(test)


def test_up_and_down_go_through_what_was_sent_and_back_to_the_draft(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("1"), answer("2"))) as (app, pilot):
            for text in ("first", "second"):
                await say(pilot, text)
                await done(pilot)
            await pilot.press(*"draft", "up")
            assert app.prompt.text == "second"
            await pilot.press("up", "up")
            assert app.prompt.text == "first"
            await pilot.press("down", "down")
            assert app.prompt.text == "draft"

    run(test)


def test_up_moves_within_a_text_of_several_lines_before_it_goes_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.prompt.sent_before.add("before")
            await pilot.press("a", "ctrl+j", "b", "up")
            assert app.prompt.text == "a\nb"
            await pilot.press("up")
            assert app.prompt.text == "before"

    run(test)


def test_up_in_an_empty_prompt_takes_back_what_is_queued_last(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await working(app, pilot)
            await say(pilot, "one")
            await say(pilot, "two")
            await pilot.press("up")
            await settled(pilot)
            assert (app.prompt.text, app.conversation.queue) == ("two", ["one"])

    run(test)


def test_tab_takes_the_completion_of_a_file(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path)
        (setup.workspace / "notes.md").write_text("")
        (setup.workspace / "table.csv").write_text("")
        async with running(setup) as (app, pilot):
            await until(pilot, lambda: len(app.prompt.files) == 2)
            await pilot.press(*"see @tab", "tab", *"now")
            assert app.prompt.text == "see @table.csv now"

    run(test)


def test_enter_takes_a_completion_that_is_open_and_down_points_at_the_next(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path)
        for name in ("a.txt", "b.txt"):
            (setup.workspace / name).write_text("")
        async with running(setup) as (app, pilot):
            await until(pilot, lambda: len(app.prompt.files) == 2)
            await pilot.press("@", "down", "enter")
            assert app.prompt.text == "@b.txt "

    run(test)


def test_a_command_is_completed_and_carried_out_by_one_enter(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press(*"/too", "enter")
            await until(pilot, lambda: isinstance(app.screen, Page))
            assert app.prompt.text == ""

    run(test)


def test_a_command_that_is_none_is_told_of_and_not_sent(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await say(pilot, "/nothing")
            await settled(pilot)
            assert not app.conversation.busy
            assert any("There is no command" in note.message for note in app._notifications)

    run(test)


def test_esc_closes_completions_before_it_stops_anything(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await working(app, pilot)
            await pilot.press("/")
            assert app.prompt.offers.is_open
            await pilot.press("escape")
            assert not app.prompt.offers.is_open
            assert not app.conversation.status().stopping
            await pilot.press("escape")
            assert app.conversation.status().stopping

    run(test)


def test_esc_stops_the_turn_keeps_what_was_said_and_gives_the_queue_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE)) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await say(pilot, "and then")
            await pilot.press("escape")
            await done(pilot)
            turn = app.conversation.view.turn
            assert turn is not None and turn.status == "interrupted"
            assert outcome(app).status == "cancelled"
            assert app.prompt.text == "and then"
            assert not app.dock.display

    run(test)


def test_ctrl_c_puts_the_draft_aside_and_twice_ends(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press(*"draft", "ctrl+c")
            assert app.prompt.text == ""
            await pilot.press("up")
            assert app.prompt.text == "draft"
            await pilot.press("ctrl+c", "ctrl+c")
            assert app._exit

    run(test)


LOG = "\n".join(f"{n}: a line of a log" for n in range(1_500))
MORE_LOG = "\n".join(f"{n}: a line of another log" for n in range(60))


def test_ctrl_c_keeps_a_draft_however_long_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.prompt.replace_all(LOG)
            await pilot.press("ctrl+c")
            assert app.prompt.text == ""
            await pilot.press("up")
            assert app.prompt.text.startswith("[text 1: 1,500 lines") and app.prompt.whole_text == LOG

    run(test)


def test_what_comes_back_stands_before_the_draft_and_no_paste_is_lost_in_another(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await working(app, pilot)
            await say(pilot, LOG)
            app.prompt.replace_all("see ")
            app.prompt.post_message(events.Paste(MORE_LOG))
            await until(pilot, lambda: "[text 1: 60 lines" in app.prompt.text)
            await pilot.press("escape")
            await until(pilot, lambda: app.prompt.whole_text == f"{LOG}\nsee {MORE_LOG}")
            assert app.prompt.cursor_location == app.prompt.document.end
            app.conversation.returned.append(LOG)
            app.take()
            assert app.prompt.whole_text == f"{LOG}\n{LOG}\nsee {MORE_LOG}"

    run(test)


@pytest.mark.parametrize("way", ["/rename", "ctrl+r"])
def test_a_draft_that_gives_way_is_put_aside(way: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello."))) as (app, pilot):
            await say(pilot, "hi")
            await done(pilot)
            app.prompt.replace_all("a draft")
            if way == "ctrl+r":
                await pilot.press("ctrl+r", *"hi", "enter")
            else:
                await app.run_action("rename")
            instead = "hi" if way == "ctrl+r" else "/rename "
            await until(pilot, lambda: app.screen is app.main and app.prompt.text == instead)
            await pilot.press("up")
            assert app.prompt.text == "a draft"

    run(test)


def test_ctrl_c_copies_what_is_selected(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press(*"words", "f7", "ctrl+c")
            assert (app.clipboard, app.prompt.text) == ("words", "words")

    run(test)


def test_ctrl_q_ends(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("ctrl+q")
            assert app._exit

    run(test)


def test_ctrl_o_unfolds_all_cards_and_folds_them_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for event in STATES["success-long"]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.turn is not None)
            height = app.transcript.virtual_size.height
            await pilot.press("ctrl+o")
            await until(pilot, lambda: app.transcript.virtual_size.height > 140)
            await pilot.press("ctrl+o")
            await until(pilot, lambda: app.transcript.virtual_size.height == height)

    run(test)


def test_ctrl_b_hides_the_sidebar_where_there_is_room_and_is_a_drawer_else(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            sidebar = app.main.query_one("#sidebar")
            assert sidebar.display
            await pilot.press("ctrl+b")
            assert not sidebar.display
        async with running(setup_of(tmp_path), (80, 24)) as (app, pilot):
            sidebar = app.main.query_one("#sidebar")
            assert not sidebar.display
            await pilot.press("ctrl+b")
            assert sidebar.display
            await pilot.press("escape")
            assert not sidebar.display

    run(test)


def test_the_transcript_scrolls_and_ctrl_end_goes_along_with_it_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for event in [*BEGUN, ev.TextDelta("answer", "\n\n".join(map(str, range(100))))]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.transcript.max_scroll_y > 100 and app.transcript.rows_below == 0)
            await pilot.press("pageup")
            await settled(pilot)
            assert app.transcript.rows_below > 10 and not app.transcript.stuck
            below = app.transcript.rows_below
            app.conversation.inbox.put(ev.TextDelta("answer", "\n\nmore\n\nand more"))
            await until(pilot, lambda: app.transcript.rows_below > below)
            assert app.main.query_one("#below").display
            await pilot.press("ctrl+end")
            await until(pilot, lambda: app.transcript.rows_below == 0)
            app.conversation.inbox.put(ev.TextDelta("answer", "\n\n" + "\n\n".join("abc")))
            await pilot.pause(0.3)
            await until(pilot, lambda: app.transcript.rows_below == 0 and app.transcript.stuck)
            assert not app.main.query_one("#below").display
            await pilot.press("pageup", "pagedown")
            await until(pilot, lambda: app.transcript.stuck)

    run(test)


def test_alt_up_points_at_blocks_whose_keys_copy_and_fold(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for event in [
                *BEGUN,
                *finished(READ, "ok", LONG),
                ev.TextDelta("answer", "So:\n\n```python\nx = 1\n```\n"),
            ]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.transcript.mounted_blocks == 3)
            await pilot.press("alt+up", "c")
            assert app.clipboard == "So:\n\n```python\nx = 1\n```\n"
            await pilot.press("y")
            assert app.clipboard == "x = 1"
            await pilot.press("alt+up", "c")
            assert app.clipboard == LONG
            height = app.transcript.virtual_size.height
            await pilot.press("enter")
            await until(pilot, lambda: app.transcript.virtual_size.height > height)
            await pilot.press("alt+down", "alt+down")
            assert app.focused is app.prompt
            await pilot.press("alt+up", "escape")
            assert app.focused is app.prompt
            await pilot.press("alt+up", "x")
            assert (app.focused, app.prompt.text) == (app.prompt, "x")

    run(test)


def test_f1_shows_the_keys_and_esc_closes_them(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("f1")
            assert isinstance(app.screen, Page)
            await pilot.press("escape")
            assert app.screen is app.main and app.focused is app.prompt

    run(test)


def test_ctrl_p_opens_the_palette_whose_commands_are_carried_out(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("ctrl+p")
            assert isinstance(app.screen, CommandPalette)
            await pilot.press(*"theme")
            await pilot.pause(0.5)
            await pilot.press("enter", "enter")
            await until(pilot, lambda: app.theme == theme.LIGHT.name)

    run(test)


def test_ctrl_g_writes_in_the_editor_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'and more' >> \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            # What runs without a terminal cannot step back from one.
            app.suspend = contextlib.nullcontext  # type: ignore[method-assign]
            await pilot.press(*"some", "ctrl+j", "ctrl+g")
            await until(pilot, lambda: "more" in app.prompt.text)
            assert app.prompt.text == "some\nand more"
            monkeypatch.setenv("VISUAL", str(tmp_path / "none"))
            await pilot.press("ctrl+g")
            await settled(pilot)
            assert any("set EDITOR to another" in note.message for note in app._notifications)
            assert app.prompt.text == "some\nand more"
            monkeypatch.setenv("VISUAL", str(editor))
            editor.write_text("#!/bin/sh\necho 'a long one' > \"$1\"\nexit 1\n")
            await pilot.press("ctrl+g")
            await settled(pilot)
            assert any("Ctrl+R finds what was written" in note.message for note in app._notifications)
            assert app.prompt.text == "some\nand more" and app.history.entries[-1] == "a long one"

    run(test)


def test_the_theme_that_was_chosen_is_kept(tmp_path: Path) -> None:
    path = folders.config_dir() / "ui.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('glyphs = "ascii"\ntheme = "dark"  # as ever\n')

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await say(pilot, "/theme")
            await until(pilot, lambda: app.theme == theme.LIGHT.name)

    run(test)
    chosen = preferences.load()
    assert (chosen.theme, chosen.glyphs, chosen.problems) == ("light", "ascii", ())


def test_files_that_came_later_are_completed_too(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path)
        async with running(setup) as (app, pilot):
            (setup.workspace / "later.md").write_text("")
            await pilot.press("@")
            await until(pilot, lambda: app.prompt.offers.is_open)
            await pilot.press("enter")
            assert app.prompt.text == "@later.md "

    run(test)


@pytest.mark.parametrize(("key", "word"), [("alt+y", "happened"), ("alt+n", "again"), ("alt+r", "stop")])
def test_a_call_in_doubt_is_settled_in_the_same_dock(key: str, word: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            call = ToolCall("d", "write_file", {"path": "notes.txt", "text": "one"})
            asking = Asking(call, asyncio.get_running_loop().create_future())
            said: list[Any] = []
            app.conversation.engine.answer = lambda _, word: said.append(word)  # type: ignore[method-assign]
            app.conversation.inbox.put(asking)
            await asked(pilot)
            assert "it has happened" in screen_text(app) and "write_file" in screen_text(app)
            await pilot.press(key)
            await until(pilot, lambda: bool(said))
            assert said == [word]

    run(test)


def test_ctrl_r_finds_what_was_sent_by_its_words(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for text in ("count the rows", "sum the columns", "say hello"):
                app.prompt.sent_before.add(text)
            await pilot.press("ctrl+r")
            assert isinstance(app.screen, HistoryPage)
            await pilot.press(*"the", "down", "enter")
            await until(pilot, lambda: app.screen is app.main)
            assert app.prompt.text == "count the rows"

    run(test)


DECISIONS: list[tuple[list[str], str, Callable[[Path], bool]]] = [
    (["alt+y"], "success", lambda path: path.read_text() == "one\n"),
    (["alt+s"], "success", lambda path: path.read_text() == "one\n"),
    (["alt+p", "enter"], "success", lambda path: path.read_text() == "one\n"),
    (["alt+n"], "rejected", lambda path: not path.exists()),
    (["alt+r", *"not now", "enter"], "rejected", lambda path: not path.exists()),
]


@pytest.mark.parametrize(("keys", "status", "holds"), DECISIONS, ids=lambda value: str(value)[:24])
def test_a_decision_is_made_by_its_key(
    keys: list[str], status: str, holds: Callable[[Path], bool], tmp_path: Path
) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press(*keys)
            await done(pilot)
            assert outcome(app).status == status
            assert holds(setup.workspace / "notes.txt")
            assert app.focused is app.prompt and not app.dock.display
            if "alt+r" in keys:
                result = outcome(app).result
                assert result is not None and "not now" in result.text

    run(test)


def test_arguments_are_changed_as_json_and_bad_ones_are_told_of(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("alt+e")
            entry: Any = app.dock.query_one("#entry")
            entry.load_text("{")
            await pilot.press("enter")
            problem: Any = app.dock.query_one("#dock-problem")
            assert problem.display
            entry.load_text('{"path": "other.txt", "text": "two"}')
            await pilot.press("enter")
            await done(pilot)
            assert (setup.workspace / "other.txt").read_text() == "two"
            assert outcome(app).edited and not (setup.workspace / "notes.txt").exists()

    run(test)


def test_esc_leaves_the_entry_of_a_decision_and_nothing_is_decided(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE, answer("Done."))) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("alt+r", "escape")
            await settled(pilot)
            assert app.dock.asking is not None and app.conversation.view.busy
            assert app.focused is app.prompt
            await pilot.pause(0.45)
            await pilot.press("alt+n")
            await done(pilot)

    run(test)


def test_keys_decide_nothing_within_400_ms_of_typing(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE, answer("Done."))) as (app, pilot):
            await say(pilot, "write")
            await until(pilot, lambda: app.dock.asking is not None and app.dock.display)
            await pilot.pause(0.45)
            app.typed_at = time.monotonic()
            app.action_decide("once")
            assert app.dock.asking is not None and app.dock.has_class("-unarmed")
            assert not app.dock.armed
            await pilot.pause(0.45)
            await pilot.press("alt+y")
            await done(pilot)
            assert outcome(app).status == "success"

    run(test)


def test_the_session_s_word_holds_for_the_next_call_too(tmp_path: Path) -> None:
    async def test() -> None:
        second = calls('write_file(path="more.txt", text="two\\n")')
        setup = setup_of(tmp_path, WRITE, second, answer("Done."))
        async with running(setup) as (_, pilot):
            await say(pilot, "write both")
            await asked(pilot)
            await pilot.press("alt+s")
            await done(pilot)
            assert (setup.workspace / "more.txt").read_text() == "two\n"

    run(test)


def test_a_question_of_a_tool_is_answered_in_the_same_dock(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, calls('ask_user(question="Which?")'), answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "clean up")
            await asked(pilot)
            await pilot.press("alt+y", *"the second", "enter")
            await done(pilot)
            result = outcome(app).result
            assert result is not None and result.text == "the second"

    run(test)


def test_new_begins_without_a_past(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("1"), answer("2"))) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            first = app.conversation.view.session_id
            await say(pilot, "/new")
            await settled(pilot)
            assert app.transcript.mounted_blocks == 0
            await say(pilot, "two")
            await done(pilot)
            assert [turn.task for turn in app.conversation.view.turns] == ["two"]
            assert app.conversation.view.session_id != first

    run(test)


def test_the_help_names_every_key_and_no_two_actions_of_a_place_share_one() -> None:
    assert len({key.id for key in keymap.KEYS}) == len(keymap.KEYS)
    assert keymap.remapped({key.id: key.keys for key in keymap.KEYS})[1] == []


def test_a_keymap_gives_an_action_other_keys_and_a_clash_is_refused(tmp_path: Path) -> None:
    usable, problems = keymap.remapped({"fold": "ctrl+t", "help": "ctrl+p", "fly": "f9"})
    assert usable == {"fold": "ctrl+t"}
    assert problems == ["keymap.toml: there is no action `fly`.", "keymap.toml: `ctrl+p` for help is taken by palette."]

    async def test() -> None:
        async with running(setup_of(tmp_path), keys={"newline": "ctrl+n"}) as (app, pilot):
            await pilot.press("a", "ctrl+n", "b")
            assert app.prompt.text == "a\nb"

    run(test)


def test_enter_does_not_overtake_the_letters_before_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello."))) as (app, pilot):
            for letter in "all of it":
                app.post_message(events.Key(letter if letter != " " else "space", letter))
            app.post_message(events.Key("enter", None))
            await until(pilot, lambda: app.conversation.view.turn is not None)
            await done(pilot)
            assert app.conversation.view.turns[0].task == "all of it"

    run(test)


def test_a_letter_on_its_way_keeps_the_key_behind_it_from_deciding(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE, answer("Done."))) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            app.post_message(events.Key("x", "x"))
            app.post_message(events.Key("alt+y", None))
            await settled(pilot)
            assert app.dock.asking is not None

    run(test)
