"""The filter program, run by a small machine that knows the five instructions it is made of."""

import errno
import struct

import pytest
from agentx_tools.sandbox import seccomp
from agentx_tools.sandbox.bpf import Action, Check, Rule, assemble, fail
from agentx_tools.sandbox.syscalls import HIGHEST_KNOWN, MACHINES

BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


def answer(program, machine, number, *arguments, arch=None):
    data = struct.pack("=iIQ6Q", number, arch or machine.audit_arch, 0, *arguments, *[0] * (6 - len(arguments)))
    code = list(struct.iter_unpack("=HBBI", program))
    place = value = 0
    while True:
        operation, if_true, if_false, operand = code[place]
        place += 1
        match operation:
            case 0x20:
                value = struct.unpack_from("=I", data, operand)[0]
            case 0x54:
                value &= operand
            case 0x06:
                return operand
            case 0x15 | 0x25 | 0x35 | 0x45:
                tests = {0x15: value == operand, 0x25: value > operand, 0x35: value >= operand, 0x45: value & operand}
                place += if_true if tests[operation] else if_false
            case _:
                raise AssertionError(operation)


def policy(machine, **options):
    chosen = {"own_namespaces": True, "scoped_signals": True, "network": False, **options}
    return assemble(seccomp.rules(**chosen), machine)


@BOTH
def test_what_no_rule_fits_is_allowed_and_the_first_that_fits_decides(machine):
    mount = machine.number("mount")
    rules = [Rule("mount", fail(1), (Check(0, 0xFF, 5), Check(1, 6))), Rule("mount", fail(2), (Check(2, 1),))]
    program = assemble(rules, machine)
    assert answer(program, machine, mount, 0x105, 2) == fail(1)
    assert answer(program, machine, mount, 0x105, 1, 1) == fail(2)
    assert answer(program, machine, mount, 4, 2, 2) == Action.ALLOW
    assert answer(program, machine, machine.number("socket"), 0x105, 2) == Action.ALLOW


@BOTH
def test_another_abi_kills_and_newer_calls_do_not_exist(machine):
    program = policy(machine)
    other = next(other for other in MACHINES.values() if other is not machine)
    assert answer(program, machine, 39, arch=other.audit_arch) == Action.KILL
    assert answer(program, machine, HIGHEST_KNOWN + 1) == fail(errno.ENOSYS)
    assert answer(program, machine, 0x40000000 | 39) == fail(errno.ENOSYS)


@BOTH
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("ptrace", (), fail(errno.EPERM)),
        ("io_uring_setup", (), fail(errno.ENOSYS)),
        ("setxattr", (), fail(errno.EOPNOTSUPP)),
        ("socket", (1, 1, 0), fail(errno.EPERM)),
        ("socket", (2, 1, 0), fail(errno.EPERM)),
        ("clone", (0x11,), Action.ASK),
        ("clone", (0x10000011,), fail(errno.EPERM)),
        ("clone3", (), fail(errno.ENOSYS)),
        ("fchmodat", (0, 0, 0o755), Action.ALLOW),
        ("fchmodat", (0, 0, 0o4755), fail(errno.EPERM)),
        ("openat", (0, 0, 0o102, 0o644), Action.ALLOW),
        ("openat", (0, 0, 0o102, 0o4755), fail(errno.EPERM)),
        ("openat", (0, 0, 0, 0o4755), Action.ALLOW),
        ("openat", (0, 0, 0o20200002, 0o2755), fail(errno.EPERM)),
        ("ioctl", (0, 0x5412), fail(errno.EPERM)),
        ("ioctl", (0, 0x5413), Action.ALLOW),
        ("prctl", (22, 2), fail(errno.EPERM)),
        ("prctl", (15,), Action.ALLOW),
        ("kill", (1, 9), Action.ALLOW),
        ("prlimit64", (77,), Action.ALLOW),
    ],
)
def test_the_policy_behind_namespaces(machine, name, arguments, expected):
    assert answer(policy(machine), machine, machine.number(name), *arguments) == expected


@BOTH
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("fchmod", (0, 0o755), fail(0)),
        ("utimensat", (), fail(0)),
        ("prlimit64", (0,), Action.ALLOW),
        ("prlimit64", (77,), fail(errno.EPERM)),
        ("setpriority", (0, 77), fail(errno.EPERM)),
        ("kill", (1, 9), Action.ASK),
        ("rt_sigqueueinfo", (), fail(errno.EPERM)),
    ],
)
def test_the_policy_where_the_hosts_files_and_processes_have_names(machine, name, arguments, expected):
    program = policy(machine, own_namespaces=False, scoped_signals=False)
    assert answer(program, machine, machine.number(name), *arguments) == expected


@BOTH
def test_with_a_network_streams_alone_can_be_made(machine):
    program, number = policy(machine, network=True), machine.number("socket")
    close_on_exec = 0o2000000
    assert answer(program, machine, number, 2, 1 | close_on_exec) == Action.ALLOW
    assert answer(program, machine, number, 10, 1) == Action.ALLOW
    for family, kind in ((2, 2), (2, 3), (1, 1), (16, 3), (40, 1)):
        assert answer(program, machine, number, family, kind) == fail(errno.EPERM)
