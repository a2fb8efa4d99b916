"""Who gets a line that is typed while a task runs: the task, or the question that is asked, and never the other."""

import asyncio
import os
import pty
from collections.abc import Awaitable, Callable, Iterator

import pytest
from agentx_tui.typed_lines import ASKED, QUIET_S, TypedLines

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


@pytest.mark.parametrize("early", ["y\n", "y", "in German\ny"])
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
