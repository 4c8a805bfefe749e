"""Quizzes: every chapter has one, every choice says why, and code in them prints what they say."""

import contextlib
import io
from pathlib import Path

import pytest

from genrelab.course.chapters import ROOT, chapters, read
from genrelab.course.myst import Context, to_jupyter
from genrelab.course.quizzes import as_myst, printed, read_quiz

FILES = sorted((ROOT / "book" / "quizzes").glob("*.yml"))
CHOICES = "choices: [{text: a, reason: r, right: true}, {text: b, reason: r}]"


def test_every_chapter_has_a_quiz_and_shows_it_before_what_we_learned():
    assert [path.stem for path in FILES] == [path.stem for path in chapters()]
    for path in chapters():
        text = path.read_text("utf-8")
        mark = text.index(f"# <!-- quiz: {path.stem} -->")
        assert text.index("## What we learned") > mark, path.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_quiz_is_whole_and_its_right_choices_do_not_all_stand_in_one_place(path):
    questions = read_quiz(path)
    places = {question.choices.index(question.answer) for question in questions}
    assert len(places) > 1
    for question in questions:
        assert len({choice.text for choice in question.choices}) == len(question.choices)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_code_in_a_quiz_prints_the_right_choice_and_no_other(path):
    for question in read_quiz(path):
        if question.code:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(question.code, {})
            right = [c for c in question.choices if printed(c) == out.getvalue().strip()]
            assert right == [question.answer], f"{question.question}: printed {out.getvalue()!r}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_quiz_unfolds_in_jupyter_without_a_kernel(path):
    questions = read_quiz(path)
    context = Context(path, glue={}, titles={}, labels={}, bibliography=None)
    html = to_jupyter(as_myst(questions), context)
    assert html.count("<details>") == sum(len(question.choices) for question in questions)
    assert html.count("**Right.**") == len(questions)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"- {{question: q, {CHOICES}}}\n" * 2, "has 2 questions; expected 3 to 5"),
        ("- {question: q, choices: [{text: a, reason: r}, {text: b, reason: r}]}", "has 0 right"),
        ("- {question: q, choices: [{text: a, reason: ' ', right: true}, {text: b, reason: r}]}",
         "question 1: a choice has no reason"),
        (f"- {{question: q, hint: h, {CHOICES}}}", "question 1: .*hint"),
        ("- {question: q}", "question 1: .*choices"),
    ],
)  # fmt: skip
def test_a_faulty_quiz_is_refused_by_file_and_question(tmp_path: Path, text, complaint):
    path = tmp_path / "01_sample.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=f"01_sample.yml.*{complaint}"):
        read_quiz(path)


def test_a_chapter_names_its_quiz_and_gets_it():
    cells = read(f"# %% [markdown]\n# ## Quiz\n#\n# <!-- quiz: {FILES[0].stem} -->").cells
    assert cells[0].source == f"## Quiz\n\n{as_myst(read_quiz(FILES[0]))}"
