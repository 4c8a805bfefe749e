"""Exercises as they stand in a chapter: a heading with minutes and points, then tagged cells.

========================  ==================================================================
``exercise``              Markdown, starts ``### Exercise 6.1 (10 minutes, 2 points)``
``hint``                  folded wherever it is shown
``solution``              code, or Markdown for what the answer means; learners get a stub
``check``                 code that learners see and run
``hidden-check``          code that only graders run
``rubric``                Markdown for instructors: what earns points, common wrong answers
========================  ==================================================================

An untagged code cell between two of them belongs to the exercise's solution.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from nbformat import NotebookNode

from genrelab.course.chapters import tags

HEADING = re.compile(
    r"^### Exercise (?P<chapter>\d+)\.(?P<number>\d+) "
    r"\((?P<minutes>\d+) minutes?, (?P<points>\d+) points?\)$",
    re.M,
)
OPEN = ("exercise", "hint", "check")
PARTS = (*OPEN, "solution", "hidden-check", "rubric")


def part(cell: NotebookNode) -> str | None:
    """Return which part of an exercise a cell is; None if it is no such part."""
    return next((tag for tag in tags(cell) if tag in PARTS), None)


@dataclass
class Exercise:
    """One exercise with its cells, in order.

    Parameters
    ----------
    chapter, number : int
    minutes, points : int
    cells : list of NotebookNode
    """

    chapter: int
    number: int
    minutes: int
    points: int
    cells: list[NotebookNode] = field(repr=False)

    @property
    def name(self) -> str:
        """Chapter and number, such as ``6.1``."""
        return f"{self.chapter}.{self.number}"

    def of(self, *parts: str | None) -> list[NotebookNode]:
        """Return the cells that are one of these parts; None stands for untagged cells."""
        return [cell for cell in self.cells if part(cell) in parts]

    @property
    def checks(self) -> list[NotebookNode]:
        """The cells that grade it; none where somebody has to read the answer."""
        return self.of("check", "hidden-check")


def begin(cell: NotebookNode, source: str) -> Exercise:
    """Make an exercise of its first cell."""
    heading = HEADING.search(cell.source)
    if heading is None:
        raise ValueError(
            f"{source}: an exercise begins {cell.source.partition(chr(10))[0]!r}; expected "
            "'### Exercise 6.1 (10 minutes, 2 points)'."
        )
    return Exercise(*map(int, heading.groups()), cells=[cell])


def gather(cells: Iterable[NotebookNode], source: str) -> list[NotebookNode | Exercise]:
    r"""Gather the cells of each exercise; other cells stay as they are.

    Parameters
    ----------
    cells : iterable of NotebookNode
    source : str
        Name of the chapter, for errors.

    Raises
    ------
    ValueError
        If a heading lacks minutes or points, or something that learners may not see belongs to no
        exercise.

    Examples
    --------
    >>> from genrelab.course.chapters import read
    >>> text = "# %% [markdown] tags=['exercise']\n# ### Exercise 6.1 (5 minutes, 1 point)\n# Add."
    >>> gather(read(text + "\n\n# %% tags=['solution']\n1 + 1").cells, "sample")
    [Exercise(chapter=6, number=1, minutes=5, points=1)]
    """
    items: list[NotebookNode | Exercise] = []
    current, between = None, []
    for cell in cells:
        kind = part(cell)
        if kind is None and current and cell.cell_type == "code":
            between.append(cell)
        elif kind is None or kind == "exercise":
            current = begin(cell, source) if kind else None
            items += [*between, current or cell]
            between = []
        elif current is None and kind in OPEN:
            items.append(cell)
        elif current is None:
            raise ValueError(
                f"{source}: the cell {cell.source[:40]!r} is tagged {kind!r} and follows no "
                "exercise; move it behind its exercise, or drop the tag."
            )
        else:
            current.cells += [*between, cell]
            between = []
    return items + between
