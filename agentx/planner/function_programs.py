"""Worked examples for strategy `code` where there are functions and no files.

Each stands behind functions of its own, as the user's task stands behind the user's, so that what is learnt is to call
the functions that are listed: a model that sees calls of others invents more of them. The first programs print what
functions give, since nothing else tells its form.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from agentx.dialects.python_calls import PythonCalls
from agentx.planner.requests import as_tools, listed


def order_numbers(customer: str) -> list[int]:
    """Numbers of the orders of a customer."""
    raise NotImplementedError


def order(number: int) -> dict[str, Any]:
    """What was ordered."""
    raise NotImplementedError


def plant_price(plant: str) -> float:
    """Price of a plant in euros."""
    raise NotImplementedError


def letters() -> list[str]:
    """Titles of all letters."""
    raise NotImplementedError


def letter(title: str) -> str:
    """Text of a letter."""
    raise NotImplementedError


def put_letter(title: str, text: str) -> str:
    """Writes a letter."""
    raise NotImplementedError


def shelf_items(shelf: int) -> list[str]:
    """What lies on a shelf, 1 to 3."""
    raise NotImplementedError


def move_item(item: str, shelf: int) -> str:
    """Puts an item on another shelf."""
    raise NotImplementedError


_FUNCTIONS: tuple[tuple[Callable[..., Any], ...], ...] = (
    (order_numbers, order, plant_price),
    (letters, letter, put_letter),
    (shelf_items, move_item),
)

_PROGRAMS = (
    """Task: What do the plants that Ida ordered cost together?
```python
# What do the plants that Ida ordered cost together?
print(order_numbers(customer="Ida"))
```
Output:
[31, 34]
```python
# What do the plants that Ida ordered cost together?
for number in [31, 34]:
    print(order(number=number))
```
Output:
{'plant': 'fern', 'pieces': 2}
{'plant': 'rose', 'pieces': 1}
```python
# What do the plants that Ida ordered cost together?
print(plant_price(plant="fern") * 2 + plant_price(plant="rose") * 1)
```
Output:
27.5
DONE: The plants that Ida ordered cost 27.50 together.""",
    """Task: Who brings the cake to the party?
```python
# Who brings the cake to the party?
print(letters())
```
Output:
['bill', 'from-kim', 'from-ola']
```python
# Who brings the cake to the party?
for title in letters():
    print(title, letter(title=title))
```
Output:
bill 2 chairs 40
1 table 90
from-kim I bring the cake.
from-ola I cannot come to the party.
DONE: Kim brings the cake to the party.

Task: Put the total of my bill into a letter called sum.
```python
# Put the total of my bill into a letter called sum.
print(letter(title="bill"))
```
Output:
2 chairs 40
1 table 90
```python
# Put the total of my bill into a letter called sum.
total = 0
for line in letter(title="bill").splitlines():
    total += int(line.split()[-1])
print(total, put_letter(title="sum", text=f"{total}\\n"))
```
Output:
130 written
DONE: The total of your bill is 130; it stands in the letter sum now.

Task: Ola can come to the party after all. Correct that in the letter from-ola.
```python
# Ola can come to the party after all. Correct that in the letter from-ola.
print(letter(title="from-ola"))
```
Output:
I cannot come to the party.
```python
# Ola can come to the party after all. Correct that in the letter from-ola.
text = letter(title="from-ola").replace("cannot", "can")
print(put_letter(title="from-ola", text=text))
```
Output:
written
DONE: The letter from-ola says now that Ola can come.""",
    """Task: On which shelf is the spare lamp?
```python
# On which shelf is the spare lamp?
for shelf in (1, 2, 3):
    print(shelf, shelf_items(shelf=shelf))
```
Output:
1 ['ladder']
2 ['spare tyre', 'rope']
3 []
DONE: I could not find a spare lamp: the shelves only hold a ladder, a spare tyre and a rope.

Task: Hello, who are you?
DONE: Hello! I am your assistant, and I can work with these functions.""",
)


@cache
def shown_programs() -> str:
    """All examples as runs would have been written, each behind its functions."""
    return "\n\n".join(
        f"{listed(PythonCalls(), as_tools(functions))}{text}"
        for functions, text in zip(_FUNCTIONS, _PROGRAMS, strict=True)
    )
