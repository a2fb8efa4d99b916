import ast
import asyncio
import json
import os
import zipfile

import pytest

from agentx.dialects.python_calls import PythonCalls
from agentx.errors import DownloadError, UsageError
from agentx.messages import ToolCall
from agentx.model import GREEDY
from agentx.models.scripted import ScriptedModel
from benchmarks.bfcl import multi, single, wheel
from benchmarks.bfcl.__main__ import main
from benchmarks.bfcl.cases import Case, chosen, json_schema, load
from benchmarks.bfcl.records import Record, Settings
from benchmarks.bfcl.report import table

AREA = {
    "name": "geometry.area",
    "description": "Area of a triangle.",
    "parameters": {
        "type": "dict",
        "properties": {
            "base": {"type": "float", "description": "in metres"},
            "height": {"type": "integer"},
            "unit": {"type": "string", "description": "Default is cm."},
        },
        "required": ["base", "height"],
    },
}
TRUTH = [{"geometry.area": {"base": [3.0], "height": [4], "unit": ["cm", ""]}}]


def case(category="simple_python", truth=TRUTH, number=0):
    entry = {"id": f"{category}_{number}", "question": [[{"role": "user", "content": "area?"}]], "function": [AREA]}
    return Case(entry["id"], category, number, ("area?",), None, (AREA,), truth, entry)


def call(**arguments):
    return ToolCall("1", "geometry.area", arguments)


@pytest.fixture
def leaderboard():
    """The unzipped wheel; without a network a test skips with the reason, in CI it fails."""
    try:
        return wheel.data()
    except DownloadError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture
def little_data(tmp_path):
    """A category of 120 cases of which the case at place n asks "n?"."""
    lines = [
        {"id": f"live_simple_{n}-0-0", "question": [[{"role": "user", "content": f"{n}?"}]], "function": [AREA]}
        for n in range(120)
    ]
    (tmp_path / "BFCL_v4_live_simple.json").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


def test_the_first_hundred_cases_are_for_work_and_the_others_are_not(little_data):
    dev = chosen(little_data, ["live_simple"], "dev", None, None)
    held = chosen(little_data, ["live_simple"], "held", None, None)
    assert [one.number for one in dev] == list(range(100))
    assert [one.number for one in held] == list(range(100, 120))


def test_cases_are_chosen_by_place_and_at_most_so_many(little_data):
    some = chosen(little_data, ["live_simple"], "dev", range(10, 25), 3)
    assert [one.turns[0] for one in some] == ["10?", "11?", "12?"]


def test_cases_of_the_other_split_are_refused(little_data):
    with pytest.raises(UsageError, match="has the cases 0-99, not 90-110"):
        chosen(little_data, ["live_simple"], "dev", range(90, 111), None)
    with pytest.raises(UsageError, match="has the cases 100-119, not 0-24"):
        chosen(little_data, ["live_simple"], "held", range(25), None)


def test_the_leaderboards_types_become_json_schema():
    described = {
        "type": "dict",
        "properties": {
            "pair": {"type": "tuple", "items": {"type": "float"}, "optional": True},
            "who": {"type": "dict", "properties": {"name": {"type": "any", "default": "Ann"}}, "required": ["name"]},
        },
    }
    assert json_schema(described) == {
        "type": "object",
        "properties": {
            "pair": {"type": "array", "items": {"type": "number"}},
            "who": {
                "type": "object",
                "properties": {"name": {"type": "string", "default": "Ann"}},
                "required": ["name"],
            },
        },
    }


def test_a_system_message_becomes_the_instructions(tmp_path):
    entry = {
        "id": "live_simple_0-0-0",
        "question": [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "area?"}]],
        "function": [AREA],
    }
    (tmp_path / "BFCL_v4_live_simple.json").write_text(json.dumps(entry))
    [only] = load(tmp_path, "live_simple")
    assert (only.instructions, only.turns) == ("Be brief.", ("area?",))


def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bfcl_eval-2026.3.23-py3-none-any.whl", "w") as archive:
        archive.writestr("bfcl_eval/__init__.py", "")
    with pytest.raises(DownloadError, match="not the wheel that is pinned"):
        wheel._unzip(tmp_path, tmp_path / "packages")
    assert not (tmp_path / "packages").exists()


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([call(base=3.0, height=4)], ""),
        ([call(base=3.0, height=4, unit="cm")], ""),
        ([call(base=3.0, height=5)], "height"),
        ([call(base=3.0, height=4, unit="in")], "unit"),
        ([call(base=3.0)], "Missing required parameter"),
        ([call(base=3.0, height=4)] * 2, "wrong_count"),
        ([], "declined"),
    ],
)
def test_the_official_checker_judges_the_calls(leaderboard, calls, words):
    valid, error = single.judge(case(), calls)
    assert valid == (not words)
    assert words in error


def test_parallel_calls_may_come_in_any_order(leaderboard):
    truth = [*TRUTH, {"geometry.area": {"base": [7.0], "height": [8], "unit": [""]}}]
    calls = [call(base=7.0, height=8), call(base=3.0, height=4)]
    assert single.judge(case("parallel", truth), calls)[0]
    assert not single.judge(case("parallel", truth), calls[:1])[0]


def test_where_no_function_serves_the_right_thing_is_to_call_none():
    assert single.judge(case("irrelevance", []), [])[0]
    assert not single.judge(case("live_irrelevance", []), [call()])[0]
    assert single.judge(case("live_relevance", []), [call()])[0]
    assert not single.judge(case("live_relevance", []), [])[0]


def test_a_run_is_recorded_resumed_and_shown(leaderboard, tmp_path, capsys):
    out = tmp_path / "r.jsonl"
    cases = [case(number=n) for n in range(3)]
    said = ["geometry_area(base=3, height=4)", "geometry_area(base=3, height=5)"]
    assert main(["--out", str(out)], cases[:2], ScriptedModel(said)) == 0
    assert main(["--out", str(out), "--resume"], cases, ScriptedModel(["geometry_area(base=3, height=4)"])) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["valid"] for row in rows] == [True, False, True]
    assert rows[0]["calls"] == ["geometry.area(base=3.0, height=4)"]
    last = [line for line in capsys.readouterr().out.splitlines() if line.startswith("simple_python")][-1]
    assert last.split()[:4] == ["simple_python", "3", "2", "67"]


def test_a_declined_case_is_lost_or_right_by_its_category(tmp_path, capsys):
    cases = [case("irrelevance", []), case()]
    assert main(["--out", str(tmp_path / "r.jsonl")], cases, ScriptedModel(["I cannot."] * 2, yes=0.01)) == 0
    assert "declined 1 of 1 irrelevant (100 %); lost 1 of 1 relevant (100.0 %)" in capsys.readouterr().out


def test_a_range_of_cases_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--cases", "24-0"])
    assert ended.value.code == 2
    assert "`24-0` is no range of cases" in capsys.readouterr().err


def test_the_table_gives_tokens_a_case():
    def record(number, valid, prompt):
        return Record(f"x_{number}", "parallel", number, SETTINGS, valid, "", ["f()"], None, prompt, 4, 5, 6, 2, 1.5)

    shown = table([record(0, True, 100), record(1, False, 200)])
    assert shown.splitlines()[1].split() == ["parallel", "2", "1", "50", "1.5", "150", "4", "5", "6", "2"]
    assert shown.endswith("lost 0 of 2 relevant (0.0 %)")


SETTINGS = Settings("fake", "default", 0)


def replies(wanted, turn):
    """What a model says that makes the leaderboard's own calls, and then answers."""
    parameters = {function["name"]: list(function["parameters"]["properties"]) for function in wanted.functions}
    steps = []
    for text in turn:
        tree = ast.parse(text, mode="eval").body
        given = zip(parameters[tree.func.id], tree.args, strict=False)
        arguments = {name: ast.literal_eval(value) for name, value in given}
        arguments |= {keyword.arg: ast.literal_eval(keyword.value) for keyword in tree.keywords}
        steps.append(f"# next\n{PythonCalls().show_call(tree.func.id, arguments)}\n->")
    return [*steps, "# done\nAnswer: Done."]


def test_a_conversation_that_does_as_the_leaderboard_does_is_right(leaderboard):
    wanted = load(leaderboard, "multi_turn_base")[0]
    model = ScriptedModel([text for turn in wanted.truth for text in replies(wanted, turn)])
    done = asyncio.run(multi.converse(wanted, model, "react", GREEDY))
    assert [len(turn) for turn in done.turns] == [len(turn) for turn in wanted.truth]
    assert multi.judge(wanted, done) == (True, "")


def test_a_conversation_that_leaves_a_call_out_is_wrong(leaderboard):
    wanted = load(leaderboard, "multi_turn_base")[0]
    short = [wanted.truth[0][:-1], *wanted.truth[1:]]
    model = ScriptedModel([text for turn in short for text in replies(wanted, turn)])
    done = asyncio.run(multi.converse(wanted, model, "react", GREEDY))
    valid, error = multi.judge(wanted, done)
    assert not valid
    assert "multi_turn:" in error
