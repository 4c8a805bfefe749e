"""Write ``NN_slug.ipynb`` beside each chapter, and say which of them are stale."""

import hashlib
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from genrelab import __version__
from genrelab.course import chapters as sources
from genrelab.course import myst
from genrelab.course.chapters import ROOT, tags

RENAMED = {"nbval-check": "nbval-check-output"}
LIST_MARKS = ("<!-- chapters: written by `make notebooks` -->", "<!-- end of chapters -->")
TEMPLATE = Path(__file__).with_name("set_up_cell.txt")
PAPERMILL = "application/papermill.record/"


def set_up_source(root: Path = ROOT) -> str:
    """Return the first code cell: it installs genrelab on Colab; elsewhere it installs nothing.

    It installs the tag of this edition. All that Colab ships is held by constraints, so pip fails
    rather than replaces any of it.
    """
    url, branch = sources.address(root)
    pins = (root / "requirements-data.txt").read_text("utf-8").splitlines()
    data = "\n".join(line for line in pins if line and not line.startswith("#"))
    guide = f"{url}/blob/{branch}/book/how_to_run.md"
    source = TEMPLATE.read_text("utf-8").replace("{data}", data).replace("{guide}", guide)
    source = source.replace("{tag}", f"{url}/archive/refs/tags/v{__version__}.zip")
    return source.replace("{branch}", f"{url}/archive/refs/heads/{branch}.zip").strip()


def glued(notebook: NotebookNode) -> dict[str, str]:
    """Collect the values that a notebook's stored outputs glue, as text."""
    values = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name is None:
                continue
            data = {key.removeprefix(PAPERMILL): value for key, value in output["data"].items()}
            if "text/plain" in data:
                values[name] = data["text/plain"].strip("'\"")
    return values


@cache
def _heads(path: Path, text: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Return a chapter's title and labels; every chapter asks for those of all."""
    cells = sources.read(text).cells
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return sources.title(path), myst.labels(path.stem, prose)


def book_context(path: Path, glue: Mapping[str, str], root: Path = ROOT) -> myst.Context:
    """Gather what a chapter may refer to: pages, labels, references, its glued values."""
    titles, known_labels = {}, {}
    for chapter in sources.chapters(root):
        titles[chapter.stem], labels = _heads(chapter, chapter.read_text("utf-8"))
        known_labels |= labels
    for page in (root / "book").glob("*.md"):
        heading = re.search(r"^# (.+)$", page.read_text("utf-8"), re.M)
        titles[page.stem] = heading[1] if heading else page.stem
    references = myst.read_bibliography(root / "book" / "references.bib")
    return myst.Context(path, glue, titles, known_labels, references)


def generate(path: Path, executed: NotebookNode, root: Path = ROOT) -> NotebookNode:
    """Make a chapter's notebook from its source and its outputs.

    Parameters
    ----------
    path : Path
        The chapter's source.
    executed : NotebookNode
        The same chapter with outputs: its code cells correspond one to one, cells tagged
        ``generated`` aside.
    root : Path
        The checkout.

    Returns
    -------
    NotebookNode
        Deterministic in all but outputs and execution counts.
    """
    source = sources.read_public(path.read_text("utf-8"))
    add_outputs(source, executed, path.name)
    context = book_context(path, glued(executed), root)
    cells = []
    for cell in source.cells:
        cells += rewritten(cell, context)
        if len(cells) == 1:
            cells.append(set_up_cell(root))
    number(cells, path.stem)
    count = 0
    for cell in cells:
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    return notebook_of(cells, source)


def add_outputs(source: NotebookNode, executed: NotebookNode, name: str) -> None:
    """Give the code cells that learners see the outputs of an executed chapter."""
    outputs = [
        cell.outputs
        for cell in executed.cells
        if cell.cell_type == "code" and "generated" not in tags(cell)
    ]
    code = [c for c in source.cells if c.cell_type == "code" and not sources.for_instructors(c)]
    if len(code) != len(outputs):
        raise ValueError(
            f"{name} has {len(code)} code cells, its outputs {len(outputs)}; run `make notebooks`."
        )
    for cell, output in zip(code, outputs, strict=True):
        cell.outputs = deepcopy(output)


def set_up_cell(root: Path = ROOT) -> NotebookNode:
    """Return the generated first code cell."""
    cell = new_code_cell(set_up_source(root))
    cell.metadata = {"cellView": "form", "tags": ["generated", "set-up"]}
    return cell


def notebook_of(cells: list[NotebookNode], source: NotebookNode) -> NotebookNode:
    """Make a notebook of cells, with what a chapter's header says for Jupyter and Colab."""
    notebook = new_notebook(cells=cells, metadata=_metadata(source))
    notebook.nbformat_minor = 5
    return notebook


def _metadata(source: NotebookNode) -> dict:
    kept = {key: source.metadata[key] for key in ("accelerator", "colab", "kernelspec")}
    return kept | {"language_info": {"name": "python"}}


def rewritten(cell: NotebookNode, context: myst.Context) -> list[NotebookNode]:
    """Make a cell of a notebook from a cell of the source; from a solution, two."""
    kind = next((tag for tag in tags(cell) if tag in sources.FOLDED), None)
    names = [RENAMED.get(tag, tag) for tag in tags(cell)]
    metadata = {"tags": names} if names else {}
    if cell.cell_type == "markdown":
        text = myst.to_jupyter(cell.source, context)
        text = myst.details(sources.FOLDED[kind], text) if kind else text
        return [new_markdown_cell(text, metadata=metadata)]
    made = new_code_cell(cell.source, metadata=metadata, outputs=cell.outputs)
    if kind is None:
        if "hide-input" in names:
            made.metadata["jupyter"] = {"source_hidden": True}
        return [made]
    made.source = f"# @title {sources.FOLDED[kind]}\n{sources.without_marks(cell.source)}"
    made.metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}}
    turn = new_code_cell(your_turn(cell.source), metadata={"tags": ["generated", "your-turn"]})
    return [turn, made]


def your_turn(source: str) -> str:
    r"""Make the learner's empty cell from a solution: what is given stays, as comments.

    Examples
    --------
    >>> print(your_turn("n = 3\n### BEGIN SOLUTION\nm = n + 1\n### END SOLUTION"))
    # Your turn. The solution is folded below; the check comes after it.
    # n = 3
    # ...
    >>> print(your_turn("for n in m:\n    ### BEGIN SOLUTION\n    o = n\n    ### END SOLUTION"))
    # Your turn. The solution is folded below; the check comes after it.
    # for n in m:
    #     ...
    """
    first = "Your turn. The solution is folded below; the check comes after it."
    given = sources.halves(source)[0]
    lines = [first, *(given.splitlines() if given != "..." else [])]
    return "\n".join(f"# {line}".rstrip() for line in lines)


def number(cells: list[NotebookNode], stem: str) -> None:
    """Give cells ids that depend on their text alone."""
    seen: dict[str, int] = {}
    for cell in cells:
        again = seen[cell.source] = seen.get(cell.source, -1) + 1
        key = f"{stem}\0{cell.cell_type}\0{again}\0{cell.source}"
        cell.id = hashlib.sha256(key.encode()).hexdigest()[:12]


def write(path: Path, executed: NotebookNode, root: Path = ROOT) -> Path:
    """Write a chapter's notebook beside its source, under a temporary name first."""
    target = path.with_suffix(".ipynb")
    notebook = generate(path, executed, root)
    nbformat.validate(notebook)
    temporary = target.with_suffix(".ipynb.part")
    temporary.write_text(nbformat.writes(notebook) + "\n", "utf-8")
    temporary.replace(target)
    return target


def _without_outputs(notebook: NotebookNode) -> NotebookNode:
    bare = deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def stale(root: Path = ROOT) -> list[str]:
    """Say what `make notebooks` would change in anything but outputs and execution counts.

    Returns
    -------
    list of str
        One line a problem; empty when all is fresh.
    """
    problems = []
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        if not notebook.with_suffix(".py").exists():
            problems.append(f"{notebook.name}: has no source {notebook.stem}.py; delete it.")
    for path in sources.chapters(root):
        target = path.with_suffix(".ipynb")
        if not target.exists():
            problems.append(f"{target.name}: missing; run `make notebooks`.")
            continue
        stored = nbformat.read(target, as_version=4)
        try:
            fresh = generate(path, stored, root)
        except ValueError as error:
            problems.append(f"{target.name}: stale: {error}")
            continue
        if _without_outputs(fresh) != _without_outputs(stored):
            problems.append(f"{target.name}: stale; run `make notebooks`.")
        elif any(c.execution_count is None for c in stored.cells if c.cell_type == "code"):
            problems.append(f"{target.name}: has cells without outputs; run `make notebooks`.")
    readme = root / "README.md"
    if with_chapter_list(readme.read_text("utf-8"), root) != readme.read_text("utf-8"):
        problems.append("README.md: its chapter list is stale; run `make notebooks`.")
    return problems


def with_chapter_list(readme: str, root: Path = ROOT) -> str:
    """Return a README with a fresh chapter list between its marks."""
    start, end = LIST_MARKS
    head, _, rest = readme.partition(start)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"README.md lacks the lines {start!r} and {end!r}; put them back.")
    badge = "https://colab.research.google.com/assets/colab-badge.svg"
    rows = ["| | chapter | |", "|---|---|---|"]
    for path in sources.chapters(root):
        page = f"[{sources.title(path)}](notebooks/{path.name})"
        link = f"[![Open in Colab]({badge})]({sources.colab_link(path, root)})"
        rows.append(f"| {int(path.stem[:2])} | {page} | {link} |")
    return "\n".join([f"{head}{start}", *rows, f"{end}{tail}"])
