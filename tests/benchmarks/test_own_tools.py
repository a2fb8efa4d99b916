"""The tasks over users' own tools: each check takes a right answer, and nothing else."""

import pytest

from benchmarks.own_tools.tasks import TASKS, Task
from benchmarks.own_tools.worlds import WORLDS

each = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.text[:40])


@each
def test_a_right_answer_in_a_right_world_is_taken(task: Task) -> None:
    assert task.is_right(task.good, task.expected())


@each
def test_what_was_not_done_is_not_right(task: Task) -> None:
    untouched = WORLDS[task.world][0]()
    assert not task.is_right("" if task.change is None else task.good, untouched)
    assert not task.is_right(task.text, untouched)


@each
def test_a_stray_change_is_not_right(task: Task) -> None:
    for other in TASKS:
        if other.world == task.world and other is not task and other.change:
            state = task.expected()
            other.change(state)
            if state != task.expected():  # of two changes one may be a part of the other
                assert not task.is_right(task.good, state), other.text


@each
def test_answers_of_other_tasks_are_wrong(task: Task) -> None:
    for other in TASKS:
        alike = other.good.startswith("Yes") and task.good.startswith("Yes")
        if task.change is None and other.world == task.world and other is not task and not alike:
            right = task.is_right(other.good, task.expected())
            assert not right or task.good == other.good or set(task.says) & set(other.says), other.text


def test_every_world_has_tools_and_tasks() -> None:
    for name, (make, tools) in WORLDS.items():
        state = make()
        assert len(tools(state)) > 3 and make() == state
        assert sum(task.world == name for task in TASKS) >= 4
        assert any(task.change for task in TASKS if task.world == name)
