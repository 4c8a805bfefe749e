"""Answers, hidden checks and rubrics stand nowhere but where they should; and the search works."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import sample_course
from sample_course import OVERLAY

from genrelab.course import chapters as sources
from genrelab.course import editions, leaks
from genrelab.course.chapters import ROOT, chapters, read
from genrelab.course.exercises import gather
from genrelab.course.overlay import read_overlay

CHAPTERS = chapters()
OVERLAYS = leaks.secrets(read_overlay(OVERLAY).exercises)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return sample_course.make(tmp_path_factory.mktemp("sample") / "course")


@pytest.fixture
def sample(template, tmp_path):
    """The chapter of a sample course, to change."""
    root = shutil.copytree(template.parents[1], tmp_path / "course")
    return root / "notebooks" / template.name


def secrets_of(path):
    return leaks.secrets(gather(read(path.read_text("utf-8")).cells, path.name))


# What is secret


def test_each_kind_of_secret_of_the_sample_is_known(template):
    told = " / ".join(secrets_of(template))
    for kind in (
        "shares_of_all tokens astype float",  # between the marks
        "weights shares_of_all total",  # a short line
        "fits fits_training 546 56",  # a cell without marks
        "a plain mean favours the short one",  # prose, up to its glued value
        "prefix application papermill record",  # an untagged cell of an answer
        "assert np allclose weights",  # a hidden check
        "half of the points for weights",  # a rubric
    ):
        assert kind in told
    for open_ in ("total tokens sum", "do not add up", "the weights are"):
        assert open_ not in told


def test_a_line_that_the_chapter_teaches_is_no_secret_but_a_whole_answer_is():
    task = (
        "# %% [markdown] tags=['exercise']\n# ### Exercise 1.1 (5 minutes, 1 point)\n# Do it.\n\n"
    )
    answer = "share = target[:, 0].mean(axis=0)\nbest = share.argsort()[-10:][::-1]"
    chapter = f"# %%\nshare = target[:, 0].mean(axis=0)\n\n{task}# %% tags=['solution']\n{answer}"
    assert list(leaks.secrets(gather(read(chapter).cells, "x"))) == ["best share argsort 10 1"]
    chapter = f"# %%\n{answer}\n\n{task}# %% tags=['solution']\n{answer}"
    assert len(leaks.secrets(gather(read(chapter).cells, "x"))) == 2


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_answer_of_the_book_has_something_to_recognise(chapter):
    items = gather(read(chapter.read_text("utf-8")).cells, chapter.name)
    named = set(leaks.secrets(items).values())
    assert named >= {f"exercise {item.name}" for item in items if hasattr(item, "points")}


# The search finds what is injected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.html", "<b>weights</b> <i>=</i> <b>shares_of_all</b> <i>/</i> <b>total</b>"),
        ("x.html", "<p>Only with an\n<em>interval</em> beside the number, since ten"
         "&nbsp;folds share\ntheir films.</p>"),
        ("x.txt", "> Only with an interval\n> beside the number,\n> since ten folds share their"
         " films"),
        ("x.js", 'x = "assert np.allclose(weights, [0.7, 0.3]), \\"Not in proportion to their '
         'number of tokens."'),
        ("x.py", "FITS,fits_training=546,56"),
    ],
)  # fmt: skip
def test_wrapped_coloured_and_quoted_secrets_are_found(template, tmp_path, name, text):
    secret, path = secrets_of(template), tmp_path / name
    path.write_text(text)
    assert len(leaks.found(secret, leaks.files(tmp_path))) == 1
    path.write_text(text.replace("total", "all").replace("number", "sum").replace("546", "545"))
    assert leaks.found(secret, leaks.files(tmp_path)) == []


def test_an_answer_left_in_the_open_stops_the_student_edition(sample):
    text = sample.read_text()
    left = "shares_of_all = tokens.astype(float)\n# so weights = shares_of_all / total\n"
    sample.write_text(text.replace('print("one', f'{left}print("one'))
    with pytest.raises(leaks.LeakError, match=r"01_sample.ipynb: tells a line of exercise 1.1"):
        editions.rendered("student", [sample], sample.parents[1])


def test_a_maker_that_forgets_to_cut_stops_the_student_edition(sample, monkeypatch):
    root = sample.parents[1]
    assert editions.rendered("student", [sample], root)
    monkeypatch.setattr(sources, "halves", lambda source: (source, source))
    with pytest.raises(leaks.LeakError, match=r"exercise 1\.2"):
        editions.rendered("student", [sample], root)


def test_an_output_or_a_name_in_metadata_counts_as_text(sample):
    secret = secrets_of(sample)
    cell = nbformat.v4.new_code_cell("1", metadata={"note": "weights = shares_of_all / total"})
    cell.metadata["note"] += " and more of it"
    stream = nbformat.v4.new_output("stream", text="Only with an interval beside the number, since")
    stream.text += " ten folds share their films."
    cell.outputs = [stream]
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    found = leaks.found(secret, [("x.ipynb", leaks.readable("x.ipynb", text))])
    assert [line.partition("exercise ")[2][:3] for line in found] == ["1.1", "1.3"]


@pytest.mark.parametrize("place", ["notebooks", "_build/html/_sources", "_build/jupyter_execute"])
def test_a_rubric_or_an_overlays_answer_in_an_open_place_is_named(sample, place):
    root = sample.parents[1]
    overlay = read_overlay(OVERLAY)
    assert editions.open_places(root, overlay) == []
    folder = root / place
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["One point for the interval, two for a reason of the learner's own."]
    lines += ["contained = meeting / np.minimum.outer(films_of, films_of)"]
    cells = [nbformat.v4.new_markdown_cell("\n".join(lines))]
    (folder / "99_x.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    answer, *rubric = editions.open_places(root, overlay)
    assert "99_x.ipynb: tells a line of exercise 1.5" in answer
    # Sphinx copies sources as they are, rubrics included, which the repository shows as well.
    assert len(rubric) == ("_sources" not in place)
    assert all("99_x.ipynb: tells a line of exercise 1.3" in line for line in rubric)


# Nothing leaks


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_students_read_no_answer_of_the_book_or_the_overlay(tmp_path):
    overlay = read_overlay(OVERLAY)
    editions.write(editions.rendered("student", CHAPTERS, overlay=overlay), tmp_path)
    secret = dict(OVERLAYS)
    for path in CHAPTERS:
        own = tmp_path / f"{path.stem}.ipynb"
        assert leaks.found(secrets_of(path), leaks.files(own)) == []
        assert json.loads(own.read_text())["cells"]
    assert leaks.found(secret, leaks.files(tmp_path)) == []


def test_the_overlays_text_is_in_no_wheel_and_no_committed_notebook(wheel):
    assert OVERLAYS
    assert leaks.found(OVERLAYS, leaks.files(wheel)) == []
    assert leaks.found(OVERLAYS, leaks.files(ROOT / "notebooks")) == []


def test_the_wheel_holds_no_rubrics_no_wrong_answers_and_no_overlay(wheel):
    rubrics = {}
    for path in CHAPTERS:
        items = gather(read(path.read_text("utf-8")).cells, path.name)
        rubrics |= leaks.secrets(items, answers=False)
    shown = list(leaks.files(wheel))
    assert rubrics
    assert leaks.found(rubrics, shown) == []
    assert not [name for name, _ in shown if "answers" in name or "overlay_sample" in name]


def test_the_search_of_a_wheel_can_fail(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        archive.write(OVERLAY / "01_ex5.py", "genrelab/01_ex5.py")
    assert len(leaks.found(OVERLAYS, leaks.files(tmp_path / "x.whl"))) == len(OVERLAYS)
