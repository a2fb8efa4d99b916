import sys
from pathlib import Path

import pytest

from agentx import plugins
from agentx.errors import PluginError
from agentx.tool import Tool


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Lays out distributions in a folder of the import path, as an installer would."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def add(distribution: str, module: str, source: str, entries: str, group: str = "agentx.tools") -> None:
        (site / f"{module}.py").write_text(source)
        info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{entries}\n")

    yield add
    for name in set(sys.modules) - before:
        if name.startswith("strange"):
            del sys.modules[name]


GOOD = """
from agentx.tool import tool

@tool
def shout(text: str) -> str:
    '''Text in capitals.'''
    return text.upper()

def whisper(text: str) -> str:
    '''Text in small letters.'''
    return text.lower()
"""


def test_names_come_from_metadata_alone(installed) -> None:
    installed("strange-pack", "strange_good", "raise RuntimeError('imported')", "shout = strange_good:shout")
    assert "shout" in plugins.names("agentx.tools")
    assert "strange_good" not in sys.modules


def test_one_tool_is_loaded_by_name(installed) -> None:
    installed("strange-pack", "strange_good", GOOD, "shout = strange_good:shout")
    tool = plugins.load("agentx.tools", "shout")
    assert isinstance(tool, Tool)
    assert tool("a") == "A"


def test_a_plain_function_is_made_a_tool(installed) -> None:
    installed("strange-pack", "strange_good", GOOD, "whisper = strange_good:whisper")
    assert plugins.load("agentx.tools", "whisper").description == "Text in small letters."


def test_the_listing_names_distribution_and_version(installed) -> None:
    installed("strange-pack", "strange_good", GOOD, "shout = strange_good:shout")
    [shout] = [plugin for plugin in plugins.listing("agentx.tools") if plugin.name == "shout"]
    assert (shout.distribution, shout.version, shout.target) == ("strange-pack", "1.2", "strange_good:shout")


def test_an_unknown_name_lists_what_is_registered(installed) -> None:
    installed("strange-pack", "strange_good", GOOD, "shout = strange_good:shout")
    with pytest.raises(PluginError, match=r"`nothing`.*shout"):
        plugins.load("agentx.tools", "nothing")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("raise RuntimeError('no such\\n   device')", "RuntimeError: no such device"),
        ("import module_that_is_nowhere", "ModuleNotFoundError: No module named 'module_that_is_nowhere'"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def", "SyntaxError: "),
        ("x = 1", "AttributeError: module 'strange_broken' has no attribute 'shout'"),
        ("shout = 7", "TypeError: strange_broken:shout is no tool but int"),
        ("def shout(text): ...", "SchemaError: The parameter `text` of `shout` has no type annotation"),
    ],
)
def test_a_broken_plugin_is_one_line_and_the_others_load(installed, source: str, cause: str) -> None:
    installed("strange-broken", "strange_broken", source, "shout = strange_broken:shout")
    installed("strange-pack", "strange_good", GOOD, "whisper = strange_good:whisper")
    loaded, problems = plugins.load_all("agentx.tools")
    [problem] = [item for item in problems if item.plugin.distribution == "strange-broken"]
    assert "whisper" in loaded
    assert "shout" not in loaded
    assert cause in problem.sentence
    assert "`shout`" in problem.sentence
    assert "strange-broken 1.2" in problem.sentence
    assert "\n" not in problem.sentence


def test_a_name_registered_twice_is_taken_once_and_told_of(installed) -> None:
    installed("strange-one", "strange_good", GOOD, "shout = strange_good:shout")
    installed("strange-two", "strange_other", GOOD, "shout = strange_other:shout")
    loaded, problems = plugins.load_all("agentx.tools")
    assert loaded["shout"] is plugins.load("agentx.tools", "shout")
    assert [item.sentence for item in problems if "the same name" in item.sentence]
