"""The adapter that is to pass, and the traces that it has not learnt from: both as the card beside it tells."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentx import plugins
from agentx.errors import AgentXError, ModelFileError, UsageError
from agentx.models.adapter_file import read_adapter
from agentx.tool import Tool
from agentx_learn.tuning.card import JSON, read_card, sha256_of
from agentx_learn.tuning.kept_traces import HELD_OUT, read_as_shown
from agentx_learn.tuning.traces import Trace

GGUF = "adapter.gguf"


@dataclass(frozen=True, slots=True)
class Subject:
    """Attributes:
    path, sha256: of the adapter's file.
    model: that it was trained on, as the user called it.
    traces: that it has not learnt from.
    """

    path: Path
    sha256: str
    model: str
    traces: Sequence[Trace]


def read_subject(given: Path, data: str | None = None) -> Subject:
    """Reads the adapter's card and its held-out traces.

    Args:
        given: the adapter's file, or the folder that `agentx tune sft` has written.
        data: what it was trained on, where the traces do not lie beside it.

    Raises:
        ModelFileError: there is no such file, it is no adapter, or not the one that its card tells of.
        UsageError: nothing tells which traces it has not learnt from, or they have changed.
        DataError: `data` cannot be read.
    """
    path = given.expanduser().absolute()
    if path.is_dir():
        path /= GGUF
        if not path.is_file():
            raise ModelFileError(
                f"{given} holds no {GGUF}; name the GGUF file of an adapter, or the folder of `agentx tune sft`."
            )
    read_adapter(path)
    card = read_card(path.parent)
    if card is None:
        raise UsageError(
            f"There is no {JSON} beside {path}, so that nothing tells on which traces the adapter was not trained; "
            "name one in the folder that `agentx tune sft` wrote."
        )
    sha256 = sha256_of(path)
    if _table(card, "files").get(path.name) != sha256:
        raise ModelFileError(
            f"{path} is not the adapter that the {JSON} beside it tells of (its SHA-256 differs); train it anew, or "
            "name the one that was written with the card."
        )
    model = str(_table(card, "parameters").get("model") or "")
    traces = _again(card, data) if data else _beside(path.parent / HELD_OUT, card)
    return Subject(path, sha256, model, traces)


def _beside(path: Path, card: Mapping[str, Any]) -> Sequence[Trace]:
    if not path.is_file():
        raise UsageError(
            f"There are no held-out traces beside the adapter ({path}); name the data that it was trained on by --data."
        )
    if sha256_of(path) != _table(card, "data", "evaluation").get("held_out_sha256"):
        raise UsageError(
            f"{path} is not what the card tells of (its SHA-256 differs), so that the adapter may have learnt from it; "
            "name the data that it was trained on by --data."
        )
    return read_as_shown(path, _tool)


def _again(card: Mapping[str, Any], data: str) -> Sequence[Trace]:
    """The held-out share of the data, parted as it was when the adapter was trained."""
    from agentx_learn.tuning.sft_data import read_traces

    told = _table(card, "data", "evaluation")
    share, seed = told.get("evaluation_share"), _table(card, "parameters").get("seed")
    if not isinstance(share, float) or not isinstance(seed, int):
        raise UsageError(f"The {JSON} beside the adapter does not tell which traces judged it; train it anew.")
    traces = read_traces(data, share, seed)
    if traces.described["sha256"] != told.get("sha256"):
        raise UsageError(
            f"{data} is not what the adapter was trained on (its SHA-256 differs from the card's), so that nothing "
            "tells which traces it has not learnt from; name the data as it was then."
        )
    return traces.evaluation


def _tool(described: Mapping[str, Any]) -> Tool:
    """A tool as it was shown when the trace was kept, which is shown and never called.

    What it may do is read of the installed one of that name: calls that change something are asked about first.
    """
    name, may = described["name"], frozenset[Any]()
    if name in plugins.names("agentx.tools"):
        with contextlib.suppress(AgentXError):
            may = plugins.load("agentx.tools", name).capabilities
    return Tool.from_schema(name, described["description"], described["parameters"], _never, capabilities=may)


def _never(**_: Any) -> None:
    """Stands for a tool's body: a call that is proposed is not made."""


def _table(card: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """A table of the card; an empty one where there is none."""
    found: Any = card
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
