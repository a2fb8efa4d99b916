"""From a draft to the answer: one revision of what nobody has seen, and the principles; with a scripted model."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pydantic
import pytest

from agentx import Agent, tool
from agentx.errors import ContextOverflow, UsageError
from agentx.events import Answered, Criticised, Event, Notice, Revised, RunFinished, TextDelta, from_json, to_json
from agentx.journal import Journal
from agentx.messages import Citation
from agentx.models.scripted import ScriptedModel


@tool
def price(item: str) -> str:
    """Price."""
    return f"{item}: 12.50 EUR, sold by Lauer since 2024-05-07"


@tool(capabilities=["writes"])
def save(text: str) -> str:
    """Saves."""
    return "saved"


LOOK = '# I look.\nprice(item="lamp")\n->'
TASK = "What does the lamp cost?"


def says(text: str) -> str:
    return f"# I know.\nAnswer: {text}"


def agent(*replies: Any, tools: Any = (price,), model: ScriptedModel | None = None, **options: Any) -> Agent:
    journal = options.pop("journal", None) or Journal(":memory:")
    return Agent(model or ScriptedModel(replies), tools, journal=journal, **{"strategy": "react", **options})


def collect(made: Agent, task: str = TASK) -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in made.stream(task)]

    return asyncio.run(all_events())


class Judging(ScriptedModel):
    """A scripted model whose probes find the rule broken wherever the draft holds one of the words."""

    def __init__(self, replies: Sequence[Any], *broken_by: str) -> None:
        super().__init__(replies)
        self._words = broken_by
        self.probes: list[str] = []

    async def score(self, prompt: Any, continuations: Any) -> Any:
        text = "".join(fragment.text for fragment in prompt)
        if "break this rule?" in text:
            self.probes.append(text)
            draft = text.partition("Answer: ")[2].partition("Rule for answers:")[0]
            self._yes = 0.9 if any(word in draft for word in self._words) else 0.1
        return await super().score(prompt, continuations)


def test_an_answer_that_rests_on_a_result_is_given_as_it_is_and_cites_it() -> None:
    result = agent(LOOK, says("It costs 12.50 EUR.")).run_sync(TASK)
    assert (result.output, result.steps, result.unverified) == ("It costs 12.50 EUR.", 2, ())
    assert [(citation.claim, citation.call_id) for citation in result.citations] == [
        ("12.50", result.calls[0].id),
        ("EUR", result.calls[0].id),
    ]


def test_an_unsupported_figure_is_revised_once() -> None:
    model = ScriptedModel([LOOK, says("It costs 99 EUR."), says("It costs 12.50 EUR.")])
    events = collect(agent(model=model))
    assert events[-1].output == "It costs 12.50 EUR."
    assert [event.text for event in events if isinstance(event, Answered)] == ["It costs 12.50 EUR."]
    [notice] = [event.text for event in events if isinstance(event, Notice)]
    assert notice == "The answer holds what nothing seen so far supports, and is revised: 99."
    assert "nothing you have seen says 99; find it out or compute it, or leave it out" in model.prompts[-1]


def test_what_stays_unsupported_is_marked() -> None:
    result = agent(LOOK, says("It costs 99 EUR."), says("It costs 98 EUR and 98 cents.")).run_sync(TASK)
    assert (result.status, result.output) == ("ok", "It costs 98 EUR and 98 cents.")
    assert result.unverified == ("98",)


def test_a_revision_may_look_again() -> None:
    again = '# I look again.\nprice(item="lamp, used")\n->'
    result = agent(LOOK, says("It costs 99 EUR."), again, says("It costs 12.50 EUR.")).run_sync(TASK)
    assert (result.output, len(result.calls), result.unverified) == ("It costs 12.50 EUR.", 2, ())


def test_a_name_is_put_right_without_further_calls() -> None:
    model = ScriptedModel([LOOK, says("It is sold by Peter."), says("It is sold by Lauer.")])
    assert agent(model=model).run_sync(TASK).output == "It is sold by Lauer."
    assert "nothing you have seen says Peter; answer again" in model.prompts[-1]


def test_a_revision_that_is_worse_gives_way_to_the_draft() -> None:
    result = agent(LOOK, says("It costs 99 EUR."), says("It costs 98 USD at Bob’s, says Kim Dahl.")).run_sync(TASK)
    assert (result.output, result.unverified) == ("It costs 99 EUR.", ("99",))


@pytest.mark.parametrize("broken", [ContextOverflow("The context is full."), '# Send.\nsave(text="x")\n->'])
def test_where_the_revision_comes_to_nothing_the_draft_stands(broken: Any) -> None:
    result = agent(LOOK, says("It costs 99 EUR."), broken, tools=[price, save]).run_sync(TASK)
    assert (result.status, result.output, result.unverified) == ("ok", "It costs 99 EUR.", ("99",))


def test_the_last_step_is_not_spent_on_a_revision() -> None:
    result = agent(LOOK, says("It costs 99 EUR."), max_steps=2).run_sync(TASK)
    assert (result.status, result.unverified) == ("ok", ("99",))


def test_a_sum_done_in_the_head_is_sent_back() -> None:
    model = ScriptedModel([says("It is 391."), says("It is 391.")])
    result = agent(model=model).run_sync("What is 17 times 23?")
    assert (result.output, result.unverified, len(model.prompts)) == ("It is 391.", ("391",), 2)


def test_what_the_model_knows_is_marked_but_not_sent_back() -> None:
    model = ScriptedModel([says("A spider has 8 legs, says Linné.")])
    assert agent(model=model).run_sync("How many legs has a spider?").unverified == ("8",)
    assert len(model.prompts) == 1


def test_an_agent_without_tools_has_nothing_to_hold_against_an_answer() -> None:
    assert agent("It is 391.", tools=[]).run_sync("What is 17 times 23?").unverified == ()


def test_earlier_turns_of_the_conversation_support_an_answer() -> None:
    session = agent(LOOK, says("It costs 12.50 EUR."), says("As I said: 12.50 EUR, from Lauer.")).session()

    async def talk() -> Any:
        first = await session.run(TASK)
        return first, await session.run("How much?")

    first, second = asyncio.run(talk())
    assert second.unverified == ()
    assert {citation.call_id for citation in second.citations} == {first.calls[0].id}


def test_an_unsupported_figure_is_none_the_better_for_having_been_said_before() -> None:
    session = agent(says("It has 8 legs."), says("It has 8 legs.")).session()

    async def talk() -> Any:
        await session.run("How many legs has a spider?")
        return await session.run("Say that again.")

    assert asyncio.run(talk()).unverified == ("8",)


def test_strategy_direct_is_revised_alike() -> None:
    replies = ['price(item="lamp")', "It costs 99 EUR.", "It costs 12.50 EUR."]
    result = agent(*replies, strategy="direct").run_sync(TASK)
    assert (result.output, result.steps, result.unverified) == ("It costs 12.50 EUR.", 3, ())


class Offer(pydantic.BaseModel):
    seller: str
    total: float


def test_the_values_of_a_typed_answer_are_checked() -> None:
    replies = [LOOK, says('{"seller": "Bob", "total": 12.5}'), says('{"seller": "Lauer", "total": 12.5}')]
    result = agent(*replies).run_sync(TASK, output=Offer)
    assert (result.output, result.unverified) == (Offer(seller="Lauer", total=12.5), ())
    assert [citation.claim for citation in result.citations] == ["Lauer", "12.5"]


def test_citations_and_marks_survive_the_journal() -> None:
    journal = Journal(":memory:")
    events = collect(agent(LOOK, says("It costs 12.50 EUR."), journal=journal))
    [answered] = [event for event in events if isinstance(event, Answered)]
    assert all(isinstance(citation, Citation) for citation in answered.citations)
    assert answered in journal.events(journal.sessions()[0].id)
    assert from_json(json.loads(json.dumps(to_json(answered)))) == answered


def test_an_answer_of_an_older_journal_is_read() -> None:
    assert from_json({"kind": "Answered", "text": "x"}) == Answered("x")


PRINCIPLE = "Never name the seller."


def test_without_principles_nothing_is_probed() -> None:
    model = Judging([LOOK, says("It costs 12.50 EUR.")])
    agent(model=model).run_sync(TASK)
    assert model.probes == []


@pytest.mark.parametrize("strategy", ["react", "direct"])
def test_an_answer_that_keeps_the_principles_is_given_as_it_is(strategy: str) -> None:
    replies = (
        [LOOK, says("It costs 12.50 EUR.")] if strategy == "react" else ['price(item="lamp")', "It costs 12.50 EUR."]
    )
    model = Judging(replies, "Lauer")
    result = agent(model=model, principles=[PRINCIPLE, "Be kind."], strategy=strategy).run_sync(TASK)
    assert (result.output, len(model.probes), len(model.prompts)) == ("It costs 12.50 EUR.", 2, 2)


@pytest.mark.parametrize("strategy", ["react", "direct"])
def test_an_answer_that_breaks_a_principle_is_criticised_and_written_again(strategy: str) -> None:
    draft = "It costs 12.50 EUR at Lauer."
    first = [LOOK, says(draft)] if strategy == "react" else ['price(item="lamp")', draft]
    model = Judging([*first, "It names Lauer, the seller.", "It costs 12.50 EUR."], "Lauer")
    events = collect(agent(model=model, principles=[PRINCIPLE], strategy=strategy))
    assert events[-1].output == "It costs 12.50 EUR."
    told = [event for event in events if isinstance(event, Criticised | Revised)]
    assert told == [
        Criticised(PRINCIPLE, pytest.approx(0.9), "It names Lauer, the seller."),
        Revised("It costs 12.50 EUR."),
    ]


def test_a_draft_that_breaks_a_principle_is_shown_to_nobody() -> None:
    model = Judging(
        [LOOK, says("It costs 12.50 EUR at Lauer."), "It names the seller.", "It costs 12.50 EUR."], "Lauer"
    )
    events = collect(agent(model=model, principles=[PRINCIPLE]))
    shown = [event.text for event in events if isinstance(event, TextDelta) and event.channel == "answer"]
    assert shown == ["It costs 12.50 EUR."]
    assert [citation.claim for event in events if isinstance(event, Answered) for citation in event.citations] == [
        "12.50",
        "EUR",
    ]


def test_a_later_turn_does_not_read_what_was_withheld() -> None:
    replies = [LOOK, says("Lauer sells it for 12.50 EUR."), "It names the seller.", "It costs 12.50 EUR.", says("Yes.")]
    model = Judging(replies, "Lauer")
    session = agent(model=model, principles=[PRINCIPLE]).session()

    async def talk() -> None:
        await session.run(TASK)
        await session.run("Really?")

    asyncio.run(talk())
    assert "Answer: It costs 12.50 EUR." in model.prompts[-1]
    assert "Lauer sells it" not in model.prompts[-1]


def test_a_revision_that_still_breaks_a_principle_is_refused_with_the_reason() -> None:
    replies = [LOOK, says("Lauer sells it."), "It names the seller.", "It is sold by Lauer.", "It still names Lauer."]
    events = collect(agent(model=Judging(replies, "Lauer"), principles=[PRINCIPLE]))
    end = events[-1]
    assert isinstance(end, RunFinished)
    assert (end.status, end.output) == ("refused", None)
    assert end.error == "No answer is given: it would go against “Never name the seller.”. It still names Lauer."
    assert not [event for event in events if isinstance(event, Answered)]


def test_a_typed_answer_is_revised_under_its_schema() -> None:
    replies = [
        LOOK,
        says('{"seller": "Lauer", "total": 12.5}'),
        "It names the seller.",
        '{"seller": "", "total": 12.5}',
    ]
    result = agent(model=Judging(replies, "Lauer"), principles=[PRINCIPLE]).run_sync(TASK, output=Offer)
    assert result.output == Offer(seller="", total=12.5)


@pytest.mark.parametrize(
    ("principles", "sentence"), [("Be kind.", "a list of sentences"), ([" "], "A principle is empty")]
)
def test_principles_that_say_nothing_are_refused(principles: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        agent(principles=principles)
