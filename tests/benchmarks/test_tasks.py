import re
from collections import Counter

import pytest

from benchmarks.tasks import EVERYDAY, TASKS, Task
from benchmarks.tasks.answers import Absence, plain
from benchmarks.tasks.hands import Hands
from benchmarks.tasks.judge import Outcome, judge
from benchmarks.tasks.options import chosen
from benchmarks.tasks.pages import served
from benchmarks.tasks.sets.everyday_counting import Near
from benchmarks.tasks.sets.everyday_writing import Lines, MarkdownTable
from benchmarks.tasks.workspace import lay_out, snapshot


def each(tasks):
    return pytest.mark.parametrize("task", tasks, ids=[task.id for task in tasks])


EVERY = (*TASKS, *EVERYDAY)
each_task = each(EVERY)
PURELY_ABSENT = [
    task for task in EVERY if task.check.says and all(isinstance(says, Absence) for says in task.check.says)
]


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    found = {}
    for task in EVERY:
        workspace = tmp_path_factory.mktemp(task.id)
        lay_out(workspace, task.files)
        before = snapshot(workspace)
        with served(task.pages) as address:
            hands = Hands(workspace, task.notes, f"http://{address}")
            answer = task.solve(hands)
        found[task.id] = hands, Outcome(answer, workspace, before, hands.remembered, hands.calls)
    return found


def found(never, texts):
    # In a file a comma may separate columns.
    lines = [line.replace(",", " ; ") for text in texts for line in text.splitlines()]
    return next((line for line in lines if never.found_in(line)), None)


def untouched(task, tmp_path, answer):
    lay_out(tmp_path, task.files)
    return judge(task, Outcome(answer, tmp_path, snapshot(tmp_path), (), 1))


@each_task
def test_the_reference_solution_passes_without_strays(task, references):
    verdict = judge(task, references[task.id][1])
    assert verdict.solved, verdict


@each_task
def test_the_tags_tell_what_the_reference_solution_had_to_do(task, references):
    hands, _ = references[task.id]
    assert ("three_calls" in task.tags) == (hands.calls >= 3)
    assert ("two_sources" not in task.tags) or len(hands.sources) >= 2


@each_task
def test_no_or_an_empty_answer_fails(task, tmp_path):
    assert not untouched(task, tmp_path, "").solved
    assert not judge(task, Outcome(None, tmp_path, snapshot(tmp_path))).solved


@each([task for task in EVERY if task not in PURELY_ABSENT])
def test_dont_know_fails_where_there_is_an_answer(task, tmp_path):
    assert not untouched(task, tmp_path, "I don't know.").solved


@each_task
def test_the_answers_of_other_tasks_fail(task, references, tmp_path):
    lay_out(tmp_path, task.files)
    before = snapshot(tmp_path)
    passed = [
        other
        for other, (_, outcome) in references.items()
        if other != task.id and judge(task, Outcome(outcome.answer, tmp_path, before)).solved
    ]
    assert not passed


@each_task
def test_the_task_does_not_give_its_answer_away(task, tmp_path):
    text = plain(task.text)
    assert not task.check.says or not all(says.found_in(text) for says in task.check.says)
    for says in task.check.says:
        assert isinstance(says, Absence) or not says.found_in(text), says
    assert not untouched(task, tmp_path, task.text).solved


@each([task for task in EVERY if "distractor" in task.tags and task.check.says])
def test_the_wrong_figure_of_a_distractor_lies_around_and_fails(task, references):
    around = [*task.files.values(), *task.notes, *(re.sub("<[^>]+>", " ", page) for page in task.pages.values())]
    _, outcome = references[task.id]
    wrong = next(line for never in task.check.never if (line := found(never, around)))
    spoilt = Outcome(f"{outcome.answer} {wrong}", outcome.workspace, outcome.before)
    assert any(reason.startswith("says") for reason in judge(task, spoilt).reasons)


@each_task
def test_a_stray_file_spoils_a_right_answer(task, references):
    _, outcome = references[task.id]
    stray = outcome.workspace / "notes to self.txt"
    stray.write_text("x")
    try:
        verdict = judge(task, outcome)
    finally:
        stray.unlink()
    assert verdict.strays == ["created notes to self.txt"]
    assert not verdict.solved


@each([task for task in EVERY if task.has_no_answer])
def test_an_absence_must_have_been_looked_for(task, references):
    _, outcome = references[task.id]
    assert not judge(task, Outcome(outcome.answer, outcome.workspace, outcome.before, (), 0)).solved
    assert not judge(task, Outcome(outcome.answer + " It is 90817263.", outcome.workspace, outcome.before)).solved


def test_the_tasks_are_spread_so_that_the_score_means_something():
    tags = Counter(tag for task in TASKS for tag in task.tags)
    assert len(TASKS) >= 48
    assert len({task.id for task in EVERY}) == len(EVERY)
    assert tags["three_calls"] >= 12
    assert tags["writes"] >= 10
    assert tags["read_only"] >= 10
    assert tags["no_answer"] >= 5
    assert tags["two_sources"] >= 5
    assert tags["distractor"] >= 5


def test_few_tasks_can_be_done_with_one_call(references):
    one_call = [task.id for task in TASKS if references[task.id][0].calls <= 1]
    assert len(one_call) <= 0.15 * len(TASKS), one_call


def test_each_split_has_half_of_the_tasks_and_about_half_of_each_tag_and_kind():
    dev = [task for task in TASKS if task.split == "dev"]
    assert abs(2 * len(dev) - len(TASKS)) <= 1
    for names in (lambda task: task.tags, lambda task: (task.kind,)):
        whole = Counter(name for task in TASKS for name in names(task))
        half = Counter(name for task in dev for name in names(task))
        for name, count in whole.items():
            assert 0.35 <= half[name] / count <= 0.65, name


def test_a_task_is_frozen():
    with pytest.raises(AttributeError):
        TASKS[0].text = "something else"
    assert isinstance(TASKS[0], Task)


@each_task
def test_everything_that_lies_around_is_no_answer(task, tmp_path):
    pages = [re.sub("<[^>]+>", " ", page) for page in task.pages.values()]
    assert not untouched(task, tmp_path, "\n".join([*task.files.values(), *task.notes, *pages])).solved


def test_the_everyday_tasks_are_a_split_of_their_own():
    kinds = Counter(task.kind for task in EVERYDAY)
    assert kinds == {"find": 6, "count": 6, "pick": 5, "write": 5, "turn": 3, "gone": 2, "plain": 3}
    assert not kinds.keys() & {task.kind for task in TASKS}
    assert all(1 <= len(task.files) <= 5 for task in EVERYDAY)
    assert not [task.id for task in EVERYDAY if "distractor" in task.tags]
    assert chosen(EVERY, "everyday", None) == list(EVERYDAY)
    assert chosen(EVERY, "all", None) == list(TASKS)
    assert chosen(EVERY, "dev", ["find-yoga"])[0].split == "everyday"


@pytest.mark.parametrize(
    ("task_id", "answer"),
    [
        ("find-yoga", "**Yoga** is on Thursday at 6:15 pm."),
        ("find-author", "Aune wrote it."),
        ("find-theme", "Your editor uses the theme `Solarized Dark`."),
        ("find-backup", "845MB (26 January)"),
        ("find-lasagne", "Bake it at 190°C for 35 min."),
        ("pick-flats", "- Canal Walk 22: 895\n- Mill Lane 4: 870\n- Station Street 14: 790"),
        ("pick-oldest", "Greta (1971)"),
        ("pick-packing", "You still have to pack the charger, the sandals and the sun cream. That's all!"),
        ("pick-films", "1. The Glass Orchard\n2. Night Ferry\n3. A House in Ghent\n4. The Paper Lantern"),
        ("count-donations", "25 + 40 + 12.5 + 100 + 60 + 75.5 + 30.25 = €343.25"),
        ("count-todo", "Five things are open."),
        ("count-door", "7"),
        ("plain-height", "about 175 cm"),
        ("plain-shirts", "83,70 euros"),
        ("gone-contract", "I couldn't find contract.txt. There are only keys.txt and meter.txt."),
        ("gone-leeds", "trains.csv lists trains to York, Hull and Durham, but none to Leeds."),
    ],
)
def test_an_everyday_answer_may_be_worded_as_one_likes(task_id, answer, tmp_path):
    assert untouched(next(task for task in EVERYDAY if task.id == task_id), tmp_path, answer).solved


@pytest.mark.parametrize(
    ("task_id", "answer"),
    [
        ("find-yoga", "Yoga starts at 17:00."),
        ("find-lasagne", "Bake it for 35 minutes."),
        ("pick-flats", "Mill Lane 4 and Station Street 14"),
        ("pick-flats", "Mill Lane 4, Station Street 14, Canal Walk 22 and Church Row 6"),
        ("pick-films", "The Paper Lantern, A House in Ghent, Night Ferry, The Glass Orchard"),
        ("count-donations", "313"),
        ("count-todo", "Eight things are on the list."),
        ("plain-height", "It is 173.7 cm."),
        ("gone-contract", "The rent is 388."),
        ("gone-contract", "The rent is 950, it is not paid yet."),
        ("gone-leeds", "It leaves at 08:40."),
    ],
)
def test_a_wrong_everyday_answer_fails(task_id, answer, tmp_path):
    assert not untouched(next(task for task in EVERYDAY if task.id == task_id), tmp_path, answer).solved


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (Lines(("a b", "c")), ("a b\nc", "- A b\n- C.\n", "1. a b\n\n2. c"), ("a b", "a b, c", "c\na b")),
        (
            MarkdownTable((("dish", "price"), ("Pie", "5.50"))),
            ("| dish | price |\n|:--|--:|\n| Pie | 5.50 |", "# Menu\n\nDish|Price\n---|---\nPie|5.5\n"),
            ("dish,price\nPie,5.50", "| dish | price |\n| Pie | 5.50 |", "| dish | price |\n|---|---|\n| Pie | 6 |"),
        ),
    ],
)
def test_a_file_may_be_laid_out_as_one_likes_but_holds_what_was_asked_for(check, right, wrong, tmp_path):
    path = tmp_path / "x"
    for text in right:
        path.write_text(text)
        assert check.problem(path) is None, text
    for text in wrong:
        path.write_text(text)
        assert check.problem(path), text


def test_a_rounded_figure_is_near():
    near = Near(175.26, within=0.3)
    assert all(near.found_in(text) for text in ("175.26", "175.3 cm", "175"))
    assert not any(near.found_in(text) for text in ("176", "69", ""))
