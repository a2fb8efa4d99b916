import json
from pathlib import Path

from agentx.models.scan import usual_places


def put(path: Path, content: bytes = b"GGUF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def seen() -> set[tuple[str, str, Path]]:
    return {(found.place, found.label, found.path) for found in usual_places()}


def test_nothing_is_found_in_an_empty_home(home):
    assert seen() == set()


def test_the_hub_cache_is_read_through_its_snapshots(home):
    repo = home / ".cache" / "huggingface" / "hub" / "models--Qwen--Tiny-GGUF"
    blob = put(repo / "blobs" / ("a" * 64))
    snapshot = repo / "snapshots" / "c0ffee" / "sub" / "tiny.gguf"
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(blob)
    put(repo / "snapshots" / "c0ffee" / "config.json")
    assert seen() == {("Hugging Face", "Qwen/Tiny-GGUF/tiny.gguf", snapshot)}


def test_the_hub_cache_may_be_moved_by_its_variables(home, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    path = put(tmp_path / "hf" / "hub" / "models--a--b" / "snapshots" / "1" / "m.gguf")
    assert seen() == {("Hugging Face", "a/b/m.gguf", path)}
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    assert seen() == set()


def test_lm_studio_and_the_current_folder_are_looked_at(home):
    theirs = put(home / ".lmstudio" / "models" / "owner" / "repo" / "m.gguf")
    mine = put(home / "work" / "here.gguf")
    assert seen() == {("LM Studio", "owner/repo/m.gguf", theirs), ("current folder", "here.gguf", mine)}


def test_ollamas_manifests_lead_to_its_blobs(home):
    models = home / ".ollama" / "models"
    blob = put(models / "blobs" / ("sha256-" + "b" * 64))
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "b" * 64},
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "c" * 64},
    ]
    manifest = models / "manifests" / "registry" / "library" / "tiny" / "1b"
    put(manifest, json.dumps({"layers": layers}).encode())
    put(manifest.with_name("broken"), b"{")
    put(manifest.with_name("sly"), json.dumps({"layers": [layers[0] | {"digest": "sha256:../../x"}]}).encode())
    assert seen() == {("Ollama", "tiny/1b", blob)}


def test_a_broken_link_is_passed_over(home):
    (home / "work" / "gone.gguf").symlink_to(home / "nothing")
    assert seen() == set()
