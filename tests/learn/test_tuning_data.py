"""Data that cannot be learnt from is refused in one sentence that names the rows, before torch is loaded."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from agentx_learn.tuning.checks import labels_of, texts_of
from agentx_learn.tuning.classifier_data import Columns, read_sets
from agentx_learn.tuning.rows import MAX_LINE_CHARACTERS, DataError, read_file
from agentx_learn.tuning.sources import read_table

from agentx.errors import UsageError
from tests.cli.conftest import Ran
from tests.cli.conftest import cli as cli
from tests.cli.conftest import workspace as workspace
from tests.learn.toy import lines, write_csv

GOOD = "".join(f"{text},{label}\n" for text, label in lines(40))
HEAD = "text,label\n"


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", "a.csv is empty"),
    "head only": ("a.csv", HEAD.encode(), "a.csv is empty"),
    "blank lines": ("a.jsonl", b"\n \n", "a.jsonl is empty"),
    "no label column": ("a.csv", b"text,class\na,b\n", r"has no column `label`, only `text`, `class`; .* --label"),
    "label missing in a row": (
        "a.jsonl",
        jsonl({"text": "a", "label": "x"}, {"text": "b"}).encode(),
        "line 2: there is no",
    ),
    "one class": (
        "a.csv",
        (HEAD + "a,x\nb,x\nc,x\n").encode(),
        r"all 3 rows \(lines 2 and 4 among them\) are of one class, `x`",
    ),
    "one row of a class": ("a.csv", (HEAD + GOOD + "d,z\n").encode(), "line 42: the class `z` has 1 of the at least 2"),
    "not UTF-8": ("a.csv", (HEAD + "grün,x\n").encode("latin-1"), r"line 2 is not UTF-8 text \(byte 0xfc at place 3\)"),
    "UTF-16": ("a.csv", (HEAD + GOOD).encode("utf-16"), "line 1 is not UTF-8"),
    "zero bytes": ("a.csv", (HEAD + "a\0b,x\n").encode(), "line 2 holds bytes of value zero"),
    "a million tokens": (
        "a.jsonl",
        jsonl({"text": "word " * 1_000_000}).encode(),
        "line 1 has more than 500,000 characters",
    ),
    "a line without end": ("a.csv", HEAD.encode() + b"x" * (5 * MAX_LINE_CHARACTERS), "line 2 has more than 500,000"),
    "an open quote": (
        "a.csv",
        (HEAD + '"open\n' + "y\n" * 300_000).encode(),
        "line 2 begins a text of more than 500,000|no valid CSV",
    ),
    "a quote amid a text": ("a.csv", (HEAD + 'a,x\n"b"c,y\n').encode(), "begins in line 3 is no valid CSV"),
    "an open quote at the end": ("a.csv", (HEAD + 'a,x\n"b,y\n\n').encode(), "begins in line 3 is no valid CSV"),
    "half a character": (
        "a.jsonl",
        jsonl(*({"text": text, "label": f"{label}\ud83d"} for text, label in lines(4))).encode(),
        "lines 1, 2, 3 and 4: `label` holds half a character",
    ),
    "too many cells": ("a.csv", (HEAD + "a,x\nb, and more,y\n").encode(), "line 3 has 3 cells where the head has 2"),
    "two columns of a name": ("a.csv", b"text,text\na,b\n", "names the column `text` twice"),
    "not JSON": ("a.jsonl", b'{"text": "a", "label": "x"}\n{text}\n', "line 2 is not JSON"),
    "no object": ("a.jsonl", b"[1]\n", "line 1 is no JSON object"),
    "the same id": (
        "a.csv",
        ("id,text,label\n" + "".join(f"{i % 39},{t},{k}\n" for i, (t, k) in enumerate(lines(40)))).encode(),
        "lines 2 and 41 have the same id `0`",
    ),
    "empty texts": (
        "a.csv",
        (HEAD + GOOD + " ,x\n" * 7).encode(),
        "lines 42, 43, 44, 45, 46 and 2 more: `text` is empty",
    ),
    "no texts": ("a.jsonl", jsonl({"text": 3, "label": "x"}).encode(), "line 1: `text` is no text"),
    "labels of another type": (
        "a.jsonl",
        jsonl({"text": "a", "label": 0.5}).encode(),
        "line 1: `label` is of type float",
    ),
    "mixed labels": (
        "a.jsonl",
        jsonl(*({"text": text, "label": i if i else "x"} for i, (text, _) in enumerate(lines(4)))).encode(),
        r"types that differ \(int, str\), first in line 1",
    ),
    "no label": ("a.jsonl", jsonl({"text": "a", "label": None}).encode(), "line 1: `label` is empty"),
    "as many classes as rows": (
        "a.csv",
        (HEAD + "".join(f"{text},{i}\n" for i, (text, _) in enumerate(lines(40)))).encode(),
        "`label` has 40 different values in 40 rows",
    ),
    "the same text everywhere": (
        "a.csv",
        (HEAD + "a b,x\nA  b,x\n" + GOOD).encode(),
        "class `x` all have the same text",
    ),
    "another kind of file": ("a.xlsx", b"PK", "is of no kind that is known"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learnt_from_is_refused_with_its_rows(
    name: str, cli: Callable[..., Ran], workspace: Path
) -> None:
    file, content, sentence = REFUSED[name]
    (workspace / file).write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_sets(str(workspace / file), Columns(), "0.2", None, 0)
    loaded = set(sys.modules)
    ran = cli("tune", "classifier", file, "--out", "made")
    assert ran.code == 2
    assert ran.err.count("\n") == 1, "one sentence"
    assert not (workspace / "made").exists()
    assert "agentx_learn.tuning.classifier_run" not in set(sys.modules) - loaded, "torch is loaded for good rows only"


def test_good_files_are_read_as_they_stand(tmp_path: Path) -> None:
    quoted = '\ufefftext,label\n"two\nlines, and ""quotes""",x\n\nplain,y\n'
    (tmp_path / "a.csv").write_text(quoted, encoding="utf-8")
    table = read_file(tmp_path / "a.csv")
    assert [(row.number, dict(row.values)) for row in table.rows] == [
        (2, {"text": 'two\nlines, and "quotes"', "label": "x"}),
        (5, {"text": "plain", "label": "y"}),
    ]
    (tmp_path / "a.tsv").write_text("text\tlabel\na, b\tx\n", encoding="utf-8")
    assert read_file(tmp_path / "a.tsv").rows[0].values == {"text": "a, b", "label": "x"}
    (tmp_path / "a.jsonl").write_text(
        '{"text": "a", "label": true}\n\n{"text": "b", "label": false}\n', encoding="utf-8"
    )
    table = read_file(tmp_path / "a.jsonl")
    assert texts_of(table, "text", "--text") == ["a", "b"]
    assert labels_of(table, "label", "--label", 1) == ["True", "False"]
    assert [row.number for row in table.rows] == [1, 3]
    assert len(table.sha256) == 64 and table.sha256 != read_file(tmp_path / "a.csv").sha256


def test_a_dataset_on_disk_is_read_with_the_names_of_its_classes(tmp_path: Path) -> None:
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["fruit", "vehicle"])}
    )
    rows = {"text": [text for text, _ in lines(20)], "label": [label for _, label in lines(20)]}
    saved = datasets.Dataset.from_dict(rows, features=features)
    saved.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"first": saved, "second": saved.select(range(4))}).save_to_disk(str(tmp_path / "two"))
    table = read_table(str(tmp_path / "one"))
    assert table.unit == "row" and table.rows[1].values["label"] == "vehicle"
    assert len(read_table(f"{tmp_path / 'two'}#second").rows) == 4
    with pytest.raises(DataError, match="has the splits first, second; name one"):
        read_table(str(tmp_path / "two"))
    with pytest.raises(DataError, match="There is no folder"):
        read_table(str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"no column `class`.* --label"):
        read_sets(str(tmp_path / "one"), Columns(label="class"), "0.2", None, 0)


def test_a_folder_with_a_number_sign_in_its_name_can_be_named(tmp_path: Path) -> None:
    import datasets

    rows = {"text": [text for text, _ in lines(6)], "label": [label for _, label in lines(6)]}
    saved = datasets.Dataset.from_dict(rows)
    datasets.DatasetDict({"first": saved, "second": saved.select(range(4))}).save_to_disk(str(tmp_path / "a#b"))
    saved.save_to_disk(str(tmp_path / "c#d"))
    assert len(read_table(f"{tmp_path / 'a#b'}#second").rows) == 4
    assert len(read_table(str(tmp_path / "c#d")).rows) == 6


def test_the_code_of_a_dataset_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked: dict[str, object] = {}

    def load(name: str, **options: object) -> None:
        asked.update(options)
        raise ValueError("it has code of its own")

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(DataError, match="it has code of its own"):
        read_table("owner/name")
    assert asked == {"trust_remote_code": False}, "older versions would ask on stdin"


def test_the_rows_that_judge_are_chosen_by_the_seed_and_share_no_group(tmp_path: Path) -> None:
    rows = [(text, label, f"g{i // 4}") for i, (text, label) in enumerate(lines(80))]
    path = str(write_csv(tmp_path / "a.csv", rows, ("text", "label", "group")))
    sets = read_sets(path, Columns(group="group"), "0.2", None, 3)
    group_of = {text: group for text, _, group in rows}
    sides = [{group_of[str(text)] for text in one.texts} for one in (sets.training, sets.evaluation)]
    assert not sides[0] & sides[1]
    assert 8 <= len(sets.evaluation.texts) <= 24
    assert set(sets.evaluation.labels) == set(sets.training.labels) == {"fruit", "vehicle"}
    again = read_sets(path, Columns(group="group"), "0.2", None, 3)
    assert again == sets
    assert read_sets(path, Columns(group="group"), "0.2", None, 4) != sets


def test_rows_of_their_own_may_judge_if_their_classes_are_known(tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "a.csv", lines(20)))
    others = str(write_csv(tmp_path / "b.csv", lines(6, seed=9)))
    sets = read_sets(path, Columns(), others, others, 0)
    assert [len(one.texts) for one in sets.all.values()] == [20, 6, 6]
    strange = str(write_csv(tmp_path / "c.csv", [*lines(4), ("one tree", "plant")]))
    with pytest.raises(DataError, match=r"c.csv, line 6: the class `plant` is none of those that are learnt"):
        read_sets(path, Columns(), "0.2", strange, 0)
    with pytest.raises(UsageError, match="no share of the rows"):
        read_sets(path, Columns(), "1.5", None, 0)
