"""The tasks by kind: sibling files, each with a tuple `TASKS`."""
