"""Assignments for otter-grader and nbgrader: every chapter has the form, a sample is graded."""

import ast
import csv
import json
import os
import re
import subprocess
import sysconfig
import venv
from pathlib import Path

import nbformat
import pytest
import sample_course
from sample_course import OVERLAY

from genrelab.course import editions, exports, leaks
from genrelab.course.chapters import ROOT, chapters
from genrelab.course.overlay import read_overlay

CHAPTERS = chapters()
GRADERS = {
    "otter": ["otter-grader==7.0.0"],
    # nbgrader calls alembic's script, which has to lie beside its own.
    "nbgrader": ["nbgrader==0.9.6", "alembic"],
}
UNREACHABLE = re.compile(r"NewConnectionError|Failed to establish|name resolution|timed out", re.I)
# What a learner hands in who passes every open check and misses what the hidden ones ask.
WRONG = {
    "shares_of_all / total": "np.array([0.5, 0.5])",
    "np.minimum.outer": "np.maximum.outer",
    "546, 56": "2184, 273",
}


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The chapter of a sample course."""
    return sample_course.make(tmp_path_factory.mktemp("sample") / "course")


def exported(form, sample, folder):
    """Export the sample with its overlay; return the secrets that no learner may see."""
    overlay, root = read_overlay(OVERLAY, seed=7), sample.parents[1]
    editions.write(exports.rendered(form, [sample], root, overlay), folder)
    return leaks.secrets(next(editions.open_chapters([sample], root, overlay)).items)


class Grader:
    """A grader in an environment of its own, which also sees the packages of this one."""

    def __init__(self, name: str, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.env = {
            **os.environ,
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_PREFER_ENV_PATH": "1",
            "HF_HUB_OFFLINE": "1",
        }
        here = [sysconfig.get_path("purelib"), str(ROOT)]
        library = self.run(
            folder, "python", "-c", "import sysconfig as s; print(s.get_path('purelib'))"
        )
        Path(library.strip(), "beside.pth").write_text("\n".join(here) + "\n")
        pip = ["-m", "pip", "--disable-pip-version-check", "--retries=1", "install", "-q"]
        grader, *others = GRADERS[name]
        self.install(folder, *pip, "--no-compile", grader)
        if others:
            self.install(folder, *pip, "--no-deps", "--ignore-installed", *others)

    def install(self, folder: Path, *arguments: str) -> None:
        try:
            self.run(folder, "python", *arguments)
        except AssertionError as error:
            if UNREACHABLE.search(str(error)):
                pytest.skip(f"no package index can be reached: {arguments[-1]} is not installed.")
            raise

    def run(self, folder: Path, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self.bin / program, *map(str, arguments)],
            cwd=folder,
            env=self.env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def otter(tmp_path_factory):
    return Grader("otter", tmp_path_factory.mktemp("otter"))


@pytest.fixture(scope="session")
def nbgrader(tmp_path_factory):
    return Grader("nbgrader", tmp_path_factory.mktemp("nbgrader"))


def hand_in(given: Path, answers: list[str], to: Path) -> None:
    """Fill a learner's notebook: each cell with a stub gets the next answer."""
    notebook, rest = nbformat.read(given, as_version=4), list(answers)
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.search(r"^\s*\.\.\.$", cell.source, re.M):
            cell.source = rest.pop(0)
    assert not rest
    to.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, to)


def answers(sample, wrong=False):
    """All code answers of the sample and its overlay, in order."""
    chapter = next(
        editions.open_chapters([sample], sample.parents[1], read_overlay(OVERLAY, seed=7))
    )
    found = []
    for exercise in chapter.exercises:
        for cell in exercise.of("solution"):
            if cell.cell_type == "code":
                found.append(cell.source)
    for right, instead in WRONG.items() if wrong else ():
        assert sum(right in code for code in found) == 1
        found = [code.replace(right, instead) for code in found]
    return found


# Round trips


def test_otter_grades_a_right_a_wrong_and_an_empty_submission(sample, otter, tmp_path):
    secret = exported("otter", sample, tmp_path)
    folder = tmp_path / "01_sample"
    # `otter assign` runs its tests on the answers, and fails if one fails.
    otter.run(folder, "otter", "assign", "01_sample.ipynb", "dist")
    student = folder / "dist" / "student"
    assert leaks.found(secret, leaks.files(student)) == []
    assert leaks.found(secret, leaks.files(folder / "dist" / "autograder")) != []
    given = student / "01_sample.ipynb"
    hand_in(given, answers(sample), tmp_path / "right.ipynb")
    hand_in(given, answers(sample, wrong=True), tmp_path / "wrong.ipynb")
    (tmp_path / "empty.ipynb").write_text(given.read_text())
    [archive] = (folder / "dist" / "autograder").glob("*.zip")
    scores = {}
    for name in ("right", "wrong", "empty"):
        out = tmp_path / name
        out.mkdir()
        otter.run(folder, "otter", "run", "-a", archive, "-o", out, tmp_path / f"{name}.ipynb")
        tests = json.loads((out / "results.json").read_text())["tests"]
        scores[name] = {test["name"]: test["score"] for test in tests if "score" in test}
    assert scores["right"] == {"ex1": 2, "ex2": 1, "ex5": 3}
    assert scores["wrong"] == {"ex1": 1, "ex2": 0, "ex5": 1.5}
    assert scores["empty"] == {"ex1": 0, "ex2": 0, "ex5": 0}


def test_nbgrader_grades_a_right_a_wrong_and_an_empty_submission(sample, nbgrader, tmp_path):
    secret = exported("nbgrader", sample, tmp_path)
    nbgrader.run(tmp_path, "nbgrader", "generate_assignment", "01_sample")
    release = tmp_path / "release" / "01_sample"
    assert leaks.found(secret, leaks.files(release)) == []
    assert leaks.found(secret, leaks.files(tmp_path / "source")) != []
    given, submitted = release / "01_sample.ipynb", tmp_path / "submitted"
    for name, code in (("right", answers(sample)), ("wrong", answers(sample, wrong=True))):
        hand_in(given, code, submitted / name / "01_sample" / given.name)
    (submitted / "empty" / "01_sample").mkdir(parents=True)
    (submitted / "empty" / "01_sample" / given.name).write_text(given.read_text())
    nbgrader.run(tmp_path, "nbgrader", "autograde", "01_sample", "--create")
    nbgrader.run(tmp_path, "nbgrader", "export")
    with (tmp_path / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
        file.seek(0)
        out_of = {float(row["max_score"]) for row in csv.DictReader(file)}
    assert scores == {"right": 6, "wrong": 2.5, "empty": 0}
    assert out_of == {9}  # three points more are given by reading


# Every chapter has the form


@pytest.fixture(scope="module")
def assignments():
    """Every chapter for both graders: (chapter, otter's notebook, nbgrader's)."""
    return {
        chapter.name: (chapter, *(exports.assignment(chapter, form) for form in exports.FORMS))
        for chapter in editions.open_chapters(CHAPTERS)
    }


@pytest.mark.parametrize("name", [path.stem for path in CHAPTERS])
def test_otter_finds_each_exercise_with_its_points_and_tests(assignments, name):
    chapter, notebook, _ = assignments[name]
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "ok_format: false" in text
    blocks = re.findall(r"# BEGIN QUESTION\n(.*?)# END QUESTION", text, re.S)
    assert len(blocks) == len(chapter.exercises)
    for exercise in chapter.exercises:
        block = next(each for each in blocks if f"name: ex{exercise.number}\n" in each)
        assert block.count("# BEGIN SOLUTION\n") >= 1
        points = [float(each) for each in re.findall(r"^points: ([\d.]+)$", block, re.M)]
        assert sum(points) == pytest.approx(exercise.points)
        tests = re.findall(r"^def (test_\d+)\(", block, re.M)
        assert len(set(tests)) == len(exercise.checks) == block.count("# END TEST CONFIG")


@pytest.mark.parametrize("name", [path.stem for path in CHAPTERS])
def test_otters_tests_ask_only_for_names_that_the_chapter_makes(assignments, name):
    chapter, notebook, _ = assignments[name]
    made = set()
    for cell in chapter.source.cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    made.add(node.id)
                elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                    made.add(node.name)
                elif isinstance(node, ast.alias):
                    made.add((node.asname or node.name).split(".")[0])
    for cell in notebook.cells:
        if "# END TEST CONFIG" in cell.source:
            function = ast.parse(cell.source).body[-1]
            assert {arg.arg for arg in function.args.args} <= made, cell.source


@pytest.mark.parametrize("name", [path.stem for path in CHAPTERS])
def test_nbgraders_cells_have_unique_names_and_all_the_points(assignments, name):
    chapter, _, notebook = assignments[name]
    cells = [c.metadata["nbgrader"] for c in notebook.cells if "nbgrader" in c.metadata]
    names = [cell["grade_id"] for cell in cells]
    assert len(set(names)) == len(names)
    points = sum(cell["points"] for cell in cells if cell["grade"])
    assert points == pytest.approx(sum(exercise.points for exercise in chapter.exercises))
    for exercise in chapter.exercises:
        mine = [cell for cell in cells if cell["grade_id"].startswith(f"ex{exercise.number}-")]
        assert any(cell["solution"] for cell in mine), exercise.name
        assert any(cell["grade"] for cell in mine), exercise.name


def test_a_check_that_only_prints_is_refused_by_name():
    with pytest.raises(ValueError, match=r"exercise 6.1: its check can fail no answer"):
        exports.asserted("print('right' if n == 3 else 'wrong')", "6.1")


def test_a_check_uses_its_own_checks_and_not_the_learners():
    code = exports.as_function(exports.asserted("checks.ch07_ex1(a, b)", "7.1"), "test_1")
    assert code.startswith("def test_1(a, b):\n    from genrelab import checks")
    names = {}
    exec(code, names)
    names["test_1"](546, 56)
    with pytest.raises(AssertionError, match=r"7\.1: not yet, 0 of 1 points"):
        names["test_1"](547, 56)


def test_the_export_is_the_same_to_the_byte_again(sample):
    for form in exports.FORMS:
        once, again = (exports.rendered(form, [sample], sample.parents[1]) for _ in range(2))
        assert once == again
        assert len(once) == 2
