"""Attempts to get out of a sandbox, or to take more than is allowed, each a Python program.

A program finds the host's things in the dict `W` and prints ESCAPED where it gets at them; what it cannot see itself,
such as a process that outlives it, `escapes` looks at from outside. They are harmless where they succeed, but
for root's: never run them as root without walls.
"""

from benchmarks.safety.bombs import LIMITS
from benchmarks.safety.probe import probes

PRELUDE = """
import ctypes, ctypes.util, errno, mmap, os, pathlib, platform, resource, signal, socket, stat, struct, subprocess, sys
import threading, time
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
def escaped(*what):
    print("ESCAPED", *what, flush=True)
def syscall(x86, arm, *arguments):
    ctypes.set_errno(0)
    return libc.syscall(x86 if X86 else arm, *arguments)
def allowed(x86, arm, *arguments, harmless=()):
    '''Whether the kernel did it, or would have with better arguments: the errors named.'''
    done = syscall(x86, arm, *arguments) >= 0 or ctypes.get_errno() in harmless
    if done:
        escaped()
"""


PROBES = [
    *probes(
        "files",
        read_outside="if open(W['secret']).read(): escaped()",
        write_outside="open(W['secret'], 'a').write('x'); escaped()",
        create_outside="open(W['outside'] + '/new', 'w'); escaped()",
        delete_outside="os.remove(W['victim_file']); escaped()",
        rename_outside="os.rename(W['victim_file'], W['outside'] + '/renamed'); escaped()",
        take_outside="os.rename(W['victim_file'], 'taken'); escaped()",
        hard_link="os.link(W['secret'], 'linked')\nif open('linked').read(): escaped()",
        symbolic_link="os.symlink(W['secret'], 'symbolic')\nif open('symbolic').read(): escaped()",
        dots="if open('../' * 30 + W['secret']).read(): escaped()",
        root_of_process="if open('/proc/self/root' + W['secret']).read(): escaped()",
        root_of_first="if open('/proc/1/root' + W['secret']).read(): escaped()",
        root_of_parent="if open(f'/proc/{os.getppid()}/root' + W['secret']).read(): escaped()",
        cwd_of_host="if open(f\"/proc/{W['host']}/cwd/../secret.txt\").read(): escaped()",
        list_outside="if os.listdir(W['outside']): escaped()",
        passwords="if open('/etc/shadow').read() or open('/etc/passwd').read(): escaped()",
        users="if open('/etc/passwd').read(): escaped()",
        home="if len(os.listdir(W['home'])) > 1: escaped()",  # the way to an interpreter may lead through it
        truncate_outside="os.truncate(W['victim_file'], 0); escaped()",
        interpreter="open(os.path.join(os.path.dirname(os.__file__), 'agentx_probe.py'), 'w'); escaped()",
        programs="open('/usr/bin/agentx-probe', 'w'); escaped()",
        handle="""
buffer = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
mount = ctypes.c_int()
if syscall(303, 264, -100, W["secret"].encode(), buffer, ctypes.byref(mount), 0) >= 0:
    place = syscall(304, 265, os.open(".", os.O_RDONLY), buffer, os.O_RDONLY)
    if place >= 0: escaped()
""",
        files_inherited="""
for file in range(3, 1024):
    try:
        target = os.readlink(f"/proc/self/fd/{file}")
    except OSError:
        try:
            mode = os.fstat(file).st_mode
        except OSError:
            continue
        target = "a folder" if stat.S_ISDIR(mode) else "a socket" if stat.S_ISSOCK(mode) else "pipe"
    if not target.startswith(("pipe", "/proc/")) and file not in W["own_files"]:
        escaped(file, target)
""",
        chroot="os.chroot('.'); escaped()",
        move_root="allowed(155, 41, b'.', b'.', harmless=(errno.EINVAL, errno.EBUSY))",
    ),
    *probes(
        "host",
        environment="if W['token'] in repr(os.environ): escaped()",
        environment_of_host="if W['token'].encode() in open(f\"/proc/{W['host']}/environ\", 'rb').read(): escaped()",
        environment_of_all="""
for name in os.listdir("/proc"):
    if name.isdigit():
        try:
            if W["token"].encode() in open(f"/proc/{name}/environ", "rb").read(): escaped(name)
        except OSError:
            pass
""",
        command_lines="""
for name in os.listdir("/proc"):
    if name.isdigit() and W["marker"].encode() in open(f"/proc/{name}/cmdline", "rb").read(): escaped(name)
""",
        memory_of_host="open(f\"/proc/{W['host']}/mem\", 'rb'); escaped()",
        memory_by_call="""
buffer = ctypes.create_string_buffer(8)
local, remote = struct.pack("QQ", ctypes.addressof(buffer), 8), struct.pack("QQ", W["address"], 8)
if syscall(310, 270, W["victim"], local, 1, remote, 1, 0) >= 0 or ctypes.get_errno() == errno.EFAULT: escaped()
""",
        trace="allowed(101, 117, 16, W['victim'], 0, 0)",
        seize="allowed(101, 117, 0x4206, W['victim'], 0, 0)",
        file_of_host="""
place = syscall(434, 434, W["victim"], 0)
if place >= 0: allowed(438, 438, place, 0, 0)
""",
        signal_to_victim="os.kill(W['victim'], signal.SIGTERM); escaped()",
        signal_to_host="os.kill(W['host'], 0); escaped()",
        signal_to_group="os.killpg(os.getpgid(W['victim']), signal.SIGTERM); escaped()",
        signal_by_handle="signal.pidfd_send_signal(os.pidfd_open(W['victim']), signal.SIGTERM); escaped()",
        signal_queued="allowed(129, 138, W['victim'], 15, bytes(128))",
        compare="allowed(312, 272, os.getpid(), W['victim'], 0, 0, 0)",
        limits_of_victim="resource.prlimit(W['victim'], resource.RLIMIT_NOFILE, (1, 1)); escaped()",
        slow_user="os.setpriority(os.PRIO_USER, 0, 19)",
        signal_by_file="""
import fcntl
one, other = socket.socketpair()
fcntl.fcntl(one, fcntl.F_SETOWN, W["victim"]); fcntl.fcntl(one, 10, 9)
fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC); other.send(b"x"); time.sleep(0.1)
""",
        watch_outside="""
if syscall(254, 27, syscall(294, 26, 0), W["outside"].encode(), 0x100) >= 0: escaped()
""",
        shared_memory="""
if libc.shmctl(0, 14, ctypes.create_string_buffer(200)) >= 0 or ctypes.get_errno() == errno.EINVAL: escaped()
""",
        slow_victim="os.setpriority(os.PRIO_PROCESS, W['victim'], 19); escaped()",
        terminal="allowed(16, 29, 0, 0x5412, b'x', harmless=(errno.ENOTTY,))",
    ),
    *probes(
        "network",
        tcp="socket.create_connection(('127.0.0.1', W['tcp']), 2); escaped()",
        tcp_listen="place = socket.socket(); place.bind(('0.0.0.0', 0)); place.listen(); escaped()",
        udp="socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', W['udp'])); escaped()",
        tcp_6="socket.socket(socket.AF_INET6, socket.SOCK_STREAM); escaped()",
        unix="socket.socket(socket.AF_UNIX).connect(W['unix']); escaped()",
        unix_abstract="socket.socket(socket.AF_UNIX).connect('\\0' + W['abstract']); escaped()",
        unix_datagram="socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); escaped()",
        vsock="socket.socket(40, socket.SOCK_STREAM); escaped()",
        raw="socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); escaped()",
        packet="socket.socket(17, socket.SOCK_RAW, 3); escaped()",
        netlink="socket.socket(16, socket.SOCK_RAW, 0); escaped()",
        kernel_crypto="socket.socket(38, socket.SOCK_SEQPACKET); escaped()",
        names="socket.getaddrinfo('example.com', 80); escaped()",
        tcp_by_sending="""
socket.socket().sendto(b"x", 0x20000000, ("127.0.0.1", W["tcp"])); escaped()
""",
        tcp_by_mptcp="socket.socket(2, 1, 262).connect(('127.0.0.1', W['tcp'])); escaped()",
        tcp_listen_unbound="place = socket.socket(); place.listen(); escaped()",
        pair_elsewhere="""
one, other = socket.socketpair()
one.connect(W["unix"]); escaped()
""",
    ),
    *LIMITS,
    *probes(
        "modes",
        chmod="os.chmod(W['victim_file'], 0o777)",
        chmod_device="mode = os.stat('/dev/full').st_mode; os.chmod('/dev/full', mode & 0o7777 | 1)\n"
        "if os.stat('/dev/full').st_mode != mode: escaped()",
        chmod_by_file="os.fchmod(os.open(W['victim_file'], os.O_RDONLY), 0o777)",
        times="os.utime(W['victim_file'], (0, 0))",
        owner="os.chown(W['victim_file'], 12345, 12345)",
        attribute="os.setxattr(W['victim_file'], 'user.agentx', b'x')",
        setuid="open('own', 'w').close(); os.chmod('own', 0o4755)",
        setuid_at_once="os.close(os.open('own', os.O_CREAT | os.O_WRONLY, 0o4755))",
        setuid_by_mknod="os.mknod('own', 0o104755)",
        setgid="open('own', 'w').close(); os.chmod('own', 0o2755)",
        setuid_newer="open('own', 'w').close(); syscall(452, 452, -100, b'own', 0o4755, 0)",
        device="os.mknod('device', stat.S_IFBLK | 0o666, os.makedev(8, 0)); escaped()",
        device_character="os.mknod('device', stat.S_IFCHR | 0o666, os.makedev(1, 5)); escaped()",
        disk="os.open(next(str(path) for path in pathlib.Path('/dev').glob('[svx]d*')), os.O_RDONLY); escaped()",
    ),
    *probes(
        "kernel",
        mount="allowed(165, 40, b'none', b'.', b'tmpfs', 0, None)",
        mount_again="allowed(165, 40, b'none', b'/usr', None, 4096 | 32, None, harmless=(errno.EINVAL,))",
        unmount="allowed(166, 39, b'/proc', 2, harmless=(errno.EINVAL,))",
        mount_new="allowed(430, 430, b'tmpfs', 0)",
        mount_tree="allowed(428, 428, -100, b'.', 1)",
        mount_attributes="""
allowed(442, 442, -100, b"/", 0x8000, struct.pack("QQQQ", 0, 1, 0, 0), 32, harmless=(errno.EINVAL,))
""",
        namespace="allowed(272, 97, 0x10000000)",
        namespace_of_network="allowed(272, 97, 0x40000000)",
        namespace_by_clone="""
process = syscall(56, 220, 0x10000000 | 17, 0, 0, 0, 0)
if process == 0: os._exit(0)
if process > 0: escaped()
""",
        namespace_by_clone3="""
arguments = struct.pack("8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
process = syscall(435, 435, arguments, 64)
if process == 0: os._exit(0)
if process > 0: escaped()
""",
        namespace_of_host="""
place = os.open(f"/proc/{W['host']}/ns/net", os.O_RDONLY); allowed(308, 268, place, 0)
""",
        namespace_by_handle="allowed(308, 268, os.pidfd_open(W['victim']), 0x20000, harmless=(errno.EINVAL,))",
        io_uring="allowed(425, 425, 4, bytes(120))",
        bpf="allowed(321, 280, 0, struct.pack('IIIIQQQQQ', 2, 4, 4, 1, 0, 0, 0, 0, 0), 56)",
        keys="allowed(250, 219, 0, -3, 1)",
        keys_added="allowed(248, 217, b'user', b'agentx', b'x', 1, -2)",
        performance="allowed(298, 241, struct.pack('II', 1, 120) + bytes(112), 0, -1, -1, 0)",
        faults="allowed(323, 282, 1)",
        modules="allowed(313, 273, os.open('/dev/null', os.O_RDONLY), b'', 0, harmless=(errno.ENOEXEC, errno.EINVAL))",
        host_name="allowed(170, 161, b'agentx', 6)",
        clock="allowed(227, 112, 0, None, harmless=(errno.EFAULT,))",
        swap="allowed(168, 225, b'/none', harmless=(errno.ENOENT,))",
        log="allowed(103, 116, 3, bytes(4096), 4096)",
        events="allowed(300, 262, 0, 0)",
        quota="allowed(179, 60, 0x80000700, b'/dev/null', 0, 0, harmless=(errno.ENOTBLK, errno.ENODEV, errno.ESRCH))",
        ports="allowed(173, 9999, 0x80, 1, 1)",
        newest_call="""
if syscall(463, 463, -100, W["victim_file"].encode(), 0, b"user.x", None, 0) >= 0 or ctypes.get_errno() != errno.ENOSYS:
    escaped()
""",
        other_abi="""
if X86:
    code = mmap.mmap(-1, 4096, prot=7)
    # mov eax, 20 (getpid of the 32-bit calls); int 0x80; ret
    code.write(bytes.fromhex("b814000000cd80c3"))
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    if call() > 0: escaped()
""",
        other_numbers="if X86 and libc.syscall(0x40000000 | 39) > 0: escaped()",
        kernel_values="open('/proc/sys/kernel/core_pattern', 'r+').close(); escaped()",
        kernel_values_of_network="open('/proc/sys/net/ipv4/ip_forward', 'r+').close(); escaped()",
        sysrq="os.open('/proc/sysrq-trigger', os.O_WRONLY); escaped()",
        control_groups="""
folder = next(path for path in pathlib.Path("/sys/fs/cgroup").rglob("*") if path.is_dir())
(folder / "agentx").mkdir(); escaped()
""",
        system="next(pathlib.Path('/sys/class').iterdir()); escaped()",
        user="os.setuid(0 if os.getuid() else 1); escaped()",
        filters="allowed(317, 277, 1, 8, struct.pack('HxxxxxxQ', 0, 0), harmless=(errno.EFAULT, errno.EINVAL))",
    ),
    *probes(
        "obeyed later",
        level=2,
        own_settings="open('.agentx/policy.toml', 'w').write('x'); escaped()",
        own_settings_moved="os.rename('.agentx', 'moved'); os.mkdir('.agentx'); escaped()",
        hooks="open('.git/hooks/pre-commit', 'w').write('x'); escaped()",
        hooks_moved="os.rename('.git', 'moved'); escaped()",
        git_settings="open('.git/config', 'a').write('x'); escaped()",
    ),
]
