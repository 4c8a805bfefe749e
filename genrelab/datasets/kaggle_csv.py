"""``kaggle_csv``: one CSV file a genre, merged into films with several labels.

The files are not redistributable, so the user brings them: nothing is downloaded.
"""

import csv
import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from genrelab.datasets.base import (
    Dataset,
    DatasetError,
    frequent_labels,
    label_matrix,
    linked_groups,
    read_card,
    slug,
)

CARD = read_card("kaggle_csv")
COLUMNS = ("movie_id", "movie_name", "genre", "description")
_PLACEHOLDER = re.compile(r"(add a plot|.*see full summary)?\W*", re.IGNORECASE | re.DOTALL)


# Of one film titles, genres and descriptions: dicts hold each value once and in order.
Film = tuple[dict[str, None], dict[str, None], dict[str, None]]


def load(
    *, path: str | Path | None = None, fill: str | Path | Mapping[str, str] | None = None
) -> Dataset:
    r"""Merge a folder of CSV files; films without a description are dropped, with a warning.

    Parameters
    ----------
    path : str or Path
        The folder, with one CSV file a genre; columns ``movie_id``, ``movie_name``, ``genre``
        (``Action, Crime``) and ``description`` are read.
    fill : str, Path or mapping of str to str, optional
        Descriptions retrieved later: a CSV file with the columns ``movie_id`` and ``description``,
        or ``{movie_id: description}``. A description that the folder has is kept.

    Returns
    -------
    Dataset
        The card counts what was merged, filled and dropped, and holds the SHA-256 of each file.

    Raises
    ------
    DatasetError
        If there is no such folder or file, a column is missing, or a line cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> header = "movie_id,movie_name,year,genre,description"
    >>> for genre in ("action", "crime"):
    ...     row = 'tt1,Heat,1995,"Action, Crime",Add a Plot'
    ...     _ = (folder / f"{genre}.csv").write_text(f"{header}\n{row}\n")
    >>> films = load(path=folder, fill={"tt1": "A thief plans one last robbery."})
    >>> films.ids, films.label_names, films.texts
    (('tt1',), ('Action', 'Crime'), ('A thief plans one last robbery.',))
    """
    files = sorted(Path(path).expanduser().glob("*.csv")) if path is not None else []
    if not files:
        raise DatasetError(
            f"kaggle_csv: no CSV file in path={str(path)!r}. Download and unzip {CARD.source}, and "
            "pass its folder as path=."
        )
    rows = [row for file in files for row in _rows(file, COLUMNS)]
    later = list(
        _rows(fill, COLUMNS[::3]) if isinstance(fill, str | Path) else (fill or {}).items()
    )
    films = merge(rows)
    without = {number for number, (_, _, texts) in films.items() if not texts}
    films = merge([*rows, *((number, "", "", text) for number, text in later if number in films)])
    kept = {number: film for number, film in films.items() if film[1] and film[2]}
    titles = tuple(next(iter(film[0]), number) for number, film in kept.items())
    texts = tuple(next(iter(film[2])) for film in kept.values())
    names = frequent_labels(film[1] for film in kept.values())
    notes = (
        f"{len(rows):,} rows of {len(files)} files are {len(films):,} films, {len(without):,} of "
        "them without a description there",
        *_report(films, without, {number for number, _ in later}),
    )
    return Dataset(
        name="kaggle_csv",
        ids=tuple(kept),
        titles=titles,
        texts=texts,
        labels=label_matrix([tuple(film[1]) for film in kept.values()], names),
        label_names=names,
        groups=linked_groups([slug(title) or title for title in titles], texts),
        card=replace(
            CARD,
            hashes={file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
            notes=(*CARD.notes, *notes),
        ),
    )


def merge(rows: Iterable[tuple[str, ...]]) -> dict[str, Film]:
    """Join rows of id, title, genres and description by id.

    Examples
    --------
    >>> rows = [("tt1", "Heat", "Action, Crime", "Add a plot"), ("tt1", "Heat", "Crime", "Robbed.")]
    >>> [list(values) for values in merge(rows)["tt1"]]
    [['Heat'], ['Action', 'Crime'], ['Robbed.']]
    """
    films: dict[str, Film] = {}
    for number, title, genres, text in rows:
        film = films.setdefault(number, ({}, {}, {}))
        said = ([title], genres.split(","), [described(text)])
        for known, values in zip(film, said, strict=True):
            known.update(dict.fromkeys(filter(None, map(str.strip, values))))
    return films


def described(text: str) -> str:
    r"""Return a description on one line, or nothing where the site had only a placeholder.

    Examples
    --------
    >>> described("\nA thief plans  one last robbery.")
    'A thief plans one last robbery.'
    >>> described("Add a Plot"), described("A thief plans one ... See full summary »")
    ('', '')
    """
    return "" if _PLACEHOLDER.fullmatch(text) else " ".join(text.split())


def fetch(progress: bool = True) -> NoReturn:
    """Refuse: the user brings the files, and no hash of them is published."""
    raise DatasetError(
        f"kaggle_csv: nothing is fetched, no hash is published. Download and unzip {CARD.source}, "
        "then load('kaggle_csv', path=FOLDER): its card has the SHA-256 of each file read."
    )


verify = fetch


def _report(films: Mapping[str, Film], without: set[str], later: set[str]) -> list[str]:
    """Count what was filled, dropped or doubled, for the card; warn of all but the first."""
    found = {
        "filled by fill=": {name for name in without if films[name][2]},
        "dropped: no description; retrieve it and pass fill=": {
            name for name in without if not films[name][2]
        },
        "dropped: no genre": {name for name, film in films.items() if not film[1]},
        "with two titles or two descriptions: the first one is kept": {
            name for name, film in films.items() if max(len(film[0]), len(film[2])) > 1
        },
        "in fill= but in no file": later - films.keys(),
    }
    notes = [f"{len(ids):,} {what} (first: {min(ids)})" for what, ids in found.items() if ids]
    trouble = [note for note in notes if "filled" not in note]
    if trouble:
        warnings.warn(f"kaggle_csv: {'; '.join(trouble)}.", stacklevel=3)
    return notes


def _rows(path: str | Path, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    with Path(path).expanduser().open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        try:
            for row in reader:
                if None in row or None in row.values() or not row["movie_id"].strip():
                    raise csv.Error("no movie_id, or more or fewer cells than in line 1")
                yield tuple(row[column].strip() for column in columns)
        except (csv.Error, KeyError, UnicodeDecodeError) as error:
            raise DatasetError(
                f"kaggle_csv: {path}, line {reader.line_num}: {error}; expected UTF-8 with the "
                f"columns {', '.join(columns)}. Correct the file."
            ) from None
