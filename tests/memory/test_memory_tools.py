import subprocess
import sys
from dataclasses import replace

import pytest
from agentx_memory.adding import add_documents
from agentx_memory.chroma import ChromaMemory
from agentx_memory.chunks import Chunk, Document
from agentx_memory.tools import open_memory, recall, remember, what_is_known

from agentx.errors import ConfigError, ToolError
from agentx.policy import ASKING
from agentx.tool import Marks, ToolContext


@pytest.fixture
def context(tmp_path, minilm_files):  # `minilm_files`: the tools acquire the model themselves
    return ToolContext(workspace=tmp_path, session_id="s1")


def test_what_was_remembered_is_recalled_with_source_and_score(context):
    assert remember("The ketch is moored in the marina of Flensburg.", context=context) == "remembered"
    assert remember("Grandma likes orchids.", context=context) == "remembered"
    found = recall("Where is my sailing boat?", context=context)
    assert found.startswith("The ketch is moored in the marina of Flensburg. (session s1, score 0.")
    assert "orchids" not in found


def test_recall_says_when_nothing_matches(context):
    assert recall("price of gold", context=context) == "nothing in memory matches 'price of gold'"
    remember("Grandma likes orchids.", context=context)
    assert recall("price of gold", context=context) == "nothing in memory matches 'price of gold'"


NOTES = (
    "The ketch is moored in the marina of Flensburg.",
    "Grandma likes orchids.",
    "The wifi password of the cottage is hunter2.",
    "Dr. Weber's practice opens at 8 in the morning.",
    "The tax declaration is due on the 31st of May.",
    "The sauna is lit on Friday evenings.",
    "Order code E4711 covers the seals of the bilge pump.",
    "Ann plays the cello in the city's orchestra.",
    "The spare key hangs behind the boiler.",
    "Rye bread takes a day to rise.",
)
ANSWERED = {
    "Where is my sailing boat?": "Flensburg",
    "What flowers does grandmother like?": "orchids",
    "How do I get into the wifi?": "hunter2",
    "When does the doctor open?": "Weber",
    "When are taxes due?": "31st",
    "Which seals does E4711 cover?": "bilge",
    "What instrument does Ann play?": "cello",
    "Where is the spare key?": "boiler",
}
UNANSWERED = (
    "What is the price of gold?",
    "Who won the football match?",
    "How is the weather going to be on the moon?",
    "What is the capital of Australia?",
    "Write a function that reverses the list.",
    "The train to Paris leaves at which platform?",
    "Which of the files in the folder is the largest?",
    "What is 17 times 23?",
    "Translate the sentence into French.",
    "Is the server in the cluster down?",
    "Which city has the tallest tower?",
    "Who lit the torch of the games?",
    "What hangs on the walls of the Louvre?",
    "In which order do the planets stand?",
    "How many days does a year on Mars have?",
)


def test_recall_finds_what_answers_and_shared_words_alone_are_no_reason(context):
    for note in NOTES:
        remember(note, context=context)
    for question, answer in ANSWERED.items():
        assert answer in recall(question, context=context).splitlines()[0], question
    for question in UNANSWERED:
        assert recall(question, context=context).startswith("nothing in memory matches"), question


def test_recall_puts_first_what_has_the_words_too(context):
    for code in ("E4709", "E4710", "E4712", "E4711", "E4713"):
        remember(
            f"Order code {code} covers a part of the pump, and its price is told by the supplier.", context=context
        )
    assert "E4711" in recall("What does order code E4711 cover?", context=context, max_results=1)


def test_a_hit_takes_one_line_and_no_more_than_asked_for_are_shown(context):
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday"):
        remember(f"The boat sails\non {day}.", context=context)
    assert len(recall("When does the boat sail?", context=context).splitlines()) == 3
    assert len(recall("When does the boat sail?", context=context, max_results=1).splitlines()) == 1
    assert len(recall("When does the boat sail?", context=context, max_results=0).splitlines()) == 1


def test_a_sentence_deep_in_a_long_text_can_be_recalled(context):
    filler = "The committee discussed the budget of the coming year at length and without result.\n"
    text = filler * 100 + "The password of the cabin's wifi is swordfish.\n" + filler * 100
    remember(text, context=context)
    assert "swordfish" in recall("wifi password", context=context, max_results=5)


def test_what_was_read_from_a_file_is_recalled_with_its_lines_or_its_page(context):
    memory = open_memory(context)
    for source, chunk in (
        ("/notes/boats.md", Chunk("The ketch is moored in Flensburg.", ("Boats",), 3, 4)),
        ("/notes/will.pdf", Chunk("Grandma leaves the orchids to Ann.", page=7)),
    ):
        document = Document(source, "text", source, (chunk,), untrusted=source.endswith("pdf"))
        list(add_documents(memory.store, memory.embedder, [document]))
    assert "Flensburg. (/notes/boats.md:3-4, score 0." in recall("Where is my ketch?", context=context)
    asked = replace(context, marks=Marks())
    assert "Ann. (/notes/will.pdf p. 7, score 0." in recall("Who gets grandma's orchids?", context=asked)
    assert asked.marks.untrusted


def test_a_memory_that_cannot_be_read_ends_no_run(context, data_folder):
    remember("Grandma likes orchids.", context=context)
    open_memory(context).store.close()
    (data_folder / "memory" / "memory.sqlite3").write_bytes(b"junk" * 5_000)
    asked = what_is_known(replace(context, task="What does grandma like?"))
    assert asked == {"query": "What does grandma like?"}
    with pytest.raises(ToolError, match="is damaged"):
        recall(asked["query"], context=context)


def test_a_note_of_strangers_stays_theirs(context):
    remember("The ketch is moored in Flensburg.", context=context)
    remember("Grandma likes orchids.", context=replace(context, tainted=True))
    for question, untrusted in (("Where is my ketch?", False), ("What flowers does grandma like?", True)):
        asked = replace(context, marks=Marks())
        recall(question, context=asked, max_results=1)
        assert asked.marks.untrusted is untrusted


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_refused(context, text):
    with pytest.raises(ToolError, match="must not be empty"):
        remember(text, context=context)


def test_without_a_session_the_source_is_a_note(tmp_path, minilm_files):
    context = ToolContext(workspace=tmp_path)
    remember("Grandma likes orchids.", context=context)
    assert "(note, score" in recall("What flowers does grandma like?", context=context)


def test_a_storage_error_reaches_the_model_as_a_sentence(context, data_folder):
    data_folder.mkdir()
    (data_folder / "memory").write_text("")
    with pytest.raises(ToolError, match="cannot be written"):
        remember("Grandma likes orchids.", context=context)


def test_one_store_serves_a_folder_and_the_setting_path_names_another(tmp_path, data_folder):
    plain = ToolContext(workspace=tmp_path)
    assert open_memory(plain) is open_memory(plain)
    assert open_memory(plain).path == data_folder / "memory"
    named = ToolContext(workspace=tmp_path, settings={"path": str(tmp_path / "mine")})
    assert open_memory(named).path == tmp_path / "mine"
    assert isinstance(open_memory(named), ChromaMemory)


@pytest.mark.parametrize("setting", [3, "", "~nobody-of-this-name/memory"])
def test_a_setting_that_names_no_folder_is_refused(tmp_path, setting):
    with pytest.raises(ConfigError, match="setting `path`"):
        open_memory(ToolContext(workspace=tmp_path, settings={"path": setting}))


def test_neither_tool_asks_for_approval_and_the_model_is_told_little():
    assert remember.capabilities == {"keeps"}
    assert not (remember.capabilities | recall.capabilities) & ASKING
    assert recall.capabilities == {"reads_private"}
    assert remember.idempotent and recall.idempotent
    assert list(remember.parameters["properties"]) == ["text"]
    assert list(recall.parameters["properties"]) == ["query", "max_results"]


def test_remember_and_recall_import_no_chromadb(context):
    code = """
import sys
from pathlib import Path
from agentx.tool import ToolContext
from agentx_memory.tools import recall, remember
context = ToolContext(workspace=Path.cwd())
remember("The ketch is moored in Flensburg.", context=context)
assert "Flensburg" in recall("Where is my ketch?", context=context)
assert "chromadb" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_importing_the_tools_loads_nothing_heavy():
    code = """
import sys
import agentx_memory.tools
heavy = {"chromadb", "onnxruntime", "tokenizers", "numpy", "filelock", "pydantic", "huggingface_hub"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
