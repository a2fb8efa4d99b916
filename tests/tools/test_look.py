"""The function `look` of programs, run by the `python` tool as a task begins."""

import asyncio

from agentx_tools.python import python

from agentx.tool import ToolContext


def look(folder, task="", code="look()"):
    return asyncio.run(python.function(context=ToolContext(workspace=folder, task=task), code=code))


def lay(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_small_files_are_shown_whole(tmp_path):
    lay(tmp_path, {"b/notes.txt": "one\n\ntwo\n\n", "a.csv": "x,y\n1,2\n"})
    assert look(tmp_path) == "a.csv:\n  x,y\n  1,2\nb/notes.txt:\n  one\n  \n  two"


def test_an_empty_folder_is_called_empty(tmp_path):
    assert look(tmp_path) == "(no files)"


def test_of_a_long_file_the_first_lines_and_those_with_words_of_the_task_are_shown(tmp_path):
    rows = [f"{number},Anna,{number * 7}" for number in range(400)]
    rows[250] = "250,Zacharias,1"
    lay(tmp_path, {"hours.csv": "\n".join(["day,name,hours", *rows])})
    shown = look(tmp_path, "How long did Zacharias work?").splitlines()
    assert shown[:3] == ["hours.csv:", "  day,name,hours", "  0,Anna,0"]
    assert "  250,Zacharias,1" in shown
    assert shown[-2:] == ["  …", "  (401 lines)"]


def test_files_that_bear_on_the_task_get_more_room(tmp_path):
    long = "\n".join(f"line {number} of many" for number in range(200))
    lay(tmp_path, {f"{name}.txt": long for name in ("apples", "boats", "cars", "doors", "elks")})
    shown = look(tmp_path, "Which boat is the oldest?")
    by_file = dict(part.split(".txt", 1) for part in shown.replace("\n  ", " ").splitlines())
    assert len(by_file["boats"]) > max(len(text) for name, text in by_file.items() if name != "boats")


def test_of_many_files_the_relevant_are_shown_and_the_others_counted(tmp_path):
    lay(tmp_path, {f"old/{number:03}.txt": "nothing" for number in range(300)} | {"trips/lima.txt": "flight 9:40"})
    shown = look(tmp_path, "When is the flight to Lima?")
    assert "trips/lima.txt:\n  flight 9:40" in shown
    assert shown.splitlines()[-1] == "and 277 more files: 277 in old"
    assert len(shown) < 2_000


def test_binary_and_hidden_files_show_no_text(tmp_path):
    lay(tmp_path, {".env": "secret", "__pycache__/a.pyc": "x"})
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\0\0")
    assert look(tmp_path) == "photo.png"


def test_a_folder_can_be_named(tmp_path):
    lay(tmp_path, {"a/one.txt": "1", "b/two.txt": "2"})
    assert look(tmp_path, code="look('b')") == "b/two.txt:\n  2"


def test_a_long_line_is_cut(tmp_path):
    lay(tmp_path, {"long.txt": "x" * 5_000})
    assert look(tmp_path) == f"long.txt:\n  {'x' * 200}…\n  (1 lines)"
