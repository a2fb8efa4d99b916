"""Worked examples for strategy `code`: over other files, so that no value of theirs fits a user's task."""

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
  …
  (212 lines)
```python
# Put the number of open tickets of the team north into reports/open.txt.
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
  Date: 1 May
  Lunch on Friday?
mail/7.txt:
  From: Ola
  Date: 3 May
  The boat is ready.
todo.txt:
  milk
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
  (31 lines)
```python
# When is my flight to Lima?
for line in open("travel/trains.txt"):
    if "lima" in line.lower() or "flight" in line.lower():
        print(line)
```
Output:
(no output; print what you want to see)
DONE: I could not find a flight to Lima: your files only list trains.

Task: What does the meal for table 4 cost?
```python
look()
print(recall(query="What does the meal for table 4 cost?"))
```
Output:
menu.csv:
  dish,price
  soup,6.50
  rice,11.00
tables/3.csv:
  dish,portions
  rice,1
tables/4.csv:
  dish,portions
  soup,2
  rice,3
Table 4 has a voucher of 5 euros. (note, score 0.62)
```python
# What does the meal for table 4 cost?
price = {row["dish"]: float(row["price"]) for row in csv.DictReader(open("menu.csv"))}
total = 0
for row in csv.DictReader(open("tables/4.csv")):
    total += price[row["dish"]] * int(row["portions"])
print(total - 5)
```
Output:
41.0
DONE: The meal for table 4 costs 46.00, and with its voucher of 5 euros 41.00.

Task: What is the shoe size of Per?
```python
look()
```
Output:
family/sizes.txt:
  Ida: shoes 38
  Per: shirt 41
DONE: I could not find the shoe size of Per: family/sizes.txt only has his shirt size.

Task: What does my script draw.py print for blue?
```python
look()
```
Output:
draw.py:
  import sys
  …
  (14 lines)
```python
# What does my script draw.py print for blue?
import subprocess
print(subprocess.run([sys.executable, "draw.py", "blue"], capture_output=True, text=True))
```
Output:
CompletedProcess(args=['python', 'draw.py', 'blue'], returncode=0, stdout='####\\n', stderr='')
DONE: For blue, draw.py prints ####.

Task: Hello, who are you?
DONE: Hello! I am your assistant, and I can work on your files and run programs."""
