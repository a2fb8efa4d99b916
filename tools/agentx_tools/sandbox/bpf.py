"""Rules on system calls, assembled into a classic BPF program as seccomp takes it (`man 2 seccomp`).

The first rule that fits decides; what no rule fits is allowed. Of an argument its low 32 bits are looked at: flags and
modes have no more, and the kernel ignores the rest.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from agentx_tools.sandbox.syscalls import HIGHEST_KNOWN, Machine


class Action(IntEnum):
    """What the kernel answers (`SECCOMP_RET_*`)."""

    KILL = 0x80000000
    ERRNO = 0x00050000
    ASK = 0x7FC00000  # SECCOMP_RET_USER_NOTIF: the supervisor decides
    ALLOW = 0x7FFF0000


def fail(code: int) -> int:
    """The call fails with this error number; with 0 it seems to succeed and does nothing."""
    return Action.ERRNO | code


@dataclass(frozen=True, slots=True)
class Check:
    """True where `argument & mask` is `value`, or with `value` None, is not 0."""

    argument: int
    mask: int
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What is answered to a system call for which all the tests are true."""

    name: str
    answer: int
    tests: tuple[Check, ...] = ()


_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_ABOVE, _IF_NOT_BELOW, _IF_BITS = 0x15, 0x25, 0x35, 0x45
_NUMBER_OFFSET, _MACHINE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_X32 = 0x40000000
_ENOSYS = 38


def assemble(rules: Sequence[Rule], machine: Machine) -> bytes:
    """The program: 8 bytes an instruction. A call by another ABI kills; one that is too new does not exist."""
    code = [
        _instruction(_LOAD, _MACHINE_OFFSET),
        _instruction(_IF_EQUAL, machine.audit_arch, 1, 0),
        _instruction(_RETURN, Action.KILL),
        _instruction(_LOAD, _NUMBER_OFFSET),
        _instruction(_IF_NOT_BELOW, _X32, 1, 0),
        _instruction(_IF_ABOVE, HIGHEST_KNOWN, 0, 1),
        _instruction(_RETURN, fail(_ENOSYS)),
    ]
    for rule in rules:
        if (number := machine.number(rule.name)) is not None:
            code += _assembled(rule, number)
    return b"".join([*code, _instruction(_RETURN, Action.ALLOW)])


def _assembled(rule: Rule, number: int) -> list[bytes]:
    """Jumps to the end of the piece as soon as something does not fit; they are counted from the next instruction."""
    tests: list[tuple[list[bytes], int, int]] = []
    for test in rule.tests:
        load = _instruction(_LOAD, _ARGUMENTS_OFFSET + 8 * test.argument)
        if test.value is None:
            tests.append(([load], _IF_BITS, test.mask))
        else:
            tests.append(([load, _instruction(_AND, test.mask)], _IF_EQUAL, test.value))
    length = 1 + sum(len(before) + 1 for before, _, _ in tests) + 1
    code = [_instruction(_LOAD, _NUMBER_OFFSET), _instruction(_IF_EQUAL, number, 0, length - 1)]
    for before, jump, value in tests:
        code += before
        code.append(_instruction(jump, value, 0, length - len(code)))
    return [*code, _instruction(_RETURN, rule.answer)]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
