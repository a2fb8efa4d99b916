import subprocess
import sys

HEAVY = {
    "httpx",
    "httpcore",
    "trafilatura",
    "lxml",
    "pypdfium2",
    "protego",
    "stamina",
    "ddgs",
    "simpleeval",
    "pydantic",
    "chromadb",
    "numpy",
    "duckdb",
    "re2",
    "pathspec",
}


def test_loading_the_bundled_tools_imports_nothing_heavy():
    code = (
        "import sys\n"
        "import agentx_tools.files, agentx_tools.python, agentx_tools.calculate, agentx_tools.web_search\n"
        "import agentx_tools.fetch_page, agentx_tools.search.ddgs, agentx_tools.search.searxng\n"
        "import agentx_tools.glob, agentx_tools.grep, agentx_tools.now, agentx_tools.sql, agentx_tools.shell\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
