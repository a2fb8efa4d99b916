"""The guard on a tiny classifier that knows one word as an order; its windows, its texts, and its refusals."""

import json
from collections import Counter
from collections.abc import Callable
from importlib import resources
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from agentx_learn.encoders.batches import MAX_CHARACTERS
from agentx_learn.encoders.onnx_classifier import TOKENIZER
from agentx_learn.injection.guard import CUT_FILE, Injection, write_cut
from agentx_learn.tuning import guard_command
from agentx_learn.windowed import trained
from agentx_learn.windows import Windows
from tokenizers import Tokenizer

from agentx import plugins
from agentx.errors import ConfigError, ModelFileError, ModelNotFound
from agentx.guarding.checking import Guards
from benchmarks.guard.dataset import runs
from tests.learn.toy import FILLERS, export_marked

ORDER = "truck"
"""Stands for what an injection is known by."""


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_marked(tmp_path_factory.mktemp("guard"), "benign", {ORDER: "injection"})


@pytest.fixture
def guard(exported: Path) -> Callable[..., Injection]:
    return lambda **settings: Injection({"model": str(exported), **settings})


@pytest.mark.parametrize("length", [1, 29, 30, 31, 200, 3000])
def test_every_token_is_seen_by_a_window_that_fits(exported: Path, length: int) -> None:
    text = " ".join(FILLERS[i % len(FILLERS)] for i in range(length))
    spans = Windows(exported / TOKENIZER, 32).of(text)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    for (_, end), (start, _) in pairwise(spans):
        assert start <= end + 1, "no word falls between two windows"
    assert max(len(text[start:end].split()) for start, end in spans) <= 30
    assert len(spans) == 1 or all(text[start:end].strip() for start, end in spans)


def test_windows_reach_over_the_parts_that_are_tokenised_at_once(exported: Path) -> None:
    text = "one " * 24_998 + "apple pear plum cherry " + "two " * 200
    spans = Windows(exported / TOKENIZER, 32).of(text)
    order = text.index("apple"), text.index("cherry") + len("cherry")
    assert order[0] < 100_000 < order[1] + 8
    assert any(start <= order[0] and order[1] <= end for start, end in spans)
    assert Windows(exported / TOKENIZER, 32).of("") == []
    assert Windows(exported / TOKENIZER, 32).of("a \ud800 b")[-1][1] <= 5


@pytest.mark.parametrize("length", [0, 1, 30, 31, 53, 54, 1000])
def test_words_are_cut_as_the_tokenizer_itself_cuts_them(exported: Path, length: int) -> None:
    random = Random(length)
    text = " ".join(random.choices([*FILLERS, "strange,", "words\n\n"], k=length))
    tokenizer = Tokenizer.from_file(str(exported / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(32, stride=7)
    first = tokenizer.encode(text)
    inside = [piece.offsets[1:-1] for piece in (first, *first.overflowing)]
    assert Windows(exported / TOKENIZER, 32).of(text) == [(each[0][0], each[-1][1]) for each in inside if each]


GAPS = {
    "blanks": " " * 6000,
    "line breaks": "\n" * 6000,
    "control characters": " " + "\x01" * 6000 + " ",
    "one endless word": " " + "A1b2" * 1500 + " ",
    "many endless words": f" {'A1b2' * 200}" * 20 + " ",
}


@pytest.mark.parametrize("gap", GAPS)
def test_no_gap_and_no_endless_word_hides_an_order(guard: Callable[..., Injection], exported: Path, gap: str) -> None:
    text = f"one two{GAPS[gap]}the {ORDER} my{GAPS[gap]}apple"
    found = guard().check(text, "tool_result")
    assert found
    assert all(ORDER in text[each.start : each.end] for each in found)
    spans = Windows(exported / TOKENIZER, 32).of(text)
    assert all(end - start <= 32 * MAX_CHARACTERS or " " not in text[start:end] for start, end in spans)
    assert any("the truck my" in text[start:end] for start, end in spans)


@pytest.mark.parametrize("filling", [1240, 1255, 1264, 1270])
def test_what_stands_at_the_end_of_a_piece_begins_the_next_one(exported: Path, filling: int) -> None:
    text = f"{'x' * filling} one two {ORDER} my apple old new"
    spans = Windows(exported / TOKENIZER, 32).of(text)
    assert any(f"one two {ORDER} my apple" in text[start:end] for start, end in spans)


@pytest.mark.parametrize("before", [0, 25, 31, 100, 333])
def test_an_order_is_found_wherever_it_stands(guard: Callable[..., Injection], before: int) -> None:
    words = [FILLERS[i % len(FILLERS)] for i in range(400)]
    text = " ".join([*words[:before], ORDER, *words[before:]])
    found = guard().check(text, "tool_result")
    assert found
    assert all(finding.kind == "injection" and 0.5 <= finding.score <= 1 for finding in found)
    assert all(ORDER in text[finding.start : finding.end] for finding in found)
    assert ORDER not in found[0].reason, "the text itself is not told"
    assert guard().check(" ".join(words), "tool_result") == []


def test_the_threshold_decides_what_is_told_and_the_highest_score_counts(guard: Callable[..., Injection]) -> None:
    text = " ".join([ORDER, *FILLERS * 12])
    scores = [score for _, _, score in guard().scores(text)]
    assert len(scores) > 2
    assert [finding.score for finding in guard(threshold=0).check(text, "input")] == scores
    assert [finding.score for finding in guard(threshold=max(scores)).check(text, "input")] == [max(scores)]
    assert guard(threshold=1).check(text, "input") == []
    assert guard().check(" \n", "input") == []


def test_the_cut_of_a_model_is_where_its_scores_are_even(exported: Path, tmp_path: Path) -> None:
    for path in exported.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = " ".join(FILLERS)
    ((_, _, plain),) = Injection({"model": str(exported)}).scores(text)
    write_cut(tmp_path, plain)
    ((_, _, even),) = Injection({"model": str(tmp_path)}).scores(text)
    assert even == pytest.approx(0.5)
    (other := tmp_path / "other").mkdir()
    for path in exported.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / CUT_FILE).write_text('{"cut": 2}')
    with pytest.raises(ModelFileError, match="holds no probability"):
        Injection({"model": str(other)}).scores(text)


def test_it_is_a_guard_of_the_run(exported: Path) -> None:
    assert plugins.load("agentx.guards", "injection") is Injection
    table = {
        "on": ["injection"],
        "settings": {"injection": {"model": str(exported)}},
        "actions": {"injection": {"tool_result": "block"}},
    }
    guards = Guards.of(table)
    (found,) = guards.look(f"the my {ORDER} one two", "tool_result")
    assert (found.kind, found.guard, found.action) == ("injection", "injection", "block")
    assert guards.look("the my apple one two", "tool_result") == []


def test_without_a_model_it_says_how_to_get_one(tmp_path: Path, exported: Path) -> None:
    with pytest.raises(ModelNotFound, match="`agentx tune guard` trains it"):
        Injection({}).check("text", "input")
    assert not trained("injection").exists()
    for path in exported.iterdir():
        content = (
            path.read_bytes().replace(b'"injection"', b'"strange"') if path.suffix == ".json" else path.read_bytes()
        )
        (tmp_path / path.name).write_bytes(content)
    with pytest.raises(ModelFileError, match="without a class `injection`"):
        Injection({"model": str(tmp_path)}).check("text", "input")
    for wrong in ({"model": 3}, {"threshold": 2}, {"threshold": True}, {"colour": "red"}):
        with pytest.raises(ConfigError, match="The guard `injection`"):
            Injection(wrong)


def texts(name: str) -> list[dict[str, str]]:
    path = resources.files(guard_command.DATA).joinpath("data", f"{name}.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_no_text_that_judges_was_learnt_from_even_in_part() -> None:
    training, judging = texts("train"), texts("judge")
    assert Counter(row["label"] for row in training).keys() == {"benign", "injection"}
    assert len(training) + len(judging) >= 600
    assert min(Counter(row["label"] for row in judging).values()) >= 100
    assert {row["source"] for row in judging} == {"agentdojo"}
    assert "agentdojo" not in {row["source"] for row in training}
    learnt = set().union(*(runs(row["text"]) for row in training))
    assert not [row["id"] for row in judging if runs(row["text"]) & learnt]
    ids = [row["id"] for row in training + judging]
    assert len(set(ids)) == len(ids)
