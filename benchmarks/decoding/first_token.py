"""One start: opens a model in a fresh process, asks it something behind a long system text, tells when the first piece
of the reply came. Prints a line of JSON; times are of the system-wide monotonic clock."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

RULE = "{0}. Tool number {0} looks up the stock of article {0} in the warehouse and returns how many pieces are left.\n"
QUESTION = "How many pieces of article 7 are left? Name the tool."


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding.first_token", description=__doc__)
    parser.add_argument("model", help="a catalogued name or a GGUF file; empty for the default model")
    parser.add_argument("--folder", type=Path, help="where snapshots lie; without it none are kept")
    parser.add_argument("--prefix", type=int, required=True, help="tokens before the question, about")
    parser.add_argument("--threads", type=int, help="of the decoder (default: what the machine has)")
    options = parser.parse_args(arguments)
    measured = measure(options.model or None, options.folder, options.prefix, options.threads)
    print(json.dumps(asyncio.run(measured)))
    return 0


async def measure(name: str | None, folder: Path | None, prefix: int, threads: int | None) -> dict[str, object]:
    from agentx.decoding.snapshots import Snapshots
    from agentx.models import acquire
    from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions

    resolved = acquire.ensure(name)
    kept = Snapshots(folder, str(resolved.path), resolved.name) if folder else None
    model = LlamaCppModel(resolved.path, resolved.name, options=LlamaOptions(threads=threads), snapshots=kept)
    loaded = time.monotonic()
    # A rule has about 28 tokens in either tokenizer; what it came to is in the report.
    prompt = model.chat.opening("".join(map(RULE.format, range(1, prefix // 28 + 1))), QUESTION)
    first, text, usage = 0.0, "", None
    async for delta in model.decode(prompt, max_tokens=12):
        first = first or time.monotonic()
        text, usage = text + delta.text, delta.usage
    assert usage is not None
    model.close()
    return {
        "loaded": loaded,
        "first": first,
        "reply": text,
        "read": usage.prompt_tokens,
        "reused": usage.reused_tokens,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
