"""Files that do harm to whoever opens them: each is named and skipped in one sentence, or read within bounds."""

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import threading
import zipfile

import pytest
from agentx_memory.ingest import Unreadable, digest_of
from agentx_memory.ingest.opening import MAX_BYTES, opened

from tests.memory.ingest.files_to_read import docx, repacked
from tests.tools.pdfs import pdf

WORD = docx(lambda document: document.add_paragraph("The boat."))


def zipped(**parts):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()


CASES = {
    "empty.txt": (b"", "It is empty."),
    "blank.txt": (b" \n\t\n", "It holds no text."),
    "nul.txt": (b"boat\0boat" * 100, "NUL bytes"),
    "control.txt": (b"boat\x01\x02\x03\x04" * 100, "control characters"),
    "junk.md": (os.urandom(100_000), "binary"),
    "line.json": (b"[" + b"1," * 5_000_000 + b"1]\n", "Its line 1 has 10,000,003 characters"),
    "text.txt": (b"boat and sail\n" * 1_700_000, "more than 20 MiB of text"),
    "photo.jpg": (b"\xff\xd8\xff\xe0" + b"1" * 100, "an image"),
    "archive.zip": (zipped(a="boat"), "an archive"),
    "packed.gz": (gzip.compress(b"boat"), "compressed"),
    "locked.pdf": (pdf("boat", encrypted=True), "a PDF that needs a password"),
    "scan.pdf": (pdf("", ""), "a PDF without text"),
    "cut.pdf": (pdf("boat")[:200], "a damaged PDF"),
    "none.pdf": (b"boat", "It is called .pdf and is none."),
    "none.docx": (b"boat", "It is called .docx and is none."),
    "cut.docx": (WORD[:2000], "a damaged Word document"),
    "other.docx": (zipped(a="boat"), "a damaged Word document"),
    "locked.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an encrypted or an old Office document"),
    "wide.csv": (b'a,b\n1,"' + b"x" * 200_000 + b'"\n', "Its line 2 is no row"),
    "empty.html": (b"<html><body><script>show()</script></body></html>", "a page without text"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_cannot_be_read_is_skipped_with_a_sentence(ingest, tmp_path, name):
    content, sentence = CASES[name]
    (tmp_path / name).write_bytes(content)
    (tmp_path / "zzz.txt").write_text("The boat.")
    found, skipped = ingest(tmp_path)
    assert list(found) == ["zzz.txt"]
    assert list(skipped) == [name]
    assert sentence in skipped[name]
    assert skipped[name].startswith("It") and skipped[name].endswith(".") and "\n" not in skipped[name]


def test_a_gigabyte_of_nothing_is_not_read(ingest, tmp_path):
    with (tmp_path / "junk.txt").open("wb") as file:
        file.truncate(2**30)
    assert ingest(tmp_path) == ({}, {"junk.txt": "It has 1,024 MiB, and more than 64 are not read."})
    with pytest.raises(Unreadable, match="1,024 MiB"):
        digest_of(tmp_path / "junk.txt")


def measured(folder):
    """What ingesting a folder in a process of its own gives: chunks, sentences, and the MiB that it and its reading
    process took at most beside what they begin with."""
    code = f"""
import json, re, resource
from agentx_memory.ingest import Skipped, documents
class Words:
    def split(self, text):
        return re.findall(r"(?:\\s*\\S+){{1,48}}\\s*", text)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = list(documents([{str(folder)!r}], embedder=Words()))
skipped = [one.reason for one in found if isinstance(one, Skipped)]
chunks = sum(len(one.chunks) for one in found if not isinstance(one, Skipped))
ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before
print(json.dumps([chunks, skipped, ours / 1024, theirs / 1024]))
"""
    return json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


@pytest.mark.parametrize("part", ["word/document.xml", "word/media/image1.png"])
def test_a_zip_bomb_in_a_word_document_is_not_unpacked(tmp_path, part):
    content = repacked(WORD, **{part: b" " * (110 * 10**6)})
    assert len(content) < 2**18
    (tmp_path / "bomb.docx").write_bytes(content)
    _, skipped, ours, theirs = measured(tmp_path)
    assert "would unpack to 106 MiB" in skipped[0]
    assert max(ours, theirs) < 40


def test_a_zip_bomb_that_lies_about_its_size_is_not_unpacked_further(ingest, tmp_path):
    real = repacked(WORD, **{"word/document.xml": b"<a>" + b" " * 2**26})
    size = (2**26 + 3).to_bytes(4, "little")
    assert real.count(size) == 2
    (tmp_path / "bomb.docx").write_bytes(real.replace(size, (1000).to_bytes(4, "little")))
    assert "damaged Word document" in ingest(tmp_path)[1]["bomb.docx"]


def test_entities_of_xml_are_not_expanded(ingest, tmp_path):
    levels = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    head = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "boat">{levels}]>'
    body = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&a9;'
    )
    content = repacked(WORD, **{"word/document.xml": head + body + "</w:t></w:r></w:p></w:body></w:document>"})
    (tmp_path / "a.docx").write_bytes(content)
    found, skipped = ingest(tmp_path)
    assert not found
    assert list(skipped) == ["a.docx"]


def test_a_parser_that_never_ends_is_given_up_and_the_next_file_is_read(ingest, tmp_path):
    (tmp_path / "a.md").write_text("> " * 400_000 + "boat\n" + ("[" * 300_000) + "\n" + "* " * 400_000)
    (tmp_path / "b.txt").write_text("The boat.")
    found, skipped = ingest(tmp_path, seconds=1)
    assert "b.txt" in found
    assert set(found) | set(skipped) == {"a.md", "b.txt"}


def test_a_reader_that_is_killed_spoils_one_file_only(tmp_path, splitter):
    from agentx_memory.ingest.reading import ReadingProcess

    for name in "ab":
        (tmp_path / name).write_text("The boat.\n" * 100_000)
    with ReadingProcess() as process:
        with opened(tmp_path / "a") as file, pytest.raises(Unreadable, match="more memory than there is"):
            _, _, sections = process.read(file, "a")
            process._process.kill()
            list(sections)
        with opened(tmp_path / "b") as file:
            assert sum(len(section.text) for section in process.read(file, "b")[2]) == 1_000_000


def test_what_is_no_file_is_never_opened(ingest, tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "secret").symlink_to("/etc/passwd")
    found, skipped = ingest(tmp_path)
    assert not found
    assert "a pipe" in skipped["pipe.txt"] and "a pipe, a socket" in skipped["socket"]
    assert all("It is a link" in skipped[name] for name in ("loop", "round", "secret"))
    assert "a device" in ingest("/dev/null")[1]["null"]
    assert "circle" in ingest(tmp_path / "round")[1]["round"]


def test_a_link_that_is_named_is_followed(ingest, tmp_path):
    (tmp_path / "real.txt").write_text("The boat.")
    (tmp_path / "link.txt").symlink_to("real.txt")
    assert list(ingest(tmp_path / "link.txt")[0]) == ["real.txt"]


def test_what_is_not_there_is_a_sentence(ingest, tmp_path):
    assert ingest(tmp_path / "none.txt")[1] == {"none.txt": "There is no such file, or no longer."}


def test_a_file_that_another_user_owns_is_a_sentence(tmp_path):
    (tmp_path / "a.txt").write_text("The boat.")
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "a.txt").chmod(0)
    tmp_path.chmod(0o755)
    code = f"""
import os, sys
from agentx_memory.ingest.walk import files
from agentx_memory.ingest.opening import opened, Unreadable
if os.geteuid() == 0:
    os.setuid(65534)
for found in files([{str(tmp_path)!r}]):
    try:
        with opened(found): pass
    except Unreadable as error:
        print(found.name, error)
    except TypeError:
        print(found.path.name, found.reason)
"""
    parents = [folder for folder in tmp_path.parents if not folder.stat().st_mode & 0o005 and folder != folder.parent]
    for folder in parents:
        folder.chmod(folder.stat().st_mode | 0o055)
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert printed == "a.txt It may not be read by this user.\nclosed It may not be read by this user.\n"


def test_a_file_that_changes_while_it_is_read_is_skipped(tmp_path):
    (tmp_path / "a.txt").write_text("The boat.")
    with pytest.raises(Unreadable, match="changed or vanished"), opened(tmp_path / "a.txt"):
        (tmp_path / "a.txt").write_text("The boat and more.")
    with pytest.raises(Unreadable, match="changed or vanished"), opened(tmp_path / "a.txt"):
        (tmp_path / "a.txt").unlink()


def test_a_file_that_vanishes_before_it_is_read_is_skipped(tmp_path, splitter):
    from agentx_memory.ingest import Skipped, documents

    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("The boat.")
    reading = documents([tmp_path], embedder=splitter())
    next(reading)
    (tmp_path / "b.txt").unlink()
    assert list(reading) == [Skipped(tmp_path / "b.txt", "There is no such file, or no longer.")]


def test_a_file_that_grows_all_the_time_ends(tmp_path, ingest):
    path, stop = tmp_path / "log.txt", threading.Event()
    path.write_text("The boat.\n" * 1000)

    def grow():
        with path.open("a") as file:
            while not stop.wait(0.001):
                file.write("The boat.\n" * 100)
                file.flush()

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        assert "changed" in ingest(path)[1]["log.txt"]
    finally:
        stop.set()
        thread.join()


def test_the_largest_text_takes_bounded_memory(tmp_path):
    (tmp_path / "a.txt").write_text("The boat lies in the harbour.\n" * 690_000)
    assert 20_000_000 < (tmp_path / "a.txt").stat().st_size < MAX_BYTES
    chunks, skipped, ours, theirs = measured(tmp_path)
    assert chunks > 80_000
    assert not skipped
    assert ours < 150
    assert theirs < 200
