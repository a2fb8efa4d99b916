"""How the pages of the models look, at three widths, in few rows and in ASCII; what is in them is made up."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from agentx_tui.app import AgentXApp
from agentx_tui.glyphs import ASCII, UNICODE
from agentx_tui.preferences import Preferences
from agentx_tui.pull_text import left, long, short
from agentx_tui.pulling import Progress
from agentx_tui.screens.models import ModelsPage
from agentx_tui.screens.setup import SetupPage
from agentx_tui.weights import Missing
from textual.pilot import Pilot

from agentx.models import catalog
from agentx.models.listing import Listed
from tests.tui import snapshots
from tests.tui.fake_weights import ShownWeights
from tests.tui.pages import SIZES, done, run, say, screen_text, settled, setup_of, until

HOME = Path("/home/ada")
UNREACHABLE = "the hub cannot be reached (Name or service not known)"


def row(name: str, size: int, **changes: Any) -> Listed:
    given: dict[str, Any] = {
        "spec": name,
        "quantisation": "Q4_K_M",
        "context_tokens": 32768,
        "licence": "Apache-2.0",
        "description": "",
        "presence": "absent",
        "place": "",
        "path": None,
        "fetched": 0,
        "needed": size + 600_000_000,
        "verdict": "fits",
        **changes,
    }
    return Listed(name=name, size=size, **given)


def rows(here: bool) -> list[Listed]:
    default = catalog.load().default
    own = {"presence": "here", "place": "AgentX", "path": HOME / ".cache/agentx/models/qwen/qwen.gguf"} if here else {}
    own_bytes = default.total_bytes if here else 0
    ollama = HOME / ".ollama/models/blobs/sha256-3c1a"
    return [
        row(
            default.name,
            default.total_bytes,
            description=default.description,
            default=True,
            entry=default,
            fetched=own_bytes,
            **own,
        ),
        row(
            "qwen2.5-coder-0.5b",
            491_400_064,
            entry=catalog.load().get("qwen2.5-coder-0.5b"),
            fetched=120_000_000,
            presence="begun",
        ),
        row(
            "qwen3-4b-instruct-2507", 2_497_280_736, entry=catalog.load().get("qwen3-4b-instruct-2507"), verdict="tight"
        ),
        row(
            "llama3.2:3b",
            2_019_377_376,
            presence="elsewhere",
            place="Ollama",
            path=ollama,
            spec=str(ollama),
            licence="",
        ),
        row(
            "A-very-long-name-that-somebody-gave-to-a-file-of-70B-IQ2_XXS",
            19_100_000_000,
            verdict="too large",
            quantisation="IQ2_XXS",
            presence="elsewhere",
            place="LM Studio",
            path=HOME / "m.gguf",
            licence="",
        ),
        row(
            "page",
            1_200,
            presence="damaged",
            place="Downloads",
            path=HOME / "Downloads/page.gguf",
            problem="page.gguf is not a GGUF model (it is a web page, saved in place of the file): name a .gguf file.",
            quantisation="",
            context_tokens=None,
            licence="",
        ),
        row(
            "minilm",
            23_394_866,
            quantisation="int8",
            context_tokens=256,
            decodes=False,
            entry=catalog.load().get("minilm"),
            description="the memory's embedder",
        ),
    ]


def pulled(app: AgentXApp, **changes: Any) -> None:
    """As if a model were being fetched."""
    name = catalog.load().default.name
    progress = Progress(name, label="fetching qwen.gguf", done=381_000_000, total=1_117_320_768, speed=12_100_000.0)
    app.pulls._pulls[name] = SimpleNamespace(progress=replace(progress, **changes), stop=int, join=int)  # type: ignore
    app._show_pulls()


async def opened(pilot: Pilot[int], app: AgentXApp) -> None:
    await until(pilot, lambda: app.conversation._ready)
    await pilot.press("ctrl+l")
    await until(pilot, lambda: isinstance(app.screen, ModelsPage) and app.screen._said[0] != "looking…")
    await settled(pilot)


def app_with(weights: ShownWeights, folder: Path, glyphs: str = "unicode") -> AgentXApp:
    setup = setup_of(folder, tools=["list_files"])
    setup = replace(setup, settings=replace(setup.settings, model=None))
    return AgentXApp(lambda: setup, Preferences(theme="dark", glyphs=glyphs, reduced_motion=True), weights)


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)


@pytest.mark.parametrize("width", SIZES)
def test_the_models_look_as_they_did(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        app = app_with(ShownWeights(rows(here=True)), tmp_path)
        async with app.run_test(size=SIZES[width]) as pilot:
            await opened(pilot, app)
            snapshots.check(f"models.{width}", screen_text(app))
            await pilot.press("down", "down", "down", "down", "down")
            await settled(pilot)
            snapshots.check(f"models-damaged.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_a_model_that_is_being_fetched_looks_as_it_did(width: str, tmp_path: Path) -> None:
    missing = Missing(None, "qwen2.5-coder-1.5b", catalog.load().default)

    async def look() -> None:
        app = app_with(ShownWeights(rows(here=False), missing, {"hub": UNREACHABLE}), tmp_path)
        async with app.run_test(size=SIZES[width]) as pilot:
            await until(pilot, lambda: isinstance(app.screen, SetupPage) and app.conversation._ready)
            await until(pilot, lambda: "answers" in screen_text(app) or width == "narrow")
            await settled(pilot)
            snapshots.check(f"setup.{width}", screen_text(app))
            pulled(app)
            app.screen.take_news(app.Pulled(app.pulls.latest))  # type: ignore
            await settled(pilot)
            snapshots.check(f"setup-fetching.{width}", screen_text(app))
            await pilot.press("t")
            await settled(pilot)
            snapshots.check(f"tour.{width}", screen_text(app))
            await pilot.press("escape", "escape")
            await say(pilot, "hello?")
            await done(pilot)
            snapshots.check(f"demo.{width}", screen_text(app))
            await opened(pilot, app)
            snapshots.check(f"models-fetching.{width}", screen_text(app))
            pulled(app, state="failed", speed=0.0, told="No source gave qwen.gguf (hub: it cannot be reached).")
            app.screen._show()  # type: ignore[attr-defined]
            await settled(pilot)
            snapshots.check(f"models-failed.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_where_there_is_nothing_the_page_says_what_to_do(width: str, tmp_path: Path) -> None:
    async def look() -> None:
        app = app_with(ShownWeights([]), tmp_path)
        async with app.run_test(size=SIZES[width]) as pilot:
            await opened(pilot, app)
            snapshots.check(f"models-empty.{width}", screen_text(app))

    run(look)


@pytest.mark.parametrize("size", [(120, 12), (80, 12), (50, 12)])
def test_twelve_rows_are_enough(size: tuple[int, int], tmp_path: Path) -> None:
    missing = Missing(None, "qwen2.5-coder-1.5b", catalog.load().default)

    async def look() -> None:
        app = app_with(ShownWeights(rows(here=False), missing), tmp_path)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: isinstance(app.screen, SetupPage) and bool(app.screen._choices))
            await settled(pilot)
            lines = screen_text(app).split("\n")
            assert any("qwen2.5-coder-1.5b" in text for text in lines) and "Esc later" in lines[11]
            await pilot.press("t")
            await settled(pilot)
            assert "What AgentX does" in screen_text(app) and "Esc close" in screen_text(app)
            await pilot.press("escape", "escape")
            await opened(pilot, app)
            lines = screen_text(app).split("\n")
            assert any("qwen2.5-coder-1.5b" in text for text in lines) and "Esc close" in lines[11]

    run(look)


@pytest.mark.parametrize("width", SIZES)
def test_in_ascii_nothing_beyond_it_is_drawn(width: str, tmp_path: Path) -> None:
    missing = Missing(None, "qwen2.5-coder-1.5b", catalog.load().default)

    async def look() -> None:
        app = app_with(ShownWeights(rows(here=False), missing, {"hub": UNREACHABLE}), tmp_path, "ascii")
        async with app.run_test(size=SIZES[width]) as pilot:
            await until(pilot, lambda: isinstance(app.screen, SetupPage) and bool(app.screen._choices))
            pulled(app)
            for keys in ([], ["t"], ["escape"], ["escape"], ["ctrl+l"]):
                await pilot.press(*keys)
                await settled(pilot)
                assert {sign for sign in screen_text(app) if ord(sign) > 126} == set(), screen_text(app)

    run(look)


def test_names_of_files_are_text_and_no_markup(tmp_path: Path) -> None:
    hostile = "[b]x[/] [link=file:///etc/passwd]y \x1b[31m\u202ered\x00"

    async def look() -> None:
        told = row(
            hostile,
            2_000_000_000,
            spec="/x",
            description=hostile,
            licence=hostile,
            place=hostile,
            problem=hostile,
            presence="damaged",
            path=HOME / "x.gguf",
        )
        app = app_with(ShownWeights([told]), tmp_path)
        async with app.run_test(size=(120, 36)) as pilot:
            await opened(pilot, app)
            await pilot.press("enter")
            await settled(pilot)
            shown = screen_text(app)
            assert "[b]x[/]" in shown and "\x1b" not in shown and "\x00" not in shown

    run(look)


def test_progress_in_words() -> None:
    progress = Progress("a/b/qwen", done=250, total=1_000, speed=10.0)
    assert short(progress, UNICODE) == "↓ 25% qwen 01:15" and short(progress, ASCII) == "v 25% qwen 01:15"
    assert left(replace(progress, total=40_000)) == "1:06:15" and left(replace(progress, speed=0)) == ""
    assert "paused" in short(replace(progress, state="paused"), UNICODE)
    assert (
        long(replace(progress, state="paused", speed=0), UNICODE, 80).plain.split("\n")[0].endswith("paused, p goes on")
    )
    assert short(Progress("qwen"), UNICODE) == "↓ qwen"
