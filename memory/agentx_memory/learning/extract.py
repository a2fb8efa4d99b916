"""Facts from a message: the model writes them down in JSON, then each is held against the message."""

import json
import re
from typing import Any

from agentx.errors import ContextOverflow
from agentx.messages import Usage
from agentx.model import Constraint, Model
from agentx_memory.retrieval.relevance import probability
from agentx_memory.retrieval.replies import prompt, reply

MAX_CHARACTERS = 2_000
"""Of a message that are read: what is longer was pasted, and is about something else."""

MAX_FACTS = 5
MAX_TOKENS = 400

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        # Where a small model has a place for the request, it does not take it for a fact.
        "asks_for": {"type": "string", "pattern": '^[^\\n"\\\\]{0,60}$'},
        "facts": {
            "type": "array",
            "items": {"type": "string", "pattern": '^(I|My|We|Our) [^\\n"\\\\]{3,160}$'},
            "maxItems": MAX_FACTS,
        },
    },
    "required": ["asks_for", "facts"],
    "additionalProperties": False,
}

_NO_FACT = re.compile(r"(I|We) (want|need|ask|would like|am asking) (to|for)\b|.*\b(here|there|it|this)\b", re.I)
"""What small models take for a fact all the same: requests, and what nobody can understand by itself."""

HOLDS = 0.5


async def facts_in(model: Model, message: str) -> tuple[list[str], Usage]:
    """What a message of the user tells about them that lasts, each fact a sentence; none is the usual case.

    In the first person, as they will ask for it: an embedding of "I live in Kiel" is near to "Where do I live?", and
    one of "The user lives in Kiel" is not.
    """
    from agentx.dialects.json_grammar import json_rule

    message = " ".join(message[:MAX_CHARACTERS].split())
    if not message:
        return [], Usage()
    asked = prompt(model, "facts", message=message)
    try:
        written = await reply(
            model, asked, max_tokens=MAX_TOKENS, constraint=Constraint(f"start: {json_rule(_SCHEMA)}")
        )
    except ContextOverflow:
        return [], Usage()
    usage = written.usage
    kept: list[str] = []
    examples = "".join(fragment.text for fragment in prompt(model, "facts", message=""))
    for fact in _facts(written.text):
        if fact in examples and not _has_words_of(message, fact):
            continue
        holds, cost = await probability(model, prompt(model, "fact_said", message=message, fact=fact))
        usage += cost
        if holds >= HOLDS:
            kept.append(fact)
    return kept, usage


def _has_words_of(message: str, fact: str) -> bool:
    return all(word in message.casefold() for word in re.findall(r"\w{4,}", fact.casefold()))


def _facts(text: str) -> list[str]:
    """Of a reply that was cut off, none: half a fact is none."""
    try:
        found: Any = json.loads(text)
        asked = str(found["asks_for"]).strip().casefold()
        facts = dict.fromkeys(" ".join(str(fact).split()) for fact in found["facts"])
    except (ValueError, KeyError, TypeError):
        return []
    return [fact for fact in facts if not _NO_FACT.match(fact) and not (asked and asked in fact.casefold())]
