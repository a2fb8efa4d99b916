import json

import pytest

from agentx import tool
from agentx.cli.setup import Options, allow_hosts, checked_hosts, prepare
from agentx.config import Settings
from agentx.errors import UsageError
from tests.cli.conftest import answer, calls
from tests.tools.servers import html, serving


def url(place):
    return json.dumps({"url": f"http://{place}/page"})


def test_a_private_host_is_fetched_once_it_was_typed(cli) -> None:
    with serving(page=html("<p>the inner page")) as place:
        call = ["tools", "call", "fetch_page", url(place), "--allow", "fetch_page"]
        refused = cli(*call)
        assert refused.code == 1
        assert f"Only the user can allow it, with --allow-host {place}." in refused.err
        assert "the inner page" in cli(*call, "--allow-host", "127.0.0.1:1", "--allow-host", place).out


def test_a_run_may_go_there_too(cli, script) -> None:
    with serving(page=html("<p>the inner page")) as place:
        model = script(calls(f'fetch_page(url="http://{place}/page")'), answer("It says: the inner page."))
        run = ["run", "What is there?", "--model", model, "--allow", "all", "--stream-json"]
        assert "a private address" in cli(*run).out
        allowed = cli(*run, "--allow-host", place)
    assert "a private address" not in allowed.out and "the inner page" in allowed.out


@pytest.mark.parametrize(
    "typed",
    ["localhost", "http://localhost:80", "localhost:", ":80", "a b:80", "a:b", "::1:80", "*:80", "a:0", "a:70000"],
)
def test_what_is_no_host_and_port_is_refused(cli, typed) -> None:
    ran = cli("tools", "call", "fetch_page", "{}", "--allow-host", typed)
    assert (ran.code, ran.out) == (2, "")
    assert "--allow-host takes a host and a port, such as 127.0.0.1:8000" in ran.err
    assert cli("run", "x", "--model", "scripted:none", "--allow-host", typed).code == 2


@pytest.mark.parametrize("typed", ["127.0.0.1:8000", "[::1]:8000", "bücher.local:80"])
def test_a_host_and_port_is_taken(typed) -> None:
    assert checked_hosts([typed]) == (typed,)


def test_only_tools_that_read_the_web_are_told() -> None:
    @tool(capabilities=["egress", "ingests_untrusted"])
    def reads_the_web() -> str:
        """Reads."""
        return ""

    @tool(capabilities=["egress"])
    def sends() -> str:
        """Sends."""
        return ""

    settings = Settings(tool_settings={"reads_the_web": {"allow": ["a:1"]}})
    for each in (reads_the_web, sends):
        allow_hosts(each, settings, ("b:2",))
    assert settings.tool_settings == {"reads_the_web": {"allow": ["a:1", "b:2"]}}
    wrong = Settings(tool_settings={"reads_the_web": {"allow": "a:1"}})
    allow_hosts(reads_the_web, wrong, ("b:2",))
    assert wrong.tool_settings == {"reads_the_web": {"allow": "a:1"}}


def test_a_setup_carries_the_hosts_to_its_tools(tmp_path) -> None:
    setup = prepare(Options(tmp_path, tools=["fetch_page", "shell"], allow_hosts=["b:2"]))
    assert setup.settings.tool_settings == {"fetch_page": {"allow": ["b:2"]}}
    with pytest.raises(UsageError):
        prepare(Options(tmp_path, allow_hosts=["b"]))
