"""Texts that cannot be learnt from are refused with their rows; the others are parted by document and cut to rows."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers
from agentx_learn.tuning.encoder_data import read_corpus
from agentx_learn.tuning.encoder_leaks import without_known
from agentx_learn.tuning.encoder_rows import NEXT, NO_PAIR, RANDOM, Cutter
from agentx_learn.tuning.encoder_sources import Columns, Document
from agentx_learn.tuning.rows import DataError, read_paragraphs

from agentx.errors import UsageError
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.test_tuning_data import jsonl
from tests.learn.toy import FILLERS, save_encoder

REFUSED: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.txt", b" \n\n", "a.txt is empty: it has no text"),
    "no rows": ("a.csv", b"text\n", "a.csv is empty"),
    "no such column": ("a.csv", b"body\nx\n", "a.csv has no column `text`, only `body`; name the right one by --text"),
    "one document": ("a.txt", b"one\n\ntwo\n", "a.txt holds one document alone"),
    "one text, written twice": ("a.jsonl", jsonl({"text": "a B"}, {"text": "A  b"}).encode(), "one document alone"),
    "not UTF-8": ("a.txt", "one\n\ngr\u00fcn\n".encode("latin-1"), "a.txt, line 3 is not UTF-8 text"),
    "a line of a million tokens": ("a.txt", b"one\n" + b"word " * 1_000_000, "a.txt, line 2 has more than 500,000"),
    "a text of a million tokens": (
        "a.txt",
        b"one\n\n" + b"word word\n" * 500_000,
        "a.txt, line 3: `text` has more than 500,000 characters",
    ),
    "the same id": (
        "a.jsonl",
        jsonl({"id": 1, "text": "a"}, {"id": 1, "text": "b"}).encode(),
        "lines 1 and 2 have the same id `1`",
    ),
    "an empty text": ("a.jsonl", jsonl({"text": "a"}, {"text": " "}).encode(), "a.jsonl, line 2: `text` is empty"),
    "another kind of file": ("a.pdf", b"%PDF", "is of no kind that is known"),
}

THINGS = (("crane", "stands", "quay"), ("boat", "lies", "pier"), ("dog", "sleeps", "shed"), ("gull", "waits", "mast"))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learnt_from_is_refused_with_its_rows(
    name: str, cli: Callable[..., Ran], workspace: Path
) -> None:
    file, content, sentence = REFUSED[name]
    (workspace / file).write_bytes(content)
    loaded = set(sys.modules)
    ran = cli("tune", "encoder", file, "--out", "made")
    assert ran.code == 2 and ran.out == ""
    assert sentence in ran.err
    assert ran.err.count("\n") == 1, "one sentence"
    assert not (workspace / "made").exists()
    assert "agentx_learn.tuning.encoder_run" not in set(sys.modules) - loaded, "torch is loaded for good texts only"


def test_wrong_options_are_a_sentence(
    cli: Callable[..., Ran], workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "a.jsonl").write_text(jsonl({"text": "a"}, {"text": "b"}))
    assert "Name the folder for the encoder by --out DIR" in cli("tune", "encoder", "a.jsonl").err
    refused = cli("tune", "encoder", "a.jsonl", "--out", "made", "--evaluate", "1.5")
    assert refused.code == 2 and "--evaluate 1.5 is no share of the text" in refused.err
    monkeypatch.setitem(sys.modules, "accelerate", None)
    without = cli("tune", "encoder", "a.jsonl", "--out", "made")
    assert without.code == 2 and "pip install 'agentx-local[learn]'" in without.err


def test_a_document_is_on_one_side_and_a_text_stands_once(tmp_path: Path) -> None:
    rows = [{"text": f"text {i} of {i // 5}", "page": f"page {i // 5}"} for i in range(100)]
    rows += [{"text": "Text 3  of 0", "page": "another"}, {"text": "and more", "page": "another"}]
    path = tmp_path / "a.jsonl"
    path.write_text(jsonl(*rows))
    corpus = read_corpus(str(path), Columns(group="page"), "0.2", 3)
    sides = [{each.name for each in side} for side in (corpus.training, corpus.evaluation)]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 21
    assert 3 <= len(sides[1]) <= 5
    assert corpus.repeated == 1
    other = next(each for side in (corpus.training, corpus.evaluation) for each in side if each.name == "another")
    assert other.texts == ("and more",)
    assert read_corpus(str(path), Columns(group="page"), "0.2", 3) == corpus
    assert read_corpus(str(path), Columns(group="page"), "0.2", 4).evaluation != corpus.evaluation
    assert corpus.described["training"]["rows"] + corpus.described["evaluation"]["rows"] == 101


def test_other_texts_may_judge_if_they_are_not_learnt(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeffOne text,\nof two lines.\n\n\nAnother.\n", encoding="utf-8")
    table = read_paragraphs(tmp_path / "a.txt")
    assert [(row.number, row.values["text"]) for row in table.rows] == [
        (1, "One text,\nof two lines."),
        (5, "Another."),
    ]
    (tmp_path / "b.jsonl").write_text(jsonl({"text": "another."}, {"text": "A third."}))
    corpus = read_corpus(str(tmp_path / "a.txt"), Columns(), str(tmp_path / "b.jsonl"), 0)
    assert [each.texts for each in corpus.training] == [("One text,\nof two lines.", "Another.")]
    assert [each.texts for each in corpus.evaluation] == [("A third.",)]
    assert corpus.repeated == 1
    with pytest.raises(DataError, match="All texts of a.txt are learnt from too"):
        read_corpus(str(tmp_path / "a.txt"), Columns(), str(tmp_path / "a.txt"), 0)
    with pytest.raises(UsageError, match="is no share of the text"):
        read_corpus(str(tmp_path / "a.txt"), Columns(), "0", 0)


SENTENCES = [[f"The {thing} of row {i} {does} near the {place}." for thing, does, place in THINGS] for i in range(10)]


def test_texts_that_are_cut_otherwise_do_not_judge(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    rows, paragraphs = tmp_path / "rows.jsonl", tmp_path / "paragraphs.txt"
    rows.write_text(jsonl(*({"text": " ".join(each)} for each in SENTENCES)))
    paragraphs.write_text("\n\n".join(sentence for each in SENTENCES for sentence in each))
    for data, evaluate in ((rows, paragraphs), (paragraphs, rows)):
        refused = cli("tune", "encoder", str(data), "--out", "made", "--evaluate", str(evaluate))
        assert refused.code == 2 and refused.err.count("\n") == 1
        assert f"Of {evaluate.name}, all texts that would judge (" in refused.err
        assert "stand in what is learnt from, cut otherwise" in refused.err
    paragraphs.write_text(paragraphs.read_text() + "\n\nA sentence that nobody has read before.")
    corpus = read_corpus(str(rows), Columns(), str(paragraphs), 0)
    assert [each.texts for each in corpus.evaluation] == [("A sentence that nobody has read before.",)]
    assert (corpus.known, corpus.repeated) == (40, 0)
    assert corpus.described["evaluation"]["rows"] == 1


def test_another_version_of_a_document_does_not_judge(tmp_path: Path) -> None:
    long = " ".join(f"word{i}" for i in range(40))
    rows = [{"text": f"{start} {long} {end}"} for start, end in (("first", "draft"), ("second", "version of it"))]
    path = tmp_path / "a.jsonl"
    path.write_text(jsonl(*rows))
    with pytest.raises(DataError, match=r"all texts that would judge \(1\) stand in what is learnt from"):
        read_corpus(str(path), Columns(), "0.5", 0)


def test_a_sentence_over_two_chunks_is_known_and_a_common_phrase_is_no_reason() -> None:
    training = [Document("a", ("See below. The crane lifts", "four tonnes at most."))]
    judging = [Document("b", ("The crane lifts four tonnes at most.", "See below. Boats are hauled out in autumn."))]
    left, known = without_known(judging, training)
    assert [each.texts for each in left] == [judging[0].texts[1:]] and known == 1


def test_a_run_of_13_words_is_known_and_one_of_12_is_not() -> None:
    words = [f"w{i}" for i in range(30)]
    training = [Document("a", (" ".join(words[:20]),))]
    for count, known in ((12, 0), (13, 1)):
        text = " ".join([*words[5 : 5 + count], *(f"new{i}" for i in range(9))])
        assert without_known([Document("b", (text,))], training)[1] == known


@pytest.fixture(scope="module")
def cutter(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Cutter]:
    folder = save_encoder(tmp_path_factory.mktemp("tokenizer"), ["[MASK]", "."])
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    inputs = ["input_ids", "token_type_ids"]
    return lambda size: Cutter(tokenizer.backend_tokenizer, size, 0, inputs, tokenizer.all_special_ids)


def words_of(row: dict[str, Any]) -> list[int]:
    return [token for token, special in zip(row["input_ids"], row["special_tokens_mask"], strict=True) if not special]


def test_rows_hold_all_words_of_a_document_in_order_and_of_no_other(cutter: Callable[[int], Cutter]) -> None:
    one = Document("one", ("the a my", "your one two big", "small " * 25, "old new"))
    two = Document("two", ("big",))
    rows = cutter(12).texts([one, two])
    assert [len(row["input_ids"]) for row in rows] == [9, 12, 12, 9, 3]
    ids = {name: 4 + i for i, name in enumerate(FILLERS)}
    assert [token for row in rows[:-1] for token in words_of(row)] == [ids[w] for w in " ".join(one.texts).split()]
    assert words_of(rows[-1]) == [ids["big"]]


def test_half_of_the_pairs_follow_each_other_and_the_others_are_of_another_document(
    cutter: Callable[[int], Cutter],
) -> None:
    many = [Document(word, (f"{word} {word}. " * 30,)) for word in FILLERS]
    rows = cutter(27).pairs(many, 1)
    labels = [row["next_sentence_label"] for row in rows]
    assert labels.count(NEXT) / (labels.count(NEXT) + labels.count(RANDOM)) == pytest.approx(0.5, abs=0.15)
    for row in rows:
        assert len(row["input_ids"]) <= 27
        segments = [
            {t for t, kind, special in zip(*(row[n] for n in NAMES), strict=True) if kind == of and not special}
            for of in (0, 1)
        ]
        first, second = (each - {FULL_STOP} for each in segments)
        assert {NEXT: first == second, RANDOM: bool(second) and not first & second, NO_PAIR: not second}[
            row["next_sentence_label"]
        ]
    assert cutter(27).pairs(many, 1) == rows != cutter(27).pairs(many, 2)
    for few in (many[:1], [Document("a", ("the.",)), Document("b", ("big.",))]):
        with pytest.raises(DataError, match="--next-sentence needs documents of several sentences"):
            cutter(27).pairs(few, 1)


NAMES = ("input_ids", "token_type_ids", "special_tokens_mask")
FULL_STOP = 4 + 10 + 14 + 1


def test_half_a_character_does_no_harm(cutter: Callable[[int], Cutter]) -> None:
    text = json.loads('"big \\ud83d small"')
    assert len(cutter(12).texts([Document("a", (text,))])) == 1
