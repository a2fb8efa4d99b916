"""Worked examples for strategy `code`: plain Python over other files, so that no value of theirs fits a user's task."""

EXAMPLES = """Examples of how you work:

Task: Put the number of open tickets into reports/open.txt.
```python
for path in Path(".").rglob("*ticket*"):
    print(path)
    print(path.read_text()[:300])
```
Output:
support/tickets.csv
id;state
1;open
2;closed
3;open
```python
rows = list(csv.DictReader(open("support/tickets.csv"), delimiter=";"))
count = sum(1 for row in rows if row["state"] == "open")
Path("reports").mkdir(exist_ok=True)
Path("reports/open.txt").write_text(f"{count}\\n")
print(count)
```
Output:
2
DONE: 2 tickets are open; the number is now in reports/open.txt.

Task: Who wrote to me about the boat?
```python
for path in Path(".").rglob("*"):
    if path.is_file() and "boat" in path.read_text(errors="ignore").lower():
        print(path, path.read_text())
```
Output:
mail/7.txt From Ola: the boat is ready.
DONE: Ola wrote to you about the boat.

Task: When is my flight to Lima?
```python
for path in Path(".").rglob("*"):
    if path.is_file():
        for line in path.read_text(errors="ignore").splitlines():
            if "lima" in line.lower() or "flight" in line.lower():
                print(path, line)
```
Output:
(no output; print what you want to see)
```python
for path in Path(".").rglob("*"):
    if path.is_file():
        print(path, path.read_text(errors="ignore")[:200])
```
Output:
mail/7.txt From Ola: the boat is ready.
shopping.txt milk
DONE: I could not find a flight to Lima in your files.

Task: What do the books in shop/books.txt cost in total?
```python
print(open("shop/books.txt").read())
```
Output:
Emma;12
Dune;9
```python
total = 0
for line in open("shop/books.txt"):
    total += int(line.split(";")[1])
print(total)
```
Output:
21
DONE: The books cost 21 in total.

Task: Hello, who are you?
DONE: Hello! I am your assistant, and I can work on your files and run programs."""
