"""Multi-step tasks: what a person would type, and whether it was done."""

from benchmarks.tasks.sets import absent, chat, code, convert, edits, joins, logs, lookup, memory, sums, web
from benchmarks.tasks.task import Task

TASKS: tuple[Task, ...] = tuple(
    task
    for tasks in (lookup, sums, joins, edits, convert, logs, memory, code, web, absent, chat)
    for task in tasks.TASKS
)

__all__ = ["TASKS", "Task"]
