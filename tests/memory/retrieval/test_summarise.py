import asyncio
import re

import pytest
from agentx_memory.retrieval.summarise import summarise, whole_sentences

from agentx.errors import ContextOverflow, ModelError, UsageError
from agentx.models.scripted import ScriptedModel


def made(texts, model, **options):
    return asyncio.run(summarise(texts, model, **options))


def endless(reply):
    return ScriptedModel([reply] * 1_000)


def the_text(prompt):
    """What was to be summarised, without the instructions."""
    return prompt.rpartition("add nothing.")[2].rpartition("\n\nSummarise")[0]


def test_a_short_text_takes_one_reply():
    model = endless("Short.")
    summary = made(["One.", "Two."], model, words=40)
    assert (summary.text, summary.pieces, summary.levels) == ("Short.", 1, 0)
    assert "at most 40 words" in model.prompts[0]
    assert len(model.prompts) == 1


def test_a_long_one_is_summarised_in_pieces_and_these_again():
    model = ScriptedModel(lambda prompt: str(len(prompt)) for _ in range(1_000))
    steps = []
    texts = [f"Paragraph {number}. " + "x" * 80 for number in range(40)]
    summary = made(texts, model, piece_tokens=200, progress=lambda done, total: steps.append((done, total)))
    assert summary.pieces == 20
    assert summary.levels >= 1
    first = [the_text(prompt) for prompt in model.prompts[:20]]
    assert re.findall(r"Paragraph (\d+)", "".join(first)) == [str(number) for number in range(40)]
    assert steps[0] == (0, 21)
    assert steps[-1][0] == steps[-1][1] == len(model.prompts)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_summaries_as_long_as_the_budget_still_come_to_an_end():
    summary = made(["y" * 190] * 16, endless("s" * 190), piece_tokens=200)
    assert summary.pieces == 16
    assert summary.levels == 4
    assert summary.text == "s" * 190


def test_summaries_longer_than_the_budget_come_to_an_end_too():
    model = endless("s" * 150)
    summary = made(["y" * 60] * 4, model, piece_tokens=64)
    assert (summary.pieces, summary.levels, summary.text) == (4, 2, "s" * 150)
    # Where the model keeps to what it is told, two summaries fit what it reads at once.
    assert "at most 15 words" in model.prompts[0]


def test_what_the_model_has_no_summary_of_is_left_out():
    summary = made(["y" * 190] * 3, ScriptedModel(["", "One.", "Two.", "Both."]), piece_tokens=200)
    assert (summary.text, summary.pieces) == ("Both.", 3)


@pytest.mark.parametrize("texts", [["One."], ["y" * 190] * 3])
def test_a_model_that_writes_no_summary_is_told_of(texts):
    with pytest.raises(ModelError, match="wrote no summary"):
        made(texts, endless(""), piece_tokens=200)


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("It cost 4.5 euros. The sum", "It cost 4.5 euros."),
        ("Did it? Yes! And th", "Did it? Yes!"),
        ("no end of", "no end of"),
        ("Whole. All.", "Whole. All."),
        ("", ""),
    ],
)
def test_what_was_broken_off_ends_with_a_sentence(broken, whole):
    assert whole_sentences(broken) == whole


def test_a_text_without_any_break_is_cut():
    model = endless("ok")
    summary = made(["z" * 1_000], model, piece_tokens=100)
    assert summary.pieces >= 10
    # Its letters, and nothing else, were read, each once.
    assert sum(the_text(prompt).count("z") for prompt in model.prompts[: summary.pieces]) == 1_000


def test_pieces_fit_a_small_context():
    small = ScriptedModel(["ok"] * 1_000, context_tokens=1_200)
    summary = made(["word " * 400], small, words=50, piece_tokens=5_000)
    assert summary.pieces > 1


def test_a_context_that_is_too_small_is_told():
    with pytest.raises(ContextOverflow, match="has no room"):
        made(["word"], ScriptedModel(["ok"], context_tokens=300))


@pytest.mark.parametrize("texts", [[], ["", " \n "]])
def test_nothing_to_summarise_is_told(texts):
    with pytest.raises(UsageError, match="no text to summarise"):
        made(texts, ScriptedModel())
