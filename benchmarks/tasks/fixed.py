"""The twelve tasks that peers are run on: chosen before any result was seen, and not to be changed after one."""

FIXED = (
    "lookup-dentist",
    "sums-groceries",
    "sums-bills",
    "joins-order",
    "joins-pottery",
    "edits-phone",
    "convert-members",
    "logs-errors",
    "memory-kitchen",
    "code-prices",
    "web-bus",
    "absent-heating",
)
