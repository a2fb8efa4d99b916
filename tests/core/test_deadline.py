"""The time limit of a run stands still while a person is asked."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agentx.deadline import Deadline, heard_out


async def slow(question: str) -> str:
    await asyncio.sleep(0.5)
    return f"{question} yes"


def test_work_beyond_the_limit_is_ended() -> None:
    async def main() -> None:
        async with Deadline(0.05):
            await asyncio.sleep(30)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_the_time_of_a_person_does_not_count_and_what_was_left_is_left_after_it() -> None:
    async def main() -> list[str]:
        deadline, said = Deadline(0.3), list[str]()
        ask = deadline.still_during(slow)
        with pytest.raises(TimeoutError):
            async with deadline:
                said += await asyncio.gather(ask("one"), ask("two"))
                said.append(await ask("three"))
                await asyncio.sleep(30)
        return said

    assert asyncio.run(main()) == ["one yes", "two yes", "three yes"]


def test_the_time_goes_on_where_a_person_breaks_off() -> None:
    async def broken(question: str) -> str:
        raise ValueError(question)

    async def main() -> None:
        deadline = Deadline(0.05)
        async with deadline:
            with pytest.raises(ValueError, match="gone"):
                await deadline.still_during(broken)("gone")
            await asyncio.sleep(30)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_without_a_limit_there_is_none() -> None:
    async def main() -> str:
        deadline = Deadline(None)
        async with deadline:
            return await deadline.still_during(slow)("no limit:")

    assert asyncio.run(main()) == "no limit: yes"


def test_work_beside_a_question_counts_no_time_while_it_is_asked() -> None:
    async def main() -> str:
        deadline = Deadline(0.2)
        async with deadline:
            _, answer = await asyncio.gather(asyncio.sleep(0.4), deadline.still_during(slow)("it is"))
            return answer

    assert asyncio.run(main()) == "it is yes"


def test_an_answer_that_comes_after_the_end_changes_nothing() -> None:
    async def main() -> str:
        deadline = Deadline(30)
        async with deadline:
            asking = asyncio.ensure_future(deadline.still_during(slow)("late:"))
            await asyncio.sleep(0)
        return await asking

    assert asyncio.run(main()) == "late: yes"


def test_it_tells_whether_it_was_its_own_end() -> None:
    async def runs(limit_s: float | None, work: Callable[[], Awaitable[None]]) -> bool:
        deadline = Deadline(limit_s)
        with pytest.raises(TimeoutError):
            async with deadline:
                await work()
        return deadline.expired

    async def broken() -> None:
        raise TimeoutError("a server sleeps")

    async def main() -> list[bool]:
        return [await runs(0.05, lambda: asyncio.sleep(30)), await runs(30, broken), await runs(None, broken)]

    assert asyncio.run(main()) == [True, False, False]


def test_a_person_who_is_not_waited_for_any_longer_has_said_nothing() -> None:
    async def impatient(question: str) -> str | None:
        async with asyncio.timeout(0.01):
            return await slow(question)

    async def broken(question: str) -> str | None:
        raise ValueError(question)

    assert asyncio.run(heard_out(impatient, None)("well?")) is None
    assert asyncio.run(heard_out(slow, "no")("well?")) == "well? yes"
    with pytest.raises(ValueError, match="well"):
        asyncio.run(heard_out(broken, None)("well?"))
