import hashlib
from pathlib import Path

import pytest

from agentx.models.acquire import Store
from agentx.models.catalog import Catalog
from agentx.models.fitting import Memory, kv_bytes, memory, needed_bytes, verdict
from agentx.models.gguf import read_header
from agentx.models.listing import listed, quantisation
from agentx.models.progress import SilentProgress

ROOM = Memory(16_000_000_000, 8_000_000_000)


def test_a_model_is_absent_then_begun_then_here(make_store, index):
    store = make_store()
    [row] = listed(store, have=ROOM)
    assert (row.presence, row.place, row.path, row.fetched) == ("absent", "", None, 0)
    assert (row.default, row.licence, row.context_tokens, row.decodes) == (True, "Apache-2.0", 2048, True)
    index.order({"tiny-part3==1.0": "ERROR: gone"})
    with pytest.raises(Exception, match="gone"):
        store.pull(None, SilentProgress())
    [row] = listed(store, have=ROOM)
    assert row.presence == "begun" and 0 < row.fetched < row.size
    index.order({})
    path = store.pull(None, SilentProgress()).path
    [row] = listed(store, have=ROOM)
    assert (row.presence, row.place, row.path, row.fetched) == ("here", "AgentX", path, row.size)


def test_a_file_of_the_wrong_size_is_damaged_and_says_how(make_store):
    store = make_store()
    store.pull(None, SilentProgress()).path.write_bytes(b"x")
    [row] = listed(store, have=ROOM)
    assert row.presence == "damaged" and row.problem.startswith("it has 1 bytes, pinned are ")


def test_files_of_other_programs_are_listed_by_what_their_headers_say(make_store, home, make_gguf, tiny_model):
    theirs = home / ".lmstudio" / "models" / "o" / "r" / "Other-Q6_K.gguf"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(make_gguf("qwen2", values=500))
    (home / "Downloads").mkdir()
    (home / "Downloads" / "same.gguf").write_bytes(tiny_model)
    (home / "Downloads" / "page.gguf").write_text("<html>")
    (home / "Downloads" / "vectors.gguf").write_bytes(make_gguf("bert", values=77))
    rows = {row.name: row for row in listed(make_store(), have=ROOM)}
    assert (rows["tiny"].presence, rows["tiny"].place) == ("elsewhere", "Downloads")
    other = rows["Other-Q6_K"]
    assert (other.quantisation, other.context_tokens, other.place, other.path) == ("Q6_K", 2048, "LM Studio", theirs)
    assert other.spec == str(theirs) and other.entry is None
    assert "web page" in rows["page"].problem and rows["page"].presence == "damaged"
    assert not rows["vectors"].decodes


def test_a_path_that_is_in_use_is_listed_wherever_it_lies_and_once(make_store, tmp_path, make_gguf):
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(make_gguf(values=9))
    assert [row.name for row in listed(make_store(), str(mine), ROOM)] == ["tiny", "mine"]
    here = Path("here.gguf")
    here.write_bytes(make_gguf(values=11))
    assert [row.name for row in listed(make_store(), str(here.absolute()), ROOM)] == ["tiny", "here"]
    gone = listed(make_store(), "/nowhere/m.gguf", ROOM)[-1]
    assert (gone.name, gone.presence) == ("m", "damaged") and "There is no file /nowhere/m.gguf" in gone.problem


def test_the_shipped_catalogue_says_how_each_model_is_stored(home):
    rows = {row.name: row for row in listed(Store(), have=ROOM)}
    assert rows["qwen2.5-coder-1.5b"].quantisation == "Q4_K_M" and rows["qwen3-1.7b"].quantisation == "Q8_0"
    assert rows["minilm"].quantisation == "int8" and not rows["minilm"].decodes
    assert list(rows)[-1] == "minilm", "what cannot talk comes last"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("m-q4_k_m.gguf", "Q4_K_M"),
        ("M.IQ3_XXS.gguf", "IQ3_XXS"),
        ("m-f16.gguf", "F16"),
        ("llama3:8b", ""),
        ("seq2", ""),
    ],
)
def test_how_weights_are_stored_is_read_off_a_name(name: str, kind: str) -> None:
    assert quantisation(name) == kind


def test_the_header_goes_before_the_name(tmp_path: Path) -> None:
    import dataclasses

    from tests.models.conftest import gguf

    path = tmp_path / "m-Q8_0.gguf"
    path.write_bytes(gguf())
    header = read_header(path)
    told = dataclasses.replace(header, metadata={**header.metadata, "general.file_type": 15})
    assert quantisation(path.name, told) == "Q4_K_M"


def test_the_kv_cache_is_reckoned_from_the_header() -> None:
    qwen = {
        "general.architecture": "qwen2",
        "qwen2.block_count": 28,
        "qwen2.attention.head_count": 12,
        "qwen2.attention.head_count_kv": 2,
        "qwen2.embedding_length": 1536,
    }
    assert kv_bytes(8192, qwen) == 2 * 8192 * 28 * 2 * 256
    assert kv_bytes(8192, {"general.architecture": "qwen2"}) == 0
    assert needed_bytes(1_000, 8192, qwen) > needed_bytes(1_000, 1024, qwen)


@pytest.mark.parametrize(("needed", "said"), [(1, "fits"), (9_000_000_000, "tight"), (17_000_000_000, "too large")])
def test_a_need_is_measured_by_what_is_free_and_by_what_there_is(needed: int, said: str) -> None:
    assert verdict(needed, ROOM) == said
    assert verdict(needed, Memory(0, 0)) == "unknown"


def test_this_machine_says_what_memory_it_has() -> None:
    have = memory()
    assert 0 < have.free <= have.total


def test_two_catalogued_files_of_one_size_are_told_apart_by_their_hash_before_use(make_store, home, tiny_model):
    """The list goes by sizes; what is loaded goes by the bytes."""
    Path("same_size.gguf").write_bytes(b"GGUF" + b"x" * (len(tiny_model) - 4))
    store: Store = make_store()
    [row] = listed(store, have=ROOM)
    assert row.presence == "elsewhere" and store.resolve("tiny") is None
    assert isinstance(store.catalog, Catalog)
    assert hashlib.sha256(tiny_model).hexdigest() == store.catalog.default.files[0].sha256
