"""Make the manifest of the scripts: facts about each file, its franchise, its place in the split.

Run by hand (``python -m genrelab.course.manifest MIRROR``) when the source commit changes; what it
writes ships as ``genrelab/datasets/files/scripts.csv``, which drives download, cleaning, folds and
the locked test.
"""

import re
import sys
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from genrelab.datasets.base import slug
from genrelab.datasets.fetch import blob_sha1
from genrelab.datasets.scripts import COMMIT, MIN_COUNT, REPOSITORY
from genrelab.settings import data_file
from genrelab.splits import locked_split
from genrelab.text import strip_page

COLUMNS = (
    *("film_id", "file", "sha1", "bytes", "title", "genres", "group", "words", "usable", "dropped"),
    "split",
)
SHORTEST_SCRIPT = 5_000
ENGLISH_SHARE = 0.15
SAME_TEXT_SHARE = 0.5
LOCKED_SHARE = 0.2
LOCKED_SEED = 2026
# Two drafts of one film, too different for the text check: the later draft stays.
OTHER_DRAFTS = {
    "pretty-woman": "pretty-woman-final-script",
    "three-kings-spoils-of-war": "three-kings",
}
_FUNCTION_WORDS = frozenset(
    (
        "the of and to a in is that it was for on are with as his they at be this from have or "
        "by one had not but what all were when we there can an your which their said if do"
    ).split()
)


def build(mirror: Path) -> pd.DataFrame:
    """Read every script page under ``mirror`` and return the manifest, one row a file.

    Parameters
    ----------
    mirror : Path
        Local copy of the public data, laid out ``<owner>/<repo>/<commit>/<path>``.

    Returns
    -------
    DataFrame
        Columns ``film_id, file, sha1, bytes, title, genres, group, words, usable, dropped, split``.
    """
    folder = mirror / REPOSITORY / COMMIT / "scripts"
    rows, shingles, taken = [], {}, set()
    for path in sorted(folder.glob("*.txt")):
        raw = path.read_bytes()
        page = strip_page(raw.decode("utf-8"))
        film_id = _free(slug(page.title.replace("&", "and")), taken)
        words = re.findall(r"[a-z']+", page.body.lower())
        shingles[film_id] = _shingles(words)
        rows.append(
            {
                "film_id": film_id,
                "file": path.name,
                "sha1": blob_sha1(raw),
                "bytes": len(raw),
                "title": page.title,
                "genres": "|".join(page.genres),
                "words": len(page.body.split()),
                "dropped": _unfit(words, len(page.body.split())),
            }
        )
    table = pd.DataFrame(rows).set_index("film_id", drop=False)
    for later, earlier in [*_same_text(shingles), *OTHER_DRAFTS.items()]:
        table.loc[later, "dropped"] = f"duplicate of {earlier}"
    table["group"] = _groups(table)
    table["usable"] = (table["dropped"] == "").astype(int)
    table["split"] = _split(table)
    return table[list(COLUMNS)].reset_index(drop=True)


def _free(film_id: str, taken: set[str]) -> str:
    number = 2
    candidate = film_id
    while candidate in taken:
        candidate = f"{film_id}-{number}"
        number += 1
    taken.add(candidate)
    return candidate


def _unfit(words: list[str], n_words: int) -> str:
    if n_words < SHORTEST_SCRIPT:
        return "stub"
    share = sum(word in _FUNCTION_WORDS for word in words) / max(len(words), 1)
    return "" if share >= ENGLISH_SHARE else "foreign"


def _shingles(words: list[str]) -> set[int]:
    """A thirty-second of the text's runs of eight words, picked by hash."""
    runs = (zlib.crc32(" ".join(words[i : i + 8]).encode()) for i in range(len(words) - 7))
    return {run for run in runs if run % 32 == 0}


def _same_text(shingles: dict[str, set[int]]) -> list[tuple[str, str]]:
    holders = defaultdict(list)
    for film_id, runs in shingles.items():
        for run in runs:
            holders[run].append(film_id)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for films in holders.values():
        for i, first in enumerate(films):
            for second in films[i + 1 :]:
                shared[first, second] += 1
    return [
        (second, first)
        for (first, second), count in shared.items()
        if count >= SAME_TEXT_SHARE * min(len(shingles[first]), len(shingles[second]))
    ]


def _groups(table: pd.DataFrame) -> pd.Series:
    franchises = yaml.safe_load(Path(__file__).with_name("franchises.yml").read_text())
    of_film = {film: name for name, films in franchises.items() for film in films}
    unknown = sorted(set(of_film) - set(table.index))
    if unknown:
        raise ValueError(
            f"franchises.yml names {', '.join(unknown)}; expected film ids of the manifest. "
            "Correct the ids."
        )
    return pd.Series([of_film.get(film, film) for film in table.index], index=table.index)


def _split(table: pd.DataFrame) -> pd.Series:
    usable = table[table["usable"] == 1]
    labels = usable["genres"].str.get_dummies("|")
    headline = labels.loc[:, labels.sum() >= MIN_COUNT]
    split = locked_split(
        headline.to_numpy(np.int8),
        usable["group"].to_numpy(str),
        test_share=LOCKED_SHARE,
        seed=LOCKED_SEED,
    )
    return pd.Series(split, index=usable.index).reindex(table.index, fill_value="")


if __name__ == "__main__":
    build(Path(sys.argv[1])).to_csv(data_file("scripts.csv"), index=False, lineterminator="\n")
