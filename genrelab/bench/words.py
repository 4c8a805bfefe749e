"""``genrelab bench words``: word vectors on loglines and synopses.

Everything is learnt from the training films of a fold alone, the vectors of the words too. The
nets are in `genrelab.bench.sequences`. Beside thresholds tuned for each genre, some systems are
judged with one tuned threshold, and with a fixed 0.3.
"""

import copy
import time
from collections.abc import Iterable
from functools import cache, partial
from types import MappingProxyType

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier

from genrelab.bench import Table
from genrelab.bench.readings import vector_classifier
from genrelab.bench.views import classifier, corpus, nested
from genrelab.datasets import Dataset, load
from genrelab.evaluation import FoldOutcome
from genrelab.models import Recurrent, WordVectors
from genrelab.splits import Fold, GroupedStratifiedKFold, headline_folds
from genrelab.thresholds import ThresholdTuner, label_scores

VIEWS = ("logline", "synopsis")
POOLED = MappingProxyType(
    {
        "Word2Vec, mean": ("word2vec", "mean"),
        "Word2Vec, TF-IDF mean": ("word2vec", "tfidf"),
        "Word2Vec, SIF": ("word2vec", "sif"),
        "FastText, SIF": ("fasttext", "sif"),
    }
)
# FastText learns dozens of n-grams a word, and takes six times as long.
VECTORS = MappingProxyType(
    {"word2vec": WordVectors(), "fasttext": WordVectors(kind="fasttext", epochs=3)}
)
NETS = MappingProxyType(
    {
        "BiGRU": Recurrent(frozen=False),
        "BiLSTM": Recurrent(cell="lstm", frozen=False),
        "BiGRU, frozen": Recurrent(),
    }
)
RULES = MappingProxyType(
    {"": ThresholdTuner(), ", one threshold": ThresholdTuner(strategy="global"), ", 0.3": None}
)
WITH_ALL_RULES = ("TF-IDF", "Word2Vec, mean", "BiLSTM")
FIXED = 0.3
SHARES = (4, 2)
INNER_SPLITS, INNER_SPLITS_OF_NETS = 3, 2


def texts_of(view: str) -> tuple[Dataset, np.ndarray]:
    """Return the development films and the texts of a view, shape (n,)."""
    films, views = corpus()
    return films, np.array(views[view], dtype=object)


@cache
def vectors_of(view: str, kind: str, rows: bytes) -> tuple[WordVectors, float]:
    """Return word vectors learnt from some films (the bytes of their int64 row numbers).

    One fit serves every pooling; the seconds are those of the fit.
    """
    start = time.perf_counter()
    vectors = clone(VECTORS[kind]).fit(texts_of(view)[1][np.frombuffer(rows, dtype=np.int64)])
    return vectors, time.perf_counter() - start


def predicted(
    view: str, system: str, train: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, float]:
    """Train a system on some films and score others, shape (n_test, L); also the seconds."""
    start = time.perf_counter()
    films, data = texts_of(view)
    labels, spared = films.labels, 0.0
    if system in NETS:
        model = clone(NETS[system]).fit(data[train], labels[train], films.groups[train])
    else:
        everything = np.ones(labels.shape[1], dtype=int)
        model = DummyClassifier(strategy="constant", constant=everything)
        if system == "TF-IDF":
            model = classifier(data, "TF-IDF")
        elif system in POOLED:
            kind, pooling = POOLED[system]
            began = time.perf_counter()
            learnt, seconds = vectors_of(view, kind, train.astype(np.int64).tobytes())
            spared = max(0.0, seconds - (time.perf_counter() - began))
            data = copy.copy(learnt).set_params(pooling=pooling).transform(data)
            model = vector_classifier()
        model.fit(data[train], labels[train])
    scores = label_scores(model, data[test], labels.shape[1])
    return scores, time.perf_counter() - start + spared


@cache
def scored(
    view: str, system: str, number: tuple[int, int], share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return a fold's training rows, their out-of-fold scores, the test scores, the seconds."""
    films, _ = texts_of(view)
    fold = next(fold for fold in headline_folds(films) if fold[:2] == number)
    train = nested(fold, films, share)
    labels, groups = films.labels[train], films.groups[train]
    inner, total = np.empty(labels.shape), 0.0
    n_inner = INNER_SPLITS_OF_NETS if system in NETS else INNER_SPLITS
    for rest, part in GroupedStratifiedKFold(n_inner).split(train, labels, groups):
        inner[part], seconds = predicted(view, system, train[rest], train[part])
        total += seconds
    outer, seconds = predicted(view, system, train, fold.test)
    return train, inner, outer, total + seconds


def row(
    fold: Fold, *, view: str, system: str, rule: str = "", share: float = 1, settings: str = ""
) -> FoldOutcome:
    """Judge a system by one rule; scores are made once for all rules.

    Parameters
    ----------
    fold : Fold
    view : {"logline", "synopsis"}
    system : str
        ``"predict everything"``, ``"TF-IDF"``, or one of ``POOLED`` or ``NETS``.
    rule : str, default=""
        One of ``RULES``: a tuned threshold for each genre, one for all, or 0.3 for all.
    share : float, default=1
        Part of the training films that is used, as `genrelab.bench.views.nested` chooses them.
    settings : str
        What the system is made of; there to be hashed.

    Returns
    -------
    FoldOutcome
    """
    films, _ = texts_of(view)
    train, inner, outer, seconds = scored(view, system, tuple(fold[:2]), share)
    tuner = RULES[rule]
    if tuner is None:
        thresholds, tuned = np.full(outer.shape[1], FIXED), (outer >= FIXED).astype(np.int8)
    else:
        tuner = clone(tuner).fit(inner, films.labels[train])
        thresholds, tuned = tuner.thresholds_, tuner.predict(outer)
    return FoldOutcome(outer, thresholds=thresholds, tuned=tuned, seconds=seconds)


def row_of(view: str, system: str, **options: object) -> partial:
    """Return a row of a table, with what its system is made of, to be hashed."""
    models = [NETS[system]] if system in NETS else []
    models += [VECTORS[POOLED[system][0]]] if system in POOLED else []
    settings = repr([model.get_params() for model in models])
    return partial(row, view=view, system=system, settings=settings, **options)


def rows_by_rule(view: str, systems: Iterable[str]) -> dict[str, partial]:
    """Return the rows of systems with their own thresholds, and of some with the other rules."""
    return {
        f"{view}, {system}{rule}": row_of(view, system, rule=rule)
        for system in systems
        for rule in RULES
        if not rule or system in WITH_ALL_RULES
    }


def table_of(name: str, title: str, rows: dict[str, partial]) -> Table:
    """Return a table of rows on the headline folds."""
    films, _ = corpus()
    return Table(
        name=name,
        title=title,
        rows=rows,
        folds=headline_folds(films),
        data={"films": load("films", view="both").data_hash},
        labels=films.labels,
        groups=films.groups,
    )


def table() -> Table:
    """Return the table: systems on both views, three rules for some, fewer films for some."""
    rows = {}
    for view in VIEWS:
        rows |= rows_by_rule(view, ("predict everything", "TF-IDF", *POOLED))
    rows |= {
        f"synopsis, Word2Vec, mean, {part}/8": row_of("synopsis", "Word2Vec, mean", share=part / 8)
        for part in SHARES
    }
    return table_of("words", "Word vectors on loglines and synopses", rows)
