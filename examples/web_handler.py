"""An agent behind HTTP: one decoder serves all requests, and each answer is streamed as server-sent events.

uvicorn --app-dir examples web_handler:app
curl --no-buffer "http://127.0.0.1:8000/?task=Name+three+rivers."
"""

import json
import os
from typing import Any
from urllib.parse import parse_qs

from agentx import Agent
from agentx.errors import AgentXError
from agentx.events import Answered, RunFinished, TextDelta, to_json

# Cheap: the model is loaded at the first request, once for all of them.
agent = Agent(model=os.environ.get("AGENTX_MODEL"), strategy="direct")


async def app(scope: Any, receive: Any, send: Any) -> None:
    """A plain ASGI application, which any framework can mount."""
    if scope["type"] != "http":
        return
    task = parse_qs(scope["query_string"].decode()).get("task", [""])[0]
    status = 200 if task.strip() else 400
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if status == 200:
        try:
            async for event in agent.stream(task):
                if isinstance(event, TextDelta | Answered | RunFinished):
                    await send(_chunk(to_json(event)))
        except AgentXError as error:
            await send(_chunk({"kind": "Error", "text": str(error)}))
    await send({"type": "http.response.body", "body": b""})


def _chunk(row: dict[str, Any]) -> dict[str, Any]:
    return {"type": "http.response.body", "body": f"data: {json.dumps(row)}\n\n".encode(), "more_body": True}
