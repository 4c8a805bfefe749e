"""Chapters and their notebooks: one to one, fresh, rewritten for Jupyter, and really compared."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import types
from importlib import metadata, util
from pathlib import Path

import nbformat
import pytest
import yaml

from genrelab import __version__
from genrelab.course import myst, notebooks
from genrelab.course.chapters import ROOT, address, chapters, colab_link, for_book, read, tags
from genrelab.course.execute import ChapterError, executed, fingerprint

CHAPTERS = chapters()
HEADER = """\
# ---
# jupyter:
#   accelerator: GPU
#   colab:
#     gpuType: T4
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

"""
SAMPLE = (
    HEADER
    + """\
# %% [markdown]
# # A sample
#
# There are {glue:text}`n_films` films, {glue:text}`share:.2f` of them long {cite:p}`lipton2014`.
# Look {doc}`back <01_sample>` or {ref}`further down <down>`.

# %% tags=["nbval-check"]
from IPython.display import display


def glue(name, value):
    prefix = "application/papermill.record/"
    scrapbook = {"name": name, "mime_prefix": prefix}
    display({prefix + "text/plain": repr(value)}, raw=True, metadata={"scrapbook": scrapbook})


glue("n_films", "1,118")
glue("share", 0.98765)
print("thirteen genres")

# %% [markdown]
# (down)=
# ## Further down

# %% [markdown] tags=["exercise"]
# ### Exercise 1.1 (2 minutes)
# Add one.

# %% [markdown] tags=["hint"]
# Use `+`.

# %% tags=["solution"]
n = 3
### BEGIN SOLUTION
m = n + 1
### END SOLUTION

# %% tags=["check"]
assert m == 4

# %% [markdown]
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
"""
)
LIPTON = """\
@inproceedings{lipton2014,
  author = {Lipton, Zachary C. and Elkan, Charles and Naryanaswamy, Balakrishnan},
  title = {Optimal Thresholding of Classifiers to Maximize {F1} Measure},
  booktitle = {ECML PKDD}, year = {2014}, eprint = {1402.1892},
}
@book{field2005,
  author = {Field, Syd}, title = {Screenplay}, publisher = {Delta}, year = {2005},
}
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A checkout with one small chapter, executed and written as `make notebooks` does."""
    root = tmp_path_factory.mktemp("template")
    for folder in ("notebooks", "book", "genrelab"):
        (root / folder).mkdir()
    for name in ("_config.yml", "requirements-data.txt"):
        shutil.copy(ROOT / name, root / name)
    (root / "genrelab" / "room.py").write_text("ANSWER = 41\n")
    (root / "book" / "references.bib").write_text(LIPTON)
    chapter = root / "notebooks" / "01_sample.py"
    chapter.write_text(SAMPLE)
    notebooks.write(chapter, executed(chapter, root), root)
    readme = "\n".join(["# x", *notebooks.LIST_MARKS, ""])
    (root / "README.md").write_text(notebooks.with_chapter_list(readme, root))
    return root


@pytest.fixture
def course(template, tmp_path):
    """A copy of the template to change."""
    return shutil.copytree(template, tmp_path / "course")


@pytest.fixture
def chapter(course):
    return course / "notebooks" / "01_sample.py"


@pytest.fixture
def written(chapter):
    return chapter.with_suffix(".ipynb")


# The chapters of the book


def test_no_notebook_is_stale():
    assert notebooks.stale() == []


def test_the_table_of_contents_names_every_chapter_and_nothing_else():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    named = [name for name in files if name.startswith("notebooks/")]
    assert named == [f"notebooks/{path.stem}" for path in CHAPTERS]
    assert all((ROOT / f"{name}.md").is_file() for name in {*files, toc["root"]} - {*named})


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_the_header_that_colab_and_the_book_need(path):
    found = read(path.read_text("utf-8")).metadata
    assert found["accelerator"] == "GPU"
    assert found["colab"]["gpuType"] == "T4"
    assert found["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_stays_out_of_the_course_room(path):
    tree = ast.parse(path.read_text("utf-8"))
    modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    modules += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert not [module for module in modules if module.startswith("genrelab.course")]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_outputs_that_nbval_compares(path):
    stored = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    checked = [cell for cell in stored.cells if "nbval-check-output" in tags(cell)]
    assert checked
    assert all(cell.outputs for cell in checked)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_stored_outputs_hold_no_error_and_no_path_of_a_machine(path):
    for cell in nbformat.read(path.with_suffix(".ipynb"), as_version=4).cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert not re.search(r"/(home|root|Users|tmp)/|site-packages", json.dumps(output))


# Freshness


def test_two_generations_are_equal_to_the_byte(course, chapter, written):
    first = written.read_bytes()
    written.unlink()
    shutil.rmtree(course / "_build")
    assert notebooks.write(chapter, executed(chapter, course), course).read_bytes() == first


def test_a_fresh_notebook_is_not_stale(course, written):
    assert notebooks.stale(course) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Add one.", "# Add two."),
        ("m = n + 1", "m = 1 + n"),
        ('tags=["check"]', 'tags=["check", "hide-input"]'),
        ("gpuType: T4", "gpuType: L4"),
        ("# %% [markdown]\n# ## References", "# %%\n1 + 1\n\n# %% [markdown]\n# ## References"),
    ],
    ids=["prose", "code", "tags", "metadata", "a new cell"],
)
def test_a_changed_source_makes_its_notebook_stale(course, chapter, written, old, new):
    assert old in SAMPLE
    chapter.write_text(SAMPLE.replace(old, new))
    (problem,) = notebooks.stale(course)
    assert problem.startswith("01_sample.ipynb: stale")


def test_changed_outputs_do_not_make_a_notebook_stale(course, written):
    written.write_text(written.read_text().replace("thirteen genres\\n", "fourteen genres\\n"))
    assert notebooks.stale(course) == []


def test_a_missing_and_an_orphaned_notebook_are_named(course, written):
    written.rename(written.with_name("02_gone.ipynb"))
    first, second = notebooks.stale(course)
    assert first.startswith("02_gone.ipynb: has no source")
    assert second.startswith("01_sample.ipynb: missing")


def test_a_new_title_makes_the_readme_stale(course, chapter, written):
    (course / "README.md").write_text("\n".join(notebooks.LIST_MARKS))
    assert any(problem.startswith("README.md") for problem in notebooks.stale(course))


def test_an_inserted_cell_leaves_the_other_ids_alone(course, chapter, written):
    before = [cell.id for cell in nbformat.read(written, as_version=4).cells]
    chapter.write_text(SAMPLE.replace("# (down)=", "# New.\n\n# %% [markdown]\n# (down)="))
    notebooks.write(chapter, executed(chapter, course), course)
    after = [cell.id for cell in nbformat.read(written, as_version=4).cells]
    assert len(after) == len(before) + 1
    assert set(before) < set(after)


# What a learner meets in the notebook


def test_the_notebook_asks_colab_for_a_gpu(written):
    found = nbformat.read(written, as_version=4)
    assert found.metadata["accelerator"] == "GPU"
    assert found.metadata["colab"]["gpuType"] == "T4"


def test_values_references_and_links_are_written_out(written):
    first = nbformat.read(written, as_version=4).cells[0].source
    assert "There are 1,118 films, 0.99 of them long" in first
    assert "([Lipton et al., 2014](https://arxiv.org/abs/1402.1892))" in first
    assert "[back](01_sample.ipynb) or [further down](#Further-down)" in first
    last = nbformat.read(written, as_version=4).cells[-1].source
    assert "Optimal thresholding of classifiers" in last


def test_a_solution_is_folded_behind_an_empty_cell_of_the_learners_own(written):
    cells = nbformat.read(written, as_version=4).cells
    at = next(i for i, cell in enumerate(cells) if "solution" in tags(cell))
    turn, solution, check = cells[at - 1 : at + 2]
    assert "m = n + 1" not in turn.source
    assert all(line.startswith("#") for line in turn.source.splitlines())
    assert solution.metadata["cellView"] == "form"
    assert solution.metadata["jupyter"]["source_hidden"]
    assert solution.source == "# @title Solution\nn = 3\nm = n + 1"
    assert "check" in tags(check)
    assert "<summary>Hint</summary>" in cells[at - 2].source


def test_the_book_folds_what_the_notebook_folds():
    hint, solution = (
        cell for cell in for_book(SAMPLE).cells if {"hint", "solution"} & set(tags(cell))
    )
    assert hint.source == ":::{dropdown} Hint\nUse `+`.\n:::"
    assert "hide-cell" in tags(solution)
    assert "SOLUTION" not in solution.source


SET_UP = compile(notebooks.set_up_source(), "set-up cell", "exec")


def test_off_colab_the_set_up_cell_does_nothing_but_say_where_genrelab_is_missing(
    monkeypatch, capsys
):
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail(f"ran {a}"))
    monkeypatch.delenv("GENRELAB_PROFILE", raising=False)
    names = {}
    exec(SET_UP, names)
    assert set(names) == {"__builtins__", "PROFILE", "importlib", "missing", "sys"}
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    exec(SET_UP, {})
    said = capsys.readouterr().out
    assert "genrelab is not installed" in said
    assert "/book/how_to_run.md" in said


class Colab:
    """Stands where the set-up cell believes itself on a fresh Colab; collects its commands."""

    def __init__(self) -> None:
        self.commands, self.files, self.refused = [], [], ()
        self.gpu = ""

    def run(self, command, **_):
        if command[0] == "nvidia-smi":
            listed = f"GPU 0: {self.gpu} (UUID: GPU-1)\n" if self.gpu else ""
            return subprocess.CompletedProcess(command, int(not self.gpu), stdout=listed)
        self.commands.append(command)
        self.files.append([Path(part).read_text() for part in command if part.endswith(".txt")])
        failed = any(part in command[-1] for part in self.refused)
        return subprocess.CompletedProcess(command, int(failed))


@pytest.fixture
def colab(monkeypatch):
    fake = Colab()
    shipped = [
        types.SimpleNamespace(metadata={"Name": name}, version=f"1.0+{name}")
        for name in ("torch", "numpy", "ipywidgets", "absl-py", None)
    ]
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setattr(subprocess, "run", fake.run)
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    monkeypatch.setattr(metadata, "distributions", lambda: shipped)
    monkeypatch.setenv("GENRELAB_PROFILE", "unset")
    monkeypatch.setenv("GENRELAB_CACHE", "unset")
    return fake


def test_on_colab_the_set_up_cell_installs_its_edition_and_holds_all_that_colab_ships(colab):
    exec(SET_UP, {})
    package, data = colab.commands
    url, _ = address()
    assert package[-1] == f"genrelab[train] @ {url}/archive/refs/tags/v{__version__}.zip"
    (constraints,) = colab.files[0]
    names = ("torch", "numpy", "ipywidgets", "absl-py")
    assert constraints.split() == [f"{name}==1.0+{name}" for name in names]
    assert package[package.index("-c") + 1].endswith("constraints.txt")
    assert {"--no-deps", "--require-hashes"} <= set(data)
    pins = (ROOT / "requirements-data.txt").read_text().splitlines()
    assert colab.files[1][0].split("\n") == [*(p for p in pins if not p.startswith("#")), ""]


def test_before_its_edition_is_tagged_the_set_up_cell_takes_the_branch_or_says_so(colab):
    colab.refused = ("/tags/",)
    exec(SET_UP, {})
    url, branch = address()
    assert colab.commands[1][-1] == f"genrelab[train] @ {url}/archive/refs/heads/{branch}.zip"
    colab.refused = ("/archive/",)
    with pytest.raises(RuntimeError, match="genrelab could not be installed"):
        exec(SET_UP, {})


@pytest.mark.parametrize(
    ("gpu", "form", "profile"),
    [("Tesla T4", "auto", "full"), ("", "auto", "default"), ("Tesla T4", "default", "default"),
     ("", "full", "full")],
)  # fmt: skip
def test_on_colab_the_profile_is_full_on_a_gpu_unless_the_form_says_otherwise(
    colab, capsys, gpu, form, profile
):
    colab.gpu = gpu
    source = notebooks.set_up_source().replace('PROFILE = "auto"', f'PROFILE = "{form}"')
    exec(compile(source, "set-up cell", "exec"), {})
    assert os.environ["GENRELAB_PROFILE"] == profile
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith(f"GPU: {gpu}." if gpu else "GPU: none; for one, Runtime >")
    assert f"Profile: {profile}." in said


@pytest.mark.parametrize("mounted", [True, False])
def test_on_colab_results_are_kept_on_a_mounted_drive(colab, capsys, monkeypatch, mounted):
    monkeypatch.setattr(Path, "is_dir", lambda path: mounted)
    exec(SET_UP, {})
    kept = os.environ["GENRELAB_CACHE"]
    assert kept == ("/content/drive/MyDrive/genrelab" if mounted else "unset")
    said = capsys.readouterr().out
    assert ("Kept on your Drive." in said) == mounted
    assert ("mount your Drive (folder icon)" in said) != mounted


def test_the_colab_button_opens_the_notebook_of_the_configured_repository(chapter):
    start = "https://colab.research.google.com/github/genrelab/genrelab/blob/main/notebooks/"
    assert colab_link(chapter) == f"{start}01_sample.ipynb"


# MyST to Jupyter


@pytest.fixture
def context(chapter, course):
    return notebooks.book_context(chapter, {"n": "12", "x": "0.5"}, course)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":::{note}\nA\n\nB\n:::", "> **Note**\n>\n> A\n>\n> B"),
        ("```{tip}\nA\n```", "> **Tip**\n>\n> A"),
        ("````{note}\n```python\n{1}\n```\n````", "> **Note**\n>\n> ```python\n> {1}\n> ```"),
        (":::{admonition} Look {glue:text}`n`\n:class: tip\nA\n:::", "> **Look 12**\n>\n> A"),
        (":::{seealso}\nA\n:::", "> **See also**\n>\n> A"),
        (
            ":::{admonition} Why <b>\n:class: dropdown\nA\n:::",
            "<details>\n<summary>Why &lt;b&gt;</summary>\n\nA\n\n</details>",
        ),
        ("```{math}\na^2\n```", "$$\na^2\n$$"),
        ("(here)=\n## Here", "## Here"),
        ("{glue:text}`x:.3f` of {glue:text}`n`", "0.500 of 12"),
        ("{doc}`01_sample`", "[A sample](01_sample.ipynb)"),
        ("see {doc}`the\nsample <01_sample>`", "see [the sample](01_sample.ipynb)"),
        ("{math}`a_1`", "$a_1$"),
        ("```python\n{doc}`not a role`\n```", "```python\n{doc}`not a role`\n```"),
        ("{cite:p}`field2005`", "(Field, 2005)"),
        ("{cite:t}`lipton2014`", "[Lipton et al. (2014)](https://arxiv.org/abs/1402.1892)"),
    ],
)
def test_myst_becomes_what_jupyter_renders(context, text, expected):
    assert myst.to_jupyter(text, context) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("```{figure} x.png\n```", "{figure}"),
        ("{numref}`x`", "{numref}"),
        ("{cite:p}`nobody1999`", "nobody1999"),
        ("{glue:text}`nothing`", "nothing"),
        ("{doc}`99_nowhere`", "99_nowhere"),
        ("{ref}`nowhere`", "nowhere"),
        (":::{note}\nnever closed", "never closed"),
    ],
)
def test_what_jupyter_would_show_raw_is_refused_by_name(context, text, named):
    with pytest.raises(myst.MystError, match=re.escape(named)) as caught:
        myst.to_jupyter(text, context)
    assert "01_sample.py" in str(caught.value)


# Execution


def test_a_failing_cell_is_named_with_chapter_cell_and_line(course, chapter):
    broken = SAMPLE.replace("m = n + 1", "m = n + nothing")
    chapter.write_text(broken)
    line = broken.splitlines().index('# %% tags=["solution"]') + 1
    with pytest.raises(ChapterError) as caught:
        executed(chapter, course)
    assert f"01_sample.py, code cell 2 (line {line}) failed" in str(caught.value)
    assert "NameError: name 'nothing' is not defined" in str(caught.value)


def test_a_chapter_runs_again_only_when_code_package_or_data_change(course, chapter, capsys):
    def runs() -> int:
        executed(chapter, course)
        return capsys.readouterr().out.count("executing")

    assert runs() == 0
    chapter.write_text(SAMPLE.replace("# Add one.", "# Add 1."))
    assert runs() == 0
    chapter.write_text(SAMPLE.replace("m = n + 1", "m = 1 + n"))
    assert runs() == 1
    (course / "genrelab" / "room.py").write_text("ANSWER = 42\n")
    assert [runs(), runs()] == [1, 0]


def test_outputs_of_a_package_that_changed_meanwhile_are_not_cached(course, chapter, capsys):
    room = course / "genrelab" / "room.py"
    edit = f"import pathlib; pathlib.Path({str(room)!r}).write_text('ANSWER = 42')"
    chapter.write_text(SAMPLE.replace("m = n + 1", f"m = n + 1; {edit}"))
    executed(chapter, course)
    assert "not cached" in capsys.readouterr().out
    executed(chapter, course)
    executed(chapter, course)
    assert capsys.readouterr().out.count("executing") == 1


def test_the_cache_depends_on_data_results_pins_and_profile_but_not_on_the_course_room(
    course, monkeypatch
):
    seen = [fingerprint(course)]
    for name in ("genrelab/datasets/files/x.npz", "book/results/r.json", "requirements.txt"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("{}")
        seen.append(fingerprint(course))
    monkeypatch.setenv("GENRELAB_PROFILE", "full")
    seen.append(fingerprint(course))
    assert len(set(seen)) == 5
    (course / "genrelab" / "course").mkdir()
    (course / "genrelab" / "course" / "tool.py").write_text("x = 1\n")
    assert fingerprint(course) == seen[-1]


# nbval can fail


def nbval(folder, *more):
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p"]
    command += ["no:cacheprovider", "-q", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg"]
    command += ["-c", "pyproject.toml", "--rootdir", ".", *more]
    command += [str(folder / "notebooks" / "01_sample.ipynb")]
    env = {**os.environ, "PYTHONPATH": "tests"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env)


def test_nbval_passes_what_is_unchanged_and_fails_a_changed_stored_output(course, written):
    same = nbval(course)
    assert same.returncode == 0, same.stdout
    assert "5 passed" in same.stdout
    stored = written.read_text()
    written.write_text(stored.replace('"thirteen genres\\n"\n', '"fourteen genres\\n"\n'))
    assert written.read_text() != stored
    changed = nbval(course)
    assert changed.returncode == 1
    assert "1 failed, 4 passed" in changed.stdout


def test_what_nbval_executed_is_not_executed_again_for_the_book(course, chapter, written, capsys):
    shutil.rmtree(course / "_build")
    assert nbval(course, "-p", "shared_execution").returncode == 0
    capsys.readouterr()
    ran = executed(chapter, course)
    assert "executing" not in capsys.readouterr().out
    outputs = [cell.outputs for cell in ran.cells if cell.cell_type == "code"]
    assert "thirteen genres" in json.dumps(outputs[0])
