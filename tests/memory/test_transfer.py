import base64
import io
import json

import numpy as np
import pytest
from agentx_memory import sealing
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Chunk, Document
from agentx_memory.local import LocalStore
from agentx_memory.transfer import export, import_, is_sealed

from agentx.errors import StorageError, UsageError


def documents():
    yield Document(
        "a.md", "markdown", "d1", (Chunk("the boat", ("Top", "Sub"), 3, 9), Chunk("the tax", page=4)), "Title", True
    )
    for number in range(3):
        note = (Chunk(f"note {number} Grüße 🚤"),)
        yield Document(
            "session s1", "note", f"n{number}", note, key=f"note {number}", session="s1", created="2026-01-02"
        )


@pytest.fixture
def filled(tmp_path, words):
    store = LocalStore(tmp_path / "one", words.name)
    list(add_documents(store, words, documents()))
    return store


def everything(store):
    return {
        (item.key, item.source, item.kind, item.title, item.digest, item.created, item.session, item.untrusted): [
            (c.text, c.heading, c.first_line, c.last_line, c.page, c.position) for c in store.document(item.key)
        ]
        for item in store.sources()
    }


@pytest.mark.parametrize("passphrase", ["correct horse", None])
def test_an_export_is_the_same_memory_elsewhere(filled, tmp_path, words, passphrase):
    path = tmp_path / "memory.export"
    assert export(filled, path, passphrase) == 4
    assert is_sealed(path) is (passphrase is not None)
    assert path.stat().st_mode & 0o077 == 0
    assert (b"the boat" in path.read_bytes()) is (passphrase is None)
    other = LocalStore(tmp_path / "other", words.name)
    assert sum(put.added for _, put in import_(other, words, path, passphrase)) == 5
    assert everything(other) == everything(filled)
    query = words.embed(["tax the"])[0]
    assert other.chunks([other.dense(query, 1)[0][0]])[0].text == "the tax"
    assert all(put.added == 0 for _, put in import_(other, words, path, passphrase))


def test_an_export_of_another_model_is_embedded_anew(filled, tmp_path, words):
    path = tmp_path / "memory.export"
    export(filled, path, "x")
    letters = type(words)("letters")
    other = LocalStore(tmp_path / "other", letters.name)
    assert sum(put.added for _, put in import_(other, letters, path, "x")) == 5
    assert other.stored_model() == "letters"


def test_a_wrong_passphrase_and_any_change_of_the_file_store_nothing(filled, tmp_path, words):
    path = tmp_path / "memory.export"
    export(filled, path, "right")
    whole = path.read_bytes()
    other = LocalStore(tmp_path / "other", words.name)
    with pytest.raises(UsageError, match="passphrase is not the one"):
        list(import_(other, words, path, "wrong"))
    for damaged in (whole[:-1], whole[:60] + bytes([whole[60] ^ 1]) + whole[61:], whole[:30], b"", b"junk\n"):
        path.write_bytes(damaged)
        with pytest.raises(UsageError, match=r"damaged|cut off|no sealed export"):
            list(import_(other, words, path, "right"))
    with pytest.raises(UsageError, match="no export of a memory"):
        list(import_(other, words, path, None))
    assert not other.exists


def test_frames_cannot_be_cut_off_or_change_places():
    parts = [bytes([n]) * sealing.FRAME_BYTES for n in range(3)]
    file = io.BytesIO()
    sealing.seal(parts, "x", file)
    sealed = file.getvalue()
    assert b"".join(sealing.unseal(io.BytesIO(sealed), "x")) == b"".join(parts)
    head, frame = len(sealing.MAGIC) + 23, sealing.FRAME_BYTES + sealing.TAG_BYTES
    frames = [sealed[start : start + frame] for start in range(head, len(sealed), frame)]
    assert len(frames) == 3
    for changed in (frames[:2], [frames[1], frames[0], frames[2]], frames[:1]):
        with pytest.raises(UsageError, match="damaged"):
            list(sealing.unseal(io.BytesIO(sealed[:head] + b"".join(changed)), "x"))


def test_an_empty_passphrase_is_refused(filled, tmp_path):
    with pytest.raises(UsageError, match="must not be empty"):
        export(filled, tmp_path / "memory.export", "")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_place_that_cannot_be_written_is_named(filled, tmp_path):
    with pytest.raises(StorageError, match="cannot be written"):
        export(filled, tmp_path / "none" / "memory.export", "x")


def test_what_was_removed_is_in_none_of_the_files(filled, tmp_path):
    (secret,) = [item for item in filled.sources() if item.key == "note 1"]
    filled.remove(secret.key)
    filled.compact()
    filled.close()
    left = b"".join(path.read_bytes() for path in (tmp_path / "one").iterdir())
    assert b"note 2" in left
    assert b"note 1" not in left


def test_what_goes_while_it_is_exported_is_in_the_export_as_it_was(filled, tmp_path, words):
    other = LocalStore(filled.folder, words.name)
    told = []

    def progress(done, total):
        told.append((done, total))
        other.remove("a.md")
        other.remove("note 0")

    assert export(filled, tmp_path / "memory.export", None, progress) == 4
    assert told == [(done, 4) for done in range(1, 5)]
    assert other.count() == 2
    copy = LocalStore(tmp_path / "copy", words.name)
    assert sum(put.added for _, put in import_(copy, words, tmp_path / "memory.export", None)) == 5


def test_a_document_without_chunks_is_in_no_export(filled, tmp_path, words):
    filled.put(Document("empty", "note", "d", ()), {})
    assert export(filled, tmp_path / "memory.export", None) == 4
    assert b"empty" not in (tmp_path / "memory.export").read_bytes()


def test_an_entry_without_chunks_is_passed_over(filled, tmp_path, words):
    path = tmp_path / "memory.export"
    export(filled, path, None)
    first, second, *rest = path.read_bytes().splitlines(keepends=True)
    emptied = json.dumps({**json.loads(second), "chunks": [], "vectors": ""}).encode()
    path.write_bytes(b"".join([first, emptied, b"\n", *rest]))
    other = LocalStore(tmp_path / "other", words.name)
    assert len(list(import_(other, words, path, None))) == 3


def chunks_with(**members):
    return lambda entry: entry | {"chunks": [chunk | members for chunk in entry["chunks"]]}


def vectors_of(number, dimensions):
    """Gives each chunk this number so many times."""
    row = np.full(dimensions, number, "<f4").tobytes()
    return lambda entry: entry | {"vectors": base64.b64encode(row * len(entry["chunks"])).decode()}


def changed(path, *changes, lines=slice(1, None)):
    """Makes each change to the documents of an export that stand on these lines."""
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    for change in changes:
        entries[lines] = map(change, entries[lines])
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: "x",
        lambda entry: 5,
        lambda entry: None,
        lambda entry: entry | {"chunks": ["x"]},
        lambda entry: entry | {"chunks": "x"},
        lambda entry: entry | {"source": None},
        lambda entry: entry | {"title": 3},
        lambda entry: entry | {"key": "\ud800"},
        lambda entry: entry | {"created": "yesterday"},
        lambda entry: entry | {"untrusted": "no"},
        lambda entry: entry | {"more": "x"},
        lambda entry: entry | {"vectors": None},
        chunks_with(text=None),
        chunks_with(heading="Top"),
        chunks_with(heading=[4]),
        chunks_with(first_line="1"),
        chunks_with(page=10**30),
        vectors_of(3**-0.5, 3),
        vectors_of(float("nan"), 64),
        vectors_of(1, 64),
    ],
)
def test_a_line_that_is_none_of_an_export_is_named_and_nothing_is_stored(filled, tmp_path, words, change):
    path = tmp_path / "memory.export"
    export(filled, path, None)
    changed(path, change, lines=slice(4, None))
    other = LocalStore(tmp_path / "other", words.name)
    with pytest.raises(UsageError, match=r"or was damaged \(in line 5\)"):
        list(import_(other, words, path, None))
    assert not other.exists


def test_so_is_one_that_is_nested_without_end(tmp_path, words):
    (tmp_path / "memory.export").write_text("[" * 100_000)
    with pytest.raises(UsageError, match=r"or was damaged \(in line 1\)"):
        list(import_(LocalStore(None, words.name), words, tmp_path / "memory.export", None))


@pytest.mark.parametrize(("version", "said"), [(3, "a newer AgentX"), (1, "no export"), ("x", "no export")])
def test_another_version_is_told_for_what_it_is(filled, tmp_path, words, version, said):
    path = tmp_path / "memory.export"
    export(filled, path, None)
    changed(path, lambda head: head | {"agentx_memory": version}, lines=slice(1))
    with pytest.raises(UsageError, match=said):
        list(import_(filled, words, path, None))


def test_a_document_that_another_client_takes_away_meanwhile_hides_no_length(filled, tmp_path, words, monkeypatch):
    path = tmp_path / "memory.export"
    export(filled, path, None)
    changed(path, lambda entry: entry | {"digest": "new"}, chunks_with(text="new"), vectors_of(3**-0.5, 3))
    asked, vectors = [], filled.vectors

    def gone_at_first(ids):
        asked.append(ids)
        return vectors(["gone"] if len(asked) == 1 else ids)

    monkeypatch.setattr(filled, "vectors", gone_at_first)
    with pytest.raises(UsageError, match="have 3 numbers and those of the collection `notes` 64, though"):
        list(import_(filled, words, path, None))
    assert len(asked) == 2


def test_vectors_of_another_length_than_those_of_the_collection_are_refused_before_any_is_stored(
    filled, tmp_path, words
):
    path = tmp_path / "memory.export"
    export(filled, path, None)
    changed(path, lambda entry: entry | {"digest": "new"}, chunks_with(text="new"), vectors_of(3**-0.5, 3))
    before = everything(filled)
    with pytest.raises(UsageError, match="have 3 numbers and those of the collection `notes` 64, though"):
        list(import_(filled, words, path, None))
    assert everything(filled) == before
