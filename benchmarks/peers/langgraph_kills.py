# pyright: basic, reportMissingImports=false
"""LangGraph in the kill benchmark: one process that begins the graph, or goes on from its last checkpoint.

As its documentation has it: a SQLite checkpointer, durability `sync`, `ToolNode`, each effect in a `task` of its own, a
thread id, and `invoke(None)` to go on. The idempotency key of a transfer is the id of the tool call.
"""

import json
import time
import uuid
from pathlib import Path
from typing import Annotated, Any

from langchain_core.messages import AIMessage
from langchain_core.tools import InjectedToolCallId, StructuredTool
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.func import task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from benchmarks.durability.bank import LATENCY_S, Bank
from benchmarks.durability.fuse import Fuse
from benchmarks.durability.workload import ANSWER, WORKLOADS, Operation, Workload, carry_out

CONFIG: Any = {"configurable": {"thread_id": "1"}}


def model_node(folder: Path, fuse: Fuse, workload: Workload) -> Any:
    """The scripted model: what it says follows from how often it has spoken."""
    bank = Bank(folder)

    def model(state: MessagesState) -> dict[str, Any]:
        fuse.at("before reply")
        bank.saw("\n".join(str(message.content) for message in state["messages"]))
        time.sleep(LATENCY_S)
        said = sum(isinstance(message, AIMessage) for message in state["messages"])
        reply = AIMessage(ANSWER) if said == len(workload.steps) else AIMessage(f"step {said}", tool_calls=calls(said))
        fuse.at("after reply")
        return {"messages": [reply]}

    def calls(number: int) -> list[Any]:
        step = workload.steps[number]
        asked = [("python", {"number": number})] if workload.programs else step
        return [{"name": name, "args": arguments, "id": uuid.uuid4().hex} for name, arguments in asked]

    return model


def tools(folder: Path, fuse: Fuse, workload: Workload) -> list[StructuredTool]:
    @task
    def effect(operation: Operation, key: str) -> str:
        return carry_out(folder, fuse, operation, key)

    def post(text: str) -> str:
        """Posts a text."""
        return effect(("post", {"text": text}), "").result()

    def transfer(text: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> str:
        """Transfers money."""
        return effect(("transfer", {"text": text}), tool_call_id).result()

    def shout(text: str) -> str:
        """Shouts a text."""
        return effect(("shout", {"text": text}), "").result()

    def write_file(path: str, text: str) -> str:
        """Writes a file."""
        return effect(("write_file", {"path": path, "text": text}), "").result()

    def edit_file(path: str, old: str, new: str) -> str:
        """Edits a file."""
        return effect(("edit_file", {"path": path, "old": old, "new": new}), "").result()

    def python(number: int, tool_call_id: Annotated[str, InjectedToolCallId]) -> str:
        """Runs a program."""
        step = workload.steps[number]
        return "\n".join(effect(each, f"{tool_call_id}.{place}").result() for place, each in enumerate(step))

    made = (post, transfer, shout, write_file, edit_file, python)
    return [StructuredTool.from_function(function) for function in made]


def is_done(values: dict[str, Any]) -> bool:
    """Whether the answer is there. `next` is empty too where a node's writes are saved and its checkpoint is not."""
    last = values["messages"][-1] if values.get("messages") else None
    return isinstance(last, AIMessage) and not last.tool_calls


def work(job: dict[str, Any]) -> int:
    """Begins the graph or goes on with it; writes `outcome.json` at the end."""
    folder, workload = Path(job["folder"]), WORKLOADS[job["workload"]]
    began, fuse = time.monotonic(), Fuse(job.get("point", ""), job.get("number", 0))
    builder = StateGraph(MessagesState)
    builder.add_node("model", model_node(folder, fuse, workload))
    builder.add_node("tools", ToolNode(tools(folder, fuse, workload)))
    builder.add_edge(START, "model")
    builder.add_conditional_edges("model", tools_condition)
    builder.add_edge("tools", "model")
    with SqliteSaver.from_conn_string(str(folder / "state.sqlite3")) as saver:
        graph = builder.compile(checkpointer=saver)
        state = graph.get_state(CONFIG)
        values: dict[str, Any] = state.values
        if not is_done(values):
            begun = state.next or values
            given: Any = None if begun else {"messages": [("user", workload.task)]}
            values = graph.invoke(given, CONFIG, durability="sync")
    outcome = {"status": "ok", "answer": str(values["messages"][-1].content), "passed": fuse.passed}
    outcome["seconds"] = time.monotonic() - began
    (folder / "outcome.json").write_text(json.dumps(outcome))
    return 0
