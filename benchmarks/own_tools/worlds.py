"""Small worlds behind tools as a user would write them: nothing of them lies in files, and no bundled tool reaches it.

Reading tools declare nothing, as most people's do; those that change something say so.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from agentx_tools.calculate import calculate

from agentx import Tool, ToolError, tool

State: TypeAlias = dict[str, Any]

changing = tool(capabilities=["writes"])


def documents() -> State:
    return {
        "budget.txt": "rent 800\nfood 310\npower 95\n",
        "config.json": '{"port": 8080, "debug": true}',
        "guests.txt": "Mia - vegetarian\nNoah\nPia - vegan\nQuentin\n",
        "notes/meeting.md": "Meeting of 3 June\nPresent: Ada, Cleo\nNext meeting: 17 June, room 4\n",
        "team.csv": "name,role,hours\nAda,lead,38\nBen,dev,32\nCleo,dev,40\n",
    }


_NOTES = ("The wifi password is plover-77.", "Ada's birthday is 9 May.", "The spare key is at Pia's.")


def of_documents(state: State) -> Sequence[Tool]:
    @tool
    def list_documents() -> list[str]:
        """Names of all documents."""
        return sorted(state)

    @tool
    def read_document(name: str) -> str:
        """Text of a document.

        Args:
            name: as list_documents gives it.
        """
        if name not in state:
            raise ToolError(f"there is no document {name!r}")
        return state[name]

    @changing
    def save_document(name: str, text: str) -> str:
        """Saves a document, in place of one of this name.

        Args:
            name: of the document.
            text: the whole text.
        """
        state[name] = text
        return "saved"

    @tool
    def search_notes(words: str) -> list[str]:
        """Notes of the user that hold any of some words.

        Args:
            words: separated by spaces.
        """
        return [note for note in _NOTES if any(word in note.lower() for word in words.lower().split())] or ["no note"]

    return [list_documents, read_document, save_document, calculate, search_notes]


def shop() -> State:
    return {"refunded": []}


def of_shop(state: State) -> Sequence[Tool]:
    names = {1: "Kim Lund", 2: "Mara Ito"}
    orders = {11: (1, "cup", 9), 12: (1, "kettle", 38), 13: (2, "teapot", 31)}
    prices = {"blue kettle": 38.0, "green teapot": 31.0, "red cup": 9.0}

    @tool
    def find_customer(name: str) -> dict[str, Any]:
        """The record of a customer: id and full name.

        Args:
            name: the full name, or a part of it.
        """
        for number, full in names.items():
            if name.lower() in full.lower():
                return {"id": number, "name": full}
        raise ToolError(f"no customer is called {name!r}")

    @tool
    def orders_of(customer_id: int) -> list[dict[str, Any]]:
        """Orders of a customer: number, item and price in euros."""
        if customer_id not in names:
            raise ToolError(f"no customer has the id {customer_id}")
        return [
            {"number": n, "item": item, "price": euros}
            for n, (who, item, euros) in orders.items()
            if who == customer_id
        ]

    @tool
    def price(item: str) -> float:
        """Price of an item of the shop, such as `green teapot`, in euros."""
        if item not in prices:
            raise ToolError(f"no item is called {item!r}; there are {', '.join(prices)}")
        return prices[item]

    @changing
    def refund(order_number: int) -> str:
        """Pays the price of an order back to the customer."""
        state["refunded"].append(order_number)
        return f"order {order_number} was refunded"

    return [find_customer, orders_of, price, refund]


def calendar() -> State:
    dates = {
        "dentist": ["Wednesday", "11:30"],
        "lunch with Ola": ["Friday", "12:00"],
        "call with the bank": ["Friday", "10:00"],
    }
    return {"dates": dates, "mails": []}


def of_calendar(state: State) -> Sequence[Tool]:
    addresses = {"ola": "ola@mail.example", "kim": "kim@mail.example"}

    @tool
    def appointments(day: str | None = None) -> list[str]:
        """Appointments of the user: what, day and time.

        Args:
            day: a day of the week; None for all.
        """
        return [f"{what}: {on} {at}" for what, (on, at) in state["dates"].items() if day in (None, on)]

    @changing
    def reschedule(what: str, day: str, time: str) -> str:
        """Moves an appointment.

        Args:
            what: as appointments names it.
            day: a day of the week.
            time: as HH:MM.
        """
        if what not in state["dates"]:
            raise ToolError(f"there is no appointment {what!r}; there are {', '.join(state['dates'])}")
        state["dates"][what] = [day, time]
        return "moved"

    @tool
    def address_of(person: str) -> str:
        """Mail address of a person."""
        if person.lower() not in addresses:
            raise ToolError(f"no address of {person!r} is known")
        return addresses[person.lower()]

    @changing
    def send_mail(to: str, text: str) -> str:
        """Sends a mail.

        Args:
            to: an address.
            text: what it says.
        """
        state["mails"].append(to)
        return "sent"

    return [appointments, reschedule, address_of, send_mail]


def library() -> State:
    return {"loans": {"b1": "Tom", "b3": "Uta"}, "reserved": []}


def of_library(state: State) -> Sequence[Tool]:
    books = {
        "b1": {"title": "Moby Dick", "year": 1851, "genre": "fiction"},
        "b2": {"title": "Walden", "year": 1854, "genre": "essay"},
        "b3": {"title": "Emma", "year": 1815, "genre": "fiction"},
        "b4": {"title": "Nature", "year": 1836, "genre": "essay"},
    }

    @tool
    def all_books() -> list[str]:
        """Ids of all books of the library."""
        return list(books)

    @tool
    def book_info(book_id: str) -> dict[str, Any]:
        """Title, year and genre of a book."""
        if book_id not in books:
            raise ToolError(f"no book has the id {book_id!r}")
        return books[book_id]

    @tool
    def find_book(title: str) -> str:
        """Id of the book of a title."""
        for book_id, book in books.items():
            if str(book["title"]).lower() == title.lower():
                return book_id
        raise ToolError(f"no book has the title {title!r}")

    @tool
    def borrower(book_id: str) -> str:
        """Who has borrowed a book."""
        return state["loans"].get(book_id, "nobody, it is on the shelf")

    @changing
    def give_back(book_id: str) -> str:
        """Notes that a book was brought back."""
        if book_id not in state["loans"]:
            raise ToolError(f"{book_id!r} is not lent out")
        del state["loans"][book_id]
        return "noted"

    @changing
    def reserve(book_id: str, person: str) -> str:
        """Reserves a book for a person."""
        if book_id not in books:
            raise ToolError(f"no book has the id {book_id!r}")
        state["reserved"].append([book_id, person])
        return "reserved"

    return [all_books, book_info, find_book, borrower, give_back, reserve]


def home() -> State:
    return {"lamps": {"kitchen": "on", "hall": "off", "bedroom": "on"}, "todo": ["buy milk", "call Ben"]}


def of_home(state: State) -> Sequence[Tool]:
    degrees = {"kitchen": 19.5, "hall": 17.0, "bedroom": 21.0}

    @tool
    def rooms() -> list[str]:
        """Names of the rooms."""
        return list(degrees)

    @tool
    def temperature(room: str) -> float:
        """Temperature of a room, in degrees Celsius."""
        return degrees[_known(room)]

    @tool
    def lamp_state(room: str) -> str:
        """Whether the lamp of a room is on or off."""
        return state["lamps"][_known(room)]

    @changing
    def switch_lamp(room: str, to: str) -> str:
        """Switches the lamp of a room.

        Args:
            room: a room.
            to: `on` or `off`.
        """
        state["lamps"][_known(room)] = to
        return f"the lamp of the {room} is {to}"

    @tool
    def todo_list() -> list[str]:
        """What is on the to-do list."""
        return list(state["todo"])

    @changing
    def add_todo(text: str) -> str:
        """Puts something on the to-do list."""
        state["todo"].append(text)
        return "added"

    @changing
    def remove_todo(text: str) -> str:
        """Takes something off the to-do list, as it stands there."""
        if text not in state["todo"]:
            raise ToolError(f"{text!r} is not on the list; it has {', '.join(state['todo'])}")
        state["todo"].remove(text)
        return "removed"

    def _known(room: str) -> str:
        if room not in degrees:
            raise ToolError(f"there is no room {room!r}; there are {', '.join(degrees)}")
        return room

    return [rooms, temperature, lamp_state, switch_lamp, todo_list, add_todo, remove_todo]


WORLDS: dict[str, tuple[Callable[[], State], Callable[[State], Sequence[Tool]]]] = {
    "documents": (documents, of_documents),
    "shop": (shop, of_shop),
    "calendar": (calendar, of_calendar),
    "library": (library, of_library),
    "home": (home, of_home),
}
