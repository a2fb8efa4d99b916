import asyncio
import os
import threading
import time

import pytest

from agentx.threads import MAX_IDLE, in_thread


def idle() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "agentx-idle"]


def test_work_runs_beside_the_event_loop_and_its_result_comes_back() -> None:
    assert asyncio.run(in_thread(threading.current_thread)) is not threading.current_thread()


def test_work_one_after_the_other_shares_its_threads() -> None:
    async def main() -> set[int]:
        return {await in_thread(threading.get_ident) for _ in range(50)}

    assert len(asyncio.run(main())) <= 2


def test_work_at_once_has_a_thread_each_and_no_more_than_a_few_stay() -> None:
    meeting = threading.Barrier(3 * MAX_IDLE)

    async def main() -> None:
        await asyncio.gather(*(in_thread(lambda: meeting.wait(10)) for _ in range(3 * MAX_IDLE)))

    asyncio.run(main())
    deadline = time.monotonic() + 5
    while len(idle()) > MAX_IDLE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(idle()) <= MAX_IDLE


def test_a_thread_that_was_abandoned_holds_up_nobody() -> None:
    gate = threading.Event()

    async def main() -> str:
        hanging = asyncio.ensure_future(in_thread(lambda: gate.wait(10)))
        await asyncio.sleep(0.05)
        hanging.cancel()
        started = time.monotonic()
        assert await in_thread(lambda: "next") == "next"
        assert time.monotonic() - started < 5
        gate.set()
        await asyncio.sleep(0.05)
        return await in_thread(lambda: "and on")

    assert asyncio.run(main()) == "and on"


def test_a_thread_takes_more_work_after_an_error() -> None:
    def fail() -> None:
        raise KeyError("lost")

    async def main() -> int:
        for _ in range(5):
            with pytest.raises(KeyError, match="lost"):
                await in_thread(fail)
        return await in_thread(lambda: 7)

    assert asyncio.run(main()) == 7


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    asyncio.run(in_thread(lambda: None))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = asyncio.run(asyncio.wait_for(in_thread(lambda: 0), 5))
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
