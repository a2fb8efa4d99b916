"""Where models come from, for the screen: found on this machine, opened, or missing with the reason why."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentx.errors import AgentXError
from agentx_tui.printable import line

if TYPE_CHECKING:
    from agentx.config import Settings
    from agentx.model import Model
    from agentx.models.acquire import Store
    from agentx.models.catalog import Entry
    from agentx.models.fitting import Memory
    from agentx.models.listing import Listed
    from agentx.models.whence import Way

MIN_USEFUL_BYTES = 300_000_000
"""Of a model that is taken in place of the default one; smaller ones only serve to test the machinery."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The model that is wanted cannot be used.

    Attributes:
        spec: what was asked for; None for the default model.
        name: as shown to a person.
        entry: its catalogue entry; None for a path and for hf://.
        reason: a sentence on what is wrong; "" where it is simply not here yet.
    """

    spec: str | None
    name: str
    entry: "Entry | None" = None
    reason: str = ""

    @property
    def sentence(self) -> str:
        return self.reason or f"{self.name} is not on this machine yet; /setup says where it can be had."


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that this machine has for models: RAM, and free disk where they are fetched to."""

    memory: "Memory"
    disk: int


@dataclass(frozen=True, slots=True)
class Usable:
    """A model that is here.

    Attributes:
        told: what a person should know of the choice.
    """

    spec: str | None
    told: str = ""


class Weights:
    """The one place at which the screen reaches `agentx.models`; what is in here blocks, and runs in a thread."""

    def store(self) -> "Store":
        from agentx.models.acquire import Store

        return Store()

    def listed(self, also: str | None) -> "list[Listed]":
        """The models of the catalogue and of other programs; see `agentx.models.listing`."""
        from agentx.models import listing

        return listing.listed(self.store(), None if names_a_backend(also) else also, self.room().memory)

    def room(self) -> Room:
        """What there is room for, as it is now."""
        from agentx.models import fitting, whence

        return Room(fitting.memory(), whence.free_bytes(self.store()))

    def ways(self, name: str | None) -> "list[Way]":
        """The sources of a model of the catalogue or of hf://, in their order; of the default one for None."""
        from agentx.models import whence

        if name is not None and name.startswith("hf://"):
            return [whence.way_of(name)]
        return whence.ways(self.store().entry(name))

    def probe(self, way: "Way") -> str:
        """Why a source would not give a model, in one line; "" where it would. Asks it, for a few seconds at most."""
        from agentx.models import whence

        return whence.probe(way)

    def open(self, settings: "Settings", progress: Any) -> "Model":
        """Loads the model that the settings name.

        Raises:
            AgentXError: it cannot be found or loaded.
        """
        from agentx.models import open_configured

        return open_configured(settings, progress)

    def command(self, spec: str) -> Sequence[str]:
        """The command line that fetches a model and prints its progress as `agentx models pull --json` does."""
        words = ["models", "pull", "--json", "--", spec]
        return [sys.executable, "-P", "-c", f"from agentx.cli import main; raise SystemExit(main({words!r}))"]

    def find(self, spec: str | None, progress: Any) -> Usable | Missing:
        """Whether a model can be used without fetching anything.

        Where no model was asked for and the default one is not here, another one of the catalogue that is will do.
        """
        if names_a_backend(spec):
            return Usable(spec)
        store = self.store()
        entry = store.entry(spec) if spec is None or spec in store.catalog else None
        name = entry.name if entry else line(spec or "", 200)
        try:
            if store.resolve(spec, progress) is not None:
                return Usable(spec)
        except AgentXError as error:
            return Missing(spec, name, entry, " ".join(str(error).split()))
        if spec is None and (other := self._other(store, progress)):
            return Usable(other, f"{name} is not here; {other}, which is, takes its place (/model has the others).")
        return Missing(spec, name, entry)

    def _other(self, store: "Store", progress: Any) -> str | None:
        """The largest model of the catalogue that is here and fits the memory."""
        rows = [
            row
            for row in self.listed(None)
            if row.entry is not None
            and row.decodes
            and row.presence in ("here", "elsewhere")
            and row.verdict in ("fits", "unknown")
            and row.size >= MIN_USEFUL_BYTES
        ]
        for row in sorted(rows, key=lambda row: -row.size):
            try:
                if store.resolve(row.spec, progress) is not None:
                    return row.spec
            except AgentXError:
                continue
        return None


def names_a_backend(spec: str | None) -> bool:
    """Whether it is `backend:argument`, whose backend finds its own model."""
    from agentx import plugins

    backend, colon, argument = (spec or "").partition(":")
    return bool(colon) and not argument.startswith("//") and backend in plugins.names("agentx.models")
