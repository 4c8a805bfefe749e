"""Chapters as they lie in ``notebooks/``: found, read, and made ready for the book."""

import re
from functools import cache
from pathlib import Path

import jupytext
import yaml
from nbformat import NotebookNode

from genrelab.course import costs, quizzes

ROOT = Path(__file__).resolve().parents[2]
SOLUTION_MARK = re.compile(r"^(?P<indent>\s*)### (?P<side>BEGIN|END) SOLUTION\s*$")
STAMP = re.compile(r"^<!-- (quiz|cost): (\w+) -->$", re.M)
FOLDED = {"hint": "Hint", "solution": "Solution"}
FOR_INSTRUCTORS = ("rubric", "hidden-check")


def chapters(root: Path = ROOT) -> list[Path]:
    """Return the sources of all chapters, in order.

    Examples
    --------
    >>> all(path.suffix == ".py" for path in chapters())
    True
    """
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.py"))


@cache
def config(root: Path = ROOT) -> dict:
    """Return the book's ``_config.yml``, the one home of the repository's address."""
    return yaml.safe_load((root / "_config.yml").read_text("utf-8"))


def address(root: Path = ROOT) -> tuple[str, str]:
    """Return the repository's address and branch.

    Examples
    --------
    >>> address()[1]
    'main'
    """
    repository = config(root)["repository"]
    return repository["url"].rstrip("/"), repository["branch"]


def colab_link(path: Path, root: Path = ROOT) -> str:
    """Return the address that opens a chapter's notebook in Colab."""
    url, branch = address(root)
    place = url.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{place}/blob/{branch}/notebooks/{path.stem}.ipynb"


def read(text: str) -> NotebookNode:
    """Read a chapter's py:percent source, all its cells, into a notebook without outputs.

    A Markdown line ``<!-- quiz: NN_slug -->`` becomes that chapter's quiz, and
    ``<!-- cost: NN_slug -->`` its cost card.
    """
    notebook = jupytext.reads(text, fmt="py:percent")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = STAMP.sub(lambda mark: _stamp(mark[1], mark[2]), cell.source)
    return notebook


def _stamp(kind: str, chapter: str) -> str:
    if kind == "cost":
        return costs.card(ROOT, chapter)
    return quizzes.as_myst(quizzes.read_quiz(ROOT / "book" / "quizzes" / f"{chapter}.yml"))


def read_public(text: str) -> NotebookNode:
    r"""Read a chapter without the cells that only instructors see.

    Those are tagged ``rubric`` (Markdown: rubric and common wrong answers) or ``hidden-check``.

    Examples
    --------
    >>> cells = "# %%\nn = 1\n\n# %% [markdown] tags=['rubric']\n# One point for a reason."
    >>> [cell.source for cell in read_public(cells).cells]
    ['n = 1']
    """
    notebook = read(text)
    notebook.cells = [cell for cell in notebook.cells if not for_instructors(cell)]
    return notebook


def title(path: Path) -> str:
    """Return a chapter's title: the first heading of its first cell."""
    for line in read(path.read_text("utf-8")).cells[0].source.splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    raise ValueError(f"{path.name}: its first cell has no '# Title' line; write one.")


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def for_instructors(cell: NotebookNode) -> bool:
    """Say whether a cell is shown to instructors only."""
    return any(tag in FOR_INSTRUCTORS for tag in tags(cell))


def without_marks(source: str) -> str:
    r"""Drop the lines that mark a solution's begin and end.

    Examples
    --------
    >>> without_marks("a = 1\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION")
    'a = 1\nb = 2'
    >>> without_marks("for a in b:\n    ### BEGIN SOLUTION\n    c = 2\n    ### END SOLUTION")
    'for a in b:\n    c = 2'
    """
    return "\n".join(line for line in source.splitlines() if not SOLUTION_MARK.match(line))


def halves(source: str) -> tuple[str, str]:
    r"""Split a solution into what is given, with ``...`` for the rest, and the learner's part.

    Without marks all of it is the learner's.

    Examples
    --------
    >>> halves("for n in m:\n    ### BEGIN SOLUTION\n    o = n\n    ### END SOLUTION")
    ('for n in m:\n    ...', '    o = n')
    >>> halves("o = 3")
    ('...', 'o = 3')
    """
    given, answer = [], []
    side = given
    for line in source.splitlines():
        mark = SOLUTION_MARK.match(line)
        if mark is None:
            side.append(line)
        elif mark["side"] == "BEGIN":
            given.append(mark["indent"] + "...")
            side = answer
        else:
            side = given
    if not any(SOLUTION_MARK.match(line) for line in source.splitlines()):
        return "...", source
    return "\n".join(given), "\n".join(answer)


def for_book(text: str) -> NotebookNode:
    r"""Read a chapter for the book: hints and solutions folded, marks and rubrics gone.

    myst-nb calls this on each ``.py`` chapter (``nb_custom_formats`` in ``_config.yml``).

    Parameters
    ----------
    text : str
        A py:percent source.

    Returns
    -------
    NotebookNode
        Its code cells are the ones that are executed, in order.

    Examples
    --------
    >>> book = for_book("# %% [markdown] tags=['hint']\n# Count first.")
    >>> print(book.cells[0].source)
    :::{dropdown} Hint
    Count first.
    :::
    """
    notebook = read_public(text)
    for cell in notebook.cells:
        kind = next((tag for tag in tags(cell) if tag in FOLDED), None)
        if kind is None:
            continue
        if cell.cell_type == "markdown":
            longest = max(map(len, re.findall(r"^ *(:{3,})", cell.source, re.M)), default=2)
            fence = ":" * (longest + 1)
            cell.source = f"{fence}{{dropdown}} {FOLDED[kind]}\n{cell.source}\n{fence}"
        else:
            cell.source = without_marks(cell.source)
            cell.metadata["tags"] = [*tags(cell), "hide-cell"]
            cell.metadata["mystnb"] = {
                "code_prompt_show": f"Show the {kind}",
                "code_prompt_hide": f"Hide the {kind}",
            }
    return notebook
