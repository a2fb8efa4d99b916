import re

import pytest

from benchmarks.memory.absent import DATA, questions

PAPERS = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in sorted((DATA / "papers").glob("*.md")))


def test_there_are_as_many_questions_of_each_kind_in_each_half():
    found = [(one.half, bool(one.pattern)) for one in questions()]
    assert {kind: found.count(kind) for kind in found} == {
        (half, answered): 15 for half in ("dev", "held") for answered in (True, False)
    }


@pytest.mark.parametrize("question", [one for one in questions() if one.pattern], ids=lambda one: one.text)
def test_an_answer_stands_in_the_papers_and_not_in_the_question(question):
    wanted = re.compile(question.pattern, re.IGNORECASE)
    assert wanted.search(PAPERS)
    assert not wanted.search(question.text)
