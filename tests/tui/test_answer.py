"""Answers that grow: what is drawn in pieces is what would be drawn at once, and the mouse finds what it points at."""

from pathlib import Path
from typing import Any

import pytest
from agentx_tui import markdown
from agentx_tui.glyphs import UNICODE
from agentx_tui.markdown import Page
from agentx_tui.widgets.answer import AnswerBlock
from agentx_tui.widgets.still_bar import StillBar
from textual.geometry import Offset
from textual.selection import Selection

from agentx import events as ev
from tests.tui.pages import run, running, screen_text, setup_of, until
from tests.tui.states import ANSWER, BEGUN

CODE = "```python\n" + "".join(f"def f{n}(x):\n    return x + {n}\n" for n in range(12)) + "```\n\nThen [a] link.\n"
TEXT = f"{ANSWER}\n{CODE}\n- one\n- two\n\n[a]: https://example.org\n"


@pytest.mark.parametrize("step", [1, 7, 60])
def test_a_page_that_grew_is_the_page_of_the_whole_text(step: int) -> None:
    growing = Page(UNICODE, 60)
    for end in range(step, len(TEXT), step):
        lines = growing.lines(TEXT[:end])
        assert [each.plain for each in lines] == [each.plain for each in Page(UNICODE, 60).lines(TEXT[:end])]
    lines, whole = growing.lines(TEXT), Page(UNICODE, 60).lines(TEXT)
    assert [(each.plain, each.spans) for each in lines] == [(each.plain, each.spans) for each in whole]


def test_blocks_that_were_there_before_are_not_laid_out_again() -> None:
    page = Page(UNICODE, 60)
    text = "A paragraph.\n\n> quoted\n\nAnother"
    first = page.lines(text)
    second = page.lines(f"{text} word.")
    assert all(old is new for old, new in zip(first[:3], second[:3], strict=True))
    assert second[4].plain == "Another word."


def test_code_that_is_being_written_is_coloured_and_at_its_end_as_a_whole() -> None:
    # The text that begins on the first line is a string to its end, wherever pieces are cut.
    text = '```python\nx = """\n' + "for in if\n" * 20 + '"""\n'
    page = Page(UNICODE, 60)
    assert len(page.lines(text)) == 22 and any(line.spans for line in page.lines(text))
    closed = page.lines(f"{text}```\n")
    assert [line.spans for line in closed] == [line.spans for line in Page(UNICODE, 60).lines(f"{text}```\n")]


BLANKS = "```python\n" + "".join("\n" if n in (0, 1, 8, 15, 16, 17, 23) else f"x = {n}\n" for n in range(1, 30))


@pytest.mark.parametrize("language", ["python", "", "no-such-language"])
def test_blank_lines_of_code_that_is_being_written_stay(language: str) -> None:
    text = BLANKS.replace("python", language)
    for end in range(len(text) - len("x = 29\n"), text.index("\n"), -1):
        rows = [row.rstrip() for row in text[:end].split("\n")[1:]]
        while len(rows) > 1 and not rows[-1]:
            rows.pop()
        shown = [line.plain.removeprefix(f"{UNICODE.user} ").rstrip() for line in Page(UNICODE, 60).lines(text[:end])]
        assert shown == rows


def test_only_where_a_link_changes_what_it_means_are_blocks_laid_out_again() -> None:
    page = Page(UNICODE, 60)
    text = "See [a] and x[0].\n\nif x[0]: y\n\n"
    first = page.lines(text)
    second = page.lines(f"{text}    if x[1]:\n")
    assert all(old is new for old, new in zip(first[:3], second[:3], strict=True)) and not first[0].spans
    third = page.lines(f"{text}> [a]: https://example.org\n\n")
    assert third[0].spans
    assert page.lines(f"{text}> [a]: https://example.org\n\nMore.")[0] is third[0]
    assert not page.lines(f"{text}> a: https://example.org\n\n")[0].spans


@pytest.mark.parametrize("lead", ["- one\n- two\n  ", "1. one\n   - two\n\n     ", "> ", "> - one\n>\n>   "])
def test_code_within_a_list_or_a_quotation_grows_as_other_code_does(lead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    grown: list[str] = []
    growing = markdown._growing
    monkeypatch.setattr(markdown, "_growing", lambda text, language: grown.append(text) or growing(text, language))
    under = lead.split("\n")[-1] if lead.startswith(">") else " " * len(lead.split("\n")[-1])
    text = f"{lead}```python\n{under}x = 1\n{under}\n{under}y = 2\n"
    page = Page(UNICODE, 60)
    assert any("y = 2" in line.plain for line in page.lines(text)) and grown == ["x = 1\n\ny = 2"]
    closed = page.lines(f"{text}{under}```\n")
    after = page.lines(f"{text}{under}```\n\nMore.\n")
    assert len(grown) == 1 and [line.plain for line in after[: len(closed)]] == [line.plain for line in closed]


async def streamed(app: Any, pilot: Any, pieces: list[str]) -> None:
    for event in (*BEGUN, *(ev.TextDelta("answer", piece) for piece in pieces)):
        app.conversation.inbox.put(event)
        app.take()
        await pilot.pause()
    await until(pilot, lambda: not app.transcript._syncing)


def test_an_answer_that_came_in_pieces_looks_as_if_it_had_come_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        shown: list[str] = []
        for size in (len(TEXT), 37):
            async with running(setup_of(tmp_path), (80, 60)) as (app, pilot):
                await streamed(app, pilot, [TEXT[at : at + size] for at in range(0, len(TEXT), size)])
                shown.append(screen_text(app))
        assert shown[0] == shown[1] and "return x + 11" in shown[0]

    run(test)


def test_the_mouse_finds_the_line_and_the_letter_and_what_is_selected_is_marked(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 60)) as (app, pilot):
            await streamed(app, pilot, ["First line.\n\n", "Second line.\n\n", "Third **bold** line.\n"])
            block = app.query_one(AnswerBlock)
            x, y = block.content_region.offset
            for row, column in ((0, 3), (2, 0), (4, 8)):
                found, offset = app.screen.get_widget_and_offset_at(x + column, y + row)
                assert found is block and offset == Offset(column, row)
            plain = [segment.style for segment in block.render_line(2)]
            app.screen.selections = {block: Selection(Offset(0, 2), Offset(6, 2))}
            await pilot.pause()
            marked = [segment.style for segment in block.render_line(2)]
            assert app.screen.get_selected_text() == "Second" and marked != plain
            app.screen.clear_selection()
            await pilot.pause()
            assert [segment.style for segment in block.render_line(2)] == plain

    run(test)


def test_a_line_that_is_drawn_while_the_mouse_selects_is_drawn_again_with_its_links(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 40)) as (app, pilot):
            await streamed(app, pilot, ["[first](https://example.org)\n\n[second](https://example.org)\n"])
            block = app.query_one(AnswerBlock)
            before = [segment.style for segment in block.render_line(2)]
            block._strips.clear()
            app.screen._selecting = True
            assert [segment.style for segment in block.render_line(2)] != before
            app.screen._selecting = False
            assert [segment.style for segment in block.render_line(2)] == before

    run(test)


def test_lines_that_did_not_change_are_not_made_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 40)) as (app, pilot):
            await streamed(app, pilot, ["First line.\n\nSecond"])
            block = app.query_one(AnswerBlock)
            first, second = block.render_line(0), block.render_line(2)
            await block.show("First line.\n\nSecond line.")
            assert block.render_line(0) is first and block.render_line(2) is not second
            assert block.render_line(2).text.startswith("Second line.")
            app.theme = "agentx-light"
            await pilot.pause()
            assert block.render_line(0) is not first

    run(test)


def test_a_scroll_bar_is_drawn_again_only_where_it_looks_different(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 20)) as (app, pilot):
            await streamed(app, pilot, [f"line {n}\n\n" for n in range(60)])
            bar = app.transcript.vertical_scrollbar
            assert isinstance(bar, StillBar) and bar.display
            await until(pilot, lambda: not bar._repaint_required)
            bar.refresh()
            assert not bar._repaint_required  # nothing of it is another
            app.transcript.scroll_to(y=0, animate=False, immediate=True)
            await until(pilot, lambda: bar.position == 0)
            top = [row for row in screen_text(app).split("\n") if row.strip()][1]
            app.transcript.scroll_end(animate=False, immediate=True)
            await until(pilot, lambda: bar.position > 0)
            assert [row for row in screen_text(app).split("\n") if row.strip()][1] != top

    run(test)
