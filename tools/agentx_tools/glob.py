"""The tool that finds files by their names."""

from dataclasses import replace

from agentx.tool import ToolContext, tool
from agentx_tools import patterns, workspace


@tool(capabilities=["reads_private"], idempotent=True, max_output_bytes=8_000)
def glob(context: ToolContext, pattern: str, folder: str = ".") -> list[str]:
    """Find files by name, with a glob such as *.py, data/*.{csv,tsv} or src/**/test_*.py.

    Args:
        pattern: the glob; without / it is the name's, in any folder.
        folder: folder in the workspace to look below.
    """
    place = workspace.locate(context.workspace, folder, "folder")
    return workspace.listed(matching(place, pattern))


def matching(place: workspace.Place, pattern: str, argument: str = "pattern") -> workspace.Below:
    """The files below a folder that match a glob.

    Args:
        argument: the tool's argument that gave the glob.

    Raises:
        ToolError: the place is no folder, or the glob cannot be read.
    """
    matches = patterns.path_pattern(pattern, argument)
    start = len("".join(f"{part}/" for part in place.parts))
    found = workspace.files_below(place, patterns.wants_hidden(pattern))
    return replace(found, paths=[path for path in found.paths if matches(path[start:])])
