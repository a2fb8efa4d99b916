import importlib.metadata
import json
import subprocess
import sys

import pytest

from agentx.cli.root import run
from tests.tools.servers import html, serving

PAGE = """<!doctype html><html><head><title>Opening hours</title></head><body><article><h1>Opening hours</h1>
<p>The museum is open from ten to six, and the last ticket is sold at five; it is closed on every Monday.</p>
<h2>Prices</h2><p>A ticket costs twelve euros, and for children half of it, on any day of the week.</p>
</article></body></html>"""


@pytest.fixture
def agentx(capsys, minilm_files, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def agentx(*words, code=0):
        assert run(["memory", *map(str, words)]) == code
        return capsys.readouterr()

    return agentx


def allow(tmp_path, monkeypatch, place):
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f'[tools.fetch_page]\nallow = ["{place}"]\n')


def test_a_page_is_stored_as_text_of_strangers_and_its_place_is_its_address(agentx, tmp_path, monkeypatch):
    (tmp_path / "tax.txt").write_text("The tax is due in May.\n")
    with serving(hours=html(PAGE)) as place:
        allow(tmp_path, monkeypatch, place)
        assert "2 documents stored" in agentx("add", f"http://{place}/hours", "tax.txt").err
        assert (
            "0 documents stored (0 chunks added, 0 removed), 1 unchanged" in agentx("add", f"http://{place}/hours").err
        )
    [hit] = map(json.loads, agentx("search", "What does a ticket cost?", "--limit", "1", "--json").out.splitlines())
    assert (hit["place"], hit["kind"], hit["untrusted"]) == (f"http://{place}/hours", "html", True)
    assert "twelve euros" in hit["text"] and hit["title"].endswith("Prices")


def test_a_page_that_has_changed_replaces_what_was_stored_of_it(agentx, tmp_path, monkeypatch):
    pages = {"hours": html(PAGE)}
    with serving(**pages) as place:
        allow(tmp_path, monkeypatch, place)
        agentx("add", f"http://{place}/hours")
    other = html(PAGE.replace("twelve", "fourteen"))
    with serving(hours=other) as new:
        said = agentx("add", f"http://{new}/hours", "--allow-host", new, "--json")
        assert json.loads(said.out)["added"]
        said = agentx("add", f"http://{new}/none", "--allow-host", new, code=1)
    assert "skipped" in said.err and "404" in said.err


def test_a_private_address_that_is_not_allowed_is_skipped_with_what_to_do(agentx):
    with serving(hours=html(PAGE)) as place:
        said = agentx("add", f"http://{place}/hours", code=1)
        assert f"skipped http://{place}/hours" in said.err and f"--allow-host {place}" in said.err
        assert "1 documents stored" in agentx("add", f"http://{place}/hours", "--allow-host", place).err
    assert "not 'nowhere'" in agentx("add", "http://x.example/", "--allow-host", "nowhere", code=2).err


def test_a_long_page_is_stored_whole(agentx):
    text = "".join(f"<p>Paragraph {n} tells of the berth number {n} and of its price.</p>" for n in range(300))
    long = html(f"<html><body><article><h1>Berths</h1>{text}</article></body></html>")
    with serving(long=long, hours=html(PAGE)) as place:
        said = agentx("add", f"http://{place}/long", f"http://{place}/hours", "--allow-host", place)
    assert "2 documents stored" in said.err
    assert "Paragraph 299" in agentx("show", f"http://{place}/long").out


def test_what_holds_no_text_or_is_no_page_is_skipped(agentx):
    with serving(empty=html("<html><body></body></html>")) as place:
        said = agentx("add", f"http://{place}/empty", "ftp://127.0.0.1/x", "--allow-host", place, code=1)
    assert "The page holds no text." in said.err and "2 skipped" in said.err


def test_without_the_tool_the_command_says_so():
    assert any(entry.name == "fetch_page" for entry in importlib.metadata.entry_points(group="agentx.tools"))
    code = """
import importlib.metadata, sys
sys.modules["agentx_tools"] = None  # as where the package cannot be imported
from agentx.cli.root import run
sys.exit(run(["memory", "add", "https://example.org/"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "An address needs the tool `fetch_page`" in done.stderr and "save the page" in done.stderr
    assert "Traceback" not in done.stderr
