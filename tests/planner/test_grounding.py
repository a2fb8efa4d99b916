"""What a person would call supported is, and what nobody has seen is not."""

import pytest

from agentx.messages import ToolCall, ToolResult
from agentx.planner.claims.source import Source, of_call
from agentx.planner.grounding import ground, unsupported_figures

ORDERS = """orders/october.csv:
  id,customer,total,state
  17,Ola Berg,1234.50,open
  18,Kim Dahl,99.00,paid
  19,Ola Berg,7.25,open"""
CALENDAR = "notes/2024-03.txt:\n  Fri 1: bring the car to the garage 9:00\n  Tue 12: dentist 14:40, ask about the crown"
MAIL = "From: Maria Keller\nDate: 7 May 2024\nSubject: boat\n\nThe boat will be ready at 5:30 pm. Call 0151 5550 877.\n"


def unsupported(answer: str, *results: str, task: str = "", typed: bool = False) -> list[str]:
    sources = [Source(text, f"call-{number}") for number, text in enumerate(results)] + [Source(task)]
    return [answer[claim.start : claim.end] for claim in ground(answer, sources, typed=typed).unsupported]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        # Figures, however they are written
        ("It is 7.", "7"),
        ("It costs 1,234.50.", "total 1234.5"),
        ("It costs 1234.5.", "total 1,234.50"),
        ("It costs 1.234,50 EUR.", "total 1234.5 EUR"),
        ("It costs $1,234.", "1234.0"),
        ("It costs 1’234 francs.", "1234"),
        ("It costs 46.00.", "46.0"),
        ("12,5 kg", "12.5"),
        ("It weighs 5kg.", "5 kg"),
        ("The total is 1,234,567.", "1234567"),
        ("About 1.2 million people.", "1234567"),
        ("It is 5k.", "5000"),
        ("It is 2 thousand.", "2000"),
        ("It is 1e-05.", "0.00001"),
        ("It is .5.", "0.5"),
        ("The balance is -5.", "balance: -5"),
        ("The balance is −$12.40.", "-12.4"),
        ("It fell by 5 degrees.", "-5"),
        ("Between 3-5 days.", "3 to 5 days"),
        ("On row 3rd.", "row 3"),
        # Rounding
        ("About 33.3 %.", "33.33333"),
        ("It is 101.", "100.85"),
        ("It is 2.5.", "2.4999"),
        ("It is roughly 1,200.", "1234"),
        ("Over 90 people came.", "94"),
        # Percentages
        ("That is 33%.", "0.3333"),
        ("That is 25 percent.", "0.25"),
        ("A share of 0.25.", "25%"),
        # Units
        ("It is 1.5 km away.", "distance: 1500 m"),
        ("It takes 90 minutes.", "1.5 hours"),
        ("It takes 1 hour and 30 minutes.", "90 min"),
        ("The file has 2 MB.", "2097152 bytes"),
        ("It is about 8 km.", "5 miles"),
        # Number words and counts
        ("Three files are left.", "3"),
        ("There are twenty-one boxes.", "21"),
        ("There are 12 eggs.", "a dozen eggs"),
        ("There are 3 files.", "a.txt\nb.txt\nc.txt"),
        ("The folder holds two notes.", '["a.md", "b.md"]'),
        ("There are 4 guests.", "Guests: Ann, Bo, Kim and Ola"),
        ("2 orders are open.", ORDERS),
        ("There were 3 orders.", ORDERS),
        ("I found two fruits: apples and pears.", "apples 3\nplums 0\npears 9\nkiwi 1\nfig 5"),
        ("There are 0 matches.", "no match"),
        # Numbering is no claim
        ("1. open the lid\n2. press the knob", "lid, knob"),
        ("Step 4 is optional.", "see there"),
        # Days
        ("On 2024-05-07.", "7 May 2024"),
        ("On 7 May 2024.", "2024-05-07"),
        ("On May 7, 2024.", "07.05.2024"),
        ("On the 7th of May.", "2024-05-07T09:00"),
        ("On May 7th.", "05/07/2024"),
        ("On 07.05.2024.", "May 7, 2024"),
        ("On 7/5/2024.", "2024-05-07"),
        ("In May 2024.", "2024-05-07"),
        ("In 2024.", "2024-05-07"),
        ("In March.", "Date: 2024-03-12"),
        ("On Tuesday, 7 May.", "2024-05-07"),
        ("On Tuesday.", "Tue 12: dentist"),
        ("The dentist is on 12 March 2024 at 14:40.", CALENDAR),
        ("You may 3 times ask; it may rain.", "3"),
        # Clock times
        ("At 17:30.", "5:30 pm"),
        ("At 5:30 p.m.", "17:30"),
        ("At 5 pm.", "17:00"),
        ("At 17.30.", "17:30:00"),
        ("At 17h30.", "17:30"),
        ("At 14:40.", "1440 hours"),
        ("From 9 to 11 am.", "9:00-11:00"),
        # Telephone numbers, codes, addresses and paths
        ("Call 0151-5550-877.", MAIL),
        ("The password is marble-otter-19.", "- password: marble-otter-19"),
        ("It is invoice INV-2024-017.", "inv-2024-017 paid"),
        ("The version is 1.12.3.", "demo 1.12.3"),
        ("See orders/october.csv.", ORDERS),
        ("See october.csv.", ORDERS),
        ("See /home/ann/work/orders/october.csv.", ORDERS),
        ("Set `max_retries` in settings.toml.", "settings.toml: max_retries = 5"),
        ("Write to kim@example.org or see https://example.org/a/.", "kim@example.org http://www.example.org/a"),
        ("It runs at 5 km/h and/or stops.", "5"),
        # Quotations
        ('The subject is "boat".', MAIL),
        ("She says: “The boat will  be ready at 5:30 pm.”", MAIL),
        ('The date is "2024-05-07".', MAIL),
        ('He said "The boat ... ready".', MAIL),
        ("It's Kim's and the dogs' garden.", "kim, garden"),
        # Names
        ("Maria Keller wrote to you about the boat.", MAIL),
        ("The mail is from Maria Keller's desk.", MAIL),
        ("You met the Kellers.", MAIL),
        ("It is by Ludwig van Beethoven.", "composer: BEETHOVEN, Ludwig van"),
        ("You spoke to Dr. Weber.", "dr weber"),
        ("He lives in Zürich.", "Zurich"),
        ("The Berliner train is late.", "trains to Berlin"),
        ("Unfortunately I found nothing. However, the CSV file is OK.", "no match"),
        ("Total Cost: 5\nAverage Price: 2", "5 2"),
        ("# Summary Of The Week\nAll is well.", "x"),
        ("The **Order** is open.", ORDERS.replace("id", "order")),
        ("Die Rechnung ist von der Firma und das Geld ist da.", "x"),
        ("It is open:\n- Open the Lid first", "the lid"),
        # No claims at all
        ("Nothing was found.", ""),
        ("I could not find your flight.", "trains"),
        ("```python\nprint(99, 'Zed')\n```", "x"),
    ],
)
def test_what_was_seen_is_supported(answer: str, result: str) -> None:
    assert unsupported(answer, result) == []


@pytest.mark.parametrize(
    ("answer", "result", "missing"),
    [
        ("It is 8.", "7", ["8"]),
        ("7 of 12", "7", ["12"]),
        ("It is 100.85.", "24.00 44.75 31.10", ["100.85"]),
        ("It costs 1,243.50.", "1234.5", ["1,243.50"]),
        ("It is 33.4 %.", "33.33333", ["33.4 %"]),
        ("It is 102.", "100.85", ["102"]),
        ("It is 1,200.", "1234", ["1,200"]),
        ("It is roughly 1,900.", "1234", ["1,900"]),
        ("The balance is -5.", "5", ["-5"]),
        ("That is 26%.", "0.25", ["26%"]),
        ("It is 1.5 km away.", "150 m", ["1.5 km"]),
        ("Seven files are left.", "3", ["Seven"]),
        ("There are 9 files.", "a.txt\nb.txt\nc.txt", ["9"]),
        ("3 of them are open: 17 and 19.", "id 17 open, id 19 open", ["3"]),
        ("On 8 May 2024.", "2024-05-07", ["8 May 2024"]),
        ("On 7 May 2023.", "2024-05-07", ["7 May 2023"]),
        ("On 7 May 2023.", "on 7 May", ["7 May 2023"]),
        ("In June.", "2024-05-07", ["June"]),
        ("On Wednesday.", "2024-05-07", ["Wednesday"]),
        ("At 17:30.", "5:30 am", ["17:30"]),
        ("At 5:30 pm.", "05:30", ["5:30 pm"]),
        ("At 17:45.", "17:30", ["17:45"]),
        ("Call 0151 5550 310.", MAIL, ["0151 5550 310"]),
        ("The password is heron-staple-42.", "password: marble-otter-19", ["heron-staple-42"]),
        ("The version is 1.12.4.", "demo 1.12.3", ["1.12.4"]),
        ("See orders/november.csv.", ORDERS, ["orders/november.csv"]),
        ("See https://example.com/b.", "https://example.com/a", ["https://example.com/b"]),
        ('The subject is "yacht".', MAIL, ['"yacht"']),
        ('She says "the boat sank at 5:45 pm".', MAIL, ['"the boat sank at 5:45 pm"']),
        ("The mail is from Anna Keller.", MAIL, ["Anna Keller"]),
        ("You get mail from Bob.", MAIL, ["Bob"]),
        ("It costs 99 USD.", "99.00 EUR", ["99", "USD"]),
        ("The order of Ola Nordmann is open.", ORDERS, ["Ola Nordmann"]),
        ("Ola wrote it; ask Peter.", ORDERS, ["Peter"]),
    ],
)
def test_what_nobody_has_seen_is_named(answer: str, result: str, missing: list[str]) -> None:
    assert unsupported(answer, result) == missing


def test_what_the_user_said_supports_an_answer() -> None:
    assert unsupported("The 3 files of Bo are there.", "found", task="Find the 3 files of Bo.") == []


def test_names_are_not_checked_before_anything_was_looked_at_but_figures_are() -> None:
    answer = "Faust is by Goethe, and 17 times 23 is 391."
    assert unsupported(answer, task="Who wrote Faust, and what is 17 times 23?") == ["391"]


def test_a_typed_answer_is_checked_by_its_values() -> None:
    answer = '{"Supplier": "Lauer Roofing", "total": 129.0, "paid_on": "2024-04-02", "state": "open"}'
    assert unsupported(answer, "Lauer Roofing\nTotal: 129.00 EUR\nPaid: no", typed=True) == ["2024-04-02"]


def test_what_a_call_was_told_to_write_bears_out_names_but_no_figures() -> None:
    call = ToolCall("call-1", "save", {"text": "Dear Bo, it is 391.", "path": "mail/bo.txt"})
    sources = of_call(call, ToolResult("call-1", "ok", "saved", changed=["mail/bo.txt"]), acts=False)
    answer = 'I wrote "Dear Bo" and 391 into mail/bo.txt.'
    found = ground(answer, sources)
    assert [answer[claim.start : claim.end] for claim in found.unsupported] == ["391"]
    assert found.citations == []


def test_a_call_that_sent_something_bears_out_what_was_sent() -> None:
    call = ToolCall("call-1", "send", {"to": ["Bo"], "text": "See you"})
    sources = of_call(call, ToolResult("call-1", "ok", "sent"), acts=True)
    assert ground('I told Kim and Bo "See you".', sources).unsupported != []
    assert ground('I told Bo "See you".', sources).unsupported == []


def test_a_citation_says_which_line_of_which_result_supports_what() -> None:
    answer = "Ola Berg ordered for 1,234.50."
    sources = [Source("nothing here", "call-2"), Source(ORDERS, "call-1"), Source("What did Ola order?")]
    name, figure = ground(answer, sources).citations
    assert (name.claim, name.call_id, name.excerpt) == ("Ola Berg", "call-1", "  17,Ola Berg,1234.50,open")
    assert (figure.claim, figure.call_id, figure.excerpt) == ("1,234.50", "call-1", "  17,Ola Berg,1234.50,open")
    assert answer[figure.start : figure.end] == figure.claim
    assert ORDERS[figure.excerpt_start : figure.excerpt_end] == figure.excerpt


def test_the_excerpt_of_a_long_line_is_cut_around_its_place() -> None:
    text = f"{'a ' * 5000}4711{' b' * 5000}"
    [citation] = ground("It is 4711.", [Source(text, "call-1")]).citations
    assert "4711" in citation.excerpt
    assert len(citation.excerpt) <= 200
    assert text[citation.excerpt_start : citation.excerpt_end] == citation.excerpt


def test_what_only_the_user_said_is_not_cited() -> None:
    assert ground("It is 4711.", [Source("4711?")]).citations == []


def test_figures_are_named_as_they_are_written() -> None:
    assert unsupported_figures("It is 8 on 9 May at 9:15, says Bob.", [Source("7", "call-1")]) == ["8", "9 May", "9:15"]


def test_a_long_result_is_read_in_a_moment() -> None:
    import time

    text = "\n".join(f"{number},Name{number},{number * 1.5},2024-05-07 17:{number % 60:02d}" for number in range(3000))
    started = time.thread_time()
    ground("It is 99999999, 77777.7, 8 June at 9:11; ask Peter and Paula or 'Zed'.", [Source(text, "call-1")])
    assert time.thread_time() - started < 3


def test_a_figure_beyond_all_numbers_counts_nothing() -> None:
    seen = [Source("7 files", "call-1")]
    assert unsupported_figures(f"There are 1.5e+9999 files, or {'9' * 400}.", seen) == ["1.5", "9999"]
