import asyncio
import json

from benchmarks.tasks import TASKS
from benchmarks.tasks.agents import agentx_maker, open_chroma
from benchmarks.tasks.results import Settings
from benchmarks.tasks.runner import run_task

BY_ID = {task.id: task for task in TASKS}


def run_scripted(tmp_path, task_id, replies, *, strategy="direct", loop="full"):
    script = tmp_path / "replies.json"
    script.write_text(json.dumps(replies))
    model = f"scripted:{script}"
    maker = agentx_maker(model, strategy, loop, 0)
    return asyncio.run(run_task(BY_ID[task_id], Settings(model, strategy, loop, 0), maker, open_chroma))


def test_agentx_itself_is_run_with_the_bundled_tools_in_the_workspace(tmp_path):
    replies = [
        '# I look at the list.\nread_file(path="party/guests.txt")\n->',
        '# I take it out.\nedit_file(path="party/guests.txt", old="Viktor Olsen\\n", new="")\n->',
        "# Done.\nAnswer: Viktor Olsen is off the list.",
    ]
    record = run_scripted(tmp_path, "edits-guest", replies, strategy="react")
    assert record.solved, [record.reasons, record.strays, record.status, record.error, record.calls, record.answer]
    assert record.calls[0] == "read_file(path='party/guests.txt')"
    assert record.steps == 3


def test_the_page_of_a_task_may_be_fetched_although_it_is_on_this_machine(tmp_path):
    task = BY_ID["web-pool"]
    seen = []

    def watching(scene):
        agent = agentx_maker(f"scripted:{tmp_path / 'replies.json'}", "direct", "full", 0)(scene)
        (tmp_path / "replies.json").write_text(
            json.dumps([f'fetch_page(url="http://{scene.address}/pool.html")', "It closes at 17:30."])
        )

        class Watched:
            async def stream(self, text):
                async for event in agent.stream(text):
                    seen.append(event)
                    yield event

        return Watched()

    record = asyncio.run(run_task(task, Settings("s", "direct", "full", 0), watching, open_chroma))
    assert record.solved, [record.reasons, record.strays, record.status, record.error, record.calls, record.answer]
    assert "17:30" in next(event.result.text for event in seen if type(event).__name__ == "CallFinished")


def test_the_baseline_calls_once_and_then_answers(tmp_path):
    replies = ["list_files()", "Jonas worked 21.75 hours."]
    record = run_scripted(tmp_path, "sums-hours", replies, loop="one-call")
    assert record.solved
    assert (record.steps, record.calls) == (2, ["list_files()"])
