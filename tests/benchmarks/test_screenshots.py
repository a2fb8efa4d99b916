"""The pictures of the README are drawn from the app as it is."""

import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.tui import screenshots

WORDS = {
    "chat.svg": ["csv_lite.py", "edit_file", "The loop stops"],
    "approval.svg": ["Allow", "write_file", "allow once"],
    "trace.svg": ["Trace", "list_files", "drafted"],
}


def said(path: Path) -> str:
    """The words of a drawing."""
    parsed = ElementTree.parse(path)
    return "\n".join(element.text or "" for element in parsed.iter() if element.tag.endswith("text")).replace(
        "\xa0", " "
    )


def test_they_are_drawn_small_and_load_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    sizes = screenshots.draw(tmp_path)
    assert set(sizes) == set(WORDS)
    for name, words in WORDS.items():
        text = said(tmp_path / name)
        assert [word for word in words if word not in text] == [], text
        assert not re.search(r"url\(\s*['\"]?http|href=", (tmp_path / name).read_text())


def test_those_of_the_readme_are_there() -> None:
    for name, words in WORDS.items():
        text = said(screenshots.TARGET / name)
        assert [word for word in words if word not in text] == []
        assert (screenshots.TARGET / name).stat().st_size < screenshots.MAX_BYTES
