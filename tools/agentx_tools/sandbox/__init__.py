"""The walls around the code that a model writes: kept by the kernel, set up by the host, never by a prompt.

::

    host (asyncio)              supervisor                    inside the walls
    Sandbox.run ──request────►  passes requests on  ───────►  fork server ──fork──► program and what it starts
            ◄── output, read directly ──────────────────────────────────────────────────┘
            ◄──how it ended───  counts processes, memory, disk; kills

`client` is the host's side, `supervisor` the process between, `server` what runs inside. `paths` says which files are
seen, `landlock`, `seccomp` and `namespaces` are the walls, `walls` puts them up in order. A program that wants more
than its `Limits` is ended with everything it started. Runs on Linux from 5.13 on, as root or not, without Docker and
without a setuid helper; `levels` tells how much of it holds on this machine.

Only the standard library is used, so that the same files run in the supervisor and inside.
"""
