"""AgentX's own folders, where they lie in a workspace."""

from pathlib import Path

from agentx import folders


def own_folders(workspace: Path) -> list[Path]:
    """The folders of AgentX itself that a workspace holds, or lies in: its settings, sessions and weights. Whoever
    writes there writes approvals for himself."""
    root = workspace.resolve()
    found = [folder.resolve() for folder in (folders.config_dir(), folders.data_dir(), folders.cache_dir())]
    return [folder for folder in found if folder.is_relative_to(root) or root.is_relative_to(folder)]
