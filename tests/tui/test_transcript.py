"""What is shown is what was said in the session that is shown, whichever was shown before it."""

from pathlib import Path

import pytest
from agentx_tui.blocks import Book
from agentx_tui.going_on import Resume
from agentx_tui.reducer import fold
from agentx_tui.signals import TakenUp
from agentx_tui.view import View
from agentx_tui.widgets.answer import AnswerBlock

from agentx import events as ev
from agentx.messages import Usage
from tests.tui.pages import answer, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.states import BEGUN


def of_one_turn(task: str, text: str, session_id: str = "s") -> View:
    started = ev.RunStarted(session_id, task, "m", "react", [], "/w")
    return fold([started, ev.StepStarted(1), ev.Answered(text), ev.RunFinished("ok", text, None, 1, Usage())])


@pytest.mark.parametrize("text", ["another answer..", "Another answer, and a longer one."])
def test_the_blocks_of_another_turn_hold_nothing_of_the_one_before(text: str) -> None:
    book = Book()
    book.update(of_one_turn("one", "As long a text.."))
    assert book.update(of_one_turn("one", text)) == Book().update(of_one_turn("one", text))


def test_a_session_of_one_turn_that_is_taken_up_is_shown_without_the_one_before(tmp_path: Path) -> None:
    said = "The first answer, which is the longer one of the two."

    async def test() -> None:
        async with running(setup_of(tmp_path, answer(said), answer("The second answer."))) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            first = app.conversation.view.session_id
            await say(pilot, "/new")
            await say(pilot, "two")
            await done(pilot)
            assert app.conversation.take_up(Resume(first)) == ""
            await until(pilot, lambda: app.conversation.view.session_id == first)
            await done(pilot)
            [block] = app.query(AnswerBlock)
            assert block.raw == said
            assert said in screen_text(app) and "second" not in screen_text(app)

    run(test)


def test_another_session_is_shown_from_its_end(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path)
        async with running(setup) as (app, pilot):
            for event in [*BEGUN, ev.TextDelta("answer", "\n\n".join(f"line {n}" for n in range(100)))]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.transcript.max_scroll_y > 100 and app.transcript.rows_below == 0)
            await pilot.press("pageup", "pageup")
            await settled(pilot)
            assert not app.transcript.stuck
            other = of_one_turn("another", "\n\n".join(f"other {n}" for n in range(100)), "t")
            app.conversation.inbox.put(TakenUp(setup, other, "ask"))
            await until(pilot, lambda: app.transcript.stuck and "other 99" in screen_text(app))
            assert "line 9" not in screen_text(app)

    run(test)
