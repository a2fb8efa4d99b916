import asyncio
from collections.abc import AsyncGenerator

import pytest
from agentx_learn.decoder.several import replies

from agentx.errors import ContextOverflow
from agentx.model import Delta, Fragment, Sampling


class FakeModel:
    """Goes on for ever with each seed but one, with which it fails once the others have begun."""

    def __init__(self, failing: int | None) -> None:
        self._failing = failing
        self.decoding: set[int] = set()
        self.begun = asyncio.Event()

    async def decode(self, prompt: list[Fragment], *, sampling: Sampling, **_: object) -> AsyncGenerator[Delta]:
        self.decoding.add(sampling.seed)
        if len(self.decoding) == 3:
            self.begun.set()
        await self.begun.wait()
        if sampling.seed == self._failing:
            raise ContextOverflow("full")
        try:
            while True:
                yield Delta("a")
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0.01)
            self.decoding.discard(sampling.seed)


def test_where_one_reply_fails_the_others_are_no_longer_decoded() -> None:
    async def go() -> set[int]:
        model = FakeModel(failing=6)
        with pytest.raises(ContextOverflow, match="full"):
            await replies(model, [Fragment("a")], 3, sampling=Sampling(seed=5))
        return set(model.decoding)

    assert asyncio.run(go()) == {6}


def test_a_caller_who_gives_up_ends_all_of_them() -> None:
    async def go() -> set[int]:
        model = FakeModel(failing=None)
        asked = asyncio.create_task(replies(model, [Fragment("a")], 3, sampling=Sampling(seed=5)))
        await model.begun.wait()
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return set(model.decoding)

    assert asyncio.run(go()) == set()
