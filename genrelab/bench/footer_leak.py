"""``genrelab bench footer_leak``: what a model scores that sees the footer of a script's page.

Every page of the script site ends with a footer that names the film's genres: the labels were
read off it. The rows differ in nothing but whether the footer's words are counted too.
"""

import hashlib
from collections.abc import Callable
from functools import cache

from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from genrelab.bench import Table
from genrelab.datasets import fetch, load, scripts
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

FOOTER_STARTS = "Writer"


def footer_of(raw: str) -> str:
    r"""Return the page's footer: writers and genres, and the site's own words after them.

    Parameters
    ----------
    raw : str
        A script page as fetched.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the page does not end with a footer.

    Examples
    --------
    >>> footer_of("THE END\nSting, The\n Writers : A B\n Genres : Crime\nBack\n").split()
    ['Writers', ':', 'A', 'B', 'Genres', ':', 'Crime', 'Back']
    """
    _, start, rest = raw.rpartition(FOOTER_STARTS)
    if "Genres :" not in rest:
        raise ValueError(
            f"the page ends {raw[-40:]!r}; expected a footer with 'Writers :' and 'Genres :'. "
            "Check that the file is a whole script page."
        )
    return start + rest


def table() -> Table:
    """Return the table: whole script and first window without and with the footer, and it alone."""
    films = load("script_features")
    return Table(
        name="footer_leak",
        title="Scripts with and without the page's footer, which names the genres",
        rows={
            "whole script": _row("counts", with_footer=False),
            "whole script and footer": _row("counts", with_footer=True),
            "first window": _row("head_counts", with_footer=False),
            "first window and footer": _row("head_counts", with_footer=True),
            "footer alone": _row(None, with_footer=True),
        },
        folds=headline_folds(films),
        data={"scripts": _hash_of_pages(films.ids)},
        labels=films.labels,
        groups=films.groups,
        needs_mirror=True,
    )


def model() -> Pipeline:
    """Return TF-IDF and logistic regression, as in every row."""
    # With few films and many words the dual problem is the quick one.
    linear = LogisticRegression(C=10, solver="liblinear", dual=True, random_state=0)
    return make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(linear))


def _row(part: str | None, with_footer: bool) -> Callable[[Fold], FoldOutcome]:
    def row(fold: Fold) -> FoldOutcome:
        films = load("script_features")
        nothing = csr_array(films.counts.shape, dtype=films.counts.dtype)
        counts = nothing if part is None else getattr(films, part)
        data = add_counts(counts, films.vocabulary, _footers()) if with_footer else counts
        return run_fold(
            model(), data, films.labels, fold, groups=films.groups, tuner=ThresholdTuner()
        )

    return row


def add_counts(counts: csr_array, vocabulary: tuple[str, ...], more: tuple[str, ...]) -> csr_array:
    """Count further words of each document; words that are new get columns at the end.

    Parameters
    ----------
    counts : csr_array of shape (n, V)
    vocabulary : tuple of str, length V
    more : tuple of str, length n

    Returns
    -------
    csr_array of shape (n, at least V)

    Examples
    --------
    >>> counts = csr_array([[2, 0], [0, 1]])
    >>> add_counts(counts, ("bar", "gun"), ("gun", "crime")).toarray()
    array([[2, 1, 0],
           [0, 1, 1]])
    """
    found = CountVectorizer().fit(more).get_feature_names_out()
    words = [*vocabulary, *sorted(set(found) - set(vocabulary))]
    footer = CountVectorizer(vocabulary=words).transform(more)
    empty = csr_array((counts.shape[0], len(words) - counts.shape[1]), dtype=counts.dtype)
    return csr_array(hstack([counts, empty]) + footer)


def _manifest(ids: tuple[str, ...]) -> list[scripts.Script]:
    by_id = {script.film_id: script for script in scripts.read_manifest()}
    return [by_id[film_id] for film_id in ids]


def _hash_of_pages(ids: tuple[str, ...]) -> str:
    """Hash the pages' own hashes: each page is held against its own when it is read."""
    return hashlib.sha256("".join(script.sha1 for script in _manifest(ids)).encode()).hexdigest()


@cache
def _footers() -> tuple[str, ...]:
    chosen = _manifest(load("script_features").ids)
    scripts.fetch(scripts=chosen)
    return tuple(
        footer_of(fetch.read_verified(one.remote, scripts.folder(), what="scripts").decode())
        for one in chosen
    )
