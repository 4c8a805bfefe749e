"""``imdb27``: short descriptions, each with one of 27 genres; the user brings the files.

They are not redistributable, so nothing is downloaded: they are read from ``imdb27/`` in the folder
that ``GENRELAB_MIRROR`` names, else in the cache, and held against their git blob SHA-1.
"""

import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Literal

from genrelab import settings
from genrelab.datasets import fetch as fetching
from genrelab.datasets.base import (
    Dataset,
    DatasetError,
    frequent_labels,
    label_matrix,
    linked_groups,
    read_card,
    slug,
    split_lines,
)

CARD = read_card("imdb27")
N_ROWS = {"train": 54_214, "test": 54_200}


def load(*, split: Literal["train", "test"] = "train", allow_partial: bool = False) -> Dataset:
    """Load the rows of one part; the test rows get their genres from the solution file.

    Parameters
    ----------
    split : {"train", "test"}, default="train"
        The parts as published.
    allow_partial : bool, default=False
        Read a copy that is not the published file, such as a truncated one; it warns with the
        number of rows, and name and card say so. Label every number from it as partial.

    Returns
    -------
    Dataset
        Rows of one title (the year aside), or with one text, are a group.

    Raises
    ------
    DatasetError
        If a file is missing or not the published one, or a line is damaged.
    """
    if split not in N_ROWS:
        raise DatasetError(f"imdb27: split={split!r}; expected one of {', '.join(N_ROWS)}.")
    problems = [problem for problem in verify() if problem.startswith(f"{split}_")]
    if problems and not (allow_partial and all("found" in problem for problem in problems)):
        raise DatasetError(
            f"imdb27: {'; '.join(problems)} in {folder()}; the whole part has {N_ROWS[split]:,} "
            f"rows. Nothing is downloaded: put the files of {CARD.source} there, or, for a "
            "truncated copy, pass allow_partial=True."
        )
    read = [
        parse((folder() / name).read_bytes(), name, partial=bool(problems))
        for name in CARD.hashes
        if name.startswith(split)
    ]
    rows = read[0][0] if split == "train" else _with_genres(read[0][0], read[1][0])
    unsolved = len(read[0][0]) - len(rows)
    found = (
        f"partial copy, {len(rows):,} of {N_ROWS[split]:,} rows" if problems else "",
        *problems,
        *(f"a last line without end was left out: {half[:60]!r}" for _, half in read if half),
        f"{unsolved:,} rows left out: not in test_data_solution.txt" if unsolved else "",
    )
    notes = tuple(filter(None, found))
    if notes:
        warnings.warn(
            f"imdb27, {split}: {'; '.join(notes)}. Bring the whole files, or label all numbers "
            "from these as partial.",
            stacklevel=2,
        )
    genres = frequent_labels([row[2]] for row in rows)
    return Dataset(
        name="imdb27 (partial)" if problems else "imdb27",
        ids=tuple(f"{split}-{row[0]}" for row in rows),
        titles=tuple(row[1] for row in rows),
        texts=tuple(row[3] for row in rows),
        labels=label_matrix([[row[2]] for row in rows], genres),
        label_names=genres,
        groups=linked_groups([_work(row[1]) for row in rows], [row[3] for row in rows]),
        card=replace(
            CARD,
            title=f"{CARD.title} (partial copy)" if problems else CARD.title,
            notes=(*CARD.notes, *notes),
        ),
    )


def parse(data: bytes, name: str, *, partial: bool = False) -> tuple[list[list[str]], str]:
    r"""Read the lines of a file.

    Parameters
    ----------
    data : bytes
        Lines ``ID ::: TITLE ::: GENRE ::: DESCRIPTION``, in UTF-8; without the genre in
        ``test_data.txt``. Empty lines are passed over.
    name : str
        One of the three files' names.
    partial : bool, default=False
        The file may end in the middle of a line: what has no line end is no row.

    Returns
    -------
    rows : list of list of str
        ID, title, genre (empty in ``test_data.txt``) and description.
    half : str
        What was cut off in the middle; empty if nothing was.

    Raises
    ------
    DatasetError
        If a line lacks cells, or bytes are not UTF-8.

    Examples
    --------
    >>> lines = b"1 ::: Oscar (2009) ::: drama ::: A boy writes.\n2 ::: Cup"
    >>> parse(lines, "train_data.txt", partial=True)
    ([['1', 'Oscar (2009)', 'drama', 'A boy writes.']], '2 ::: Cup')
    """
    whole, _, half = data.rpartition(b"\n") if partial else (data, b"", b"")
    has_genre = name != "test_data.txt"
    table = split_lines(whole, ":::", 3 + has_genre, what=f"imdb27: {name}")
    rows = [cells if has_genre else [*cells[:2], "", cells[2]] for cells in table]
    return rows, half.decode(errors="replace").strip()


def folder() -> Path:
    """Return the folder of the files: ``imdb27`` in the mirror if it is there, else the cache's."""
    mirrored = Path(settings.mirror() or settings.cache_dir()).expanduser() / "imdb27"
    return mirrored if mirrored.is_dir() else settings.cache_dir() / "imdb27"


def fetch(progress: bool = True) -> int:
    """Fetch nothing; refuse if the files that the user brings are not there and right."""
    problems = verify()
    if problems:
        raise DatasetError(
            f"imdb27: nothing is downloaded; {'; '.join(problems)}. Put the files of {CARD.source} "
            f"into {folder()}."
        )
    return 0


def verify() -> list[str]:
    """Hash the files again; return one line a problem."""
    files = [
        fetching.RemoteFile(name, f"imdb27/{name}", sha1, 0) for name, sha1 in CARD.hashes.items()
    ]
    return fetching.verify(files, folder())


def _with_genres(rows: list[list[str]], solution: list[list[str]]) -> list[list[str]]:
    solved = {row[0]: row for row in solution}
    known = [row for row in rows if row[0] in solved]
    odd = [row for row in known if row != [*solved[row[0]][:2], "", solved[row[0]][3]]]
    if odd:
        raise DatasetError(
            f"imdb27: row {odd[0][0]} of test_data.txt, {odd[0][1]!r}, differs from that of the "
            f"solution, {solved[odd[0][0]][1]!r}. Bring both files again."
        )
    return [solved[row[0]] for row in known]


def _work(title: str) -> str:
    return slug(re.split(r"\s\((?:\d{4}|\?{4})", title)[0]) or title
