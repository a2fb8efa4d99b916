"""Answers what seccomp asks: whether a program may start one more process, and whether it may signal another.

A question is answered by its arguments in registers alone, which the program cannot change while it waits; the kernel
then carries out the call itself (`man 2 seccomp_unotify`).
"""

import errno
import os
import struct
from collections.abc import Callable
from fcntl import ioctl

from agentx_tools.sandbox import syscalls, tree

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_QUESTION_BYTES = 80
_GO_ON = 1


class Questions:
    """The supervisor's end of a filter.

    Args:
        listener: the file descriptor that `seccomp.install` returned.
        alive: the processes inside, without the fork server.
    """

    def __init__(self, listener: int, alive: Callable[[], list[int]]) -> None:
        self.listener = listener
        self._alive = alive
        self._starts = {syscalls.machine().number(name) for name in ("clone", "fork", "vfork")}
        self._counted = 0
        self._granted: set[int] = set()

    def begin(self) -> None:
        """To be called when nothing is alive inside but the fork server."""
        self._counted = 0
        self._granted.clear()

    def answer(self, most_tasks: int) -> None:
        """Answers one question; waits for none that is not there any more."""
        question = bytearray(_QUESTION_BYTES)
        try:
            ioctl(self.listener, _RECEIVE, question)
        except OSError:
            return  # who asked was killed
        identity, asking, _, number, _, _, first = struct.unpack_from("=QIIiIQQ", question)
        allowed = self._may_start(asking, most_tasks) if number in self._starts else self._may_signal(first)
        refusal = errno.EAGAIN if number in self._starts else errno.EPERM
        reply = struct.pack("=QqiI", identity, 0, 0 if allowed else -refusal, _GO_ON if allowed else 0)
        try:
            ioctl(self.listener, _SEND, bytearray(reply))
        except OSError:
            return

    def _may_start(self, asking: int, most_tasks: int) -> bool:
        """The count is an upper bound: it is only taken anew where it would refuse."""
        if self._counted >= most_tasks:
            # Who was told to go on and is not asleep may not have started its process yet. The server is not counted.
            self._granted = {each for each in self._granted if tree.state(each) in "RDW"}
            self._counted = tree.most_tasks_below(os.getpid()) - 1 + len(self._granted)
        self._counted += 1
        allowed = self._counted <= most_tasks
        if allowed:
            self._granted.add(asking)
        return allowed

    def _may_signal(self, target: int) -> bool:
        """Whether the target, a process or a group, is the sender's own or one that was started inside."""
        target = struct.unpack("=i", struct.pack("=I", target & 0xFFFFFFFF))[0]
        alive = self._alive()
        if target == 0:
            return True
        if target > 0:
            return target in alive
        return target < -1 and all(process in alive for process in _of_group(-target))


def _of_group(group: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.getpgid(int(name)) == group:
                    found.append(int(name))
            except OSError:
                continue
    return found
