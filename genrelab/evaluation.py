"""Cross-validation with inner tuning, paired comparison, and recorded results.

A headline number pools the out-of-fold predictions of a repeat, and averages over the repeats.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from scipy.stats import t as student_t
from sklearn.base import BaseEstimator, clone

from genrelab import settings
from genrelab.metrics import as_indicator, names_of, report
from genrelab.splits import (
    WEIGHTED_METRICS,
    Fold,
    repeated_folds,
    weighted_metric,
)
from genrelab.thresholds import ThresholdTuner, TunedMultilabelClassifier, label_scores

if TYPE_CHECKING:
    from genrelab.metrics import Report

N_BOOT = 1000
MAX_RECORD_BYTES = 200_000
_GLUE_PREFIX = "application/papermill.record/"
_LIBRARIES = (
    "genrelab",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "torch",
    "transformers",
    "sentence-transformers",
)


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
        samples = _bootstrap([self], metric, n_boot, seed)[0]
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


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Systems side by side on the same folds.

    Attributes
    ----------
    results : dict of str to CVResult
    metric : str
    baseline : str
        The system that the others are compared with.
    table : DataFrame
        One line a system: the headline number with the bootstrap interval ``low, high``, the same
        metric ``untuned``, the standard deviation over folds ``fold_sd`` (the spread, not an
        interval) and ``seconds``.
    paired : DataFrame
        One line a system but the baseline. ``difference``: mean over the folds of metric minus the
        baseline's, with its Nadeau-Bengio 95 % interval ``low, high`` and ``p_value``;
        ``pooled_difference``: difference of the headline numbers, with its bootstrap 95 % interval
        ``pooled_low, pooled_high`` over groups.
    """

    results: dict[str, CVResult]
    metric: str
    baseline: str
    table: pd.DataFrame
    paired: pd.DataFrame

    def _tables(self) -> list[pd.DataFrame]:
        return [table.round(3) for table in (self.table, self.paired) if len(table)]

    def _caption(self) -> str:
        some = next(iter(self.results.values()))
        return (
            f"{self.metric}: out-of-fold predictions pooled over a repeat, averaged over "
            f"{len(some.scores)} repeat(s); low, high: bootstrap over groups, 95 %. "
            f"Differences to {self.baseline!r} over the same {len(some.folds)} folds: "
            "Nadeau-Bengio 95 % interval; pooled: bootstrap over groups, 95 %."
        )

    def __repr__(self) -> str:
        return "\n\n".join([self._caption(), *(t.to_string() for t in self._tables())])

    def _repr_html_(self) -> str:
        html = "".join(table.to_html(border=0) for table in self._tables())
        return f"<div>{html}<p>{escape(self._caption())}</p></div>"


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


def _bootstrap(results: list[CVResult], metric: str, n_boot: int, seed: int) -> np.ndarray:
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


def nadeau_bengio(
    differences: ArrayLike, test_train_ratio: float, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the corrected resampled-t interval of a mean difference, and its p-value.

    Folds share most of their training rows, so their differences are not independent and the
    plain t interval is too narrow: the variance of the mean is ``1/k + n_test/n_train`` times that
    of the differences, not ``1/k`` times.

    Parameters
    ----------
    differences : array of shape (k,)
        One for each fold of all repeats.
    test_train_ratio : float
        Test rows divided by training rows; 1/4 for five folds.
    confidence : float, default=0.95

    Returns
    -------
    low, high, p_value : float

    References
    ----------
    Nadeau, Bengio (2003), Inference for the generalization error, Machine Learning 52.
    https://doi.org/10.1023/A:1024068626366

    Examples
    --------
    >>> low, high, p = nadeau_bengio([0.02, 0.03, 0.01, 0.04, 0.02], 0.25)
    >>> round(low, 3), round(high, 3)
    (0.003, 0.045)
    """
    differences = np.asarray(differences, dtype=float)
    k = len(differences)
    if k < 2:
        raise ValueError(f"{k} differences; expected at least 2 folds to estimate a variance.")
    mean = differences.mean()
    error = np.sqrt(differences.var(ddof=1) * (1 / k + test_train_ratio))
    if error == 0:
        return float(mean), float(mean), float(mean == 0)
    reach = student_t.ppf((1 + confidence) / 2, k - 1) * error
    p_value = 2 * student_t.sf(abs(mean) / error, k - 1)
    return float(mean - reach), float(mean + reach), float(p_value)


def compare(
    estimators: BaseEstimator | Mapping[str, BaseEstimator],
    inputs: object,
    Y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    folds: Sequence[Fold] | None = None,
    tuner: ThresholdTuner | str | None = "per_label",
    metric: str = "f1_macro",
    baseline: str | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
    **options: object,
) -> Comparison:
    """Cross-validate several systems on the same folds and compare them in pairs.

    Parameters
    ----------
    estimators : estimator or mapping of str to estimator
    inputs : inputs or mapping of str to inputs
        One of the two may be a mapping, or both with the same keys (each system its own input).
    Y : array of shape (n, L)
        Labels, 0 or 1.
    groups, folds
        As in `cross_validate`.
    tuner : ThresholdTuner, str or None, default="per_label"
        Thresholds are tuned on inner folds; None compares at the untuned threshold.
    metric : str, default="f1_macro"
        One of `genrelab.splits.WEIGHTED_METRICS`.
    baseline : str, optional
        Name of the system to compare with; the first when left out.
    n_boot : int, default=1000
        Bootstrap samples of whole groups.
    seed : int, default=0
        Seed of the bootstrap.
    **options
        ``inner_splits, label_names, n_jobs, progress``, as in `cross_validate`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the names do not fit together, or the metric has no bootstrap.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> rng = np.random.RandomState(0)
    >>> X = rng.randn(60, 4)
    >>> Y = (X[:, :2] + rng.randn(60, 2) > 0).astype(int)
    >>> inputs = {"half": X[:, :1], "all": X}
    >>> result = compare(OneVsRestClassifier(LogisticRegression()), inputs, Y, n_boot=50)
    >>> bool(result.paired.loc["all", "difference"] > 0)
    True
    """
    if metric not in WEIGHTED_METRICS:
        raise ValueError(
            f"metric is {metric!r}; expected one of {', '.join(WEIGHTED_METRICS)}. Other metrics "
            "are in results[NAME].headline."
        )
    systems = _pair_up(estimators, inputs)
    baseline = next(iter(systems)) if baseline is None else baseline
    if baseline not in systems:
        raise ValueError(f"baseline is {baseline!r}; expected one of {', '.join(systems)}.")
    folds = repeated_folds(Y, groups) if folds is None else list(folds)
    options |= {"groups": groups, "folds": folds, "tuner": tuner}
    results = {
        name: cross_validate(estimator, X, Y, name=name, **options)
        for name, (estimator, X) in systems.items()
    }
    return compare_results(results, metric=metric, baseline=baseline, n_boot=n_boot, seed=seed)


def _pair_up(estimators: object, inputs: object) -> dict[str, tuple[BaseEstimator, object]]:
    """Give each system its name, its estimator and its inputs."""
    if isinstance(estimators, Mapping) and isinstance(inputs, Mapping):
        if set(estimators) != set(inputs):
            lonely = sorted(set(estimators) ^ set(inputs))
            raise ValueError(
                f"estimators and inputs are both named, but {lonely} stand only in one of them; "
                "expected the same names, or one estimator, or one input."
            )
        return {name: (estimator, inputs[name]) for name, estimator in estimators.items()}
    if isinstance(estimators, Mapping):
        return {name: (estimator, inputs) for name, estimator in estimators.items()}
    if isinstance(inputs, Mapping):
        return {name: (estimators, X) for name, X in inputs.items()}
    return {type(estimators).__name__: (estimators, inputs)}


def compare_results(
    results: Mapping[str, CVResult],
    *,
    metric: str = "f1_macro",
    baseline: str | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> Comparison:
    """Compare systems that were cross-validated on the same folds; see `compare`.

    Parameters
    ----------
    results : mapping of str to CVResult
    metric, baseline, n_boot, seed
        As in `compare`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If two systems saw other labels, groups or folds.
    """
    results = dict(results)
    baseline = next(iter(results)) if baseline is None else baseline
    base = results[baseline]
    for name, result in results.items():
        if not _same_yardstick(base, result):
            raise ValueError(
                f"{name!r} and {baseline!r} were judged on other labels, groups or folds; expected "
                "the same. Cross-validate both with the same arguments."
            )
    boot = dict(zip(results, _bootstrap(list(results.values()), metric, n_boot, seed), strict=True))
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in base.folds]))
    table, paired = {}, {}
    for name, result in results.items():
        low, high = np.quantile(boot[name], (0.025, 0.975))
        table[name] = {
            metric: result.headline[metric],
            "low": low,
            "high": high,
            "untuned": result.headline_untuned[metric],
            "fold_sd": result.fold_values(metric).std(ddof=1),
            "seconds": result.seconds,
        }
        if name == baseline:
            continue
        differences = result.fold_values(metric) - base.fold_values(metric)
        low, high, p_value = nadeau_bengio(differences, ratio)
        pooled_low, pooled_high = np.quantile(boot[name] - boot[baseline], (0.025, 0.975))
        paired[name] = {
            "difference": differences.mean(),
            "low": low,
            "high": high,
            "p_value": p_value,
            "pooled_difference": result.headline[metric] - base.headline[metric],
            "pooled_low": pooled_low,
            "pooled_high": pooled_high,
        }
    return Comparison(
        results,
        metric,
        baseline,
        pd.DataFrame.from_dict(table, orient="index"),
        pd.DataFrame.from_dict(paired, orient="index"),
    )


def _same_yardstick(a: CVResult, b: CVResult) -> bool:
    return (
        np.array_equal(a.Y, b.Y)
        and len(a.folds) == len(b.folds)
        and all(np.array_equal(f.test, g.test) for f, g in zip(a.folds, b.folds, strict=True))
        and ((a.groups is None) == (b.groups is None))
        and (a.groups is None or np.array_equal(a.groups, b.groups))
    )


def glue(name: str, value: object) -> None:
    """Store a number or text under a name, so that the book's prose can print it.

    In a notebook it leaves the record that MyST-NB's ``{glue:text}`` role reads; it needs no
    MyST-NB, so the cell runs on Colab too. Outside a notebook it does nothing.

    Parameters
    ----------
    name : str
        The name in ``{glue:text}`name```; unique in a chapter.
    value : str or number
        Text is printed as it is, whole numbers as ``1,118``, others with three decimals.

    Raises
    ------
    TypeError
        If the value is neither text nor a number.

    Examples
    --------
    >>> glue("f1_all", 0.6514)
    """
    if isinstance(value, str):
        text = value
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        text = f"{value:,}"
    elif isinstance(value, (float, np.floating)):
        text = f"{value:.3f}"
    else:
        raise TypeError(
            f"glue({name!r}) got a {type(value).__name__}; expected text or a number. Format it "
            "first."
        )
    # Only a running kernel has IPython loaded already.
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return
    from IPython.display import display

    # The role evaluates the text as a literal; unquoted, 1,118 would become a pair.
    display(
        {f"{_GLUE_PREFIX}text/plain": repr(text)},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": _GLUE_PREFIX}},
    )


@cache
def hardware() -> dict[str, object]:
    """Describe this machine: processor, cores, matrix instructions, memory and GPU.

    Returns
    -------
    dict
        ``cpu, cores, amx, avx512_bf16, ram_gib, gpu`` (None where there is none).
    """
    import psutil

    model, flags = platform.processor() or platform.machine(), ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        pairs = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        fields = {key.strip(): text.strip() for key, _, text in pairs}
        model, flags = fields.get("model name", model), fields.get("flags", "")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "amx": "amx_bf16" in flags.split(),
        "avx512_bf16": "avx512_bf16" in flags.split(),
        "ram_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _output_of("nvidia-smi", "--query-gpu=name", "--format=csv,noheader"),
    }


def _output_of(*command: str) -> str | None:
    """Return what a command prints; None if it is missing, fails or prints nothing."""
    try:
        call = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return call.stdout.strip() or None


@cache
def _commit() -> str | None:
    """Return the checkout's commit, with a plus where the package has changes since."""
    git = ("git", "-C", str(settings.PACKAGE))
    commit = _output_of(*git, "rev-parse", "HEAD")
    return commit and commit + ("+" if _output_of(*git, "status", "--porcelain", "--", ".") else "")


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def _plain(value: object) -> object:
    """Turn numpy values into JSON's kinds: six decimals, and null for NaN."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value


def _to_json(payload: Mapping[str, object]) -> str:
    """Write one line an entry, and one a row of a list, so that differences read well."""
    lines = []
    for key, value in payload.items():
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if isinstance(value, list) and value:
            rows = [json.dumps(item, ensure_ascii=False, allow_nan=False) for item in value]
            text = "[\n  " + ",\n  ".join(rows) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _result_path(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(
            f"result name is {name!r}; expected small letters, digits and underscores."
        )
    return settings.results_dir() / f"{name}.json"


def record(name: str, payload: Mapping[str, object]) -> Path:
    """Write a result to ``book/results/NAME.json``, with where, when and by what it was made.

    Parameters
    ----------
    name : str
        Small letters, digits and underscores.
    payload : mapping
        What JSON can hold, numpy numbers and arrays too; NaN becomes null. May bring its own
        ``command`` (default ``genrelab bench NAME``), as every other key of the header.

    Returns
    -------
    Path
        The file; it is replaced in one step.

    Raises
    ------
    ValueError
        If the name does not fit or the file would be larger than 200 kB.
    """
    path = _result_path(name)
    header = {
        "name": name,
        "command": f"genrelab bench {name}",
        "commit": _commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "hardware": hardware(),
        "versions": _versions(),
    }
    text = _to_json(_plain({**header, **payload}))
    if len(text.encode()) > MAX_RECORD_BYTES:
        raise ValueError(
            f"{path.name} would have {len(text.encode()):,} bytes; at most {MAX_RECORD_BYTES:,}. "
            "Keep metrics, not predictions."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path


def read_result(name: str) -> dict[str, object]:
    """Read ``book/results/NAME.json``.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict

    Raises
    ------
    FileNotFoundError
        If there is no such result; the message lists those that exist.
    """
    path = _result_path(name)
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in path.parent.glob("*.json"))) or "none"
        raise FileNotFoundError(
            f"no recorded result {name!r} in {path.parent}; there are: {there}. Record it with "
            f"`genrelab bench {name}`."
        )
    return json.loads(path.read_text(encoding="utf-8"))
