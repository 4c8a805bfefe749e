"""Write assignments for otter-grader and nbgrader; grading and sandboxes are theirs.

``otter``
    ``NN_slug/NN_slug.ipynb`` is a master notebook for ``otter assign``, with tests as files that
    raise (``ok_format: false``): the other form compares cell outputs, and fails a right answer
    in a notebook without any.
``nbgrader``
    A course folder with ``source/NN_slug/NN_slug.ipynb`` for ``nbgrader generate_assignment``.

An exercise's points are shared equally by its checks, hidden ones included. An exercise without
checks is graded by reading.
"""

import ast
import builtins
import re
import symtable
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from genrelab.course import chapters as sources
from genrelab.course import myst, notebooks
from genrelab.course.chapters import ROOT
from genrelab.course.editions import (
    YOUR_ANSWER,
    Chapter,
    bare,
    finished,
    open_chapters,
)
from genrelab.course.exercises import Exercise, part
from genrelab.course.overlay import Overlay

GRADED = re.compile(r"checks\.ch\d\d_ex\d+\(")
NBGRADER_CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "genrelab"
c.ClearSolutions.code_stub = {"python": "..."}
c.ExecutePreprocessor.timeout = 1800
"""


def asserted(source: str, name: str) -> str:
    r"""Make a check raise where it would say "not yet"; graders want exceptions.

    Parameters
    ----------
    source : str
        A check cell: a call such as ``checks.ch06_ex1(answer)``, or assertions.
    name : str
        The exercise, for errors.

    Raises
    ------
    ValueError
        If the cell can fail no answer.

    Examples
    --------
    >>> print(asserted("checks.ch06_ex1(n_windows)", "6.1"))
    from genrelab import checks
    <BLANKLINE>
    assert (outcome := checks.ch06_ex1(n_windows)), outcome
    """
    lines, body = source.splitlines(), ast.parse(source).body
    calls = [node for node in body if isinstance(node, ast.Expr) and GRADED.match(_text(node))]
    for node in reversed(calls):
        assertion = f"assert (outcome := {_text(node)}), outcome"
        lines[node.lineno - 1 : node.end_lineno] = [assertion]
    if calls:
        # Not the learner's `checks`, whatever that may be by now.
        lines = ["from genrelab import checks", "", *lines]
    elif not any(isinstance(node, ast.Assert) for top in body for node in ast.walk(top)):
        raise ValueError(
            f"exercise {name}: its check can fail no answer; expected checks.chNN_exK(…) or assert."
        )
    return "\n".join(lines)


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def as_function(source: str, name: str) -> str:
    r"""Make a check into a function of the names that it takes from the learner's notebook.

    Otter keeps one function a name.

    Examples
    --------
    >>> print(as_function("wanted = 3\nassert all(n == wanted for n in found)", "test_1"))
    def test_1(found):
        wanted = 3
        assert all((n == wanted for n in found))
    """
    tree = ast.parse(f"def {name}(): pass")
    function = tree.body[0]
    function.body = ast.parse(source).body
    scopes = [symtable.symtable(_text(tree), "check", "exec").get_children()[0]]
    names: set[str] = set()
    while scopes:
        scope = scopes.pop()
        names |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
        scopes += scope.get_children()
    function.args.args = [ast.arg(name) for name in sorted(names - set(dir(builtins)))]
    return _text(ast.fix_missing_locations(tree))


def _shares(exercise: Exercise) -> float:
    return exercise.points / len(exercise.checks)


def _marked(cell: NotebookNode, mark: str) -> NotebookNode:
    """Return a solution whose learner's part stands between a grader's own marks."""
    source = cell.source
    if not any(sources.SOLUTION_MARK.match(line) for line in source.splitlines()):
        source = f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"
    return new_code_cell(re.sub(r"### (BEGIN|END) SOLUTION", rf"{mark} \1 SOLUTION", source))


def _texts(exercise: Exercise, context: myst.Context) -> list[NotebookNode]:
    """Return what a reader's solution is held against: the answer and the rubric."""
    cells = [c for c in exercise.of("solution", "rubric") if c.cell_type == "markdown"]
    return [new_markdown_cell(myst.to_jupyter(cell.source, context)) for cell in cells]


def otter_cells(exercise: Exercise, chapter: Chapter) -> Iterator[NotebookNode]:
    """Yield an exercise in the form that ``otter assign`` reads: blocks between raw cells."""
    context = chapter.context
    question: dict[str, object] = {"name": f"ex{exercise.number}"}
    if not exercise.checks:
        question |= {"manual": True, "points": exercise.points}
    yield new_raw_cell(f"# BEGIN QUESTION\n{yaml.safe_dump(question)}")
    for cell in exercise.of("exercise", "hint"):
        yield from bare(notebooks.rewritten(cell, context))
    yield new_raw_cell("# BEGIN SOLUTION")
    for cell in exercise.of("solution"):
        if cell.cell_type == "code":
            yield _marked(cell, "#")
    yield from _texts(exercise, chapter.key)
    yield new_raw_cell("# END SOLUTION")
    if exercise.checks:
        if any(cell.cell_type == "markdown" for cell in exercise.of("solution")):
            yield new_markdown_cell(YOUR_ANSWER)
        yield new_raw_cell("# BEGIN TESTS")
        for at, cell in enumerate(exercise.checks, start=1):
            config = {"points": _shares(exercise), "hidden": part(cell) == "hidden-check"}
            head = f'""" # BEGIN TEST CONFIG\n{yaml.safe_dump(config)}""" # END TEST CONFIG\n'
            test = as_function(asserted(cell.source, exercise.name), f"test_{at}")
            yield new_code_cell(head + test)
        yield new_raw_cell("# END TESTS")
    yield new_raw_cell("# END QUESTION")


def _nbgrader(
    cell: NotebookNode, name: str, *, solution: bool = False, points: float | None = None
) -> NotebookNode:
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": name,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
    } | ({} if points is None else {"points": points})
    return cell


def nbgrader_cells(exercise: Exercise, chapter: Chapter) -> Iterator[NotebookNode]:
    """Yield an exercise in the form that ``nbgrader generate_assignment`` reads: metadata."""
    name, by_hand = f"ex{exercise.number}", not exercise.checks
    for at, cell in enumerate(exercise.cells):
        kind, label = part(cell), f"{name}-{at}"
        if kind in ("exercise", "hint"):
            yield from bare(notebooks.rewritten(cell, chapter.context))
        elif kind == "solution" and cell.cell_type == "code":
            # One cell of an exercise bears the points: its text if it has one, else its code.
            only = by_hand and not _texts(exercise, chapter.key)
            points = exercise.points if only else None
            yield _nbgrader(_marked(cell, "###"), label, solution=True, points=points)
        elif kind in ("check", "hidden-check"):
            source = asserted(cell.source, exercise.name)
            if kind == "hidden-check":
                source = f"### BEGIN HIDDEN TESTS\n{source}\n### END HIDDEN TESTS"
            yield _nbgrader(new_code_cell(source), label, points=_shares(exercise))
    texts = _texts(exercise, chapter.key)
    if texts and by_hand:
        answer = new_markdown_cell("\n\n".join(text.source for text in texts))
        yield _nbgrader(answer, f"{name}-text", solution=True, points=exercise.points)
    elif any(cell.cell_type == "markdown" for cell in exercise.of("solution")):
        yield new_markdown_cell(YOUR_ANSWER)


FORMS: dict[str, Callable[[Exercise, Chapter], Iterator[NotebookNode]]] = {
    "otter": otter_cells,
    "nbgrader": nbgrader_cells,
}


def assignment(chapter: Chapter, form: str) -> NotebookNode:
    """Make a chapter's notebook for a grader.

    Parameters
    ----------
    chapter : Chapter
    form : {'otter', 'nbgrader'}
    """
    cells = []
    if form == "otter":
        config = {
            "name": chapter.name,
            "export_cell": {"pdf": False, "run_tests": True},
            "generate": True,
            "requirements": "requirements.txt",
            "tests": {"files": True, "ok_format": False},
        }
        cells.append(new_raw_cell(f"# ASSIGNMENT CONFIG\n{yaml.safe_dump(config)}"))
    for item in chapter.items:
        if isinstance(item, Exercise):
            cells += FORMS[form](item, chapter)
        else:
            cells += bare(notebooks.rewritten(item, chapter.context))
        if item is chapter.items[0]:
            cells.append(notebooks.set_up_cell(chapter.root))
    return finished(cells, chapter)


def rendered(
    form: str, paths: Iterable[Path], root: Path = ROOT, overlay: Overlay | None = None
) -> dict[str, str]:
    """Make the files of an export.

    Parameters
    ----------
    form : {'otter', 'nbgrader'}
    paths : iterable of Path
        Sources of the chapters to assign.
    root : Path
        The checkout.
    overlay : Overlay, optional
        Assigned exercises.

    Returns
    -------
    dict of str to str
        Text of each file, by its path in the folder.
    """
    texts = {"nbgrader_config.py": NBGRADER_CONFIG} if form == "nbgrader" else {}
    url, branch = sources.address(root)
    for chapter in open_chapters(paths, root, overlay):
        folder = f"source/{chapter.name}" if form == "nbgrader" else chapter.name
        text = nbformat.writes(assignment(chapter, form)) + "\n"
        texts[f"{folder}/{chapter.name}.ipynb"] = text
        if form == "otter":
            archive = f"genrelab @ {url}/archive/refs/heads/{branch}.zip\n"
            texts[f"{folder}/requirements.txt"] = archive
    return texts
