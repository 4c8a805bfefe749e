"""Make the editions for a class: the students' without answers, the instructors' with rubrics."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from genrelab.course import chapters as sources
from genrelab.course import leaks, myst, notebooks
from genrelab.course.chapters import ROOT
from genrelab.course.exercises import OPEN, Exercise, gather, part
from genrelab.course.overlay import Overlay

YOUR_TURN = "# Your turn: put your code where the dots are, run the cell, then the check below."
YOUR_ANSWER = "*Your answer:*"
FOR_CLASS = ("student", "instructor")


@dataclass
class Chapter:
    """A chapter made ready for a class.

    Parameters
    ----------
    path : Path
        Its source.
    source : NotebookNode
        All cells; those that learners see bear the outputs of the committed notebook.
    items : list of NotebookNode or Exercise
        The same, exercises gathered and assigned ones put in.
    context : Context
        What its Markdown may refer to, less the values that answers glue.
    key : Context
        The same with these values.
    root : Path
        The checkout.
    """

    path: Path
    source: NotebookNode
    items: list[NotebookNode | Exercise]
    context: myst.Context
    key: myst.Context
    root: Path

    @property
    def exercises(self) -> list[Exercise]:
        """Its exercises, in order."""
        return [item for item in self.items if isinstance(item, Exercise)]

    @property
    def name(self) -> str:
        """Its file's stem."""
        return self.path.stem


def open_chapters(
    paths: Iterable[Path], root: Path = ROOT, overlay: Overlay | None = None
) -> Iterator[Chapter]:
    """Read chapters with the outputs of their committed notebooks.

    Parameters
    ----------
    paths : iterable of Path
        Sources.
    root : Path
        The checkout.
    overlay : Overlay, optional
        Assigned exercises to put in.

    Raises
    ------
    ValueError
        If a notebook is missing or stale.
    """
    context = None
    for path in paths:
        stored = path.with_suffix(".ipynb")
        if not stored.is_file():
            raise ValueError(f"{stored.name}: missing; run `make notebooks`.")
        source = sources.read(path.read_text("utf-8"))
        notebooks.add_outputs(source, nbformat.read(stored, as_version=4), path.name)
        context = context or notebooks.book_context(path, {}, root)
        items = gather(source.cells, path.name)
        if overlay:
            items = overlay.over(items, int(path.stem[:2]))
        prose = new_notebook(cells=[item for item in items if not isinstance(item, Exercise)])
        mine, key = (
            replace(context, path=path, glue=notebooks.glued(cells), cited=[])
            for cells in (prose, source)
        )
        yield Chapter(path, source, items, mine, key, root)


def bare(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Take the outputs off cells."""
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return cells


def student_cells(exercise: Exercise, context: myst.Context) -> list[NotebookNode]:
    """Return an exercise as a student gets it: task, hints, stubs, open checks."""
    cells = []
    for cell in exercise.of(*OPEN, "solution"):
        answer = {"tags": ["answer"]}
        if part(cell) != "solution":
            cells += bare(notebooks.rewritten(cell, context))
        elif cell.cell_type == "code":
            stub = f"{YOUR_TURN}\n{sources.halves(cell.source)[0]}"
            cells.append(new_code_cell(stub, metadata=answer))
        else:
            cells.append(new_markdown_cell(YOUR_ANSWER, metadata=answer))
    return cells


def instructor_cells(exercise: Exercise, context: myst.Context) -> list[NotebookNode]:
    """Return an exercise with its answers, hidden checks and rubric, all unfolded."""
    cells = []
    for cell in exercise.cells:
        kind, tagged = part(cell), {"tags": cell.metadata.get("tags", [])}
        if kind not in ("solution", "hidden-check", "rubric"):
            cells += notebooks.rewritten(cell, context)
        elif cell.cell_type == "code":
            title = "# Hidden check: only graders run this.\n" if kind == "hidden-check" else ""
            made = new_code_cell(title + cell.source, metadata=tagged, outputs=cell.outputs)
            cells.append(made)
        else:
            title = "Solution" if kind == "solution" else "For the grader"
            text = f"#### {title}\n\n{myst.to_jupyter(cell.source, context)}"
            cells.append(new_markdown_cell(text, metadata=tagged))
    return cells


def overview(exercises: Iterable[Exercise]) -> str:
    """Tabulate exercises: minutes, points, who grades; with totals.

    Examples
    --------
    >>> print(overview([Exercise(6, 1, 10, 2, cells=[])]))
    | exercise | minutes | points | graded by |
    |---|---|---|---|
    | 6.1 | 10 | 2 | reading |
    | **together** | **10** | **2** | |
    """
    rows, minutes, points = [], 0, 0
    for each in exercises:
        minutes, points = minutes + each.minutes, points + each.points
        by = "checks" if each.checks else "reading"
        rows.append(f"| {each.name} | {each.minutes} | {each.points} | {by} |")
    head = ["| exercise | minutes | points | graded by |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, f"| **together** | **{minutes}** | **{points}** | |"])


def edition(chapter: Chapter, name: str) -> NotebookNode:
    """Make one chapter of the edition ``student`` or ``instructor``.

    Raises
    ------
    LeakError
        If a student could read an answer.
    """
    for_student, cells = name == "student", []
    context = chapter.context if for_student else chapter.key
    for item in chapter.items:
        if not isinstance(item, Exercise):
            made = notebooks.rewritten(item, context)
            cells += bare(made) if for_student else made
        elif for_student:
            cells += student_cells(item, context)
        else:
            cells += instructor_cells(item, context)
        if item is chapter.items[0]:
            about = [] if for_student else [new_markdown_cell(overview(chapter.exercises))]
            cells += [*about, notebooks.set_up_cell(chapter.root)]
    return finished(cells, chapter)


def finished(cells: list[NotebookNode], chapter: Chapter) -> NotebookNode:
    """Number cells and make them a notebook whose links to the book lead to the repository."""
    url, branch = sources.address(chapter.root)
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../book/", f"]({url}/blob/{branch}/book/")
    notebooks.number(cells, chapter.name)
    notebook = notebooks.notebook_of(cells, chapter.source)
    nbformat.validate(notebook)
    return notebook


def rendered(
    name: str, paths: Iterable[Path], root: Path = ROOT, overlay: Overlay | None = None
) -> dict[str, str]:
    """Make an edition for a class: the text of each file.

    Parameters
    ----------
    name : {'student', 'instructor'}
    paths : iterable of Path
        Sources.
    root : Path
        The checkout.
    overlay : Overlay, optional
        Assigned exercises.

    Returns
    -------
    dict of str to str
        The same for the same tree, to the byte.

    Raises
    ------
    LeakError
        If a student could read an answer, a hidden check or a rubric.
    """
    texts, exercises = {}, []
    for chapter in open_chapters(paths, root, overlay):
        text = nbformat.writes(edition(chapter, name)) + "\n"
        file = f"{chapter.name}.ipynb"
        if name == "student":
            leaks.refuse(leaks.secrets(chapter.items), [(file, leaks.readable(file, text))])
        texts[file] = text
        exercises += chapter.exercises
    if name == "instructor":
        texts["exercises.md"] = f"# All exercises\n\n{overview(exercises)}\n"
    return texts


def write(texts: dict[str, str], out: Path) -> None:
    """Write files into a folder, each under a temporary name first."""
    for name, text in texts.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.part")
        unfinished.write_text(text, "utf-8")
        unfinished.replace(path)


def compare(texts: dict[str, str], out: Path) -> list[str]:
    """Say which files of a folder are missing, stale or too many."""
    problems = []
    for name, text in texts.items():
        path = out / name
        if not path.is_file():
            problems.append(f"{path}: missing; build the edition again.")
        elif path.read_text("utf-8") != text:
            problems.append(f"{path}: stale; build the edition again.")
    known = {out / name for name in texts}
    extra = sorted(path for path in out.glob("*.ipynb") if path not in known)
    return problems + [f"{path}: belongs to no chapter; delete it." for path in extra]


def open_places(root: Path = ROOT, overlay: Overlay | None = None) -> list[str]:
    """Look in the book and the committed notebooks for what only instructors may read.

    That is the rubrics and hidden checks of the chapters and, of an overlay, the answers too.

    Returns
    -------
    list of str
        One line a leak; empty when there is none.
    """
    own, shown = {}, []
    for path in sources.chapters(root):
        text = path.read_text("utf-8")
        own |= leaks.secrets(gather(sources.read(text).cells, path.name), answers=False)
        shown.append((path.name, json.dumps(sources.for_book(text))))
    built = [root / "_build" / folder for folder in ("html", "jupyter_execute")]
    for place in [*sorted((root / "notebooks").glob("*.ipynb")), *filter(Path.is_dir, built)]:
        shown += leaks.files(place)
    # Sphinx copies the sources of all pages; rubrics are as public there as in the repository.
    pages = [(name, text) for name, text in shown if "_sources" not in Path(name).parts]
    return leaks.found(leaks.secrets(overlay.exercises) if overlay else {}, shown) + leaks.found(
        own, pages
    )
