"""The fork server inside the walls: for each request it starts a program, waits for it, and tells how it ended."""

import atexit
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
from typing import Any, NoReturn

from agentx_tools.sandbox import syscalls

RUN = b"run"
_REQUEST, _OUTPUT, _REPORT, _KEEP = range(4)
MOST_FILES = 5
"""Which of the file descriptors that come with a request is which; the last may be a channel to the host's tools."""
_REAP_EVERY_MS = 50
_DIE_WITH_PARENT, _DUMPABLE = 1, 4
_SHELLS = ("/bin/bash", "/bin/sh")


def serve(requests: socket.socket, home: str, proxy_port: int | None, own_processes: bool) -> NoReturn:
    """Runs one program after the other until nobody is there to ask for one.

    Args:
        proxy_port: where the proxy listens that programs may use; None where they have no network.
        own_processes: this is the first process of a namespace: whatever else is alive in it was left by a program.
    """
    os.environ.clear()
    os.environ.update(
        PATH=f"{os.path.dirname(sys.executable)}:/usr/local/bin:/usr/bin:/bin",
        HOME=home,
        TMPDIR=home,
        LANG="C.UTF-8",
        USER="user",
    )
    if proxy_port is not None:
        proxy = f"http://127.0.0.1:{proxy_port}"
        os.environ.update(http_proxy=proxy, https_proxy=proxy, HTTP_PROXY=proxy, HTTPS_PROXY=proxy)
    syscalls.call("prctl", _DUMPABLE, 0, 0, 0, 0)
    while True:
        message, files, _, _ = socket.recv_fds(requests, len(RUN), MOST_FILES)
        if not message:
            os._exit(0)
        program = os.fork()
        if program == 0:
            requests.close()
            _become_program(files)
        for file in files:
            os.close(file)
        status = _wait_for(program)
        if own_processes:
            _kill_the_rest()
        requests.send(json.dumps({"status": status}).encode())


def die_with_parent() -> None:
    """The kernel kills this process when its parent ends."""
    syscalls.call("prctl", _DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def _wait_for(program: int) -> int:
    """Its exit status, negative for a signal. Meanwhile children of others that ended are taken note of."""
    ended = os.pidfd_open(program)
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        while True:
            poll.poll(_REAP_EVERY_MS)
            while True:
                process, status = os.waitpid(-1, os.WNOHANG)
                if process == program:
                    return os.waitstatus_to_exitcode(status)
                if not process:
                    break
    finally:
        os.close(ended)


def _kill_the_rest() -> None:
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
            os.wait()
        except (ChildProcessError, ProcessLookupError):
            if not _has_children():
                return


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _become_program(files: list[int]) -> NoReturn:
    """Turns this fork of the server into the program of a request; never returns to the server's loop."""
    status, report = 70, files[_REPORT]
    try:
        die_with_parent()
        os.setsid()
        line, _, state = _read_all(files[_REQUEST]).partition(b"\n")
        request = json.loads(line)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (files[_OUTPUT], 1), (files[_OUTPUT], 2)):
            os.dup2(source, target)
        report, keep, *channel = _alone([files[_REPORT], *files[_KEEP:]])
        request |= {"state": state, "keep": keep}
        syscalls.call("prctl", _DUMPABLE, 1, 0, 0, 0)
        _limit(request["limits"])
        status = _shell(request) if "command" in request else _python(request, report, channel)
    except BaseException as error:
        os.write(report, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(status)


def _alone(kept: list[int]) -> list[int]:
    """Closes every file descriptor but the standard ones and these, which become 3 and those after."""
    moved = [os.dup2(os.dup(file), 100 + place) for place, file in enumerate(kept)]
    for place, file in enumerate(moved):
        os.dup2(file, 3 + place)
    os.closerange(3 + len(kept), 65_536)
    return [3 + place for place in range(len(kept))]


def _read_all(file: int) -> bytes:
    with os.fdopen(file, "rb", closefd=False) as stream:
        stream.seek(0)
        return stream.read()


def _limit(limits: dict[str, Any]) -> None:
    """What the kernel itself holds for each process; of the whole tree the supervisor counts the sum."""
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, 2 * int(limits["timeout_s"] + 1)),
        (resource.RLIMIT_DATA, 2 * limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 256),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _shell(request: dict[str, Any]) -> NoReturn:
    shell = next(path for path in _SHELLS if os.path.exists(path))
    os.closerange(3, 65_536)
    os.execve(shell, [shell, "-c", request["command"]], dict(os.environ))


def _python(request: dict[str, Any], report: int, channel: list[int]) -> int:
    runner = importlib.import_module(request.get("runner", "agentx_tools._runner"))
    try:
        return runner.main(request, report, channel[0] if channel else None)
    finally:
        # What an interpreter does at its end; this one goes on as the server in the process that it was forked from.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
        sys.stdout.flush()
