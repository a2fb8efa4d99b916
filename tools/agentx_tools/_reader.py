"""Reads one document in a process of its own, a fork of the sandbox's server, which has loaded the parsers."""

import base64
import os
from collections.abc import Mapping
from typing import Any

import pypdfium2
import trafilatura

from agentx.errors import ToolError
from agentx_tools import pdf
from agentx_tools.download import Document
from agentx_tools.page import to_text
from agentx_tools.reading import UNREADABLE

PARSERS = (pypdfium2, trafilatura, pdf)
"""What is loaded once, before the walls stand, and not for each document."""


def main(request: Mapping[str, Any], report: int, channel: int | None) -> int:
    """Prints the text of the document of a request; returns UNREADABLE with a sentence on `report` if it has none."""
    document = Document(request["url"], base64.b64decode(request["content"]), request["media_type"], request["charset"])
    try:
        text = to_text(document, request["links_up_to_bytes"])
    except ToolError as error:
        os.write(report, str(error).encode("utf-8", "replace"))
        return UNREADABLE
    with os.fdopen(1, "wb", closefd=False) as output:
        output.write(text.encode("utf-8", "replace"))
    return 0
