"""``genrelab bench thresholds``: per-label tuning by one sort, against a grid of 100 thresholds.

Both tune the same scores of 100,000 rows and 25 labels, in turns, in one thread of one process; CPU
seconds are counted. The grid is scikit-learn's own
`sklearn.model_selection.TunedThresholdClassifierCV`, once a label, around a classifier that hands
over the scores it is given.
"""

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from rich.progress import track
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import TunedThresholdClassifierCV

from genrelab.metrics import report as judge
from genrelab.thresholds import ThresholdTuner

ROUNDS, N_ROWS, N_LABELS = 3, 100_000, 25


class PassThrough(ClassifierMixin, BaseEstimator):
    """A binary classifier whose one column of input is its probability."""

    classes_ = np.array([0, 1])

    def fit(self, X: np.ndarray, y: np.ndarray) -> "PassThrough":
        """Learn nothing."""
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the column and its complement."""
        return np.hstack([1 - X, X])


def calibrated(n_rows: int, n_labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw probabilities of rare to common labels, and labels that come true as often as they say.

    Examples
    --------
    >>> scores, labels = calibrated(20_000, 3, seed=0)
    >>> bool(abs(scores - labels).mean() < 0.5), float(abs((scores - labels).mean()).round(2))
    (True, 0.0)
    """
    rng = np.random.default_rng(seed)
    scores = expit(rng.normal(np.linspace(-6, 0, n_labels), 1.5, (n_rows, n_labels)))
    return scores, (rng.random(scores.shape) < scores).astype(np.int8)


def by_sorting(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each label's F1-optimal threshold by `ThresholdTuner`, shape (L,)."""
    return ThresholdTuner().fit(scores, labels).thresholds_


def by_grid(
    scores: np.ndarray, labels: np.ndarray, thresholds: int | ArrayLike = 100
) -> np.ndarray:
    """Return each label's F1-optimal threshold of a grid by scikit-learn, shape (L,)."""
    tuner = TunedThresholdClassifierCV(
        PassThrough(),
        scoring="f1",
        response_method="predict_proba",
        thresholds=thresholds,
        cv="prefit",
        refit=False,
    )
    columns = zip(scores.T, labels.T, strict=True)
    return np.array([tuner.fit(s[:, None], truth).best_threshold_ for s, truth in columns])


def run() -> dict[str, object]:
    """Time both in turns; judge both on the scores they were tuned on and on fresh ones."""
    drawn = {"tuned": calibrated(N_ROWS, N_LABELS, 0), "fresh": calibrated(N_ROWS, N_LABELS, 1)}
    seconds, f1 = {"sort": [], "grid": []}, {}
    for name, tune in track([("sort", by_sorting), ("grid", by_grid)] * ROUNDS, "thresholds"):
        start = time.process_time()
        found = tune(*drawn["tuned"])
        seconds[name].append(time.process_time() - start)
        f1[name] = {
            rows: judge(labels, (scores >= found).astype(np.int8)).per_label["f1"].tolist()
            for rows, (scores, labels) in drawn.items()
        }
    ratio = np.median(seconds["grid"]) / np.median(seconds["sort"])
    sizes = {"rows": N_ROWS, "labels": N_LABELS, "rounds": ROUNDS}
    title = "One sort a label against a grid of 100 thresholds a label"
    return {"title": title, **sizes, "seconds": seconds, "f1": f1, "ratio": float(ratio)}


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table."""
    lines = [
        (
            name,
            f"{np.median(seconds):.2f} CPU s; macro-F1 {np.mean(result['f1'][name]['tuned']):.5f}",
        )
        for name, seconds in result["seconds"].items()
    ]
    return [*lines, ("ratio", f"{result['ratio']:.0f} times as fast")]
