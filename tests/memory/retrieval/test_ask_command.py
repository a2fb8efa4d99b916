import hashlib
import json

import pytest
import typer
from agentx_memory import ask_command
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.store import open_store
from typer.testing import CliRunner

from agentx.models.scripted import ScriptedModel


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `ask` or `summarise` with a scripted model that says this."""
    app = typer.Typer()
    app.command()(ask_command.ask)
    app.command()(ask_command.summarise)
    monkeypatch.chdir(tmp_path)

    def invoke(verb, *arguments, says=()):
        script = tmp_path / "script.json"
        script.write_text(json.dumps(list(says)))
        model = () if "--model" in arguments else ("--model", f"scripted:{script}")
        return CliRunner().invoke(app, [verb, *arguments, *model], catch_exceptions=False)

    return invoke


@pytest.fixture
def club(minilm):
    text = "The crane lifts 4.5 tonnes."
    digest = hashlib.sha256(text.encode()).hexdigest()
    store = open_store(minilm.name)
    list(add_documents(store, minilm, [Document("club.md", "markdown", digest, (Chunk(text, ("Crane",), 3, 3),))]))
    store.close()


def test_ask_prints_the_answer_and_its_sources(run, club):
    done = run("ask", "What does the crane lift?", says=["It lifts 4.5 tonnes [1]."])
    assert done.exit_code == 0
    assert done.stdout == "It lifts 4.5 tonnes [1].\n\n[1] club.md:3\n"


def test_ask_as_json(run, club):
    done = run("ask", "What does the crane lift?", "--json", says=["It lifts 4.5 tonnes [1]."])
    told = json.loads(done.stdout)
    assert (told["answer"], told["found"]) == ("It lifts 4.5 tonnes [1].", True)
    [citation] = told["citations"]
    assert (citation["place"], citation["lines"], citation["pages"]) == ("club.md:3", [3, 3], None)
    assert told["passages"][0]["reason"].startswith("dense 1st, lexical 1st")


def test_ask_of_an_empty_memory_needs_no_model(run, data_folder):
    done = run("ask", "What does the crane lift?")
    assert done.stdout == "not in memory\n"
    assert not (data_folder / "memory").exists()


def test_ask_within_a_source_that_is_not_there(run, club):
    assert run("ask", "What does the crane lift?", "--source", "other.md").stdout == "not in memory\n"


def test_summarise_prints_the_summary_and_stores_nothing(run, tmp_path, minilm_files, data_folder):
    paper = tmp_path / "paper.md"
    paper.write_text("# Crane\n\nIt lifts 4.5 tonnes.\n")
    done = run("summarise", str(paper), says=["A crane."])
    assert done.stdout == "A crane.\n"
    assert "summarised 1 of 1" in done.stderr
    assert not (data_folder / "memory").exists()


def test_summarise_refuses_what_cannot_be_read(run, tmp_path, minilm_files):
    from agentx.errors import UsageError

    with pytest.raises(UsageError, match="cannot be summarised"):
        run("summarise", str(tmp_path / "none.md"))


@pytest.mark.parametrize("verb", ["ask", "summarise"])
def test_no_adapter_is_named_by_none(run, club, tmp_path, monkeypatch, verb):
    (paper := tmp_path / "paper.md").write_text("# Crane\n\nIt lifts 4.5 tonnes.\n")
    monkeypatch.setenv("AGENTX_ADAPTER", "none")
    about = str(paper) if verb == "summarise" else "What does the crane lift?"
    assert run(verb, about, says=["It lifts 4.5 tonnes [1]."]).stdout.startswith("It lifts 4.5 tonnes")


def test_the_default_adapter_of_the_model_counts(run, club, tmp_path, monkeypatch):
    from agentx import models
    from agentx.models.default_adapters import Passed, identity_of, put
    from tests.decoding.lora_files import write_adapter

    path = write_adapter(tmp_path / "a.gguf", layers=1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    put(identity_of("smollm2-135m"), "smollm2-135m", Passed(str(path), digest, "2026-01-01T00:00:00+00:00"))
    under = []

    def opened(spec, *, adapter, **options):
        under.append(adapter)
        return ScriptedModel(["It lifts 4.5 tonnes [1]."])

    monkeypatch.setattr(models, "open_model", opened)
    question = ("ask", "What does the crane lift?", "--model", "smollm2-135m")
    assert run(*question).exit_code == 0
    path.unlink()
    left_out = run(*question)
    assert left_out.exit_code == 0 and "is gone, and is left out" in left_out.stderr
    assert under == [str(path), None]
