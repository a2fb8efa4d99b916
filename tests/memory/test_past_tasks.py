import asyncio

import pytest
from agentx_memory.chroma import ChromaMemory
from agentx_memory.past_tasks import MOST_NEW, PastTaskIndex

from agentx import Agent, tool
from agentx.events import ExamplesShown
from agentx.journal import Journal
from agentx.memory import open_past_tasks
from agentx.models.scripted import ScriptedModel
from agentx.replaying import replay

PAST = {"s1": "Add the prices of the boat", "s2": "Who wrote the letter", "s3": "\n"}


@pytest.fixture
def index(tmp_path, words):
    return PastTaskIndex(tmp_path, words)


def test_the_nearest_task_comes_first_with_its_similarity(index):
    found = index.nearest("Who wrote the letter", PAST, 5)
    assert [key for key, _ in found] == ["s2", "s1"]
    assert found[0][1] == pytest.approx(1.0, abs=1e-5)
    assert len(index.nearest("Who wrote the letter", PAST, 1)) == 1


def on_disk(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_text_of_a_task_is_written(index, tmp_path):
    index.nearest("Who wrote the letter", PAST, 5)
    assert b"session s2" in on_disk(tmp_path) and b"letter" not in on_disk(tmp_path)


def test_what_is_no_longer_named_is_forgotten_on_the_disk_too(index, tmp_path):
    index.nearest("letter", PAST, 5)
    assert [key for key, _ in index.nearest("letter", {"s1": PAST["s1"]}, 5)] == ["s1"]
    assert b"session s1" in on_disk(tmp_path) and b"session s2" not in on_disk(tmp_path)


class Unloaded:
    """A model that is not there: whatever is asked of it but its name fails."""

    name = "words"


def test_the_last_is_forgotten_too_and_no_model_is_loaded_for_it(index, tmp_path):
    index.nearest("letter", PAST, 5)
    assert PastTaskIndex(tmp_path, Unloaded()).nearest("letter", {}, 5) == []
    assert b"session s" not in on_disk(tmp_path)
    PastTaskIndex(tmp_path / "none", Unloaded()).nearest("letter", {}, 5)
    assert not (tmp_path / "none").exists()


def test_what_an_earlier_model_knew_of_them_is_forgotten_with_them(index, tmp_path, words):
    index.nearest("letter", PAST, 5)
    later = PastTaskIndex(tmp_path, type(words)("other words"))
    assert len(later.nearest("letter", PAST, 5)) == 2
    later.nearest("letter", {"s1": PAST["s1"]}, 5)
    assert b"session s1" in on_disk(tmp_path) and b"session s2" not in on_disk(tmp_path)


class Counting:
    """Counts the texts that another embedder embeds."""

    def __init__(self, embedder):
        self.name, self.load, self.split, self._embedder = embedder.name, embedder.load, embedder.split, embedder
        self.texts = 0

    def embed(self, texts):
        self.texts += len(texts)
        return self._embedder.embed(texts)


def test_one_that_is_kept_is_not_found_and_not_embedded_again(tmp_path, words):
    counting = Counting(words)
    index = PastTaskIndex(tmp_path, counting)
    index.nearest("letter", PAST, 5)
    assert [key for key, _ in index.nearest("letter", {"s1": PAST["s1"]}, 5, ["s2"])] == ["s1"]
    counting.texts = 0
    assert len(index.nearest("letter", PAST, 5)) == 2
    assert counting.texts == 1  # the new task's


def test_a_look_takes_in_no_more_than_a_run_can_wait_for_and_the_next_goes_on(tmp_path, words):
    counting = Counting(words)
    index = PastTaskIndex(tmp_path, counting)
    past = {"blank": "\n"} | {f"s{number}": f"Task {number}" for number in range(MOST_NEW + 10)}
    assert [key for key, _ in index.nearest("Task 0", past, 1)] == ["s0"]
    assert counting.texts == MOST_NEW  # one of them the new task's, since a blank one holds nothing
    assert len(index.nearest("Task 0", past, 1_000)) == MOST_NEW + 10


def test_the_nearest_that_may_be_found_stands_behind_any_number_that_may_not(index):
    others = {f"o{number}": f"Sell the boat\n{number}" for number in range(40)}
    index.nearest("Sell the boat", others, 1)
    assert [key for key, _ in index.nearest("Sell the boat", {"s1": "Paint the fence"}, 1, others)] == ["s1"]


def test_a_task_that_was_changed_is_read_anew(index):
    index.nearest("boat", {"s1": "Sell the boat"}, 1)
    [(key, similarity)] = index.nearest("Paint the fence", {"s1": "Paint the fence"}, 1)
    assert key == "s1" and similarity == pytest.approx(1.0, abs=1e-5)


def test_an_empty_task_is_like_none(index):
    assert index.nearest(" \n", PAST, 3) == []


def test_past_tasks_are_no_notes(tmp_path, words):
    memory = ChromaMemory(tmp_path, embedder=words)
    PastTaskIndex(memory.path, words).nearest("boat", PAST, 3)
    assert memory.count() == 0 and memory.search("boat") == []


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


def run(task, journal, **options):
    model = ScriptedModel(["# I add.\nadd(a=3, b=4)\n->", "# I know it.\nAnswer: It is 7."])
    agent = Agent(model, [add], journal=journal, **options)
    session = agent.session()
    assert asyncio.run(session.run(task)).status == "ok"
    return model.prompts[0], session.id


def test_a_task_that_went_well_is_shown_with_the_next_that_is_like_it(minilm_files):
    journal = Journal(":memory:")
    plain, _ = run("What is the sum of 5 and 6?", Journal(":memory:"))
    _, past = run("What is the sum of 3 and 4?", journal)
    again, _ = run("What is the sum of 5 and 6?", journal)
    assert again == plain  # off by default
    prompt, id = run("What is the sum of 5 and 6?", journal, few_shot=2)
    [event] = [event for event in journal.events(id) if isinstance(event, ExamplesShown)]
    assert past in event.sessions and "What is the sum of 3 and 4?\nadd(a=3, b=4)" in event.text
    # All that is the same in each run stands before it, to the byte.
    head, _, tail = plain.rpartition("Task: What is the sum of 5 and 6?")
    assert prompt == f"{head}{event.text}Task: What is the sum of 5 and 6?{tail}"
    assert "It is 7" not in event.text


def test_a_task_that_is_like_none_is_shown_none(minilm_files):
    journal = Journal(":memory:")
    run("What is the sum of 3 and 4?", journal)
    _, id = run("Translate the letter from Ann into Dutch.", journal, few_shot=3)
    assert not any(isinstance(event, ExamplesShown) for event in journal.events(id))


def test_a_session_is_played_again_with_the_examples_that_it_had(minilm_files):
    journal = Journal(":memory:")
    _, past = run("What is the sum of 3 and 4?", journal)
    _, id = run("What is the sum of 5 and 6?", journal, few_shot=1)
    journal.remove(past)
    again = Agent(ScriptedModel(), [add], journal=journal)
    assert asyncio.run(replay(again, id)).differences == []


def test_without_a_memory_that_can_there_is_no_error(monkeypatch, tmp_path):
    settings = {"recall": {"path": 3}}
    journal = Journal(":memory:")
    _, id = run("Add 3 and 4.", journal, few_shot=1, tool_settings=settings)
    assert not any(isinstance(event, ExamplesShown) for event in journal.events(id))
    _, id = run("Add 3 and 4.", journal, few_shot=1, tool_settings=settings)
    notices = [event.text for event in journal.events(id) if type(event).__name__ == "Notice"]
    assert len(notices) == 1 and "No past tasks are shown as examples: " in notices[0]


def test_a_folder_that_was_deleted_under_the_process_does_not_matter(minilm_files, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert open_past_tasks({}) is not None


def test_the_index_is_one_a_process(minilm_files):
    assert open_past_tasks({}) is open_past_tasks({})
