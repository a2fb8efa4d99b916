import shutil
from pathlib import Path

import pytest

from agentx.events import Answered
from agentx.journal import Journal
from tests.cli.conftest import process

DEMO = Path(__file__).parents[2] / "examples" / "demo"

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """The folder of `make demo`, to be worked in."""
    return Path(shutil.copytree(DEMO, tmp_path / "office"))


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def solve(task: str, folder: Path, *argv: str, env: dict[str, str] | None = None) -> dict:
    argv = ("run", task, "--workspace", str(folder), "--allow", "all", "--json", *argv)
    ran = process(*argv, env=env, timeout=500)
    assert ran.out.count("\n") == 1, ran.err
    assert (ran.code, ran.object["status"], ran.object["error"]) == (0, "ok", None), ran.err
    return ran.object


def test_the_default_model_adds_up_a_column_and_writes_the_total(default_model: Path, tmp_path: Path) -> None:
    shutil.copy(DEMO / "orders" / "october.csv", tmp_path / "orders.csv")
    before = contents(tmp_path)
    task = "Add up the amounts in orders.csv and write the total to total.txt."
    done = solve(task, tmp_path, "--strategy", "auto")
    assert len(done["calls"]) >= 2
    assert "99.85" in done["output"]
    after = contents(tmp_path)
    assert "99.85" in after.pop("total.txt")
    assert after == before
    assert done["usage"]["sampled_tokens"] > 0


def test_the_default_model_calls_one_tool_after_the_other(default_model: Path, office: Path) -> None:
    before = contents(office)
    tools = ["--tool", "list_files", "--tool", "read_file", "--tool", "calculate"]
    task = "What do the orders in orders/october.csv cost in total?"
    done = solve(task, office, "--strategy", "react", *tools)
    assert {"read_file", "calculate"} <= {call["name"] for call in done["calls"]}
    assert "99.85" in done["output"]
    assert contents(office) == before


def test_the_default_model_calls_tools_in_the_dialect_whose_tags_are_tokens_of_its_own(
    default_model: Path, tmp_path: Path
) -> None:
    options = ["--strategy", "react", "--tool", "calculate"]
    done = solve("What is 37 * 41?", tmp_path, *options, env={"AGENTX_DIALECT": "hermes"})
    assert [call["name"] for call in done["calls"]] == ["calculate"]
    assert "1517" in done["output"].replace(",", "")


def test_a_conversation_with_a_small_model_over_a_pipe(small_model: Path, tmp_path: Path) -> None:
    argv = ["chat", "--model", "smollm2-135m", "--strategy", "react", "--tool", "calculate"]
    ran = process(*argv, stdin="Say hello.\nWhat is 2 + 3?\n", cwd=tmp_path, timeout=300)
    assert (ran.code, "error: " in ran.err) == (0, False), ran.err
    assert len(ran.out.splitlines()) >= 2
    with Journal.default() as journal:
        [row] = journal.sessions()
        answers = [event for event in journal.events(row.id) if isinstance(event, Answered)]
    assert (len(answers), row.status) == (2, "ok")
