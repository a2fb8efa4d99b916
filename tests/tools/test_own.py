"""Where a workspace holds AgentX's own folders, nothing in it writes approvals."""

import asyncio
from pathlib import Path

import pytest
from agentx_tools.files import write_file
from agentx_tools.own import own_folders
from agentx_tools.shell import shell

from agentx.errors import ToolError
from agentx.tool import ToolContext


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable, folder in (("CONFIG", ".config/agentx"), ("DATA", ".local/share/agentx"), ("CACHE", ".cache/agentx")):
        monkeypatch.setenv(f"AGENTX_{variable}_DIR", str(tmp_path / folder))
    return tmp_path


def run(home: Path, command: str, **settings: object) -> str:
    return asyncio.run(shell.function(context=ToolContext(home, settings=settings), command=command))


def test_no_tool_writes_there(home: Path) -> None:
    for path in (".config/agentx/config.toml", ".local/share/agentx/undo/x/1-1.change", ".cache/agentx/models/x"):
        with pytest.raises(ToolError, match="is not written"):
            write_file.function(context=ToolContext(home), path=path, text="x")
    assert write_file.function(context=ToolContext(home), path="notes.txt", text="x").startswith("Wrote")


def test_no_program_writes_there(home: Path) -> None:
    said = run(
        home, "echo x > .config/agentx/config.toml; mv .config c; mv .config/agentx d; rmdir .config/agentx; echo y > f"
    )
    assert (home / "f").read_text() == "y\n"
    assert "Read-only" in said or "denied" in said
    assert (home / ".config" / "agentx").is_dir() and not list((home / ".config" / "agentx").iterdir())


def test_where_they_cannot_be_guarded_no_program_runs(home: Path) -> None:
    with pytest.raises(ToolError, match="cannot be guarded"):
        run(home, "echo y > f", walls=["landlock"])
    with pytest.raises(ToolError, match="cannot be guarded"):
        run(home / ".config" / "agentx", "echo y > f")
    assert not (home / "f").exists()


def test_other_workspaces_hold_none(tmp_path: Path) -> None:
    assert own_folders(tmp_path) == []
