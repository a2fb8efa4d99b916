"""The model behind the conversation: looked for, loaded, changed for another; where there is none, a demo answers."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentx.cli import adapter
from agentx.errors import ModelNotFound
from agentx.events import ModelLoaded
from agentx.models.catalog import named
from agentx.threads import in_thread
from agentx_tui import demo
from agentx_tui.loading import Telling
from agentx_tui.signals import Loading, NoModel, Told
from agentx_tui.weights import Missing, Weights

if TYPE_CHECKING:
    from agentx.agent import Agent
    from agentx.cli.setup import Setup
    from agentx.config import Settings
    from agentx.model import Model

DEMO = "A demo cannot go on with it; get a model first (/setup)."


class Decoder:
    """Used in the engine's thread; what blocks is done in threads of its own.

    Args:
        post: is told of what happens.

    Attributes:
        missing: why there is no model; None where there is one.
    """

    def __init__(self, weights: Weights, post: Callable[[Any], None]) -> None:
        self._weights = weights
        self._post = post
        self._model: Model | None = None
        self._loaded: tuple[object, ...] | None = None
        self.missing: Missing | None = None

    @property
    def is_lost(self) -> bool:
        """Whether a model was loaded and is there no more, so that it has to be loaded again."""
        return self._loaded is not None and (self._model is None or bool(getattr(self._model, "closed", False)))

    def check(self) -> None:
        """Raises `ModelNotFound` where a demo answers, which can go on with no session."""
        if self.missing is not None:
            raise ModelNotFound(DEMO)

    async def load(self, setup: "Setup") -> "Setup":
        """Loads the model, or has a demo take its place; returns the setup with the model that was found.

        One that was loaded before goes first: few machines have room for two.

        Raises:
            AgentXError: it is here and cannot be loaded.
        """
        self._post(Loading("loading the model"))
        found = await self._find(setup.settings.model)
        await self._unload(setup.settings)
        if isinstance(found, Missing):
            self._loaded, self.missing = None, found
            self._post(NoModel(found))
            return setup
        if found.told:
            self._post(Told(found.told))
        if found.spec != setup.settings.model:
            setup = self.on_other(setup, found.spec)
        await self._open(setup.settings)
        return setup

    async def change(self, before: "Settings", after: "Settings") -> None:
        """Loads another model in place of the one that is loaded, which comes back where that fails.

        The old one goes first: few machines have room for two.

        Raises:
            AgentXError: the other one is not here, or cannot be loaded.
        """
        self._post(Loading("looking for the model"))
        found = await self._find(after.model)
        if isinstance(found, Missing):
            raise ModelNotFound(found.sentence)
        old = self._model
        await self._unload(after)
        try:
            await self._open(after)
        except asyncio.CancelledError:
            raise
        except Exception:
            if old is not None:
                await self._open(before)
            raise

    def on_other(self, setup: "Setup", model: str | None) -> "Setup":
        """The setup with another model, under its own adapter; one that cannot be used is told of."""
        setup, problem = adapter.on_other_model(setup, model)
        if problem:
            self._post(Told(problem))
        return setup

    def agent(self, setup: "Setup", *person: Any) -> "Agent":
        """An agent of this setup on the model that is loaded; where there is none, that of the demo.

        Args:
            person: who is asked for approvals, for answers, and about calls in doubt.
        """
        if self.missing is not None:
            return demo.agent(setup, self.missing, *person)
        made = setup.agent(*person)
        if self._model is not None and self._loaded == wanted(setup.settings):
            made.use(self._model)
        return made

    async def _find(self, spec: str | None) -> Any:
        return await in_thread(lambda: self._weights.find(spec, Telling(self._post)), name="agentx-look")

    async def _unload(self, after: "Settings") -> None:
        """Frees what is loaded. Where only the adapter is another one after it, the model below it stays."""
        old, self._model = self._model, None
        before, coming = self._loaded or (), wanted(after)
        stays = before != coming and before[:-1] == coming[:-1]
        base = getattr(old, "base", None)
        for model in (base and old, None) if stays else (old, base):
            if close := getattr(model, "close", None):
                await in_thread(close, name="agentx-unload")

    async def _open(self, settings: "Settings") -> None:
        started = time.perf_counter()
        self._post(Loading("loading the model"))
        sink = Telling(self._post)
        model = await in_thread(lambda: self._weights.open(settings, sink), name="agentx-load")
        self._model, self._loaded, self.missing = model, wanted(settings), None
        build = {"context_tokens": model.context_tokens}
        self._post(ModelLoaded(model.name, time.perf_counter() - started, build))


def wanted(settings: "Settings") -> tuple[object, ...]:
    """What decides which model is loaded, and how."""
    return named(settings.model), settings.threads, settings.context_tokens, settings.adapter
