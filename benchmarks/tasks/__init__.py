"""Multi-step tasks: what a person would type, and whether it was done."""

from benchmarks.tasks.sets import (
    absent,
    chat,
    code,
    convert,
    edits,
    everyday_counting,
    everyday_reading,
    everyday_writing,
    joins,
    logs,
    lookup,
    memory,
    sums,
    web,
)
from benchmarks.tasks.task import Task

TASKS: tuple[Task, ...] = tuple(
    task
    for tasks in (lookup, sums, joins, edits, convert, logs, memory, code, web, absent, chat)
    for task in tasks.TASKS
)
"""The hard tasks, of the splits dev and held."""
EVERYDAY: tuple[Task, ...] = tuple(
    task for tasks in (everyday_reading, everyday_counting, everyday_writing) for task in tasks.TASKS
)
"""The plain tasks, of the split everyday."""

__all__ = ["EVERYDAY", "TASKS", "Task"]
