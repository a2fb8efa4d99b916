import pytest

from tests.cli.conftest import answer, calls, process
from tests.e2e.conftest import fails

UNRULY = '''
import asyncio, ctypes, logging, os, sys, threading, time
from agentx.tool import tool

@tool
def raises() -> str:
    """Raises."""
    raise RuntimeError("out of paper")

@tool
def exits() -> str:
    """Exits."""
    sys.exit(3)

@tool
async def exits_in_the_loop() -> str:
    """Exits."""
    sys.exit(3)

@tool
async def cancels_itself() -> str:
    """Raises what only the host should."""
    raise asyncio.CancelledError

@tool
def kills_its_thread() -> str:
    """Is ended from outside."""
    me = ctypes.c_ulong(threading.get_ident())
    ctypes.pythonapi.PyThreadState_SetAsyncExc(me, ctypes.py_object(SystemExit))
    while True:
        time.sleep(0.001)

@tool(timeout_s=0.2)
def hangs() -> str:
    """Hangs."""
    threading.Thread(target=time.sleep, args=(60,)).start()
    time.sleep(60)

@tool(timeout_s=0.2)
async def will_not_end() -> str:
    """Does not let itself be cancelled."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

@tool
def prints_100_mb() -> str:
    """Prints."""
    for _ in range(100):
        print("y" * 999_999)
    return "printed"

@tool
def writes_100_mb() -> str:
    """Writes to the descriptor of stdout."""
    for _ in range(100):
        os.write(1, b"z" * 999_999 + b"\\n")
    return "written"

@tool
def closes_the_streams() -> str:
    """Closes what is not its own."""
    sys.stdout.close()
    sys.stderr.close()
    os.close(1)
    return "closed"

@tool
def logs_its_failure() -> str:
    """Logs a traceback, and goes on."""
    try:
        raise RuntimeError("inside")
    except RuntimeError:
        logging.exception("it went wrong")
    return "logged"

@tool
def leaves_a_thread() -> str:
    """Leaves a thread that will raise."""
    def body():
        time.sleep(0.1)
        raise RuntimeError("late")
    threading.Thread(target=body).start()
    return "left"

@tool
async def leaves_a_task() -> str:
    """Leaves a task that raises."""
    async def body():
        raise RuntimeError("late")
    asyncio.ensure_future(body())
    await asyncio.sleep(0.05)
    return "left"

@tool
def returns_odd_text() -> str:
    """Returns what no terminal and no JSON takes as it is."""
    return "a\\ud800\\x00\\x1b[2Jz"

@tool
def returns_depths() -> list:
    """Returns a list in a list in a list."""
    value = []
    for _ in range(100_000):
        value = [value]
    return value
'''

FAULTS = {
    "raises": "RuntimeError: out of paper",
    "exits": "ended with SystemExit: 3",
    "exits_in_the_loop": "ended with SystemExit: 3",
    "cancels_itself": "cancelled itself",
    "kills_its_thread": "ended with SystemExit",
    "hangs": "hangs was given up after 0.2 seconds.",
    "will_not_end": "will_not_end was given up after 0.2 seconds.",
    "returns_depths": "RecursionError",
}
QUIRKS = (
    "prints_100_mb",
    "writes_100_mb",
    "closes_the_streams",
    "logs_its_failure",
    "leaves_a_thread",
    "leaves_a_task",
    "returns_odd_text",
)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_tool_is_told_to_the_model_and_the_run_goes_on(plugin, script, name: str) -> None:
    env = plugin(UNRULY, name)
    model = script(calls(f"{name}()"), answer("I could not."))
    ran = process("run", "t", "--model", model, "--tool", name, "--json", env=env)
    assert (ran.code, ran.object["output"]) == (0, "I could not.")
    assert ran.out.count("\n") == 1
    assert FAULTS[name] in ran.err


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_tool_called_by_hand_is_a_sentence(plugin, name: str) -> None:
    ran = process("tools", "call", name, "{}", env=plugin(UNRULY, name))
    fails(ran, 124 if "given up" in FAULTS[name] else 1, FAULTS[name])
    assert ran.out == ""


@pytest.mark.parametrize("name", QUIRKS)
def test_whatever_a_tool_does_meanwhile_stdout_holds_the_one_object(plugin, script, name: str) -> None:
    env = plugin(UNRULY, name)
    ran = process("run", "t", "--model", script(calls(f"{name}()"), answer("done")), "--tool", name, "--json", env=env)
    assert (ran.code, ran.object["output"]) == (0, "done")
    assert ran.out.count("\n") == 1
    assert "error: " not in ran.err
