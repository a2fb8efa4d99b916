from pathlib import Path

import pytest

from agentx import sinks
from agentx.tool import Tool


def made(*capabilities: str, paths: tuple[str, ...] = ()) -> Tool:
    return Tool.from_schema("t", "", {}, lambda: None, capabilities=frozenset(capabilities), paths=paths)


@pytest.mark.parametrize(
    ("capabilities", "reason"),
    [
        (("egress",), "sends data out"),
        (("executes", "egress"), "sends data out"),
        (("costs",), "costs money"),
        (("writes",), "changes what cannot be undone"),
        (("executes",), None),
        (("reads_private", "ingests_untrusted"), None),
        ((), None),
    ],
)
def test_what_leaves_for_good_is_a_sink(capabilities, reason, tmp_path: Path) -> None:
    assert sinks.reason(made(*capabilities), {}, tmp_path) == reason


@pytest.mark.parametrize("path", ["report.md", "out/data.csv", "./notes.txt", "script.py"])
def test_a_write_that_can_be_undone_is_no_sink(path: str, tmp_path: Path) -> None:
    assert sinks.reason(made("writes", paths=("path",)), {"path": path}, tmp_path) is None


@pytest.mark.parametrize(
    "path",
    [".bashrc", ".github/workflows/ci.yml", "Makefile", "sub/makefile", "setup.py", "package.json", "x/../Makefile",
     "hooks/pre-commit", "Dockerfile", "ci.Dockerfile", "conftest.py", "vite.config.ts", "a.desktop", "CMakeLists.txt",
     " .bashrc", "MAKEFILE ", "Dockerfile.dev", "requirements-dev.txt", "run.sh", "AGENTS.md", "ｍakefile", "go.mod"],
)  # fmt: skip
def test_a_write_to_what_runs_later_is_one(path: str, tmp_path: Path) -> None:
    assert "run later" in (sinks.reason(made("writes", paths=("path",)), {"path": path}, tmp_path) or "")


def test_a_write_over_a_program_is_one(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    (tmp_path / "alias").symlink_to("tool")
    for path in ("tool", "alias"):
        assert "run later" in (sinks.reason(made("writes", paths=("path",)), {"path": path}, tmp_path) or "")


def test_a_write_outside_is_one(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "link").symlink_to(tmp_path)
    for path in ("../x", str(tmp_path / "x"), "link/x"):
        assert "outside" in (sinks.reason(made("writes", paths=("path",)), {"path": path}, tmp_path / "w") or "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"paths": ["a.txt", "Makefile"]}, "run later"),
        ({"paths": ["a.txt", "../x"]}, "outside"),
        ({"paths": ["~/x"]}, "outside"),
        ({"paths": [3]}, "cannot be undone"),
        ({}, "cannot be undone"),
        ({"paths": ["a.txt"]}, None),
    ],
)
def test_paths_that_are_not_told_are_the_worst(arguments, reason, tmp_path: Path) -> None:
    found = sinks.reason(made("writes", paths=("paths",)), arguments, tmp_path)
    assert reason in found if reason and found else found is reason
