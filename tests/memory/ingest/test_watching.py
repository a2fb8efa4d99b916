import os
import threading

import pytest
from agentx_memory.ingest import Change, watch

from agentx.errors import UsageError


@pytest.fixture
def changes(tmp_path):
    """What is told of what an action does, until a path named `end` comes."""
    stop = threading.Event()

    def told(action):
        found = []
        ready = threading.Event()

        def run():
            for batch in watch([tmp_path], stop=stop, debounce_ms=200):
                ready.set()
                found.extend(change for change in batch if change.path.name not in ("begin", "end"))
                if any(change.path.name == "end" for change in batch):
                    return

        thread = threading.Thread(target=run)
        thread.start()
        while not ready.wait(0.1):
            (tmp_path / "begin").write_text(str(os.urandom(4)))
        action()
        while thread.is_alive():
            (tmp_path / "end").write_text(str(os.urandom(4)))
            thread.join(0.3)
        return found

    yield told
    stop.set()


def test_new_changed_and_removed_files_are_told(tmp_path, changes):
    for name in ("a", "b"):
        (tmp_path / name).write_text("boat")

    def act():
        (tmp_path / "a").write_text("sail")
        (tmp_path / "b").unlink()
        (tmp_path / "new").write_text("oar")

    assert sorted(map(repr, set(changes(act)))) == sorted(
        map(
            repr,
            [
                Change(tmp_path / "a", "changed"),
                Change(tmp_path / "b", "removed"),
                Change(tmp_path / "new", "added"),
            ],
        )
    )


def test_a_folder_that_is_moved_in_tells_its_files_and_one_that_is_removed_itself(tmp_path, changes, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "letters"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "a.md").write_text("boat")
    (outside / ".hidden").write_text("no")
    told = changes(lambda: outside.rename(tmp_path / "letters"))
    assert set(told) == {Change(tmp_path / "letters" / "deep" / "a.md", "added")}


def test_what_a_walk_leaves_out_is_not_told(tmp_path, changes):
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n")
    (tmp_path / "build").mkdir()

    def act():
        for name in ("a.log", ".hidden", "build/x", "seen.txt"):
            (tmp_path / name).write_text("boat")
        (tmp_path / "link").symlink_to("seen.txt")
        (tmp_path / "a.log").unlink()

    assert {change.path.name for change in changes(act)} == {"seen.txt"}


def test_what_lies_behind_a_linked_folder_is_not_told(tmp_path, changes, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (tmp_path / "link").symlink_to(outside)

    def act():
        (outside / "secret").write_text("no")
        (outside / "deep").mkdir()
        (outside / "deep" / "secret").write_text("no")
        (tmp_path / "seen").write_text("boat")

    assert {change.path.name for change in changes(act)} == {"seen"}


def test_a_set_event_ends_it(tmp_path):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert list(watch([tmp_path], stop=stop)) == []


def test_what_is_no_folder_is_a_sentence(tmp_path):
    (tmp_path / "a").write_text("boat")
    with pytest.raises(UsageError, match="There is no folder"):
        next(watch([tmp_path / "none"]))
    with pytest.raises(UsageError, match="is no folder"):
        next(watch([tmp_path / "a"]))
