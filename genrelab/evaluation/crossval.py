"""Cross-validation: grouped folds outside, tuning inside, nothing learned from outer rows."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone

from genrelab.metrics import as_indicator, names_of, report
from genrelab.splits import (
    Fold,
    repeated_folds,
    weighted_metric,
)
from genrelab.thresholds import ThresholdTuner, TunedMultilabelClassifier, label_scores

if TYPE_CHECKING:
    from genrelab.metrics import Report

N_BOOT = 1000


def summaries(
    Y: np.ndarray, predictions: Mapping[str, np.ndarray], scores: np.ndarray
) -> dict[str, dict[str, float]]:
    """Return the summary of a report for each rule that turned the same scores into labels.

    Parameters
    ----------
    Y : ndarray of shape (n, L)
    predictions : mapping of str to ndarray of shape (n, L)
        The predictions of each rule.
    scores : ndarray of shape (n, L)

    Returns
    -------
    dict of str to dict
        Rule to metrics.

    Examples
    --------
    >>> Y = np.array([[1, 0], [0, 1]])
    >>> found = summaries(Y, {"all": np.ones_like(Y)}, Y * 0.5)
    >>> round(found["all"]["f1_macro"], 3), found["all"]["map"]
    (0.667, 1.0)
    """
    first, *others = predictions
    found = {first: report(Y, predictions[first], scores).summary.to_dict()}
    # How well scores rank rows is the same for all rules, and the slow part.
    ranking = {metric: found[first][metric] for metric in ("map", "roc_auc")}
    for rule in others:
        found[rule] = report(Y, predictions[rule]).summary.to_dict() | ranking
    return found


@dataclass(frozen=True, eq=False, repr=False)
class CVResult:
    """What one system made of a repeated cross-validation. R repeats, n rows, L labels.

    Attributes
    ----------
    name : str
    label_names : tuple of str
    folds : list of Fold
    Y : ndarray of int8, shape (n, L)
        True labels.
    groups : ndarray of shape (n,) or None
    scores : ndarray of shape (R, n, L)
        Out-of-fold scores: each row scored, in each repeat, by the model that did not see it.
    cut : float
        Threshold of the untuned rule: .5 for probabilities, 0 for decision scores.
    untuned, tuned : ndarray of int8, shape (R, n, L)
        Out-of-fold predictions at ``cut`` and at the tuned thresholds (None without a tuner).
    thresholds : ndarray of shape (number of folds, L) or None
        Tuned on inner folds of the training rows, one line for each outer fold.
    fold_metrics : DataFrame
        One line for each fold and rule ("untuned", "tuned"): ``repeat, fold, rule, n_train,
        n_test, seconds`` and every metric of `genrelab.metrics.report`.
    """

    name: str
    label_names: tuple[str, ...]
    folds: list[Fold]
    Y: np.ndarray
    groups: np.ndarray | None
    scores: np.ndarray
    cut: float
    untuned: np.ndarray
    tuned: np.ndarray | None
    thresholds: np.ndarray | None
    fold_metrics: pd.DataFrame

    @property
    def headline(self) -> dict[str, float]:
        """Metrics of pooled out-of-fold predictions, averaged over repeats; tuned if there are."""
        return self._headlines[self.rule]

    @property
    def headline_untuned(self) -> dict[str, float]:
        """The same at the threshold ``cut``."""
        return self._headlines["untuned"]

    @cached_property
    def _headlines(self) -> dict[str, dict[str, float]]:
        rules = {"untuned": self.untuned} | ({} if self.tuned is None else {"tuned": self.tuned})
        repeats = [
            summaries(self.Y, {rule: guess[repeat] for rule, guess in rules.items()}, scores)
            for repeat, scores in enumerate(self.scores)
        ]
        return {rule: pd.DataFrame([of[rule] for of in repeats]).mean().to_dict() for rule in rules}

    @property
    def rule(self) -> str:
        """The rule behind ``headline``: "tuned" where there was a tuner, else "untuned"."""
        return "untuned" if self.tuned is None else "tuned"

    @property
    def predictions(self) -> np.ndarray:
        """Out-of-fold predictions by the headline's rule, shape (R, n, L)."""
        return self.untuned if self.tuned is None else self.tuned

    @property
    def seconds(self) -> float:
        """Seconds spent on fitting, tuning and scoring, all folds together."""
        return float(self.fold_values("seconds").sum())

    def fold_values(self, metric: str) -> np.ndarray:
        """Return one metric of the headline's rule, fold by fold."""
        lines = self.fold_metrics[self.fold_metrics["rule"] == self.rule]
        return lines[metric].to_numpy()

    def report(self, repeat: int = 0) -> "Report":
        """Return the full report of one repeat's pooled out-of-fold predictions."""
        return report(
            self.Y, self.predictions[repeat], self.scores[repeat], label_names=self.label_names
        )

    def interval(
        self, metric: str = "f1_macro", *, n_boot: int = N_BOOT, seed: int = 0
    ) -> tuple[float, float]:
        """Return the 95 % bootstrap interval of the headline, resampling whole groups.

        It tells how the number would move with other films, for models trained as these were; it
        does not hold the noise of training on other films.

        Parameters
        ----------
        metric : str, default="f1_macro"
            One of `genrelab.splits.WEIGHTED_METRICS`.
        n_boot : int, default=1000
        seed : int, default=0

        Returns
        -------
        low, high : float
        """
        samples = bootstrap([self], metric, n_boot, seed)[0]
        return tuple(np.quantile(samples, (0.025, 0.975)).tolist())

    def _table(self) -> pd.DataFrame:
        metrics = ["f1_macro", "f1_micro", "f1_samples", "jaccard", "map"]
        rows = {f"threshold {self.cut:g}": self.headline_untuned}
        if self.tuned is not None:
            rows["tuned thresholds"] = self.headline
        return pd.DataFrame(
            {rule: [of[m] for m in metrics] for rule, of in rows.items()}, metrics
        ).T

    def _title(self) -> str:
        repeats = len(self.scores)
        return f"{self.name or 'system'}: {len(self.Y):,} rows, {len(self.folds)} folds, " + (
            f"out-of-fold predictions pooled over a repeat, averaged over {repeats} repeats"
            if repeats > 1
            else "out-of-fold predictions pooled"
        )

    def __repr__(self) -> str:
        return f"{self._title()}\n{self._table().round(3).to_string()}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title())}</p>{self._table().round(3).to_html(border=0)}"


def cross_validate(
    estimator: BaseEstimator,
    X: object,
    Y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    folds: Sequence[Fold] | None = None,
    tuner: ThresholdTuner | str | None = None,
    inner_splits: int = 3,
    label_names: Sequence[str] | None = None,
    name: str = "",
    n_jobs: int | None = None,
    progress: bool = False,
) -> CVResult:
    """Score a multi-label classifier out of fold; tune thresholds inside the training rows.

    For each fold a clone learns from the training rows and scores the test rows. With a tuner,
    `genrelab.thresholds.TunedMultilabelClassifier` divides the training rows into inner folds,
    whole groups again, and tunes on inner out-of-fold scores alone.

    Parameters
    ----------
    estimator : scikit-learn classifier or pipeline
        ``fit(X, Y)`` with ``predict_proba`` or ``decision_function``; see
        `genrelab.thresholds.label_scores`.
    X : ndarray, sparse matrix, DataFrame or sequence of n items (texts)
        Inputs.
    Y : array of shape (n, L)
        Labels, 0 or 1.
    groups : array of shape (n,), optional
        Groups that no fold may split, outer or inner; each row is its own when left out.
    folds : sequence of Fold, optional
        Outer folds; ``repeated_folds(Y, groups)``, five folds twice, when left out.
    tuner : ThresholdTuner, str or None, default=None
        Unfitted tuner, or the name of a strategy for one ("per_label", "global").
    inner_splits : int, default=3
        Inner folds for the tuner.
    label_names : sequence of str, optional
        Default: the columns of ``Y``, else numbers.
    name : str, default=""
        Name of the system in tables.
    n_jobs : int, optional
        Folds at a time, by joblib.
    progress : bool, default=False
        Show a progress bar over the folds.

    Returns
    -------
    CVResult

    Raises
    ------
    ValueError
        If lengths differ, a fold splits a group, or the folds of a repeat do not test each row
        once.

    Notes
    -----
    Pooling compares scores of five different models, so a pooled ``map`` or ``roc_auc`` is a
    little lower than the mean over folds, which ``fold_metrics`` gives.

    References
    ----------
    Forman, Scholz (2010), Apples-to-apples in cross-validation studies, SIGKDD Explorations 12(1).
    https://doi.org/10.1145/1882471.1882479

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> rng = np.random.RandomState(0)
    >>> X = rng.randn(60, 4)
    >>> Y = (X[:, :2] + rng.randn(60, 2) > 0).astype(int)
    >>> result = cross_validate(OneVsRestClassifier(LogisticRegression()), X, Y)
    >>> result.scores.shape, result.headline["f1_macro"] > 0.6
    ((2, 60, 2), True)
    """
    names = names_of(np.shape(Y)[1] if np.ndim(Y) == 2 else 0, label_names, Y)
    Y = as_indicator(Y)
    named = pd.DataFrame(Y, columns=names)
    X = X.tocsr() if issparse(X) else X
    n_items = X.shape[0] if hasattr(X, "shape") else len(X)
    if n_items != len(Y):
        raise ValueError(f"X has {n_items} rows and Y has {len(Y)}; expected the same rows.")
    groups = None if groups is None else np.asarray(groups)
    folds = repeated_folds(Y, groups) if folds is None else list(folds)
    _check_folds(folds, len(Y), groups)
    tuner = ThresholdTuner(strategy=tuner) if isinstance(tuner, str) else tuner

    run = partial(run_fold, groups=groups, tuner=tuner, inner_splits=inner_splits)
    jobs = (delayed(run)(estimator, X, named, fold) for fold in folds)
    done = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    if progress:
        from rich.progress import track

        done = track(done, description=name or "cross-validation", total=len(folds))
    return collect(list(done), folds, Y, groups=groups, label_names=names, name=name)


def _check_folds(folds: list[Fold], n: int, groups: np.ndarray | None) -> None:
    times_tested = np.zeros((1 + max(fold.repeat for fold in folds), n), dtype=int)
    for fold in folds:
        where = f"fold {fold.fold} of repeat {fold.repeat}"
        largest = max(fold.train.max(), fold.test.max())
        if largest >= n:
            raise ValueError(f"{where} has row {largest}, but Y has {n} rows; use its own folds.")
        shared = np.intersect1d(fold.train, fold.test)
        if len(shared):
            raise ValueError(f"{where} trains and tests on row {shared[0]} ({len(shared)} such).")
        times_tested[fold.repeat, fold.test] += 1
        if groups is not None:
            split = np.intersect1d(groups[fold.train], groups[fold.test])
            if len(split):
                raise ValueError(
                    f"{where} splits group {split[0]!r} ({len(split)} such); expected whole "
                    "groups. Make folds with the same groups, or pass no groups."
                )
    wrong = np.argwhere(times_tested != 1)
    if len(wrong):
        repeat, row = wrong[0]
        raise ValueError(
            f"repeat {repeat} tests row {row} {times_tested[repeat, row]} times; expected once, so "
            "that out-of-fold predictions can be pooled."
        )


def _take(X: object, rows: np.ndarray) -> object:
    """Return the chosen rows of whatever holds the inputs."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if hasattr(X, "shape"):
        return X[rows]
    if hasattr(X, "take"):
        return X.take(rows.tolist())
    return [X[row] for row in rows]


class FoldOutcome(NamedTuple):
    """What one system made of one fold: everything that a report of its test rows needs.

    Attributes
    ----------
    scores : ndarray of shape (n_test, L)
    cut : float
        Threshold of the untuned rule.
    thresholds : ndarray of shape (L,) or None
    tuned : ndarray of int8, shape (n_test, L), or None
        Predictions at the tuned thresholds.
    seconds : float
        Fitting, tuning and scoring.
    """

    scores: np.ndarray
    cut: float = 0.5
    thresholds: np.ndarray | None = None
    tuned: np.ndarray | None = None
    seconds: float = float("nan")

    @property
    def predictions(self) -> dict[str, np.ndarray]:
        """Predictions by rule: "untuned" and, where there are thresholds, "tuned"."""
        untuned = (self.scores >= self.cut).astype(np.int8)
        return {"untuned": untuned} | ({} if self.tuned is None else {"tuned": self.tuned})


def run_fold(
    estimator: BaseEstimator,
    X: object,
    Y: pd.DataFrame | np.ndarray,
    fold: Fold,
    *,
    groups: np.ndarray | None = None,
    tuner: ThresholdTuner | None = None,
    inner_splits: int = 3,
) -> FoldOutcome:
    """Fit (and tune) on the training rows of one fold, and score its test rows.

    Parameters
    ----------
    estimator, X, groups, tuner, inner_splits
        As in `cross_validate`; the tuner is a `ThresholdTuner` or None.
    Y : DataFrame or ndarray of shape (n, L)
        Labels of all rows; a frame names them in warnings.
    fold : Fold

    Returns
    -------
    FoldOutcome
    """
    start = time.perf_counter()
    Y = pd.DataFrame(Y)
    X_train, Y_train = _take(X, fold.train), Y.iloc[fold.train]
    if tuner is None:
        # scikit-learn's classifiers take a single label as a vector.
        target = Y_train.to_numpy().squeeze(axis=1) if Y.shape[1] == 1 else Y_train.to_numpy()
        fitted = clone(estimator).fit(X_train, target)
    else:
        model = TunedMultilabelClassifier(estimator, tuner, cv=inner_splits)
        model.fit(X_train, Y_train, None if groups is None else groups[fold.train])
        fitted = model.estimator_
    scores = label_scores(fitted, _take(X, fold.test), Y.shape[1])  # (n_test, L)
    return FoldOutcome(
        scores=scores,
        cut=0.5 if hasattr(fitted, "predict_proba") else 0.0,
        thresholds=None if tuner is None else model.thresholds_,
        tuned=None if tuner is None else model.tuner_.predict(scores),
        seconds=time.perf_counter() - start,
    )


def collect(
    outcomes: Sequence[FoldOutcome],
    folds: Sequence[Fold],
    Y: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    label_names: Sequence[str] | None = None,
    name: str = "",
) -> CVResult:
    """Put the outcomes of all folds back into the order of the rows.

    Parameters
    ----------
    outcomes : sequence of FoldOutcome
        One for each fold.
    folds, Y, groups, label_names, name
        As in `cross_validate`.

    Returns
    -------
    CVResult
    """
    shape = (1 + max(fold.repeat for fold in folds), *Y.shape)
    scores = np.empty(shape)
    rules = {rule: np.zeros(shape, dtype=np.int8) for rule in outcomes[0].predictions}
    lines = []
    for fold, outcome in zip(folds, outcomes, strict=True):
        scores[fold.repeat, fold.test] = outcome.scores
        about = {
            "repeat": fold.repeat,
            "fold": fold.fold,
            "n_train": len(fold.train),
            "n_test": len(fold.test),
            "seconds": outcome.seconds,
        }
        found = summaries(Y[fold.test], outcome.predictions, outcome.scores)
        for rule, guess in outcome.predictions.items():
            rules[rule][fold.repeat, fold.test] = guess
            lines.append({**about, "rule": rule, **found[rule]})
    has_thresholds = outcomes[0].thresholds is not None
    return CVResult(
        name=name,
        label_names=names_of(Y.shape[1], label_names),
        folds=list(folds),
        Y=Y,
        groups=groups,
        scores=scores,
        cut=outcomes[0].cut,
        untuned=rules["untuned"],
        tuned=rules.get("tuned"),
        thresholds=np.stack([made.thresholds for made in outcomes]) if has_thresholds else None,
        fold_metrics=pd.DataFrame(lines),
    )


def bootstrap(results: list[CVResult], metric: str, n_boot: int, seed: int) -> np.ndarray:
    """Headline numbers under resampled groups, the same for all systems: (systems, n_boot)."""
    first = results[0]
    n = len(first.Y)
    codes = (
        np.arange(n) if first.groups is None else np.unique(first.groups, return_inverse=True)[1]
    )
    rng = np.random.RandomState(seed)
    n_groups = codes.max() + 1
    at_a_time = max(1, 5_000_000 // n)  # keeps a block of weights near 40 MB
    blocks = []
    for start in range(0, n_boot, at_a_time):
        size = min(at_a_time, n_boot - start)
        draws = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=size)
        weights = draws[:, codes]  # (size, n)
        blocks.append(
            [
                np.mean(
                    [
                        weighted_metric(result.Y, guess, weights, metric)
                        for guess in (result.scores if metric == "map" else result.predictions)
                    ],
                    axis=0,
                )
                for result in results
            ]
        )
    return np.concatenate(blocks, axis=1)
