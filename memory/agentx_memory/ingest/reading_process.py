"""The process that reads files, since their parsers may crash, hang or eat the memory over one made for that.

Each request is a JSON object with an open file; the answer is a JSON object a line: the kind and title, the sections,
an end or the sentence why there is none.
"""

import json
import os
import resource
import signal
import socket
import sys
from pathlib import PurePath
from typing import IO, Any, BinaryIO

from agentx_memory.ingest.blocks import blocks
from agentx_memory.ingest.kinds import SNIFFED_BYTES, kind_of, reader_of
from agentx_memory.ingest.opening import Unreadable

MAX_MEMORY_BYTES = 512 * 2**20
MAX_CHARACTERS = 20 * 2**20
"""Of a document: what is packed may be far longer than its file."""


def main() -> None:
    """Serves until the socket, whose number is the first argument, is closed."""
    # Parsers print, and the answers have the standard output for themselves.
    with os.fdopen(os.dup(1), "w", encoding="utf-8", errors="surrogatepass") as answers:
        os.dup2(2, 1)
        _limit()
        requests = socket.socket(fileno=int(sys.argv[1]))
        while True:
            message, descriptors, _, _ = socket.recv_fds(requests, 2**16, 1)
            if not message:
                return
            with os.fdopen(descriptors[0], "rb") as file:
                _serve(json.loads(message), file, answers)


def _limit() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for kind, limit in ((resource.RLIMIT_DATA, MAX_MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (limit, limit))


def _serve(request: dict[str, Any], file: BinaryIO, answers: IO[str]) -> None:
    # Its default action ends this process, whatever it is at.
    signal.alarm(request["seconds"])
    try:
        _read(PurePath(request["name"]).name, file, answers)
        answer: dict[str, Any] = {"end": True}
    except Unreadable as error:
        answer = {"error": str(error)}
    except RecursionError:
        answer = {"error": "It is nested too deeply to be read."}
    except MemoryError:
        answer = {"error": f"Reading it takes more than {MAX_MEMORY_BYTES // 2**20} MiB of memory.", "last": True}
    _write(answers, answer)
    answers.flush()
    signal.alarm(0)
    if "last" in answer:
        # What a parser holds after such an end is not known.
        os._exit(0)


def _read(name: str, file: BinaryIO, answers: IO[str]) -> None:
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    kind = kind_of(name, head)
    text = reader_of(kind)(file, name)
    _write(answers, {"kind": kind, "title": text.title[:500]})
    characters = 0
    for section in text.sections:
        characters += len(section.text)
        if characters > MAX_CHARACTERS:
            raise Unreadable(f"It holds more than {MAX_CHARACTERS // 2**20} million characters, more than is read.")
        for block in blocks(section):
            _write(answers, [block.text, block.heading, block.line, block.page, block.last_line])


def _write(answers: IO[str], answer: Any) -> None:
    answers.write(json.dumps(answer))
    answers.write("\n")


if __name__ == "__main__":
    main()
