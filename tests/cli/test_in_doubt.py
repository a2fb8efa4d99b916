"""`--in-doubt`: a word is about the calls that the user has been told of, and no others."""

import asyncio

import pytest

from agentx.cli.resuming import settler
from agentx.errors import UsageError
from agentx.messages import ToolCall


def settled(word: str, doubts: list[str], *calls: str) -> list[str]:
    settle = settler(word, doubts)

    async def all_of_them() -> list[str]:
        return [await settle(ToolCall(name, "send", {})) for name in calls]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("word", ["happened", "again"])
def test_the_word_is_about_the_call_that_ended_the_run(word: str) -> None:
    assert settled(word, ["call-1"], "call-1", "call-2") == [word, "stop"]


def test_a_program_that_made_the_call_is_run_again() -> None:
    assert settled("happened", ["call-1.2"], "call-1", "call-1.2", "call-1.3") == ["again", "happened", "stop"]


def test_where_nothing_was_told_before_the_first_call_is_meant() -> None:
    assert settled("again", [], "call-1", "call-1.2", "call-1") == ["again", "stop", "again"]


def test_there_are_two_words() -> None:
    with pytest.raises(UsageError, match="happened or again"):
        settler("maybe", [])
