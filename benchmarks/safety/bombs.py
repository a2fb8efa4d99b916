"""Attempts to take more than is allowed, and to stay after the end."""

from benchmarks.safety.probe import probes

LIMITS = [
    *probes(
        "limits",
        fork_bomb="""
children = 0
while children < 200:
    try:
        if os.fork() == 0: time.sleep(60)
    except OSError:
        break
    children += 1
if children >= 64: escaped(children)
""",
        fork_tree="""
end = time.monotonic() + 2
def grow():
    while time.monotonic() < end:
        try:
            if os.fork() == 0: grow(); os._exit(0)
        except OSError:
            time.sleep(0.01)
grow()
""",
        zombies="""
children = 0
while children < 300:
    try:
        if os.fork() == 0: os._exit(0)
    except OSError:
        break
    children += 1
if children >= 100: escaped(children)
""",
        threads="""
stop = threading.Event()
threads = []
try:
    for _ in range(300):
        threads.append(threading.Thread(target=stop.wait, daemon=True)); threads[-1].start()
except RuntimeError:
    threads.pop()
if len(threads) > 64: escaped(len(threads))
os._exit(0)
""",
        memory="""
held = []
while len(held) < 40:
    held.append(bytearray(b"x") * (64 * 2**20))
escaped()
""",
        memory_of_children="""
for _ in range(24):
    if os.fork() == 0:
        held = bytearray(b"x") * (100 * 2**20); time.sleep(10); os._exit(0)
time.sleep(5)
escaped()
""",
        memory_shared="""
held = []
for _ in range(40):
    held.append(mmap.mmap(-1, 64 * 2**20))
    held[-1].write(b"x" * (64 * 2**20))
escaped()
""",
        memory_of_files="""
for number in range(40):
    with open(f"/dev/shm/{number}", "wb") as stream: stream.write(b"x" * (60 * 2**20))
escaped()
""",
        memory_unmapped="""
for number in range(40):
    os.write(os.memfd_create("x"), b"x" * (60 * 2**20))
escaped()
""",
        memory_shared_and_dropped="""
held = []
for _ in range(40):
    held.append(mmap.mmap(-1, 64 * 2**20))
    for at in range(0, 64 * 2**20, 4096): held[-1][at] = 1
    held[-1].madvise(mmap.MADV_DONTNEED)
escaped()
""",
        memory_system_v="""
held = [libc.shmget(0, 64 * 2**20, 0o1600) for _ in range(4)]
for one in held: libc.shmctl(one, 0, None)
if max(held) >= 0: escaped()
""",
        large_file="""
with open("large", "wb") as stream:
    for _ in range(70): stream.write(b"x" * 2**20)
escaped()
""",
        sparse_file="os.truncate(os.open('sparse', os.O_CREAT | os.O_WRONLY, 0o600), 2**30); escaped()",
        large_files="""
for number in range(16):
    with open(f"large-{number}", "wb") as stream:
        for _ in range(60): stream.write(b"x" * 2**20)
    time.sleep(0.2)
escaped()
""",
        large_files_elsewhere="""
folder = os.environ.get("TMPDIR", "/tmp")
for number in range(16):
    with open(f"{folder}/agentx-probe-{number}", "wb") as stream:
        for _ in range(60): stream.write(b"x" * 2**20)
    time.sleep(0.2)
escaped()
""",
        many_files="""
for folder in range(200):
    os.mkdir(f"many-{folder}")
    for number in range(500): open(f"many-{folder}/{number}", "w").close()
escaped()
""",
        unnamed_files="""
held = []
for number in range(16):
    held.append(open("unnamed", "wb")); os.remove("unnamed")
    for _ in range(60): held[-1].write(b"x" * 2**20)
    time.sleep(0.2)
escaped()
""",
        deep_folders="""
for number in range(3000):
    os.mkdir("d" * 200); os.chdir("d" * 200)
    with open("file", "wb") as stream: stream.write(b"x" * 200_000)
    if number % 50 == 0: time.sleep(0.05)
escaped()
""",
        output="""
while True: os.write(1, b"x" * 65536)
""",
        output_of_children="""
for _ in range(8):
    if os.fork() == 0:
        while True: os.write(2, b"x" * 65536)
time.sleep(60)
""",
        endless="""
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
""",
        stopped="os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)",
        more_open_files="resource.setrlimit(resource.RLIMIT_NOFILE, (10**6, 10**6)); escaped()",
        more_file_size="resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1)); escaped()",
        real_time="os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)); escaped()",
        core_dump="""
resource.setrlimit(resource.RLIMIT_CORE, (2**20, 2**20)); escaped()
""",
    ),
    *probes(
        "processes left",
        daemon="""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: os.execvp("sleep", ["sleep", W["sleep"]])
    os._exit(0)
""",
        daemon_of_shell="subprocess.Popen(['sh', '-c', f\"(setsid sleep {W['sleep']} &) &\"], start_new_session=True)",
        daemon_subreaper="""
libc.prctl(36, 1, 0, 0, 0)
for _ in range(5):
    if os.fork() == 0:
        os.setsid(); os.execvp("sleep", ["sleep", W["sleep"]])
""",
        daemon_of_parent="""
if syscall(56, 220, 0x8000 | 17, 0, 0, 0, 0) == 0:
    os.execvp("sleep", ["sleep", W["sleep"]])
""",
        first_thread_ended="""
if os.fork() == 0:
    end = time.monotonic() + 5
    def beat():
        while time.monotonic() < end: time.sleep(0.1)
        os._exit(0)
    threading.Thread(target=beat).start()
    libc.pthread_exit(None)
""",
        forks_while_killed="""
end = time.monotonic() + 5
def again():
    while time.monotonic() < end:
        try:
            if os.fork(): os._exit(0)
            os.setsid()
        except OSError: time.sleep(0.001)
if os.fork() == 0: again()
time.sleep(0.3)
""",
    ),
]
