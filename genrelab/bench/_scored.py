"""What the tables with one division of the rows share: fitted once, tuned beside, judged apart."""

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone

from genrelab.evaluation import FoldOutcome, collect
from genrelab.models import FeedForward
from genrelab.splits import Fold, locked_split
from genrelab.thresholds import ThresholdTuner, label_scores

WITH_INTERVAL = ("jaccard", "f1_macro", "subset_accuracy")


class Scored(NamedTuple):
    """Scores of validation and test rows, each of shape (n, L), by a model of the other rows."""

    valid: np.ndarray
    test: np.ndarray
    cut: float
    seconds: float


def set_aside(rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, share: float) -> np.ndarray:
    """Return which rows are set aside: whole groups, each label in proportion.

    Parameters
    ----------
    rows : ndarray of int, shape (k,)
        Rows to choose from.
    labels : ndarray of shape (n, L)
    groups : ndarray of shape (n,)
    share : float

    Returns
    -------
    ndarray of bool, shape (k,)

    Examples
    --------
    >>> chosen = set_aside(np.arange(10), np.ones((20, 1), int), np.arange(20) // 2, 0.2)
    >>> int(chosen.sum()), bool((chosen[::2] == chosen[1::2]).all())
    (2, True)
    """
    return locked_split(labels[rows], groups[rows], test_share=share, seed=0) == "test"


def score(
    estimator: BaseEstimator,
    data: ArrayLike,
    labels: np.ndarray,
    groups: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    test: np.ndarray,
) -> Scored:
    """Fit on some rows and score two other parts; a net gets the groups for its early stopping."""
    start = time.perf_counter()
    model = clone(estimator)
    if isinstance(model, FeedForward):
        model.fit(data[train], labels[train], groups[train])
    else:
        model.fit(data[train], labels[train])
    parts = [label_scores(model, data[rows], labels.shape[1]) for rows in (valid, test)]
    cut = 0.5 if hasattr(model, "predict_proba") else 0.0
    return Scored(*parts, cut, time.perf_counter() - start)


def tune(scored: Scored, tuner: ThresholdTuner, labels: np.ndarray) -> FoldOutcome:
    """Tune thresholds on the validation rows, whose labels these are; predict the test rows."""
    fitted = tuner.fit(scored.valid, labels)
    predicted = fitted.predict(scored.test)
    return FoldOutcome(scored.test, scored.cut, fitted.thresholds_, predicted, scored.seconds)


def judge(outcome: FoldOutcome, labels: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Return the metrics of test rows, some with a bootstrap 95 % interval over groups.

    Parameters
    ----------
    outcome : FoldOutcome
        Judged by its last rule.
    labels : ndarray of shape (n, L)
        Of the test rows.
    groups : ndarray of shape (n,)

    Returns
    -------
    dict of str to float
        The summary of `genrelab.metrics.report`, ``jaccard_low`` and the like, and ``seconds``.

    Examples
    --------
    >>> Y = np.eye(3, dtype=int)
    >>> judge(FoldOutcome(Y * 0.9, seconds=2.0), Y, np.arange(3))["jaccard_low"]
    1.0
    """
    fold = Fold(0, 0, np.arange(0), np.arange(len(labels)))
    result = collect([outcome], [fold], labels, groups=groups)
    metrics = {**result.headline, "seconds": outcome.seconds}
    for metric in WITH_INTERVAL:
        metrics[f"{metric}_low"], metrics[f"{metric}_high"] = result.interval(metric)
    return metrics
