"""Seccomp: which system calls a program may make, whatever files and rights it has.

Listed is what is taken away: ways to more rights, to other processes, to the network, to the kernel's own insides, and
to memory that no limit counts. Calls that came after this list do not exist (`syscalls.HIGHEST_KNOWN`). Starting a
process asks the supervisor, which counts them: the kernel's own limit counts a user's processes, and root's not at all.
"""

import ctypes
import errno
import struct

from agentx_tools.sandbox import bpf, syscalls
from agentx_tools.sandbox.bpf import Action, Check, Rule, fail

_REFUSED = """
acct add_key adjtimex bpf chroot clock_adjtime clock_settime delete_module fanotify_init finit_module fsconfig fsmount
fsopen fspick init_module ioperm iopl kcmp kexec_file_load kexec_load keyctl listen listmount lookup_dcookie
migrate_pages modify_ldt mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at
open_tree perf_event_open pidfd_getfd pivot_root process_madvise process_mrelease process_vm_readv process_vm_writev
ptrace quotactl quotactl_fd reboot request_key seccomp set_mempolicy_home_node setdomainname sethostname setns
settimeofday socket statmount swapoff swapon sysfs syslog umount2 unshare uselib vhangup
"""
_ABSENT = """
clone3 io_setup io_uring_enter io_uring_register io_uring_setup memfd_create memfd_secret mq_open mq_unlink msgctl
msgget msgrcv msgsnd openat2 semctl semget semop semtimedop shmat shmctl shmget userfaultfd
"""
"""Programs have another way where these do not exist: their arguments or their memory could not be judged."""
_ATTRIBUTES = "fremovexattr fsetxattr lremovexattr lsetxattr removexattr setxattr"
_CHANGES_OF_FILES = """
chmod chown fchmod fchmodat fchmodat2 fchown fchownat futimesat lchown utime utimensat utimes
"""
"""Where these work, they reach each file that the user owns, inside the walls or not: Landlock does not hold them."""
_SIGNALS = "kill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tgkill tkill"

_PLACE_OF_PROCESS = {
    "ioprio_set": 1,
    "prlimit64": 0,
    "sched_setaffinity": 0,
    "sched_setattr": 0,
    "sched_setparam": 0,
    "sched_setscheduler": 0,
    "setpriority": 1,
}
"""Which argument says whose limits or priority are set, where Landlock does not ask; 0 is the caller itself."""

_NEW_NAMESPACES = 0x7E020000
_SETUID_BITS = 0o6000
_CREATES = 0o100 | 0o20000000  # O_CREAT, __O_TMPFILE
_STICKS_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_INET_FAMILIES = (2, 10)
_SOCKET_KIND, _STREAM, _TCP, _FAST_OPEN = 0xF, 1, (0, 6), 0x20000000
_SOCKET_LEVEL, _BUFFER_SIZES = 1, (7, 8, 32, 33)
_PRIORITY_OF_USER, _IO_PRIORITY_OF_USER = 2, 3
_SETS_OWNER, _SETS_OWNER_BY_IOCTL = (8, 10, 15), (0x8901, 0x8902)
_ALL = 0xFFFFFFFF
_SET_SECCOMP = 22

_SET_FILTER, _NEW_LISTENER = 1, 8


def rules(*, own_namespaces: bool, scoped_signals: bool, network: bool) -> list[Rule]:
    """The policy.

    Args:
        own_namespaces: no other processes can be named, and nothing but the workspace can be written to, so that the
            mode of a file may be changed for real.
        scoped_signals: a process namespace keeps signals inside, and from the fork server.
        network: TCP sockets may be made; Landlock says where they connect to.
    """
    made = _connections() if network else []
    made += [Rule(name, fail(errno.EPERM)) for name in _REFUSED.split()]
    made += [Rule(name, fail(errno.ENOSYS)) for name in _ABSENT.split()]
    made += [Rule(name, fail(errno.EOPNOTSUPP)) for name in _ATTRIBUTES.split()]
    made += _no_setuid_files() if own_namespaces else _nothing_outside()
    made += [Rule("ioctl", fail(errno.EPERM), (Check(1, _ALL, request),)) for request in _STICKS_INPUT]
    # Larger buffers are memory that no limit counts.
    made += [
        Rule("setsockopt", fail(0), (Check(1, _ALL, _SOCKET_LEVEL), Check(2, _ALL, size))) for size in _BUFFER_SIZES
    ]
    made.append(Rule("prctl", fail(errno.EPERM), (Check(0, _ALL, _SET_SECCOMP),)))
    made += [] if scoped_signals else [Rule(name, Action.ASK) for name in ("kill", "tgkill", "tkill")]
    made += [] if scoped_signals else [Rule(name, fail(errno.EPERM)) for name in _SIGNALS.split()]
    made.append(Rule("clone", fail(errno.EPERM), (Check(0, _NEW_NAMESPACES),)))
    made += [Rule(name, Action.ASK) for name in ("clone", "fork", "vfork")]
    return made + _no_setuid_creation()


def _connections() -> list[Rule]:
    """TCP sockets, and no way to connect that Landlock does not see: MPTCP, and sending before connecting."""
    streams = [
        Rule(
            "socket", Action.ALLOW, (Check(0, _ALL, family), Check(1, _SOCKET_KIND, _STREAM), Check(2, _ALL, protocol))
        )
        for family in _INET_FAMILIES
        for protocol in _TCP
    ]
    sends = {"sendmmsg": 3, "sendmsg": 2, "sendto": 3}
    return streams + [Rule(name, fail(errno.EPERM), (Check(at, _FAST_OPEN),)) for name, at in sends.items()]


def _nothing_outside() -> list[Rule]:
    """What no wall but this one holds where the host's files and processes have names inside."""
    return [
        *(Rule(name, fail(0)) for name in _CHANGES_OF_FILES.split()),
        *(Rule(name, fail(errno.EPERM), (Check(place, _ALL),)) for name, place in _PLACE_OF_PROCESS.items()),
        Rule("setpriority", fail(errno.EPERM), (Check(0, _ALL, _PRIORITY_OF_USER),)),
        Rule("ioprio_set", fail(errno.EPERM), (Check(0, _ALL, _IO_PRIORITY_OF_USER),)),
        Rule("inotify_add_watch", fail(errno.EPERM)),
        # Whom the kernel signals when a file is ready.
        *(Rule("fcntl", fail(errno.EPERM), (Check(1, _ALL, command),)) for command in _SETS_OWNER),
        *(Rule("ioctl", fail(errno.EPERM), (Check(1, _ALL, request),)) for request in _SETS_OWNER_BY_IOCTL),
    ]


def _no_setuid_files() -> list[Rule]:
    """A file of the user's with such a bit would run with the user's rights for everybody, outside the walls."""
    places = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2}
    return [Rule(name, fail(errno.EPERM), (Check(place, _SETUID_BITS),)) for name, place in places.items()]


def _no_setuid_creation() -> list[Rule]:
    bits = {"creat": 1, "mknod": 1, "mknodat": 2}
    return [
        *(Rule(name, fail(errno.EPERM), (Check(place, _SETUID_BITS),)) for name, place in bits.items()),
        Rule("open", fail(errno.EPERM), (Check(1, _CREATES), Check(2, _SETUID_BITS))),
        Rule("openat", fail(errno.EPERM), (Check(2, _CREATES), Check(3, _SETUID_BITS))),
    ]


def install(policy: list[Rule]) -> int:
    """Puts this process, and all that it starts, under the policy; returns a file descriptor of the questions.

    Raises:
        OSError: the kernel has no seccomp filters, or refused.
    """
    program = bpf.assemble(policy, syscalls.machine())
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    return syscalls.call("seccomp", _SET_FILTER, _NEW_LISTENER, header)
