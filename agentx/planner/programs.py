"""Worked examples for strategy `code`: over other files, so that no value of theirs fits a user's task."""

LOOK = "look()"
"""The program that a task begins with: a small model that has not looked invents."""

EXAMPLES = """Examples of how you work:

Task: Put the number of open tickets of the team north into reports/open.txt.
```python
look()
```
Output:
support/teams.json:
  {"north": ["Ola", "Kim"], "south": ["Bo"]}
support/tickets.csv:
  number,owner,state
  1,Ola,open
  2,Bo,open
  …
```python
team = json.load(open("support/teams.json"))["north"]
count = 0
for row in csv.DictReader(open("support/tickets.csv")):
    if row["owner"] in team and row["state"] == "open":
        count += 1
Path("reports").mkdir(exist_ok=True)
Path("reports/open.txt").write_text(f"{count}\\n")
print(count)
```
Output:
7
(wrote reports/open.txt)
DONE: 7 tickets of the team north are open; the number is now in reports/open.txt.

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
for path in Path("mail").glob("*"):
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

Task: What does the meal for table 4 cost?
```python
look()
```
Output:
menu.csv:
  dish,price
  soup,6.50
  rice,11.00
  …
tables/3.csv:
  dish,portions
  rice,1
tables/4.csv:
  dish,portions
  soup,2
  rice,3
```python
price = {row["dish"]: float(row["price"]) for row in csv.DictReader(open("menu.csv"))}
total = 0
for row in csv.DictReader(open("tables/4.csv")):
    total += price[row["dish"]] * int(row["portions"])
print(total)
```
Output:
46.0
DONE: The meal for table 4 costs 46.00.

Task: Hello, who are you?
DONE: Hello! I am your assistant, and I can work on your files and run programs."""
