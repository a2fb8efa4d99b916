"""What the dock shows of a call before it is allowed: all of it, whatever is in it and however little room there is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import card_text
from agentx_tui.signals import Asking
from agentx_tui.view import Card
from agentx_tui.widgets.dock import LOW_ROWS, Option
from textual import events

from agentx import Tool
from agentx import events as ev
from agentx.messages import ToolCall
from agentx.policy import ApprovalRequest
from tests.tui.pages import asked, calls, run, running, say, screen_text, settled, setup_of, until
from tests.tui.states import BEGUN

HIDING = {
    "a line that another overwrites": "rm -rf src #\rls -la",
    "a title of the window": "\x1b]0;rm -rf src\x07ls -la",
    "a link": "\x1b]8;;rm -rf src\x1b\\ls -la",
    "letters that are not shown": "\x1b[8mrm -rf src\x1b[0m; ls -la",
    "letters far to the right": f"rm -rf src{' ' * 300}; ls -la",
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "a text": {"command": "@"},
    "a list": {"command": ["@"]},
    "a file to write": {"path": "a.txt", "text": "@"},
    "a change of a file": {"path": "a.txt", "old": "x", "new": "@"},
    "beside a change": {"path": "a.txt", "old": "x", "new": "y", "then": "@"},
    "beside a file to write": {"path": "a.txt", "text": "x", "then": ["@"]},
    "a path": {"path": "@", "text": "x"},
    "a long path": {"path": f"{'far/' * 50}@", "text": "x"},
}


def question(arguments: dict[str, Any], reason: str = "act changes files") -> Asking:
    capable = frozenset({"writes"})
    schema = {"type": "object", "properties": {name: {} for name in arguments}}
    tool = Tool.from_schema("act", "Acts.", schema, dict, capabilities=capable, paths=("path",))
    request = ApprovalRequest(ToolCall("c", "act", arguments), tool, reason)
    return Asking(request, asyncio.get_running_loop().create_future())


def filled(value: Any, text: str) -> Any:
    return [filled(each, text) for each in value] if isinstance(value, list) else str(value).replace("@", text)


def body(app: Any) -> str:
    """The call as it stands in the dock, its rows joined."""
    region = app.dock.query_one("#dock-text").region
    rows = screen_text(app).split("\n")[region.y : region.bottom]
    return "".join(row[region.x : region.right].rstrip("│ ").strip() for row in rows)


@pytest.mark.parametrize("name", HIDING)
def test_no_sign_takes_a_part_of_a_call_out_of_the_dock(name: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for place, arguments in ARGUMENTS.items():
                asking = question({key: filled(value, HIDING[name]) for key, value in arguments.items()})
                app.conversation.inbox.put(asking)
                await until(pilot, lambda asking=asking: app.dock._shown is asking)
                shown = "".join(body(app).split())
                assert "rm-rfsrc" in shown and "ls-la" in shown, place
                assert not any(ord(sign) < 32 and sign != "\n" for sign in screen_text(app))
                app.dock.withdraw(asking)

    run(test)


def test_a_card_shows_the_arguments_of_a_call_as_the_dock_does() -> None:
    call = ToolCall("h", "shell", {"command": "rm -rf src #\rls -la\n\x1b]0;rm -rf docs\x07ls"})
    rows = [row.text for row in card_text.body(Card(call, "approval"), folded=False)]
    assert rows == ["command", "rm -rf src #␍ls -la", "␛]0;rm -rf docs␇ls"]


@pytest.mark.parametrize("size", [(120, 36), (120, 24), (80, 28), (80, 20), (80, 10), (50, 24)])
@pytest.mark.parametrize("kind", ["text", "change"])
def test_a_long_call_can_be_read_to_its_end_by_the_keys_and_its_choices_stay(
    kind: str, size: tuple[int, int], tmp_path: Path
) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), size) as (app, pilot):
            lines = [f"line-{n:02}." for n in range(40)]
            whole = "\n".join(lines)
            app.conversation.inbox.put(question({"command": whole} if kind == "text" else {"path": "a", "text": whole}))
            await asked(pilot)
            seen = screen_text(app)
            assert "below   PageDown" in seen and lines[-1] not in seen
            for _ in range(60):
                shown = screen_text(app)
                region = app.dock.region
                assert all(region.contains_region(option.region) for option in app.dock.query(Option)), shown
                seen += shown
                if lines[-1] in shown and "below   PageDown" not in shown:
                    break
                await pilot.press("pagedown")
                await settled(pilot)
            assert all(line in seen for line in lines) and "above   PageUp" in screen_text(app)
            assert not app.dock.page(1) and app.dock.page(-1)

    run(test)


LOW = [10, 12, 15, 17, 24]
LABELS = ["allow once", "each act this session", "a pattern, always", "change arguments", "Alt+N deny", "deny, say why"]
LONG = {"command": "\n".join(f"line-{n:02}." for n in range(40))}
LONG_REASON = f"act sends data out, after text of strangers was read: {'far away, ' * 17}the end"


def all_in_sight(app: Any) -> None:
    """The choices, the question, a row of the call, and below the dock the prompt and what is going on."""
    shown = screen_text(app)
    assert all(label in shown for label in LABELS) and "Allow act?" in shown, shown
    assert app.dock.query_one("#dock-body").size.height > 0 and "PageDown" in shown, shown
    assert len(shown.splitlines()) == app.size.height and "❯" in shown and shown.splitlines()[-1].strip(), shown


@pytest.mark.parametrize("rows", LOW)
@pytest.mark.parametrize(("columns", "reason"), [(120, LONG_REASON), (80, "act changes files"), (50, LONG_REASON)])
def test_the_choices_of_a_long_call_are_in_sight_on_a_low_screen(
    columns: int, reason: str, rows: int, tmp_path: Path
) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (columns, rows)) as (app, pilot):
            app.conversation.inbox.put(question(LONG, reason))
            await asked(pilot)
            all_in_sight(app)
            seen = screen_text(app)
            while app.dock.page(1):
                await settled(pilot)
                seen += screen_text(app)
            words = reason.removeprefix("act ").split() if rows < LOW_ROWS else []
            assert all(word in seen for word in [*words, "line-00.", "line-39."])

    run(test)


def test_the_choices_stay_in_sight_as_the_screen_becomes_low_and_high_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 36)) as (app, pilot):
            app.conversation.inbox.put(question(LONG))
            await asked(pilot)
            before = screen_text(app)
            for rows in [*reversed(LOW), *LOW]:
                await pilot.resize_terminal(80, rows)
                await settled(pilot)
                all_in_sight(app)
            await pilot.resize_terminal(80, 36)
            await settled(pilot)
            assert screen_text(app) == before

    run(test)


@pytest.mark.parametrize("rows", LOW)
@pytest.mark.parametrize("columns", [120, 80, 50])
def test_what_is_entered_is_in_sight_on_a_low_screen(columns: int, rows: int, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (columns, rows)) as (app, pilot):
            app.conversation.inbox.put(question({"one": 1, "two": 2, "three": "4\n" * 40}))
            await asked(pilot)
            await pilot.press("alt+e")
            await settled(pilot)
            await pilot.press("x", "enter")
            await settled(pilot)
            shown = screen_text(app)
            assert "The arguments in full" in shown and "Enter to say so" in shown and "}x" in shown, shown
            assert "Allow act?" in shown and "That is no JSON." in shown and "❯" in shown, shown

    run(test)


@pytest.mark.parametrize("rows", LOW)
def test_a_long_call_that_waits_is_laid_out_once(rows: int, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, rows)) as (app, pilot):
            app.conversation.inbox.put(question(LONG))
            await asked(pilot)
            laid_out = 0

            def count(screen: Any) -> None:
                nonlocal laid_out
                laid_out += 1

            app.main.screen_layout_refresh_signal.subscribe(app.dock, count)
            await asyncio.sleep(0.5)
            assert laid_out == 0

    run(test)


def test_beside_what_is_queued_the_choices_stay_in_sight(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 15)) as (app, pilot):
            for event in BEGUN:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.busy)
            await say(pilot, "then this")
            app.conversation.inbox.put(question(LONG))
            await asked(pilot)
            all_in_sight(app)
            assert "then this" in screen_text(app)

    run(test)


def test_beyond_the_ends_of_a_call_the_keys_move_the_conversation(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 28)) as (app, pilot):
            for event in [*BEGUN, ev.TextDelta("answer", "word\n\n" * 60)]:
                app.conversation.inbox.put(event)
            app.conversation.inbox.put(question({"command": "\n".join(map(str, range(20)))}))
            await asked(pilot)
            at = app.transcript.scroll_y
            await pilot.press("pagedown", "pagedown", "pagedown", "pageup", "pageup", "pageup")
            await settled(pilot)
            assert app.dock.query_one("#dock-body").scroll_y == 0 and app.transcript.scroll_y < at

    run(test)


def test_a_short_call_leaves_the_keys_to_the_conversation_and_the_next_begins_at_its_top(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 28)) as (app, pilot):
            long = [question({"command": "\n".join(map(str, range(60)))}) for _ in range(2)]
            for asking in [*long, question({"command": "ls"})]:
                app.conversation.inbox.put(asking)
            await asked(pilot)
            await pilot.press("pagedown")
            moved = app.dock.query_one("#dock-body")
            assert moved.scroll_y > 0
            app.dock.withdraw(long[0])
            await until(pilot, lambda: app.dock._shown is long[1])
            assert moved.scroll_y == 0 and "below   PageDown" in screen_text(app)
            app.dock.withdraw(long[1])
            await until(pilot, lambda: app.dock._shown is app.dock.asking)
            assert not app.dock.page(1) and "PageDown" not in screen_text(app)

    run(test)


def test_keys_that_were_changed_are_named_as_they_are_now(tmp_path: Path) -> None:
    async def test() -> None:
        keys = {"once": "alt+a", "page-down": "f8,pagedown", "help": "f9", "palette": "ctrl+k", "end": "f7"}
        async with running(setup_of(tmp_path), keys=keys) as (app, pilot):
            assert "f9 keys" in screen_text(app) and "ctrl+k palette" in screen_text(app)
            for event in [*BEGUN, ev.TextDelta("answer", "word\n\n" * 60)]:
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.transcript.max_scroll_y > 60)
            await pilot.press("pageup")
            await until(pilot, lambda: "below   f7" in screen_text(app))
            app.conversation.inbox.put(question({"command": "\n".join(map(str, range(60)))}))
            await asked(pilot)
            shown = screen_text(app)
            assert "alt+a allow once" in shown and "Alt+Y" not in shown and "below   f8" in shown
            asking = app.dock.asking
            await pilot.press("alt+a")
            await until(pilot, lambda: asking is not None and asking.answer.done())

    run(test)


def test_what_is_too_much_to_show_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_text, "MAX_BODY_LINES", 5)

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.conversation.inbox.put(question({"path": "a.txt", "text": "one\n" * 20}))
            await asked(pilot)
            assert "16 more lines are left out here" in screen_text(app)  # and one that says where they stand

    run(test)


def test_nothing_moves_while_all_waits_for_the_person(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, calls('write_file(path="a.txt", text="x")'))
        async with running(setup, reduced_motion=False) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            assert app.conversation.busy and app._ticker is None
            call = ToolCall("other", "shell", {})
            app.conversation.inbox.put(ev.CallDecoded(call))
            app.conversation.inbox.put(ev.CallStarted(call))
            await until(pilot, lambda: app._ticker is not None)  # a call beside it is at work

    run(test)


UNSEEN = {
    "controls": "a\x1b[2Jb\x7f\x00\r\n\tc\x0b\x0c\x1c\x85",
    "order and width": "a\u202eb\u2066c\u200bd\u200de\u2060f\ufeffg\u00adh\u00a0i",
    "line ends": "a\u2028b\u2029c",
    "beyond": '\ud800 \U000e0041 \U0001f468\u200d\U0001f469 größe 中 \\ " \\u202e',
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_arguments_that_are_left_alone_come_back_as_they_were_and_nothing_in_them_is_unseen(
    text: str, tmp_path: Path
) -> None:
    arguments = {"command": text, text.encode("utf-8", "replace").decode(): [{"deep": text}, 1.5, None]}

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            said: list[Any] = []
            app.conversation.engine.answer = lambda asking, word: said.append(word)  # type: ignore[method-assign]
            app.conversation.inbox.put(question(arguments))
            await asked(pilot)
            await pilot.press("alt+e")
            await settled(pilot)
            written = app.dock.query_one("#entry").text
            assert all(sign.isprintable() or sign == "\n" for sign in written)
            assert ("größe" in text) == ("größe" in written)
            await pilot.press("enter")
            await until(pilot, lambda: bool(said))
            assert said[0].arguments == arguments

    run(test)


PASTED = "no\u202e\x1b[2J\r\nmore\tof\u00a0it \U0001f468\u200d\U0001f469"
KEPT = "no\\u202e\u241b[2J\nmore\tof\u00a0it \U0001f468\u200d\U0001f469"
JSON = '{\r\n\t"a\tb\\"\t":\t"x\u202e\u00a0"\r\n}'


@pytest.mark.parametrize("key", ["alt+r", "alt+p"])
def test_what_is_pasted_into_an_entry_stays_as_it_is_but_for_what_would_be_in_force(key: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.conversation.inbox.put(question({"command": "ls"}))
            await asked(pilot)
            await pilot.press(key)
            entry: Any = app.dock.query_one("#entry")
            entry.load_text("")
            entry.post_message(events.Paste(PASTED))
            await settled(pilot)
            assert entry.text == KEPT

    run(test)


def test_json_that_is_pasted_means_the_same_and_nothing_in_its_strings_is_unseen(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.conversation.inbox.put(question({"command": "ls"}))
            await asked(pilot)
            await pilot.press("alt+e")
            entry: Any = app.dock.query_one("#entry")
            entry.load_text("")
            entry.post_message(events.Paste(JSON))
            await settled(pilot)
            assert entry.text == '{\n\t"a\\tb\\"\\t":\t"x\\u202e\\u00a0"\n}'
            entry.load_text('["a')
            entry.move_cursor(entry.document.end)
            entry.post_message(events.Paste('\t",\t1]'))
            await settled(pilot)
            assert entry.text == '["a\\t",\t1]'

    run(test)


DRAFT = "\n".join(f"draft {n}" for n in range(12))


@pytest.mark.parametrize("begun", [DRAFT, "/"])
@pytest.mark.parametrize(("size", "reason"), [((80, 24), "act x"), ((80, 16), "act x"), ((50, 24), LONG_REASON)])
def test_what_is_written_meanwhile_leaves_the_call_its_rows(
    size: tuple[int, int], reason: str, begun: str, tmp_path: Path
) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), size) as (app, pilot):
            app.prompt.replace_all(begun)
            await settled(pilot)
            before = screen_text(app)
            asking = question(LONG, reason)
            app.conversation.inbox.put(asking)
            await asked(pilot)
            all_in_sight(app)
            if begun == "/":
                await pilot.press("down", "down", "down", "down")
                await settled(pilot)
                offered = app.prompt.offers.current
                assert offered is not None and f" {offered.shown} " in screen_text(app)
                all_in_sight(app)
                return
            assert "draft 11" in screen_text(app)  # where the cursor is
            app.dock.withdraw(asking)
            await until(pilot, lambda: not app.dock.display)
            assert screen_text(app) == before

    run(test)


@pytest.mark.parametrize("key", ["alt+y", "alt+s", "alt+p", "alt+e"])
def test_no_key_allows_a_call_for_which_there_is_no_room(key: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 24)) as (app, pilot):
            said: list[Any] = []
            app.conversation.engine.answer = lambda asking, word: said.append(word)  # type: ignore[method-assign]
            asking = question(LONG)
            app.conversation.inbox.put(asking)
            await asked(pilot)
            await pilot.resize_terminal(80, 4)
            await settled(pilot)
            assert "line-00." not in screen_text(app)
            await pilot.pause(0.5)
            await pilot.press(key)
            await settled(pilot)
            assert said == [] and app.dock._choice is None and app.dock.asking is asking
            await pilot.resize_terminal(80, 24)
            await settled(pilot)
            assert not app.dock.armed  # the call has only just come to the screen
            await until(pilot, lambda: app.dock.armed)
            await pilot.pause(0.45)
            await pilot.press(key)
            await until(pilot, lambda: bool(said) or app.dock._choice is not None)

    run(test)


def test_a_call_for_which_there_is_no_room_can_be_denied(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (80, 4)) as (app, pilot):
            said: list[Any] = []
            app.conversation.engine.answer = lambda asking, word: said.append(word)  # type: ignore[method-assign]
            app.conversation.inbox.put(question(LONG))
            await asked(pilot)
            await pilot.press("alt+n")
            await until(pilot, lambda: bool(said))
            assert not said[0].allowed

    run(test)


def test_on_a_low_screen_the_call_comes_before_the_reason(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path), (50, 10)) as (app, pilot):
            app.conversation.inbox.put(question({"command": "rm -rf src"}, LONG_REASON))
            await asked(pilot)
            assert "rm -rf src" in screen_text(app)

    run(test)
