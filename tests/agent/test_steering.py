"""What a person says while a run works is shown to the model before the next step, now and whenever it is played."""

import asyncio
import json
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentx import Agent, Tool, ToolError
from agentx.cli.narrate import Narrator
from agentx.cli.sessions_transcript import blocks
from agentx.errors import UsageError
from agentx.events import (
    Answered,
    CallFinished,
    CallStarted,
    Event,
    ModelReplied,
    Notice,
    RunFinished,
    RunStarted,
    Steered,
    SteeringShown,
    SteeringUnheard,
    StepStarted,
    TextDelta,
    from_json,
    to_json,
)
from agentx.history import runs
from agentx.journal import Journal
from agentx.memory_journal import MemoryJournal
from agentx.messages import RunResult
from agentx.models.scripted import ScriptedModel
from agentx.planner.react import MAX_TRIES, React
from agentx.planner.showing import one_line
from agentx.provenance import Provenance
from agentx.replaying import replay
from agentx.session import Session
from agentx.steering import Steering, heed
from agentx.tape import Tape
from agentx.trace import Span
from agentx.trace_building import spans

TASK, ADDED = "Look at one.", "Look at two as well."


def look(word: str) -> str:
    """Looks at a word."""
    return f"seen {word}"


LOOK = Tool.from_function(look)


class Talk:
    """A session whose person says something while the model writes its reply of this number."""

    def __init__(self, says: Callable[[str], str], at: int, *texts: str, **options: Any) -> None:
        self.journal = options.pop("journal", None) or MemoryJournal()
        self.model = ScriptedModel(repeat(self._says), name=options.pop("name", "scripted"))
        options = {"strategy": "react"} | options
        self.agent = Agent(self.model, [options.pop("tool", LOOK)], journal=self.journal, **options)
        self.session: Session = self.agent.session()
        self._reply, self._at, self._texts = says, at, texts

    def _says(self, prompt: str) -> str:
        if len(self.model.prompts) == self._at:
            for text in self._texts:
                self.session.steer(text)
        return self._reply(prompt)

    def run(self, task: str = TASK) -> RunResult:
        return asyncio.run(self.session.run(task))

    def resume(self, session_id: str) -> RunResult:
        async def resumed() -> RunResult:
            self.session = self.agent.resume(session_id)
            return await self.session.resume()

        return asyncio.run(resumed())

    @property
    def events(self) -> list[Event]:
        return self.journal.events(self.session.id)


def looking(prompt: str) -> str:
    """Looks at one, at two where that was asked for, and answers."""
    for word in ("one", "two"):
        if f"at {word}" in prompt and f"seen {word}" not in prompt:
            return f'# I look.\nlook(word="{word}")\n->'
    return "# All is seen.\nAnswer: " + ("seen one; seen two" if "seen two" in prompt else "seen one")


def only(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def cut(talk: Talk, length: int) -> MemoryJournal:
    """The first events of a session in a journal of its own, as they are read back from a disk."""
    short = MemoryJournal()
    short.create_session(workspace=".", model="scripted", task=TASK, session_id=talk.session.id)
    for event in talk.events[:length]:
        short.append(talk.session.id, from_json(json.loads(json.dumps(to_json(event)))))
    return short


def test_what_is_said_during_a_step_is_shown_before_the_next() -> None:
    talk = Talk(looking, 1, ADDED)
    result = talk.run()
    assert (result.status, result.output, result.steps) == ("ok", "seen one; seen two", 3)
    assert ADDED not in talk.model.prompts[0] and talk.model.prompts[1].count(ADDED) == 1
    assert only(SteeringShown, talk.events) == [SteeringShown(2, [ADDED])]
    order = [type(event) for event in talk.events if isinstance(event, Steered | SteeringShown | StepStarted)]
    assert order == [StepStarted, Steered, StepStarted, SteeringShown, StepStarted]


def test_several_messages_are_shown_in_the_order_in_which_they_were_said() -> None:
    talk = Talk(looking, 1, "First of all.", ADDED)
    assert talk.run().output == "seen one; seen two"
    assert only(SteeringShown, talk.events) == [SteeringShown(2, ["First of all.", ADDED])]
    assert talk.model.prompts[1].index("First of all.") < talk.model.prompts[1].index(ADDED)


def test_an_answer_that_was_under_way_is_not_the_last_word() -> None:
    talk = Talk(looking, 2, ADDED)
    result = talk.run()
    assert (result.status, result.output, result.steps) == ("ok", "seen one; seen two", 4)
    assert [event.text for event in only(Answered, talk.events)] == ["seen one; seen two"]


def test_what_no_step_is_left_for_is_told_before_the_end_and_not_taken_up_again() -> None:
    talk = Talk(looking, 2, ADDED, max_steps=2)
    assert talk.run().output == "seen one"
    assert talk.events[-2] == SteeringUnheard([ADDED])
    broken = Talk(lambda prompt: "# Nothing.\n", 1, ADDED, max_steps=1)
    assert broken.run().status == "failed"
    assert [type(event) for event in broken.events[-2:]] == [SteeringUnheard, RunFinished]
    again = Talk(looking, 0, journal=broken.journal, max_steps=5)
    assert not again.resume(broken.session.id).error
    assert ADDED not in "".join(again.model.prompts)


def test_a_run_that_is_stopped_tells_what_it_did_not_hear() -> None:
    async def test() -> list[Event]:
        talk = Talk(looking, 0)
        stream = talk.session.stream(TASK)
        async for event in stream:
            if isinstance(event, RunStarted):
                talk.session.steer(ADDED)
                break
        await stream.aclose()
        return talk.events

    events = asyncio.run(test())
    assert events[-2] == SteeringUnheard([ADDED])
    assert isinstance(events[-1], RunFinished) and events[-1].status == "interrupted"


def test_only_a_run_that_is_under_way_is_steered() -> None:
    talk = Talk(looking, 0)
    with pytest.raises(UsageError, match="No task is under way"):
        talk.session.steer(ADDED)
    talk.run()
    with pytest.raises(UsageError, match="No task is under way"):
        talk.session.steer(ADDED)
    assert "The message is empty" in (Talk(looking, 1, "  ").run().error or "")


@pytest.mark.parametrize("at", [1, 2])
def test_a_steered_run_cut_after_any_event_goes_on_to_the_same_end(at: int) -> None:
    whole = Talk(looking, at, ADDED)
    assert whole.run().output == "seen one; seen two"
    events = whole.events
    for length in range(1, len(events)):
        so_far = events[:length]
        if len(only(CallStarted, so_far)) > so_far_finished(so_far):
            continue  # that call is in doubt, which is another matter
        resumed = Talk(looking, 0, journal=cut(whole, length), allow=["all"])
        result = resumed.resume(whole.session.id)
        was_said = bool(only(Steered, so_far))
        assert (result.status, result.output) == ("ok", "seen one; seen two" if was_said else "seen one")
        replies = len(only(ModelReplied, events)) if was_said else len(only(ModelReplied, only_of_one()))
        assert len(resumed.model.prompts) + len(only(ModelReplied, so_far)) <= replies + 1
        shown = only(SteeringShown, resumed.events)
        assert [event.texts for event in shown] == ([[ADDED]] if was_said else [])
        assert len(only(Steered, resumed.events)) == len(shown)


def so_far_finished(events: list[Event]) -> int:
    return sum(type(event).__name__ == "CallFinished" for event in events)


def only_of_one() -> list[Event]:
    talk = Talk(looking, 0)
    talk.run()
    return talk.events


@pytest.mark.parametrize("at", [1, 2])
def test_a_steered_session_plays_again_and_goes_on(at: int) -> None:
    talk = Talk(looking, at, ADDED)
    talk.run()
    found = asyncio.run(replay(Talk(looking, 0, journal=talk.journal).agent, talk.session.id))
    assert found.differences == [] and found.tasks == 1
    later = Talk(looking, 0, journal=talk.journal)
    later.session = later.agent.resume(talk.session.id)
    assert later.run("And now?").status == "ok"
    assert ADDED in later.model.prompts[-1]


def test_a_replay_of_a_session_whose_words_were_moved_says_so() -> None:
    talk = Talk(looking, 1, ADDED)
    talk.run()
    other = MemoryJournal()
    other.create_session(workspace=".", model="scripted", task=TASK, session_id="moved")
    for event in talk.events:
        other.append("moved", SteeringShown(2, ["Something else."]) if isinstance(event, SteeringShown) else event)
    with pytest.raises(Exception, match="cannot go on"):
        asyncio.run(replay(Talk(looking, 0, journal=other).agent, "moved"))


def test_another_model_that_begins_anew_is_told_all_that_was_said() -> None:
    talk = Talk(looking, 1, ADDED, max_steps=1)
    assert talk.run().status == "failed"
    other = Talk(looking, 0, journal=talk.journal, name="another")
    assert other.resume(talk.session.id).output == "seen one; seen two"
    [_, last] = runs(other.journal.numbered(talk.session.id))
    assert ADDED in last.started.task


def test_what_was_said_belongs_to_the_conversation_of_later_tasks() -> None:
    talk = Talk(looking, 1, ADDED)

    async def two() -> None:
        await talk.session.run(TASK)
        await talk.session.run("And now?")

    asyncio.run(two())
    [exchange, _] = talk.session._dialogue._conversation.exchanges
    assert ADDED in exchange.task and exchange.task.startswith(TASK)


def test_direct_calls_again_for_what_was_added() -> None:
    def says(prompt: str) -> str:
        if ADDED in prompt and "seen two" not in prompt:
            return 'look(word="two")'
        return 'look(word="one")' if "seen one" not in prompt else "Both."

    talk = Talk(says, 2, ADDED, strategy="direct")
    result = talk.run()
    assert (result.status, result.output) == ("ok", "Both.")
    assert [call.arguments["word"] for call in result.calls] == ["one", "two"]


def test_a_program_after_it_begins_with_the_whole_task() -> None:
    def python(code: str) -> str:
        """Runs a program."""
        return "3" if "first" in code else "seen two"

    runner = Tool.from_function(python, language="python")

    def says(prompt: str) -> str:
        return "print('second')" if ADDED in prompt else "print('first')"

    talk = Talk(says, 1, ADDED, strategy="code", tool=runner, allow=["all"], max_steps=2)
    talk.model._yes = 0.9
    talk.run()
    programs = [str(event.call.arguments["code"]) for event in only(CallStarted, talk.events)]
    assert len(programs) == 2 and ADDED not in programs[0]
    assert programs[1].startswith(f"# {one_line(TASK, 80)} The user added: {ADDED}")


def test_a_message_in_the_midst_of_a_secret_does_not_write_it_down(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    with Journal(str(tmp_path / "journal.db")) as journal:
        session = journal.create_session(workspace=".", model="m", task=TASK)
        journal.append(session, TextDelta("answer", f"It is {secret[:12]}"))
        journal.append(session, Steered(ADDED))
        journal.append(session, TextDelta("answer", f"{secret[12:]} indeed."))
        journal.append(session, Answered("x"))
        text = "".join(event.text for event in only(TextDelta, journal.events(session)))
        assert secret[:12] not in text and text.startswith("It is ") and text.endswith(" indeed.")


def test_readers_are_told_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    talk = Talk(looking, 1, ADDED)
    talk.run()
    assert ("Added to the task", ADDED, False) in list(blocks(talk.events))
    narrator = Narrator(sys.stderr)
    for event in [*talk.events, SteeringUnheard(["Too late."])]:
        narrator.take(event)
    told = capsys.readouterr().err
    assert f"the user adds: {ADDED}" in told and "before it could heed: Too late." in told
    [task] = spans("s", [(float(at), event) for at, event in enumerate(talk.events)])
    marks: list[Span] = [span for span in task.walk() if span.name == "the user adds"]
    assert [span.texts for span in marks] == [[("Text", ADDED)]]


def test_what_was_said_is_found_in_the_journal(tmp_path: Path) -> None:
    with Journal(str(tmp_path / "journal.db")) as journal:
        talk = Talk(looking, 1, ADDED, journal=journal)
        talk.run()
        assert [hit.kind for hit in journal.search("well")] == ["task"]


def test_guards_look_at_what_is_added_and_what_they_could_not_look_at_is_told_at_the_end() -> None:
    from agentx.errors import GuardFailed
    from agentx.guard import Finding
    from agentx.guarding.actions import GuardSettings
    from agentx.guarding.checking import Guards

    class Words:
        name = "words"
        kinds = frozenset({"secret"})

        def check(self, text: str, place: Any) -> list[Finding]:
            if "broken" in text:
                raise GuardFailed("The guard is broken.")
            at = text.find("kiwi")
            return [Finding("secret", 0.9, at, at + 4, "fruit")] if at >= 0 else []

    settings = GuardSettings.of({"actions": {"secret": {"input": "mask"}}})
    talk = Talk(looking, 1, f"{ADDED} kiwi", guard=Guards([Words()], settings))
    assert talk.run().output == "seen one; seen two"
    [shown] = only(SteeringShown, talk.events)
    assert "kiwi" not in shown.texts[0] and ADDED in shown.texts[0]
    assert not any("kiwi" in prompt for prompt in talk.model.prompts)
    found = asyncio.run(replay(Talk(looking, 0, journal=talk.journal).agent, talk.session.id))
    assert found.differences == []
    broken = Talk(looking, 1, "broken", guard=Guards([Words()], settings))
    assert broken.run().status == "failed"
    assert broken.events[-2] == SteeringUnheard(["broken"])


AGAIN = "I have restarted the host; ask once more."


def test_whoever_is_told_to_try_again_may() -> None:
    up: list[bool] = []

    def status(word: str) -> str:
        """Asks a host."""
        if up:
            return f"{word} is up"
        raise ToolError("connection refused", argument="word")

    def says(prompt: str) -> str:
        if "x is up" in prompt:
            return "# It is up.\nAnswer: up"
        if AGAIN in prompt:
            up.append(True)
        word = "y" if "connection refused" in prompt and not up else "x"
        return f'# I ask.\nstatus(word="{word}")\n->'

    talk = Talk(says, 2, AGAIN, tool=Tool.from_function(status))
    result = talk.run()
    assert (result.status, result.output) == ("ok", "up")
    assert [event.result.status for event in only(CallFinished, talk.events)] == ["error", "error", "ok"]
    again = Talk(says, 0, journal=talk.journal, tool=Tool.from_function(status))
    assert asyncio.run(replay(again.agent, talk.session.id)).differences == []


def test_a_tool_that_was_given_up_may_be_called_when_the_user_says_so() -> None:
    def status(word: str) -> str:
        """Asks a host."""
        raise ToolError("connection refused", argument="word")

    def says(prompt: str) -> str:
        if (tries := prompt.count("connection refused")) == 1:
            session.steer(AGAIN)
        return f'# I ask.\nstatus(word="{tries}")\n->' if tries < 3 else "# Down.\nAnswer: It is down."

    journal = MemoryJournal()
    tools = [Tool.from_function(status), LOOK]
    session = Agent(ScriptedModel(repeat(says)), tools, journal=journal, strategy="react").session()
    assert asyncio.run(session.run(TASK)).output == "It is down."
    events = journal.events(session.id)
    assert [event.result.status for event in only(CallFinished, events)] == ["error"] * 3
    told = [event.text for event in only(Notice, events)]
    assert told == ["status failed twice on `word`: use another function."]


def test_an_idle_step_from_before_the_user_spoke_does_not_count() -> None:
    def says(prompt: str) -> str:
        repeated = prompt.count("refused: you made this very call")
        return '# I look.\nlook(word="one")\n->' if repeated < 2 else "# So.\nAnswer: seen one"

    # The first reply, and all that are decoded for the second step before that is taken.
    talk = Talk(says, 1 + MAX_TRIES, ADDED)
    talk.run()
    assert not any("repeats itself" in event.text for event in only(Notice, talk.events))


def test_examples_are_not_shown_again_with_what_the_user_adds() -> None:
    talk = Talk(looking, 0)
    turn = talk.agent.turn(talk.model, TASK, lambda event: None, Tape().calls.with_id)
    turn.examples = "Before, this was done so."
    steering = Steering([Steered(ADDED)])
    around: Any = SimpleNamespace(tape=Tape(), steering=steering, desk=None, retrieval=None, provenance=Provenance())
    assert asyncio.run(heed(turn, React(), around, 1))
    text = "".join(part.text for part in turn.prompt)
    assert ADDED in text and turn.examples not in text
