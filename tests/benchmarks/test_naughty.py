import shutil
from pathlib import Path

import pytest

from agentx.errors import DownloadError
from benchmarks.safety import naughty, naughty_data


@pytest.fixture(scope="module")
def inputs() -> list[str]:
    try:
        return naughty.texts()
    except DownloadError as error:
        if shutil.which("npm"):
            raise
        pytest.skip(str(error))


def crashes(found: object) -> list[str]:
    return [f"{crash.where}: {crash.text[:80]!r}: {crash.why}" for crash in found]  # type: ignore[attr-defined]


def test_every_parser_and_renderer_bears_them(inputs: list[str]) -> None:
    assert len(inputs) > 750
    assert crashes(naughty.of_checks(inputs)) == []


def test_every_tool_bears_them_as_each_argument(inputs: list[str], tmp_path: Path) -> None:
    assert crashes(naughty.of_tools(naughty_data.strings(), tmp_path)) == []
    assert not [path for path in naughty.TRACES if path.exists()]


def test_arguments_of_any_shape_are_taken_or_refused(inputs: list[str]) -> None:
    assert crashes(naughty.of_validation(naughty_data.documents())) == []


def test_a_crash_is_told_of() -> None:
    def fails(text: str) -> None:
        raise KeyError(text)

    before, naughty.CHECKS = naughty.CHECKS, (fails,)
    try:
        assert crashes(naughty.of_checks(["x"])) == ["fails: 'x': KeyError: 'x'"]
    finally:
        naughty.CHECKS = before
