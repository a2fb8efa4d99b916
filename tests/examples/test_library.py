"""AgentX inside other programs: the examples of a web handler, a notebook, threads and a helper, as they stand."""

import ast
import asyncio
import contextlib
import importlib.util
import inspect
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the examples' default model say these replies."""

    def use(*replies: str) -> None:
        path = tmp_path / "replies.json"
        path.write_text(json.dumps(replies))
        monkeypatch.setenv("AGENTX_MODEL", f"scripted:{path}")
        monkeypatch.setenv("AGENTX_DATA_DIR", str(tmp_path / "data"))

    return use


@contextlib.contextmanager
def loaded(name: str) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[spec.name]


def test_a_web_handler_streams_the_answer(scripted: Any) -> None:
    scripted("The Rhine.", "The Elbe.", "The Oder.")

    async def ask(app: Any) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://example") as client:
            return await asyncio.gather(*(client.get("/", params={"task": "Name a river."}) for _ in range(3)))

    with loaded("web_handler") as module:
        responses = asyncio.run(ask(module.app))
        empty = asyncio.run(ask_nothing(module.app))
    assert empty.status_code == 400
    rows = [
        [json.loads(line.removeprefix("data: ")) for line in response.text.splitlines() if line]
        for response in responses
    ]
    assert {row[-1]["output"] for row in rows} == {"The Rhine.", "The Elbe.", "The Oder."}
    assert all([item["kind"] for item in row] == ["TextDelta", "Answered", "RunFinished"] for row in rows)


async def ask_nothing(app: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://example") as client:
        return await client.get("/")


def test_threads_share_one_agent(scripted: Any) -> None:
    scripted(*["Oslo"] * 4)
    with loaded("thread_pool") as module:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(module.capital, module.COUNTRIES)) == ["Oslo"] * 4


def test_the_cells_of_the_notebook_run_under_its_event_loop(scripted: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call, answer = "# I compute it.\narea(base=3, height=4)\n->", "# I know it.\nAnswer: It is 6."
    scripted(*[call, answer] * 3)
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text())["cells"]

    async def run() -> None:
        names: dict[str, Any] = {"__name__": "__main__"}
        for cell in cells:
            if cell["cell_type"] == "code":
                # What a notebook does with `await` in a cell.
                code = compile("".join(cell["source"]), "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                result = eval(code, names)
                if inspect.isawaitable(result):
                    await result

    asyncio.run(run())
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["It is 6."] * 3 and len(lines) == 4


def test_a_helper_reports_to_the_tool_that_asked_it(scripted: Any) -> None:
    scripted(
        '# I ask a helper.\nlook_into(question="When does ann say that we sail?")\n->',
        '# I read it.\nread_letter(sender="ann")\n->',
        "# The letter says it.\nAnswer: On 3 May at nine.",
        "# The helper knows.\nAnswer: We sail on 3 May at nine.",
    )
    printed = io.StringIO()
    with loaded("sub_agents") as module, contextlib.redirect_stdout(printed):
        asyncio.run(module.main())
    assert printed.getvalue().splitlines() == [
        "I ask a helper.",
        "  helper: I read it.",
        "  helper: The letter says it.",
        "The helper knows.",
        "ok: We sail on 3 May at nine.",
    ]
