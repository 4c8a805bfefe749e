"""One source, four editions: who sees what, assigned exercises, the same to the byte."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
import sample_course
from sample_course import OVERLAY
from typer.testing import CliRunner

from genrelab.cli import app
from genrelab.course import editions, notebooks
from genrelab.course.chapters import ROOT, chapters, for_book, read
from genrelab.course.exercises import Exercise, gather, part
from genrelab.course.overlay import read_overlay

CHAPTERS = chapters()
ANSWERS = ("shares_of_all / total", "short one", "interval beside", "546", "windows by both")
GRADERS = ("in proportion", "Half of the points", "of the learner's own")


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The chapter of a sample course."""
    return sample_course.make(tmp_path_factory.mktemp("sample") / "course")


def rendered(name, chapter, overlay=None):
    """The one notebook of an edition."""
    texts = editions.rendered(name, [chapter], chapter.parents[1], overlay)
    return nbformat.reads(texts[f"{chapter.stem}.ipynb"], as_version=4)


def sources(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells)


# Exercises


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_three_to_six_exercises_and_one_asks_for_a_judgement(chapter):
    items = gather(read(chapter.read_text("utf-8")).cells, chapter.name)
    exercises = [item for item in items if isinstance(item, Exercise)]
    assert 3 <= len(exercises) <= 6
    number = int(chapter.stem[:2])
    assert [each.name for each in exercises] == [f"{number}.{i + 1}" for i in range(len(exercises))]
    assert [each for each in exercises if not each.checks]
    assert all(each.of("solution") for each in exercises)


def test_an_untagged_cell_before_the_answer_belongs_to_the_exercise(sample):
    items = gather(read(sample.read_text()).cells, sample.name)
    first = next(item for item in items if isinstance(item, Exercise))
    assert [cell.source[:6] for cell in first.of(None)] == ["prefix"]
    assert [part(cell) for cell in first.cells[-2:]] == ["hidden-check", "rubric"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# %% tags=['solution']\n1", "follows no exercise"),
        ("# %% [markdown] tags=['rubric']\n# Points.", "follows no exercise"),
        ("# %% [markdown] tags=['exercise']\n# ### Exercise 1.1 (5 minutes)", "2 points"),
    ],
)
def test_what_is_no_exercise_is_refused_by_name(text, message):
    with pytest.raises(ValueError, match=f"sample.*{message}"):
        gather(read(text).cells, "sample")


# Editions


def test_students_get_stubs_hints_and_checks_but_no_answer(sample):
    notebook = rendered("student", sample)
    text = sources(notebook)
    assert "total = tokens.sum()\n...\nprint(" in text
    assert text.count("*Your answer:*") == 2
    for kept in ("Weights add up to one", "do not add up", "checks.ch07_ex1(", "checks.summary()"):
        assert kept in text
    assert not [word for word in (*ANSWERS, *GRADERS) if word in text]
    assert f"\n\n{editions.YOUR_TURN}\n...\n\n" in text  # without marks all is the learner's


def test_students_get_no_outputs(sample):
    code = [cell for cell in rendered("student", sample).cells if cell.cell_type == "code"]
    assert len(code) > 4
    assert not any(cell.outputs or cell.execution_count for cell in code)


def test_the_code_of_an_answer_is_gone_with_what_it_glues(sample):
    chapter = next(editions.open_chapters([sample], sample.parents[1]))
    assert "largest" in chapter.key.glue
    assert "largest" not in chapter.context.glue
    assert "scrapbook" not in sources(rendered("student", sample))


def test_instructors_get_answers_rubrics_outputs_and_totals(sample):
    notebook = rendered("instructor", sample)
    text = sources(notebook)
    assert not [word for word in (*ANSWERS, *GRADERS) if word not in text]
    assert "counts 0.7" in text
    assert "| 1.3 | 10 | 3 | reading |\n| **together** | **20** | **6** | |" in text
    outputs = str([cell.get("outputs") for cell in notebook.cells])
    assert "the weights are [0.7 0.3]" in outputs


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_exercise_has_a_hint_a_solution_and_a_rubric_with_its_minutes(path):
    cells = read(path.read_text("utf-8")).cells
    exercises = [item for item in gather(cells, path.stem) if isinstance(item, Exercise)]
    for exercise in exercises:
        assert exercise.of("hint") and exercise.of("solution"), exercise.name
        rubric = " ".join(cell.source for cell in exercise.of("rubric"))
        assert re.search(r"point", rubric) and re.search(r"minutes?", rubric), exercise.name


def test_instructors_get_one_table_of_all_exercises(sample):
    texts = editions.rendered("instructor", [sample], sample.parents[1])
    assert "| 1.2 | 5 | 1 | checks |" in texts["exercises.md"]


def test_book_and_committed_notebooks_show_answers_but_nothing_for_graders(sample):
    book = sources(for_book(sample.read_text()))
    written = nbformat.read(sample.with_suffix(".ipynb"), as_version=4)
    for text in (book, sources(written)):
        assert not [word for word in ANSWERS if word not in text]
        assert not [word for word in GRADERS if word in text]
    assert notebooks.stale(sample.parents[1]) == []


def test_links_to_the_book_lead_out_of_the_folder(sample):
    assert "/blob/main/book/how_to_run.md)" in sources(rendered("student", sample))


@pytest.mark.parametrize("name", editions.FOR_CLASS)
def test_an_edition_is_the_same_to_the_byte_again(sample, name):
    once, again = (editions.rendered(name, [sample], sample.parents[1]) for _ in range(2))
    assert once == again


def test_a_missing_a_stale_and_a_foreign_file_are_named(sample, tmp_path):
    texts = editions.rendered("instructor", [sample], sample.parents[1])
    assert len(editions.compare(texts, tmp_path)) == 2
    editions.write(texts, tmp_path)
    assert editions.compare(texts, tmp_path) == []
    (tmp_path / "01_sample.ipynb").write_text("{}")
    (tmp_path / "02_old.ipynb").write_text("{}")
    stale, foreign = editions.compare(texts, tmp_path)
    assert "01_sample.ipynb: stale" in stale
    assert "02_old.ipynb: belongs to no chapter" in foreign


def test_a_stale_notebook_is_no_source_of_outputs(sample, tmp_path):
    root = shutil.copytree(sample.parents[1], tmp_path / "course")
    chapter = root / "notebooks" / sample.name
    chapter.write_text(chapter.read_text() + "\n# %%\nprint('one more')\n")
    with pytest.raises(ValueError, match=r"01_sample.py has \d+ code cells, its outputs \d+"):
        editions.rendered("student", [chapter], root)
    chapter.with_suffix(".ipynb").unlink()
    with pytest.raises(ValueError, match=r"01_sample.ipynb: missing"):
        editions.rendered("student", [chapter], root)


# Assigned exercises


def overlay_of(folder, name="01_ex5.py", settings="title: x\nseed: 1\n", change=lambda text: text):
    """Write an overlay: the sample's exercise, changed."""
    folder.mkdir(exist_ok=True)
    (folder / "overlay.yml").write_text(settings)
    (folder / name).write_text(change((OVERLAY / "01_ex5.py").read_text()))
    return folder


def test_an_assigned_exercise_follows_the_chapters_last_and_tells_students_no_answer(sample):
    overlay = read_overlay(OVERLAY)
    text = sources(rendered("student", sample, overlay))
    assert text.index("Exercise 1.3") < text.index("Exercise 1.5") < text.index("## Your score")
    assert 'class_films = load("films")' in text
    assert "two names of genres" in text
    for word in ("contained", "grader.choice", "Jaccard", "both sizes"):
        assert word in sources(rendered("instructor", sample, overlay))
        assert word not in text


def test_an_assigned_exercise_replaces_one_of_the_book_only_where_it_says_so(sample, tmp_path):
    def renumbered(text):
        return text.replace("1.5", "1.1")

    folder = overlay_of(tmp_path / "key", "01_ex1.py", change=renumbered)
    with pytest.raises(ValueError, match=r"exercise 1.1: the chapter has 1.1, 1.2, 1.3"):
        rendered("student", sample, read_overlay(folder))
    (folder / "overlay.yml").write_text("title: x\nseed: 1\nreplaces: ['1.1']\n")
    text = sources(rendered("student", sample, read_overlay(folder)))
    assert text.count("### Exercise 1.1") == 1
    assert "class_films" in text
    assert "tokens.sum()" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"settings": "title: x\n"}, "expected at least"),
        ({"settings": "title: x\nseed: one\n"}, "seed: 'one'; expected a int"),
        ({"settings": "title: x\nseed: 1\nsecret: y\n"}, "secret.*expected one of title"),
        ({"settings": "title: x\nseed: 1\nreplaces: ['1.2']\n"}, "replaces 1.2.*no file"),
        ({"name": "exercise.py"}, "named like 06_ex5.py"),
        ({"name": "01_ex6.py"}, "heading says exercise 1.5"),
        ({"name": "99_ex5.py", "change": lambda t: t.replace("1.5", "99.5")}, "no chapter 99"),
        ({"change": lambda t: t.replace("SEED = 2026\ndrawn", "drawn")}, "no given line 'SEED"),
    ],
)
def test_a_broken_overlay_is_refused_by_name(tmp_path, arguments, message):
    folder = overlay_of(tmp_path / "key", **arguments)
    with pytest.raises(ValueError, match=message):
        read_overlay(folder)


def test_an_overlay_in_the_repository_is_refused_unless_it_is_public(sample):
    root = sample.parents[1]
    folder = overlay_of(root / "key")
    with pytest.raises(ValueError, match="lies inside the repository"):
        read_overlay(folder, root=root)
    (folder / "overlay.yml").write_text("title: x\nseed: 1\npublic: true\n")
    assert read_overlay(folder, root=root).title == "x"
    shutil.rmtree(folder)


def test_an_empty_folder_is_no_overlay(tmp_path):
    with pytest.raises(ValueError, match=r"overlay.yml: no such file"):
        read_overlay(tmp_path)
    (tmp_path / "overlay.yml").write_text("title: x\nseed: 1\n")
    with pytest.raises(ValueError, match=r"holds no NN_exK\.py"):
        read_overlay(tmp_path)


def solved(seed, change=lambda code: code):
    """Run the sample's solution; return its names and its hidden check."""
    exercise = read_overlay(OVERLAY, seed).exercises[0]
    names = {}
    code = next(cell for cell in exercise.of("solution") if cell.cell_type == "code")
    exec(change(code.source), names)
    return names, exercise.of("hidden-check")[0].source


def test_each_seed_has_an_answer_of_its_own_and_its_check_refuses_the_others():
    shares = {}
    for seed in (1, 2, 3):
        names, check = solved(seed)
        exec(check, dict(names))
        shares[seed] = names["share"]
        assert f"SEED = {seed}\n" in check
    assert len(set(shares.values())) == 3
    with pytest.raises(AssertionError, match="not the largest share"):
        exec(solved(1)[1], solved(2)[0])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("np.minimum.outer(films_of, films_of)", "np.maximum.outer(films_of, films_of)"),
        ("np.minimum.outer(films_of, films_of)", "(np.add.outer(films_of, films_of) - meeting)"),
        ("np.fill_diagonal(contained, 0)", "pass"),
        ("names[rarer], names[commoner]", "names[commoner], names[rarer]"),
    ],
)
def test_the_samples_hidden_check_refuses_what_its_rubric_names(right, wrong):
    def change(code):
        assert right in code
        return code.replace(right, wrong)

    names, check = solved(2026, change)
    with pytest.raises(AssertionError):
        exec(check, names)


# The command


def course(*arguments):
    return CliRunner().invoke(app, ["course", *map(str, arguments)])


def test_all_editions_of_the_committed_tree_are_fresh_and_tight():
    done = course("build", "--all", "--check", "--key", OVERLAY, "--seed", 5)
    assert done.exit_code == 0, done.output
    assert "nothing leaks" in done.output


def test_a_changed_student_notebook_is_named_and_the_exit_code_is_one(tmp_path):
    student = ("build", "--edition", "student", "--out", tmp_path)
    assert course(*student).exit_code == 0
    assert {path.stem for path in tmp_path.glob("*.ipynb")} == {path.stem for path in CHAPTERS}
    changed = tmp_path / f"{CHAPTERS[-1].stem}.ipynb"
    changed.write_text(changed.read_text().replace("Exercise", "Question", 1))
    done = course(*student, "--check")
    assert done.exit_code == 1
    assert re.findall(r"(\w+\.ipynb): stale", done.output) == [changed.name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build",), "name one with --edition"),
        (("build", "--all", "--edition", "book"), "name one with --edition"),
        (("build", "--edition", "student", "--seed", "1"), "name its folder with --key"),
        (("export", "--to", "otter", "--out", "x", "--chapters", "99"), "no chapter 99"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, message):
    done = course(*arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_without_the_books_packages_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['jupytext'] = None\n"
        "from genrelab.cli import app; app(['course', 'build', '--edition', 'student'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        "error: genrelab course: needs jupytext; install what the book needs: "
        "pip install 'genrelab[book]'"
    ]
