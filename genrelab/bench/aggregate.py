"""``genrelab bench aggregate``: from the sixteen parts of a script to its genres.

Votes of chunks, pooled vectors and attention; thresholds tuned on inner folds. Readings of one
trained model share its fit. Whole scripts, thirds and TF-IDF on the same folds are in
`genrelab.bench.readings`.
"""

import time
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from sklearn.base import BaseEstimator, clone

from genrelab.bench import Table
from genrelab.bench.readings import content_hash, hash_of_labels, vector_classifier
from genrelab.datasets import load
from genrelab.datasets.script_features import ScriptFeatures
from genrelab.evaluation import FoldOutcome
from genrelab.models import ChunkVoting, PooledWindows, WindowNet
from genrelab.splits import Fold, GroupedStratifiedKFold, headline_folds
from genrelab.thresholds import ThresholdTuner

Scores = dict[str, np.ndarray]
INNER_SPLITS = 3


def _of_chunks(model: ChunkVoting, segments: np.ndarray) -> Scores:
    """Return what a model of chunks says of films: by three votes, and by their mean vector."""
    scores = np.array(model.window_scores(segments))  # (n, parts, L)
    return {
        "chunks, mean vote": scores.mean(axis=1),
        "chunks, majority vote": (scores >= 0.5).mean(axis=1),
        "chunks, highest vote": scores.max(axis=1),
        "chunks, mean read": model.predict_proba(segments.mean(axis=1, keepdims=True)),
    }


def _of_films(model: PooledWindows, segments: np.ndarray) -> Scores:
    """Return what a model of films says of them: by their mean vector, and by a vote of parts."""
    votes = np.array(model.window_scores(segments)).mean(axis=1)  # (n, L)
    return {"mean": model.predict_proba(segments), "mean, parts vote": votes}


def _of_highest(model: PooledWindows, segments: np.ndarray) -> Scores:
    return {"highest of each dimension": model.predict_proba(segments)}


def _of_net(model: WindowNet, segments: np.ndarray) -> Scores:
    return {f"net, {model.pooling}": model.predict_proba(segments)}


@cache
def _models() -> dict[str, tuple[BaseEstimator, Callable[[BaseEstimator, np.ndarray], Scores]]]:
    """Return the untrained models, and what is read from each once it is trained."""
    nets = {
        f"net, {pooling}": (WindowNet(pooling=pooling, device="cpu"), _of_net)
        for pooling in ("mean", "max", "attention")
    }
    return {
        "films": (PooledWindows(vector_classifier()), _of_films),
        "chunks": (ChunkVoting(vector_classifier()), _of_chunks),
        "highest": (PooledWindows(vector_classifier(), pooling="max"), _of_highest),
        **nets,
    }


@cache
def _scripts() -> ScriptFeatures:
    return load("script_features")


@cache
def _scored(model: str, repeat: int, number: int) -> tuple[Scores, Scores, float]:
    """Return inner out-of-fold scores of the training rows, scores of the test rows, seconds."""
    start = time.perf_counter()
    [fold] = [fold for fold in headline_folds(_scripts()) if fold[:2] == (repeat, number)]
    train, scripts = fold.train, _scripts()
    inner: Scores = {}
    parts = GroupedStratifiedKFold(INNER_SPLITS).split(
        train, scripts.labels[train], scripts.groups[train]
    )
    for learn, hold in parts:
        for name, scores in _fit_and_read(model, train[learn], train[hold]).items():
            inner.setdefault(name, np.empty((len(train), scores.shape[1])))[hold] = scores
    outer = _fit_and_read(model, train, fold.test)
    return inner, outer, time.perf_counter() - start


def _fit_and_read(name: str, learn: np.ndarray, judge: np.ndarray) -> Scores:
    scripts = _scripts()
    estimator, read = _models()[name]
    # A net divides its rows once more, for its early stopping.
    groups = (scripts.groups[learn],) if isinstance(estimator, WindowNet) else ()
    model = clone(estimator).fit(scripts.segments[learn], scripts.labels[learn], *groups)
    return read(model, scripts.segments[judge])


def _row(fold: Fold, *, model: str, reading: str, settings: str, inputs: str) -> FoldOutcome:
    # Settings and the hash of the inputs are there to be hashed.
    inner, outer, seconds = _scored(model, fold.repeat, fold.fold)
    tuner = ThresholdTuner().fit(inner[reading], _scripts().labels[fold.train])
    predicted = tuner.predict(outer[reading])
    return FoldOutcome(outer[reading], 0.5, tuner.thresholds_, predicted, seconds)


def table() -> Table:
    """Return the table; ``mean`` is the baseline."""
    scripts = _scripts()
    segments = content_hash(scripts.segments)
    readings = {
        "mean": "films",
        "mean, parts vote": "films",
        "chunks, mean vote": "chunks",
        "chunks, majority vote": "chunks",
        "chunks, highest vote": "chunks",
        "chunks, mean read": "chunks",
        "highest of each dimension": "highest",
        "net, mean": "net, mean",
        "net, max": "net, max",
        "net, attention": "net, attention",
    }
    rows = {
        reading: partial(
            _row, model=model, reading=reading, settings=repr(_models()[model]), inputs=segments
        )
        for reading, model in readings.items()
    }
    return Table(
        name="aggregate",
        title="From the parts of a script to its genres: votes, pooled vectors, attention",
        rows=rows,
        folds=headline_folds(scripts),
        data={"script_features (labels, groups)": hash_of_labels(scripts)},
        labels=scripts.labels,
        groups=scripts.groups,
    )
