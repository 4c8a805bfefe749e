"""``genrelab bench agreement``: what Wikipedia calls the films whose scripts we have.

Two labelings of the same films by people: how far they agree is a measure of how well a model can
be said to do.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from genrelab.datasets import Dataset, load, wiki_plots
from genrelab.datasets.base import label_matrix, slug
from genrelab.datasets.wiki_plots import Plot
from genrelab.metrics import report as metrics_report
from genrelab.splits import weighted_metric

# Wikipedia's names of our genres, where they differ; the other eleven are spelled alike.
SAME: Mapping[str, str] = MappingProxyType({"Science Fiction": "Sci-Fi", "Animated": "Animation"})
_YEAR = re.compile(r"\s*\((\d{4})\)\s*$")
_ARTICLE = re.compile(r"^(.*), (the|a|an)$", re.IGNORECASE)


class Matches(NamedTuple):
    """Scripts and the Wikipedia films that are theirs.

    Attributes
    ----------
    films : dict of str to Plot
        Film of each matched id.
    not_found, ambiguous : tuple of str
        Ids of scripts whose title no film has, or more than one.
    """

    films: dict[str, Plot]
    not_found: tuple[str, ...]
    ambiguous: tuple[str, ...]


def title_key(title: str) -> str:
    """Return what two spellings of one title share; a year in brackets is no part of it.

    Examples
    --------
    >>> title_key("Avengers, The (2012)"), title_key("Love & Basketball")
    ('the-avengers', 'love-and-basketball')
    """
    title = _ARTICLE.sub(r"\2 \1", _YEAR.sub("", title))
    return slug(title.replace("&", " and "))


def match(ids: Sequence[str], titles: Sequence[str], films: Iterable[Plot]) -> Matches:
    """Find the film of each script by its title.

    Silent films are left out, since they have no dialogue to script. A title that several films
    share is matched only where the script's title names the year; one that several scripts share
    is not matched.

    Parameters
    ----------
    ids, titles : sequence of str
        Of the scripts.
    films : iterable of Plot

    Returns
    -------
    Matches

    Examples
    --------
    >>> films = [Plot("Emma", 1932, ("Romance",), ""), Plot("Emma", 1996, ("Comedy",), "")]
    >>> match(["emma"], ["Emma"], films).ambiguous
    ('emma',)
    >>> match(["emma"], ["Emma (1996)"], films).films["emma"].genres
    ('Comedy',)
    """
    of_title: dict[str, list[Plot]] = {}
    for film in films:
        if "Silent" not in film.genres:
            of_title.setdefault(title_key(film.title), []).append(film)
    keys = [title_key(title) for title in titles]
    shared = {key for key in keys if keys.count(key) > 1}
    found, not_found, ambiguous = {}, [], []
    for film_id, title, key in zip(ids, titles, keys, strict=True):
        year = _YEAR.search(title)
        choices = [
            film for film in of_title.get(key, ()) if year is None or film.year == int(year[1])
        ]
        if not choices:
            not_found.append(film_id)
        elif len(choices) > 1 or (key in shared and year is None):
            ambiguous.append(film_id)
        else:
            found[film_id] = choices[0]
    return Matches(found, tuple(not_found), tuple(ambiguous))


def opinions(
    result: Mapping[str, object], dataset: Dataset, names: Mapping[str, str] = SAME
) -> tuple[np.ndarray, np.ndarray]:
    """Return Wikipedia's opinion of the films of a data set, in its labels.

    Films to which Wikipedia gives none of these labels are left out.

    Parameters
    ----------
    result : mapping
        What `run` returns, or ``read_result("agreement")``.
    dataset : Dataset
        With the ids and the labels of the scripts.
    names : mapping of str to str
        Wikipedia's names of labels that are spelled differently here.

    Returns
    -------
    rows : ndarray of int, shape (m,)
        Rows of ``dataset`` with an opinion.
    labels : ndarray of int8, shape (m, L)
        Wikipedia's labels of these rows.
    """
    row_of = {film_id: row for row, film_id in enumerate(dataset.ids)}
    films = [film for film in result["films"] if film["id"] in row_of]
    genres = [[names.get(genre, genre) for genre in film["genres"]] for film in films]
    labels = label_matrix(genres, dataset.label_names)
    rows = np.array([row_of[film["id"]] for film in films], dtype=int)
    named = labels.any(axis=1)
    order = np.argsort(rows[named], kind="stable")
    return rows[named][order], labels[named][order]


def per_genre(one: np.ndarray, other: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return F1 and Cohen's kappa of two labelings, genre by genre.

    Parameters
    ----------
    one, other : ndarray of shape (n, L)
        0/1 labels of the same rows; it does not matter which is which.
    names : sequence of str, length L

    Returns
    -------
    DataFrame
        Indexed by genre: ``one, other`` (films each calls so), ``f1``, ``kappa``.

    References
    ----------
    Cohen (1960), "A coefficient of agreement for nominal scales".

    Examples
    --------
    >>> labels = np.array([[1], [0]])
    >>> float(per_genre(labels, labels, ["War"]).loc["War", "kappa"])
    1.0
    """
    found = metrics_report(one, other, label_names=names).per_label
    kappas = [cohen_kappa_score(a, b) for a, b in zip(one.T, other.T, strict=True)]
    return pd.DataFrame(
        {
            "one": found["support"].to_numpy(),
            "other": found["predicted"].to_numpy(),
            "f1": found["f1"].to_numpy(),
            "kappa": kappas,
        },
        index=pd.Index(names, name="genre"),
    )


def bootstrap_weights(groups: np.ndarray, n_boot: int = 1000, seed: int = 0) -> np.ndarray:
    """Draw whole groups with replacement, as often as there are groups.

    Parameters
    ----------
    groups : ndarray of shape (n,)
    n_boot : int, default=1000
    seed : int, default=0

    Returns
    -------
    ndarray of int, shape (n_boot, n)
        How often each row was drawn, as `genrelab.splits.weighted_metric` takes it.

    Examples
    --------
    >>> bootstrap_weights(np.array(["alien", "alien", "gigi"]), n_boot=2).tolist()
    [[1, 1, 1], [1, 1, 1]]
    """
    codes = np.unique(groups, return_inverse=True)[1]
    n_groups = codes.max() + 1
    chances = np.full(n_groups, 1 / n_groups)
    return np.random.RandomState(seed).multinomial(n_groups, chances, size=n_boot)[:, codes]


def _hash(dataset: Dataset) -> str:
    """Hash what the match and the scores depend on: no vector moves them."""
    facts = "\n".join([*dataset.ids, *dataset.titles, *dataset.label_names, *dataset.groups])
    return hashlib.sha256(facts.encode() + dataset.labels.tobytes()).hexdigest()


def run() -> dict[str, object]:
    """Match the development scripts with Wikipedia's films, and score one opinion by the other.

    Returns
    -------
    dict
        ``counts`` of scripts matched and not, ``films`` (id, year and genres of each match),
        ``summary`` (the metrics of `genrelab.metrics.report`, the scripts' labels taken as true,
        with the bootstrap interval of macro-F1 over groups) and ``genres`` (F1 and kappa of each).
    """
    scripts = load("script_features")
    wiki_plots.fetch()
    matches = match(scripts.ids, scripts.titles, wiki_plots.read_films())
    result: dict[str, object] = {
        "title": "Two opinions on the same films: the scripts' labels and Wikipedia's",
        "data": {
            "script_features (titles, labels)": _hash(scripts),
            "wiki_plots": wiki_plots.COMMIT,
        },
        "films": [
            {"id": film_id, "year": film.year, "genres": list(film.genres)}
            for film_id, film in matches.films.items()
        ],
    }
    rows, theirs = opinions(result, scripts)
    ours = scripts.labels[rows]
    genres = per_genre(ours, theirs, scripts.label_names)
    samples = weighted_metric(ours, theirs, bootstrap_weights(scripts.groups[rows]))
    low, high = np.quantile(samples, (0.025, 0.975))
    return result | {
        "counts": {
            "scripts": len(scripts),
            "not_found": len(matches.not_found),
            "ambiguous": len(matches.ambiguous),
            "matched": len(matches.films),
            "compared": len(rows),
        },
        "summary": metrics_report(ours, theirs).summary.to_dict()
        | {"f1_macro_low": low, "f1_macro_high": high, "kappa_macro": genres["kappa"].mean()},
        "genres": genres.reset_index().to_dict("records"),
    }


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines that the command prints."""
    counts = [(name, f"{count:,}") for name, count in result["counts"].items()]
    chosen = ("f1_macro", "f1_micro", "jaccard", "kappa_macro")
    summary = [(name, f"{result['summary'][name]:.3f}") for name in chosen]
    genres = [(line["genre"], f"kappa {line['kappa']:.2f}") for line in result["genres"]]
    return [*counts, *summary, *genres]
