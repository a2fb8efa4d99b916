"""Starts the fork server behind the walls of one level, or tells why that level does not hold here."""

import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from agentx_tools.sandbox import namespaces, selftest, server, tree, walls
from agentx_tools.sandbox.paths import Paths
from agentx_tools.sandbox.walls import Level

_GO_ON = b"go on"
_READY = b"null"
_MESSAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Started:
    """The fork server.

    Attributes:
        server: its process id, as seen from outside.
        socket: requests go there, and how they ended comes back.
        questions: file descriptor of the questions of its seccomp filter; None where there are no walls.
        listener: file descriptor of a socket that listens where only programs inside connect; None where they have
            other ways, or none.
    """

    server: int
    socket: socket.socket
    questions: int | None
    listener: int | None = None


def start(level: Level, seen: Paths, port: int | None = None) -> Started | str:
    """The server behind the walls, or what is missing for them; the caller must be the subreaper of what it starts.

    Args:
        port: where a proxy of the host listens, for programs that may use the network.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = os.fork()
    if process == 0:
        _inside(level, seen, theirs, port)
    theirs.close()
    if level >= Level.NAMESPACES:
        # It has moved to other namespaces, where its child is the first process and now one of ours.
        os.waitpid(process, 0)
    try:
        ours.send(_GO_ON)
        message, files, _, _ = socket.recv_fds(ours, _MESSAGE_BYTES, 2)
    except OSError:
        message, files = b"", []
    reason = json.loads(message) if message else "it ended while it was started"
    if reason is None:
        return Started(tree.below(os.getpid())[0], ours, *files or [None])
    ours.close()
    tree.kill(os.getpid(), spared=0)
    return f"{level.name.lower()}: {reason}"


def _inside(level: Level, seen: Paths, theirs: socket.socket, port: int | None) -> NoReturn:
    place = os.dup2(theirs.detach(), 3)
    os.closerange(4, 65_536)
    requests = socket.socket(fileno=place)
    listener: socket.socket | None = None
    try:
        # If the machine runs out of memory, the program goes, and neither the supervisor nor the host with its model.
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as stream:
            stream.write("800")
        if level >= Level.NAMESPACES:
            namespaces.enter()
            if os.fork():
                os._exit(0)
        requests.recv(len(_GO_ON))
        server.die_with_parent()
        if level >= Level.NAMESPACES:
            if port is not None:
                listener = namespaces.loopback_listener()
                port = listener.getsockname()[1]
            namespaces.build_root(seen)
        if level == Level.NONE:
            os.chdir(seen.workspace)
            requests.send(_READY)
        else:
            questions = walls.confine(level, seen, port)
            if leaking := selftest.leaks(seen):
                raise OSError(", ".join(leaking))
            files = [questions, *([] if listener is None else [listener.detach()])]
            socket.send_fds(requests, [_READY], files)
            for file in files:
                os.close(file)
        own = level >= Level.NAMESPACES
        server.serve(requests, "/tmp" if own else seen.scratch, port, own_processes=own)
    except BaseException as error:
        requests.send(json.dumps(getattr(error, "strerror", None) or f"{type(error).__name__}: {error}").encode())
    finally:
        os._exit(1)
