import asyncio
import json

import pytest
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.learning.extract import facts_in
from agentx_memory.learning.facts import Fact, Learner
from agentx_memory.learning.said import Said, said
from agentx_memory.local import LocalStore
from agentx_memory.store import Where

from agentx.dialogue import PIPED
from agentx.errors import UsageError
from agentx.events import Answered, Delegated, Rewound, RunFinished, RunStarted, Surveyed
from agentx.guarded import Found, Guarded
from agentx.journal import Journal
from agentx.messages import Usage
from agentx.models.scripted import ScriptedModel


def reply(*facts):
    return json.dumps({"asks_for": "", "facts": list(facts)})


def message(text, event=1, session="s1", at="2026-03-01T10:00:00+00:00"):
    return Said(session, event, at, text)


@pytest.fixture
def store(tmp_path, words):
    return LocalStore(tmp_path / "memory", words.name)


def learner(store, words, *replies, yes=0.9):
    return Learner(store, words, ScriptedModel(replies, yes=yes))


def test_facts_are_decoded_under_a_schema_and_held_against_the_message():
    model = ScriptedModel([reply("I live in Kiel.", "I own a boat.")], yes=lambda text: "boat" not in text)
    found, _ = asyncio.run(facts_in(model, "I live in Kiel. What is the time?"))
    assert found == ["I live in Kiel."]
    model.check(model.constraints[0])
    assert '"maxItems": 5' in model.constraints[0].lark
    assert "Message: I live in Kiel. What is the time?" in model.prompts[0]


@pytest.mark.parametrize("text", ['{"asks_for": "", "facts": ["I li', "[]", "nonsense", '{"facts": 3}'])
def test_a_reply_that_was_cut_off_holds_no_fact(text):
    assert asyncio.run(facts_in(ScriptedModel([text]), "I live in Kiel."))[0] == []


@pytest.mark.parametrize(
    ("said", "facts", "kept"),
    [
        ("Sort it. I like rye.", ["I want to sort a list.", "I like rye."], ["I like rye."]),
        ("Sort it.", ["I keep bees.", "I live in Oslo."], []),  # the examples of the prompt
        ("I live in Oslo.", ["I live in Oslo."], ["I live in Oslo."]),
        ("We moved to Bremen, I live there.", ["I live there."], []),
        ("What is 2 times 3?", ["I want the product of 2 and 3."], []),  # what is asked for
    ],
)
def test_requests_and_what_nobody_can_understand_are_no_facts(said, facts, kept):
    model = ScriptedModel([json.dumps({"asks_for": "the product of 2 and 3", "facts": facts})])
    assert asyncio.run(facts_in(model, said))[0] == kept


def test_an_empty_message_and_one_beyond_the_context_cost_nothing():
    assert asyncio.run(facts_in(ScriptedModel(), " \n"))[0] == []
    assert asyncio.run(facts_in(ScriptedModel([reply()], context_tokens=10), "I live in Kiel."))[0] == []


def test_what_is_found_has_its_source_and_is_stored_only_when_it_is_kept(store, words):
    learning = learner(store, words, reply("I live in Kiel."), reply())
    [fact] = asyncio.run(learning.found([message("I live in Kiel.", 4), message("Sort it.", 9)]))
    assert (fact.text, fact.said.source, fact.replaces) == ("I live in Kiel.", "session s1 event 4", ())
    assert not store.exists
    learning.keep([fact])
    [item] = store.sources()
    assert (item.kind, item.source, item.session, item.untrusted) == ("fact", "session s1 event 4", "s1", False)
    assert item.created == "2026-03-01T10:00:00+00:00"
    again = learner(store, words, reply("I live in Kiel."))
    assert asyncio.run(again.found([message("I live in Kiel.", 4)])) == []


PLACES = ("Kiel", "Bonn", "Kiel", "Rome")


def keep(store, words, text, at="2026-01-01T10:00:00+00:00", session="s0"):
    learner(store, words).keep([Fact(text, message(text, 2, session, at))])


def test_a_newer_fact_takes_the_place_of_the_older(store, words):
    keep(store, words, "I live in Hamburg.")
    learning = learner(store, words, reply("I live in Kiel."))
    [fact] = asyncio.run(learning.found([message("I live in Kiel now.")]))
    assert [old.text for old in fact.replaces] == ["I live in Hamburg."]
    learning.keep([fact])
    assert [store.document(item.key)[0].text for item in store.sources()] == ["I live in Kiel."]
    assert b"Hamburg" not in b"".join(path.read_bytes() for path in store.folder.glob("memory.sqlite3*"))


def test_a_fact_about_something_else_stands_beside_it(store, words):
    keep(store, words, "I live in Hamburg.")
    apart = learner(store, words, reply("I live alone."), yes=lambda text: 0.1 if "Old:" in text else 0.9)
    [fact] = asyncio.run(apart.found([message("I live alone.")]))
    assert fact.replaces == ()
    far = learner(store, words, reply("My dog is called Rex."))  # not near, so the model is not even asked
    [other] = asyncio.run(far.found([message("My dog is called Rex.")]))
    assert other.replaces == ()
    far.keep([fact, other])
    assert len(store.sources()) == 3


def test_where_the_model_is_in_doubt_a_person_decides(store, words):
    keep(store, words, "I live in Hamburg.")
    learning = learner(store, words, reply("I live in Kiel."), yes=lambda text: 0.36 if "Old:" in text else 0.9)
    [fact] = asyncio.run(learning.found([message("I live in Kiel.")]))
    assert fact.replaces == () and [old.text for old in fact.doubtful] == ["I live in Hamburg."]
    learning.keep([fact])
    assert len(store.sources()) == 2


def test_an_older_session_does_not_bring_back_what_was_outdated_since(store, words):
    keep(store, words, "I live in Kiel.", at="2026-05-01T10:00:00+00:00")
    assert asyncio.run(learner(store, words, reply("I live in Hamburg.")).found([message("I live here")])) == []


def test_of_two_messages_the_later_holds(store, words):
    learning = learner(store, words, reply("I live in Hamburg."), reply("I live in Kiel."))
    [fact] = asyncio.run(learning.found([message("I live in Hamburg.", 1), message("I moved to Kiel.", 7)]))
    assert (fact.text, fact.said.event) == ("I live in Kiel.", 7)


def test_a_message_is_held_against_all_facts_before_it_at_once(store, words):
    asked = []

    def yes(text):
        if "Old:" in text:
            asked.append(text.rpartition("Old: ")[0])
            return 0.1
        return 0.9

    replies = [reply("I live in Kiel."), reply("I live in Bonn."), reply("I live in Kiel."), reply("I live in Rome.")]
    learning = learner(store, words, *replies, yes=yes)
    found = asyncio.run(learning.found([message(f"I live in {name}.", n) for n, name in enumerate(PLACES)]))
    assert [(fact.text, fact.said.event) for fact in found] == [
        ("I live in Bonn.", 1),
        ("I live in Kiel.", 2),  # said anew, so that the later message counts
        ("I live in Rome.", 3),
    ]
    # The cases above the pairs change twice in a row of questions and no more often: each order is read once.
    assert asked[-4] == asked[-3] != asked[-2] == asked[-1]


def test_only_facts_are_replaced_and_no_document(store, words):
    file = Document("a.txt", "text", "0" * 64, (Chunk("I live in Hamburg."),))
    list(add_documents(store, words, [file]))
    [fact] = asyncio.run(learner(store, words, reply("I live in Kiel.")).found([message("I live in Kiel.")]))
    assert fact.replaces == ()
    assert len(store.sources(Where(kinds=("text",)))) == 1


def begun(journal, *tasks, **row):
    id = journal.create_session(workspace="/w", model="m", task=tasks[0], **row)
    for task in tasks:
        journal.append(id, RunStarted(id, task, "m", "direct", [], "/w"))
        journal.append(id, Answered("I live in a computer."))
        journal.append(id, RunFinished("ok", None, None, 1, Usage()))
    return id


def test_only_what_the_user_typed_is_read_with_the_number_of_its_event():
    journal = Journal(":memory:")
    id = begun(journal, "I live in Kiel.", "What is the time?")
    found = said(journal, id)
    assert [(one.event, one.text) for one in found] == [(1, "I live in Kiel."), (4, "What is the time?")]
    assert found[0].at.endswith("+00:00") and found[0].source == f"session {id} event 1"
    journal.append(id, Rewound(3, [], []))
    assert [one.event for one in said(journal, id)] == [1]
    with pytest.raises(UsageError, match="nothing"):
        said(journal, "nothing")


def test_what_was_piped_in_beside_a_task_was_not_said_by_the_user():
    journal = Journal(":memory:")
    id = begun(journal, f"I live in Kiel. Answer this letter.{PIPED}I live in Rome.\n</input>", f"{PIPED}I like rye.")
    assert [one.text for one in said(journal, id)] == ["I live in Kiel. Answer this letter."]


def test_what_a_guard_kept_from_the_model_is_not_read_to_it():
    journal = Journal(":memory:")
    id = journal.create_session(workspace="/w", model="m", task="I live in Kiel.")

    def task(text, *events, status="ok"):
        for event in (RunStarted(id, text, "m", "direct", [], "/w"), *events):
            journal.append(id, event)
        journal.append(id, RunFinished(status, None, None, 1, Usage()))

    found = [Found("personal", 0.9, "place", "personal", "mask", [[10, 14]])]
    task("I live in Kiel.", Guarded("input", "mask", found, text="I live in [personal]."), Surveyed({}))
    task("I live in Bonn.", Guarded("input", "block", found, text="[withheld: personal]"), status="refused")
    task("I live in Rome.", status="failed")  # a guard could not look at it
    task("I live in Oslo.", Surveyed({}), status="failed")
    assert [one.text for one in said(journal, id)] == ["I live in [personal].", "I live in Oslo."]


def test_what_a_model_has_delegated_was_not_said_by_the_user():
    journal = Journal(":memory:")
    parent = begun(journal, "I live in Kiel.")
    child = begun(journal, "I live on the moon.", parent=parent)
    journal.append(parent, Delegated(child, Answered("yes")))
    assert said(journal, child) == []


def test_what_a_model_has_delegated_was_not_said_by_the_user_in_a_fork_either():
    journal = Journal(":memory:")
    parent = begun(journal, "I live in Kiel.")
    fork = journal.fork(begun(journal, "I live on the moon.", parent=parent), 3)
    assert said(journal, fork) == []
    journal.append(fork, RunStarted(fork, "I live in Bonn.", "m", "direct", [], "/w"))
    assert [one.text for one in said(journal, fork)] == ["I live in Bonn."]
    assert [one.text for one in said(journal, journal.fork(fork, 4))] == ["I live in Bonn."]
    assert said(journal, journal.fork(fork, 3)) == []


def test_a_fork_that_names_itself_as_its_original_is_read():
    journal = Journal(":memory:")
    [head, *lines] = journal.export(begun(journal, "I live on the moon."))
    head = json.dumps(json.loads(head) | {"id": "s", "parent": "s", "parent_event": 1})
    [(_, id)] = journal.read_in([head, *lines])
    journal.append(id, RunStarted(id, "I live in Bonn.", "m", "direct", [], "/w"))
    assert [one.text for one in said(journal, id)] == ["I live in Bonn."]


def test_a_fork_is_read_when_the_session_that_it_was_forked_from_is_gone():
    journal = Journal(":memory:")
    parent = begun(journal, "I live in Kiel.")
    fork = journal.fork(parent, 3)
    journal.remove(parent)
    assert [one.text for one in said(journal, fork)] == ["I live in Kiel."]


def test_what_a_file_has_brought_was_not_said_by_the_user():
    journal = Journal(":memory:")
    id = begun(journal, "I live in Kiel.")
    [(_, copy)] = journal.read_in(list(journal.export(id)))
    assert said(journal, id) != []
    assert said(journal, copy) == []
