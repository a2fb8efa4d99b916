import asyncio
from collections import Counter

import pytest
from agentx_memory.learning.superseding import DOUBTFUL, SUPERSEDED, superseded
from agentx_memory.retrieval.replies import prompt

from agentx.models.scripted import ScriptedModel
from benchmarks.memory.superseded import Judged, pairs, summary

NEW = "I live in Kiel."


class Listening(ScriptedModel):
    """Keeps what it was asked."""

    def __init__(self, yes):
        super().__init__(yes=yes)
        self.asked = []

    async def score(self, prompt, continuations):
        self.asked.append("".join(fragment.text for fragment in prompt))
        return await super().score(prompt, continuations)


def cases(name):
    """The worked cases of a prompt, without the pair that is asked about."""
    return "".join(fragment.text for fragment in prompt(ScriptedModel(), name, old="", new="")).split("\n\n")[1:-1]


def test_the_two_prompts_hold_the_same_cases_in_another_order():
    first, second = cases("same_fact"), cases("same_fact_reordered")
    assert first != second
    assert Counter(case.strip() for case in first) == Counter(case.strip() for case in second)
    assert sum("Yes" in case for case in first) == sum("No" in case for case in first)


def test_each_old_fact_is_asked_about_under_both_orders_one_order_after_the_other():
    model = Listening(0.9)
    asyncio.run(superseded(model, ["I live in Hamburg.", "I have a dog."], NEW))
    tails = [text.rpartition("Old: ")[2].partition("\n")[0] for text in model.asked]
    assert tails == ["I live in Hamburg.", "I have a dog."] * 2
    heads = [text.rpartition("Old: ")[0] for text in model.asked]
    assert heads[0] == heads[1] != heads[2] == heads[3]


def test_the_mean_is_one_of_log_odds_so_that_neither_order_decides_alone():
    answers = iter([0.8, 0.2, 0.9, 0.5])
    model = ScriptedModel(yes=lambda text: next(answers))
    even, likely = [asyncio.run(superseded(model, ["a"], "b"))[0][0] for _ in range(2)]
    assert even == pytest.approx(0.5)
    assert likely == pytest.approx(0.75)


def test_an_answer_without_any_doubt_is_a_number_too():
    for sure in (0.0, 1.0):
        [value], _ = asyncio.run(superseded(ScriptedModel(yes=sure), ["a"], "b"))
        assert value == pytest.approx(sure, abs=1e-5)
    assert asyncio.run(superseded(ScriptedModel(), [], "b"))[0] == []


def test_the_pairs_are_fixed_and_none_stands_in_a_prompt():
    found = pairs()
    assert Counter((pair.half, pair.goes) for pair in found) == dict.fromkeys(
        [(half, goes) for half in ("dev", "held") for goes in (True, False)], 15
    )
    rules = "".join(fragment.text for fragment in prompt(ScriptedModel(), "same_fact", old="", new=""))
    assert not any(pair.old in rules and pair.new in rules for pair in found)


def test_the_summary_counts_what_goes_what_is_asked_and_what_stays():
    goes, stays = next(pair for pair in pairs() if pair.goes), next(pair for pair in pairs() if not pair.goes)
    found = [Judged(goes, 0.5, SUPERSEDED), Judged(goes, 0.5, DOUBTFUL), Judged(stays, 0.1, 0.0)]
    assert [line.split()[-3:] for line in summary(found).splitlines()[1:]] == [["1", "1", "0"], ["0", "0", "1"]]
