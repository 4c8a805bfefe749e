"""The grader is graded: right answers pass, stubs and plausible wrong answers fail."""

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from genrelab import checks
from genrelab.checks import core
from genrelab.checks.core import NotYet, check
from genrelab.course.chapters import ROOT, chapters, read, tags

MODULES = sorted(path.stem for path in (ROOT / "genrelab" / "checks").glob("ch[0-9][0-9].py"))
ANSWERS = {
    path.stem: import_module(f"answers.{path.stem}").EXERCISES
    for path in sorted((Path(__file__).parent / "answers").glob("ch[0-9][0-9].py"))
}
EXERCISES = [(chapter, name) for chapter, found in ANSWERS.items() for name in found]
ALSO_RIGHT = [(*key, way) for key in EXERCISES for way in ANSWERS[key[0]][key[1]].also_right]
WRONG = [(*key, wrong) for key in EXERCISES for wrong in ANSWERS[key[0]][key[1]].wrong]
HEADING = re.compile(r"### Exercise (\d+\.\d+) \((\d+) minutes, (\d+) points?\)")
CALL = re.compile(r"\bchecks\.(ch\d\d)_(ex\d+)\(")


def run(chapter: str, name: str, answers: tuple) -> core.Outcome:
    return getattr(checks, f"{chapter}_{name}")(*answers)


def called(path: Path) -> set[tuple[str, str]]:
    cells = read(path.read_text("utf-8")).cells
    return {
        (call[1], call[2])
        for cell in cells
        if "check" in tags(cell)
        for call in CALL.finditer(cell.source)
    }


@pytest.mark.parametrize(("chapter", "name"), EXERCISES)
def test_a_right_answer_passes(chapter, name):
    outcome = run(chapter, name, ANSWERS[chapter][name].right())
    assert outcome, outcome


@pytest.mark.parametrize(("chapter", "name", "way"), ALSO_RIGHT)
def test_a_right_answer_by_another_way_passes(chapter, name, way):
    outcome = run(chapter, name, ANSWERS[chapter][name].also_right[way]())
    assert outcome, outcome


@pytest.mark.parametrize(("chapter", "name"), EXERCISES)
def test_the_stub_fails(chapter, name):
    right = ANSWERS[chapter][name].right()
    for place in range(len(right)):
        assert not run(chapter, name, (*right[:place], ..., *right[place + 1 :]))


@pytest.mark.parametrize(("chapter", "name", "wrong"), WRONG)
def test_a_plausible_wrong_answer_fails_and_hears_why(chapter, name, wrong):
    answers = ANSWERS[chapter][name]
    outcome = run(chapter, name, answers.wrong[wrong]())
    assert not outcome, outcome
    assert len(outcome.message) > 20, outcome.message
    assert "could not be judged" not in outcome.message
    for right in answers.right():
        if isinstance(right, int | float | str) and len(str(right)) > 2:
            assert str(right) not in outcome.message


@pytest.mark.parametrize("chapter", MODULES)
def test_every_check_is_tested_with_two_wrong_answers(chapter):
    module = import_module(f"genrelab.checks.{chapter}")
    functions = {name for name in vars(module) if re.fullmatch(r"ex\d+", name)}
    assert functions == set(ANSWERS[chapter])
    assert all(len(answers.wrong) >= 2 for answers in ANSWERS[chapter].values())


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_every_check_of_a_chapter_is_there_and_used(path):
    chapter = f"ch{path.stem[:2]}"
    assert called(path) == {(chapter, name) for name in ANSWERS.get(chapter, {})}


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_headings_give_minutes_and_the_points_of_the_check(path):
    found = HEADING.findall(path.read_text("utf-8"))
    number = int(path.stem[:2])
    assert [heading[0] for heading in found] == [f"{number}.{k + 1}" for k in range(len(found))]
    assert 3 <= len(found) <= 6
    points = {exercise: int(worth) for exercise, _, worth in found}
    for chapter, name in called(path):
        outcome = getattr(checks, f"{chapter}_{name}")(...)
        assert outcome.points == points[outcome.exercise]
    assert len(called(path)) < len(found), "one exercise asks for a judgement and has no check"


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_the_reference_solution_of_a_chapter_passes(path):
    notebook = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    passed = set()
    for cell in notebook.cells:
        if "check" in tags(cell) and "generated" not in tags(cell):
            said = " ".join(str(o.get("text", o.get("data", ""))) for o in cell.outputs)
            passed |= set(re.findall(r"Exercise (\d+\.\d+): right", said))
    numbers = {f"{int(chapter[2:])}.{name[2:]}" for chapter, name in called(path)}
    assert passed == numbers


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_the_score_under_a_chapter_holds_every_point(path):
    notebook = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    scores = [cell for cell in notebook.cells if cell.source == "checks.summary()"]
    points = sum(getattr(checks, f"{chapter}_{name}")(...).points for chapter, name in called(path))
    for score in scores:
        (output,) = score.outputs
        assert output.data["text/plain"].endswith(f" {points} of {points} points")
    assert len(scores) == 1


def test_a_judge_that_breaks_makes_a_message_and_no_traceback():
    @check(points=3, exercise="0.9")
    def judge(answer):
        """A number."""
        return answer / 0

    outcome = judge(1)
    assert not outcome
    assert "ZeroDivisionError" in outcome.message
    assert "Expected: A number." in outcome.message


def test_the_summary_counts_the_last_try_and_names_what_was_not_checked(monkeypatch):
    monkeypatch.setattr(core, "_points", {})
    monkeypatch.setattr(core, "_outcomes", {})

    @check(points=2, exercise="3.1")
    def first(answer):
        """A positive number."""
        if answer <= 0:
            raise NotYet("Think of what a count can be.")

    check(points=3, exercise="3.2")(lambda answer: None)
    check(points=5, exercise="4.1")(lambda answer: None)
    assert core.summary().out_of == 0
    first(-1)
    assert (core.summary().points, core.summary().out_of) == (0, 5)
    first(1)
    score = checks.summary()
    assert (score.points, score.out_of) == (2, 5)
    assert score.outcomes["3.2"] is None
    assert "not checked" in repr(score)
    assert "total" in repr(score)


def test_an_unknown_exercise_is_an_attribute_error():
    with pytest.raises(AttributeError, match="ch06_exercise1"):
        _ = checks.ch06_exercise1
