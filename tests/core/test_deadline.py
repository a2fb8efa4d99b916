"""The time limit of a run stands still while a person is asked."""

import asyncio

import pytest

from agentx.deadline import Deadline


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
