"""Text of models and tools is never markup nor control, and none of it is lost."""

from pathlib import Path
from typing import Any

import pytest
from agentx_tui import printable
from agentx_tui.blocks import Book
from agentx_tui.reducer import fold
from agentx_tui.segments import FORCED_CHARACTERS, Splitter, split
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events

from agentx import events as ev
from agentx.messages import ToolCall
from tests.tui.pages import answer, asked, calls, done, run, running, say, screen_text, setup_of, until
from tests.tui.states import ANSWER, BEGUN, STATES, finished

HOSTILE = {
    "closing tag": "[/] [/bold] end",
    "link": "[link=https://evil.example]x[/link] [@click=app.quit]y[/]",
    "escape": "\x1b[2J\x1b]0;title\x07 \x1b[31mred\x1b[0m",
    "nul": "a\x00b\x01c\x7fd\x9be",
    "right to left": "abc\u202edef\u202c \u2066x\u2069",
    "joiner": "👨‍👩‍👧‍👦 and e\u0301 and \u200bzero",
    "wide": "漢字かな交じり文 " * 20,
    "combining": "Z\u0351\u036b\u0343" * 30,
    "html": "<script>alert(1)</script> <b>bold</b>",
    "markdown": "![x](javascript:alert) [y](file:///etc/passwd) `` ` ``",
    "unclosed fence": "```python\nx = [/]\n",
    "one line of 100 kB": "x" * 100_000,
    "words of 100 kB": "word " * 20_000,
    "style": "$primary {color} %s {0} \\",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_wherever_text_is_shown(name: str, tmp_path: Path) -> None:
    text = HOSTILE[name]

    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 30)) as (app, pilot):
            call = ToolCall("h", text[:200] or "x", {text[:50]: text, "b": text})
            app.conversation.queue.append(text)
            for event in [
                ev.RunStarted("s", text, text[:100], "react", [], "/w"),
                *BEGUN[1:],
                ev.Thought(text),
                ev.TextDelta("call", text),
                ev.CallDecoded(call),
                ev.ApprovalAsked(call, text),
                ev.CallStarted(call),
                ev.CallProgress("h", text),
                *finished(ToolCall("i", "read", {}), "error", text),
                ev.QuestionAsked("h", text),
                ev.Notice(text),
                ev.TextDelta("answer", text),
            ]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.turn is not None)
            app.tell(text)
            await pilot.press("ctrl+o")
            await pilot.press("ctrl+b", "pageup", "pageup")
            await pilot.pause(0.1)
            shown = screen_text(app)
            assert not any(ord(sign) < 32 and sign != "\n" for sign in shown)
            assert not any(sign in shown for sign in "\x7f\x9b\u202e\u2066\u200d")
            assert app._exception is None

    run(test)


def test_a_hostile_call_waits_in_the_dock_as_what_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        text = "[/] [link=x] \\u001b[2J \\u202e"
        setup = setup_of(tmp_path, calls(f'write_file(path="[b]x.txt", text="{text}")'), answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            shown = screen_text(app)
            assert "[/] [link=x]" in shown and "\u202e" not in shown and "\x1b" not in shown
            await pilot.press("alt+n")
            await done(pilot)

    run(test)


def test_html_and_brackets_of_an_answer_are_there_to_read(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            text = "Use <b>this</b> and [/red] and a[0] and [link=x]."
            for event in [*BEGUN, ev.TextDelta("answer", text)]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.transcript.mounted_blocks == 2)
            assert text in screen_text(app)

    run(test)


def test_nothing_that_is_pasted_into_the_prompt_is_in_force(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Done."))) as (app, pilot):
            app.prompt.post_message(events.Paste("a\x1b[2Jb\x9b31m\tc\x7f\r\nd\re\x07"))
            await until(pilot, lambda: bool(app.prompt.text))
            assert app.prompt.whole_text == "ab\tc\nd\ne"
            app.prompt.replace_all("")
            app.prompt.post_message(events.Paste("\x1b[31m" * 2_000 + "x\n" * 50))
            await until(pilot, lambda: bool(app.prompt.text))
            assert app.prompt.whole_text == "x\n" * 50

    run(test)


def test_a_link_opens_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for event in [*BEGUN, ev.TextDelta("answer", "[see](https://evil.example/x)")]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.transcript.mounted_blocks == 2)
            opened: list[Any] = []
            app.open_url = lambda *given, **more: opened.append(given)  # type: ignore[method-assign]
            await pilot.click("AnswerBlock", offset=(3, 0))
            await pilot.pause(0.1)
            assert opened == []
            assert any("https://evil.example/x" in note.message for note in app._notifications)

    run(test)


@given(st.text(alphabet="ab \n`~#-|>[]*1.", max_size=6_000), st.data())
@settings(max_examples=150, deadline=None)
def test_segments_depend_on_the_text_alone_and_lose_nothing(text: str, data: st.DataObject) -> None:
    whole = split(text)
    splitter, at = Splitter(), 0
    while at < len(text):
        size = data.draw(st.integers(1, 700))
        before = splitter.segments[:-1]
        splitter.feed(text[at : at + size])
        assert splitter.segments[: len(before)] == before
        at += size
    assert splitter.segments == whole
    assert [sign for sign in "".join(whole) if sign in "ab#"] == [sign for sign in text if sign in "ab#"]
    assert all(len(segment) <= FORCED_CHARACTERS + 200 for segment in whole)


def test_code_that_runs_on_is_closed_and_opened_again() -> None:
    segments = split("```python\n" + "\n".join(f"x = {n}" for n in range(400)) + "\n```\nend\n")
    assert len(segments) > 3
    assert all(segment.startswith("```python\n") for segment in segments[:-1])
    assert all(segment.rstrip().endswith("```") for segment in segments[:-1])


def test_a_fence_that_never_ends_and_a_line_that_never_ends_are_cut() -> None:
    assert len(split("```" + "x" * 50_000)) > 10
    assert len(split("```\n" + "x" * 50_000)) > 10
    assert len(split("`" * 50_000)) > 10


def test_what_a_program_overwrote_and_its_colours_are_gone_and_long_lines_are_cut() -> None:
    assert printable.output("\x1b[32mok\x1b[0m\n10%\r50%\r100%\r\ndone") == "ok\n100%\ndone"
    assert printable.output("x" * 3_000).endswith("… (1,000 more characters)")
    assert printable.line("a\nb\x00" + "c" * 1_000_000, 10).startswith("a b")
    assert printable.prose("👨\u200d👩") == "👨👩"


def test_blocks_of_a_view_that_grew_are_those_of_the_whole_view() -> None:
    events: list[ev.Event] = []
    for state in STATES.values():
        events += state
        events += [ev.TextDelta("answer", ANSWER[at : at + 7]) for at in range(0, len(ANSWER), 7)]
    grown, blocks = Book(), []
    view = fold([])
    for event in events:
        view = fold([event], view)
        start, tail = grown.update(view)
        blocks[start:] = tail
    assert blocks == Book().update(view)[1]


def said(app: Any) -> str:
    turn = app.conversation.view.turn
    return "".join(str(item.text) for item in turn.items) if turn else ""


def test_streamed_markdown_ends_up_as_markdown_that_came_at_once(tmp_path: Path) -> None:
    async def look(pieces: list[str]) -> str:
        async with running(setup_of(tmp_path), (80, 60)) as (app, pilot):
            for event in BEGUN:
                app.conversation.inbox.put(event)
            for piece in pieces:
                app.conversation.inbox.put(ev.TextDelta("answer", piece))
                await pilot.pause(0.12)
            await until(pilot, lambda: said(app) == ANSWER)
            return screen_text(app).split("● ")[0]

    async def compare() -> None:
        assert await look([ANSWER[at : at + 23] for at in range(0, len(ANSWER), 23)]) == await look([ANSWER])

    run(compare)
