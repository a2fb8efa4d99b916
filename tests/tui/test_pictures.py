"""Pictures in a card: which are shown, how, and what is done about those that are too much."""

import os
import struct
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agentx_tui import pictures
from agentx_tui.pictures import NotShown
from agentx_tui.screens.replay import ReplayPage
from agentx_tui.widgets.card import CardBlock

from agentx import events as ev
from agentx.messages import ToolCall, ToolResult
from tests.tui import archives, snapshots
from tests.tui.pages import SIZES, run, running, screen_text, setup_of, until

PIL = pytest.importorskip("PIL.Image")
pytest.importorskip("textual_image")


def png(width: int, height: int, rows: bytes | None = None) -> bytes:
    """A grey PNG that says it has this size, whatever its rows hold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(rows if rows is not None else b"".join(b"\0" + bytes(width) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def drawn(path: Path, size: tuple[int, int] = (64, 32)) -> Path:
    """A picture with an upper half in red and a lower one in blue."""
    image = PIL.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (0, size[1] // 2, size[0], size[1]))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def result(text: str, changed: list[str] | None = None, status: Any = "ok") -> ToolResult:
    return ToolResult("p", status, text, changed=changed or [])


def test_what_a_call_changed_comes_before_what_its_result_names() -> None:
    assert pictures.named(result("see out/b.JPG and (c.jpeg).", ["a.png", "d.txt"])) == ["a.png", "out/b.JPG", "c.jpeg"]
    assert pictures.named(result("x.png y.png z.png w.png")) == []
    assert pictures.named(result("x.png", status="error")) == []
    # An address is looked for as if it were a file, and is none.
    assert pictures.load(Path("/"), *pictures.named(result("https://host.example/x.png"))) is None


def test_only_files_of_the_workspace_are_opened(tmp_path: Path) -> None:
    workspace = tmp_path / "work"
    workspace.mkdir()
    drawn(tmp_path / "outside.png")
    (workspace / "link.png").symlink_to(tmp_path / "outside.png")
    os.mkfifo(workspace / "pipe.png")
    (workspace / "folder.png").mkdir()
    for name in (
        "../outside.png",
        str(tmp_path / "outside.png"),
        "link.png",
        "pipe.png",
        "folder.png",
        "no.png",
        "\0.png",
    ):
        assert pictures.load(workspace, name) is None, name
    drawn(workspace / "a.png", (2000, 100))
    found = pictures.load(workspace, "a.png")
    assert found is not None and (found.width, found.height, found.image.size) == (2000, 100, (960, 48))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (png(60_000, 60_000, b""), "too many pixels"),
        (png(10_000, 10_000, b""), "too many pixels"),
        (png(8_000, 8_000, b""), "8,000 x 8,000"),
        (png(10, 10)[:40], "cannot be shown"),
        (png(10, 10, b"\0"), "cannot be shown"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "cannot be shown"),
        (b"<svg onload='x'/>", "cannot be shown"),
        (b"GIF89a" + bytes(20), "cannot be shown"),
        (b"", "cannot be shown"),
    ],
)
def test_bombs_and_broken_files_are_a_line(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(NotShown) as why:
        pictures.load(tmp_path, "a.png")
    assert told in str(why.value) and "\n" not in str(why.value) and len(str(why.value)) < 120


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.write(png(10, 10))
        file.truncate(pictures.MAX_BYTES + 1)
    with pytest.raises(NotShown, match="20 at most"):
        pictures.load(tmp_path, "a.png")


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(NotShown, match=r"agentx-local\[pictures\]"):
        pictures.load(tmp_path, "a.png")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "xterm-256color", "WT_SESSION": "1-2"}, "sixel"),
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, "blocks"),
        ({"TERM": "xterm-kitty", "TERM_PROGRAM": "textual"}, "blocks"),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, "off"),
        ({}, "blocks"),
    ],
)
def test_what_a_terminal_gets_is_seen_by_what_it_says_of_itself(environment: dict[str, str], expected: str) -> None:
    assert pictures.way("auto", environment, False) == expected
    assert pictures.way("auto", environment, True) == "off"
    assert pictures.way("sixel", environment, True) == "sixel"


def test_a_picture_keeps_its_shape_and_stays_in_its_room() -> None:
    assert pictures.cells(960, 480, (72, 18)) == (72, 18)
    assert pictures.cells(100, 1000, (72, 18)) == (4, 18)
    assert pictures.cells(10, 10, (72, 18)) == (10, 5)
    assert pictures.cells(5000, 1, (72, 18)) == (72, 1)


def test_a_picture_of_a_camera_that_was_held_sideways_stands_upright(tmp_path: Path) -> None:
    image = PIL.new("RGB", (400, 200), (200, 30, 30))
    image.paste((30, 30, 200), (200, 0, 400, 200))
    exif = PIL.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    found = pictures.load(tmp_path, "a.jpg")
    assert found is not None and (found.width, found.height, found.image.size) == (200, 400, (200, 400))
    upper, lower = found.image.getpixel((100, 50)), found.image.getpixel((100, 350))
    assert upper[0] > 150 and lower[2] > 150
    # What says nothing that can be read is shown as it is.
    image.save(tmp_path / "b.png", exif=b"Exif\0\0garbage")
    found = pictures.load(tmp_path, "b.png")
    assert found is not None and found.image.size == (400, 200)


@pytest.mark.parametrize("text", ["." * 20_000, ".pn" * 6_000, "a" * 20_000, "a.png" * 4_000])
def test_a_result_of_whatever_signs_is_looked_through_at_once(text: str) -> None:
    begun = time.process_time()
    pictures.named(result(text))
    assert time.process_time() - begun < 0.1


def test_pictures_are_decoded_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is opened again has many cards at once, and each picture takes a lot of memory meanwhile."""
    drawn(tmp_path / "a.png")
    at_once, most = [0], [0]
    thumbnail = PIL.Image.thumbnail

    def slow(self: Any, *given: Any) -> Any:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.05)
        at_once[0] -= 1
        return thumbnail(self, *given)

    monkeypatch.setattr(PIL.Image, "thumbnail", slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: pictures.load(tmp_path, "a.png"), range(4)))
    assert all(found) and most == [1]


def done_with(text: str, changed: list[str], workspace: Path) -> list[Any]:
    call = ToolCall("p", "python", {"code": "plot()"})
    return [
        ev.RunStarted("s", "Draw it.", "m", "react", [], str(workspace)),
        ev.StepStarted(1),
        ev.CallDecoded(call),
        ev.CallStarted(call),
        ev.CallFinished(result(text, changed)),
    ]


@pytest.mark.parametrize("width", SIZES)
def test_a_card_shows_the_picture_that_its_call_has_made(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path)
        drawn(setup.workspace / "out" / "chart.png")
        (setup.workspace / "bomb.png").write_bytes(png(60_000, 60_000, b""))
        async with running(setup, SIZES[width]) as (app, pilot):
            for event in done_with("drawn", ["bomb.png", "out/chart.png"], setup.workspace):
                app.conversation.inbox.put(event)
            await until(pilot, lambda: "▀" in screen_text(app), 20)
            snapshots.check(f"picture.{width}", screen_text(app))
            picture = app.query_one(".picture")
            strip = picture.render_lines(picture.size.region)[0]
            colours = {segment.style.color.triplet for segment in strip if segment.style and segment.style.color}
            assert all(colour.red > colour.blue for colour in colours)
            assert len(app.query(CardBlock)) == 1

    run(look)


@pytest.mark.parametrize(("wanted", "sign"), [("kitty", "\U0010eeee"), ("sixel", "\x1bP")])
def test_kitty_and_sixel_get_what_they_know(
    wanted: str, sign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path)
        drawn(setup.workspace / "chart.png")
        async with running(setup, pictures=wanted) as (app, pilot):
            for event in done_with("saved as chart.png", [], setup.workspace):
                app.conversation.inbox.put(event)
            await until(pilot, lambda: bool(app.query(".picture")), 20)
            await until(pilot, lambda: sign in written(app), 20)

    def written(app: Any) -> str:
        strips = app.screen._compositor.render_strips()
        return "".join(segment.text for strip in strips for segment in strip)

    run(look)


def test_a_replay_has_the_pictures_of_its_own_folder(tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path)
        drawn(setup.workspace / "chart.png", (64, 32))
        drawn(tmp_path / "elsewhere" / "chart.png", (32, 16))
        events = done_with("saved as chart.png", [], tmp_path / "elsewhere")
        archives.kept(tmp_path / "elsewhere", archives.ELSEWHERE, events, "running")
        async with running(setup) as (app, pilot):
            for event in done_with("nothing", [], setup.workspace):
                app.conversation.inbox.put(event)
            await until(pilot, lambda: app.conversation.view.workspace == str(setup.workspace))
            page = ReplayPage(archives.ELSEWHERE, "elsewhere", app.glyphs, app.wanted_keys)
            app.push_screen(page)
            await until(pilot, lambda: bool(page.player.events))
            await pilot.press("end")
            await until(pilot, lambda: " x " in screen_text(app), 20)
            assert "32 x 16" in screen_text(app) and "64 x 32" not in screen_text(app)

    run(look)


@pytest.mark.parametrize("preferences", [{"pictures": "off"}, {"glyphs": "ascii"}])
def test_where_none_are_drawn_the_name_stands_alone(preferences: dict[str, str], tmp_path: Path) -> None:
    async def look() -> None:
        setup = setup_of(tmp_path)
        drawn(setup.workspace / "chart.png")
        async with running(setup, **preferences) as (app, pilot):
            for event in done_with("drawn", ["chart.png"], setup.workspace):
                app.conversation.inbox.put(event)
            await until(pilot, lambda: "64 x 32" in screen_text(app), 20)
            assert not app.query(".picture")

    run(look)
