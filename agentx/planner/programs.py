"""Worked examples for strategy `code`: over other files, so that no value of theirs fits a user's task."""

LOOK = "look()"
"""The program that a task begins with: a small model that has not looked invents."""

EXAMPLES = """Examples of how you work:

Task: Put the number of open tickets into reports/open.txt.
```python
look()
```
Output:
support/team.txt:
  Ola, Kim
support/tickets.csv:
  number,state
  1,open
  2,closed
  …
```python
count = 0
for row in csv.DictReader(open("support/tickets.csv")):
    if row["state"] == "open":
        count += 1
Path("reports").mkdir(exist_ok=True)
Path("reports/open.txt").write_text(f"{count}\\n")
print(count)
```
Output:
7
(wrote reports/open.txt)
DONE: 7 tickets are open; the number is now in reports/open.txt.

Task: Who wrote to me about the boat, and when?
```python
look()
```
Output:
mail/6.txt:
  From: Bo
  …
mail/7.txt:
  From: Ola
  …
todo.txt:
  milk
```python
for path in sorted(Path("mail").glob("*")):
    text = path.read_text()
    if "boat" in text.lower():
        print(path, text)
```
Output:
mail/7.txt From: Ola
Date: 3 May
The boat is ready.
DONE: Ola wrote to you about the boat on 3 May.

Task: When is my flight to Lima?
```python
look()
```
Output:
shopping.txt:
  milk
travel/trains.txt:
  Oslo 9:40
  …
```python
for path in Path(".").rglob("*.txt"):
    for line in path.read_text().splitlines():
        if "lima" in line.lower() or "flight" in line.lower():
            print(path, line)
```
Output:
(no output; print what you want to see)
```python
print(open("travel/trains.txt").read())
```
Output:
Oslo 9:40
Bergen 16:05
DONE: I could not find a flight to Lima: your files only list trains to Oslo and Bergen.

Task: What do all books in the shop cost together?
```python
look()
```
Output:
shop/books.txt:
  Emma: 12
  Dune: 9
shop/hours.txt:
  9-17
```python
total = 0
for line in open("shop/books.txt"):
    title, price = line.split(": ")
    total += float(price)
print(total)
```
Output:
21.0
DONE: The books cost 21 in total.

Task: Hello, who are you?
DONE: Hello! I am your assistant, and I can work on your files and run programs."""
