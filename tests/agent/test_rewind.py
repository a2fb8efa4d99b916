"""Sessions taken back to one of their events, with the files that their calls have changed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentx import Agent, ToolContext, plugins, tool
from agentx.errors import UsageError
from agentx.events import CallFinished, CallStarted, Rewound, RunStarted
from agentx.history import in_force, runs
from agentx.journal import Journal
from agentx.memory_journal import MemoryJournal
from agentx.messages import ToolCall
from agentx.models.scripted import ScriptedModel
from agentx.rewinding import before, rewind, undo_last


@tool(capabilities=["egress"])
def send(text: str) -> str:
    """Sends a text."""
    return "sent"


def write(name: str, text: str) -> str:
    return f'# I write.\nwrite_file(path="{name}", text="{text}")\n->'


TOOLS = [plugins.load("agentx.tools", name) for name in ("write_file", "edit_file")] + [send]


@pytest.fixture
def written(tmp_path: Path, own_folders: None) -> Any:
    """A session of two tasks that write, and its journal."""
    journal = MemoryJournal()
    replies = [
        write("a.txt", "one"), "# Done.\nAnswer: first",
        write("a.txt", "two"), write("b.txt", "new"), '# I send.\nsend(text="x")\n->', "# Done.\nAnswer: second",
        "# Done.\nAnswer: third",
    ]  # fmt: skip
    model = ScriptedModel(replies)
    agent = Agent(model, TOOLS, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    session = agent.session()

    async def both() -> None:
        await session.run("Write one.")
        await session.run("Write two and send it.")

    asyncio.run(both())
    return journal, session.id, agent, model


def test_a_session_goes_back_before_its_last_task_with_its_files(written: Any, tmp_path: Path) -> None:
    journal, session, agent, model = written
    assert (tmp_path / "a.txt").read_text() == "two" and (tmp_path / "b.txt").read_text() == "new"
    last = runs(journal.numbered(session))[-1]
    rewound = rewind(journal, session, last.number - 1, agent.toolbox, tmp_path)
    assert (tmp_path / "a.txt").read_text() == "one" and not (tmp_path / "b.txt").exists()
    assert rewound.restored == ["b.txt", "a.txt"] and rewound.left == ["send cannot be taken back"]
    assert [run.started.task for run in runs(journal.numbered(session))] == ["Write one."]
    assert isinstance(journal.events(session)[-1], Rewound)
    assert (journal.session(session).status, journal.result(session)) == ("ok", "first")
    asyncio.run(agent.resume(session).run("Write three."))
    assert "Write one." in model.prompts[-1] and "Write two" not in model.prompts[-1]


def test_a_session_goes_back_into_a_task_which_then_goes_on(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    ends = [number for number, event in journal.numbered(session) if isinstance(event, CallFinished)]
    rewind(journal, session, ends[1], agent.toolbox, tmp_path)
    assert (tmp_path / "a.txt").read_text() == "two" and not (tmp_path / "b.txt").exists()
    assert (journal.session(session).status, journal.result(session)) == ("interrupted", None)
    model = ScriptedModel(["one", "done", "two", "# Enough.\nAnswer: Only the first."])
    later = Agent(model, TOOLS, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    result = asyncio.run(later.resume(session).resume())
    assert (result.status, result.output) == ("ok", "Only the first.")
    assert [call.arguments.get("text") for call in result.calls] == ["two"]


def test_what_was_changed_since_is_left_and_told(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    (tmp_path / "a.txt").write_text("mine")
    rewound = rewind(journal, session, 0, agent.toolbox, tmp_path)
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert any("a.txt" in told and "changed since" in told for told in rewound.left)
    assert in_force(journal.numbered(session)) == []


def test_rewinding_twice_counts_from_what_is_in_force(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    numbered = journal.numbered(session)
    started = [number for number, event in numbered if isinstance(event, CallStarted)]
    rewind(journal, session, started[1], agent.toolbox, tmp_path)
    with pytest.raises(UsageError, match="has no event"):
        rewind(journal, session, started[2], agent.toolbox, tmp_path)
    rewind(journal, session, started[0] - 1, agent.toolbox, tmp_path)
    assert not (tmp_path / "a.txt").exists()


def test_a_task_that_was_begun_behind_a_rewind_can_be_gone_back_before_too(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    first, last = runs(journal.numbered(session))
    rewind(journal, session, before(journal, session, last.number), agent.toolbox, tmp_path)
    asyncio.run(agent.resume(session).run("Write three."))
    third = runs(journal.numbered(session))[-1]
    assert before(journal, session, third.number) < last.number < third.number - 1
    rewind(journal, session, before(journal, session, third.number), agent.toolbox, tmp_path)
    assert [run.started.task for run in runs(journal.numbered(session))] == ["Write one."]
    assert before(journal, session, first.number) == 0


def test_what_a_call_did_that_broke_off_is_told_as_unknown(tmp_path: Path) -> None:
    journal = MemoryJournal()
    agent = Agent(ScriptedModel([]), [send], journal=journal, strategy="react", workspace=tmp_path)
    name = journal.create_session(workspace=str(tmp_path), model="scripted", task="Send it.")
    journal.append(name, RunStarted(name, "Send it.", "scripted", "react", ["send"], str(tmp_path)))
    journal.append(name, CallStarted(ToolCall("call-1", "send", {"text": "x"})))
    rewound = rewind(journal, name, 0, agent.toolbox, tmp_path)
    assert rewound.left == ["send broke off, and what it has changed is not known"]


def test_what_a_program_changed_goes_back_too(own_folders: None, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    tools = [plugins.load("agentx.tools", name) for name in ("python", "write_file")]
    program = """open('a.txt', 'w').write('two')
write_file('b.txt', 'new')
open('b.txt', 'a').write('er')
open('c.txt', 'w')"""
    model = ScriptedModel([f"# I write.\npython(code={program!r})\n->", "# Done.\nAnswer: done"])
    journal = MemoryJournal()
    agent = Agent(model, tools, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    session = agent.session()
    asyncio.run(session.run("Write two, and b.txt and c.txt."))
    assert ((tmp_path / "a.txt").read_text(), (tmp_path / "b.txt").read_text()) == ("two", "newer")
    rewound = rewind(journal, session.id, 0, agent.toolbox, tmp_path)
    assert (sorted(rewound.restored), rewound.left) == (["a.txt", "b.txt", "c.txt"], [])
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "one")]


def test_what_cannot_be_put_back_of_a_program_is_named(own_folders: None, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (2**20 + 1))
    model = ScriptedModel(["# I write.\npython(code=\"open('large', 'a').write('y')\")\n->", "# Done.\nAnswer: done"])
    journal = MemoryJournal()
    tools = [plugins.load("agentx.tools", "python")]
    agent = Agent(model, tools, journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    session = agent.session()
    asyncio.run(session.run("Write a y into large."))
    rewound = rewind(journal, session.id, 0, agent.toolbox, tmp_path)
    assert rewound.restored == [] and "`large` was too large to be kept" in rewound.left[0]


def test_a_change_of_which_nothing_was_kept_is_told_while_it_is_there(tmp_path: Path) -> None:
    journal, unkept = MemoryJournal(), {"write_file": {"undo": False}}
    model = ScriptedModel([write("a.txt", "one"), write("b.txt", "two"), "# Done.\nAnswer: done"])
    agent = Agent(
        model, TOOLS, journal=journal, strategy="react", allow=["all"], workspace=tmp_path, tool_settings=unkept
    )
    result = agent.run_sync("Write one and two.")
    (tmp_path / "b.txt").unlink()
    rewound = rewind(journal, result.session_id, 0, agent.toolbox, tmp_path)
    assert rewound.restored == []
    assert rewound.left == ["write_file changed a.txt, and what was there before was not kept"]


def test_what_was_taken_back_before_is_not_told_of_again(written: Any, tmp_path: Path) -> None:
    journal, session, agent, _ = written
    assert undo_last(journal, session, agent.toolbox, tmp_path) == ["b.txt"]
    rewound = rewind(journal, session, runs(journal.numbered(session))[-1].number - 1, agent.toolbox, tmp_path)
    assert (rewound.restored, rewound.left) == (["a.txt"], ["send cannot be taken back"])


def test_changes_by_a_tool_that_is_gone_are_told(written: Any, tmp_path: Path) -> None:
    journal, session, _, _ = written
    rewound = rewind(journal, session, 0, {}, tmp_path)
    gone = "write_file, which is not installed, changed"
    assert rewound.left == [f"{gone} b.txt", f"{gone} a.txt", f"{gone} a.txt"]


def test_files_that_were_put_back_before_one_that_could_not_be_are_told(tmp_path: Path) -> None:
    def undo(context: ToolContext) -> list[str]:
        (context.workspace / "b.txt").unlink()
        raise UsageError("`aa.txt` was changed since three wrote it.")

    @tool(capabilities=["writes"], undo=undo)
    def three(context: ToolContext) -> str:
        """Writes three files."""
        for name in ("a", "aa", "b"):
            (context.workspace / f"{name}.txt").write_text("new")
        return "written"

    journal = MemoryJournal()
    model = ScriptedModel(["# I write.\nthree()\n->", "# Done.\nAnswer: done"])
    agent = Agent(model, [three], journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    result = agent.run_sync("Write them.")
    rewound = rewind(journal, result.session_id, 0, agent.toolbox, tmp_path)
    assert rewound.restored == ["b.txt"]
    assert rewound.left == ["`aa.txt` was changed since three wrote it.", "three changed a.txt"]


def test_files_of_a_call_that_were_not_put_back_with_the_others_are_told(tmp_path: Path) -> None:
    def undo(context: ToolContext) -> list[str]:
        (context.workspace / "a.txt").unlink()
        return ["a.txt"]

    @tool(capabilities=["writes"], undo=undo, probe=lambda context, _: (context.workspace / "a.txt").exists())
    def two(context: ToolContext) -> str:
        """Writes two files."""
        for name in "ab":
            (context.workspace / f"{name}.txt").write_text("new")
        return "written"

    journal = MemoryJournal()
    model = ScriptedModel(["# I write.\ntwo()\n->", "# Done.\nAnswer: done"])
    agent = Agent(model, [two], journal=journal, strategy="react", allow=["all"], workspace=tmp_path)
    result = agent.run_sync("Write them.")
    rewound = rewind(journal, result.session_id, 0, agent.toolbox, tmp_path)
    assert rewound.restored == ["a.txt"]
    assert rewound.left == ["two changed b.txt, and what was there before was not kept"]


def helped(journal: Any, workspace: Path, helper_id: str = "") -> tuple[Agent, str]:
    """A session whose task a helper has done, which wrote a.txt."""

    @tool
    async def ask_a_helper(context: ToolContext) -> str:
        """Has a helper do it."""
        assert context.delegate
        return f"the helper says: {(await context.delegate('Write it.', id=helper_id)).output}"

    def says(prompt: str) -> str:
        asked = prompt[prompt.rindex("Task:") :]
        if "Task: Write it" in asked:
            return "# Done.\nAnswer: written" if "Wrote a.txt" in asked else write("a.txt", "helped")
        return "# Done.\nAnswer: done" if "the helper says" in asked else "# I ask.\nask_a_helper()\n->"

    tools = [ask_a_helper, *TOOLS]
    model = ScriptedModel([says] * 4)
    agent = Agent(model, tools, journal=journal, strategy="react", allow=["all"], workspace=workspace)
    result = agent.run_sync("Have it written.")
    assert result.status == "ok" and (workspace / "a.txt").read_text() == "helped"
    return agent, result.session_id


@pytest.mark.parametrize("kind", [MemoryJournal, lambda: Journal(":memory:")])
def test_what_a_helper_has_written_goes_back_too(kind: Any, tmp_path: Path) -> None:
    journal = kind()
    agent, session = helped(journal, tmp_path)
    [helper] = journal.helpers(session)
    rewound = rewind(journal, session, 0, agent.toolbox, tmp_path)
    assert (rewound.restored, rewound.left, list(tmp_path.iterdir())) == (["a.txt"], [], [])
    assert in_force(journal.numbered(helper.id)) == []


def test_a_helper_that_no_call_names_is_named_where_it_worked_behind_that_event(tmp_path: Path) -> None:
    journal = Journal(":memory:")
    agent, session = helped(journal, tmp_path, "mine")
    assert rewind(journal, session, journal.last_number(session), agent.toolbox, tmp_path).left == []
    told = "mine worked for this session; `agentx sessions rewind mine --to 0` takes that back"
    assert rewind(journal, session, 0, agent.toolbox, tmp_path).left == [told]
    assert rewind(journal, "mine", 0, agent.toolbox, tmp_path).restored == ["a.txt"]


@pytest.mark.parametrize("helper_id", ["", "mine"])
def test_of_a_fork_the_helpers_of_the_original_are_named_and_left_alone(helper_id: str, tmp_path: Path) -> None:
    journal = Journal(":memory:")
    agent, session = helped(journal, tmp_path, helper_id)
    [helper] = journal.helpers(session)
    fork = journal.fork(journal.fork(session))
    last = journal.last_number(fork)
    later = journal.create_session(workspace=tmp_path, model="scripted", task="Write.", parent=session)
    for event in journal.events(helper.id):
        journal.append(later, event)
    assert rewind(journal, fork, last, agent.toolbox, tmp_path).left == []
    told = f"{helper.id} worked for {session}, of which {fork} is a fork"
    takes_back = f"`agentx sessions rewind {helper.id} --to 0` takes that back"
    assert rewind(journal, fork, 0, agent.toolbox, tmp_path).left == [f"{told}; {takes_back}"]
    assert (tmp_path / "a.txt").read_text() == "helped" and in_force(journal.numbered(helper.id)) != []
    assert rewind(journal, helper.id, 0, agent.toolbox, tmp_path).restored == ["a.txt"]


def test_a_fork_whose_original_is_gone_goes_back_all_the_same(tmp_path: Path) -> None:
    journal = Journal(":memory:")
    agent, session = helped(journal, tmp_path)
    fork = journal.fork(session)
    journal.remove(session)
    assert rewind(journal, fork, 0, agent.toolbox, tmp_path).left == []


def test_nothing_is_undone_under_a_session_that_is_worked_on(tmp_path: Path) -> None:
    with Journal(tmp_path / "data" / "sessions.sqlite3") as journal:
        session = journal.create_session(workspace=tmp_path, model="scripted", task="Write it.")
        with journal.lease(session), pytest.raises(UsageError, match="Another process works"):
            undo_last(journal, session, {}, tmp_path)
