"""The states of the chat as lists of events: what a run that comes into that state has emitted."""

from agentx import events as ev
from agentx.events import Event
from agentx.messages import ToolCall, ToolResult, Usage

STARTED = ev.RunStarted("s", "Why does parse() drop the last row?", "qwen2.5-coder-1.5b", "react", [], "/w")
LOADED = ev.ModelLoaded("qwen2.5-coder-1.5b", 1.2, {"context_tokens": 8192})
BEGUN: list[Event] = [STARTED, LOADED, ev.StepStarted(1)]
READ = ToolCall("r", "read_file", {"path": "src/csv.py"})
RUN = ToolCall("p", "python", {"code": "import csv_lite\nfor n in range(3):\n    print(n)\n"})
EDIT = ToolCall("e", "edit_file", {"path": "src/csv.py", "old": "while i < n - 1:", "new": "while i < n:"})
DIFF = """--- src/csv.py
+++ src/csv.py
@@ -2,3 +2,3 @@
     i = 0
-    while i < n - 1:
+    while i < n:
         i += 1
"""
USAGE = Usage(prompt_tokens=920, sampled_tokens=142, prompt_s=10.0, decode_s=10.0)
ANSWER = """The loop stops **before** the final record because of `n - 1`.

## What I changed

1. the bound of the loop
2. nothing else

```python
while i < n:
    i += 1
```

| n | before | after |
|---|---|---|
| 3 | 2 | 3 |

> Off by one, as ever.
"""


def finished(call: ToolCall, status: str, text: str, elapsed_s: float = 1.25) -> list[Event]:
    result = ToolResult(call.id, status, text, elapsed_s=elapsed_s)  # type: ignore[arg-type]
    return [ev.CallDecoded(call), ev.CallStarted(call), ev.CallFinished(result)]


def used(tokens: int) -> list[Event]:
    usage = Usage(prompt_tokens=tokens)
    return [ev.ModelReplied("d", "", "stop", [], usage), ev.StepFinished(1, USAGE)]


LONG = "\n".join(f"{n}: a line of the file" for n in range(1, 143))
END = ev.RunFinished("ok", ANSWER, None, 2, USAGE)
STATES: dict[str, list[Event]] = {
    "loading": [STARTED],
    "prompt-eval": BEGUN,
    "thinking": [*BEGUN, ev.TextDelta("thought", "I will read the file, then")],
    "calling": [*BEGUN, ev.Thought("I look."), ev.TextDelta("call", 'read_file(path="src/')],
    "streaming": [*BEGUN, ev.TextDelta("answer", ANSWER[:100])],
    "pending": [*BEGUN, ev.Thought("I look."), ev.CallDecoded(READ)],
    "running": [
        *BEGUN,
        ev.CallDecoded(RUN),
        ev.CallStarted(RUN),
        ev.CallProgress("p", "rows=9 expected=10\n\x1b[31mred\x1b[0m 50%\r100%"),
    ],
    "success": [*BEGUN, *finished(READ, "ok", "def parse(n):\n    i = 0")],
    "success-long": [*BEGUN, *finished(READ, "ok", LONG)],
    "diff": [*BEGUN, *finished(EDIT, "ok", DIFF)],
    "error": [*BEGUN, *finished(READ, "error", "There is no `src/csv.py`; did you mean `src/csv_lite.py`?")],
    "rejected": [
        *BEGUN,
        ev.CallDecoded(EDIT),
        ev.ApprovalAsked(EDIT, "edit_file changes files"),
        ev.ApprovalGiven("e", False, "the user said no: not that file"),
        ev.CallFinished(ToolResult("e", "denied", "denied by the user: the user said no: not that file")),
    ],
    "timed-out": [*BEGUN, *finished(RUN, "timeout", "python was given up after 30 seconds.", 30.0)],
    "cancelled": [
        *BEGUN,
        ev.CallDecoded(RUN),
        ev.CallStarted(RUN),
        ev.CallFinished(ToolResult("p", "cancelled", "", elapsed_s=12.4)),
        ev.RunFinished("interrupted", None, "The run was interrupted.", 0, Usage()),
    ],
    "steered": [
        *BEGUN,
        *finished(READ, "ok", "def parse(n):\n    i = 0"),
        ev.Steered("Answer in German."),
        ev.StepStarted(2),
        ev.SteeringShown(2, ["Answer in German."]),
        ev.TextDelta("answer", "Die Schleife endet vor"),
        ev.Steered("And show the diff."),
    ],
    "partial-answer": [
        *BEGUN,
        ev.TextDelta("answer", "The loop stops before"),
        ev.RunFinished("interrupted", None, "The run was interrupted.", 0, Usage()),
    ],
    "failed": [
        *BEGUN,
        ev.RunFinished("failed", None, "The model gave 3 unusable replies in a row; try another.", 3, USAGE),
    ],
    "revised": [
        *BEGUN,
        ev.TextDelta("answer", "It drops 42 rows."),
        ev.StepFinished(1, USAGE),
        ev.Notice("The answer holds what nothing seen so far supports, and is revised: 42."),
        ev.StepStarted(2),
        ev.TextDelta("answer", "It drops the last row of 10."),
        ev.Answered("It drops the last row of 10.", [], ["10"]),
        END,
    ],
    "answered": [
        *BEGUN,
        *finished(READ, "ok", "def parse(n):"),
        *used(2100),
        ev.TextDelta("answer", ANSWER),
        ev.Answered(ANSWER),
        END,
    ],
    "context-80": [*BEGUN, *used(6700), ev.TextDelta("answer", "Nearly full.")],
    "context-95": [*BEGUN, *used(8000), ev.TextDelta("answer", "Full.")],
}
