import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from agentx_memory.chroma import ChromaMemory
from agentx_memory.tools import recall

from agentx.cli.root import run
from agentx.events import RunFinished, RunStarted
from agentx.journal import Journal
from agentx.messages import Usage
from agentx.tool import ToolContext

KIEL, RYE = "I live in Kiel.", "I like rye bread."


@pytest.fixture
def session(tmp_path, monkeypatch, minilm_files):
    monkeypatch.chdir(tmp_path)
    journal = Journal.default()
    id = journal.create_session(workspace=str(tmp_path), model="m", task="x")
    journal.append(id, RunStarted(id, "I live in Kiel, and I like rye bread.", "m", "direct", [], str(tmp_path)))
    journal.append(id, RunFinished("ok", None, None, 1, Usage()))
    return id


@pytest.fixture
def agentx(capsys, tmp_path):
    (tmp_path / "script.json").write_text(json.dumps([json.dumps({"asks_for": "", "facts": [KIEL, RYE]})]))

    def agentx(*words, code=0):
        assert run(["memory", *map(str, words)]) == code
        return capsys.readouterr()

    agentx.model = ("--model", f"scripted:{tmp_path / 'script.json'}")
    return agentx


def stored():
    store = ChromaMemory().store
    return {store.document(item.key)[0].text for item in store.sources()} if store.exists else set()


def on_a_terminal(answers, *words):
    """Runs the command as a person does, who types these answers."""
    main, theirs = pty.openpty()
    command = [str(Path(sys.executable).with_name("agentx")), "memory", *map(str, words)]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    os.write(main, answers.encode())
    out, err = process.communicate(timeout=60)
    os.close(main)
    return out, err


def test_without_a_yes_nothing_is_kept(agentx, session):
    said = agentx("learn", *agentx.model)
    assert f"{KIEL} (session {session} event 1)" in said.out
    assert "2 found, none kept" in said.err
    assert stored() == set()


def test_the_last_session_is_one_that_the_user_has_begun(agentx, session, tmp_path):
    journal = Journal.default()
    helper = journal.create_session(workspace=str(tmp_path), model="m", task="x", parent=session)
    journal.append(helper, RunStarted(helper, "I live on the moon.", "m", "direct", [], str(tmp_path)))
    assert f"{KIEL} (session {session} event 1)" in agentx("learn", *agentx.model).out


def test_no_adapter_is_named_by_none(agentx, session, monkeypatch):
    monkeypatch.setenv("AGENTX_ADAPTER", "none")
    assert "2 of 2 kept" in agentx("learn", "--yes", *agentx.model).err


def test_yes_keeps_all_and_a_second_time_finds_nothing_new(agentx, session):
    said = agentx("learn", session, "--yes", "--json", *agentx.model)
    facts = [json.loads(line) for line in said.out.splitlines()]
    assert [(fact["fact"], fact["session"], fact["event"]) for fact in facts] == [(KIEL, session, 1), (RYE, session, 1)]
    assert "2 of 2 kept" in said.err
    assert stored() == {KIEL, RYE}
    assert "Nothing new" in agentx("learn", "--yes", *agentx.model).err
    listed = agentx("list").out
    assert KIEL in listed and "fact" in listed
    assert agentx("forget", "rye bread.", "--yes").err == "1 removed.\n"
    assert stored() == {KIEL}
    assert agentx("forget", "--session", session, "--yes").err == "1 removed.\n"


def test_each_fact_is_asked_about_and_forgotten_after_a_yes(agentx, session):
    out, err = on_a_terminal("n\ny\n", "learn", *agentx.model)
    assert KIEL in out and "Keep it?" in err and "1 of 2 kept" in err
    assert stored() == {RYE}
    _, err = on_a_terminal("", "forget", "price of gold")
    assert "Nothing to remove" in err
    _, err = on_a_terminal("n\n", "forget", "bread")
    assert f"Forget: {RYE} (session {session} event 1)" in err and stored() == {RYE}
    on_a_terminal("y\n", "forget", "bread")
    assert stored() == set()


def test_recall_finds_a_fact_by_the_words_of_its_user_and_says_whose_it_is(agentx, session, tmp_path):
    agentx("learn", "--yes", *agentx.model)
    found = recall("Where do I live?", context=ToolContext(workspace=tmp_path))
    assert found.startswith(f"the user: {KIEL} (session {session} event 1, score 0.")
    assert recall("What is the capital of France?", context=ToolContext(workspace=tmp_path)).startswith("nothing")


def test_what_a_fact_replaces_is_shown(agentx, session, tmp_path):
    agentx("learn", "--yes", *agentx.model)
    journal = Journal.default()
    id = journal.create_session(workspace=str(tmp_path), model="m", task="x")
    journal.append(id, RunStarted(id, "I live in Hamburg.", "m", "direct", [], str(tmp_path)))
    (tmp_path / "script.json").write_text(json.dumps([json.dumps({"asks_for": "", "facts": ["I live in Hamburg."]})]))
    store = ChromaMemory().store
    assert store.sources()
    said = agentx("learn", "--yes", *agentx.model)
    assert f"    in place of: {KIEL} (session {session} event 1)" in said.out
    assert stored() == {"I live in Hamburg.", RYE}


def test_a_session_that_is_not_there_is_a_sentence(agentx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "There is no session yet" in agentx("learn", code=2).err
    assert "nothing" in agentx("learn", "nothing", code=2).err
