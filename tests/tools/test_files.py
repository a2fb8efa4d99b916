import codecs
import shutil
import subprocess
import time

import pytest
from agentx_tools import editing
from agentx_tools.files import edit_file, list_files, read_file, write_file

from agentx.errors import ToolError
from agentx.tool import ToolContext


@pytest.fixture
def context(tmp_path):
    return ToolContext(workspace=tmp_path)


def listed(context, folder="."):
    return "\n".join(list_files.function(context=context, folder=folder))


def read(context, path, **lines):
    return read_file.function(context=context, path=path, **lines)


def write(context, path, text):
    return write_file.function(context=context, path=path, text=text)


def edit(context, path, old, new):
    return edit_file.function(context=context, path=path, old=old, new=new)


def test_a_listing_is_sorted_relative_and_without_hidden_files(context, tmp_path):
    for path in ("b.txt", "a/z.txt", "a/b/c.txt", ".git/config", ".env", "a/__pycache__/x.pyc"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert listed(context) == "a/b/c.txt\na/z.txt\nb.txt"
    assert listed(context, "a/b") == "a/b/c.txt"


def test_a_listing_that_stopped_says_so(context, tmp_path, monkeypatch):
    monkeypatch.setattr("agentx_tools.workspace.MAX_WALKED_FILES", 1)
    (tmp_path / "a").touch()
    assert listed(context) == "a"
    (tmp_path / "b").touch()
    assert listed(context).splitlines()[1:] == ["(only the first 1 files were looked at; name a folder)"]


def test_links_are_listed_only_where_they_stay_inside(context, tmp_path):
    (tmp_path / "real.txt").touch()
    (tmp_path / "alias.txt").symlink_to("real.txt")
    (tmp_path / "broken.txt").symlink_to("nothing")
    (tmp_path / "secret.txt").symlink_to("/etc/passwd")
    (tmp_path / "etc").symlink_to("/etc")
    assert listed(context) == "alias.txt\nreal.txt"


def test_an_empty_workspace_has_no_files(context):
    assert listed(context) == ""


def test_a_long_listing_is_whole(context, tmp_path):
    for number in range(1007):
        (tmp_path / f"{number:04}.txt").touch()
    assert len(listed(context).splitlines()) == 1007


def test_a_listing_of_something_that_is_no_folder_is_refused(context, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").touch()
    with pytest.raises(ToolError, match="There is no `note` in the workspace") as raised:
        listed(context, "note")
    assert (raised.value.argument, list(raised.value.valid)) == ("folder", ["notes/a.txt", "notes"])
    with pytest.raises(ToolError, match=r"`notes/a\.txt` is a file; name a folder"):
        listed(context, "notes/a.txt")
    with pytest.raises(ToolError, match="outside the workspace"):
        listed(context, "..")


def test_a_file_name_with_a_line_end_cannot_forge_an_entry(context, tmp_path):
    (tmp_path / "a\nb.txt").touch()
    assert listed(context) == "a\\nb.txt"


def test_what_was_written_is_read(context):
    assert write(context, "notes/today.txt", "one\ntwo ✓\n") == "Wrote notes/today.txt: 12 bytes, 2 lines, a new file."
    assert read(context, "notes/today.txt") == "one\ntwo ✓\n"


def test_what_a_write_replaced_is_shown_where_it_is_short(context, tmp_path):
    write(context, "a.txt", "one\ntwo\n")
    assert write(context, "a.txt", "one\n2\n") == (
        "Wrote a.txt: 6 bytes, 2 lines, replacing the old file.\n"
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2"
    )
    assert write(context, "a.txt", "one\n2\n").endswith("replacing the old file, which held the same.")
    assert write(context, "a.txt", "new\n" * 300) == (
        "Wrote a.txt: 1200 bytes, 300 lines, replacing the old file (300 lines added, 2 removed)."
    )
    (tmp_path / "b.bin").write_bytes(b"\0\1")
    assert write(context, "b.bin", "x").endswith("replacing the old file.")
    assert write(context, "a.txt", "x" * 100_000).endswith("replacing the old file.")


def test_lines_of_a_file_are_read_by_number(context):
    write(context, "a.txt", "1\n2\n3\n4\n")
    assert read(context, "a.txt", start_line=2, end_line=3) == "2\n3\n"
    assert read(context, "a.txt", start_line=3) == "3\n4\n"
    with pytest.raises(ToolError, match=r"`a\.txt` has only 4 lines; start_line is 9"):
        read(context, "a.txt", start_line=9)
    with pytest.raises(ToolError, match="Lines 3 to 2 are no range"):
        read(context, "a.txt", start_line=3, end_line=2)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "(empty file)"),
        ("café\r\nx".encode(), "café\nx"),
        (codecs.BOM_UTF8 + "é".encode(), "é"),
        ("é\n".encode("utf-16"), "é\n"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é"),
        ("é".encode("utf-32"), "é"),
        ("“café”".encode("cp1252"), "“café”\n[not UTF-8; read as cp1252]"),
        (b"caf\xe9 \x81", "café \x81\n[not UTF-8; read as latin-1]"),
    ],
)
def test_text_of_other_encodings_is_read(context, tmp_path, data, text):
    (tmp_path / "a.txt").write_bytes(data)
    assert read(context, "a.txt") == text


def test_a_binary_file_is_refused_with_what_it_is(context, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (tmp_path / "a").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "half.txt").write_bytes(codecs.BOM_UTF16_LE + b"x")
    with pytest.raises(ToolError, match=r"^`a.png` is not a text file \(image/png\)\.$"):
        read(context, "a.png")
    with pytest.raises(ToolError, match=r"^`a` is not a text file \(binary data\)\.$"):
        read(context, "a")
    with pytest.raises(ToolError, match="it is damaged"):
        read(context, "half.txt")


def test_a_text_that_no_file_can_hold_is_refused(context, tmp_path):
    with pytest.raises(ToolError, match="half of a surrogate pair"):
        write(context, "a.txt", "\ud800")
    assert not (tmp_path / "a.txt").exists()


def test_an_edit_replaces_one_piece_and_returns_a_diff(context, tmp_path):
    write(context, "a.txt", "one\ntwo\nthree\n")
    diff = edit(context, "a.txt", "two", "2")
    assert diff == "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert (tmp_path / "a.txt").read_text() == "one\n2\nthree\n"


def test_an_edit_of_the_last_line_end_shows_in_the_diff(context):
    write(context, "a.txt", "one\ntwo\n")
    assert edit(context, "a.txt", "two\n", "two").endswith("-two\n+two\n\\ No newline at end of file")


def test_a_diff_of_a_long_file_is_quick_and_counts_from_its_beginning(context):
    text = "".join(f"line {number % 1000}\n" for number in range(400_000))
    write(context, "a.txt", f"{text}needle\n{text}")
    started = time.perf_counter()
    diff = edit(context, "a.txt", "needle\n", "new\nnewer\n")
    assert time.perf_counter() - started < 20
    assert diff.splitlines()[2:] == [
        "@@ -399999,5 +399999,6 @@",
        *(" line 998", " line 999", "-needle", "+new", "+newer", " line 0", " line 1"),
    ]


@pytest.mark.skipif(not shutil.which("git"), reason="git is the judge")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a\n"),
        ("a\n", ""),
        ("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nx\nd\ne\nf\n"),
        ("a\na\na\n", "a\na\n"),
        ("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", "x\nb\nc\nd\ne\nf\ng\nh\ni\ny\n"),
        ("a\nb\nc\nd\n", "a\nb\nc\nd\ne\n"),
        ("1\na\nb\nc\nd\n", "a\nb\nc\nd\n"),
    ],
)
def test_a_diff_can_be_applied(tmp_path, before, after):
    (tmp_path / "x").write_text(before)
    diff = editing.unified_diff(before, after, "x") + "\n"
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], cwd=tmp_path, input=diff, text=True, check=True)
    assert (tmp_path / "x").read_text() == after


def test_lines_end_where_an_editor_ends_them(context):
    write(context, "a.txt", "one\u2028still one\x0c\ntwo")
    assert read(context, "a.txt", start_line=2) == "two"


def test_an_edit_keeps_line_ends_encoding_and_mark(context, tmp_path):
    path = tmp_path / "a.txt"
    for encoding, mark in (
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("cp1252", b""),
    ):
        path.write_bytes(mark + "é one\r\ntwo\r\nthree\r\n".encode(encoding))
        edit(context, "a.txt", "one\ntwo", "1\n2\n2½")
        assert path.read_bytes() == mark + "é 1\r\n2\r\n2½\r\nthree\r\n".encode(encoding)


def test_a_piece_that_begins_with_a_line_end_stands_once_in_any_text(context, tmp_path):
    for end in ("\r\n", "\n"):
        (tmp_path / "a.txt").write_bytes(f"one{end}two{end}three".encode())
        edit(context, "a.txt", "\ntwo\n", "\n2\n")
        assert (tmp_path / "a.txt").read_bytes() == f"one{end}2{end}three".encode()


def test_a_write_keeps_line_ends_encoding_and_mark_where_it_can(context, tmp_path):
    path = tmp_path / "a.txt"
    for encoding, mark in (("utf-8", codecs.BOM_UTF8), ("utf-16-be", codecs.BOM_UTF16_BE), ("cp1252", b"")):
        path.write_bytes(mark + "é one\r\ntwo\r\n".encode(encoding))
        write(context, "a.txt", "é 1\ntwo\n")
        assert path.read_bytes() == mark + "é 1\r\ntwo\r\n".encode(encoding)
        assert write_file.probe(context, {"path": "a.txt", "text": "é 1\ntwo\n"})
    write(context, "a.txt", "✓\n")
    assert path.read_bytes() == "✓\n".encode()
    write(context, "a.txt", "one\r\n")
    assert path.read_bytes() == b"one\r\n"


def test_an_edit_that_the_encoding_cannot_hold_is_refused(context, tmp_path):
    (tmp_path / "a.txt").write_bytes("é one".encode("cp1252"))
    with pytest.raises(ToolError, match="written in cp1252, which has no '✓'"):
        edit(context, "a.txt", "one", "✓")


def test_an_edit_of_something_that_is_not_there_shows_the_nearest_line(context):
    write(context, "a.txt", "# title\nthe price is 12 euro\n")
    with pytest.raises(ToolError, match=r"does not hold that text; the nearest line is 2: `the price is 12 euro`"):
        edit(context, "a.txt", "the prise is 12 euros", "x")
    with pytest.raises(ToolError, match="read the file and copy the old text from it"):
        edit(context, "a.txt", "zzzz", "x")


def test_an_edit_of_something_that_is_there_twice_is_refused(context):
    write(context, "a.txt", "x = 1\ny = 1\n")
    with pytest.raises(ToolError, match=r"stands 2 times in `a.txt` \(lines 1, 2\)"):
        edit(context, "a.txt", "= 1", "= 2")
    write(context, "a.txt", "aaa")
    with pytest.raises(ToolError, match="stands 2 times"):
        edit(context, "a.txt", "aa", "b")


def test_an_edit_takes_text_as_text_and_not_as_a_pattern(context, tmp_path):
    write(context, "a.txt", r"a.b \1 (x)")
    edit(context, "a.txt", r".b \1 (", r"\g<0> [")
    assert (tmp_path / "a.txt").read_text() == r"a\g<0> [x)"


def test_an_edit_without_a_change_is_refused(context):
    write(context, "a.txt", "x")
    with pytest.raises(ToolError, match="the same"):
        edit(context, "a.txt", "x", "x")
    with pytest.raises(ToolError, match="is empty"):
        edit(context, "a.txt", "", "x")


def test_the_probes_tell_whether_the_effect_has_happened(context):
    written = {"path": "a.txt", "text": "one two"}
    assert not write_file.probe(context, written)
    write(context, **written)
    assert write_file.probe(context, written)
    changed = {"path": "a.txt", "old": "one", "new": "1"}
    assert not edit_file.probe(context, changed)
    edit(context, **changed)
    assert edit_file.probe(context, changed)


def test_the_probe_of_an_edit_knows_an_addition(context):
    write(context, "a.txt", "one")
    added = {"path": "a.txt", "old": "one", "new": "one\ntwo"}
    assert not edit_file.probe(context, added)
    edit(context, **added)
    assert edit_file.probe(context, added)


def test_the_tools_say_what_they_may_do():
    assert list_files.capabilities == read_file.capabilities == {"reads_private"}
    assert write_file.capabilities == {"writes"}
    # Its diff shows the lines around, and so does its error.
    assert edit_file.capabilities == {"writes", "reads_private"}
    assert write_file.idempotent and not edit_file.idempotent
    assert write_file.paths == edit_file.paths == ("path",)


@pytest.mark.parametrize("tool", [list_files, read_file, write_file, edit_file])
def test_the_context_is_hidden_from_the_model_and_each_argument_is_explained(tool):
    properties = tool.parameters["properties"]
    assert "context" not in properties
    assert tool.description and all(entry["description"] for entry in properties.values())


def test_a_file_is_no_folder_and_lines_count_from_one(tmp_path):
    (tmp_path / "a.txt").write_text("x\n")
    context = ToolContext(workspace=tmp_path)
    with pytest.raises(ToolError, match="`a.txt` is a file; name a folder, or read it with read_file"):
        list_files.function(context=context, folder="a.txt")
    with pytest.raises(ToolError, match="start_line is 0; lines count from 1"):
        read_file.function(context=context, path="a.txt", start_line=0)
