"""`python -m benchmarks.learn.valid`: calls decoded through transformers at temperature 1; how many do not validate.

The tools are those of the decoding benchmarks, and one for each of their twenty schemas; both dialects by turns. A
reply that the token limit cuts is no call; it is counted apart, and another one takes its place.
"""

import sys
from collections import Counter
from collections.abc import Sequence

import jsonschema

from agentx.dialects.base import Dialect
from agentx.dialects.hermes import HermesJson
from agentx.dialects.python_calls import PythonCalls
from agentx.model import Constraint, Sampling
from agentx.tool import Tool
from benchmarks.decoding.requests import KINDS, TOOLS
from benchmarks.decoding.schema_set import SCHEMAS
from benchmarks.decoding.timing import Figure, Spread, aligned, command, report
from benchmarks.learn.loaded import Ours, options

MAX_TOKENS = 160
DIALECTS = (PythonCalls(), HermesJson())


def case(number: int) -> tuple[Sequence[Tool], str]:
    """Tools and a request for one of them."""
    kind = number % (len(SCHEMAS) + len(KINDS))
    if kind >= len(SCHEMAS):
        return TOOLS, KINDS[kind - len(SCHEMAS)].task(number)
    asked = SCHEMAS[kind]
    parameters = {"type": "object", "properties": {"value": _without_defs(asked.schema)}, "required": ["value"]}
    parameters["$defs"] = asked.schema.get("$defs", {})
    return [Tool.from_schema("store", "Stores what it is given.", parameters, lambda value: None)], asked.request


def _without_defs(schema: dict) -> dict:
    return {key: value for key, value in schema.items() if key != "$defs"}


def judge(text: str, offered: Sequence[Tool], dialect: Dialect) -> str:
    """Why a whole reply is no valid call; empty if it is one."""
    try:
        calls = dialect.parse(text, list(offered))
    except Exception as error:
        return f"not read: {error}"
    by_name = {tool.name: tool for tool in offered}
    for name, arguments in calls:
        try:
            jsonschema.Draft202012Validator(by_name[name].parameters).validate(arguments)
        except jsonschema.ValidationError as error:
            return f"not valid: {error.message}"
    return "" if calls else "no call in it"


def main(arguments: Sequence[str]) -> int:
    parser = options("valid", __doc__)
    parser.add_argument("--replies", type=int, default=1000, help="whole replies wanted")
    parser.add_argument("--first", type=int, default=0, help="number of the first request: for runs side by side")
    chosen = parser.parse_args(arguments)
    counted: Counter[str] = Counter()
    wrong: list[dict[str, str]] = []
    with Ours(chosen.model, chosen.threads) as ours:
        number = chosen.first
        while counted["whole"] < chosen.replies and number < chosen.first + 4 * chosen.replies:
            offered, request = case(number)
            dialect = DIALECTS[number % 2]
            prompt = ours.model.chat.opening(dialect.show_tools(list(offered)), request)
            constraint = Constraint(f"start: calls\n{dialect.grammar(list(offered))}", fast_forward=number % 4 < 2)
            sampling = Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=number)
            text, last = ours.reply(prompt, constraint=constraint, max_tokens=MAX_TOKENS, sampling=sampling)
            number += 1
            if last.finish in ("length", "repetition"):
                counted[f"cut ({last.finish})"] += 1
                continue
            counted["whole"] += 1
            if why := judge(text, offered, dialect):
                wrong.append({"request": request, "reply": text, "why": why})
            if counted["whole"] % 50 == 0:
                print(f"{counted['whole']} of {chosen.replies}, {len(wrong)} invalid", file=sys.stderr)
    counted["invalid"] = len(wrong)
    figure = Figure("replies that do not validate", Spread(len(wrong), len(wrong), len(wrong), counted["whole"]), 0)
    rows = [("replies", "count"), *((what, str(count)) for what, count in sorted(counted.items()))]
    report(chosen, [figure], aligned(rows), {"counts": counted, "invalid": wrong})
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
