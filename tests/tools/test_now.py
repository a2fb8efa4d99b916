import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from agentx_tools.now import now, told


def test_it_tells_this_moment():
    before = datetime.now().astimezone().replace(microsecond=0)
    shown = datetime.strptime(now.function()[:10] + now.function().split(", ")[2], "%Y-%m-%d%H:%M:%S").astimezone()
    assert before <= shown <= datetime.now().astimezone()


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 2, 29, 7, 5, 3, tzinfo=UTC), "2024-02-29, Thursday, 07:05:03, UTC+00:00"),
        (
            datetime(2024, 7, 1, 23, 0, 0, tzinfo=timezone(timedelta(hours=2), "CEST")),
            "2024-07-01, Monday, 23:00:00, UTC+02:00 (CEST)",
        ),
        (
            datetime(2024, 7, 1, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
            "2024-07-01, Monday, 00:00:00, UTC-03:30",
        ),
    ],
)
def test_a_moment_is_one_line(moment, text):
    assert told(moment) == text


def test_the_zone_is_that_of_the_machine():
    code = "from agentx_tools.now import now; print(now.function())"
    env = {**os.environ, "TZ": "IST-5:30"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("UTC+05:30 (IST)")


def test_it_may_nothing_and_takes_nothing():
    assert now.capabilities == frozenset()
    assert now.parameters["properties"] == {}
