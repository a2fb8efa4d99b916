"""What the agent may do unasked, changed while it goes on."""

from pathlib import Path

from tests.tui.pages import answer, asked, calls, done, run, running, say, screen_text, settled, setup_of, until
from tests.tui.test_keys import WRITE

MORE = calls('write_file(path="more.txt", text="two\\n")')


def test_shift_tab_goes_through_the_modes_and_the_head_says_which(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            seen = [app.conversation.mode]
            for _ in range(4):
                await pilot.press("shift+tab")
                await settled(pilot)
                seen.append(app.conversation.mode)
                assert screen_text(app).split("\n")[0].rstrip().endswith(seen[-1])
            assert seen == ["ask", "auto-edit", "full", "read-only", "ask"]
            assert app.focused is app.prompt

    run(test)


def test_the_mode_counts_from_the_next_call_on_and_in_new_conversations(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, MORE, answer("Done."), MORE.replace("more", "third"), answer("Done."))
        async with running(setup) as (app, pilot):
            await say(pilot, "write both")
            await asked(pilot)
            await say(pilot, "/mode auto-edit")
            await settled(pilot)
            assert app.dock.asking is not None  # what waits for an approval still does
            await pilot.pause(0.45)
            await pilot.press("alt+y")
            await done(pilot)
            assert (setup.workspace / "more.txt").read_text() == "two\n"
            await say(pilot, "/new")
            await settled(pilot)
            await say(pilot, "a third")
            await done(pilot)
            assert (setup.workspace / "third.txt").exists()

    run(test)


def test_read_only_denies_what_was_asked_about_before(tmp_path: Path) -> None:
    async def test() -> None:
        setup = setup_of(tmp_path, WRITE, answer("It was not allowed."))
        async with running(setup) as (app, pilot):
            await say(pilot, "/mode read-only")
            await until(pilot, lambda: app.conversation.mode == "read-only")
            await say(pilot, "write")
            await done(pilot)
            assert not (setup.workspace / "notes.txt").exists()

    run(test)


def test_a_mode_that_there_is_not_is_told_of(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(setup_of(tmp_path)) as (app, pilot):
            for words in ("/mode wild", "/mode", "/tools all"):
                await say(pilot, words)
                await settled(pilot)
            told = [note.message for note in app._notifications]
            assert told.count("The mode is ask; /mode takes read-only, ask, auto-edit, full.") == 2
            assert "/tools takes no words behind it." in told
            assert app.conversation.mode == "ask" and not app.conversation.view.turns

    run(test)
