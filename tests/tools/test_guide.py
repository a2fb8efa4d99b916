import asyncio
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from agentx_tools.search.asking import Manners
from agentx_tools.web_search import search_with

from agentx.errors import ToolError
from agentx.policy import ASKING
from agentx.tool import Capability

GUIDE = Path(__file__).parents[2] / "tools" / "README.md"
TEXT = GUIDE.read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def blocks(kind):
    return [body for language, body in BLOCKS if language == kind]


def named(name):
    return next(body for _, body in BLOCKS if body.startswith(f"# {name}\n"))


def module(name, folder):
    path = folder / f"{name}.py"
    path.write_text(named(path.name))
    spec = spec_from_file_location(name, path)
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def shell(script, folder, **more):
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join(places), **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_no_block_of_the_guide_goes_untested():
    assert [(language, body.splitlines()[0]) for language, body in BLOCKS if language not in ("sh",)] == [
        ("python", "# line_count.py"),
        ("toml", "# pyproject.toml"),
        ("python", "# test_line_count.py"),
        ("toml", "# config.toml"),
        ("python", "# house_search.py"),
    ]
    assert len(blocks("sh")) == 2


def test_a_plugin_is_made_installed_tested_and_called_as_the_guide_says(tmp_path):
    # Into a folder of the test instead of this environment, and without the package index.
    pip = {"PIP_TARGET": str(tmp_path / "site"), "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_QUIET": "1"}
    pip |= {"PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    # A folder that is no site folder has its .pth files unread, so the package's own place is named as well.
    found = {"PYTHONPATH": f"{tmp_path / 'site'}:{tmp_path / 'word-count'}"}
    script = blocks("sh")[0]
    assert script.startswith("agentx plugins new word-count")
    done = shell(script, tmp_path, **pip, **found)
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert "Counts the words of a text" in done.stdout
    assert '{"to": 2, "be": 2}' in done.stdout
    assert "agentx.tools word_count: OK" in done.stdout


def test_the_tool_of_the_guide_passes_the_tests_of_the_guide(tmp_path):
    for name in ("line_count.py", "test_line_count.py"):
        (tmp_path / name).write_text(named(name))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_the_entry_point_of_the_guide_leads_to_its_tool(tmp_path):
    entries = tomllib.loads(named("pyproject.toml"))["project"]["entry-points"]["agentx.tools"]
    loaded = module("line_count", tmp_path)
    assert {name: f"line_count:{name}" for name in entries} == entries
    assert loaded.line_count.name == "line_count"
    assert loaded.line_count.parameters["properties"].keys() == {"folder", "kind"}


def test_the_settings_of_the_guide_are_read(tmp_path, monkeypatch):
    from agentx import config

    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text(named("config.toml"))
    tables = config.load(tmp_path).settings.tool_settings
    assert tables["line_count"] == {"skip": ["notes/old.txt"]}
    assert tables["fetch_page"] == {"allow": ["localhost:8000"], "robots": True}
    manners = {"cache_s": 3600, "min_interval_s": 1.0, "retries": 2}
    assert tables["web_search"] == {"provider": "ddgs", "engines": ["duckduckgo", "brave"], **manners}
    assert Manners.of(tables["web_search"]) == Manners()


def test_a_setting_is_set_and_shown_as_the_guide_says(tmp_path):
    done = shell(blocks("sh")[1], tmp_path, AGENTX_CONFIG_DIR=str(tmp_path / "config"))
    assert done.returncode == 0, done.stderr
    assert tomllib.loads((tmp_path / "config" / "config.toml").read_text()) == {
        "tools": {"fetch_page": {"allow": ["localhost:8000"]}}
    }
    assert "localhost:8000" in done.stdout


def test_the_search_provider_of_the_guide_searches(tmp_path):
    provider = module("house_search", tmp_path).HouseSearch
    found = provider({"pages": {"Cats": "https://cats.example/", "Dogs": "https://dogs.example/"}})
    assert asyncio.run(search_with(found, "cats", 5)) == "1. Cats\n   https://cats.example/"
    assert asyncio.run(search_with(found, "birds", 5)) == "nothing found for 'birds'"
    with pytest.raises(ToolError, match="^search failed: the setting `pages` is empty"):
        asyncio.run(search_with(provider({}), "cats", 5))


def test_the_guide_names_each_capability_and_whether_it_asks():
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|$", TEXT, re.MULTILINE))
    assert rows == {name: "yes" if name in ASKING else "no" for name in Capability.__args__}


def test_the_guide_names_each_bundled_tool():
    from agentx import plugins

    bundled = {p.name for p in plugins.listing("agentx.tools") if p.target.startswith("agentx_tools.")}
    table = TEXT.split("## The bundled tools")[1]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == bundled
