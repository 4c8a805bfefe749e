"""``genrelab bench readings``: ways to read a script, by the same folds and the same classifier."""

import hashlib
from functools import cache, partial
from operator import methodcaller

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, hstack, issparse
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from genrelab.bench import Table
from genrelab.bench.baselines import logistic, tfidf
from genrelab.datasets import load
from genrelab.datasets.script_features import ScriptFeatures
from genrelab.encoding.pooling import segment_weights
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

# Fixed ahead for all readings, not tuned on the folds that judge them.
C = 0.01
# As many as a vector has.
DIMENSIONS = 384


def vector_classifier() -> Pipeline:
    """Return the classifier of every vector: standardised logistic regression, one a genre.

    Examples
    --------
    >>> [name for name, _ in vector_classifier().steps]
    ['standardscaler', 'onevsrestclassifier']
    """
    return make_pipeline(StandardScaler(), OneVsRestClassifier(_logistic()))


def joint_classifier(n_words: int) -> OneVsRestClassifier:
    """Return the average of both classifiers' probabilities; columns: ``n_words`` counts, a vector.

    Parameters
    ----------
    n_words : int
        Columns that hold word counts; the rest is the vector.

    Examples
    --------
    >>> counts, vectors = np.eye(4, 3), np.random.RandomState(0).randn(4, 2)
    >>> data = csr_array(np.hstack([counts, vectors]))
    >>> labels = [[0, 1], [1, 0], [0, 1], [1, 0]]
    >>> joint_classifier(3).fit(data, labels).predict_proba(data).shape
    (4, 2)
    """
    to_dense = FunctionTransformer(methodcaller("toarray"), accept_sparse=True)
    words = ColumnTransformer([("words", TfidfTransformer(sublinear_tf=True), slice(0, n_words))])
    vector = ColumnTransformer(
        [("vector", make_pipeline(to_dense, StandardScaler()), slice(n_words, None))]
    )
    members = [
        ("words", make_pipeline(words, logistic())),
        ("vector", make_pipeline(vector, _logistic())),
    ]
    return OneVsRestClassifier(VotingClassifier(members, voting="soft"))


def thirds(segments: ArrayLike) -> np.ndarray:
    """Average equal parts of a script into its first, middle and last third, and join these.

    Parameters
    ----------
    segments : array of shape (n, S, dim)
        Equal parts in order.

    Returns
    -------
    ndarray of shape (n, 3 * dim)
        A part on a border counts by its share on either side.

    Examples
    --------
    >>> thirds([[[1.0], [2.0], [3.0], [4.0]]]).round(2).tolist()
    [[1.25, 2.5, 3.75]]
    """
    segments = np.asarray(segments)
    n, n_parts, dim = segments.shape
    weights = segment_weights([(part, part + 1) for part in range(n_parts)], 3)  # (3, S)
    return np.einsum("ts,nsd->ntd", weights, segments).reshape(n, 3 * dim)


def readings(scripts: ScriptFeatures) -> dict[str, np.ndarray]:
    """Return the vectors of five ways to read a script, from least to most.

    Parameters
    ----------
    scripts : ScriptFeatures
        n rows.

    Returns
    -------
    dict of str to ndarray of shape (n, 384), (n, 768) or (n, 1152)
    """
    return {
        "first window": scripts.head,
        "first and last": np.hstack([scripts.head, scripts.tail]),
        "four random": scripts.random4,
        "all, in thirds": thirds(scripts.segments),
        "all, one mean": scripts.vectors,
    }


def share_read(n_tokens: ArrayLike, n_windows: int, window: int = 510) -> float:
    """Return the median share of a text that so many windows hold, 1 at most.

    Parameters
    ----------
    n_tokens : array of shape (n,)
        Length of each text, in tokens.
    n_windows : int
    window : int, default=510
        Tokens of text a window, special tokens not counted.

    Examples
    --------
    >>> share_read([5100, 10200, 20400], 2)
    0.1
    """
    return float(np.median(np.minimum(1, n_windows * window / np.asarray(n_tokens))))


def table() -> Table:
    """Return the table: five readings, TF-IDF in three forms, and both together, on ten folds.

    Each row is bound to the hash of its own inputs: when the vectors change, rows of word counts
    are kept.
    """
    scripts = _scripts()
    rows = {
        name: partial(_row, estimator=estimator, name=name, inputs=content_hash(data))
        for name, (estimator, data) in _systems().items()
    }
    return Table(
        name="readings",
        title="Ways to read a script: windows, their means, and word counts",
        rows=rows,
        folds=headline_folds(scripts),
        data={"script_features (labels, groups)": hash_of_labels(scripts)},
        labels=scripts.labels,
        groups=scripts.groups,
    )


@cache
def _systems() -> dict[str, tuple[BaseEstimator, ArrayLike]]:
    """Return each row's classifier and inputs."""
    scripts = _scripts()
    squeeze = (TruncatedSVD(DIMENSIONS, algorithm="arpack", random_state=0), Normalizer())
    both = csr_array(hstack([scripts.counts, scripts.vectors]))
    vectors = {name: (vector_classifier(), data) for name, data in readings(scripts).items()}
    return vectors | {
        "TF-IDF, first window": (tfidf(logistic()), scripts.head_counts),
        "TF-IDF, 384 dimensions": (
            # These inputs are dense and narrow: the solver for wide ones is slow here.
            tfidf(LogisticRegression(C=10, max_iter=1000), *squeeze),
            scripts.counts,
        ),
        "TF-IDF": (tfidf(logistic()), scripts.counts),
        "TF-IDF and mean": (joint_classifier(len(scripts.vocabulary)), both),
    }


@cache
def _scripts() -> ScriptFeatures:
    return load("script_features")


def _row(fold: Fold, *, estimator: BaseEstimator, name: str, inputs: str) -> FoldOutcome:
    # The hash of the inputs is there to be hashed: the row is run again when they change.
    return judged(estimator, _systems()[name][1], fold)


def judged(estimator: BaseEstimator, data: ArrayLike, fold: Fold) -> FoldOutcome:
    """Run a classifier on one fold of the development scripts, thresholds tuned inside it.

    Parameters
    ----------
    estimator : classifier
    data : array or sparse matrix of shape (n, d)
        One row a script, in the order of ``load("script_features")``.
    fold : Fold

    Returns
    -------
    FoldOutcome
    """
    scripts = _scripts()
    labels = pd.DataFrame(scripts.labels, columns=list(scripts.label_names))
    return run_fold(estimator, data, labels, fold, groups=scripts.groups, tuner=ThresholdTuner())


def content_hash(*arrays: ArrayLike) -> str:
    """Return the SHA-256 of arrays, dense or compressed sparse.

    Examples
    --------
    >>> content_hash(np.eye(2)) == content_hash(np.eye(2)) != content_hash(np.ones((2, 2)))
    True
    """
    digest = hashlib.sha256()
    for array in arrays:
        parts = (array.indptr, array.indices, array.data) if issparse(array) else (array,)
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def hash_of_labels(scripts: ScriptFeatures) -> str:
    """Return the hash of labels and groups: all that a table of other inputs takes from here."""
    return content_hash(scripts.labels, np.char.encode(scripts.groups, "utf-8"))


def _logistic() -> LogisticRegression:
    return LogisticRegression(C=C, max_iter=1000)
