import os
import subprocess
import sys
from pathlib import Path

import pytest
from agentx_memory.adding import add_documents
from agentx_memory.chunks import Document
from agentx_memory.gone import gone
from agentx_memory.ingest import Skipped, documents, files, read_document
from agentx_memory.local import LocalStore


@pytest.fixture
def folder(tmp_path):
    def make(**contents):
        for name, text in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def names(root, *paths):
    return [str(found.relative_to(root)) for found in files(paths or [root]) if isinstance(found, Path)]


def test_files_come_in_sorted_order_and_hidden_ones_do_not(folder):
    root = folder(**{"b/x": "1", "b/a": "1", "a": "1", "c": "1", ".hidden": "1", ".git/config": "1", "Z": "1"})
    assert names(root) == ["Z", "a", "b/a", "b/x", "c"]


def test_gitignore_is_honoured_in_each_folder(folder):
    root = folder(
        **{
            ".gitignore": "*.log\nbuild/\n/top.txt\n",
            "a.log": "1",
            "top.txt": "1",
            "sub/top.txt": "1",
            "sub/keep.log": "1",
            "sub/other.log": "1",
            "sub/.gitignore": "!keep.log\nown.txt\n",
            "sub/own.txt": "1",
            "own.txt": "1",
            "build/x": "1",
            "sub/build/x": "1",
        }
    )
    assert names(root) == ["own.txt", "sub/keep.log", "sub/top.txt"]


def test_the_rules_of_the_repository_above_hold_too(folder):
    root = folder(**{".git/HEAD": "1", ".gitignore": "*.log\n", "a/b/x.log": "1", "a/b/y": "1", "a/.gitignore": "y\n"})
    assert names(root, root / "a" / "b") == []
    (root / "a" / "b" / ".git").mkdir()
    assert names(root, root / "a" / "b") == ["a/b/x.log", "a/b/y"]


def test_what_is_named_itself_is_read_though_it_is_hidden_or_ignored(folder):
    root = folder(**{".gitignore": "a\n", "a": "1", ".b/c": "1"})
    assert names(root, root / "a", root / ".b") == ["a", ".b/c"]


def test_a_folder_that_is_named_is_read_though_the_repository_ignores_it(folder):
    root = folder(**{".git/HEAD": "1", ".gitignore": "out/\n*.log\n", "out/in/a.txt": "1", "out/in/.gitignore": "b\n"})
    (root / "out" / "in" / "b").write_text("1")
    assert names(root) == []
    assert names(root, root / "out" / "in") == ["out/in/a.txt"]


def test_folders_that_tools_fill_are_left_out(folder):
    root = folder(
        **{
            "node_modules/a": "1",
            "env/pyvenv.cfg": "1",
            "env/a": "1",
            "cache/CACHEDIR.TAG": "1",
            "b/__pycache__/a": "1",
        }
    )
    assert names(root) == []


def test_rules_that_git_could_not_read_are_passed_over(folder):
    root = folder(**{".gitignore": "[\n" + "(a*" * 200 + "\n!\n\\\n*.log\n", "a.log": "1", "b": "1"})
    assert names(root) == ["b"]


def test_a_pipe_for_a_gitignore_does_not_hold_up_the_walk(folder):
    root = folder(a="1")
    os.mkfifo(root / ".gitignore")
    assert names(root) == ["a"]


def test_each_file_comes_once(folder):
    root = folder(**{"a/b": "1"})
    assert names(root, root, root / "a", root / "a" / "b", f"{root}/a/../a/b") == ["a/b"]


def test_names_of_any_characters_are_read_and_those_of_other_bytes_skipped(folder, splitter):
    root = folder(**{"\n*é.txt": "The boat."})
    for name in (b"\xff.txt", b"\xfe/sail.txt"):
        path = root / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("The sail.")
    found, *skipped = sorted(documents([root], embedder=splitter()), key=lambda one: isinstance(one, Skipped))
    assert found.chunks[0].text == "The boat."
    assert len(skipped) == 2
    assert all(one.reason.startswith("Its name is no UTF-8") for one in skipped)


def test_a_name_that_is_no_text_keeps_no_other_file_of_a_folder_out_of_a_store(folder, words):
    root = folder(a="boat", z="sail")
    (root / os.fsdecode(b"\xff")).write_text("oar")
    store = LocalStore(None, words.name)
    list(add_documents(store, words, (one for one in documents([root], embedder=words) if isinstance(one, Document))))
    assert sorted(Path(item.key).name for item in store.sources()) == ["a", "z"]
    assert gone(store, root / os.fsdecode(b"\xff")) == []


def test_folders_nested_deeper_than_a_path_may_be_end_in_a_sentence(folder):
    root = folder(a="1")
    here = os.open(root, os.O_RDONLY)
    for _ in range(40):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    found = list(files([root]))
    assert found[0] == root / "a"
    assert isinstance(found[-1], Skipped)
    assert "File name too long" in found[-1].reason
    subprocess.run(["rm", "-rf", root / ("d" * 200)], check=True)


def test_a_file_that_is_known_is_not_read_again(folder, splitter):
    root = folder(a="boat", b="sail")
    first = [found for found in documents([root], embedder=splitter()) if isinstance(found, Document)]
    known = {(found.source, found.digest) for found in first}
    assert [Path(source).name for source, _ in sorted(known)] == ["a", "b"]
    (root / "b").write_text("oars")
    again = list(documents([root], embedder=splitter(), known=lambda *file: file in known))
    assert [(found.source, found.chunks[0].text) for found in again] == [(str(root / "b"), "oars")]


def test_one_file_is_read_whatever_its_folder(folder, splitter):
    root = folder(**{".hidden/a.md": "# Boats\nThey float."})
    found = read_document(root / ".hidden" / "a.md", embedder=splitter())
    assert isinstance(found, Document)
    assert found.title == "Boats"
    assert isinstance(read_document(root / "none", embedder=splitter()), Skipped)


def test_a_module_of_the_folder_one_works_in_is_not_run(folder):
    root = folder(**{"json.py": "open('ran', 'w')", "markdown_it.py": "open('ran', 'w')", "a.md": "# Boats\nfloat"})
    code = """
from agentx_memory.ingest import documents
class Whole:
    def split(self, text): return [text]
print(len(list(documents(["a.md"], embedder=Whole()))))
"""
    ended = subprocess.run([sys.executable, "-P", "-c", code], cwd=root, capture_output=True, text=True)
    assert ended.stdout == "1\n"
    assert not (root / "ran").exists()


def test_stopping_early_leaves_no_process(folder, splitter):
    root = folder(a="boat", b="sail")
    reading = documents([root], embedder=splitter())
    next(reading)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = len(children.read_text().split())
    reading.close()
    assert len(children.read_text().split()) == before - 1


def test_importing_it_loads_no_parser():
    heavy = "trafilatura lxml docx pypdfium2 tree_sitter markdown_it watchfiles numpy charset_normalizer"
    code = f"import sys, agentx_memory.ingest; print([name for name in {heavy!r}.split() if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
