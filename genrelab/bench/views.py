"""``genrelab bench views``: logline, synopsis and whole script of the same films."""

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from genrelab import settings
from genrelab.bench import Table
from genrelab.bench.baselines import logistic, tfidf
from genrelab.bench.readings import vector_classifier
from genrelab.datasets import Dataset, load
from genrelab.encoding import ScriptEncoder
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.splits import Fold, GroupedStratifiedKFold, headline_folds
from genrelab.thresholds import ThresholdTuner

VIEWS = ("logline", "synopsis", "script")
MODELS = ("TF-IDF", "MiniLM")


def classifier(view: Sequence[str] | Dataset, model: str) -> BaseEstimator:
    """Return the untrained classifier of a model, as the other chapters have it.

    Parameters
    ----------
    view : sequence of str, or ScriptFeatures
        Of texts, the words in at least two of them are counted; of scripts there are counts.
    model : {"TF-IDF", "MiniLM"}

    Returns
    -------
    classifier

    Examples
    --------
    >>> [name for name, _ in classifier(["a ship sinks"], "TF-IDF").steps]
    ['countvectorizer', 'pipeline']
    """
    if model == "MiniLM":
        return vector_classifier()
    # A loose tolerance, so that whole scripts are learned within a page's minute.
    weighed = tfidf(logistic().set_params(tol=0.01))
    return (
        weighed if isinstance(view, Dataset) else make_pipeline(CountVectorizer(min_df=2), weighed)
    )


@cache
def encoded(texts: tuple[str, ...]) -> tuple[np.ndarray, float]:
    """Encode short texts with the bundled MiniLM, in float32 so that machines agree.

    Returns
    -------
    vectors : ndarray of shape (n, 384)
    seconds : float
        What the encoding took, also where a store kept it from an earlier run.
    """
    store = settings.cache_dir() / "encoded"
    encoder = ScriptEncoder(window=256, token_budget=4096, precision="float32", store=store)
    return encoder.transform(list(texts)), float(encoder.receipts_["seconds"].sum())


def material(view: Sequence[str] | Dataset, model: str) -> tuple[np.ndarray, float]:
    """Return what a model takes of each film, shape (n, …), and the seconds of making it."""
    if isinstance(view, Dataset):
        return (view.vectors if model == "MiniLM" else view.counts), 0.0
    return encoded(tuple(view)) if model == "MiniLM" else (np.array(view, dtype=object), 0.0)


@cache
def corpus() -> tuple[Dataset, dict[str, Sequence[str] | Dataset]]:
    """Return the development films, and by the names of `VIEWS` their texts, or features."""
    films, scripts = load("films"), load("script_features")
    scripts = scripts.select(np.isin(scripts.ids, films.ids))
    views = (load("films", view="logline").texts, films.texts, scripts)
    return films, dict(zip(VIEWS, views, strict=True))


def nested(fold: Fold, films: Dataset, share: float) -> np.ndarray:
    """Return some of a fold's training rows: a larger share holds the rows of a smaller one.

    Whole franchises are added in eighths of the rows, each with its part of every genre.
    """
    labels, groups = films.labels[fold.train], films.groups[fold.train]
    eighths = GroupedStratifiedKFold(8, random_state=0).split(labels, labels, groups)
    order = np.concatenate([part for _, part in eighths])
    return np.sort(fold.train[order[: round(share * len(order))]])


def read_by(
    fold: Fold,
    *,
    model: str,
    learn: str,
    score: str,
    share: float = 1,
    source: Callable[[], tuple] = corpus,
) -> FoldOutcome:
    """Judge a model that learns from one view and is tested on another, or on the same.

    Parameters
    ----------
    fold : Fold
    model : {"TF-IDF", "MiniLM"}
    learn, score : str
        Names of the views; thresholds are tuned on the one that the model learns from.
    share : float, default=1
        Part of the training films that is used, as `nested` chooses them.
    source : callable, default=corpus
        Returns the films and their views.

    Returns
    -------
    FoldOutcome
        Its seconds hold the encoding, also where a store kept the vectors.
    """
    films, views = source()
    (data, seconds), (other, _) = (material(views[name], model) for name in (learn, score))
    fold = fold._replace(train=nested(fold, films, share))
    if learn != score:
        data = np.where(np.isin(np.arange(len(data)), fold.train), data, other)
    options = {"groups": films.groups, "tuner": ThresholdTuner()}
    found = run_fold(classifier(views[learn], model), data, films.labels, fold, **options)
    return found._replace(seconds=found.seconds + seconds)


def table() -> Table:
    """Return the table: each view by both models, on fewer films, and on equal words."""
    films, views = corpus()
    rows = {
        f"{view}, {model}" + (f", {part}/8" if part < 8 else ""): partial(
            read_by, model=model, learn=view, score=view, share=part / 8
        )
        for part in (8, 4, 2)
        for model in MODELS
        for view in VIEWS
    }
    n_words = [sum(len(text.split()) for text in views[view]) for view in VIEWS[:2]]
    bought = {"all": 1, "few": n_words[0] / n_words[1]}
    rows |= {
        f"{n} {learn} → {score}": partial(
            read_by, model="TF-IDF", learn=learn, score=score, share=bought[n]
        )
        for n, learn in (("all", "logline"), ("few", "synopsis"), ("all", "synopsis"))
        for score in VIEWS[:2]
    }
    return Table(
        name="views",
        title="Logline, synopsis and script of the same films",
        rows=rows,
        folds=headline_folds(films),
        data={
            "films": load("films", view="both").data_hash,
            "script_features": views["script"].data_hash,
        },
        labels=films.labels,
        groups=films.groups,
    )
