"""``genrelab bench many_labels``: every genre string of ``wiki_plots`` as it stands in the source.

Five grouped folds, so that the films of a rare label are all judged. An eighth of each fold's
training rows tunes the thresholds.
"""

from functools import cache, partial

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.preprocessing import MultiLabelBinarizer

from genrelab import text
from genrelab.bench import Table
from genrelab.bench._scored import Scored, score, set_aside, tune
from genrelab.bench.readings import content_hash, vector_classifier
from genrelab.bench.views import classifier, encoded
from genrelab.datasets import wiki_plots
from genrelab.datasets.base import linked_groups
from genrelab.evaluation import FoldOutcome
from genrelab.metrics import precision_at_k
from genrelab.models import FeedForward
from genrelab.splits import Fold, repeated_folds
from genrelab.thresholds import ThresholdTuner

TUNERS = {
    "one a label": ThresholdTuner(at_least_one=True),
    "one threshold": ThresholdTuner(strategy="global", at_least_one=True),
}


@cache
def films() -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return texts (n,), labels (n, L), groups (n,) and label names, most frequent first.

    Without their first sentence, and with at least 20 words; a string counts if five films have it.
    """
    wiki_plots.fetch(progress=False)
    plots = [plot for plot in wiki_plots.read_films() if plot.text and plot.genres]
    plots = [plot._replace(text=text.drop_first_sentence(plot.text)) for plot in plots]
    plots = [plot for plot in plots if len(plot.text.split()) >= wiki_plots.MIN_WORDS]
    binarizer = MultiLabelBinarizer()
    labels = binarizer.fit_transform([plot.genres for plot in plots]).astype(np.int8)
    order = np.argsort(-labels.sum(axis=0), kind="stable")
    order = order[labels.sum(axis=0)[order] >= 5]
    groups = linked_groups([plot.title for plot in plots], [plot.text for plot in plots])
    texts = np.array([plot.text for plot in plots], dtype=object)
    return texts, labels[:, order], groups, tuple(binarizer.classes_[order].tolist())


@cache
def folds() -> list[Fold]:
    """Return five grouped folds."""
    _, labels, groups, _ = films()
    return repeated_folds(labels, groups, seeds=(0,))


def systems() -> dict[str, tuple[BaseEstimator, str]]:
    """Return each system's untrained classifier, and what it takes: words or vectors."""
    return {
        "shares": (DummyClassifier(strategy="prior"), "words"),
        "TF-IDF + LR": (classifier((), "TF-IDF"), "words"),
        "MiniLM + LR": (vector_classifier(), "vectors"),
        "MiniLM + net": (FeedForward(batch_size=128), "vectors"),
    }


@cache
def material(kind: str) -> tuple[ArrayLike, float]:
    """Return texts or vectors of all films, and the seconds of making them."""
    texts = films()[0]
    return (texts, 0.0) if kind == "words" else encoded(tuple(texts.tolist()))


@cache
def scored(system: str, fold: int) -> tuple[Scored, np.ndarray]:
    """Return a system's scores of a fold, and the rows that tune its thresholds."""
    _, labels, groups, _ = films()
    _, _, train, test = folds()[fold]
    tunes = set_aside(train, labels, groups, 1 / 8)
    estimator, kind = systems()[system]
    data, seconds = material(kind)
    found = score(estimator, data, labels, groups, train[~tunes], train[tunes], test)
    return found._replace(seconds=found.seconds + seconds), train[tunes]


def row(fold: Fold, *, system: str, rule: str) -> FoldOutcome:
    """Judge a system under a rule."""
    found, tunes = scored(system, fold.fold)
    return tune(found, TUNERS[rule], films()[1][tunes])


def ranking(fold: Fold, *, system: str) -> dict[str, float]:
    """Return precision at 1, 2 and 3 of a system's ranking of the labels."""
    found, _ = scored(system, fold.fold)
    labels = films()[1][fold.test]
    at = {f"precision_at_{k}": precision_at_k(labels, found.test, k) for k in (1, 2, 3)}
    return {**at, "seconds": found.seconds}


def table() -> Table:
    """Return the table: three systems and the labels' shares, by two rules and as rankings."""
    _, labels, groups, names = films()
    rows = {
        f"{system}, {rule}": partial(row, system=system, rule=rule)
        for system in systems()
        for rule in TUNERS
    } | {f"{system}, ranking": partial(ranking, system=system) for system in systems()}
    return Table(
        name="many_labels",
        title="Every genre string of Wikipedia's films",
        rows=rows,
        folds=folds(),
        data={"wiki_plots": wiki_plots.COMMIT, "labels": content_hash(labels)},
        labels=labels,
        groups=groups,
        label_names=names,
        needs_mirror=True,
    )
