"""``films``: a logline and a synopsis of the scripts' films, written for this course."""

import hashlib
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

import numpy as np

from genrelab.datasets import scripts
from genrelab.datasets.base import Dataset, DatasetError, label_matrix, read_card, read_table
from genrelab.settings import data_file

FILE = "films.csv"
CARD = read_card("films")
View = Literal["synopsis", "logline", "both"]


class Film(NamedTuple):
    """One film: facts, and the two texts written for it."""

    film_id: str
    title: str
    year: int
    logline: str
    synopsis: str

    def text(self, view: View) -> str:
        """Return the logline, the synopsis, or both, the logline first."""
        if view == "both":
            return f"{self.logline}\n\n{self.synopsis}"
        return self.synopsis if view == "synopsis" else self.logline


def read_films() -> dict[str, Film]:
    """Return all films of the shipped file by id, labels not among them."""
    return {row["film_id"]: Film(**{**row, "year": int(row["year"])}) for row in read_table(FILE)}


def load(
    *, view: View = "synopsis", split: scripts.Split = "dev", min_count: int = scripts.MIN_COUNT
) -> Dataset:
    """Load the films: the same ids, labels, groups and split as the scripts.

    Parameters
    ----------
    view : {"synopsis", "logline", "both"}, default="synopsis"
        90 to 150 words, the ending included; 20 to 35 words; or one after the other.
    split : {"dev", "test", "all"}, default="dev"
        The development part, or the locked test, which only chapter 14 opens: that one warns.
    min_count : int, default=35
        Labels on at least so many files of the scripts' manifest.

    Returns
    -------
    Dataset
        Scripts without an entry are left out, with their count on the card.

    Raises
    ------
    DatasetError
        If there is no such view or split.

    Examples
    --------
    >>> films = load(view="logline")
    >>> films.label_names[:3]
    ('Drama', 'Thriller', 'Comedy')
    """
    if view not in get_args(View):
        raise DatasetError(f"films: view={view!r}; expected one of {', '.join(get_args(View))}.")
    chosen, names, notes = scripts.choose(split=split, min_count=min_count, what="films")
    films = read_films()
    written = [script for script in chosen if script.film_id in films]
    missing = len(chosen) - len(written)
    return Dataset(
        name="films",
        ids=tuple(script.film_id for script in written),
        titles=tuple(films[script.film_id].title for script in written),
        texts=tuple(films[script.film_id].text(view) for script in written),
        labels=label_matrix([script.genres for script in written], names),
        label_names=names,
        groups=np.array([script.group for script in written], dtype=str),
        card=replace(CARD, notes=(*CARD.notes, *notes, f"{missing} of these have no entry")),
    )


def fetch(progress: bool = True) -> int:
    """Fetch nothing: the films ship with the package."""
    return 0


def verify() -> list[str]:
    """Hold the file against its SHA-256 and the manifest; return one line a problem."""
    found = hashlib.sha256(data_file(FILE).read_bytes()).hexdigest()
    changed = found != CARD.hashes[FILE]
    known = {script.film_id for script in scripts.read_manifest() if script.usable}
    return [
        *([f"{FILE}: expected SHA-256 {CARD.hashes[FILE]}, found {found}"] if changed else []),
        *(f"{FILE}: {film_id} is no usable script" for film_id in read_films().keys() - known),
    ]
