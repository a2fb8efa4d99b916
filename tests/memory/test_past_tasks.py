import asyncio

import pytest
from agentx_memory.chroma import ChromaMemory
from agentx_memory.past_tasks import PastTaskIndex

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


def test_what_is_no_longer_named_is_forgotten_on_the_disk_too(index, tmp_path):
    index.nearest("letter", PAST, 5)
    assert [key for key, _ in index.nearest("letter", {"s1": PAST["s1"]}, 5)] == ["s1"]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not any(b"letter" in path.read_bytes() for path in files)
    assert index.nearest("letter", {}, 5) == []


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
