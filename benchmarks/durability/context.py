"""`python -m benchmarks.durability context`: a needle told in turn 3 is asked for after many more, in a context that
holds a part of them. The real model, without tools; each seed tells another needle among other small talk."""

import argparse
import asyncio
import random
import sys
import time

from agentx import Agent
from agentx.events import ContextFolded, RunFinished
from agentx.memory_journal import MemoryJournal

SUBJECTS = {
    "the code of my bicycle lock": ("My bicycle lock has the code {}.", "What is the code of my bicycle lock?"),
    "the name of my boat": ("I named my boat {}.", "What is the name of my boat?"),
    "my aunt's street": ("My aunt lives in {} Street.", "In which street does my aunt live?"),
    "my flight": ("My flight back is number {}.", "What is the number of my flight back?"),
}
PLACES = ("harbour", "library", "market", "museum", "station", "bakery", "garden", "theatre", "bridge", "school")
DOINGS = ("met Ola", "bought bread", "waited for the rain to stop", "read a paper", "lost a glove", "took a picture")


def needle(dice: random.Random) -> tuple[str, str, str]:
    """What is told, what is asked, and the word that the answer must have."""
    told, asked = SUBJECTS[dice.choice(sorted(SUBJECTS))]
    word = "".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(3)).capitalize()
    value = str(dice.randrange(1000, 9999)) if "code" in told or "number" in told else word
    return told.format(value), asked, value


async def conversation(agent: Agent, seed: int, turns: int) -> tuple[bool, int, int, str]:
    """Whether the needle was found, the folds, the tasks that failed, and the answer."""
    dice = random.Random(seed)
    told, asked, word = needle(dice)
    session, folds, failed, answer = agent.session(), 0, 0, ""
    for turn in range(1, turns + 1):
        days = (
            f"On day {turn}, hour {hour}, I {dice.choice(DOINGS)} at the {dice.choice(PLACES)}." for hour in (9, 12, 18)
        )
        task = f"{' '.join(days)} Say only: noted."
        task = told if turn == 3 else asked if turn == turns else task
        async for event in session.stream(task):
            folds += isinstance(event, ContextFolded)
            if isinstance(event, RunFinished):
                failed += event.status != "ok"
                answer = str(event.output)
    return word.lower() in answer.lower(), folds, failed, answer


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.durability context", description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="seed to begin with")
    parser.add_argument("--context", type=int, default=8192, help="tokens of the model's context")
    parser.add_argument("--model", default=None)
    given = parser.parse_args(arguments)
    instructions = "You are a helpful assistant. Answer in one short sentence."
    agent = Agent(
        given.model,
        instructions=instructions,
        strategy="direct",
        journal=MemoryJournal(),
        context_tokens=given.context,
    )
    found = failures = 0
    for seed in range(given.first, given.first + given.seeds):
        started = time.perf_counter()
        hit, folds, failed, answer = asyncio.run(conversation(agent, seed, given.turns))
        found, failures = found + hit, failures + failed
        took = time.perf_counter() - started
        print(
            f"seed {seed}: {'found' if hit else 'LOST'}, {folds} folds, {failed} failed, {took:.0f} s: {answer}",
            flush=True,
        )
    print(f"{found} of {given.seeds} found, {failures} tasks failed")
    return 0 if found >= 0.9 * given.seeds and not failures else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
