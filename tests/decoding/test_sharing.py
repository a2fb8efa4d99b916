"""Requests that come together on a real, small model, counted in rows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentx.model import Constraint, Delta, Fragment
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

PROBE = [Fragment("blue: any?")]
COLOURS = ["red", "green", "blue", "yellow", "violet", "black"]


@pytest.fixture
def model(small_model: Path) -> Iterator[LlamaCppModel]:
    loaded = LlamaCppModel(small_model, "smollm2-135m", options=LlamaOptions(context_tokens=4096))
    yield loaded
    loaded.close()


async def ask(model: LlamaCppModel, prompt: list[Fragment], **options) -> Delta:
    last = Delta("")
    async for delta in model.decode(prompt, **{"max_tokens": 3, **options}):
        last = delta
    return last


async def together(model: LlamaCppModel, prompts: list[list[Fragment]], **options) -> list[Delta]:
    return await asyncio.gather(*(ask(model, prompt, **options) for prompt in prompts))


def rules(count: int, colour: str = "grey") -> Fragment:
    return Fragment("".join(f"Rule {i}: the house with number {i} is painted {colour}.\n" for i in range(count)))


def read(replies: list[Delta]) -> int:
    return sum(reply.usage.prompt_tokens for reply in replies)


def test_a_beginning_that_cold_requests_have_in_common_is_read_once(model: LlamaCppModel) -> None:
    async def go() -> tuple[list[Delta], int, int]:
        prompts = [[rules(60), Fragment(f"{colour}: which houses?")] for colour in COLOURS]
        whole = await model.count([rules(60)])
        ends = sum([await model.count(prompt[1:]) for prompt in prompts])
        return await together(model, prompts), whole, ends

    replies, whole, ends = asyncio.run(go())
    assert whole > 600
    assert read(replies) == whole + ends
    assert sorted(reply.usage.reused_tokens for reply in replies) == [0, *[whole] * (len(COLOURS) - 1)]


def test_the_same_cold_request_many_times_is_read_once(model: LlamaCppModel) -> None:
    prompt = [rules(40), Fragment("\nWhich houses are red?")]
    replies = asyncio.run(together(model, [prompt] * 5))
    assert read(replies) == asyncio.run(model.count(prompt)) + 4


def test_requests_of_two_families_read_two_beginnings(model: LlamaCppModel) -> None:
    async def go() -> tuple[list[Delta], int]:
        families = [rules(40, "grey"), rules(40, "white")]
        prompts = [[families[i % 2], Fragment(f"{colour}: which houses?")] for i, colour in enumerate(COLOURS)]
        new = sum([await model.count([family]) for family in families])
        new += sum([await model.count(prompt[1:]) for prompt in prompts])
        return await together(model, prompts), new

    replies, new = asyncio.run(go())
    # The few tokens that both families begin with may be cached when the second is placed.
    assert new - 32 < read(replies) <= new


def test_a_request_whose_leader_is_cancelled_reads_on_from_there(model: LlamaCppModel) -> None:
    async def go() -> tuple[Delta, int]:
        leader = asyncio.ensure_future(ask(model, [rules(60), Fragment("\nFirst?")]))
        await asyncio.sleep(0)
        follower = asyncio.ensure_future(ask(model, [rules(60), Fragment("\nSecond?")]))
        await asyncio.sleep(0.2)
        leader.cancel()
        await asyncio.gather(leader, return_exceptions=True)
        return await follower, await model.count([rules(60), Fragment("\nSecond?")])

    reply, whole = asyncio.run(go())
    assert reply.finish
    assert reply.usage.prompt_tokens + reply.usage.reused_tokens == whole


def test_a_request_follows_a_leader_that_waits_for_its_grammar(model: LlamaCppModel) -> None:
    prompt = [rules(40), Fragment("\nWhich houses are red?")]
    choices = " | ".join(f'"house {i} of {colour}"' for i in range(300) for colour in COLOURS)

    async def go() -> list[Delta]:
        constrained = ask(model, prompt, constraint=Constraint(f"start: {choices}"), max_tokens=20)
        return list(await asyncio.gather(constrained, *(ask(model, prompt) for _ in range(3))))

    replies = asyncio.run(go())
    assert read(replies) <= asyncio.run(model.count(prompt)) + 3


def test_a_probe_and_a_request_that_is_reading_the_same_beginning_read_it_once(model: LlamaCppModel) -> None:
    async def go() -> tuple[Delta, int, int]:
        request = asyncio.ensure_future(ask(model, [rules(60), Fragment("red: which houses?")]))
        await asyncio.sleep(0.3)
        scores = await model.score([rules(60), *PROBE], [" Yes", " No"])
        new = sum([await model.count(part) for part in ([rules(60)], [Fragment("red: which houses?")], PROBE)])
        return await request, scores.usage.prompt_tokens, new

    reply, probed, new = asyncio.run(go())
    assert reply.usage.prompt_tokens + probed == new


def test_an_unrelated_request_is_not_held_up(model: LlamaCppModel) -> None:
    async def go() -> list[str]:
        done: list[str] = []

        async def note(name: str, prompt: list[Fragment]) -> None:
            await ask(model, prompt)
            done.append(name)

        long = note("long", [rules(60), Fragment("\nWhich houses are red?")])
        follower = note("follower", [rules(60), Fragment("\nWhich houses are blue?")])
        await asyncio.gather(long, follower, note("short", [Fragment("One, two,")]))
        return done

    assert asyncio.run(go())[0] == "short"
