"""Who gets a line that is typed while a task runs: the task, or the question that is asked, and never the other."""

import asyncio
import os
import pty
import termios
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from agentx.cli.typed_lines import ASKED, AWAY_S, CUT_OFF, FOR_NOBODY, QUIET_S, UNHEARD, TypedLines, of_questions

MOMENT_S = 0.1


class Desk:
    """A terminal, whose keys are `type`, and its reader."""

    def __init__(self) -> None:
        self.keys, self.terminal = pty.openpty()
        self.said: list[str] = []
        self.told: list[str] = []
        self.lines = TypedLines(self.terminal, self.said.append, self.told.append)

    def run(self, test: Callable[[], Awaitable[None]]) -> None:
        async def heard() -> None:
            with self.lines.heard():
                await asyncio.wait_for(test(), 20)

        asyncio.run(heard())

    async def type(self, text: str) -> None:
        os.write(self.keys, text.encode())
        await asyncio.sleep(MOMENT_S)

    async def question(self) -> "asyncio.Task[str | None]":
        """One that was written, and was there long enough to be read."""
        await self.lines.turn()
        answer = asyncio.ensure_future(self.lines.line())
        await asyncio.sleep(QUIET_S + 2 * MOMENT_S)
        return answer

    def close(self) -> None:
        for descriptor in (self.keys, self.terminal):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close()


def test_lines_are_for_the_task_but_for_the_one_that_answers(desk: Desk) -> None:
    async def test() -> None:
        await desk.type("one\n\n  \ntwo\n")
        answer = await desk.question()
        await desk.type("y\n")
        assert await answer == "y"
        await desk.type("three\n")
        assert desk.said == ["one", "two", "three"] and desk.told == []

    desk.run(test)


def test_a_line_that_was_ended_before_a_question_is_for_the_task_though_nobody_has_read_it(desk: Desk) -> None:
    async def test() -> None:
        os.write(desk.keys, b"y\n")
        answer = await desk.question()
        assert desk.said == ["y"] and not answer.done()
        await desk.type("n\n")
        assert await answer == "n" and desk.said == ["y"]

    desk.run(test)


def test_a_question_waits_for_the_end_of_a_line_that_was_begun(desk: Desk) -> None:
    async def test() -> None:
        await desk.type("in Germ")
        turn = asyncio.ensure_future(desk.lines.turn())
        await asyncio.sleep(MOMENT_S)
        assert not turn.done() and desk.told == [f"\n{ASKED} in Germ"]
        await desk.type("an\n")
        await turn
        assert desk.said == ["in German"]

    desk.run(test)


def test_a_question_waits_until_no_line_is_begun_any_more(desk: Desk) -> None:
    async def test() -> None:
        await desk.type("in Germ")
        turn = asyncio.ensure_future(desk.lines.turn())
        await asyncio.sleep(MOMENT_S)
        await desk.type("an\nand Fr")
        assert not turn.done() and desk.said == ["in German"]
        await desk.type("ench\n")
        await turn
        assert desk.said == ["in German", "and French"]

    desk.run(test)


def test_a_question_looks_again_when_the_line_that_was_begun_is_ended(desk: Desk) -> None:
    async def test() -> None:
        def said(line: str) -> None:
            desk.said.append(line)
            if len(desk.said) == 1:
                os.write(desk.keys, b"and Fr")  # a quick hand

        desk.lines = TypedLines(desk.terminal, said, desk.told.append)
        with desk.lines.heard():
            await desk.type("in Germ")
            turn = asyncio.ensure_future(desk.lines.turn())
            await desk.type("")
            await desk.type("an\n")
            assert not turn.done() and desk.said == ["in German"]
            await desk.type("ench\n")
            await turn
            assert desk.said == ["in German", "and French"]

    asyncio.run(test())


ERASED = {
    "letters": ("grün, 中文", "\x7f\x7f\x7f\x7f", "\b \b" * 6, "e\n", ["grüne"]),
    "a word": ("in all German ", "\x17", "\b \b" * 7, "French\n", ["in all French"]),
    "all": ("in German", "\x15", "\b \b" * 9 + "\n", "", []),
    "more than all": ("y", "\x7f", "\b \b\n", "", []),
}


@pytest.mark.parametrize(("begun", "keys", "shown", "rest", "said"), ERASED.values(), ids=ERASED)
def test_a_line_that_a_question_waits_for_can_be_changed(
    begun: str, keys: str, shown: str, rest: str, said: list[str], desk: Desk
) -> None:
    async def test() -> None:
        before = termios.tcgetattr(desk.terminal)
        await desk.type(begun)
        turn = asyncio.ensure_future(desk.lines.turn())
        await asyncio.sleep(MOMENT_S)
        told = len(desk.told)
        await desk.type(keys)
        assert "".join(desk.told[told:]) == shown
        await desk.type(rest)
        await asyncio.wait_for(turn, MOMENT_S)
        assert "".join(desk.told[told:]) == shown + rest and desk.said == said
        assert termios.tcgetattr(desk.terminal) == before

    desk.run(test)


def test_a_question_that_takes_what_was_about_to_be_read_holds_nothing_up(desk: Desk) -> None:
    async def test() -> None:
        late = threading.Timer(3, lambda: os.write(desk.keys, b"late\n"))
        late.start()
        began = time.monotonic()
        os.write(desk.keys, b"one\n")
        await asyncio.sleep(0)  # the loop finds it now, and reads behind what follows
        await desk.lines.turn()
        lines: Any = desk.lines
        lines._read()
        await asyncio.sleep(MOMENT_S)
        took_s = time.monotonic() - began
        late.cancel()
        assert took_s < 2 and desk.said == ["one"]

    desk.run(test)


@pytest.mark.parametrize("early", ["y\n", "in German\n"])
def test_what_is_typed_before_a_question_can_be_read_is_for_nobody_and_the_question_comes_again(
    early: str, desk: Desk
) -> None:
    async def test() -> None:
        await desk.lines.turn()
        line = asyncio.ensure_future(desk.lines.line())
        await desk.type(early)
        assert await line is None
        again = asyncio.ensure_future(desk.lines.line())
        await asyncio.sleep(QUIET_S + 2 * MOMENT_S)
        await desk.type("n\n")
        assert await again == "n" and desk.said == []

    desk.run(test)


@pytest.mark.parametrize("early", ["y", "translate x and ", "in German\ny"])
def test_the_end_of_a_line_that_was_begun_too_early_is_no_answer(early: str, desk: Desk) -> None:
    async def test() -> None:
        await desk.lines.turn()
        line = asyncio.ensure_future(desk.lines.line())
        await desk.type(early)
        await asyncio.sleep(QUIET_S + MOMENT_S)
        begun = early.rpartition("\n")[2]
        assert not line.done() and desk.told == [f"\n{FOR_NOBODY} {begun}"]
        await desk.type("y\n")
        assert await line is None
        again = asyncio.ensure_future(desk.lines.line())
        await desk.type("y\n")  # nor has the question that is written again been read so soon
        assert await again is None
        again = asyncio.ensure_future(desk.lines.line())
        await asyncio.sleep(QUIET_S + 2 * MOMENT_S)
        await desk.type("n\n")
        assert await again == "n" and desk.said == []

    desk.run(test)


def test_a_second_line_of_one_question_is_read_at_once(desk: Desk) -> None:
    async def test() -> None:
        answer = await desk.question()
        await desk.type("e\n")
        assert await answer == "e"
        second = asyncio.ensure_future(desk.lines.line())
        await desk.type("{}\n")
        assert await asyncio.wait_for(second, MOMENT_S) == "{}"

    desk.run(test)


def test_an_answer_that_nobody_waits_for_any_more_is_for_the_task(desk: Desk) -> None:
    async def test() -> None:
        answer = await desk.question()
        answer.cancel()
        await asyncio.sleep(0)
        await desk.type("go on\n")
        assert desk.said == ["go on"]

    desk.run(test)


def test_the_end_of_input_answers_a_question_or_ends_the_chat(desk: Desk) -> None:
    async def test() -> None:
        answer = await desk.question()
        await desk.type("\x04")
        assert await answer == "" and not desk.lines.ended
        await desk.type("half\x04")
        await desk.type("\x04")
        assert desk.said == ["half"] and not desk.lines.ended
        for _ in range(3):  # which is no sign that the terminal is gone
            await desk.type("\x04")
            assert desk.lines.ended
        answer = await desk.question()
        await desk.type("y\n")
        assert await answer == "y"

    desk.run(test)


def test_a_terminal_that_is_gone_answers_nothing_and_is_read_no_more(desk: Desk) -> None:
    async def test() -> None:
        answer = await desk.question()
        os.close(desk.keys)
        desk.keys = -1
        assert await answer == ""
        await asyncio.sleep(MOMENT_S)
        assert desk.lines.ended and not asyncio.get_running_loop().remove_reader(desk.terminal)
        assert await (await desk.question()) == ""

    desk.run(test)


def test_letters_of_two_bytes_and_lines_that_come_in_pieces_are_whole(desk: Desk) -> None:
    async def test() -> None:
        for piece in (b"gr" + "ö".encode()[:1], "ö".encode()[1:] + b"\x04", "ße 中\n".encode()):
            os.write(desk.keys, piece)
            await asyncio.sleep(MOMENT_S)
        assert desk.said == ["größe 中"]

    desk.run(test)


def test_nothing_that_is_pasted_is_in_force(desk: Desk) -> None:
    async def test() -> None:
        await desk.type("in\x1b[31m Ger\x1b\x07man\tnow\n")
        assert desk.said == ["in German\tnow"]

    desk.run(test)


def test_a_line_that_the_task_did_not_live_to_hear_is_told_of(desk: Desk) -> None:
    async def test() -> None:
        await desk.type("half\x04")

    desk.run(test)
    assert desk.said == [] and desk.told == [f"\n{CUT_OFF} half\n"]


def test_a_task_that_was_broken_off_takes_no_reader_from_the_next(desk: Desk) -> None:
    async def test() -> None:
        old, new = desk.lines.heard(), desk.lines.heard()
        old.__enter__()
        new.__enter__()
        old.__exit__(None, None, None)
        await desk.type("one\n")
        assert desk.said == ["one"]
        new.__exit__(None, None, None)
        assert not asyncio.get_running_loop().remove_reader(desk.terminal)

    desk.run(test)


def test_where_no_task_listens_a_question_alone_is_read_for(desk: Desk) -> None:
    desk.lines = of_questions(desk.terminal, desk.told.append)

    async def test() -> None:
        await desk.type("ls\nand y")
        question = desk.lines.question()
        coming = asyncio.ensure_future(question.__aenter__())
        await asyncio.sleep(MOMENT_S)
        assert not coming.done() and desk.told == [f"{UNHEARD} ls\n", f"\n{ASKED} and y"]
        await desk.type("es\n")
        await coming
        assert desk.told[-1] == f"{UNHEARD} and yes\n"
        answer = asyncio.ensure_future(desk.lines.line())
        await asyncio.sleep(QUIET_S + 2 * MOMENT_S)
        await desk.type("n\n")
        assert await answer == "n"
        await question.__aexit__(None, None, None)
        await desk.type("ls\n")
        assert os.read(desk.terminal, 100) == b"ls\n", "what is typed without a question is another reader's"

    asyncio.run(test())


def test_a_terminal_is_given_back_by_a_task_that_was_left_behind_and_not_set_up_by_its_end(desk: Desk) -> None:
    before = termios.tcgetattr(desk.terminal)
    loop = asyncio.new_event_loop()

    async def test() -> None:
        with desk.lines.heard():
            await desk.type("in Germ")
            await desk.lines.turn()

    async def moment() -> None:
        await asyncio.sleep(3 * MOMENT_S)

    left = loop.create_task(test())
    loop.run_until_complete(moment())
    assert termios.tcgetattr(desk.terminal) != before
    desk.lines.let_go()
    assert termios.tcgetattr(desk.terminal) == before
    edits = [*before[:3], before[3] & ~termios.ICANON, *before[4:]]  # as a line editor sets it up
    termios.tcsetattr(desk.terminal, termios.TCSANOW, edits)
    own = termios.tcgetattr(desk.terminal)
    left.cancel()
    loop.run_until_complete(asyncio.wait([left]))
    assert termios.tcgetattr(desk.terminal) == own
    loop.close()


def test_in_the_background_the_terminal_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        def stops(*modes: object) -> None:
            pytest.fail("that would stop the process")

        def shells(descriptor: int) -> int:
            return os.getpgrp() + 1

        monkeypatch.setattr(os, "tcgetpgrp", shells)
        monkeypatch.setattr(termios, "tcsetattr", stops)
        await desk.type("make\n")
        await desk.lines.turn()
        assert desk.said == []
        monkeypatch.undo()
        await asyncio.sleep(AWAY_S + MOMENT_S)
        assert desk.said == ["make"]

    desk.run(test)
