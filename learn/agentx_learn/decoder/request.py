"""What `transformers:NAME_OR_PATH?option=value` asks for."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from agentx.errors import ModelNotFound, UsageError

BITS = (0, 4, 8)
DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Request:
    """A model and how it is to be loaded.

    Attributes:
        name: of a model on the hub, of a catalogued model, or a path: a folder as `save_pretrained` writes it, or a
            GGUF file.
        bits: 4 or 8 loads quantised weights where the hardware has it; 0 takes them as they are.
        device: where it runs; "auto" takes a GPU if there is one.
        dtype: of the weights; "auto" takes float32 on a CPU, and on a GPU what they were saved in.
        revision: branch, tag or commit on the hub; empty for the newest.
        repetition_penalty: divides the logits of tokens that stand in the prompt or reply already (Keskar et al. 2019);
            1 leaves them alone.
        no_repeat_ngram_size: no run of so many tokens comes twice, unless the grammar leaves no other; 0 allows all.
    """

    name: str
    bits: int = 0
    device: str = "auto"
    dtype: str = "auto"
    revision: str = ""
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0


def parse(argument: str | None) -> Request:
    """Reads what stands behind `transformers:`.

    Raises:
        ModelNotFound: it names no model.
        UsageError: an option that there is not, or with a value that it cannot have.
    """
    text = argument or ""
    name, _, query = (text, "", "") if Path(text).exists() else text.partition("?")
    if not name.strip():
        raise ModelNotFound(
            "`transformers:` names no model; write transformers:NAME_OR_PATH, with a name of the hub, a folder or a "
            "GGUF file."
        )
    options: dict[str, Any] = {}
    kinds = {field.name: type(field.default) for field in fields(Request) if field.name != "name"}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in kinds:
            raise UsageError(
                f"There is no option `{key}` of a transformers model; the options are: {', '.join(kinds)}."
            )
        try:
            options[key] = kinds[key](value)
        except ValueError:
            raise UsageError(f"`{key}` of a transformers model must be a number, not `{value}`.") from None
    request = Request(name, **options)
    _check(request)
    return request


def _check(request: Request) -> None:
    for key, choices in (("bits", BITS), ("device", DEVICES), ("dtype", DTYPES)):
        if (value := getattr(request, key)) not in choices:
            listed = ", ".join(map(str, choices))
            raise UsageError(f"`{key}` of a transformers model must be one of {listed}, not `{value}`.")
    if not 0 < request.repetition_penalty < 100:
        raise UsageError("`repetition_penalty` of a transformers model must be above 0 and below 100; 1 is none.")
    if request.no_repeat_ngram_size < 0:
        raise UsageError("`no_repeat_ngram_size` of a transformers model must be 0 or more; 0 allows all.")
