"""A peer's side of `benchmarks.decoding.schemas`, in a process and an environment of its own: a request a line comes in
on stdin, a reply a line goes out on stdout. Needs llama-cpp-python; the kind `outlines` needs outlines too."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

CONTEXT_TOKENS = 2048
Constraint = Callable[[Any, str], dict[str, Any]]
"""What a kind makes of a model and a schema: options of `Llama.generate`."""


def gbnf(llama: Any, schema: str) -> dict[str, Any]:
    """llama.cpp's own grammar sampler."""
    from llama_cpp import LlamaGrammar

    return {"grammar": LlamaGrammar.from_json_schema(schema, verbose=False)}


def outlines(llama: Any, schema: str) -> dict[str, Any]:
    """The logits processor that outlines makes for its llama.cpp models, in its default way."""
    import outlines
    from llama_cpp import LogitsProcessorList
    from outlines.types import JsonSchema

    made: Any = outlines.Generator(outlines.from_llamacpp(llama), JsonSchema(schema))
    return {"logits_processor": LogitsProcessorList([made.logits_processor])}


KINDS: dict[str, Constraint] = {"gbnf": gbnf, "outlines": outlines}


class Worker:
    """Answers requests `{"prompt", "max_tokens", "schema"}`, the schema null for a free reply."""

    def __init__(self, llama: Any, make: Constraint) -> None:
        self._llama = llama
        self._make = make
        self._made: dict[str, dict[str, Any]] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """`{"text", "seconds", "tokens", "compile_s"}`; `{"error"}` where the schema is not taken."""
        schema = json.dumps(request["schema"])
        started = time.perf_counter()
        if request["schema"] is None:
            constraint: dict[str, Any] = {}
        else:
            try:
                constraint = self._made.get(schema) or self._make(self._llama, schema)
            except (Exception, RecursionError) as error:
                return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"}
            self._made[schema] = constraint
        compile_s = time.perf_counter() - started
        for processor in constraint.get("logits_processor", ()):
            processor.reset()
        return {**self._reply(request["prompt"], request["max_tokens"], constraint), "compile_s": compile_s}

    def _reply(self, prompt: str, max_tokens: int, constraint: dict[str, Any]) -> dict[str, Any]:
        """Greedy, by the library's own loop over tokens: what its texts and stop strings cost is left out."""
        ids = self._llama.tokenize(prompt.encode(), add_bos=False, special=True)
        tokens: list[int] = []
        started = time.perf_counter()
        for token in self._llama.generate(ids, temp=0.0, **constraint):
            tokens.append(token)
            if token == self._llama.token_eos() or len(tokens) == max_tokens:
                break
        seconds = time.perf_counter() - started
        text = self._llama.detokenize(tokens).decode(errors="replace")
        return {"text": text, "seconds": seconds, "tokens": len(tokens)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--kind", choices=list(KINDS), required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    from llama_cpp import Llama

    threads = options.threads
    llama = Llama(options.model, n_ctx=CONTEXT_TOKENS, n_threads=threads, n_threads_batch=threads, verbose=False)
    worker = Worker(llama, KINDS[options.kind])
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
