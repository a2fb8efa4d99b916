"""`python -m benchmarks.learn.adapter_agreement`: greedy answers under one LoRA adapter by both libraries, and how many
agree on their first 16 tokens.

transformers and peft run the adapter as it was saved, over the weights of a GGUF file unpacked to float32; llama.cpp
runs the adapter's GGUF file over the weights as they are, whose products it rounds to 8 bits, and over a copy unpacked
to float32, where the order of sums alone differs: that is where the two files of an adapter are compared. Without
`--adapter` it is one drawn at random, large enough that it changes most answers.
"""

import asyncio
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentx_learn.adapters.gguf_file import write_gguf
from agentx_learn.adapters.peft_folder import read_folder
from agentx_learn.loading import quiet

from agentx.models.gguf import read_header
from agentx.models.llama_cpp import LlamaCppModel, LlamaOptions
from benchmarks.decoding.sides import weights
from benchmarks.decoding.timing import Figure, Spread, command, report
from benchmarks.learn.agreement import FIRST, SYSTEM, questions, unpacked
from benchmarks.learn.loaded import CONTEXT_TOKENS, collect, options, tokens_of

RANK, DRAWN = 16, 0.02
"""Rank of the random adapter, and the deviation of its second matrices."""
TARGET = 0.8

Asked = list[tuple[list[int], list[int]]]
"""Tokens of each prompt, and of the answer of llama.cpp."""


def by_llama(path: Path, asked: Sequence[str], threads: int, adapter: Path | None) -> Asked:
    base = LlamaCppModel(path, path.stem, options=LlamaOptions(CONTEXT_TOKENS, threads, drafts=False))
    model = base.adapted(adapter) if adapter else base

    async def all_of_them() -> Asked:
        found: Asked = []
        for question in asked:
            prompt = model.chat.opening(SYSTEM, question)
            _, last = await collect(model, prompt, max_tokens=FIRST)
            found.append((model._tokens(prompt)[0], tokens_of(last)))
        return found

    answers = asyncio.run(all_of_them())
    base.close()
    return answers


def network_of(path: Path) -> Any:
    """The weights of a GGUF file in float32."""
    import torch
    from transformers import AutoModelForCausalLM

    kind: Any = AutoModelForCausalLM
    with quiet():
        return kind.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)


def random_adapter(network: Any, folder: Path) -> Any:
    """The network under an adapter that is saved to the folder."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear")
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = get_peft_model(network, config)
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=DRAWN)
        adapted.save_pretrained(folder)
    return adapted


def by_peft(adapted: Any, prompts: Sequence[list[int]], ends: set[int]) -> list[list[int]]:
    """The greedy answers of a network, without what ends them."""
    import torch

    found: list[list[int]] = []
    with torch.inference_mode():
        for prompt in prompts:
            ids = torch.tensor([prompt])
            made = adapted.eval().generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=FIRST, do_sample=False,
                eos_token_id=sorted(ends), pad_token_id=min(ends),
            )  # fmt: skip
            answer = made[0, len(prompt) :].tolist()
            found.append([token for token in answer if token not in ends])
    return found


def end_tokens(network: Any, path: Path) -> set[int]:
    """What ends a reply, as the backend on transformers has it."""
    from agentx_learn.decoder import weights as loading
    from transformers import AutoTokenizer

    with quiet():
        return loading.end_tokens(network, AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name))


def main(arguments: Sequence[str]) -> int:
    parser = options("adapter_agreement", __doc__)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--adapter", type=Path, help="folder of peft; without it, an adapter drawn at random")
    chosen = parser.parse_args(arguments)
    asked, path = questions(chosen.questions), weights(chosen.model)
    with tempfile.TemporaryDirectory() as scratch:
        folder, file = chosen.adapter or Path(scratch, "adapter"), Path(scratch, "adapter.gguf")
        network = network_of(path)
        if chosen.adapter:
            from peft import PeftModel

            adapted: Any = PeftModel.from_pretrained(network, folder)
        else:
            adapted = random_adapter(network, folder)
        write_gguf(read_folder(folder), read_header(path), file)
        exact = unpacked(path, Path(scratch))
        sides = {
            "unpacked to float32": by_llama(exact, asked, chosen.threads, file),
            "the file as it is": by_llama(path, asked, chosen.threads, file),
        }
        plain = by_llama(exact, asked, chosen.threads, None)
        prompts = [prompt for prompt, _ in plain]
        ends = end_tokens(adapted, path)
        theirs = by_peft(adapted, prompts, ends)
    figures: list[Figure] = []
    for (side, answers), target in zip(sides.items(), (TARGET * len(asked), None), strict=True):
        agreed = sum(mine == other for (_, mine), other in zip(answers, theirs, strict=True))
        what = f"of {len(asked)} answers by the adapter's two files agree on their first {FIRST} tokens: {side}"
        figures.append(Figure(what, Spread(agreed, agreed, agreed, 1), target, at_least=True))
    changed = sum(mine != other for (_, mine), other in zip(plain, theirs, strict=True))
    report(chosen, figures, f"answers that the adapter changes: {changed} of {len(asked)}", {"peft": theirs, **sides})
    return 0


if __name__ == "__main__":
    sys.exit(command(main))
