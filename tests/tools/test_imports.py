import subprocess
import sys

HEAVY = {"httpx", "httpcore", "trafilatura", "lxml", "ddgs", "simpleeval", "pydantic", "chromadb", "numpy"}


def test_loading_the_bundled_tools_imports_nothing_heavy():
    code = (
        "import sys\n"
        "import agentx_tools.files, agentx_tools.python, agentx_tools.calculate, agentx_tools.web_search\n"
        "import agentx_tools.fetch_page, agentx_tools.search.ddgs\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
