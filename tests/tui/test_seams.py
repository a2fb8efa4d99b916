"""Where the pages meet: a model, a mode or a session is changed, and then another thing is done with it."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentx_tui.app import AgentXApp
from agentx_tui.going_on import Fork, Resume
from agentx_tui.preferences import Preferences
from agentx_tui.screens.memory import MemoryPage
from agentx_tui.screens.models import Interrupted, ModelsPage
from agentx_tui.screens.sessions import SessionsPage
from agentx_tui.screens.settings import SettingsPage
from agentx_tui.screens.setup import SetupPage

from agentx import folders
from agentx.errors import StorageError
from agentx.events import RunFinished, RunStarted, StepFinished
from agentx.journal import Journal
from agentx.messages import Usage
from agentx.session import Session
from tests.tui import archives
from tests.tui.fake_weights import FakeWeights
from tests.tui.pages import answer, asked, done, run, running, say, settled, setup_of, until
from tests.tui.shelves import FakeShelf
from tests.tui.test_keys import WRITE
from tests.tui.test_mode import MORE
from tests.tui.test_models_page import weights, with_models

__all__ = ["weights"]


def told(app: Any) -> str:
    return "\n".join(note.message for note in app._notifications)


def script(folder: Path, name: str, *replies: str) -> str:
    import json

    path = folder / f"{name}.json"
    path.write_text(json.dumps(replies))
    return f"scripted:{path}"


async def changed_model(app: Any, pilot: Any, model: str) -> None:
    before = app.conversation.setup
    assert app.conversation.change_model(model) == ""
    await until(pilot, lambda: app.conversation.setup is not before and not app.conversation._taking)
    await done(pilot)


def test_no_adapter_stays_none_on_another_model(tmp_path: Path) -> None:
    other = script(tmp_path, "other", answer("Two."))

    async def test() -> None:
        setup = setup_of(tmp_path, answer("One."))
        setup = replace(setup, settings=replace(setup.settings, adapter="none"))
        async with running(setup) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            await changed_model(app, pilot, other)
            await say(pilot, "two")
            await done(pilot)
            assert app.conversation.setup.settings.adapter == "none"
            with Journal.default() as journal:
                events = [event for _, event in journal.numbered(app.conversation.view.session_id)]
        begun = [event.settings["adapter"] for event in events if isinstance(event, RunStarted)]
        ended = [event.status for event in events if isinstance(event, RunFinished)]
        assert (begun, ended) == (["none", "none"], ["ok", "ok"])

    run(test)


def test_a_session_that_cannot_be_taken_up_leaves_the_mode_as_it_was_set(tmp_path: Path) -> None:
    other = script(tmp_path, "other", WRITE, answer("It was not allowed."))
    old = "20200105-101500-aaaa"

    async def test() -> None:
        setup = setup_of(tmp_path)
        begun = RunStarted(old, "one", "default", "react", ["read_file"], str(setup.workspace))
        end = [StepFinished(1, Usage()), RunFinished("ok", "1", None, 1, Usage())]
        archives.kept(setup.workspace, old, [begun, *end])  # of a version that kept no replies
        async with running(setup) as (app, pilot):
            await say(pilot, "/mode read-only")
            await until(pilot, lambda: app.conversation.mode == "read-only")
            assert app.conversation.take_up(Resume(old)) == ""
            await until(pilot, lambda: "kept no replies" in told(app))
            await done(pilot)
            await changed_model(app, pilot, other)
            await say(pilot, "write")
            await done(pilot)
            assert app.conversation.mode == "read-only" and not (setup.workspace / "notes.txt").exists()

    run(test)


def test_a_session_goes_on_as_it_began_whatever_waits_for_the_next_conversation(tmp_path: Path) -> None:
    first = script(tmp_path, "first", answer("One."), answer("Three."), answer("Three."), answer("Four."))
    second = script(tmp_path, "second", answer("Two."))

    async def test() -> None:
        setup = setup_of(tmp_path)
        setup = replace(setup, settings=replace(setup.settings, model=first))
        async with running(setup) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            app.conversation.change("strategy", "direct")
            app.conversation.change("instructions", "Be brief.")
            await changed_model(app, pilot, second)
            await say(pilot, "two")
            await done(pilot)
            await changed_model(app, pilot, first)
            await say(pilot, "three")
            await done(pilot)
            assert [(turn.status, turn.error) for turn in app.conversation.view.turns] == [("ok", None)] * 3
            assert app.conversation.changes
            await say(pilot, "/new")
            await settled(pilot)
            assert not app.conversation.changes
            await say(pilot, "four")
            await done(pilot)
            with Journal.default() as journal:
                started: Any = journal.events(app.conversation.view.session_id)[0]
            assert (started.strategy, started.settings["instructions"]) == ("direct", "Be brief.")

    run(test)


@pytest.mark.parametrize("behind", ["the start", "/new"])
def test_what_a_conversation_began_with_is_its_own_whatever_becomes_of_its_model(behind: str, tmp_path: Path) -> None:
    replies = [answer("One."), answer("Two."), answer("Three.")]

    async def test() -> None:
        async with running(setup_of(tmp_path, *replies)) as (app, pilot):
            if behind == "/new":
                await say(pilot, "zero")
                await done(pilot)
                app.conversation.change("max_steps", 9)
                await say(pilot, "/new")
                await settled(pilot)
            app.conversation.change("instructions", "Be brief.")
            await say(pilot, "one")
            await done(pilot)
            assert app.conversation.change_model(f"scripted:{tmp_path / 'none.json'}") == ""
            await until(pilot, lambda: "none.json" in told(app) and not app.conversation._taking)
            await done(pilot)
            await say(pilot, "two")
            await done(pilot)
            assert [(turn.status, turn.error) for turn in app.conversation.view.turns] == [("ok", None)] * 2
            with Journal.default() as journal:
                events = journal.events(app.conversation.view.session_id)
            begun = [event for event in events if isinstance(event, RunStarted)]
            assert [run.settings["instructions"] for run in begun] == ["Be brief."] * 2

    run(test)


def test_what_waits_for_a_new_conversation_still_does_after_another_was_taken_up(tmp_path: Path) -> None:
    async def test() -> None:
        replies = [answer("One."), answer("Two."), answer("Three.")]
        async with running(setup_of(tmp_path, *replies)) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            first = app.conversation.view.session_id
            await say(pilot, "/new")
            await say(pilot, "two")
            await done(pilot)
            app.conversation.change("instructions", "Be brief.")
            assert app.conversation.take_up(Resume(first)) == ""
            await until(pilot, lambda: app.conversation.view.session_id == first)
            await done(pilot)
            await say(pilot, "/new")
            await say(pilot, "three")
            await done(pilot)
            with Journal.default() as journal:
                started: Any = journal.events(app.conversation.view.session_id)[0]
            assert started.settings["instructions"] == "Be brief."

    run(test)


def test_a_task_that_broke_off_goes_on_with_another_model_or_says_why_not(tmp_path: Path) -> None:
    second = script(tmp_path, "second", answer("Went on."), answer("Went on."), answer("More."))

    async def test() -> None:
        async with running(setup_of(tmp_path, WRITE)) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("alt+y")
            await done(pilot)
            session_id = app.conversation.view.session_id
        again = replace(setup_of(tmp_path, WRITE), resumed=session_id)
        async with running(again) as (app, pilot):
            await until(pilot, lambda: bool(app.conversation.broken_off))
            await changed_model(app, pilot, second)
            await say(pilot, "/resume")
            await done(pilot)
            await say(pilot, "more")
            await done(pilot)
            last = app.conversation.view.turns[-1]
            assert (last.task, last.status) == ("more", "ok")
            with Journal.default() as journal:
                begun = [event for event in journal.events(session_id) if isinstance(event, RunStarted)]
            assert [(event.task, event.model) for event in begun] == [
                ("write", again.settings.model),
                ("write", second),
                ("more", second),
            ]

    run(test)


def test_a_new_conversation_does_not_begin_while_another_is_taken_up(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("One."), answer("Two."))) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            first = app.conversation.view.session_id
            await say(pilot, "/new")
            await settled(pilot)
            assert app.conversation.take_up(Resume(first)) == ""
            await app.run_action("new_conversation")
            await until(pilot, lambda: not app.conversation._taking)
            await done(pilot)
            await say(pilot, "two")
            await done(pilot)
            shown = [turn.task for turn in app.conversation.view.turns]
            with Journal.default() as journal:
                kept = [
                    event.task
                    for event in journal.events(app.conversation.view.session_id)
                    if isinstance(event, RunStarted)
                ]
            assert shown == kept

    run(test)


def test_a_memory_that_was_left_while_it_searched_says_nothing_any_more(tmp_path: Path) -> None:
    class Slow(FakeShelf):
        def search(self, *given: Any, telling: Any, **more: Any) -> Any:
            assert self.gate.wait(30)
            telling("loading the embedding model")
            self.done.append(("told",))
            return super().search(*given, telling=telling, **more)

    shelf = Slow()
    shelf.gate.clear()

    async def test() -> None:
        async with running(setup_of(tmp_path, answer("Hello."))) as (app, pilot):
            app.desk._shelf = shelf
            await say(pilot, "/memory search boats")
            await until(pilot, lambda: isinstance(app.screen, MemoryPage))
            await pilot.press("f3")
            await until(pilot, lambda: app.screen is app.main)
            shelf.gate.set()
            await until(pilot, lambda: ("told",) in shelf.done)
            await settled(pilot)
            await say(pilot, "hi")
            await done(pilot)
            assert app.conversation.view.turns[-1].status == "ok"

    run(test)


def test_the_demo_answers_where_the_model_of_a_session_is_not_here_any_more(
    tmp_path: Path, weights: FakeWeights
) -> None:
    weights.have("tiny")
    gone = weights.have("other")
    weights.replies = {"tiny": [answer("Hello.")], "other": [answer("Hello from the other.")]}

    async def test() -> None:
        app = AgentXApp(lambda: with_models(tmp_path, "other"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await say(pilot, "hi")
            await done(pilot)
            session_id = app.conversation.view.session_id
        gone.unlink()
        app = AgentXApp(lambda: with_models(tmp_path, "tiny"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            assert app.conversation.take_up(Resume(session_id)) == ""
            await until(pilot, lambda: isinstance(app.screen, SetupPage))
            await pilot.press("escape")
            await done(pilot)
            await say(pilot, "list the files")
            await done(pilot)
            assert app.conversation.view.turns[-1].status == "ok"
            with Journal.default() as journal:
                assert journal.turns([session_id]) == {session_id: 1}
            assert weights.opened[1].closed

    run(test)


def test_a_session_that_is_gone_is_told_of_and_the_screen_goes_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("One."), answer("Two."), answer("Three."))) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            with Journal.default() as journal:
                journal.remove(app.conversation.view.session_id)
            await say(pilot, "two")
            await done(pilot)
            assert "There is no session" in app.conversation.failed and app.prompt.text == "two"
            await say(pilot, "/new")
            await settled(pilot)
            app.prompt.replace_all("")
            await say(pilot, "three")
            await done(pilot)
            assert app.conversation.view.turns[-1].status == "ok"

    run(test)


def test_a_mode_that_was_changed_in_a_task_holds_where_that_goes_on(tmp_path: Path) -> None:
    from agentx.cli import resuming
    from agentx.cli.setup import Options

    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            await say(pilot, "/mode read-only")
            await until(pilot, lambda: app.conversation.mode == "read-only")
            await settled(pilot)
            assert resuming.find(app.conversation.view.session_id, Options()).setup.settings.mode == "read-only"
            await pilot.pause(0.45)
            await pilot.press("alt+y")
            await done(pilot)

    run(test)


def test_a_session_that_went_on_elsewhere_is_taken_up_once_more_from_the_list(tmp_path: Path) -> None:
    async def nobody(question: str) -> None:
        return None

    async def test() -> None:
        replies = [answer("One."), answer("Elsewhere."), answer("Played."), answer("Played."), answer("Three.")]
        setup = setup_of(tmp_path, *replies)
        async with running(setup) as (app, pilot):
            await say(pilot, "one")
            await done(pilot)
            session_id = app.conversation.view.session_id
            await setup.agent(None, nobody, None).resume(session_id).run("elsewhere")
            await say(pilot, "mine")
            await done(pilot)
            assert "take it up once more" in app.conversation.failed and app.prompt.text == "mine"
            await pilot.press("f4")
            await until(pilot, lambda: isinstance(app.screen, SessionsPage) and app.screen.current is not None)
            await pilot.press("enter")
            await until(pilot, lambda: len(app.conversation.view.turns) == 2)
            await done(pilot)
            assert not app.conversation.failed
            await pilot.press("enter")
            await done(pilot)
            assert [turn.task for turn in app.conversation.view.turns] == ["one", "elsewhere", "mine"]
            assert app.conversation.view.turns[-1].status == "ok"

    run(test)


def test_a_check_of_a_model_that_nobody_waits_for_ends(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny")
    ended: list[str] = []
    began, goes_on = threading.Event(), threading.Event()

    class Store:
        def verify(self, spec: str, sink: Any) -> dict[str, str]:
            began.set()
            assert goes_on.wait(30)
            try:
                sink.advance(1)
            except Interrupted:
                ended.append(spec)
                raise
            return {spec: "00"}

    async def test() -> None:
        app = AgentXApp(lambda: with_models(tmp_path, "tiny"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await pilot.press("ctrl+l")
            await until(pilot, lambda: isinstance(app.screen, ModelsPage) and bool(app.screen._seen.models))
            weights.store = Store  # type: ignore[method-assign]
            await pilot.press("v")
            assert began.wait(30)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
            goes_on.set()
            await until(pilot, lambda: bool(ended))

    run(test)


def test_a_file_of_the_screen_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (folders.config_dir() / "ui.toml").mkdir(parents=True)

    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            await pilot.press("f2")
            await until(pilot, lambda: isinstance(app.screen, SettingsPage) and bool(app.screen._listed))
            page: Any = app.screen
            keys = [getattr(item, "key", "") for item in page._listed]
            page._rows.highlighted = keys.index("screen.reduced_motion")
            await pilot.press("enter")
            shown = page.query_one("#told")
            await until(pilot, lambda: "ui.toml cannot be changed (Is a directory)" in str(shown.render()))

    run(test)


def test_what_a_demo_has_said_is_in_no_session(tmp_path: Path, weights: FakeWeights) -> None:
    weights.replies = {"tiny": [answer("Hello.")]}

    async def test() -> None:
        app = AgentXApp(lambda: with_models(tmp_path), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, SetupPage))
            await pilot.press("escape")
            await until(pilot, lambda: app.conversation._ready)
            await say(pilot, "list the files")
            await done(pilot)
            for command in ("/fork", "/rename x", "/export", "/rewind"):
                await say(pilot, command)
                await settled(pilot)
            assert told(app).count("kept nowhere") == 4 and app.screen is app.main
            weights.have("tiny")
            assert app.conversation.change_model("tiny") == ""
            await until(pilot, lambda: app.conversation.missing is None)
            await done(pilot)
            assert app.conversation.view.session_id == ""
            await say(pilot, "hi")
            await done(pilot)
            with Journal.default() as journal:
                assert journal.turns([app.conversation.view.session_id]) == {app.conversation.view.session_id: 1}

    run(test)


def test_the_mode_on_the_screen_is_the_one_that_counts_after_a_fork(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path, answer("One."))) as (app, pilot):
            await say(pilot, "/mode read-only")
            await say(pilot, "/new")
            await say(pilot, "one")
            await done(pilot)
            first = app.conversation.view.session_id
            await say(pilot, "/mode full")
            await say(pilot, "/fork")
            await until(pilot, lambda: app.conversation.view.session_id != first)
            await done(pilot)
            agent = app.conversation.engine._agent
            assert agent is not None and app.conversation.mode == agent.policy.mode == "full"

    run(test)


def test_a_mode_that_cannot_be_written_down_counts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(session: Session) -> None:
        raise StorageError("The journal is locked.")

    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, MORE, answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write")
            await asked(pilot)
            monkeypatch.setattr(Session, "note_mode", locked)
            await say(pilot, "/mode read-only")
            await settled(pilot)
            await pilot.pause(0.45)
            await pilot.press("alt+y")
            await done(pilot)
            assert app.conversation.view.turns[-1].status == "ok" and not (setup.workspace / "more.txt").exists()

    run(test)


def held(weights: FakeWeights) -> tuple[threading.Event, threading.Event]:
    """No model is loaded before the second is set; the first says that one is about to be."""
    began, goes_on = threading.Event(), threading.Event()
    load = weights.open

    def open(settings: Any, progress: Any) -> Any:
        began.set()
        assert goes_on.wait(30)
        return load(settings, progress)

    weights.open = open  # type: ignore[method-assign]
    return began, goes_on


def test_a_session_that_is_taken_up_while_a_model_loads_goes_on_in_its_own_folder_and_mode(
    tmp_path: Path, weights: FakeWeights
) -> None:
    weights.have("tiny"), weights.have("other")
    # The first of them is played back where the session goes on.
    weights.replies = {"other": [answer("Hello."), WRITE, answer("Written.")]}
    (tmp_path / "second").mkdir()
    here, there = with_models(tmp_path, "tiny"), with_models(tmp_path / "second", "other")
    here = replace(here, settings=replace(here.settings, mode="full"))

    async def test() -> None:
        app = AgentXApp(lambda: there, Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await say(pilot, "hi")
            await done(pilot)
            session_id = app.conversation.view.session_id
        began, goes_on = held(weights)
        app = AgentXApp(lambda: here, Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: began.is_set() and app.conversation.setup is not None)
            assert app.conversation.take_up(Resume(session_id)) == ""
            await settled(pilot)
            goes_on.set()
            await until(pilot, lambda: len(app.conversation.view.turns) == 1)
            await done(pilot)
            assert app.conversation.setup is not None and app.conversation.setup.workspace == there.workspace
            await say(pilot, "write")
            await asked(pilot)
            await pilot.press("alt+y")
            await done(pilot)
            agent = app.conversation.engine._agent
            assert agent is not None and agent.policy.mode == app.conversation.mode == "ask"
            assert [turn.status for turn in app.conversation.view.turns] == ["ok", "ok"]
            assert app.conversation.view.session_id == session_id and app.conversation.view.model == "other"
        assert (there.workspace / "notes.txt").exists() and not (here.workspace / "notes.txt").exists()

    run(test)


def test_a_session_is_not_taken_up_where_the_load_that_it_waited_for_finds_no_model(
    tmp_path: Path, weights: FakeWeights
) -> None:
    weights.have("other")
    weights.replies = {"other": [answer("Hello.")]}
    began, goes_on = threading.Event(), threading.Event()
    find = weights.find

    def slow(spec: str | None, progress: Any) -> Any:
        if spec == "tiny":
            began.set()
            assert goes_on.wait(30)
        return find(spec, progress)

    weights.find = slow  # type: ignore[method-assign]

    async def test() -> None:
        app = AgentXApp(lambda: with_models(tmp_path, "other"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await say(pilot, "hi")
            await done(pilot)
            session_id = app.conversation.view.session_id
        app = AgentXApp(lambda: with_models(tmp_path, "tiny"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: began.is_set() and app.conversation.setup is not None)
            assert app.conversation.take_up(Resume(session_id)) == ""
            goes_on.set()
            await until(pilot, lambda: app.conversation.missing is not None and app.conversation._ready)
            assert "A demo cannot go on" in told(app) and not app.conversation.view.turns

    run(test)


def test_a_new_conversation_that_begins_while_a_model_loads_has_the_one_that_was_set_for_it(
    tmp_path: Path, weights: FakeWeights
) -> None:
    weights.have("tiny"), weights.have("other")
    weights.replies = {"other": [answer("Hello.")]}
    began, goes_on = held(weights)

    async def test() -> None:
        app = AgentXApp(lambda: with_models(tmp_path, "tiny"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: began.is_set() and app.conversation.setup is not None)
            app.conversation.change("model", "other")
            assert app.conversation.renew() == ""
            await settled(pilot)
            goes_on.set()
            await until(pilot, lambda: app.conversation._ready)
            await say(pilot, "hi")
            await done(pilot)
            assert [turn.status for turn in app.conversation.view.turns] == ["ok"]
            assert [model.name for model in weights.opened] == ["tiny", "other"]

    run(test)


def test_a_screen_that_ends_while_a_model_loads_begins_nothing_more(tmp_path: Path, weights: FakeWeights) -> None:
    weights.have("tiny")
    weights.replies = {"tiny": [answer("Hello.")]}

    async def test() -> None:
        app = AgentXApp(lambda: with_models(tmp_path, "tiny"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.conversation._ready)
            await say(pilot, "hi")
            await done(pilot)
            session_id = app.conversation.view.session_id
        began, goes_on = held(weights)
        looked: list[str | None] = []
        find = weights.find
        weights.find = lambda spec, progress: looked.append(spec) or find(spec, progress)  # type: ignore[method-assign]
        app = AgentXApp(lambda: with_models(tmp_path, "tiny"), Preferences(reduced_motion=True), weights)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: began.is_set() and app.conversation.setup is not None)
            assert app.conversation.take_up(Fork(session_id)) == ""
            app.conversation.engine.close()
            assert not app.conversation.engine._thread.is_alive()
            goes_on.set()
        with Journal.default() as journal:
            assert [info.id for info in journal.sessions()] == [session_id]
        assert looked == ["tiny"]

    run(test)
