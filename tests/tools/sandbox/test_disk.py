import os
import time
from pathlib import Path

import pytest
from agentx_tools.sandbox.disk import Growth

MIB = 2**20


@pytest.fixture
def growth(tmp_path):
    (tmp_path / "old").write_bytes(b"x" * 3 * MIB)
    os.sync()

    def measured(allowed_bytes, file_bytes=64 * MIB):
        time.sleep(0.05)
        made = Growth([str(tmp_path)], file_bytes, allowed_bytes)
        made._next_walk = 0.0
        return made

    return measured


def test_what_was_there_before_does_not_count(tmp_path, growth):
    assert not growth(MIB).is_over()


def test_new_and_changed_files_count(tmp_path, growth):
    measured = growth(2 * MIB)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "new").write_bytes(b"x" * 3 * MIB)
    assert measured.is_over()
    measured = growth(2 * MIB)
    with (tmp_path / "old").open("ab") as stream:
        stream.write(b"x")
    assert measured.is_over()


def test_a_changed_file_counts_up_to_the_limit_of_one(tmp_path, growth):
    measured = growth(2 * MIB, file_bytes=MIB)
    with (tmp_path / "old").open("ab") as stream:
        stream.write(b"x")
    assert not measured.is_over()


def test_empty_files_and_folders_count_too(tmp_path, growth):
    measured = growth(MIB)
    for number in range(300):
        (tmp_path / f"{number}").mkdir()
    assert measured.is_over()


def test_a_link_is_not_followed(tmp_path, growth):
    measured = growth(MIB)
    (tmp_path / "link").symlink_to("/usr")
    assert not measured.is_over()


def test_deep_folders_are_counted_as_far_as_they_can_be_opened(tmp_path, growth):
    measured = growth(16 * MIB)
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(400):
            Path("d" * 20).mkdir()
            os.chdir("d" * 20)
    finally:
        os.chdir(here)
    assert not measured.is_over()
