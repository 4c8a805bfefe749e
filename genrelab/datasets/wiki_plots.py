"""``wiki_plots``: the openings of Wikipedia's articles on American films, fetched by the user."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from genrelab import settings, text
from genrelab.datasets import fetch as fetching
from genrelab.datasets.base import (
    Dataset,
    frequent_labels,
    label_matrix,
    linked_groups,
    read_card,
    read_table,
    slug,
)

REPOSITORY = "prust/wikipedia-movie-data"
COMMIT = "91ae721d3672e8ef4f15b213c763a634250ef61a"
MIN_WORDS = 20
FORMS = frozenset({"Silent", "Short", "Live Action", "Independent", "Performance", "Found Footage"})
SPELLINGS = {"Sport": "Sports"}


class Plot(NamedTuple):
    """One film, its text and its genres as the source gives them."""

    title: str
    year: int
    genres: tuple[str, ...]
    text: str


def load(*, drop_lead: bool = True, min_count: int = 200, progress: bool = True) -> Dataset:
    """Load the plots; files that the cache lacks are fetched first.

    Parameters
    ----------
    drop_lead : bool, default=True
        Cut the first sentence off: it names the genre ("is a 1950 American comedy film").
    min_count : int, default=200
        Labels with at least so many films; films with none of them are left out.
    progress : bool, default=True
        Show a progress bar while fetching.

    Returns
    -------
    Dataset
        Films of one title, or with one text, are a group.
    """
    fetch(progress)
    films = read_films()
    plots = [plot for plot in films if plot.text and plot.genres]
    if drop_lead:
        plots = [plot._replace(text=text.drop_first_sentence(plot.text)) for plot in plots]
    long = [plot for plot in plots if len(plot.text.split()) >= MIN_WORDS]
    named = [plot._replace(genres=genres_of(plot.genres)) for plot in long]
    names = frequent_labels([plot.genres for plot in named], min_count)
    kept = [plot for plot in named if set(plot.genres) & set(names)]
    rare = set().union(*(plot.genres for plot in named)) - set(names)
    sentence = " after its first sentence" if drop_lead else ""
    notes = (
        f"{len(films):,} films, {len(plots):,} with text and genre",
        f"{len(plots) - len(long):,} dropped: fewer than {MIN_WORDS} words{sentence}",
        f"{len(long):,} films keep at least {MIN_WORDS} words{sentence}",
        f"{len(named) - len(kept):,} of these left out: none of their genres has {min_count} films",
        f"forms are no genres and were taken off: {', '.join(sorted(FORMS))}",
        f"rarer genres are not labels here: {', '.join(sorted(rare)) or 'none'}",
        "many texts are notes on the production rather than on the story",
    )
    return Dataset(
        name="wiki_plots",
        ids=_ids(kept),
        titles=tuple(plot.title for plot in kept),
        texts=tuple(plot.text for plot in kept),
        labels=label_matrix([plot.genres for plot in kept], names),
        label_names=names,
        groups=linked_groups([_title_id(plot) for plot in kept], [plot.text for plot in kept]),
        card=replace(CARD, notes=notes),
    )


def read_films() -> list[Plot]:
    """Read every film of the cached files, in order; each file is verified.

    Raises
    ------
    DatasetError
        If a file is missing or its content is not the pinned one.
    """
    return [
        Plot(
            title=film["title"],
            year=film["year"],
            genres=tuple(film["genres"]),
            text=film.get("extract", "").strip(),
        )
        for file in files()
        for film in json.loads(fetching.read_verified(file, folder(), what="wiki_plots"))
    ]


def genres_of(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the genres among the source's labels: no forms, one spelling, each once.

    Examples
    --------
    >>> genres_of(["Silent", "Sport", "Sports", "Drama"])
    ('Sports', 'Drama')
    """
    spelled = (SPELLINGS.get(label, label) for label in labels if label not in FORMS)
    return tuple(dict.fromkeys(spelled))


def files() -> tuple[fetching.RemoteFile, ...]:
    """Return the files of the shipped manifest: one a decade."""
    return tuple(
        fetching.RemoteFile(
            row["file"], f"{REPOSITORY}/{COMMIT}/{row['file']}", row["sha1"], int(row["bytes"])
        )
        for row in read_table("wiki_plots.csv")
    )


def folder() -> Path:
    """Return the cache folder of the files as fetched."""
    return settings.cache_dir() / "wiki_plots" / COMMIT


def fetch(progress: bool = True) -> int:
    """Fetch what the cache lacks; return how many files came."""
    return fetching.fetch(files(), folder(), what="wiki_plots", progress=progress)


def verify() -> list[str]:
    """Hash every cached file again; return one line a problem."""
    return fetching.verify(files(), folder())


def _ids(plots: Sequence[Plot]) -> tuple[str, ...]:
    """Title and year; films that share both are numbered in order."""
    seen: dict[str, int] = {}
    ids = []
    for plot in plots:
        name = f"{_title_id(plot)}-{plot.year}"
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name}-no{seen[name]}")
    return tuple(ids)


def _title_id(plot: Plot) -> str:
    return slug(plot.title) or plot.title  # a title may have no letter of the Latin alphabet


CARD = read_card("wiki_plots")
